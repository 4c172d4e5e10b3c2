# An answer before the upload's end reaches the client, whatever the server does
# behind it and however much the client still sends.
use v5.36;
use IO::Socket::IP;
use Socket;
use Time::HiRes qw(time);
use Weir;
use Test::More;

my $srv = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Type => SOCK_STREAM,
    Listen => 16) or die "listen: $@";
my $w = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<'CFG',
listen l
	bind "fd@${fe}"
	retries 0
	server s "${SRV}"
CFG
    env => { SRV => '127.0.0.1:' . $srv->sockport });
my $FULL = "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nbig\n";
my $TO_END = "HTTP/1.1 413 Too Large\r\n\r\nbig\n";

sub reset_it ($s) {
	setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
	close $s;
}

# A client that sends all before it reads: (what it read, bytes it could not send)
sub upload ($c, $left) {
	my $chunk = 'x' x 65536;
	while ($left > 0) {
		my $n = syswrite $c, $chunk, $left < 65536 ? $left : 65536;
		last unless $n;
		$left -= $n;
	}
	my $got = '';
	1 while sysread $c, $got, 65536, length $got;
	return ($got, $left);
}

# The server has seen the head and a part of the body
sub begin ($length, $part) {
	my $c = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $w->port('fe'),
	    Type => SOCK_STREAM) // die "connect: $@";
	syswrite $c, "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: $length\r\n\r\n" . 'x' x $part;
	my $s = $srv->accept;
	my $got = '';
	sysread $s, $got, 65536, length $got while length($got) < $part || $got !~ /\r\n\r\nx{$part}/;
	return ($c, $s);
}

# What comes behind the answer is read, for a while: without that a reset would
# take the answer from the client.
for my $case (['a length', $FULL, sub ($s) { close $s }], ['then a reset', $FULL, \&reset_it],
    ['its end', $TO_END, sub ($s) { close $s }]) {
	my ($what, $answer, $end) = @$case;
	my ($c, $s) = begin(2_000_000, 1000);
	syswrite $s, $answer;
	shutdown $s, 1;
	$end->($s);
	my ($got, $left) = upload($c, 1_999_000);
	like $got, qr{^HTTP/1\.1 413 .*\r\nconnection: close\r\n.*big\n}si, "$what: the answer is read";
	is $left, 0, 'after all was sent';
}

# The reset is there before weir has sent what it holds: it reads, then fails.
for my $case (['in the upload', 1000], ['at its start', 0]) {
	my ($what, $part) = @$case;
	my ($c, $s) = begin(200_000, $part);
	$w->while_stopped(sub {
		syswrite $c, 'x' x 50_000;
		syswrite $s, $FULL;
		reset_it($s);
	});
	my ($got) = upload($c, 150_000 - $part);
	like $got, qr{^HTTP/1\.1 413 .*big\n}s, "reset $what: the answer is read";
}

# Not an answer: the reset cuts what would end with the connection.
{
	my ($c, $s) = begin(200_000, 1000);
	$w->while_stopped(sub {
		syswrite $c, 'x' x 50_000;
		syswrite $s, $TO_END;
		reset_it($s);
	});
	my ($got) = upload($c, 149_000);
	unlike $got, qr/\r\n0\r\n\r\n/, 'a body that a reset has cut has no end';
}

# Who goes on and on is cut after a second.
{
	my ($c, $s) = begin(1 << 40, 1000);
	syswrite $s, $FULL;
	my $from = time;
	my $chunk = 'x' x 65536;
	1 while time < $from + 8 && syswrite $c, $chunk;
	cmp_ok time - $from, '<', 5, 'no more than a second is drained';
}
is $w->http('fe')->request("BAD\x01 / HTTP/1.1\r\n\r\n")->{status}, 400, 'weir goes on';
is $w->stop, 143;
done_testing;
