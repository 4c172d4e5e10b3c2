# Servers come and go under closed-loop load: nothing is lost; a drained one goes
# when its last request has ended; 500 of them leave nothing behind.
use v5.36;
use Backend qw(:all);
use Cert;
use Load;
use Weir;
use Test::More;

my @srv = map { Backend->new({ '/' => response(200, 'x' x 100),
    '/slow' => [PAUSE(0.4), response(200, 'slow')] }) } 1 .. 3;
my $w = Weir->new(defaults => 'http', binds => ['fe1'], env => { S1 => $srv[0]->addr },
    cfg => <<'CFG');
frontend fe
	bind "fd@${fe1}"
	default_backend be
backend be
	balance leastconn
	server s1 "${S1}"
CFG
my ($a2, $a3) = map { $_->addr } @srv[1, 2];

# --- draining
is $w->cli("add server be/d $a3; enable server be/d; set server be/s1 state maint"),
    'New server registered.', 'one server for another';
my $c = $w->http('fe1');
$c->send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
$w->wait_for(sub { $w->stat('be', 'd')->{scur} == 1 });
$w->cli('set server be/s1 state ready; set server be/d state drain; disable server be/d');
is $w->cli('del server be/d'),
    'Server still has connections attached to it, cannot remove it.', 'not before its last request';
is $w->cli('wait 20 srv-removable be/d'), 'Wait delay expired.', 'nor in a moment';
is $w->cli('wait 5s srv-removable be/d; del server be/d'), "Done.\n\nServer deleted.",
    'when it has ended';
is $c->read_response->{body}, 'slow', 'which was answered';

# --- under load
my $load = Load->new(port => $w->port('fe1'), conns => 8, rate => 1500, body => "x" x 100);
$load->wait_ok(50);
my $rounds = 50;
my $bad = '';
for my $i (1 .. $rounds) {
	my $addr = $i % 2 ? $a2 : $a3;
	my $said = $w->cli("add server be/n$i $addr; enable server be/n$i");
	$said eq 'New server registered.' or $bad .= "$i: $said\n";
	$load->wait_ok(20);
	$said = $w->cli("disable server be/n$i; wait 5s srv-removable be/n$i; del server be/n$i");
	$said eq "\nDone.\n\nServer deleted." or $bad .= "$i: $said\n";
}
is $bad, '', "$rounds servers came and went";
my $r = $load->stop;
is $r->{lost}, 0, 'no request was lost' or diag explain $r;
cmp_ok $r->{ok}, '>', 999, 'of many';
cmp_ok scalar($srv[1]->requests), '>', 0, 'they served';

# --- nothing is left
sub rss_kib () { return Cert::slurp("/proc/@{[ $w->pid ]}/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0 }
sub fds () { return scalar grep { !/^\.\.?$/ } do { opendir my $d, "/proc/@{[ $w->pid ]}/fd"; readdir $d } }
sub cycles ($n) {
	my $s = $w->cli_session;
	$s->prompted('prompt');
	for my $i (1 .. $n) {
		$s->prompted("add server be/m $a2 check") =~ /registered/ or return 0;
		$s->prompted('del server be/m') =~ /deleted/ or return 0;
	}
	return 1;
}
ok cycles(150), 'cycles of add and del';
my ($rss, $fds) = (rss_kib(), fds());
ok cycles(350), 'to 500';
ok $w->wait_for(sub { fds() <= $fds }), 'no descriptor more';
SKIP: {
	skip 'memory of a sanitizer', 1 if ($ENV{VARIANT} // '') =~ /asan|tsan/;
	# Snapshots that outran their reclaiming leave a heap that later ones give back.
	ok $w->wait_for(sub { cycles(64); rss_kib() - $rss < 1024 }), 'no memory more'
	    or diag rss_kib() . " > $rss";
}
done_testing;
