# Log presets: JSON, the classic ELB's access log, CLF; and log formats as JSON.
use v5.36;
use Backend qw(:all);
use Cert;
use Encode qw(decode);
use File::Temp qw(tempdir);
use JSON::PP;
use SyslogSink;
use Weir;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
Cert->self_signed("$dir/x.pem");
my $srv = Backend->new({
	'/ok' => response(200, 'hello'), '/slow' => [PAUSE(0.05), response(200, 'x')],
	'/chunks' => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
	'/big' => response(200, 'b' x 200_000), '/cut' => CLOSE,
	'/post' => response(201, 'done'), '/none' => "HTTP/1.1 204 No Content\r\n\r\n",
});
my $echo = Backend->echo;
my %log = map { $_ => SyslogSink->new } qw(json elb clf mine small tls tcpj tcpe tcpc);
my $w = Weir->new(binds => [qw(json elb clf mine small tls tcpj tcpe tcpc)],
    env => { SRV => $srv->addr, ECHO => $echo->addr, PEM => "$dir/x.pem",
    NO => '127.0.0.1:' . Weir->refused_port, map { ("L_$_" => $log{$_}->addr) } keys %log },
    cfg => <<'CFG');
defaults
	mode http
	retries 0
	timeout client 2s
	timeout server 2s
	timeout connect 2s
	timeout http-request 200ms
frontend json
	bind "fd@${json}"
	log "${L_json}" len 4096 format raw local0
	option httplog json
	unique-id-format id-%rt
	capture request header x-cap len 20
	http-request deny if { path /deny }
	default_backend be
frontend elb
	bind "fd@${elb}"
	log "${L_elb}" len 12000 format raw local0
	option httplog elb
	http-request return status 200 content-type text/plain string four if { path /own }
	use_backend none if { path /refused }
	default_backend be
frontend tls
	bind "fd@${tls}" ssl crt "${PEM}"
	log "${L_tls}" len 4096 format raw local0
	option httpslog elb
	default_backend be
frontend clf
	bind "fd@${clf}"
	log "${L_clf}" format raw local0
	option httplog clf
	capture request header host len 20
	default_backend be
frontend mine
	bind "fd@${mine}"
	log "${L_mine}" format raw local0
	log-format "%{+json}o %(a)[str(\"q\")] lost %(n:sint)[int(7)] %(b:bool)[bool(true)] %(no)[req.hdr(none)] %HM %(m)HM %(when)ms"
	default_backend be
frontend small
	bind "fd@${small}"
	log "${L_small}" len 1024 local0
	option httplog json
	default_backend be
backend be
	server s1 "${SRV}"
backend none
	server s1 "${NO}"
listen tcpj
	mode tcp
	bind "fd@${tcpj}"
	log "${L_tcpj}" format raw local0
	option tcplog json
	server s1 "${ECHO}"
listen tcpe
	mode tcp
	bind "fd@${tcpe}"
	log "${L_tcpe}" format raw local0
	option tcplog elb
	server s1 "${ECHO}"
listen tcpc
	mode tcp
	bind "fd@${tcpc}"
	log "${L_tcpc}" format raw local0
	option tcplog clf
	server s1 "${ECHO}"
CFG

# --- JSON
my $c = $w->http('json');
sub json ($line) {
	chomp $line;
	ok defined eval { decode('UTF-8', my $copy = $line, Encode::FB_CROAK) }, 'valid UTF-8';
	return eval { decode_json($line) } // do { fail "no JSON: $line"; {} };
}
$c->get('/ok?q=1', "User-Agent: \"agent\"\\", 'X-Cap: caf' . "\xe9");
my $j = json($log{json}->next_line);
is_deeply [@$j{qw(client_ip client_port frontend backend server method path query version status
    host user_agent termination retries referer tls_version unique_id)}],
    ['127.0.0.1', $c->local_port, qw(json be s1 GET /ok ?q=1 HTTP/1.1 200 test), "\"agent\"\\",
    '--', 0, undef, undef, 'id-0'], 'who and what';
