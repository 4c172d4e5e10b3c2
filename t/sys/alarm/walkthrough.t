# The history of two alarms that scale a group, minute by minute on a test's clock:
# the section files are loaded three times, latencies come as they once did.
use v5.36;
use JSON::PP;
use Weir;
use Backend qw(:all);
use Test::More;

my $rows = Weir->run('--dump-rows')->{out};
for my $section (qw(provider launch-config scaling-group notifier)) {
	plan skip_all => "no section $section here" if $rows =~ /^keyword\t\Q$section\E\t-\trefused/m;
}
plan skip_all => 'no policies here' if $rows !~ /^keyword\tpolicy\t/m;

my $hook = Backend->new({ '/weir' => response(200, 'ok') });

sub config ($has_down, $has_topic) {
	my $topic = $has_topic ? "\ton alarm notify yourTopic\n" : '';
	return <<"CFG" . ($has_down ? <<"CFG" : '');
global
	state-dir "\${DIR}"
	region us-east-1
	account-id 123456789012
	default-zone us-east-1b

frontend yourLB-http
	bind "fd\@\${web}"
	default_backend yourLB

backend yourLB
	balance roundrobin
	default-server check inter 30s rise 10 fall 2

provider local
	type test

launch-config yourConfig
	provider local
	image ami-12345abc
	instance-type t1.micro
	key existingSSHKeyName
	security-group sg-12345abc
	detailed-monitoring off
	metrics provider

scaling-group yourScaler
	launch-config yourConfig
	backend yourLB
	size 1 3
	zones us-east-1b
	subnets subnet-12345abc
	default-cooldown 120s
	tag Name autoScaledInstance propagate
	termination Default
	policy scaleUp simple change +1 cooldown 300s
	policy scaleDown simple change -1 cooldown 300s

notifier yourTopic
	type webhook
	arn arn:aws:sns:us-east-1:123456789012:yourTopic
	url http://@{[ $hook->addr ]}/weir
	format sns

alarm alarmUp
	metric Latency balancer yourLB unit Seconds
	statistic Average
	period 60s
	datapoints 2 of 2
	threshold > 2s
	phase 7850ms
	on alarm policy yourScaler/scaleUp
$topic
CFG

alarm alarmDown
	metric Latency balancer yourLB unit Seconds
	statistic Average
	period 60s
	datapoints 20 of 20
	threshold < 2s
	phase 4670ms
	on alarm policy yourScaler/scaleDown
$topic
CFG
}

my $sns = 'arn:aws:sns:us-east-1:123456789012:yourTopic';
sub policy ($name) {
	return "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:UUID:"
	    . "autoScalingGroupName/yourScaler:policyName/$name";
}
my ($up, $down) = (policy('scaleUp'), policy('scaleDown'));

