# What alarms do to groups: also those of expressions, rules and short periods; how often
# they repeat it, and when not.
use v5.36;
use Backend qw(:all);
use Scale;
use Weir;
use Test::More;

my $srv = Backend->new({ '/' => response(200, 'a') });
my $w = Weir->new(defaults => 'http', binds => ['web'], env => { SRV => $srv->addr },
    args => ['-T', '2013-02-15T16:30:00Z'], cfg => <<'CFG');
frontend web
	bind "fd@${web}"
	default_backend app
backend app
	server own "${SRV}"
backend pool
	balance roundrobin
provider p
	type test
launch-config l
	provider p
scaling-group fast
	launch-config l
	backend pool
	size 1 20
	policy up simple change +1 cooldown 0s
scaling-group mixed
	launch-config l
	backend pool
	size 1 20
	policy up simple change +2 cooldown 0s
	policy down simple exact 1 cooldown 0s
scaling-group steps
	launch-config l
	backend pool
	size 1 20
	policy up step change warmup 0s
	step one 0 10 +1
	step many 10 - +4

# ten seconds; what is recorded stops, and the state stays
alarm short
	metric RequestCount balancer app
	statistic Sum
	period 10s
	threshold >= 1
	missing-data ignore
	phase 1s
	on alarm policy fast/up
alarm cpu
	metric CPUUtilization group mixed
	threshold > 70%
	phase 5s
alarm latency
	metric Latency balancer app unit Seconds
	threshold > 500ms
	missing-data notBreaching
	phase 5s
alarm both
	rule "ALARM(cpu) AND ALARM(latency)"
	phase 6s
	on alarm policy mixed/up
	on ok policy mixed/down
alarm math
	expression "a + b"
	input a Depth namespace Q dimension Queue a stat Sum
	input b Depth namespace Q dimension Queue b stat Sum
	threshold > 100
	phase 5s
	on alarm policy steps/up
# by ARN, of which group and policy count
alarm arns
	rule FALSE
	on alarm arn arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:autoScalingGroupName/fast:policyName/up
	on alarm arn arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:autoScalingGroupName/fast:policyName/nope
CFG
sub cli ($command) { return said($w, $command) }
sub desired ($group) { return group($w, $group)->{desired} }
# Types of an alarm's history, the newest first
sub history ($name) { return map { $_->{type} } csv_rows(cli("show alarm $name history")) }

# --- ten seconds: once a minute all the same
my @sizes;
for (1 .. 13) {		# turns at 16:30:11, :21, ...
	is $w->http('web')->get('/')->{status}, 200, 'a request';
	cli('clock advance ' . ($_ == 1 ? '12s' : '10s'));
	push @sizes, desired('fast');
}
is "@sizes", '2 2 2 2 2 2 3 3 3 3 3 3 4', 'ten-second turns act once a minute';
cli('clock advance 5m');
like cli('show alarm short'), qr/^state: ALARM$/m, 'without requests its state stays';
is desired('fast'), 4, 'but it does nothing more';
is scalar(grep { $_ eq 'Action' } history('short')), 1, 'one line of all that';

# --- a rule
sub cpu ($v) {
	is cli("put metric CPUUtilization value $v namespace AWS/EC2 "
	    . 'dimension AutoScalingGroupName=mixed unit Percent'), '', "cpu $v";
}
sub latency ($v) {
	is cli("put metric Latency value $v namespace AWS/ELB dimension LoadBalancerName=app "
	    . 'unit Seconds'), '', "latency $v";
}
cli('clock set 2013-02-15T17:00:10Z');
cpu(90);
cli('clock advance 60s');
is desired('mixed'), 1, 'one of two';
cpu(90);
latency(3);
cli('clock advance 60s');
is desired('mixed'), 3, 'both: in the same turn';
cpu(90);
latency(3);
cli('clock advance 60s');
is desired('mixed'), 5, 'again a minute later';
cli('alarm silence both for 1h');
cpu(90);
latency(3);
cli('clock advance 60s');
is desired('mixed'), 7, 'also while it is silent';
cli('alarm disable both');
cpu(90);
latency(3);
cli('clock advance 60s');
is desired('mixed'), 7, 'not while it is disabled';
cli('alarm enable both');
cpu(10);
latency(0.1);
cli('clock advance 60s');
is desired('mixed'), 1, 'and back';

# --- an expression, with its value for the steps
sub depth ($queue, $v) {
	is cli("put metric Depth value $v namespace Q dimension Queue=$queue"), '', "$queue $v";
}
depth('a', 60);
depth('b', 45);
cli('clock advance 60s');
is desired('steps'), 2, 'five above the threshold: the first step';
depth('a', 60);
depth('b', 145);
cli('clock advance 60s');
is desired('steps'), 6, 'far above it: the second one';
cli('alarm set-state math OK reason a person says so');
cli('clock advance 60s');
is desired('steps'), 6, 'nothing new, nothing done';

# --- ARNs of policies
my $was = desired('fast');
cli('alarm set-state arns ALARM reason try them');
is desired('fast'), $was + 1, 'the ARN of a policy';
my ($failed) = grep { $_->{summary} =~ /^Failed/ } csv_rows(cli('show alarm arns history'));
like $failed->{summary}, qr{^Failed to execute action arn:aws:autoscaling:.*/nope\. Received error: "there is no such policy"$},
    'and of none';
done_testing;