like $j->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, 'when';
is $j->{server_ip} . ':' . $j->{server_port}, $srv->addr, 'where to';
is $j->{request_captures}, "{caf\x{fffd}}", 'a byte that is no UTF-8';
my %is_number = map { $_ => 1 } grep { /_ms$|^bytes_|^status$|_connections$|_requests$|_queue$/ } keys %$j;
is_deeply [grep { encode_json([$j->{$_}]) !~ /^\[-?\d+\]$/ } keys %is_number], [],
    'numbers are numbers';
is keys %is_number, 14, 'there are fourteen';
$c->get('/deny');
$j = json($log{json}->next_line);
is_deeply [@$j{qw(status server termination connect_ms)}], [403, '<NOSRV>', 'PR', -1], 'a refusal';
RawHTTP->new(port => $w->port('json'))->request("BAD\r\n\r\n");
$j = json($log{json}->next_line);
is_deeply [@$j{qw(status method host)}], [400, '<BADREQ>', undef], 'no request';
my @keys = $log{json}{seen}[0] =~ /"(\w+)": /g;
my $manual = `mandoc -Tutf8 -O width=200 doc/weir.cfg.5` =~ s/.\x08//gr;
is_deeply [grep { $manual !~ /\b$_\b/ } @keys], [], 'all names are documented';

my $s = $w->http('small');
$s->get('/ok?' . ('%22' x 400), 'User-Agent: ' . ("\x01" =~ s/./"/r x 900), "Referer: http://r.test/" . 'r' x 500);
my $line = $log{small}->next_line;
cmp_ok length $line, '<=', 1024, 'a long one fits its target';
$j = json($line =~ s/^<\d+>.*?\]: //r);
like $j->{query}, qr/^\?%22%22/, 'its values are shorter';
is $j->{status}, 200, 'its numbers are not';

my $m = $w->http('mine');
$m->get('/ok');
like $log{mine}->next_line,
    qr/^\{"a": "q", "n": 7, "b": true, "no": null, "m": "GET", "when": (\d+|"0\d\d")\}\n\z/,
    'a format of one\'s own: what has a name';

# --- ELB
my $TIME = qr/\d+\.\d{6}/;
my $ELB = qr/^(?<timestamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)[ ](?<elb>\S+)[ ](?<client>\S+:\d+)[ ]
	(?<backend>-|\S+:\d+)[ ](?<req>-1|$TIME)[ ](?<be>-1|$TIME)[ ](?<res>-1|$TIME)[ ]
	(?<code>-|\d+)[ ](?<becode>-|\d+)[ ](?<in>\d+)[ ](?<out>\d+)[ ]"(?<request>[^"]*)"[ ]
	"(?<agent>[^"]*)"[ ](?<cipher>\S+)[ ](?<proto>\S+)\n\z/x;
sub elb ($log) {
	my $line = $log->next_line;
	ok $line =~ $ELB, 'an ELB line' or diag $line;
	return { %+ };
}
my $e = $w->http('elb');
my $port = $w->port('elb');
$e->get('/ok?a=1', "User-Agent: a \"quoted\" one");
my $l = elb($log{elb});
is_deeply [@$l{qw(elb client backend code becode in out request agent cipher proto)}],
    ['be', '127.0.0.1:' . $e->local_port, $srv->addr, 200, 200, 0, 5,
    "GET http://test:$port/ok?a=1 HTTP/1.1", 'a \x22quoted\x22 one', '-', '-'], 'all fields';
$e->get('/slow');
$l = elb($log{elb});
cmp_ok $l->{be}, '>=', 0.05, 'backend_processing_time';
cmp_ok $l->{req}, '<', 0.05, 'request_processing_time';
for (['/chunks', 7], ['/big', 200_000], ['/none', 0]) {
	$e->get($_->[0]);
	$l = elb($log{elb});
	is $l->{out}, $_->[1], "sent_bytes of $_->[0]";
}
$e->request("POST /post HTTP/1.1\r\nHost: x.test:81\r\nContent-Length: 9\r\n\r\n123456789");
$l = elb($log{elb});
is_deeply [@$l{qw(code in out request)}], [201, 9, 4, 'POST http://x.test:81/post HTTP/1.1'],
    'received_bytes, a port in Host';
