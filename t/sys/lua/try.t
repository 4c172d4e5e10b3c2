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
weir.alarm("hot", { params = { high = 50 } }, function(a)
	local m = a:metric("Load", { namespace = "Lab", dimensions = { Host = "all" } })
	if not m.value then return nil end
	if m.value > a.params.high then return "ALARM", ("load %d"):format(m.value) end
	if a.current == "ALARM" and m.value < 20 then return "OK", "cool" end
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
	policy up simple change +1
alarm hot
	lua hot
	phase 0s
alarm any
	rule "ALARM(hot) OR ALARM(Weir/GroupAtMaxSize)"
	on alarm policy web/up
	actions off
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

# ---- by its script, and drafts ----

sub rows (@answer) { return [grep { !/^#/ } map { split /\n/ } @answer] }
sub draft ($text, $words = '') { return $w->cli("policy test $words <<END\n${text}END") }

is_deeply rows($w->cli('policy test lua try from -7m')), rows($w->cli('policy test web/p from -7m')),
    'a script that a group asks';
my $draft = <<'LUA';
weir.policy("try", { every = "60s", params = { high = 50 } }, function(p)
	local m = p:metric("Load", { namespace = "Lab", dimensions = { Host = "all" } })
	p.state.n = (p.state.n or 0) + 1
	weir.log("info", "a word of a draft")
	if p:date().min == 3 then error("third") end
	if (m.value or 0) > p.params.high then
		return p:add(p.group.max, ("%d of %d, call %d, before: %s"):format(p.group.desired,
		    p.group.in_service, p.state.n, p.reason_prev or "-"))
	end
	return p:hold("easy " .. p.group.cooldown_left)
end)
LUA
my $said = draft($draft, 'from -7m');
like $said, qr/^2013-02-15T16:02:00\.000Z,1,4,done,"1 of 1, call 2, before: easy 0"$/m, 'a draft';
like $said, qr/^2013-02-15T16:03:00\.000Z,4,4,error,draft:5: third$/m, 'an error of it';
like $said, qr/^2013-02-15T16:04:00\.000Z,4,4,ignored,/m, 'and it goes on';
like $said, qr/^#total changes=1 ignored=1 .* calls=7 errors=1 slowest_us=\d+\n#error draft:5: third$/m, 'totals';
like draft($draft, 'lua try from -7m'), qr/error,.*try\.lua:5: third/, 'of a script: under its name';
like draft($draft, 'from -7m with high=30 max=2 json'),
    qr/^\{"model":"open[^"]*","group":"web","policy":"p","min":1,"max":2,"desired":1,"from":"2013-02-15T16:00:00\.000Z","to":"2013-02-15T16:07:00\.000Z","changes":\[\{"time":.*\],"total":\{"changes":1,"ignored":\d+,"instance_hours":[\d.]+,"breach_minutes":0\.0,"flaps":0,"desired":2,"calls":7,"errors":1,"slowest_us":\d+,"last_error":"draft:5: third"\}\}$/,
    'as JSON';
unlike $w->stderr, qr/a word of a draft/, 'it logs nothing';
is $w->cli('show lua try errors') =~ s/\n//gr, '#time,function,text', 'errors of tries are nowhere else';
like $w->cli('show lua try'), qr/^try,policy,1,7,0,/m, 'nor are calls' or diag $w->cli('show lua try');

my $other = 'weir.policy("other", {}, function(p) return p:add(1, "more") end)' . "\n";
like draft($other), qr/^'policy test': no group asks for 'other': say for which one it is, group <group>\.$/m;
like draft($other, 'group web from -3m'), qr/,1,2,done,more$/m, 'for a group';
like draft("$draft$other", 'function other group web from -3m'), qr/,1,2,done,more$/m, 'one of several';
like draft("weir.policy('x', {\n"), qr/^'policy test': draft:\d+: /, 'a draft that is none';
like draft("return 1\n"), qr/^'policy test': it has no policy\.$/m;
like draft($other, 'group nowhere'), qr/^'policy test': there is no group 'nowhere'\.$/m;
like $w->cli('policy test lua nothing'), qr/^'policy test': there is no script 'nothing' of lua-policy, nor a policy of one\.$/m;

# One that never ends is stopped, call by call, and control does other things meanwhile.
my $loop = 'weir.policy("try", { every = "60s" }, function(p) while true do end end)' . "\n";
sub passes () { return $w->cli('show activity') =~ /^control_loops: (\d+)/m ? $1 : die }
my $before = passes();
like draft($loop, 'from -2m'), qr/,error,draft:1: .*\n#total .* calls=2 errors=2 /s, 'one that never ends' or diag draft($loop, 'from -2m');
cmp_ok passes() - $before, '>', 80, 'the loop turned all the while';

# Who asked goes away in the middle of it.
my $gone = $w->cli_session;
$gone->send("policy test from -7m <<END\n${loop}END\n");
$before = passes();
$w->wait_for(sub { passes() > $before + 50 }, 10, "it has begun");
$gone->close;
is group($w, 'web')->{desired}, 1, 'and nobody minds';

# ---- alarms in Lua ----

like $w->cli('alarm test hot from -7m'), qr/^2013-02-15T16:02:[\d.]+Z,INSUFFICIENT_DATA,ALARM,load 60$/m,
    'an alarm in Lua' or diag $w->cli('alarm test hot from -7m');
like $w->cli('alarm test hot from -7m'), qr/^#total turns=7 changes=\d .* calls=7 errors=0 /m, 'its calls';
like $w->cli('alarm test hot from -7m with high=100'), qr/^#total turns=7 changes=0 /m, 'another parameter';
like $w->cli('alarm test any from -7m json'), qr/"to":"ALARM","reason":"The rule ALARM\(hot\) OR ALARM\(Weir\/GroupAtMaxSize\) holds: hot is ALARM, Weir\/GroupAtMaxSize is [^"]*"/,
    'a rule over it';
like $w->cli('policy test web/up from -7m'), qr/^2013-02-15T16:02:[\d.]+Z,1,2,done,"any in state ALARM: The rule/m,
    'a policy that the rule asks';
like $w->cli('policy test web/up from -7m with hot.high=100'), qr/^#total changes=0 .* calls=7 /m, 'and with another parameter';
done_testing;
