# Alarms, termination policies and notifiers in Lua.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $w = Weir->new(files => { 'kinds.lua' => <<'LUA' }, args => ['-T', '2013-02-15T16:30:00Z'],
weir.alarm("mixed", { params = { most = 5 } }, function(a)
	local m = a:metric("Depth", { namespace = "Lab", dimensions = { Q = "a" } })
	a.state.turns = (a.state.turns or 0) + 1
	if m.value == nil then return nil end
	if m.value > a.params.most then
		return "ALARM", ("depth %d, turn %d, was %s"):format(m.value, a.state.turns, a.current),
		    { depth = m.value }
	end
	return "OK", "shallow"
end)
local turns = 0
weir.alarm("rare", { every = "5m" }, function(a)
	turns = turns + 1
	return turns % 2 == 0 and "ALARM" or "OK", "turn " .. turns
end)
weir.termination("newest", function(t)
	local ids = {}
	for i, x in ipairs(t.instances) do ids[i] = x end
	table.sort(ids, function(a, b) return a.age < b.age or a.age == b.age and a.id < b.id end)
	for i, x in ipairs(ids) do ids[i] = x.id end
	return ids
end)
local fail = true
weir.notifier("tell", function(n)
	if fail then fail = false return nil, "not yet" end
	weir.log("warning", ("told %s %s: %s %s"):format(n.kind, n.subject, type(n.body), n.id))
	return true
end)
LUA
    cfg => $SCALE_CONF . <<'CFG');
global
	lua-policy "${DIR}/kinds.lua"
scaling-group web
	launch-config small
	size 0 5 desired 1
	termination lua newest
alarm deep
	lua mixed
	phase 5s
	on alarm notify ops
alarm seldom
	lua rare
	phase 5s
notifier ops
	type lua
	function tell
	retry 10s 20s for 1h
CFG

sub deep () { my ($a) = grep { $_->{name} eq 'deep' } csv_rows($w->cli('show alarms')); return $a }
sub put_depth ($v) { $w->cli("put metric Depth value $v namespace Lab dimension Q=a") }

# --- alarms ---
$w->cli('clock advance 2m');
is deep->{state}, 'INSUFFICIENT_DATA', 'nothing said: it stays';
put_depth(7);
$w->cli('clock advance 2m');
is deep->{state}, 'ALARM', 'the function says it' or diag $w->stderr, $w->cli('show lua');
like $w->cli('show alarm deep'), qr/depth 7, turn 4, was INSUFFICIENT_DATA/, 'with its reason';
like $w->cli('show alarm deep history'), qr/""depth"": ?7/, 'and data';

# --- notifiers ---
like $w->stderr, qr/notifier ops: delivery .*: not yet; again/, 'a notifier that fails';
$w->cli('clock advance 30s');
like $w->stderr, qr/lua: told alarm .*deep.*: table [0-9a-f-]{36}/, 'is asked again';
like $w->cli('show outbox'), qr/,deep,1,sent,2,/, 'and is done';

# --- terminations ---
$w->cli('group set-desired web 2');
$w->cli('clock advance 10s');
$w->cli('group set-desired web 3');
my @ids = map { $_->{id} } sort { $a->{age_s} <=> $b->{age_s} } instances($w, 'web');
my @victims = csv_rows($w->cli('group victims web count 2'));
is "$victims[0]{id} $victims[1]{id}", "$ids[0] $ids[1]", 'the newest go first' or
    diag $w->cli('group victims web count 2'), $w->stderr;
is $victims[0]{policy}, 'lua newest', 'by the script';
$w->cli('group set-desired web 2');
$w->cli('clock advance 1s');
ok !(grep { $_->{id} eq $ids[0] } instances($w, 'web')), 'and so it is done';
# --- less often than each minute ---
my $alarm = $w->cli('show alarm seldom');
my ($turn) = $alarm =~ /^reason: turn (\d+)$/m;
$w->cli('clock advance 10m');
is $w->cli('show alarm seldom') =~ /^reason: turn (\d+)$/m ? $1 : 0, $turn + 2, 'every 5m';
done_testing;
