# Policies in Lua: what a script is given, what it decides, limits after the decision,
# what is kept; policies that name their group themselves; policy execute.
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
	if cpu.value and cpu:all(function(v) return v > q.high end) then
		return p:add(1, ("load %.0f of %d points, slo %s, %s, %d missing"):format(cpu.value,
		    #cpu.points, slo, tostring(q.on), cpu.missing))
	end
	return p:hold("call " .. p.state.calls .. " after " .. tostring(tostring(p.reason_prev):match("^call %d+")))
end)
weir.policy("own", { group = "big", every = 30 }, function(p)
	local d, i = p:date("Europe/Vienna"), p.group.instances[1]
	if p.group.desired < 4 then return p:set(4, "four") end
	if p.group.desired == 4 then return p:percent(50, "half more", 3) end
	assert(not pcall(function() p.group.min = 1 end) and not pcall(function() p.now = 1 end))
	return p:hold(("%d:%02d day %d, %d in service of %d..%d, %s %s %s, %d"):format(d.hour, d.min,
	    d.wday, p.group.in_service, p.group.min, p.group.max, i.lifecycle, i.health, i.zone,
	    #p.group.instances))
end)
weir.policy("ask", { every = "1h" }, function(p)
	local a = p:alarm("hot")
	assert(p:alarm("none") == nil and p:forecast("Load", "1h") == nil and not p.simulated)
	return p:set(p.group.desired + 1, a.state .. " " .. a.threshold)
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
	policy ask lua ask
scaling-group big
	launch-config small
	size 1 20
	default-cooldown 0s
alarm hot
	metric Load namespace Lab dimension Host all
	threshold > 80
CFG
my $w = Weir->new(cfg => $conf, files => { 'size.lua' => $script }, keep => 1,
    args => ['-T', '2013-02-15T16:30:00Z']);

sub lua ($name) {
	my ($r) = grep { $_->{name} eq $name && $_->{kind} ne 'script' } csv_rows($w->cli('show lua'));
	return $r;
}
sub advance ($d) { $w->cli("clock advance $d") }
sub put_load ($v) { $w->cli("put metric Load value $v namespace Lab dimension Host=all") }

is group($w, 'web')->{desired}, 1, 'it begins with one';
advance('30s');
is lua('size')->{calls}, 3, 'each ten seconds a call';
is lua('size')->{said}, 'hold call 3 after call 2','what it said; what is kept';
is group($w, 'big')->{desired}, 4, 'a policy that names its group sets it';
put_load(60);
advance('60s');
is group($w, 'web')->{desired}, 2, 'a metric is read';
like join("\n", map { $_->{cause} } activities($w, 'web')), qr/policy mixed decided \(load 60 of 1 points, slo 0\.5, false, 2 missing\) changing the desired capacity from 1 to 2/,
    'the reason stands in the cause';
put_load(60);
advance('10s');
is group($w, 'web')->{desired}, 2, 'the cooldown comes after the decision';
my ($p) = grep { $_->{name} eq 'mixed' } csv_rows($w->cli('show policies'));
is "$p->{type} $p->{adjustment} $p->{last_result}", 'Lua lua size high=50 on=false ignored', 'listed';
like $p->{last_reason}, qr/^cooldown \d+ s left$/, 'with what was not done';
advance('20s');
is group($w, 'big')->{desired}, 7, 'percents, with the smallest step';
advance('30s');
is lua('own')->{said}, 'hold 17:32 day 6, 7 in service of 1..20, InService Healthy us-east-1a, 7',
    'the group, its instances and the time' or diag $w->stderr;

advance('5m');
like said($w, 'policy execute web/ask'), qr/^([0-9a-f-]{36}|ignored: .*)$/, 'a person asks';
like lua('ask')->{said}, qr/^\d (OK|ALARM|INSUFFICIENT_DATA) 80/, 'an alarm is looked at'
    or diag $w->stderr;
like $w->cli('show policies'), qr/big,own,Lua,lua own/, 'the policy of a script is listed';
like $w->cli('show snapshot only lua'), qr{^lua,policy/size,policy,1,}m, 'show snapshot';

# --- what is wrong with a configuration ---
sub refused ($text, $lua = $script) {
	open my $f, '>', $w->file('x.lua') or die;
	print $f $lua;
	close $f;
	my $dir = $w->dir;
	my $r = Weir->check("$SCALE_CONF\nglobal\n\tlua-policy $dir/x.lua 0.5\n$text");
	return $r->{err} =~ s/\n.*//sr;
}
my $group = "scaling-group big\n\tlaunch-config small\n\tsize 1 2\n";
like refused("$group\tpolicy m lua siez\n"), qr/'m' names no policy 'siez' of a script of lua-policy, did you mean 'size'\?/, 'an unknown function';
like refused("$group\ttermination lua x\n"), qr/'termination' names no termination 'x'/, 'and of a termination';
like refused("$group\tpolicy m lua size every 10\n"), qr/'every 10': say 10s or 10m/, 'a bare duration';
like refused("$group\tpolicy m lua size every 1ms\n"), qr/every: at least 1s/, 'a short one';
like refused("$group\tpolicy m lua size param x\n"), qr/'param' expects KEY=VALUE/, 'a bad parameter';
like refused(''), qr/policy 'own' of '.*x\.lua': there is no scaling-group 'big'/, 'no such group';
like refused($group, 'x ='), qr/error in Lua file '.*x\.lua': .*x\.lua:1: unexpected symbol near <eof>/, 'a syntax error';
like refused($group, 'while true do end'), qr/x\.lua:1: ran longer than 100 ms/, 'one that does not end';
like refused($group, 'weir.validate(function() return nil, "no" end)'), qr/validate: no/, 'one that says no';
like refused($group, 'weir.policy("a", { evry = 1 }, print)'), qr/unknown option 'evry'/, 'an unknown option';
like refused($group, 'weir.policy("a", { every = 0.5 }, print)'), qr/every: at least 1s/, 'too often';
like refused($group, 'io.open("x")'), qr/attempt to index a nil value \(global 'io'\)/, 'no io';
like refused("global\n\tlua-policy /nowhere.lua\n"), qr{cannot read '/nowhere\.lua': No such file}, 'no file';
done_testing;
