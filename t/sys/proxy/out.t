# send-proxy, send-proxy-v2, -ssl and proxy-v2-options to a server that shows what
# it got, and to another weir. (To nginx: t/sys/peers/nginx_tls.t.)
use v5.36;
use Backend qw(:all);
use CRC;
use Cert;
use Weir;
use Test::More;

my $srv = Backend->new(sub ($req) { response(200, unpack 'H*', $req->{proxy} // '') }, proxy => 1);
my $plain = Backend->new(response(200, 'plain'));
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
chmod 0755, "$dir";
my $pem = Cert->self_signed("$dir/x.pem");

my $w = Weir->new(defaults => 'http', binds => [qw(v1 v2 ssl opts crc double inner uid)],
    env => { SRV => $srv->addr, PLAIN => $plain->addr, PEM => $pem }, cfg => <<'CFG');
listen v1
	bind "fd@${v1}"
	server s "${SRV}" send-proxy
listen v2
	bind "fd@${v2}"
	server s "${SRV}" send-proxy-v2
listen ssl
	bind "fd@${ssl}" ssl crt "${PEM}"
	server s "${SRV}" send-proxy-v2-ssl
listen opts
	bind "fd@${opts}" ssl crt "${PEM}"
	server s "${SRV}" send-proxy-v2 proxy-v2-options ssl,ssl-cipher,cert-sig,cert-key,authority
listen crc
	bind "fd@${crc}"
	server s "${SRV}" send-proxy-v2 proxy-v2-options crc32c
listen uid
	bind "fd@${uid}"
	unique-id-format id-%ci
	server s "${SRV}" send-proxy-v2 proxy-v2-options unique-id
listen double
	bind "fd@${double}"
	server s "127.0.0.1:${PORT_inner}" send-proxy-v2
frontend inner
	bind "fd@${inner}" accept-proxy
	http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port]" if { path /own }
	default_backend next
backend next
	server s "${SRV}" send-proxy
CFG

sub get ($name) {
	my $c = $w->http($name);
	my $r = $c->get;
	return ($r ? $r->{body} : $c->error, $c->local_port);
}
my ($hex, $port) = get('v1');
is pack('H*', $hex), "PROXY TCP4 127.0.0.1 127.0.0.1 $port @{[ $w->port('v1') ]}\r\n", 'v1';

# Takes a version 2 header apart: (command, family, ports, { type => value })
sub parse ($hex) {
	my ($sig, $cmd, $family, $size, $rest) = unpack 'a12CCna*', pack 'H*', $hex;
	is $sig, "\r\n\r\n\0\r\nQUIT\n", 'signature';
	is length $rest, $size, 'length';
	my (undef, undef, @ports) = unpack 'a4a4nn', $rest;
	return ($cmd, $family, \@ports, tlvs(substr $rest, 12));
}
sub tlvs ($bytes) {
	my %t;
	while (length $bytes >= 3) {
		my ($type, $len) = unpack 'Cn', $bytes;
		$t{$type} = substr $bytes, 3, $len;
		substr($bytes, 0, 3 + $len) = '';
	}
	return \%t;
}
($hex, $port) = get('v2');
my ($cmd, $family, $ports, $tlv) = parse($hex);
is_deeply [$cmd, $family, @$ports], [0x21, 0x11, $port, $w->port('v2')], 'v2: proxy, TCP over IPv4, ports';
is_deeply [keys %$tlv], [], 'v2: no TLV';

sub get_tls ($name) {
	my $r = $w->curl('-k', '--resolve', "sni.test:@{[ $w->port($name) ]}:127.0.0.1",
	    "https://sni.test:@{[ $w->port($name) ]}/");
	return $r->{out};
}
($cmd, $family, $ports, $tlv) = parse(get_tls('ssl'));
ok exists $tlv->{0x20}, 'v2-ssl: the SSL TLV' or diag explain $tlv;
my ($client, $verify) = unpack 'CN', $tlv->{0x20} // '';
is(($client // 0) & 1, 1, 'over TLS');
is tlvs(substr $tlv->{0x20} // '', 5)->{0x21} // '', 'TLSv1.3', 'its version';
($cmd, $family, $ports, $tlv) = parse(get_tls('opts'));
my $sub = tlvs(substr $tlv->{0x20} // '', 5);
is $tlv->{2} // '', 'sni.test', 'authority';
like $sub->{0x23} // '', qr/^TLS_/, 'the cipher';
like $sub->{0x24} // '', qr/SHA/i, 'the signature';
like $sub->{0x25} // '', qr/^(EC|id-ec)/, 'the key';

($hex) = get('crc');
($cmd, $family, $ports, $tlv) = parse($hex);
my $sum = unpack 'N', $tlv->{3} // "\0" x 4;
my $bytes = pack 'H*', $hex;
substr($bytes, index($bytes, "\3\0\4" . pack 'N', $sum) + 3, 4) = "\0" x 4;
is $sum, crc32c($bytes), 'crc32c';
($hex) = get('uid');
is((parse($hex))[3]{5}, 'id-127.0.0.1', 'unique-id');

# The client's address through two of them
my $c = $w->http('double');
is $c->get('/own')->{body}, '127.0.0.1:' . $c->local_port, 'the second weir knows the client';
($hex, $port) = get('double');
like pack('H*', $hex), qr/^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 $port @{[ $w->port('double') ]}\r\n\z/,
    'and tells the server';

# A connection belongs to one client: another one must not get its header.
my @two = map { $w->http('v1') } 1, 2;
for (1 .. 3) {
	like pack('H*', $_->get->{body}), qr/ @{[ $_->local_port ]} /, 'each its own' for @two;
}

is $w->stop, 143;
done_testing;