# Newest first: alarm, minute, type, summary
my @want = (
	['alarmDown', '17:43', 'StateUpdate', 'Alarm updated from ALARM to INSUFFICIENT_DATA'],
	['alarmUp', '17:25', 'StateUpdate', 'Alarm updated from OK to INSUFFICIENT_DATA'],
	['alarmDown', '17:20', 'Action', "Action $down ignored: at min size 1"],
	['alarmDown', '17:15', 'Action', "Action $down ignored: cooldown 240 s left"],
	['alarmDown', '17:14', 'Action', "Successfully executed action $down"],
	['alarmDown', '17:14', 'Action', "Successfully executed action $sns"],
	['alarmDown', '17:14', 'StateUpdate', 'Alarm updated from OK to ALARM'],
	['alarmUp', '17:13', 'StateUpdate', 'Alarm updated from INSUFFICIENT_DATA to OK'],
	['alarmUp', '17:10', 'StateUpdate', 'Alarm updated from OK to INSUFFICIENT_DATA'],
	['alarmUp', '16:55', 'StateUpdate', 'Alarm updated from INSUFFICIENT_DATA to OK'],
	['alarmUp', '16:51', 'StateUpdate', 'Alarm updated from ALARM to INSUFFICIENT_DATA'],
	['alarmUp', '16:43', 'Action', "Action $up ignored: cooldown 240 s left"],
	['alarmUp', '16:42', 'Action', "Successfully executed action $sns"],
	['alarmUp', '16:42', 'Action', "Successfully executed action $up"],
	['alarmUp', '16:42', 'StateUpdate', 'Alarm updated from OK to ALARM'],
	['alarmDown', '16:41', 'StateUpdate', 'Alarm updated from INSUFFICIENT_DATA to OK'],
	['alarmUp', '16:40', 'StateUpdate', 'Alarm updated from INSUFFICIENT_DATA to OK'],
	['alarmDown', '16:36', 'ConfigurationUpdate', 'Alarm "alarmDown" updated'],
	['alarmUp', '16:36', 'ConfigurationUpdate', 'Alarm "alarmUp" updated'],
	['alarmDown', '16:32', 'ConfigurationUpdate', 'Alarm "alarmDown" created'],
	['alarmUp', '16:31', 'ConfigurationUpdate', 'Alarm "alarmUp" created'],
);
my %latency = map { my ($from, $to, $v) = @$_; map { $_ => $v } $from .. $to }
    # minutes of the day
    [999, 999, 0.3], [1000, 1006, 3.1], [1014, 1025, 0.4], [1032, 1040, 0.4];
my %desired = ('16:42' => 2, '16:47' => 3, '17:14' => 2, '17:19' => 1);


my $w = Weir->new(defaults => 'http', binds => ['web'], keep => 1,
    args => ['-T', '2013-02-15T16:31:56Z'], cfg => config(0, 0));
