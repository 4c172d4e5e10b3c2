# The worked examples of lua/policies: decision by decision with plain Lua, and each in
# weir itself.
use v5.36;
use Cwd qw(getcwd);
use Weir;
use Scale;
use Test::More;

my $dir = getcwd . '/lua/policies';

subtest 'with plain Lua' => sub {
	plan skip_all => 'no lua5.4 here' unless grep { -x "$_/lua5.4" } split /:/, $ENV{PATH};
	my $out = `lua5.4 t/lua/policies.lua 2>&1`;
	is $?, 0, 'all decisions' or diag $out;
};
SKIP: {
	skip 'no luacheck here', 1 unless grep { -x "$_/luacheck" } split /:/, $ENV{PATH};
	my $out = `luacheck -q --no-cache --std lua54 --globals weir -- lua/policies 2>&1`;
	is $?, 0, 'luacheck' or diag $out;
}

# A Monday, before work
my $w = Weir->new(defaults => 'http', args => ['-T', '2013-02-18T05:59:00Z'],
    cfg => $SCALE_CONF . <<"CFG");
backend yourLB
	server s 127.0.0.1:1
global
	lua-policy $dir/cpu_and_latency.lua yourLB
	lua-policy $dir/target_p95.lua yourLB
	lua-policy $dir/hours.lua
	lua-policy $dir/predictive.lua yourLB
	lua-policy $dir/drain_aware.lua
scaling-group mixed
	launch-config small
	size 1 9 desired 3
	default-cooldown 1h
	policy p lua cpu_and_latency param low=40
scaling-group p95
	launch-config small
	size 1 9 desired 3
	policy p lua target_p95
scaling-group office
	launch-config small
	size 1 9
	default-cooldown 0s
	policy p lua hours param zone=Europe/Vienna
scaling-group ahead
	launch-config small
	size 1 9
	policy p lua predictive param each=100
scaling-group calm
	launch-config small
	size 1 9 desired 3
	default-cooldown 1h
	policy p lua drain_aware
	termination lua least_in_flight
CFG

sub said_by ($f) {
	my ($r) = grep { $_->{name} eq $f && $_->{kind} eq 'policy' } csv_rows($w->cli('show lua'));
	return "$r->{state} $r->{errors}: $r->{said}";
}
sub put_metric ($what) { is $w->cli("put metric $what"), '', "put $what" }

$w->cli('clock advance 30s');
is said_by('cpu_and_latency'), 'ok 0: hold between the bounds', 'latency and processor';
is said_by('target_p95'), 'ok 0: hold no requests in the last minute', 'target';
is said_by('drain_aware'), 'ok 0: hold busy, or not known', 'drain-aware';
$w->cli('clock advance 1m');
is said_by('predictive'), 'ok 0: hold nothing is known yet', 'predictive' or diag $w->stderr;
is group($w, 'office')->{desired}, 4, 'at seven in Vienna work begins' or diag said_by('hours');
for (1 .. 5) {
	put_metric("CPUUtilization value 20 namespace AWS/EC2 dimension AutoScalingGroupName=$_ unit Percent")
	    for 'mixed', 'calm';
	put_metric('RequestCount value 350 namespace AWS/ELB dimension LoadBalancerName=yourLB unit Count');
	put_metric('Latency stats n=1,sum=0.6,min=0.6,max=0.6 namespace AWS/ELB dimension LoadBalancerName=yourLB unit Seconds')
	    if $_ == 5;
	$w->cli('clock advance 60s');
}
is group($w, 'mixed')->{desired}, 2, 'idle for five minutes: one goes' or diag said_by('cpu_and_latency');
is group($w, 'calm')->{desired}, 2, 'calm: one goes' or diag said_by('drain_aware');
is group($w, 'ahead')->{desired}, 4, 'what is there needs four' or diag said_by('predictive');
is group($w, 'p95')->{desired}, 6, 'twice as many for twice the latency' or diag said_by('target_p95'), $w->stderr;
like $w->cli('group victims calm'), qr/lua least_in_flight/, 'the script orders who goes';
done_testing;
