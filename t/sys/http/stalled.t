# A client that does not read has its timeout, whatever else it does; one that
# reads slowly is served; what a client sends behind its last request takes
# nothing of the answer away.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use RawHTTP;
use IO::Socket::INET;
use Socket qw(:DEFAULT IPPROTO_TCP TCP_MAXSEG);
use Time::HiRes qw(time);
use Test::More;

my $big = response(200, 'x' x (16 << 20));
my $body = join '', map { sprintf "%07d\n", $_ } 1 .. 60_000;	# 480 kB
my $short = substr $body, 0, 96_000;
my $srv = Backend->new(sub ($req) {
	return $req->{path} eq '/late' ? [PAUSE(0.1), response(200, $short)] :
	    $req->{path} eq '/some' ? response(200, $body) : $big;
}, on_head => sub ($req) { $req->{method} eq 'POST' ? $big : undef });
my $w = Weir->new(binds => [qw(brief splice)], defaults => 'http',
    env => { SRV => $srv->addr }, cfg => <<'CFG');
global
	nbthread 1
	tune.sndbuf.client 16384
defaults
	mode http
	timeout connect 5s
	timeout server 20s
	timeout client 400ms
listen brief
	bind "fd@${brief}"
	no option splice-auto
	server s1 "${SRV}"
listen splice
	bind "fd@${splice}"
	option splice-response
	server s1 "${SRV}"
CFG

# Little room and short segments: the kernels hold little, and move it evenly.
sub client ($from, $name) {
	socket my $s, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	setsockopt $s, SOL_SOCKET, SO_RCVBUF, pack 'i', 8192 or die "SO_RCVBUF: $!";
	setsockopt $s, IPPROTO_TCP, TCP_MAXSEG, pack 'i', 1000 or die "TCP_MAXSEG: $!";
	connect $s, pack_sockaddr_in $from->port($name), inet_aton '127.0.0.1' or die "connect: $!";
	return RawHTTP->new(socket => bless $s, 'IO::Socket::INET');
}

sub is_over ($name) { return $w->stat($name, 'FRONTEND')->{scur} == 0 }

# As long as the server takes the upload no more, the client has still to read.
{
	my $c = client($w, 'brief');
	$c->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nx");
	ok $c->wait_io(0, time + 5), 'an early answer begins';
	$srv->freeze;
	$c->socket->blocking(0);
	my $ended = $w->wait_for(sub {
		1 while syswrite $c->socket, 'y' x 65536;
		is_over('brief');
	}, 4);
	ok $ended, 'client and server are both stuck: timeout client ends it';
	$srv->thaw;
}

# Sending is not reading.
{
	my $c = client($w, 'brief');
	$c->send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
	ok $w->wait_for(sub { syswrite $c->socket, 'G'; is_over('brief') }, 4),
	    'who sends but does not read has no more time';
}

# Slow, but never silent for timeout client.
for my $name (qw(brief splice)) {
	my ($c, $got, $start) = (client($w, $name), '', time);
	$c->send("GET /some HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	while (1) {
		my $n = sysread $c->socket, $got, 8192, length $got;
		last unless $n || (!defined $n && $!{EAGAIN});
		Weir::nap(0.015);
	}
	ok $got =~ s/^.*?\r\n\r\n//s && $got eq $body, "$name: a slow reader has it all" or
	    diag length $got, ' bytes ', time - $start, ' s';
}

is $w->stop, 143;

# Bytes behind a last request lie unread when the connection ends.
$w = Weir->new(binds => ['fe'], defaults => 'http', env => { SRV => $srv->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	server s1 "${SRV}"
CFG
{
	my $c = client($w, 'fe');
	my $n = $srv->requests;
	$c->send("GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	ok $w->wait_for(sub { $srv->requests > $n }), 'the request is at the server';
	$c->send("\r\nGET /not HTTP/1.1\r\nHost: a\r\n\r\n");
	ok $w->wait_for(sub { $w->stat('l', 's1')->{hrsp_2xx} == 1 }), 'it was answered';
	my $r = $c->read_response;
	ok $r && $r->{body} eq $short, 'the answer is complete' or diag $c->error;
	ok $c->is_closed, 'and the last';
	is $c->ended, 'fin', 'with a FIN';
}
is $w->stop, 143;
done_testing;
