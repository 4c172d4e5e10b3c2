# A policy whose call still runs when its next turn comes: that turn is skipped and
# counted, the call goes on to its end. Many policies share the control thread and
# want more than a second of it in each.
use v5.36;
use Scale;
use Weir;
use Test::More;

my $policies = 32;
sub script ($loops) {
	return <<"LUA";
weir.policy('slow', { every = '1s' }, function(p)
	local n = 0
	for i = 1, $loops do n = n + i % 7 end
	return p:hold('counted to ' .. n)
end)
LUA
}
my $names = join '', map { "\tpolicy p$_ lua slow\n" } 1 .. $policies;
my $w = Weir->new(files => { 'slow.lua' => script(20_000) }, cfg => $SCALE_CONF . <<"CFG");
global
	lua-policy "\${DIR}/slow.lua"
scaling-group web
	launch-config small
	size 1 3
$names
CFG

sub slow () {
	my ($r) = grep { $_->{kind} eq 'policy' } csv_rows($w->cli('show lua'));
	return $r;
}

$w->wait_for(sub { slow->{calls} >= $policies }, 10, 'a turn of each');
is slow->{errors}, 0, 'no errors';
is slow->{skipped}, 0, 'short calls are over when the next turn comes';

# as many loops as take 45 ms of the processor
my $loops = int(20_000 * 45_000 / (slow->{time_us_avg} || 1));
is said($w, "lua load slow <<END\n" . script($loops) . 'END'), 'slow v2 active';
$w->wait_for(sub { slow->{skipped} > 0 }, 15, 'turns are skipped');
pass 'a turn that comes while the last call still runs is skipped, and counted';
like slow->{said}, qr/^hold counted to \d+$/, 'calls end as ever';
is slow->{errors}, 0, 'it is no error';
is $w->stop, 143;
done_testing;
