# Checks go through what lies below: TLS of the server, PROXY headers.
use v5.36;
use Backend qw(:all);
use Cert;
use IO::Socket::IP;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $pem = Cert->self_signed("$dir/x.pem");
# A TLS server: weir itself, in another process
my $tls = Weir->new(defaults => 'http', binds => ['fe', 'plain'], cfg => <<"CFG");
frontend f
	bind "fd\@\${fe}" ssl crt $pem
	bind "fd\@\${plain}"
	http-request return status 200 content-type text/plain string hi
CFG
my $v1 = Backend->new(response(200), proxy => 1);
my $v2 = Backend->new(undef, tcp => sub ($bytes, $) { response(200) });
my $hang = Backend->new(undef, tcp => sub ($bytes, $) { '' });
my $own = Backend->new(response(200));
my $tls_port = $tls->port('fe');
my $w = Weir->new(defaults => 'http', cfg => <<"CFG");
defaults
	mode http
	timeout connect 1s
	timeout server 1s
	timeout check 250ms
	default-server inter 300ms fastinter 20ms downinter 20ms fall 1
backend b
	server l6 127.0.0.1:$tls_port ssl verify none check
	server bad 127.0.0.1:$tls_port ssl ca-file /etc/ssl/certs/ca-certificates.crt check
	server notls 127.0.0.1:@{[ $tls->port('plain') ]} ssl verify none check
	server hang 127.0.0.1:@{[ $hang->port ]} ssl verify none check
	server off 127.0.0.1:@{[ $hang->port ]} ssl verify none check no-check-ssl
	server other 127.0.0.1:$tls_port ssl verify none check port @{[ $own->port ]}
backend h
	option httpchk GET /
	server l7 127.0.0.1:$tls_port ssl verify none check
	server other 127.0.0.1:1 ssl verify none check port $tls_port check-ssl
	server v1 127.0.0.1:@{[ $v1->port ]} send-proxy check
	server v2 127.0.0.1:@{[ $v2->port ]} send-proxy-v2 check
	server own 127.0.0.1:1 send-proxy check port @{[ $own->port ]}
CFG

my %want = ('b/l6' => 'L6OK', 'b/bad' => 'L6RSP', 'b/notls' => 'L6RSP', 'b/hang' => 'L6TOUT',
	'b/off' => 'L4OK', 'b/other' => 'L4OK', 'h/l7' => 'L7OK', 'h/other' => 'L7OK',
	'h/v1' => 'L7OK', 'h/v2' => 'L7OK', 'h/own' => 'L7OK');
for (sort keys %want) {
	my ($be, $srv) = split '/';
	my $status;
	ok $w->wait_for(sub {
		$status = ($w->stat($be, $srv) // {})->{check_status} // '';
		$status =~ s/^\* //;
		return $status eq $want{$_};
	}), "$_: $want{$_}" or diag $status, ' ', $w->stat($be, $srv)->{last_chk};
}
like $w->stat('b', 'bad')->{last_chk}, qr/^SSL handshake failure/;
my ($r) = $v1->requests;
is $r->{raw}, "GET / HTTP/1.0\r\n\r\n";
my $header = $v1->received;
like $header, qr/^PROXY UNKNOWN\r\nGET /, 'PROXY v1 before the request';
like $v2->received, qr/^\r\n\r\n\0\r\nQUIT\n\x20/, 'PROXY v2 says LOCAL';
unlike $own->received, qr/PROXY/, 'none on a port of its own';
$_->stop for $w, $tls;
done_testing;
