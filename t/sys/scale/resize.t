# A group that grows and shrinks all the time under full load: of tens of thousands
# of requests none fails.
use v5.36;
use Nginx;
use Scale;
use Weir;
use Test::More;

plan skip_all => 'no wrk here' if system('command -v wrk >/dev/null') != 0;
my $SECONDS = $ENV{WEIR_SLOW} ? 60 : 2;

my $ng = Nginx->new(listen => ['a'], http => <<'CONF');
server { listen @a@; location / { access_log off; return 200 "hello\n"; } }
CONF
my ($port) = $ng->addr('a') =~ /:(\d+)$/;
my $w = Weir->new(defaults => 'http', binds => ['http'], env => { PORT_srv => $port },
    cfg => <<'CFG' . $SCALE_CONF . <<'CFG');
global
	nbthread 2
frontend f
	bind "fd@${http}"
	default_backend app
backend app
	balance roundrobin
	default-server inter 300ms fastinter 20ms
CFG
	instance-port "${PORT_srv}"
scaling-group web
	launch-config small
	backend app
	size 1 5
	health-check elb
	drain 5s
CFG
ok $w->wait_for(sub { in_service($w, 'web') == 1 }), 'one instance';
my $pid = open my $wrk, '-|', 'wrk', '-t1', '-c16', "-d${SECONDS}s", $w->url('http') or die;
my $end = time + $SECONDS;
my ($rounds, $stuck) = (0, 0);
while (time < $end && !$stuck) {
	for my $n (5, 2, 4, 1) {
		$w->cli("group set-desired web $n");
		$rounds++;
		$w->wait_for(sub { my $g = group($w, 'web');
			$g->{inservice} == $n && !$g->{terminating} }, 5, "$n instances") or $stuck++;
	}
}
my $said = do { local $/; <$wrk> };
close $wrk;
is $stuck, 0, 'sizes are reached';
my ($n) = $said =~ /(\d+) requests in/;
note "$n requests, $rounds changes of size";
cmp_ok $n, '>', 2000 / $Weir::PATIENCE, 'requests';
cmp_ok $rounds, '>=', 8, 'changes of size';
unlike $said, qr/Non-2xx|Socket errors/, 'none failed';
my $app = $w->stat('app', 'BACKEND');
is "@$app{qw(econ hrsp_5xx)}", '0 0', 'no server was missing';
done_testing;
