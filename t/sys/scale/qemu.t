# A group of virtual machines that grows from one to three while clients wait, and
# shrinks to one again: not one request of 2,000 fails. They are emulated; the image is
# made here. The schedule clock goes five times as fast as the day.
use v5.36;
use Golden;
use Load;
use Scale;
use Weir;
use Test::More;

plan skip_all => 'WEIR_SLOW is not set' unless $ENV{WEIR_SLOW};
plan skip_all => no_qemu() if no_qemu();
my ($golden, $why) = golden();
plan skip_all => $why if !$golden;

my $requests = 2_000;
my $w = Weir->new(defaults => 'http', binds => ['web'], keep => 1, env => { GOLDEN => $golden },
    args => ['-T', '2026-11-27T00:00:00Z'], cfg => <<'CFG');
global
	state-dir "${DIR}"
frontend f
	bind "fd@${web}"
	default_backend app
backend app
	balance leastconn
	timeout server 30s
	timeout connect 10s
	option httpchk GET /
	default-server check inter 5s rise 1 fall 3 slowstart 10s
provider machines
	type qemu
	golden "${GOLDEN}"
	memory 128m
	kill-after 20s
launch-config small
	provider machines
	user-data "what it is for"
	metrics provider every 5s
scaling-group web
	launch-config small
	backend app
	size 1 3
	health-check elb
	default-cooldown 30s
	boot-timeout 600s
	drain 60s
	policy more simple change +1
	policy less simple change -1
alarm busy
	metric RequestCount balancer app
	statistic Sum
	period 10s
	datapoints 2 of 2
	threshold > 20
	missing-data ignore
	on alarm policy web/more
alarm quiet
	metric RequestCount balancer app
	statistic Sum
	period 10s
	datapoints 3 of 3
	threshold < 5
	missing-data breaching
	on alarm policy web/less
CFG
sub serving () { return grep { $_->{serving} } instances($w, 'web') }
sub get ($path) { return $w->http('web')->request("GET $path HTTP/1.1\r\nHost: a\r\n\r\n")->{body} }
my $began = time;
sub took ($what) { note sprintf '%s: %d s', $what, time - $began; $began = time }

$w->cli('clock run 5');
ok $w->wait_for(sub { serving() == 1 }, 90), 'one machine at rest';
took('first machine serves');
my ($one) = serving();
is get('/user-data'), 'what it is for', 'user data by the seed';
is get('/config'), 'what it is for', 'and by fw_cfg';
like get('/meta-data'), qr/^instance-id: $one->{id}\n/, 'it knows who it is';

my $load = Load->new(port => $w->port('web'), conns => 6, rate => 40, body => "hello\n", seconds => 400);
ok $w->wait_for(sub { serving() == 3 }, 200), 'three under load';
took('three serve');
$load->wait_ok($requests - $load->ok, 200);
my $busy = $load->stop;
took("$requests requests");
my $cpu = $w->cli('show metrics namespace AWS/EC2 name CPUUtilization');
like $cpu, qr/CPUUtilization,.*InstanceId/, 'their CPU is measured';
my $calm = Load->new(port => $w->port('web'), conns => 2, rate => 1, body => "hello\n", seconds => 400);
ok $w->wait_for(sub { serving() == 1 && instances($w, 'web') == 1 }, 200), 'and one again';
took('one serves');
my $light = $calm->stop;
note "$busy->{ok} and $light->{ok} requests, the slowest took $busy->{max_ms} ms, then $light->{max_ms} ms";
is $_->{lost}, 0, 'no request lost' or diag explain [@$_{qw(statuses errors)}] for $busy, $light;
cmp_ok $busy->{ok}, '>=', $requests, "of at least $requests";

my %now = map { $_->{id} => 1 } instances($w, 'web');
my ($gone) = grep { !$now{$_} } $w->cli('show activities group web') =~ /(i-[0-9a-f]{17})/g;
like said($w, "show instance $gone console"), qr/reboot: Power down/, 'one that ended was asked to by its button';

# --- a crash: the machine goes on, the next weir has it ---
my ($last) = map { $_->{id} } instances($w, 'web');
$w->stop('KILL');
$w->start;
ok $w->wait_for(sub { grep { $_->{id} eq $last && $_->{serving} } instances($w, 'web') }, 30), 'it outlives a crash';

# --- clean ends, and what is left ---
is $w->stop, 143, 'stops';
opendir my $d, $w->dir . '/instances';
is join(' ', grep { !/^\./ } readdir $d), '', 'no disk and no monitor is left';
done_testing;
