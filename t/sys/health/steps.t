# Rules of checks as steps: variables, several connections, TLS and PROXY headers of
# their own, healthcheck sections, the state of a server in a request, transcripts.
use v5.36;
use Backend qw(:all);
use Cert;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
my $pem = $ca->issue('a', san => ['DNS:a.test']);
my $tls = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<"CFG");
frontend f
	bind "fd\@\${fe}" ssl crt $dir/a.pem alpn http/1.1,x-own
	http-request return status 200 content-type text/plain lf-string "%[ssl_fc_sni] %[ssl_fc_alpn]"
CFG
my %b = (
	state => Backend->new(response(200)), lf => Backend->new(response(200)),
	proxy => Backend->new(response(200), proxy => 1), echo => Backend->echo,
	own => Backend->new(response(200)), two => Backend->new(response(200)),
	gone => Backend->new({ '/up' => response(404), '*' => response(200) }),
	raw => Backend->new(undef, tcp => sub ($bytes, $) { "a\x00b\xff" . ('x' x 3000) . "\r\nlast" }),
);
my $flag = "$dir/404";
my $turn = Backend->new(sub ($) { -e $flag ? response(404) : response(200) });
my $redis_port = Weir->refused_port;
my $t = $tls->port('fe');
my $w = Weir->new(defaults => 'http', cfg => <<"CFG");
defaults
	mode http
	timeout connect 1s
	timeout server 1s
	timeout check 500ms
	default-server inter 200ms fastinter 20ms downinter 20ms rise 2 fall 2
healthcheck talk
	type tcp-check
	tcp-check set-var(check.word) str(hello),upper
	tcp-check send-lf "%[var(check.word)] %[srv_name] %[be_name]"
	tcp-check expect string-lf "%[var(check.word)]"
	tcp-check unset-var(check.word)
	tcp-check expect min-recv 1 ! string-lf "%[var(check.word),concat(none)]"
healthcheck web
	type httpchk GET /from-section
	http-check expect status 200
backend sections
	server s1 127.0.0.1:@{[ $b{echo}->port ]} check healthcheck talk
	server s2 127.0.0.1:@{[ $b{own}->port ]} check healthcheck web
backend state
	option httpchk GET /
	http-check send-state
	server s1 127.0.0.1:@{[ $b{state}->port ]} check weight 3
	server s2 127.0.0.1:@{[ $b{state}->port ]} weight 4
backend lf
	option httpchk
	http-check set-var(check.a) str(x)
	http-check send meth POST uri-lf "/%[var(check.a)]?%%" hdr X-Who "%[srv_id]" body-lf "%[be_name]"
	server s 127.0.0.1:@{[ $b{lf}->port ]} check
backend two
	option httpchk GET /one
	http-check expect status 200
	http-check set-var(check.first) status
	http-check connect port @{[ $b{own}->port ]} linger
	http-check send uri-lf "/two-%[var(check.first)]"
	http-check expect status 200
	server s 127.0.0.1:@{[ $b{two}->port ]} check
backend proxy
	option httpchk GET /
	server s 127.0.0.1:1 check port @{[ $b{proxy}->port ]} check-send-proxy
backend off
	option httpchk GET /
	http-check disable-on-404
	server s 127.0.0.1:@{[ $turn->port ]} check
backend tls
	option httpchk GET /
	http-check expect string "a.test x-own"
	server sni 127.0.0.1:$t check check-ssl ca-file $dir/ca.pem check-sni a.test check-alpn x-own
	server wrong 127.0.0.1:$t check check-ssl ca-file $dir/ca.pem check-sni b.test
backend auto
	option httpchk
	http-check send meth GET uri / ver HTTP/1.1 hdr Host a.test:443
	http-check expect rstring ^a.test
	server auto 127.0.0.1:$t check check-ssl verify none
	server noauto 127.0.0.1:$t check check-ssl verify none no-check-sni-auto
backend step
	option httpchk GET /
	http-check connect ssl sni a.test alpn x-own
	http-check expect string "a.test x-own"
	server s 127.0.0.1:$t check ca-file $dir/ca.pem
backend raw
	mode tcp
	option tcp-check
	tcp-check send-binary 6869000d0a
	tcp-check expect string last
	server s 127.0.0.1:@{[ $b{raw}->port ]} check
