# What a balancer measures of itself: AWS/ELB per balancer and zone, each second
# and minute of the schedule clock.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $a = Backend->new({ '/ok' => response(200, 'a'), '/no' => response(404, 'n'),
	'/slow' => [PAUSE(0.05), response(200, 's')], '/bad' => response(500, 'b'),
	'/junk' => ["junk\r\n\r\n", CLOSE] });
my $w = Weir->new(defaults => 'http', binds => [qw(web tcp)],
    env => { A => $a->addr, DEAD => '127.0.0.1:' . Weir->refused_port },
    args => ['-T', '2013-02-15T16:00:00Z'], cfg => <<'CFG');
global
	default-zone z1
defaults
	mode http
	retries 0
	timeout client 20s
	timeout server 20s
	timeout connect 5s
frontend web
	bind "fd@${web}"
	http-request deny deny_status 403 if { path /denied }
	use_backend other if { path_beg /other }
	default_backend yourLB
backend yourLB
	server a "${A}"
	server b 127.0.0.1:1 zone z2 disabled
backend other
	server d "${DEAD}"
listen stream
	mode tcp
	bind "fd@${tcp}"
	server a "${A}"
CFG
sub ask ($command) { return $w->cli($command) =~ s/\n+\z//r }
# a metric's rows without times: "16:00 n/sum/min/max"
sub rows ($name, $dims, $more = '') {
	my @d = map { "dimension $_" } split / /, $dims;
	my (undef, @l) = split /\n/,
	    ask("show metric $name namespace AWS/ELB @d stat SampleCount,Sum,Minimum,Maximum $more");
	return join ' ', map { my @f = split /,/; $f[0] =~ /T(\d\d:\d\d)/; join('/', "$1 " . ($f[1] =~ s/\.0$//r), map { s/\.0$//r } @f[2 .. 4]) } @l;
}
sub get ($path, $n = 1) {
	my $c = $w->http('web');
	return map { $c->get($path)->{status} } 1 .. $n;
}
my $lb = 'LoadBalancerName=yourLB';

is ask('clock advance 60s') =~ s/,.*//r, '2013-02-15T16:01:00Z', 'a minute without traffic';
like ask("show metric Latency dimension $lb"), qr/^No such metric/, 'has no Latency';
is rows('HealthyHostCount', $lb), '16:00 60/60/1/1', 'but hosts, sampled each second';
is rows('UnHealthyHostCount', $lb), '16:00 60/0/0/0', 'who was taken out does not count';
is rows('HealthyHostCount', "$lb AvailabilityZone=z2"), '16:00 60/0/0/0', 'in its zone';

is_deeply [get('/ok', 10)], [(200) x 10], 'requests';
is_deeply [get('/no', 3), get('/bad', 2)], [404, 404, 404, 500, 500], 'errors of the server';
is_deeply [get('/slow')], [200], 'a slow one';
is_deeply [get('/denied', 2)], [403, 403], 'answers of our own';
is_deeply [get('/junk')], [502], 'a bad gateway';
is_deeply [get('/other')], [503], 'a server that is not there';
$w->cli('clock advance 1s');
is rows('RequestCount', $lb, 'period 1s from -1s'), '16:01 17/17/1/1', 'a second of the clock has them';
$w->cli('clock advance 59s');
is rows('RequestCount', $lb), '16:01 17/17/1/1', 'RequestCount';
is rows('RequestCount', "$lb AvailabilityZone=z1"), '16:01 17/17/1/1', 'of the zone';
is rows('RequestCount', 'AvailabilityZone=z1'), '16:01 18/18/1/1', 'of all balancers in the zone';
is rows('RequestCount', "$lb AvailabilityZone=z2"), '', 'not of the other zone';
is rows('HTTPCode_Backend_2XX', $lb), '16:01 11/11/1/1', '2XX';
is rows('HTTPCode_Backend_4XX', $lb), '16:01 3/3/1/1', '4XX of servers';
is rows('HTTPCode_Backend_5XX', $lb), '16:01 2/2/1/1', '5XX of servers';
is rows('HTTPCode_ELB_4XX', $lb), '16:01 2/2/1/1', '4XX of our own, before a backend was chosen';
is rows('HTTPCode_ELB_5XX', $lb), '16:01 1/1/1/1', '5XX of our own';
is rows('HTTPCode_ELB_5XX', 'LoadBalancerName=other'), '16:01 1/1/1/1', 'of another balancer';
is rows('BackendConnectionErrors', 'LoadBalancerName=other'), '16:01 1/1/1/1', 'a failed connection';
is rows('BackendConnectionErrors', $lb), '', 'none here';
my ($n, $sum, $min, $max) = rows('Latency', $lb) =~ m{^16:01 (\S+)/(\S+)/(\S+)/(\S+)$};
is $n, 16, 'Latency of each answer of a server';
ok $max >= 0.05 && $max < 1 && $min > 0 && $min < $max && $sum > $max && $sum < 16 * $max,
    "min $min, max $max, sum $sum";
my ($p) = ask("show metric Latency dimension $lb stat p50,p100 from -1m") =~ /\n[^,]*,(.*),Seconds$/;
my ($p50, $p100) = split /,/, $p;
ok $p50 >= $min && $p50 < 0.05, "p50 is of the fast ones ($p50)";
ok abs($p100 - $max) < 1e-9, 'p100 is the maximum';

# the next minute is empty again
$w->cli('clock advance 60s');
is rows('RequestCount', $lb, 'from -1m'), '', 'a minute without traffic has no point';
is rows('Latency', $lb, 'from -1m'), '', 'nor Latency';
is rows('HealthyHostCount', $lb, 'from -1m'), '16:02 60/60/1/1', 'hosts are always there';

# TCP: connections, time to connect
my $c = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $w->port('tcp'));
print $c "GET /ok HTTP/1.0\r\n\r\n";
like scalar(<$c>), qr/^HTTP.1.1 200/, 'through TCP';
close $c;
ok $w->wait_for(sub { $w->stat('stream', 'BACKEND')->{scur} == 0 }), 'it is over';
$w->cli('clock advance 60s');
is rows('RequestCount', 'LoadBalancerName=stream', 'from -1m'), '16:03 1/1/1/1', 'a connection';
like rows('Latency', 'LoadBalancerName=stream', 'from -1m'), qr{^16:03 1/(\S+)/\1/\1$}, 'its time to connect';

# history and snapshot read the same store
like ask('show history yourLB a fields rate from -10m step 1s'), qr/\n\d+,0\n\d+,17\n\d+,0\n/,
    'the second of the requests';
like ask('show history yourLB fields rate,rate.max,scur from -10m step 60s'),
    qr/\n\d+,0\.283,17,0\n/, 'the minute of the requests';
like ask('show metrics namespace AWS/ELB name RequestCount dimension LoadBalancerName=yourLB'),
    qr/\n"?AWS\/ELB,RequestCount,LoadBalancerName=yourLB,Count,1\.0,\d+,1s 10s 60s 300s 3600s/, 'tiers';
done_testing;
