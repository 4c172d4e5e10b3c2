# policy test of a policy in Lua: on recorded metrics, with other parameters, without
# effect.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $w = Weir->new(files => { 'try.lua' => <<'LUA' }, args => ['-T', '2013-02-15T16:00:00Z'],
weir.policy("try", { every = "60s", params = { high = 50 } }, function(p)
	local m = p:metric("Load", { namespace = "Lab", dimensions = { Host = "all" } })
	if not p.simulated then return p:hold("real") end
	if (m.value or 0) > p.params.high then
		return p:add(1, ("load %d at %d"):format(m.value, p:date().min))
	end
	return p:hold("easy")
end)
LUA
    cfg => $SCALE_CONF . <<'CFG');
global
	lua-policy "${DIR}/try.lua"
scaling-group web
	launch-config small
	size 1 4
	default-cooldown 120s
	policy p lua try
CFG
for my $v (10, 60, 60, 60, 10, 40, 10) {
	$w->cli("put metric Load value $v namespace Lab dimension Host=all");
	$w->cli('clock advance 60s');
}
my @rows = grep { !/^#/ } split /\n/, $w->cli('policy test web/p from -7m');
is_deeply \@rows, [
	'2013-02-15T16:02:00.000Z,1,2,done,load 60 at 2',
	'2013-02-15T16:03:00.000Z,2,2,ignored,cooldown 60 s left',
	'2013-02-15T16:04:00.000Z,2,3,done,load 60 at 4',
], 'what it would have done' or diag $w->cli('policy test web/p from -7m'), $w->stderr;
@rows = grep { !/^#/ } split /\n/, $w->cli('policy test web/p from -7m with high=30 cooldown=0s max=3');
is scalar(grep { /,done,/ } @rows), 2, 'with other parameters and limits' or diag @rows;
like "@rows", qr/at max size 3/, 'and what was in the way';
@rows = grep { !/^#/ } split /\n/, $w->cli('policy test web/p from -7m with high=70');
is_deeply \@rows, [], 'and nothing with a higher bound';
is group($w, 'web')->{desired}, 1, 'nothing was done';
done_testing;