sub cli ($command) { return $w->cli($command, 20) =~ s/\n+\z//r }
sub clock_text ($minute, $second) {
	return sprintf '2013-02-15T%02d:%02d:%02dZ', $minute / 60, $minute % 60, $second;
}
sub reload_as ($has_down, $has_topic) {
	$w->write_file('t.cfg', config($has_down, $has_topic));
	like cli('reload'), qr/^Success=1/, 'reloaded';
}
sub desired () {
	my ($head, $row) = split /\n/, cli('show groups');
	my %row;
	@row{ split /,/, $head =~ s/^#//r } = split /,/, $row, -1;
	return $row{desired};
}

my ($size, %seen) = (desired());
is $size, 1, 'one instance at first';
for my $minute (991 .. 1064) {		# 16:31 to 17:44
	cli('clock set ' . clock_text($minute, 20)) if $minute > 991;
	reload_as(1, 0) if $minute == 992;
	reload_as(1, 1) if $minute == 996;
	cli("put metric Latency value $latency{$minute} namespace AWS/ELB "
	    . 'dimension LoadBalancerName=yourLB unit Seconds') if exists $latency{$minute};
	my $now = desired();
	$seen{ sprintf '%02d:%02d', $minute / 60, $minute % 60 } = $now if $now != $size;
	$size = $now;
}
is_deeply \%seen, \%desired, 'how many instances there were, and when';

# The lines of a minute and alarm, those of actions as a set
sub by_minute (@rows) {
	my %by;
	push @{ $by{"$_->[1] $_->[0]"} }, "$_->[2] $_->[3]" for @rows;
	for my $lines (values %by) {
		my @actions = sort grep { /^Action / } @$lines;
		@$lines = map { /^Action / ? shift @actions : $_ } @$lines;
	}
	return \%by;
}
my @got;
for my $alarm (qw(alarmUp alarmDown)) {
	for (@{ decode_json(cli("show alarm $alarm history max 1000 json")) }) {
		my $text = $_->{summary} =~ s/scalingPolicy:[0-9a-f-]{36}:/scalingPolicy:UUID:/r;
		push @got, [$alarm, substr($_->{time}, 11, 5), $_->{type}, $text];
	}
}
is_deeply by_minute(@got), by_minute(@want), 'the history, string for string';
is scalar @got, scalar @want, 'and no line more';

# All of it as rows of a snapshot
my $snapshot = cli('show snapshot only group,instance,alarm,policy');
like $snapshot, qr/^#group,name,min,desired,.*\ngroup,yourScaler,1,1,3,/m, 'snapshot: groups';
like $snapshot, qr/^#instance,id,group,.*\ninstance,i-[0-9a-f]+,yourScaler,us-east-1b,InService,/m,
    'instances';
like $snapshot, qr/^#alarm,.*\n(?:alarm,Weir.*\n)?alarm,alarmDown,INSUFFICIENT_DATA,.*\nalarm,alarmUp,/m, 'alarms';
like $snapshot, qr/^#policy,group,name,.*\npolicy,yourScaler,scaleUp,SimpleScaling,/m, 'policies';
my ($gen) = $snapshot =~ /gen=(\d+)/;
cli('clock advance 3s');
is join(' ', cli("show snapshot since $gen only group,instance,alarm,policy") =~ /^(\w+),/mg), '',
    'time alone is no news';

# The same once more, on what was recorded.
sub tried ($policy, $with = '') {
	return cli("policy test yourScaler/$policy from 2013-02-15T16:32:00Z $with");
}
is tried('scaleUp'), <<'END' =~ s/\n\z//r, 'policy test: up';
#open loop: what was recorded does not react to the simulated capacity
#time,from,to,result,reason
2013-02-15T16:42:07.850Z,1,2,done,"alarmUp in state ALARM: 3.1 > 2, 2 of 2"
2013-02-15T16:43:07.850Z,2,2,ignored,cooldown 240 s left
2013-02-15T16:47:07.850Z,2,3,done,"alarmUp in state ALARM: 3.1 > 2, 2 of 2"
#total changes=2 ignored=1 instance_hours=3.20 breach_minutes=9.0 flaps=0 desired=3
END
is tried('scaleDown', 'with desired=3 cooldown=100s'), <<'END' =~ s/\n\z//r, 'and down';
#open loop: what was recorded does not react to the simulated capacity
#time,from,to,result,reason
2013-02-15T17:14:04.670Z,3,2,done,"alarmDown in state ALARM: 0.4 < 2, 14 of 20"
2013-02-15T17:15:04.670Z,2,2,ignored,cooldown 40 s left
2013-02-15T17:16:04.670Z,2,1,done,"alarmDown in state ALARM: 0.4 < 2, 16 of 20"
2013-02-15T17:17:04.670Z,1,1,ignored,at min size 1
#total changes=2 ignored=2 instance_hours=2.64 breach_minutes=0.0 flaps=0 desired=1
END
like tried('scaleUp', 'with alarmUp.threshold=4'), qr/^#total changes=0 /m, 'a higher threshold';
like tried('scaleUp', 'with scaleUp.adjustment=2 max=8 model linear json'),
    qr/^\{"model":"model linear: .*"from":1,"to":3,.*"total":\{"changes":2,/, 'as JSON';
my %wrong = (
	'x/y' => "there is no group 'x'.",
	'yourScaler/y' => 'there is no such policy.',
	'x' => 'it expects <group>/<policy>, lua <name>, or a text behind <<.',
	'yourScaler/scaleUp with min=x' => "'min=x': sizes are numbers up to 1000.",
	'yourScaler/scaleUp with down.threshold=1' => "'down.threshold=1': there is neither such "
	    . 'an alarm that points at it nor is it the policy.',
	'yourScaler/scaleUp with bla=1' => "'bla=1': what can be tried are ALARM.threshold= and "
	    . 'others of alarms, POLICY.adjustment=, cooldown=, min=, max= and desired=.',
);
is cli("policy test $_"), "'policy test': $wrong{$_}", $_ for sort keys %wrong;
done_testing;
