# Reloads under load lose nothing and leave nothing: 10 in some seconds, then a
# storm of 100 at 50 ms, then one with an error in it.
use v5.36;
use Weir;
use Backend qw(:all);
use Load;
use Test::More;

my $srv = Backend->new(response(200, "hello\n"));
my $cfg = <<'CFG';
listen l
	bind "fd@${fe}"
	balance roundrobin
	server s1 "${SRV}"
	server s2 "${SRV}" weight 10
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe'], env => { SRV => $srv->addr }, cfg => $cfg);

sub rss_kib () {
	open my $f, '<', '/proc/' . $w->pid . '/status' or return 0;
	return (join '', <$f>) =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}
sub fds () { return scalar(() = glob '/proc/' . $w->pid . '/fd/*') }

sub reload () { return $w->cli('reload') }

my $load = Load->new(port => $w->port('fe'), body => "hello\n", seconds => 110);
$load->wait_ok(200);
for (1 .. 10) {
	reload();
	$load->wait_ok(200);
}
my ($rss, $fds) = (rss_kib(), fds());
for (1 .. 100) {
	$w->write_file('t.cfg', $cfg =~ s/weight \d+/weight $_/r);
	reload();
	Weir::nap(0.05);
}
$load->wait_ok(200);
is $w->stat('l', 's2')->{weight}, 100, 'the last one counts';
$w->write_file('t.cfg', $cfg . "\tnonsense\n");
like reload(), qr/nonsense/, 'an error is told';
$load->wait_ok(200);
cmp_ok rss_kib() - $rss, '<', 4096, 'memory does not grow';
my $r = $load->stop;
is $r->{lost}, 0, 'lost' or diag explain [$r->{statuses}, $r->{errors}];
is $r->{ka}, 0, 'closed in silence';
cmp_ok abs(fds() - $fds), '<', 12, 'descriptors do not grow';
done_testing;
