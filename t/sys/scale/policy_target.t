# Target tracking: the alarms that it makes, growing in proportion, shrinking with
# care, several policies in one group.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $conf = $SCALE_CONF . <<'CFG';
scaling-group web
	launch-config small
	size 1 20 desired 4
	policy cpu target cpu value 50% warmup 200s
	policy jobs target Jobs dimension Pool web stat Average value 10 warmup 200s
scaling-group keep
	launch-config small
	size 1 5 desired 3
	policy net target network-in value 1MB no-scale-in
CFG
my $w = Weir->new(cfg => $conf, keep => 1, args => ['-T', '2013-02-15T16:30:00Z']);

sub size ($group) { return group($w, $group)->{desired} }
# So many minutes in which a metric has a value
sub minutes ($n, %values) {
	for (1 .. $n) {
		$w->cli("put metric CPUUtilization namespace AWS/EC2 value $values{cpu} dimension AutoScalingGroupName=web unit Percent") if defined $values{cpu};
		$w->cli("put metric Jobs value $values{jobs} dimension Pool=web") if defined $values{jobs};
		$w->cli('clock advance 60s');
	}
}
sub policy ($name) {
	my ($p) = grep { "$_->{group}/$_->{name}" eq $name } csv_rows($w->cli('show policies'));
	return $p;
}

# --- its alarms ---
my @alarms = csv_rows($w->cli('show alarms prefix TargetTracking-web'));
is scalar(@alarms), 4, 'two alarms a policy';
my ($high, $low) = @{policy('web/cpu')}{alarms} =~ /^(\S+) (\S+)$/;
like $high, qr/^TargetTracking-web-AlarmHigh-[0-9a-f]{8}-[0-9a-f-]{27}$/, 'named as Amazon names them';
like $low, qr/^TargetTracking-web-AlarmLow-/, 'both';
my %by = map { $_->{name} => $_ } @alarms;
is "@{$by{$high}}{qw(metric stat period_s m n op threshold unit)}",
    'CPUUtilization Average 60 3 3 > 50.0 Percent', 'above for three minutes';
is "@{$by{$low}}{qw(period_s m n op threshold)}", '60 15 15 < 45.0', 'below for fifteen';
is scalar(csv_rows($w->cli('show alarms prefix TargetTracking-keep'))), 1, 'only to grow';
is policy('web/cpu')->{adjustment}, 'target cpu 50%', 'listed';
is policy('web/cpu')->{type}, 'TargetTrackingScaling', 'its type';

# --- growing ---
minutes(2, cpu => 80, jobs => 5);
is size('web'), 4, 'not yet';
minutes(2, cpu => 80, jobs => 5);
is size('web'), 7, 'as many as bring it to the target: 4 x 80 / 50';
like +(grep { $_->{description} =~ /^Launching/ } activities($w, 'web'))[0]{cause},
    qr/a monitor alarm \Q$high\E in state ALARM triggered policy cpu changing the desired capacity from 4 to 7\./, 'why';
minutes(1, cpu => 80, jobs => 5);
is size('web'), 7, 'instances that warm up count as there';
minutes(1, cpu => $_, jobs => 5) for 100, 50;
is size('web'), 8, 'but do not carry: 4 x 100 / 50';
minutes(4, cpu => 50, jobs => 5);
is size('web'), 8, 'at the target';

# --- any to grow, all to shrink ---
minutes(4, cpu => 50, jobs => 15);
is size('web'), 12, 'the other one: 8 x 15 / 10';
minutes(18, cpu => 20, jobs => 9.5);
is size('web'), 12, 'one alone does not shrink it';
like +(activities($w, 'web'))[0]{description}, qr/^Policy cpu ignored: policy jobs does not want fewer$/, 'said so';
minutes(17, cpu => 20, jobs => 8);
is size('web'), 10, 'both do, the larger capacity wins: 12 x 8 / 10 is 9.6';
$w->cli('policy disable web/jobs');
minutes(4, cpu => 20, jobs => 8);
is size('web'), 4, 'a disabled one has no say: 10 x 20 / 50';

# --- no-scale-in ---
is said($w, 'policy execute keep/net value 1 breach 1'), 'ignored: no-scale-in', 'it may only grow';

sub bad ($text, $want) {
	my $out = Weir->check($SCALE_CONF . "scaling-group g\n\tlaunch-config small\n\tsize 1 3\n\tpolicy p target $text\n");
	like $out->{err}, $want, $want;
}
bad('', qr/behind 'target' comes a metric, or one of cpu/);
bad('cpu', qr/'policy p': 'value' is missing/);
bad('cpu value 0', qr/'value' expects more than 0, not '0'/);
bad('cpu value 3s', qr/'3s'/);
bad('cpu value 50 soon', qr/'policy p': unexpected 'soon'/);
bad('requests-per-target value 50', qr/'requests-per-target': scaling-group 'g' has no backend/);
done_testing;
