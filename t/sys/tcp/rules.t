# tcp-request connection, session and content; inspect-delay with req.len and the
# names of a ClientHello: TLS passed on, chosen by SNI.
use v5.36;
use Backend qw(:all);
use Cert;
use SyslogSink;
use Time::HiRes qw(time);
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue($_, san => ["DNS:$_.test"]) for qw(a b);
my $echo = Backend->echo;
my $log = SyslogSink->new;

my $w = Weir->new(defaults => 'tcp',
    binds => [qw(conn conn_no sess content wait delay sni tls_a tls_b other)],
    env => { D => "$dir", ECHO => $echo->addr, LOG => $log->addr }, cfg => <<'CFG');
global
	log "${LOG}" local0
defaults
	mode tcp
	log global
	option tcplog
	timeout connect 5s
	timeout client 10s
	timeout server 10s
frontend conn
	bind "fd@${conn}"
	tcp-request connection accept if { src 127.0.0.1 }
	tcp-request connection reject
	default_backend echo
frontend conn_no
	bind "fd@${conn_no}"
	tcp-request connection reject if { src 127.0.0.0/8 }
	default_backend echo
frontend sess
	bind "fd@${sess}"
	tcp-request session reject if { src 127.0.0.1 } !{ dst_port 1 }
	default_backend echo
frontend content
	bind "fd@${content}"
	tcp-request inspect-delay 5s
	tcp-request content reject if { req.payload(0,4) -m str EVIL }
	tcp-request content accept if { req.len ge 4 }
	use_backend echo if { req.payload(0,4) -m str echo }
	default_backend none
frontend wait
	bind "fd@${wait}"
	tcp-request inspect-delay 300ms
	tcp-request content accept if { req.len ge 8 }
	tcp-request content reject if WAIT_END
	default_backend echo
frontend delay
	bind "fd@${delay}"
	tcp-request inspect-delay 200ms
	tcp-request content accept if { req.len ge 1000 }
	default_backend echo
frontend sni
	bind "fd@${sni}"
	tcp-request inspect-delay 5s
	tcp-request content accept if { req.ssl_hello_type 1 }
	tcp-request content reject
	use_backend a if { req.ssl_sni -i a.test }
	use_backend b if { req.ssl_sni -m end .b.test }
	use_backend b if { req.ssl_sni b.test }
	default_backend none
backend echo
	server e "${ECHO}"
backend a
	server a "127.0.0.1:${PORT_tls_a}"
backend b
	server b "127.0.0.1:${PORT_tls_b}"
backend none
listen tls_a
	mode http
	option httplog
	bind "fd@${tls_a}" ssl crt "${D}/a.pem"
	http-request return status 200 content-type text/plain string A
listen tls_b
	mode http
	option httplog
	bind "fd@${tls_b}" ssl crt "${D}/b.pem"
	http-request return status 200 content-type text/plain string B
CFG

sub echo ($name, @pieces) {
	my $c = $w->http($name);
	$c->send($_) for @pieces;
	my $all = join '', @pieces;
	return $c->read_bytes(length $all) // $c->ended;
}

is echo('conn', 'hi'), 'hi', 'connection accept';
my $c = $w->http('conn_no');
is $c->read_until_close, '', 'connection reject: closed without a byte';
is $w->stat('conn_no', 'FRONTEND')->{dcon}, 1, 'and counted';
$c = $w->http('sess');
is $c->read_until_close, '', 'session reject';
is $w->stat('sess', 'FRONTEND')->{dses}, 1, 'and counted';

is echo('content', 'echo me'), 'echo me', 'content accept';
is echo('content', 'e', 'c', 'ho again'), 'echo again', 'byte by byte';
$c = $w->http('content');
$c->send('EVIL');
is $c->read_until_close, '', 'content reject';
like $log->find(qr{ content/<NOSRV> }) // '', qr{ content/<NOSRV> -1/-1/\d+ 0 PR }, 'with PR in the log';
is $w->stat('content', 'FRONTEND')->{dreq}, 1, 'and counted';
$c = $w->http('content');
$c->send('what');
is $c->read_until_close, '', 'a backend without servers';
like $log->find(qr{ none/<NOSRV> }) // '', qr{ none/<NOSRV> -1/-1/\d+ 0 SC }, 'SC';

# A client that leaves while it is looked at: by FIN what came is judged, a reset is CR
$log->forget;
$c = $w->http('content');
$c->send('ec');
$c->shut;
is $c->read_until_close, '', 'a half-close ends the looking';
like $log->find(qr{ content none/<NOSRV> }) // '', qr{ -1/-1/\d+ 0 SC }, 'without the delay';
$c = $w->http('wait');
$c->send('ec');
$c->reset;
like $log->find(qr{ wait wait/<NOSRV> }) // '', qr{ -1/-1/\d+ 0 CR }, 'a reset';
$log->forget;
$w->signal('STOP');
$c = $w->http('wait');
$c->send('ec');
$c->reset;
$w->signal('CONT');
like $log->find(qr{ wait wait/<NOSRV> }) // '', qr{ -1/-1/\d+ 0 CR }, 'a reset that was there at accept';

is echo('wait', '12345678'), '12345678', 'enough bytes before the delay is over';
my $t = time;
$c = $w->http('wait');
$c->send('123');
is $c->read_until_close, '', 'too few: rejected at the end of the delay';
cmp_ok time - $t, '>=', 0.29, 'not before';
$t = time;
is echo('delay', 'short'), 'short', 'no verdict in time: accepted';
cmp_ok time - $t, '>=', 0.19, 'at the end of the delay';

sub fetch ($name) {
	my $port = $w->port('sni');
	return $w->curl('--cacert', $ca->file, '--resolve', "$name:$port:127.0.0.1",
	    "https://$name:$port/");
}
is fetch('a.test')->{out}, 'A', 'SNI a';
is fetch('b.test')->{out}, 'B', 'SNI b';
my $start = time;
isnt fetch('x.test')->{code}, 0, 'an unknown name';
my $port = $w->port('sni');
for my $v (qw(tls1_2 tls1_3)) {
	my $out = qx{timeout 10 openssl s_client -$v -connect 127.0.0.1:$port -servername A.test -CAfile $dir/ca.pem </dev/null 2>&1};
	like $out, qr{subject=CN = a\n}, "s_client -$v, case ignored";
	like $out, qr{Verify return code: 0}, 'verified end to end';
}
$c = $w->http('sni');
$c->send("GET / HTTP/1.0\r\n\r\n");
is $c->read_until_close, '', 'no TLS: rejected at once';
cmp_ok time - $start, '<', 4, 'without waiting for the delay';

# A ClientHello in single bytes
my $hello = "\x16\x03\x01\0\x43" . "\x01\0\0\x3f" . "\x03\x03" . 'r' x 32 . "\0" . "\0\2\x13\1" .
    "\1\0" . pack('n', 20) . pack('nnnCn', 0, 11, 9, 0, 6) . 'b.test' .
    pack('nnC', 23, 1, 0);
substr($hello, 3, 2) = pack 'n', length($hello) - 5;
substr($hello, 6, 3) = substr pack('N', length($hello) - 9), 1;
$c = $w->http('sni');
$c->send_bytewise($hello);
ok defined $c->read_bytes(1), 'a ClientHello byte by byte reaches a server';
like $log->find(qr{ sni b/b }) // '', qr{ sni b/b }, 'the right one';
is $w->stop, 143;
done_testing;
