# 100 reloads under load, by SIGHUP and by the socket: backends, servers, weights,
# rules and certificates change, no request is lost, no idle client is closed.
use v5.36;
use Backend qw(:all);
use Cert;
use Load;
use Weir;
use Test::More;

my $ROUNDS = $ENV{WEIR_SLOW} ? 1000 : 100;
my @srv = map { Backend->new(response(200, "hello\n")) } 1 .. 3;
my $tmp = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my @pem = map { Cert->self_signed("$tmp/$_.pem", cn => "cert$_.test") } 0, 1;
sub use_cert ($n) { Cert::spew("$tmp/tls.pem", Cert::slurp($pem[$n]), 0600) }
use_cert(0);

# Servers come and go, and with them the backend every third time.
sub text ($i) {
	my $be = 'b' . int($i / 3) % 2;
	my @in = map { ($i + $_) % 3 } 0 .. $i % 2;
	return "frontend f\n\tbind \"fd\@\${http}\"\n" .
	    "\tbind \"fd\@\${tls}\" ssl crt \"\${PEM}\"\n" .
	    "\thttp-response set-header x-round $i\n" .
	    ($i % 4 == 1 ? "\thttp-request deny if { path /never }\n" : '') .
	    ($i % 5 == 2 ? "\tuse_backend other if { path_beg /o }\n" : '') .
	    "\tdefault_backend $be\n" .
	    "backend $be\n\tbalance @{[ (qw(roundrobin leastconn random))[$i % 3] ]}\n" .
	    join('', map { "\tserver s$_ 127.0.0.1:@{[ $srv[$_]->port ]} weight " .
	        (1 + ($i * 7 + $_) % 9) . ($i % 2 ? ' maxconn 50' : '') . "\n" } @in) .
	    ($i % 5 == 2 ? "backend other\n\tserver o 127.0.0.1:@{[ $srv[0]->port ]}\n" : '') .
	    "backend mark$i\n";
}

my $w = Weir->new(defaults => 'http', binds => [qw(http tls)],
    env => { PEM => "$tmp/tls.pem" }, cfg => text(0));

my $load = Load->new(port => $w->port('http'), conns => 8, body => "hello\n", rate => 1500);
ok $load->wait_ok(20), 'the load runs';
my $idle = $w->http('http');
is $idle->get->{h}{'x-round'}, 0;

my (%answers, $late, $closed);
for my $i (1 .. $ROUNDS) {
	$w->write_file('t.cfg', text($i));
	use_cert(int($i / 10) % 2) if $i % 10 == 0;
	if ($i % 2) {
		$w->signal('HUP');
		$w->wait_for(sub { $w->stat("mark$i", 'BACKEND') }, 5, "reload $i") or last;
	} else {
		my ($first) = split /\n/, $w->cli('reload');
		$answers{$first}++;
	}
	my $r = $i % 10 ? $w->http('http')->get : $idle->get;
	$late++ if ($r->{h}{'x-round'} // -1) != $i;
	$closed++ if !$r && $i % 10 == 0;
}
is_deeply \%answers, { 'Success=1' => $ROUNDS / 2 }, 'the socket tells';
is $late, undef, 'after the answer each new request sees the new rules';
is $closed, undef, 'an idle client stays';
for my $n (0, 1) {
	use_cert($n);
	$w->cli('reload');
	my $text = qx{echo | timeout 5 openssl s_client -connect 127.0.0.1:@{[ $w->port('tls') ]} 2>&1};
	like $text, qr/CN = cert$n\.test/, "certificate $n";
}
ok $load->wait_ok(50), 'the load still runs';
my $r = $load->stop;
is $r->{lost}, 0, 'no request lost' or diag explain $r;
is $r->{ka}, 0, 'no keep-alive connection closed silently';
cmp_ok $r->{ok}, '>', 2 * $ROUNDS, "answers: $r->{ok}, slowest $r->{max_ms} ms";
is $w->stop, 143;
done_testing;
