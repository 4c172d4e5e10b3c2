# Checks over TLS with nginx: check-ssl, check-sni, check-alpn, verification; and
# PROXY headers with HAProxy: check-send-proxy, both versions.
use v5.36;
use Cert;
use Nginx;
use Peer;
use Weir;
use Test::More;

my $haproxy = Peer::need('haproxy', '/usr/sbin');
my $p = Peer->new;
my $ca = Cert->new($p->dir);
$ca->issue('a', san => ['DNS:a.test']);
my $dir = $p->dir;
my $ng = Nginx->new(listen => ['t'], format => '$ssl_server_name $ssl_alpn_protocol $ssl_protocol $uri',
    http => <<"CONF");
ssl_certificate $dir/a.crt; ssl_certificate_key $dir/a.key;
ssl_protocols TLSv1.2 TLSv1.3;
server { listen \@t\@ ssl; server_name a.test; }
server { listen \@t\@ ssl default_server; ssl_reject_handshake on; return 200; }
CONF

# Who comes without a PROXY header is refused; the answer says who the client is.
my %socket = map { $_ => $p->file("$_.sock") } qw(proxy plain);
my $conf = $p->write_file('haproxy.cfg', <<"CFG");
defaults
	mode http
	timeout client 2s
	timeout connect 2s
	timeout server 2s
frontend proxy
	bind unix\@$socket{proxy} accept-proxy
	http-request return status 200 content-type text/plain lf-string "from %[src] to %[dst]"
frontend plain
	bind unix\@$socket{plain}
	http-request return status 200
CFG
$p->start($socket{plain}, $haproxy, '-db', '-f', $conf);

my $w = Weir->new(defaults => 'http', env => { T => $ng->addr('t') }, cfg => <<"CFG");
defaults
	mode http
	timeout check 2s
	option httpchk GET /up
	default-server inter 100ms rise 1 fall 1 ca-file $dir/ca.pem
backend tls
	server sni "\${T}" check ssl check-sni a.test verify required verifyhost a.test check-alpn http/1.1
	server without "\${T}" check ssl verify none no-check-sni-auto
	server other "\${T}" check ssl verify none check-sni b.test
	server name "\${T}" check ssl check-sni a.test verify required verifyhost b.test
	server alpn "\${T}" check ssl verify none check-sni a.test check-alpn x-none
	server only "\${T}" check check-ssl verify none check-sni a.test
	server plain "\${T}" check
backend tcp
	option tcp-check
	server ssl "\${T}" check check-ssl verify none check-sni a.test
backend pp
	http-check expect status 200
	server v1 unix\@$socket{proxy} check send-proxy check-send-proxy
	server v2 unix\@$socket{proxy} check send-proxy-v2 check-send-proxy
	server own 127.0.0.1:1 check check-send-proxy addr unix\@$socket{proxy}
	server without unix\@$socket{proxy} check
	server plain unix\@$socket{plain} check
CFG
checks_say($w, 'tls/sni' => [L7OK => qr//], 'tls/only' => [L7OK => qr//],
    'tls/without' => [L6RSP => qr//], 'tls/other' => [L6RSP => qr//],
    'tls/name' => [L6RSP => qr//], 'tls/alpn' => [L6RSP => qr//],
    'tls/plain' => [L7STS => qr//], 'tcp/ssl' => [L6OK => qr//]);
is $w->stat('tls', 'plain')->{check_code}, 400, 'no TLS where nginx wants it';
ok $w->wait_for(sub { grep { $_ eq 'a.test http/1.1 TLSv1.3 /up' } $ng->log(1) }),
    'nginx saw the name, the protocol and the path';
ok((grep { $_ eq 'a.test - TLSv1.3 /up' } $ng->log(1)), 'and none where none is written');
checks_say($w, 'pp/v1' => [L7OK => qr//], 'pp/v2' => [L7OK => qr//], 'pp/own' => [L7OK => qr//],
    'pp/plain' => [L7OK => qr//]);
ok $w->wait_status('pp', 'without', 'DOWN'), 'without a header HAProxy does not answer';
is $w->stop, 143;
done_testing;
