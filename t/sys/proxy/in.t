# accept-proxy: versions 1 and 2, families, LOCAL and UNKNOWN, TLVs, checksums; a
# header byte by byte; what is malformed, cut or missing is refused.
use v5.36;
use Backend qw(:all);
use CRC;
use Socket qw(inet_pton AF_INET6);
use SyslogSink;
use Weir;
use Test::More;

my $log = SyslogSink->new;
my $w = Weir->new(defaults => 'http', binds => [qw(pp tcp)],
    env => { LOG => $log->addr, ECHO => Backend->echo->addr }, cfg => <<'CFG');
frontend f
	bind "fd@${pp}" accept-proxy
	log "${LOG}" local0
	timeout client-hs 1s
	http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port] ;"
listen t
	mode tcp
	bind "fd@${tcp}" accept-proxy
	server e "${ECHO}"
CFG

my $SIG = "\r\n\r\n\0\r\nQUIT\n";
my $GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
my $V4 = pack('C4C4nn', 192, 0, 2, 1, 198, 51, 100, 2, 1111, 80);
my $V6 = inet_pton(AF_INET6, '2001:db8::1') . inet_pton(AF_INET6, '2001:db8::2') . pack 'nn', 2222, 443;
sub v2 ($cmd, $family, $body, $size = length $body) {
	return $SIG . pack('CCn', 0x20 | $cmd, $family, $size) . $body;
}
sub tlv ($type, $value) { return pack('Cn', $type, length $value) . $value }
sub with_crc ($right = 1) {
	my $h = v2(1, 0x11, $V4 . tlv(4, 'pad') . tlv(3, "\0\0\0\0"));
	substr($h, -4) = pack 'N', crc32c($h) ^ !$right;
	return $h;
}

# header, what the rules see (T: the true addresses)
my @GOOD = (
	[ 'v1 TCP4', "PROXY TCP4 192.0.2.1 198.51.100.2 1111 80\r\n", '192.0.2.1:1111 198.51.100.2:80 ' ],
	[ 'v1 TCP6', "PROXY TCP6 2001:db8::1 2001:db8::2 2222 443\r\n", '2001:db8::1:2222 2001:db8::2:443 ' ],
	[ 'v1 UNKNOWN', "PROXY UNKNOWN\r\n", 'T' ],
	[ 'v1 UNKNOWN with more', "PROXY UNKNOWN ffff:f...f ffff 65535 65535\r\n", 'T' ],
	[ 'v2 TCP4', v2(1, 0x11, $V4), '192.0.2.1:1111 198.51.100.2:80 ' ],
	[ 'v2 TCP6', v2(1, 0x21, $V6), '2001:db8::1:2222 2001:db8::2:443 ' ],
	[ 'v2 LOCAL', v2(0, 0, ''), 'T' ],
	[ 'v2 LOCAL with an address', v2(0, 0x11, $V4), 'T' ],
	[ 'v2 AF_UNSPEC', v2(1, 0, 'whatever'), 'T' ],
	[ 'v2 TLVs', v2(1, 0x11, $V4 . tlv(2, 'name.test') . tlv(0xe1, 'x' x 300)), '192.0.2.1:1111 ' ],
	[ 'v2 crc32c', with_crc(), '192.0.2.1:1111 ' ],
);
sub seen ($c, $want) {
	my $r = $c->read_response;
	return undef unless $r;
	return $want eq 'T' ? $r->{body} =~ /^127\.0\.0\.1:@{[ $c->local_port ]} 127\.0\.0\.1:/ ? 'T' : $r->{body}
	    : index($r->{body}, $want) == 0 ? $want : $r->{body};
}
for (@GOOD) {
	my ($name, $header, $want) = @$_;
	my $c = $w->http('pp');
	$c->send($header . $GET);
	is seen($c, $want), $want, $name or diag $c->error;
	$c = $w->http('pp');
	$c->send_bytewise($header . $GET);
	is seen($c, $want), $want, "$name, byte by byte" or diag $c->error;
}
my $c = $w->http('pp');
$c->send($GOOD[0][1] . $GET);
$c->read_response;
ok $log->find(qr{ 192\.0\.2\.1:1111 }), 'the log has the announced address';

my @BAD = (
	[ 'none', $GET ], [ 'TLS', "\x16\x03\x01\0\x05hello" x 10 ], [ 'lower case', "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n$GET" ],
	[ 'v1 LF', "PROXY TCP4 192.0.2.1 198.51.100.2 1111 80\n$GET" ],
	[ 'v1 too long', 'PROXY UNKNOWN ' . 'x' x 120 . "\r\n$GET" ],
	[ 'v1 family', "PROXY TCP5 192.0.2.1 198.51.100.2 1111 80\r\n$GET" ],
	[ 'v1 v6 in TCP4', "PROXY TCP4 2001:db8::1 2001:db8::2 1111 80\r\n$GET" ],
	[ 'v1 port', "PROXY TCP4 192.0.2.1 198.51.100.2 70000 80\r\n$GET" ],
	[ 'v1 octet', "PROXY TCP4 192.0.2.256 198.51.100.2 1111 80\r\n$GET" ],
	[ 'v1 short', "PROXY TCP4 192.0.2.1 198.51.100.2 1111\r\n$GET" ],
	[ 'v1 more', "PROXY TCP4 192.0.2.1 198.51.100.2 1111 80 x\r\n$GET" ],
	[ 'v2 version', $SIG . pack('CCn', 0x31, 0x11, 12) . $V4 . $GET ],
	[ 'v2 command', v2(5, 0x11, $V4) . $GET ],
	[ 'v2 too short for its family', v2(1, 0x11, substr $V4, 0, 8) . $GET ],
	[ 'v2 v6 too short', v2(1, 0x21, $V4) . $GET ],
	[ 'v2 TLV beyond its end', v2(1, 0x11, $V4 . pack('Cn', 2, 50) . 'x') . $GET ],
	[ 'v2 wrong crc32c', with_crc(0) . $GET ],
	[ 'v2 signature', "\r\n\r\n\0\r\nQUIX\n" . pack('CCn', 0x21, 0x11, 12) . $V4 . $GET ],
);
my $before = $w->stat('f', 'FRONTEND')->{req_tot};
for (@BAD) {
	my ($name, $bytes) = @$_;
	my $bad = $w->http('pp');
	$bad->send($bytes);
	is $bad->read_until_close, '', "refused: $name";
}
for my $whole ($GOOD[0][1], v2(1, 0x11, $V4)) {
	my $cut = $w->http('pp');
	$cut->send(substr $whole, 0, 14);
	$cut->shut;
	is $cut->read_until_close, '', 'refused: cut';
	like $log->find(qr{Truncated}) // '', qr{ f/1: Truncated PROXY protocol header received$}, 'at once';
	$log->forget;
}
my $silent = $w->http('pp');
$silent->send('PROXY TC');
ok $silent->is_closed, 'a header that does not come in time';
is $w->stat('f', 'FRONTEND')->{req_tot}, $before, 'none of them became a request';
$c = $w->http('tcp');
$c->send($GOOD[4][1] . 'after');
is $c->read_bytes(5), 'after', 'TCP: the bytes behind a header go on';
is $w->stop, 143;
done_testing;
