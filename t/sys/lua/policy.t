# Policies in Lua: what a script is given, what it decides, limits after the decision,
# what is kept, errors, and the commands.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $script = <<'LUA';
local slo = ...
weir.policy("size", { every = "10s", params = { high = 70, name = "x", on = true } },
function(p)
	local g, q = p.group, p.params
	p.state.calls = (p.state.calls or 0) + 1
	local cpu = p:metric("Load", { period = "60s", count = 3, dimensions = { Host = "all" },
	    namespace = "Lab" })
	if q.high == 1 then error("as wanted") end
	if cpu.value and cpu:all(function(v) return v > q.high end) then
		return p:add(1, ("load %.0f of %d points, slo %s, %s"):format(cpu.value,
		    #cpu.points, slo, tostring(q.on)))
	end
	return p:hold("call " .. p.state.calls)
end)
weir.validate(function() return slo == "0.5", "slo is " .. tostring(slo) end)
LUA

my $conf = $SCALE_CONF . <<'CFG';
global
	lua-policy "${DIR}/size.lua" 0.5
scaling-group web
	launch-config small
	size 1 3
	default-cooldown 60s
	policy mixed lua size every 10s param high=50 param on=false
CFG
my $w = Weir->new(cfg => $conf, files => { 'size.lua' => $script }, keep => 1,
    args => ['-T', '2013-02-15T16:30:00Z']);

sub lua ($name) { my ($r) = grep { $_->{name} eq $name } csv_rows($w->cli('show lua')); return $r }
sub advance ($d) { $w->cli("clock advance $d") }

is group($w, 'web')->{desired}, 1, 'it begins with one';
advance('30s');
is lua('size')->{calls}, 3, 'each ten seconds a call' or diag $w->cli('show lua');
is lua('size')->{said}, 'hold call 3', 'what it said; state is kept';
$w->cli("put metric Load value 60 namespace Lab dimension Host=all");
advance('60s');
is group($w, 'web')->{desired}, 2, 'it scales' or diag $w->cli('show lua'), $w->stderr;
like +(activities($w, 'web'))[0]{cause}, qr/policy mixed decided \(load 60 of 1 points, slo 0\.5, false\)/,
    'the reason stands in the cause';
$w->cli("put metric Load value 60 namespace Lab dimension Host=all");
advance('10s');
is group($w, 'web')->{desired}, 2, 'the cooldown comes after the decision';
diag $w->cli('show lua'), $w->cli('show policies'), $w->cli('show lua size versions'),
    $w->cli("lua eval with size <<E\n= p.group.desired, p.state.calls, p:add(1, 'try')\nE\n"),
    $w->cli("lua check size <<E\nx =\nE\n");
done_testing;
