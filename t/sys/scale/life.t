# The life of an instance as its backend sees it: fully down until its first
# passed check, in service; when it leaves nothing new, not by cookie either,
# until its requests have ended or the time is over; no request is lost. The group
# owns its servers.
use v5.36;
use Backend qw(:all);
use Load;
use Scale;
use Weir;
use Test::More;

my $srv = Backend->new({ '*' => response(200, "hello\n"), '/slow' => [PAUSE(0.4), response(200, 'slow')],
	'/hang' => HANG });
my $cfg = <<'CFG' . $SCALE_CONF . <<'CFG';
frontend f
	bind "fd@${http}"
	default_backend app
backend app
	balance roundrobin
	cookie SRV insert
	option httpchk GET /alive
	default-server inter 300ms fastinter 20ms rise 5
CFG
	instance-port "${PORT_srv}"
scaling-group web
	launch-config small
	backend app
	size 1 3
	health-check elb
	termination NewestInstance
	drain 900ms
CFG
my $w = Weir->new(defaults => 'http', binds => ['http'], keep => 1, cfg => $cfg,
    env => { PORT_srv => $srv->port });
ok $w->wait_for(sub { in_service($w, 'web') == 1 }), 'in service with its first passed check';
my ($one) = instances($w, 'web');
is $one->{server}, $one->{id}, 'a server of its id';
is $one->{serving}, 1, 'serves';
is $w->stat('app', $one->{id})->{status}, 'UP', 'up, though five passed checks are asked for';
is $w->http('http')->get('/')->{status}, 200, 'a request';
is said($w, "del server app/$one->{id}"), "Server app/$one->{id} is owned by scaling-group web.", 'the group owns it';

$w->cli("group set-desired web $_") for 2, 3;	# not launched in the same microsecond
ok $w->wait_for(sub { in_service($w, 'web') == 3 }), 'three';

# --- it drains ---
my ($victim) = map { $_->{id} } csv_rows($w->cli('group victims web'));
my $cookie = "Cookie: SRV=$victim";
my $slow = $w->http('http');
my $n = $w->stat('app', $victim)->{stot};
$slow->send("GET /slow HTTP/1.1\r\nHost: a\r\n$cookie\r\n\r\n");
ok $w->wait_for(sub { $w->stat('app', $victim)->{scur} == 1 }), 'a user of the one that will go';
$w->cli('group set-desired web 2');
my ($i) = grep { $_->{id} eq $victim } instances($w, 'web');
is $i->{lifecycle}, 'Terminating', 'it goes';
is $i->{serving}, 0, 'serves nobody new';
my ($a) = activities($w, 'web', 'open');
is $a->{description}, "Terminating EC2 instance: $victim - Waiting For ELB Connection Draining.",
    'as the AWS says it';
is $a->{status}, 'WaitingForELBConnectionDraining', 'its status';
my $r = $w->http('http')->get('/', $cookie);
is $r->{status}, 200, 'another request of that user';
isnt $r->{h}{'set-cookie'}, undef, 'has another server from now on';
is $w->stat('app', $victim)->{stot}, $n + 1, 'the one that goes got nothing new';
is $slow->read_response->{status}, 200, 'the request that ran ends well';
ok $w->wait_for(sub { !grep { $_->{id} eq $victim } instances($w, 'web') }), 'then it is gone';
ok $w->wait_for(sub { !$w->stat('app', $victim) }), 'its server too';
is +(grep { $_->{id} eq $a->{id} } activities($w, 'web'))[0]{description},
    "Terminating EC2 instance: $victim", 'done';

# --- not for ever ---
($victim) = map { $_->{id} } csv_rows($w->cli('group victims web'));
my $hang = $w->http('http');
$hang->send("GET /hang HTTP/1.1\r\nHost: a\r\nCookie: SRV=$victim\r\n\r\n");
ok $w->wait_for(sub { $w->stat('app', $victim)->{scur} == 1 }), 'a request without end';
$w->cli('group set-desired web 1');
ok $w->wait_for(sub { !grep { $_->{id} eq $victim } instances($w, 'web') }), 'is not waited for';
my $end = $hang->read_response;
ok !$end || $end->{status} >= 500, 'but closed';

# --- a reload keeps it ---
$w->write_file('t.cfg', $cfg =~ s/GET \/alive/GET \/well/r);
$w->cli('reload');
is $w->stat('app', $one->{id})->{status}, 'UP', 'a reload keeps its server';
is in_service($w, 'web'), 1, 'and it';

# --- from nothing ---
my $z = Weir->new(defaults => 'http', binds => ['http'], env => { PORT_srv => $srv->port },
    cfg => ($cfg =~ s/size 1 3/size 0 3\n\tscale-from-zero on/r));
is group($z, 'web')->{desired}, 0, 'an empty group';
my @waiting = map { my $c = $z->http('http'); $c->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); $c } 1 .. 5;
is join(' ', map { ($_->read_response // {})->{status} // 'none' } @waiting), '200 200 200 200 200',
    'requests wait for its first instance';
is group($z, 'web')->{desired}, 1, 'which they have started';
like +(activities($z, 'web'))[0]{cause}, qr/^At \S+ a request that waits for the first instance changing the desired capacity from 0 to 1\.  /, 'why';

# --- no request lost ---
my $load = Load->new(port => $w->port('http'), conns => 8, body => "hello\n", rate => 2000);
ok $load->wait_ok(20), 'the load runs';
for my $round (1 .. 4) {
	for my $n (3, 1) {
		$w->cli("group set-desired web $n");
		$w->wait_for(sub { my $g = group($w, 'web');
			$g->{inservice} == $n && !$g->{terminating} }, 5, "$n instances") or last;
	}
}
ok $load->wait_ok(20), 'it still runs';
my $sum = $load->stop;
is "$sum->{lost} $sum->{ka}", '0 0', 'none failed' or diag explain $sum;
cmp_ok $sum->{ok}, '>', 50, 'of many';
done_testing;