$e->request("HEAD /ok HTTP/1.1\r\nHost: test\r\n\r\n");
is elb($log{elb})->{out}, 0, 'HEAD has no body';
$e->get('/own');
$l = elb($log{elb});
is_deeply [@$l{qw(backend req be res code becode out agent)}], ['-', -1, -1, -1, 200, 0, 4, '-'],
    'our own answer went to nobody';
$e->get('/refused');
$l = elb($log{elb});
is_deeply [@$l{qw(elb backend req code becode)}], ['be', '-', -1, 503, 0], 'nor a refused one';
$e->get('/cut');
$l = elb($log{elb});
is_deeply [@$l{qw(backend be res code becode)}], [$srv->addr, -1, -1, 502, 0], 'no answer';
my $old = RawHTTP->new(port => $port);
$old->request("GET /ok HTTP/1.0\r\n\r\n");
is elb($log{elb})->{request}, "GET http://127.0.0.1:$port/ok HTTP/1.0", 'no Host';
RawHTTP->new(port => $port)->request("JUNK\r\n\r\n");
$l = elb($log{elb});
is_deeply [@$l{qw(request code)}], ['- - - ', 400], 'no request';
my $agent = RawHTTP->new(port => $port);
$agent->request("GET /ok HTTP/1.1\r\nHost: a\r\nUser-Agent: @{[ 'u' x 9000 ]}\r\n\r\n");
is length elb($log{elb})->{agent}, 8192, 'user agents are cut at 8 KB';
$w->curl('-sk', '--tls-max', '1.2', $w->url('tls', '/ok') =~ s/^http:/https:/r);
$l = elb($log{tls});
is $l->{proto}, 'TLSv1.2', 'ssl_protocol';
like $l->{cipher}, qr/^[A-Z0-9-]{8,}$/, 'ssl_cipher';
like $l->{request}, qr{^GET https://127\.0\.0\.1:\d+/ok HTTP/1\.1$}, 'https';

# --- TCP mode
sub talk ($name) {
	my $t = RawHTTP->new(port => $w->port($name));
	$t->send('twelve bytes');
	is $t->read_bytes(12), 'twelve bytes', "$name: echo";
	$t->close;
	return $t;
}
my $t = talk('tcpe');
$l = elb($log{tcpe});
is_deeply [@$l{qw(elb backend code becode in out request agent cipher proto)}],
    ['tcpe', $echo->addr, '-', '-', 12, 12, '- - - ', '-', '-', '-'], 'TCP as ELB';
talk('tcpj');
$j = json($log{tcpj}->next_line);
is_deeply [@$j{qw(frontend server bytes_received bytes_read)}], ['tcpj', 's1', 12, 12], 'TCP as JSON';
talk('tcpc');
my $D = '\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000';
like $log{tcpc}->next_line, qr{^127\.0\.0\.1 - - \[$D\] "TCP " 000 12 "" "" \d+ \d{3} "tcpc" "tcpc" "s1" 0 0 \d+ \d+ 12 \S+-- },
    'TCP as CLF';
$w->http('clf')->get('/ok');
like $log{clf}->next_line, qr{^127\.0\.0\.1 - - \[$D\] "GET /ok HTTP/1\.1" 200 \d+ "" "" \d+ \d{3} "clf" "be" "s1" 0 0 \d+ \d+ \d+ ---- \d+ 1 \d+ \d+ 0 0 0 "" "" "test" *\n\z},
    'HTTP as CLF';

# --- what is refused
my $base = "frontend f\n mode http\n bind :1\n log 127.0.0.1 local0\n";
like Weir->check("$base$_->[0]\n")->{err}, $_->[1], $_->[0] for
    [' option httplog xml', qr/expects nothing, 'clf', 'json' or 'elb', but got 'xml'/],
    [' option httpslog clf', qr/expects nothing, 'json' or 'elb', but got 'clf'/],
    [' log-format %{+cbor}o%ci', qr/'\+cbor' and '\+bin' are not supported/],
    [' http-request set-header a %{+json}o%(x)ci', qr/'\+json' is for log lines only/];
done_testing;
