# Steady load and a reload each 600 ms for SOAK_S seconds (600): nothing lost, no
# growth.
use v5.36;
use Weir;
use Backend qw(:all);
use Load;
use Test::More;
use Time::HiRes qw(time);

plan skip_all => 'slow: WEIR_SLOW=1' unless $ENV{WEIR_SLOW};
my $seconds = $ENV{SOAK_S} // 600;
my $srv = Backend->new(response(200, 'x' x 1000));
my $w = Weir->new(defaults => 'http', binds => ['fe'], env => { SRV => $srv->addr }, cfg => <<'CFG');
global
	metrics-memory 1m	# metrics grow into it as time goes by
listen l
	bind "fd@${fe}"
	option forwardfor
	server s1 "${SRV}" check inter 1s
CFG

sub rss_kib () {
	open my $f, '<', '/proc/' . $w->pid . '/status' or return 0;
	return (join '', <$f>) =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}
sub fds () { return scalar(() = glob '/proc/' . $w->pid . '/fd/*') }

my $load = Load->new(port => $w->port('fe'), body => 'x' x 1000, seconds => $seconds + 60);
$load->wait_ok(2000);
# the second snapshot and what it brings; the trail of reloads grows to its limit later
for (1 .. 20) {
	$w->cli('reload');
	$load->wait_ok(100);
}
my ($rss, $fds, $end, $reloads) = (rss_kib(), fds(), time + $seconds, 0);
while (time < $end && $w->alive) {
	$w->cli('reload');
	$reloads++;
	Weir::nap(0.6);
	$srv->forget;
}
$load->wait_ok(200);
my ($rss_end, $fds_end) = (rss_kib(), fds());
my $r = $load->stop;
note "$r->{ok} requests, $reloads reloads, $rss to $rss_end KiB, $fds to $fds_end descriptors";
is $r->{lost}, 0, 'lost' or diag explain [$r->{statuses}, $r->{errors}];
is $r->{ka}, 0, 'closed in silence';
cmp_ok $rss_end - $rss, '<', 1024, 'memory does not grow';
cmp_ok abs($fds_end - $fds), '<', 8, 'descriptors do not grow';
done_testing;
