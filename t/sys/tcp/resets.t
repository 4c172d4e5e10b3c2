# A reset that weir learns in one edge with data: it came while weir stood still.
# Nothing is written in these tests that would meet it, and timeouts are long.
use v5.36;
use IO::Socket::IP;
use Socket;
use Time::HiRes qw(time);
use Weir;
use Test::More;

my $srv = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Type => SOCK_STREAM,
    Listen => 16) or die "listen: $@";
my $w = Weir->new(binds => [qw(tcp http)], env => { SRV => '127.0.0.1:' . $srv->sockport },
    cfg => <<'CFG');
defaults
	timeout connect 60s
	timeout client 60s
	timeout server 60s
listen tcp
	mode tcp
	bind "fd@${tcp}"
	server s "${SRV}"
listen http
	mode http
	bind "fd@${http}"
	server s "${SRV}"
CFG

sub client ($name) {
	return IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $w->port($name),
	    Type => SOCK_STREAM) // die "connect: $@";
}

# Whatever comes until the end: (bytes, how it ended, seconds)
sub rest ($s) {
	my ($from, $got, $n) = (time, '');
	vec(my $bits = '', fileno $s, 1) = 1;
	do {
		return ($got, 'timeout', time - $from) unless select my $r = $bits, undef, undef, 10;
		$n = sysread $s, $got, 65536, length $got;
	} while ($n);
	return ($got, defined $n ? 'end' : 'reset', time - $from);
}

# The bytes and a reset right behind them, both before weir looks
sub say_and_reset ($s, $bytes) {
	$w->while_stopped(sub {
		syswrite $s, $bytes;
		setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
		close $s;
	});
}

# A tunnel that has carried bytes both ways: (client, server)
sub tunnel () {
	my $c = client('tcp');
	syswrite $c, 'ping';
	my $s = $srv->accept;
	sysread $s, my $got, 4;
	syswrite $s, 'pong';
	sysread $c, $got, 4;
	is $got, 'pong', 'the tunnel stands';
	return ($c, $s);
}

{
	my ($c, $s) = tunnel();
	say_and_reset($c, 'last');
	my ($got, undef, $seconds) = rest($s);
	is $got, 'last', 'client: its last bytes arrive';
	cmp_ok $seconds, '<', 5, 'then the server is told';
}
{
	my ($c, $s) = tunnel();
	say_and_reset($s, 'last');
	my ($got, $end, $seconds) = rest($c);
	is $got, 'last', 'server: its last bytes arrive';
	is $end, 'reset', 'then the client is told';
	cmp_ok $seconds, '<', 5, 'soon';
}
for my $case (['a head', "HTTP/1.1 200 OK\r\nContent-Le", qr{^HTTP/1.1 502 }],
    ['a first piece', "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel", qr/\r\n\r\nhel$/]) {
	my ($what, $bytes, $want) = @$case;
	my $c = client('http');
	syswrite $c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	my $s = $srv->accept;
	sysread $s, my $head, 1000;
	say_and_reset($s, $bytes);
	my ($got, undef, $seconds) = rest($c);
	like $got, $want, "$what: what the client sees";
	cmp_ok $seconds, '<', 5, 'soon';
}
{
	my $c = client('http');
	syswrite $c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	my $s = $srv->accept;
	sysread $s, my $head, 1000;
	syswrite $s, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel";
	my $got = '';
	sysread $c, $got, 1000, length $got while $got !~ /hel$/;
	say_and_reset($s, 'lo');
	my ($more, undef, $seconds) = rest($c);
	is $more, 'lo', 'in a body: what came before it';
	cmp_ok $seconds, '<', 5, 'then a cut, soon';
}
my $st = $w->stat('http', 's');
is $st->{eresp} + $st->{srv_abrt}, 3, 'counted';
is $w->stop, 143;
done_testing;
