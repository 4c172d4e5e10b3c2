# Sample fetches by what they give: in rules of requests (seen by the server), of
# responses (seen by the client), of TCP content and TLS (seen in log lines).
use v5.36;
use Weir;
use Backend qw(:all);
use Cert;
use File::Temp;
use SyslogSink;
use Sys::Hostname;
use Test::More;
use Time::HiRes qw(time);

# fetch | expected: text, a /regex/, or empty for no value
sub table ($text) {
	return map { [split /\s*\|\s?/, $_, 2] } grep { length } split /\n/, $text;
}
sub check ($got, $want, $name) {
	my $re = $want =~ m{^/(.*)/$} ? qr/^(?:$1)$/ : qr/^\Q$want\E$/;
	like $got, $re, $name;
}
my $host = hostname();

# --- HTTP --------------------------------------------------------------------

my @request = table(<<"ROWS");
src| 127.0.0.1
src_port| CLIENT
dst| 127.0.0.1
dst_port| PORT
fc.timer.handshake| 0
ssl_fc| 0
ssl_fc_sni|
fe_name| l
so_name| door
fe_id| 41
path| /a/b
pathq| /a/b?x=1&y=two%20words&n=42
url| /a/b?x=1&y=two%20words&n=42
query| x=1&y=two%20words&n=42
method| PUT
base| example.com:81/a/b
req.ver| 1.1
req_ver| 1.1
req.proto_http| 1
req_proto_http| 1
http_first_req| 1
hdr(x-list,1)| a
req.hdr(x-list,2)| b
req.hdr(x-list,-1)| c
fhdr(x-list)| c
req.fhdr(x-list,1)| a, b
hdr_val(x-num)| 17
req.hdr_val(x-num)| 17
hdr_ip(x-ip)| 192.0.2.7
req.hdr_ip(x-ip)| 192.0.2.7
hdr_cnt(x-list)| 3
req.hdr_cnt(x-list)| 3
req.fhdr_cnt(x-list)| 2
req.hdr_names(;)| /host;x-list;x-list;x-num;x-ip;cookie;content-length.*/
req.hdrs,field(1,:)| host
cook(sid)| abc
req.cook(sid)| abc
cook_val(n)| 5
req.cook_val(n)| 5
cook_cnt(sid)| 1
req.cook_cnt(sid)| 1
url_param(y)| /two( |%20)words/
urlp(x)| 1
urlp_val(n)| 42
capture.req.hdr(0)| Example.com:81
capture.req.uri| /a/b?x=1&y=two%20words&n=42
capture.req.method| PUT
always_true| 1
always_false| 0
bool(true)| 1
int(-3)| -3
str(a text)| a text
meth(GET)| GET
bin(616263)| abc
ipv4(192.0.2.1)| 192.0.2.1
ipv6(2001:db8::1)| 2001:db8::1
var(txn.none,other)| other
env(WEIR_T_X)| from outside
hostname| $host
pid| PID
rand(1)| 0
date| /\\d{10}/
date_us| /\\d{1,6}/
uuid| /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
unique-id| id-PUT
nbsrv| 2
nbsrv(l)| 2
srv_is_up(l/s1)| 1
srv_conn(l/s1)| 0
srv_queue(l/s1)| 0
fe_conn| 1
be_conn(l)| /[01]/
queue(l)| 0
req.timer.idle| /\\d+/
req.timer.tq| /\\d+/
req.timer.hdr| /\\d+/
ROWS

my @response = table(<<'ROWS');
status| 203
res.ver| 1.1
resp_ver| 1.1
res.hdr(x-l,1)| one
shdr(x-l,2)| two
hdr(x-l,2)| two
res.fhdr(x-l)| one, two
res.hdr_val(x-n)| 33
res.hdr_ip(x-ip)| 2001:db8::9
res.hdr_cnt(x-l)| 2
res.fhdr_cnt(x-l)| 1
res.hdr_names| /content-length,x-l,x-n,x-ip,set-cookie,set-cookie.*/
res.hdrs,field(1,:)| content-length
res.cook(k)| 8
res.cook_val(k)| 8
res.cook_cnt(k)| 1
capture.res.hdr(0)| one, two
capture.req.uri| /a/b?x=1&y=two%20words&n=42
srv_name| s1
be_name| l
be_id| 41
srv_id| 7
req.timer.queue| 0
bc.timer.connect| /\d+/
res.timer.hdr| /\d+/
txn.timer.total| /\d+/
txn.timer.user| /\d+/
ROWS

my $srv = Backend->new(response(203, 'ok', 'X-L: one, two', 'X-N: 33', 'X-Ip: 2001:db8::9',
    'Set-Cookie: k=8; Path=/', 'Set-Cookie: o=9'));
my $n = 0;
my $rules = join '', map({ "\thttp-request set-header y" . $n++ . " '%[$_->[0]]'\n" } @request);
$n = 0;
$rules .= join '', map({ "\thttp-response set-header z" . $n++ . " '%[$_->[0]]'\n" } @response);
my $w = Weir->new(defaults => 'http', binds => ['fe'],
    env => { SRV => $srv->addr, WEIR_T_X => 'from outside' }, cfg => <<"CFG");
