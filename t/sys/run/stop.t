# Whatever is under way when weir is told to stop: it ends by the signal.
use v5.36;
use lib 't/lib';
use Backend qw(:all);
use Cert;
use File::Temp ();
use Weir;
use Test::More;

my $dir = File::Temp->newdir;
Cert->self_signed("$dir/c.pem");
my $hang = Backend->new({ '*' => [HANG] });
my %env = (HANG => $hang->addr, PEM => "$dir/c.pem");
my $cfg = <<'CFG';
global
	nbthread 4
frontend t
	bind "fd@${tls}" ssl crt "${PEM}"
	http-request return status 200
frontend p
	bind "fd@${pp}" accept-proxy
	http-request return status 200
frontend f
	bind "fd@${fe}"
	default_backend b
backend b
	timeout server 60s
	timeout queue 60s
	server s1 "${HANG}" maxconn 2
CFG

sub weir ($more = '') {
	return Weir->new(binds => ['tls', 'pp', 'fe'], defaults => 'http', env => \%env,
	    cfg => $cfg . $more);
}

{
	my $w = weir();
	my @open = map { $w->http($_) } qw(tls pp fe), ('tls') x 8;
	$open[2]->send("GET /half HTTP/1.1\r\n");
	ok $w->wait_for(sub { $w->stat('t', 'FRONTEND')->{scur} == 9 }), 'handshakes wait';
	is $w->stop, 143, 'stopped during handshakes and half requests';
}
{
	my $w = weir();
	my @open = map { $w->http('fe') } 1 .. 40;
	$_->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") for @open;
	ok $w->wait_for(sub { $w->stat('b', 'BACKEND')->{qcur} == 38 }), '38 are queued';
	is $w->stop, 143, 'stopped with a full queue';
}
{	# slots travel between threads when it stops
	for my $round (1 .. 3) {
		my $w = weir();
		my @open = map { $w->http('fe') } 1 .. 60;
		$_->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") for @open;
		$w->wait_for(sub { $w->stat('b', 'BACKEND')->{qcur} == 58 });
		$_->reset for @open[0 .. 39];
		is $w->stop, 143, "stopped while slots change hands, $round";
	}
}
{
	for my $round (1 .. 3) {
		my $w = weir(join '', map { "backend n$_\n\tserver s 127.0.0.1:1\n" } 1 .. 2000);
		$w->signal('HUP');
		$w->cli('show info') if $round > 1;
		is $w->stop, 143, "stopped during a reload, $round";
	}
}
done_testing;
