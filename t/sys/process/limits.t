# Few descriptors, little memory: what is open is served, new clients wait or are
# shed, nothing spins, and everything is as before when room is there again.
use v5.36;
use Backend qw(:all);
use Cert;
use Weir;
use Test::More;

my $srv = Backend->new(response(200, "hello\n"));
sub cpu_s ($w) {
	my @f = split ' ', Cert::slurp("/proc/@{[ $w->pid ]}/stat") =~ s/^.*\) //r;
	return ($f[11] + $f[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

for my $nofile (256, 128) {
	my $w = Weir->new(defaults => 'http', binds => ['fe'], limits => { nofile => $nofile },
	    env => { SRV => $srv->addr }, cfg => <<'CFG');
frontend f
	bind "fd@${fe}"
	timeout http-request 30s
	default_backend be
backend be
	server s1 "${SRV}"
CFG
	ok $w->info->{Maxconn} < $nofile / 2, "$nofile descriptors: maxconn fits";
	my $kept = $w->http('fe');
	is $kept->get->{body}, "hello\n", 'a client';
	my @half;
	for (1 .. 400) {
		my $c = eval { $w->http('fe') } // last;
		$c->send("GET / HTTP/1.1\r\nHost: ");
		push @half, $c;
	}
	ok $w->wait_for(sub { $w->info->{CurrConns} >= $w->info->{Maxconn} - 4 }), 'full';
	my $cpu = cpu_s($w);
	my $end = Time::HiRes::time() + 0.5;
	Weir::nap(0.05) while Time::HiRes::time() < $end;
	cmp_ok cpu_s($w) - $cpu, '<', 0.1 * $Weir::PATIENCE, 'no spin';
	is $half[0]->request("a\r\n\r\n")->{body}, "hello\n", 'what is open is served';
	$_->close for @half;
	@half = ();
	my $good = 0;
	for (1 .. 20) {
		my $c = $w->http('fe');
		my $r = $c->get;
		$good++ if $r && $r->{body} eq "hello\n";
	}
	is $good, 20, 'all served afterwards';
	ok $w->wait_for(sub { $w->info->{CurrConns} <= 2 }), 'and nothing is left';
	is $w->stop, 143;
}

# 3,000 uploads under -m 64: back-pressure, no death
my $sink = Backend->new(sub ($req) { response(200, length $req->{body}) });
my $w = Weir->new(defaults => 'http', binds => ['fe'], args => ['-m', 64],
    env => { SRV => $sink->addr }, cfg => <<'CFG');
listen f
	bind "fd@${fe}"
	server s1 "${SRV}" maxconn 20
	timeout queue 10s
CFG
my @up = map { my $c = eval { $w->http('fe') }; $c ? $c : () } 1 .. 300;
$_->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n" . 'x' x 15000) for @up;
$_->send('x' x 15000) for @up;
my %seen;
$seen{ ($_->read_response // { status => 'cut' })->{status} }++ for @up;
is $seen{cut}, undef, 'every upload is answered' or diag explain \%seen;
cmp_ok $seen{200} // 0, '>=', 250, 'nearly all of them by the server';
my $rss = Cert::slurp("/proc/@{[ $w->pid ]}/status") =~ /^VmHWM:\s+(\d+)/m ? $1 : 0;
cmp_ok $rss, '<', 100 * 1024, "peak memory: $rss KiB" unless ($ENV{VARIANT} // '') =~ /asan|tsan/;
is $w->stop, 143;
done_testing;