backend plain
	server s 127.0.0.1:@{[ $b{raw}->port ]} check
	server none 127.0.0.1:1
CFG

sub check ($be, $srv) {
	my $st = $w->stat($be, $srv) // return '';
	return join '|', $st->{check_status} =~ s/^\* //r, @$st{qw(check_code last_chk)};
}
my %want = ('sections/s1' => 'L7OK|0|(tcp-check)', 'sections/s2' => 'L7OK|200|',
	'state/s1' => 'L7OK|200|', 'lf/s' => 'L7OK|200|', 'two/s' => 'L7OK|200|',
	'proxy/s' => 'L7OK|200|', 'off/s' => 'L7OK|200|', 'tls/sni' => 'L7OK|200|',
	'auto/auto' => 'L7OK|200|', 'step/s' => 'L7OK|200|', 'raw/s' => 'L7OK|0|(tcp-check)',
	'auto/noauto' => 'L7RSP||HTTP content check did not match', 'plain/s' => 'L4OK||');
for (sort keys %want) {
	my ($be, $srv) = split '/';
	ok $w->wait_for(sub { check($be, $srv) eq $want{$_} }), "$_: $want{$_}"
	    or diag check($be, $srv);
}
ok $w->wait_for(sub { check('tls', 'wrong') =~ /^L6RSP\|\|SSL handshake failure/ }), 'another name'
    or diag check('tls', 'wrong');

# What went out
sub sent ($name) {
	my $r;
	$w->wait_for(sub { ($r) = $b{$name}->requests; $r });
	return ($r // {})->{raw} // '';
}
is sent('lf'), "POST /x?% HTTP/1.0\r\nX-Who: 1\r\ncontent-length: 2\r\n\r\nlf";
like sent('two'), qr{^GET /one };
ok $w->wait_for(sub { grep { $_->{target} eq '/two-200' } $b{own}->requests }), 'two connections';
ok $w->wait_for(sub { grep { $_->{target} eq '/from-section' } $b{own}->requests }), 'section';
like $b{proxy}->received, qr/^PROXY UNKNOWN\r\nGET /, 'check-send-proxy at another port';
my $port = $b{state}->port;
like sent('state'), qr{^X-Haproxy-Server-State: UP 1/2; address=127\.0\.0\.1:$port; port=$port; name=state/s1; node=[^;]+; weight=3/7; scur=0/0; qcur=0\r$}m, 'send-state';
ok $w->wait_for(sub { (($b{state}->requests)[-1] // {})->{raw} =~ /-State: UP; / }), 'and later UP';

# 404: nobody new
ok $w->wait_status('off', 's', 'UP');
open my $f, '>', $flag or die;
close $f;
ok $w->wait_status('off', 's', 'NOLB'), 'disable-on-404';
is check('off', 's'), 'L7OKC|404|';
like $w->stderr, qr/Server off\/s is stopping, reason: Layer7 check conditionally passed, code: 404/;
unlink $flag;
ok $w->wait_status('off', 's', 'UP'), 'and back';

# Transcripts
my $show = $w->cli('show check raw/s');
like $show, qr{^Server: raw/s\nCheck: tcp-check\nStatus: L7OK\nDescription: Layer7 check passed\nCode: 0\nDuration_ms: \d+\nInfo: \(tcp-check\)\nHealth: 3/3\nRunning: 0\nPaused: 0\nInstance_state: InService\nInstance_reason: N/A\nInstance_description: N/A\nTranscript_time: \d{4}-\d\d-\d\dT[\d:.]+Z\n}
    or diag $show;
like $show, qr/^Sent: 5 bytes\n> hi\\x00\nReceived: 3010 bytes, the first of them:\n< a\\x00b\\xffx+\n*\z/m;
like $w->cli('show check lf/s'), qr/^> POST \/x\?% HTTP\/1\.0\n.*^> lf\n.*^< HTTP\/1\.1 200 OK\n/ms;
like $w->cli('show check plain/s'), qr/^Check: connect\n.*^Status: L4OK\n.*^Instance_description: N.A\n*\z/ms;
is $w->cli('show check plain/none'), "Server: plain/none\nCheck: none";
is $w->cli('show check plain/x'), "No such server.";
is $w->cli('show check'), "Require 'backend/server'.";
$_->stop for $w, $tls;
done_testing;