global
	tune.http.maxhdr 500
listen l
	id 41
	bind "fd\@\${fe}" name door
	balance first
	unique-id-format "id-%HM"
	capture request header Host len 32
	capture response header X-L len 32
$rules
	server s1 "\${SRV}" id 7 maxconn 10
	server s2 "\${SRV}" maxconn 10
CFG
my $c = $w->http('fe');
my $r = $c->request("PUT /a/b?x=1&y=two%20words&n=42 HTTP/1.1\r\nHost: Example.com:81\r\n" .
    "X-List: a, b\r\nX-List: c\r\nX-Num: 17\r\nX-Ip: 192.0.2.7\r\nCookie: sid=abc; n=5\r\n" .
    "Content-Length: 2\r\n\r\nhi");
is $r->{status}, 203, 'through' or diag $w->stderr;
my %sent = %{ ($srv->requests)[0]{h} };
my %value = (CLIENT => $c->local_port, PORT => $w->port('fe'), PID => $w->pid);
for my $i (0 .. $#request) {
	my ($fetch, $want) = $request[$i]->@*;
	check($sent{"y$i"} // '(none)', $value{ $want // '' } // $want // '', "request: $fetch");
}
my %got = %{ $r->{h} // {} };
check($got{"z$_"} // '(none)', $response[$_][1] // '', "response: $response[$_][0]")
    for 0 .. $#response;
cmp_ok abs($sent{'y' . (grep { $request[$_][0] eq 'date' } 0 .. $#request)[0]} - time),
    '<', 60, 'date is now';
$w->stop;

# --- TLS ---------------------------------------------------------------------

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
$ca->issue('me', client => 1);
my $log = SyslogSink->new;
my @tls = table(<<'ROWS');
ssl_fc| 1
ssl_fc_is_resumed| 0
ssl_fc_sni| a.test
ssl_fc_alpn| http/1.1
ssl_fc_protocol| TLSv1.3
ssl_fc_cipher| /TLS_AES_.*/
ssl_c_used| 1
ssl_fc_has_crt| 1
ssl_c_verify| 0
ssl_c_err| 0
ssl_c_ca_err| 0
fc_err| 0
fc_err_str| Success
ssl_fc_err| 0
ssl_fc_err_str| -
fc.timer.handshake| /\d+/
ROWS
my @hello = table(<<'ROWS');
var(txn.len)| /[1-9]\d\d+/
var(txn.olen)| /[1-9]\d\d+/
var(txn.type)| 1
var(txn.otype)| 1
var(txn.sni)| a.test
var(txn.osni)| a.test
var(txn.ver)| 196612
var(txn.oldver)| 196612
var(txn.alpn)| /.*http\/1.1/
var(txn.first)| 16
var(txn.again)| 16
var(txn.over)| 1
ROWS
my $fields = join '|', map { "%[$_->[0]]" } @tls;
my $hello = join '|', map { "%[$_->[0]]" } @hello;
$w = Weir->new(binds => [qw(tcp tls)], defaults => 'http',
    env => { LOG => $log->addr, C => "$dir" }, cfg => <<"CFG");
frontend f
	log "\${LOG}" local0
	log-format "TLS|$fields"
	bind "fd\@\${tls}" ssl crt "\${C}/a.pem" verify optional ca-file "\${C}/ca.pem" alpn http/1.1
	http-request return status 200 content-type text/plain string hi
listen t
	mode tcp
	log "\${LOG}" local0
	log-format "TCP|$hello"
	bind "fd\@\${tcp}"
	tcp-request inspect-delay 100ms
	tcp-request content accept if { req.ssl_hello_type 2 }
	tcp-request content set-var(txn.len) req.len if { req.ssl_hello_type 1 }
	tcp-request content set-var(txn.olen) req_len
	tcp-request content set-var(txn.type) req.ssl_hello_type
	tcp-request content set-var(txn.otype) req_ssl_hello_type
	tcp-request content set-var(txn.sni) req.ssl_sni
	tcp-request content set-var(txn.osni) req_ssl_sni
	tcp-request content set-var(txn.ver) req.ssl_ver
	tcp-request content set-var(txn.oldver) req_ssl_ver
	tcp-request content set-var(txn.alpn) req.ssl_alpn
	tcp-request content set-var(txn.first) req.payload(0,1),hex
	tcp-request content set-var(txn.again) payload(0,1),hex
	tcp-request content set-var(txn.over) wait_end
	server s1 "127.0.0.1:\${PORT_tls}"
CFG
$r = $w->curl('--cacert', $ca->file, '--cert', "$dir/me.pem", '--connect-to',
    'a.test:443:127.0.0.1:' . $w->port('tcp'), 'https://a.test/');
is $r->{out}, 'hi', 'TLS through TCP' or diag $r->{err}, $w->stderr;
for (['TLS', @tls], ['TCP', @hello]) {
	my ($what, @rows) = @$_;
	my $line = $log->find(qr/ $what\|/) // '';
	my (undef, @got) = split /\|/, $line =~ s/.*? $what/$what/r =~ s/\n\z//r, -1;
	check($got[$_] // '(none)', $rows[$_][1], "$what: $rows[$_][0]") for 0 .. $#rows;
}
done_testing;
