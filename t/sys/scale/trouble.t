# What goes wrong: launches that fail, hang, lie; instances that never pass a
# check; too many that are unhealthy at once; zones that change.
use v5.36;
use Scale;
use Weir;
use Test::More;

sub start ($provider, $group, %o) {
	return Weir->new(%o, keep => 1, args => ['-T', '2013-02-15T16:00:00Z'], cfg => ($o{before} // '') .
	    ($SCALE_CONF =~ s/type test\n/type test\n$provider/r) . ($o{launch} // '') .
	    "scaling-group web\n\tlaunch-config small\n$group");
}
sub trouble ($w) { return $w->cli('show group web') =~ /^trouble: (.*)$/m ? $1 : '' }

# --- launches fail: back off, another zone, why ---
my $w = start("\tfail 100%\n", "\tsize 1 3\n\tzones a b\n");
my ($a) = activities($w, 'web');
is $a->{status}, 'Failed', 'a failed launch';
is $a->{description}, 'Launching a new EC2 instance.  Status Reason: the test provider was told ' .
    'to fail. Launching EC2 instance failed.', 'with its reason';
is trouble($w), 'again in 10 s: launch: capacity: the test provider was told to fail', 'backs off';
$w->cli('clock advance 10s');
is trouble($w), 'again in 20 s: launch: capacity: the test provider was told to fail', 'longer';
is scalar(activities($w, 'web')), 2, 'one try each';
$w->cli('clock advance 1h');
my ($left) = trouble($w) =~ /^again in (\d+) s/;
cmp_ok $left // 999, '<=', 300, 'up to 5 minutes';
my $n = scalar activities($w, 'web');
cmp_ok $n, '<', 18, 'few tries in an hour';
$w->write_file('t.cfg', $SCALE_CONF . "scaling-group web\n\tlaunch-config small\n\tsize 1 2\n\tzones a b\n");
$w->cli('reload');
is in_service($w, 'web'), 1, 'another configuration: at once';
is trouble($w), '', 'all is well';

# --- half of them fail ---
$w = start("\tfail 50%\n", "\tsize 4 4\n");
$w->cli('clock advance 10m');
is in_service($w, 'web'), 4, 'in the end all are there';

# --- a provider that takes its time; then longer than its limit ---
$w = start("\tdelay 20s\n", "\tsize 1 3\n");
$w->cli('clock advance 20s');
is group($w, 'web')->{pending}, 1, 'asked for: first what there is, then a launch';
is +(activities($w, 'web'))[0]{status}, 'WaitingForInstanceId', 'under way';
$w->cli('clock advance 20s');
is in_service($w, 'web'), 1, 'there';
$w = start("\tdelay 20s\n\tlaunch-timeout 10s\n", "\tsize 1 3\n");
$w->cli('clock advance 31s');
($a) = activities($w, 'web');
is $a->{description}, 'Launching a new EC2 instance.  Status Reason: no answer within 10000 ms. ' .
    'Launching EC2 instance failed.', 'a call that hangs ends';
$w->cli('clock advance 10m');
like trouble($w), qr/launch: internal: no answer within 10000 ms/, 'says so';
is scalar(instances($w, 'web')), 0, 'nothing came of it';

# --- instances that are told of and are not there ---
$w = start("\tlie 50%\n", "\tsize 2 2\n");
my @first = map { $_->{id} } instances($w, 'web');
is scalar(@first), 2, 'told of';
$w->cli('clock advance 30s');
my ($lost) = grep { $_->{cause} =~ /taken out of service/ } activities($w, 'web');
is $lost->{cause} =~ s/^At \S+ //r, 'an instance was taken out of service in response to an EC2 ' .
    'health check indicating it has been terminated or stopped.', 'missed twice: gone';
$w->cli('clock advance 5m');
is in_service($w, 'web'), 2, 'replaced until they are there';

# --- never a passed check ---
my $refused = Weir->refused_port;
$w = start('', "\tbackend app\n\tsize 1 2\n\thealth-check elb\n\tboot-timeout 2m\n",
    defaults => 'http', before => "backend app\n\tbalance roundrobin\n",
    launch => "\tinstance-port $refused\n");
my ($one) = instances($w, 'web');
is $one->{lifecycle}, 'Pending:Proceed', 'waits for its first passed check';
$w->cli('clock advance 119s');
is +(instances($w, 'web'))[0]{id}, $one->{id}, 'until its time to boot is over';
$w->cli('clock advance 2s');
$w->wait_for(sub { (instances($w, 'web'))[0]{id} ne $one->{id} });
isnt +(instances($w, 'web'))[0]{id}, $one->{id}, 'then it is replaced';
ok +(grep { $_->{cause} =~ /in response to an ELB system health check failure\.$/ }
    activities($w, 'web')), 'and why';

# --- too many at once ---
$w = start('', "\tsize 4 4\n\tmax-replace 50%\n");
my @all = map { $_->{id} } instances($w, 'web');
$w->cli('scaling pause');
$w->cli("instance set-health $_ Unhealthy") for @all[0 .. 2];
$w->cli('scaling resume');
is trouble($w), 'replacing is paused: too many are unhealthy', 'three of four: replacing pauses';
is join(' ', map { $_->{id} } instances($w, 'web')), "@all", 'none was ended';
like $w->cli('show alarm Weir/ReplacementPaused'),
    qr/^state: ALARM\n.*^reason: group web: 3 unhealthy at once/ms, 'an alarm says so';
$w->cli("instance set-health $all[0] Healthy");
$w->cli('clock advance 1m');
my %now = map { $_->{id} => 1 } instances($w, 'web');
is join(' ', map { $now{$_} // 0 } @all), '1 0 0 1', 'two of four are replaced';
is in_service($w, 'web'), 4, 'four again';
like $w->cli('show alarm Weir/ReplacementPaused'), qr/^state: OK$/m, 'the alarm is over';

# --- zones ---
$w = start('', "\tsize 4 4\n\tzones a\n");
$w->write_file('t.cfg', $SCALE_CONF .
    "scaling-group web\n\tlaunch-config small\n\tsize 4 4\n\tzones b c\n");
$w->cli('reload');
$w->cli('clock advance 1m');
is join(' ', sort map { $_->{zone} } instances($w, 'web')), 'b b c c', 'it moves to other zones';
my @launched = grep { $_->{cause} =~ /launched to balance instances in zones [bc] with other/ } activities($w, 'web');
is scalar(@launched), 4, 'one by one, the new one first';

# --- brakes ---
$w = start('', "\tsize 1 4\n");
my $events = $w->cli_session;
$events->send("subscribe events kinds group\n");
$events->fill(Time::HiRes::time() + 5) until $events->{buf} =~ /^#events/m;
$w->cli("group set-desired web $_") for 2, 1, 2, 1;
$events->fill(Time::HiRes::time() + 5) or last until $events->{buf} =~ /flapping/;
like $events->{buf}, qr/^\d+,[\d.]+,group,web,1,2,a user request explicitly set/m, 'an event';
like $events->{buf}, qr/^\d+,[\d.]+,group,web,,flapping,3 reversals in an hour$/m, 'three reversals';
done_testing;
