# Histograms of latency: percentiles of a balancer's Latency for any period that
# they cover; they outlive a kill, and old ones go.
use v5.36;
use Backend qw(:all);
use File::Temp ();
use Weir;
use Test::More;

my $state = File::Temp->newdir('weir-state-XXXXXX', TMPDIR => 1);
chmod 0777, $state;
my $srv = Backend->new({ '/' => response(200, 'a'), '/slow' => [PAUSE(0.08), response(200, 's')] });
my $w = Weir->new(defaults => 'http', keep => 1, binds => ['web'], env => { S => $srv->addr },
    args => ['-T', '2013-02-15T15:00:00Z'], cfg => <<"CFG");
global
	state-dir $state
frontend web
	bind "fd@\${web}"
	default_backend be
backend be
	timeout server 10s
	server s1 "\${S}"
CFG
sub ask ($command) { return $w->cli($command) =~ s/\n+\z//r }
my $c = $w->http('web');
$c->get('/') for 1 .. 45;
$c->get('/slow') for 1 .. 5;
$w->cli('clock advance 60s');
my $latency = 'show metric Latency dimension LoadBalancerName=be';
sub percentiles ($more = '') {
	return map { (split /,/)[1, 2] } (split /\n/, ask("$latency stat p50,p95 $more"))[1 .. 1];
}
my ($p50, $p95) = percentiles;
ok $p50 < 0.04 && $p95 >= 0.07 && $p95 < 0.5, "p50 $p50, p95 $p95 of a minute";
is_deeply [percentiles('period 10s')], [$p50, $p95], 'of ten seconds';
my $histogram = ask('show histogram be phase response step 60s from -10m');
like $histogram, qr/\n\d+,50,/, 'the histogram';
like ask('show histogram be s1 step 60s from -10m'), qr/\n\d+,50,/, 'of the server';
ok $w->wait_for(sub { my @l = glob "$state/metrics/60s-*.hist"; @l == 1 && -s $l[0] }), 'it is on the disk';

$w->stop('KILL');
$w->start;
$w->cli('clock advance 120s');
is_deeply [percentiles], [$p50, $p95], 'a kill later the percentiles are the same';
is ask('show histogram be phase response step 60s from -10m'), $histogram, 'and the histogram';
$w->cli('clock set 2013-02-15T16:00:30Z');
is_deeply [percentiles('period 5m from 2013-02-15T15:00:00Z to 2013-02-15T15:05:00Z')], [$p50, $p95],
    'five minutes of it';
is_deeply [percentiles('period 1h from 2013-02-15T15:00:00Z to 2013-02-15T16:00:00Z')], [$p50, $p95],
    'an hour';

# a damaged log counts as far as it is good; one too old goes
my ($log) = glob "$state/metrics/60s-*.hist";
open my $f, '>>', $log or die;
print $f 'x' x 100;
close $f;
open $f, '>', "$state/metrics/10s-1000000000.hist" or die;
close $f;
$w->stop;
$w->start;
$w->cli('clock advance 120s');
is_deeply [percentiles], [$p50, $p95], 'a log that was cut off';
ok !-e "$state/metrics/10s-1000000000.hist", 'an old one is gone';
done_testing;
