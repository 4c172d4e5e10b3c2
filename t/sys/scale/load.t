# A group of real processes that grows from one to three while clients wait, and
# shrinks to one again: not one request of 50,000 fails. Minutes of the schedule clock
# pass in seconds; the traffic, the processes and the checks are real.
use v5.36;
use Cwd qw(abs_path);
use Load;
use Scale;
use Weir;
use Test::More;

my $requests = 50_000;
my $instance = <<'CFG';
defaults
	mode http
	timeout client 30s
	timeout connect 5s
	timeout server 30s
frontend instance
	bind "127.0.0.1:${WEIR_PORT}"
	http-request return status 200 content-type text/plain string "hello\n"
CFG
my $w = Weir->new(defaults => 'http', binds => ['web'], files => { 'instance.cfg' => $instance },
    args => ['-T', '2026-11-27T00:00:00Z'], env => { WEIR => abs_path(Weir::bin()) }, cfg => <<'CFG');
frontend f
	bind "fd@${web}"
	default_backend app
backend app
	balance leastconn
	option httpchk GET /health
	default-server check inter 5s rise 1 fall 2 slowstart 20s
provider local
	type process
	command "${WEIR}" -db -f "${DIR}/instance.cfg"
launch-config small
	provider local
scaling-group web
	launch-config small
	backend app
	size 1 3
	health-check elb
	default-cooldown 30s
	drain 60s
	policy more simple change +1
	policy less simple change -1
alarm busy
	metric RequestCount balancer app
	statistic Sum
	period 10s
	datapoints 2 of 2
	threshold > 300
	missing-data ignore
	on alarm policy web/more
alarm quiet
	metric RequestCount balancer app
	statistic Sum
	period 10s
	datapoints 3 of 3
	threshold < 60
	missing-data breaching
	on alarm policy web/less
CFG
sub serving () { return scalar grep { $_->{serving} } instances($w, 'web') }

$w->cli('clock run 30');
ok $w->wait_for(sub { serving() == 1 }, 10), 'one instance at rest';
my $load = Load->new(port => $w->port('web'), conns => 12, body => "hello\n", seconds => 120);
ok $w->wait_for(sub { serving() == 3 }, 30), 'three under load';
$load->wait_ok($requests - $load->ok, 100);
my $busy = $load->stop;
my $calm = Load->new(port => $w->port('web'), conns => 4, rate => 20, body => "hello\n", seconds => 120);
ok $w->wait_for(sub { serving() == 1 && instances($w, 'web') == 1 }, 40), 'and one again';
my $light = $calm->stop;
note "$busy->{ok} and $light->{ok} requests, the slowest took $busy->{max_ms} ms, then $light->{max_ms} ms";
is $_->{lost}, 0, 'no request lost' or diag explain [@$_{qw(statuses errors)}] for $busy, $light;
is $_->{ka}, 0, 'no connection closed in silence' for $busy, $light;
cmp_ok $busy->{ok}, '>=', $requests, "of at least $requests";
my $activities = $w->cli('show activities group web');
like $activities, qr/a monitor alarm busy in state ALARM triggered policy more changing the desired capacity from 2 to 3\./,
    'it grew for the alarm';
like $activities, qr/a monitor alarm quiet in state ALARM triggered policy less changing the desired capacity from 2 to 1\./,
    'and shrank';
done_testing;
