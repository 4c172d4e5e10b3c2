# Hostile TLS clients: an alert or a close, never an answer; others are served.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
chmod 0600, "$dir/a.pem";
my $w = Weir->new(defaults => 'http', binds => ['tls'], env => { C => "$dir" }, cfg => <<'CFG');
frontend f
	timeout client-hs 1s
	bind "fd@${tls}" ssl crt "${C}/a.pem"
	http-request return status 200 content-type text/plain string hi
CFG

sub works ($why) {
	my $port = $w->port('tls');
	my $r = $w->curl('--cacert', $ca->file, '--resolve', "a.test:$port:127.0.0.1",
	    "https://a.test:$port/");
	is $r->{out}, 'hi', "served after: $why" or diag $r->{err};
}

# A ClientHello of TLS 1.2 with these extensions (already encoded)
sub hello (%o) {
	my $ext = join '', @{ $o{ext} // [] };
	my $body = "\x03\x03" . 'r' x 32 . "\0" . pack('n/a', "\xc0\x2b\xc0\x2f") . "\x01\x00" .
	    pack('n/a', $ext);
	my $msg = "\x01" . substr(pack('N', length $body), 1) . $body;
	return $msg if $o{bare};
	return "\x16\x03\x01" . pack('n/a', $msg);
}
sub ext ($type, $data) { return pack 'n n/a', $type, $data }
sub sni ($name) { return ext(0, pack 'n/a', "\0" . pack 'n/a', $name) }

my $groups = ext(10, pack 'n/a', "\x00\x17");
my $algs = ext(13, pack 'n/a', "\x04\x03\x08\x04\x04\x01");
my $rand = join '', map { chr(($_ * 167 + 13) & 255) } 1 .. 5000;
my %bad = (
	'plain HTTP' => "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	'SSH' => "SSH-2.0-OpenSSH_9.2\r\n",
	'PROXY header' => "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
	'random bytes' => $rand,
	'zeros' => "\0" x 1000,
	'ones' => "\xff" x 1000,
	'SSLv2 hello' => "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" . 'x' x 37,
	'application data first' => "\x17\x03\x03\x00\x05hello",
	'an alert' => "\x15\x03\x01\x00\x02\x02\x28",
	'change cipher spec first' => "\x14\x03\x01\x00\x01\x01",
	'record longer than allowed' => "\x16\x03\x01\xff\xff" . 'x' x 100,
	'hello longer than allowed' => "\x16\x03\x01\x00\x04\x01\xff\xff\xff" . "\x16\x03\x01\x00\x04xxxx",
	'empty record' => "\x16\x03\x01\x00\x00" x 100,
	'server hello' => "\x16\x03\x03\x00\x04\x02\x00\x00\x00",
	'SNI: empty name' => hello(ext => [ sni(''), $groups, $algs ]),
	'SNI: NUL' => hello(ext => [ sni("a.test\0.evil"), $groups, $algs ]),
	'SNI: too long' => hello(ext => [ sni('a' x 300), $groups, $algs ]),
	'SNI: cut' => hello(ext => [ ext(0, "\x00\x20\x00\x00\x40a"), $groups, $algs ]),
	'SNI: wrong type' => hello(ext => [ ext(0, pack 'n/a', "\x07\x00\x01a"), $groups, $algs ]),
	'SNI: twice' => hello(ext => [ sni('a.test'), sni('b.test'), $groups, $algs ]),
	'ALPN: empty list' => hello(ext => [ ext(16, "\0\0"), $groups, $algs ]),
	'ALPN: empty name' => hello(ext => [ ext(16, "\0\1\0"), $groups, $algs ]),
	'ALPN: cut' => hello(ext => [ ext(16, "\0\x09\x08http"), $groups, $algs ]),
	'extensions longer than the hello' => hello(ext => [ "\x00\x0a\xff\xff" ]),
	'no common suite' => do { (my $h = hello(ext => [ $groups, $algs ])) =~
	    s/\xc0\x2b\xc0\x2f/\x00\x2f\x00\x35/; $h },
	'early data without a session' => hello(ext => [ ext(42, ''), $groups, $algs ]) . "\x17\x03\x03\x00\x02hi",
);

for my $why (sort keys %bad) {
	my $c = $w->http('tls');
	$c->send($bad{$why});
	$c->shut;
	my $got = $c->read_until_close(5) // '';
	unlike $got, qr/HTTP\/1|hi$/, "$why: no answer";
	ok $got eq '' || ord($got) == 0x15 || ord($got) == 0x16, "$why: an alert, a hello or close";
	$c->close;
}
works('the table');

# legal splitting is served
{
	my $c = $w->http('tls');
	my $msg = hello(bare => 1, ext => [ sni('a.test'), $groups, $algs ]);
	my $split = join '', map { "\x16\x03\x01" . pack('n/a', $_) } $msg =~ /(.{1,7})/gs;
	$c->send_bytewise($split);
	my $got = $c->read_bytes(6, 5) // '';
	is unpack('H2 x4 H2', $got), '16', 'a hello in small records, byte by byte, is answered';
	$c->close;
}

# stalled handshakes end at their deadline and hurt nobody
{
	my @stalled = map { $w->http('tls') } 1 .. 50;
	$_->send("\x16\x03\x01\x02\x00\x01") for @stalled;
	works('50 stalled handshakes');
	is scalar(grep { $_->is_closed(5) } @stalled), 50, 'stalled handshakes are closed';
}

# aborted ones
for (1 .. 100) {
	my $c = $w->http('tls');
	$c->send(hello(ext => [ sni('a.test'), $groups, $algs ]));
	$_ % 2 ? $c->reset : $c->close;
}
works('100 aborted handshakes');

# weak suites and old versions alone
for my $suite (split /[:\s]+/, qx{openssl ciphers 'ALL:COMPLEMENTOFALL:!PSK:!SRP:\@SECLEVEL=0'}) {
	next if $suite =~ /^TLS_|^ECDHE-(ECDSA|RSA)-(AES\d+-GCM|CHACHA20)/;
	my $out = qx{openssl s_client -connect 127.0.0.1:${\ $w->port('tls')} -tls1_2 -cipher '$suite:\@SECLEVEL=0' </dev/null 2>&1};
	like $out, qr/Cipher is \(NONE\)|no ciphers available/, "$suite is refused";
}
for my $v (qw(tls1 tls1_1)) {
	my $out = qx{openssl s_client -connect 127.0.0.1:${\ $w->port('tls')} -$v -cipher 'ALL:\@SECLEVEL=0' </dev/null 2>&1};
	like $out, qr/Cipher is \(NONE\)/, "$v is refused";
}
works('all of it');
done_testing;
