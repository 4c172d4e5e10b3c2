# Activities of instances that warm up, why processes are suspended, and launches that
# fail for a day.
use v5.36;
use JSON::PP;
use Scale;
use Weir;
use Test::More;

my $conf = "global\n\tstate-dir \"\${DIR}\"\n" . $SCALE_CONF . <<'CFG';
provider broken
	type test
	fail 100%
launch-config broken
	provider broken
scaling-group web
	launch-config small
	size 1 9
	default-warmup 60s
	default-cooldown 100s
	policy up simple change +1
scaling-group steps
	launch-config small
	size 1 9
	policy out step change warmup 5m
		step out 0 - 2
scaling-group plain
	launch-config small
	size 1 9
scaling-group broken
	launch-config broken
	size 0 4
CFG
my $w = Weir->new(cfg => $conf, keep => 1, args => ['-T', '2013-02-15T16:30:00Z']);
sub statuses ($group) { return join ' ', map { $_->{status} } activities($w, $group) }

# --- warming up ---
$w->cli('clock advance 1s');
is statuses('web'), 'WaitingForInstanceWarmup', 'an instance warms up';
is in_service($w, 'web'), 1, 'though it is in service';
is statuses('plain'), 'Successful', 'without a warm-up';
is said($w, 'policy execute web/up honor-cooldown'), 'ignored: scaling activity in progress', 'an activity in progress';
$w->cli('clock advance 60s');
is statuses('web') =~ s/ignored|Cancelled //r, 'Successful', 'warm';
$w->cli('policy execute web/up');
is +(activities($w, 'web'))[0]{progress}, 90, 'another one';
is group($w, 'web')->{cooldown_left_s}, 100, 'the cooldown counts from its service on';
$w->cli('instance terminate ' . (map { $_->{id} } instances($w, 'web'))[-1]);
ok !(grep { $_->{status} eq 'Cancelled' && $_->{description} =~ /^Launching/ } activities($w, 'web')),
    'one that goes before it is warm was launched all the same';
$w->cli('policy execute steps/out value 2 breach 1');
is statuses('steps'), 'WaitingForInstanceWarmup WaitingForInstanceWarmup Successful', 'of a step policy';
$w->cli('put metric M value 1 namespace N');
$w->signal('KILL');
$w->wait_exit;
$w->{args} = ['-T', '2013-02-15T16:32:00Z'];
$w->start;
is statuses('steps'), 'WaitingForInstanceWarmup WaitingForInstanceWarmup Successful', 'over a restart';
$w->cli('scaling pause');
$w->cli('clock set 2013-02-15T16:37:00Z');
$w->cli('clock advance 2s');
is statuses('steps'), 'Successful Successful Successful', 'then it is over';
$w->cli('scaling resume');

# --- suspended ---
$w->cli('group suspend plain Launch,AZRebalance');
my $json = decode_json(said($w, 'show group plain json'));
is_deeply $json->{suspended}, [map { { process => $_, reason => 'User suspended at 2013-02-15T16:37:02Z' } }
    'Launch', 'AZRebalance'], 'why';
$w->cli('clock advance 1m');
like $w->cli('show group plain'), qr/^suspended: Launch, User suspended at 2013-02-15T16:37:02Z$/m, 'as text';
$w->cli('group resume plain');
unlike $w->cli('show group plain'), qr/^suspended/m, 'resumed';

# --- a day of failures ---
$w->cli('group set-desired broken 1');
$w->cli('clock advance 1m');
like $w->cli('show group broken'), qr/^trouble: again in .*told to fail$/m, 'it fails';
$w->cli('clock set 2013-02-16T16:36:00Z');
$w->cli('clock advance 1m');
unlike $w->cli('show group broken'), qr/^suspended/m, 'for not quite a day';
$w->cli('clock advance 10m');
like $w->cli('show group broken'), qr/^suspended: Launch, Administratively suspended at 2013-02-16T16:(?:3[89]|4\d):\d\dZ: launches failed for 24 hours$/m,
    'then none is tried any more';
my $n = () = activities($w, 'broken');
$w->cli('clock advance 30m');
is scalar(my @a = activities($w, 'broken')), $n, 'really';
like $w->cli('show alarms'), qr/^Weir\/LaunchSuspended,ALARM,/m, 'an alarm';
$w->stop;
$w->{args} = ['-T', '2013-02-16T18:00:00Z'];
$w->start;
like $w->cli('show group broken'), qr/^suspended: Launch, Administratively suspended at 2013-02-16T16:[34]/m, 'over a restart';
$w->cli('group resume broken Launch');
$w->cli('clock advance 5m');
unlike $w->cli('show group broken'), qr/^suspended/m, 'tried again for another day';
ok scalar(activities($w, 'broken')) > $n, 'really';
done_testing;
