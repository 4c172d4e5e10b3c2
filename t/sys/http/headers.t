# Fields that weir adds, drops and changes; rules that answer or choose; error
# pages; and every status that weir answers by itself.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Strict;
use Test::More;
use Time::HiRes qw(time);

my $srv = Backend->new(sub ($req) {
	return response(200, "s1 $req->{path}", 'X-Srv: 1', 'X-Gone: 1', 'Connection: x-hop', 'X-Hop: 1');
});
my $other = Backend->new(sub ($req) { response(200, "s2 $req->{path}") });
my $w = Weir->new(defaults => 'http', binds => [qw(ff ffh ffn ffx xf rules plain)],
    env => { SRV => $srv->addr, OTHER => $other->addr, REFUSED => '127.0.0.1:' . Weir->refused_port },
    files => {
	'403.http' => "HTTP/1.0 403 Forbidden\r\nContent-Type: text/plain\r\nX-File: 1\r\n\r\nno, said the file\n",
	'503.http' => "HTTP/1.1 503 Later\r\nContent-Type: text/plain\r\n\r\nlater\n",
	'404.http' => "HTTP/1.1 404 Not Here\r\nContent-Type: text/plain\r\n\r\nnot here\n",
    }, cfg => <<'CFG');
http-errors site
	errorfile 404 "${DIR}/404.http"
	errorfile 503 "${DIR}/503.http"
listen ff
	bind "fd@${ff}"
	option forwardfor
	server s1 "${SRV}"
listen ffh
	bind "fd@${ffh}"
	option forwardfor header X-Client
	server s1 "${SRV}"
listen ffn
	bind "fd@${ffn}"
	option forwardfor if-none
	server s1 "${SRV}"
listen ffx
	bind "fd@${ffx}"
	option forwardfor except 127.0.0.0/8
	server s1 "${SRV}"
listen xf
	bind "fd@${xf}"
	option x-forwarded proto port
	server s1 "${SRV}"
frontend rules
	bind "fd@${rules}"
	monitor-uri /alive
	errorfile 403 "${DIR}/403.http"
	timeout tarpit 100
	acl is_admin path /admin
	acl big req.hdr_val(content-length) gt 1000
	http-request deny if is_admin
	http-request deny deny_status 429 if { path /slow-down }
	http-request deny deny_status 413 if big
	http-request tarpit if { path /tar }
	http-request return status 200 content-type text/plain string "hi" hdr X-Own 1 if { path /hi }
	http-request return status 204 if { path /204 }
	http-request return status 404 errorfiles site if { path /nowhere }
	http-request redirect location /new if { path /old }
	http-request redirect prefix http://b.test code 301 if { path_beg /moved/ }
	http-request redirect scheme https code 308 if { path /tls }
	http-request set-header X-Set "new %[method]"
	http-request add-header X-Add added
	http-request del-header X-Del
	http-response set-header X-Res yes
	http-response add-header X-Srv 2
	http-response del-header X-Gone
	http-response deny if { path /deny-response }
	use_backend two if { path_beg /two/ }
	use_backend two if { hdr(host) -i two.test }
	use_backend two if { hdr(X-To) two }
	use_backend two if { method OPTIONS }
	use_backend two if { src 10.0.0.0/8 }
	use_backend down if { path /down }
	use_backend none if { path /none }
	use_backend held if { path /held }
	default_backend one
backend held
	timeout tarpit 200
	http-request tarpit deny_status 429
backend one
	server s1 "${SRV}"
backend two
	server s2 "${OTHER}"
backend down
	errorfiles site
	retries 0
	server s1 "${REFUSED}"
backend none
listen plain
	bind "fd@${plain}"
	server s1 "${SRV}"
CFG

# The request as the server got it
sub seen ($bind, @lines) {
	$srv->forget;
	my $r = $w->http($bind)->get('/', @lines);
	is $r && $r->{status}, 200, "$bind: served";
	my ($q) = $srv->requests;
	is_deeply [Strict::requests($q->{raw})], [], "$bind: canonical" or diag $q->{raw};
	return $q;
}

subtest 'option forwardfor' => sub {
	is seen('ff')->{h}{'x-forwarded-for'}, '127.0.0.1', 'the client\'s address';
	is seen('ff', 'X-Forwarded-For: 1.2.3.4')->{h}{'x-forwarded-for'}, '1.2.3.4, 127.0.0.1',
	    'behind what came';
	is seen('ff', ('X-Forwarded-For: 1.2.3.4') x 10)->{h}{'x-forwarded-for'},
	    join(', ', ('1.2.3.4') x 10, '127.0.0.1'), 'ten of them';
	is seen('ff', 'Connection: x-forwarded-for')->{h}{'x-forwarded-for'}, '127.0.0.1',
	    'named in Connection: still there';
	is seen('ffh')->{h}{'x-client'}, '127.0.0.1', 'header';
	is seen('ffh')->{h}{'x-forwarded-for'}, undef, 'header: not the usual one';
	is seen('ffn')->{h}{'x-forwarded-for'}, '127.0.0.1', 'if-none: none';
	is seen('ffn', 'X-Forwarded-For: 1.2.3.4')->{h}{'x-forwarded-for'}, '1.2.3.4', 'if-none: one';
	is seen('ffx')->{h}{'x-forwarded-for'}, undef, 'except';
};

subtest 'option x-forwarded' => sub {
	my $q = seen('xf', 'X-Forwarded-Proto: https', 'X-Forwarded-Port: 1', 'X-Forwarded-Proto: spoof');
	is $q->{h}{'x-forwarded-proto'}, 'http', 'proto, replaced';
	is $q->{h}{'x-forwarded-port'}, $w->port('xf'), 'port, replaced';
	is $q->{h}{'x-forwarded-for'}, undef, 'for is not its part';
};

subtest 'hop by hop' => sub {
	my $q = seen('plain', 'Connection: close, X-Foo', 'x-foo: 1', 'CONNECTION:  X-Bar ,,', 'X-Bar: 1',
	    'Cookie: a=b', 'Connection: cookie', 'Keep-Alive: 5', 'Proxy-Connection: x', 'TE: trailers',
	    'Trailer: x', 'X-Stays: 1', 'Connection: host');
	is_deeply [sort keys %{ $q->{h} }], ['host', 'x-stays'], 'named and known ones are gone';
	my $list = join ',', map { "x$_" } 0 .. 499;
	is_deeply [sort keys %{ seen('plain', "Connection: $list", 'X499: 1', 'X500: 1')->{h} }],
	    ['host', 'x500'], '500 options';
	my $r = $w->http('plain')->get('/');
	is $r->{h}{'x-hop'}, undef, 'in a response too';
	is $r->{h}{'x-srv'}, 1, 'others stay';
};

subtest 'set, add, del' => sub {
	my $q = seen('rules', 'X-Set: a', 'x-set: b', 'X-Add: own', 'X-Del: 1', 'x-del: 2');
	is $q->{h}{'x-set'}, 'new GET', 'set replaces all';
	is $q->{h}{'x-add'}, 'own, added', 'add appends';
	is $q->{h}{'x-del'}, undef, 'del removes all';
	my $r = $w->http('rules')->get('/');
	is $r->{h}{'x-res'}, 'yes', 'in a response: set';
	is $r->{h}{'x-srv'}, '1, 2', 'add';
	is $r->{h}{'x-gone'}, undef, 'del';
};

subtest 'choice of the backend' => sub {
	my %want = ('/' => 's1', '/two/x' => 's2');
	my $c = $w->http('rules');
	is $c->get($_)->{body}, "$want{$_} $_", "path $_" for sort keys %want;
	is $c->request("GET / HTTP/1.1\r\nHost: TWO.test\r\n\r\n")->{body}, 's2 /', 'host';
	is $c->get('/', 'X-To: two')->{body}, 's2 /', 'header';
	is $c->request("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n")->{body}, 's2 /', 'method';
};

subtest 'answers by rules' => sub {
	my $c = $w->http('rules');
	my $r = $c->get('/hi');
	is_deeply [@$r{qw(status body)}], [200, 'hi'], 'return';
	is $r->{h}{'x-own'}, 1, 'hdr';
	is $r->{h}{'content-type'}, 'text/plain', 'content-type';
	$r = $c->get('/204');
	is $r->{status}, 204, 'return 204';
	is $r->{h}{'content-length'}, undef, 'without a length';
	$r = $c->get('/nowhere');
	is_deeply [@$r{qw(status reason body)}], [404, 'Not Here', "not here\n"], 'errorfiles of a section';
	$r = $c->get('/admin');
	is_deeply [@$r{qw(status body)}], [403, "no, said the file\n"], 'deny, with an errorfile';
	is $r->{h}{'x-file'}, 1, 'its fields';
	is $c->get('/slow-down')->{status}, 429, 'deny_status';
	$r = $c->get('/old');
	is_deeply [$r->{status}, $r->{h}{location}, $r->{h}{'cache-control'}], [302, '/new', 'no-cache'], 'redirect';
	$r = $c->get('/moved/x?y');
	is_deeply [$r->{status}, $r->{h}{location}], [301, 'http://b.test/moved/x?y'], 'prefix';
	$r = $c->get('/tls');
	is_deeply [$r->{status}, $r->{h}{location}], [308, 'https://test/tls'], 'scheme';
	is $c->get('/alive')->{status}, 200, 'monitor-uri';
	is $c->get('/')->{body}, 's1 /', 'all on one connection';
	my $from = time;
	is $c->get('/tar')->{status}, 500, 'tarpit';
	my $took = time - $from;
	ok $took > 0.09 && $took < 0.5, 'held' or diag $took;
	$from = time;
	is $w->http('rules')->get('/held')->{status}, 429, "a backend's tarpit";
	cmp_ok time - $from, '>', 0.19, 'holds as long as it says';
	is $w->http('rules')->get('/deny-response')->{status}, 502, 'a response denied';
	# the same bytes are judged and sent
	for ('/x/../admin', '//admin', '/admin/', '/%61dmin') {
		is $w->http('rules')->get($_)->{body}, "s1 $_", "$_ is not /admin, and stays as it is";
	}
	is $w->http('rules')->request("GET http://test/admin HTTP/1.1\r\nHost: test\r\n\r\n")->{status}, 403,
	    'absolute form is judged by its path';
};

subtest 'statuses' => sub {
	my %raw = (
		400 => "BAD\r\n\r\n", 405 => "CONNECT a:25 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		413 => "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n",
		414 => 'GET /' . 'x' x 20000 . " HTTP/1.1\r\n",
		417 => "POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\n",
		431 => "GET / HTTP/1.1\r\nHost: a\r\nX: " . 'x' x 20000 . "\r\n\r\n",
		501 => "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		505 => "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
	);
	for (sort keys %raw) {
		my $c = $w->http('rules');
		my $r = $c->request($raw{$_});
		is $r && $r->{status}, $_, "answer $_" or diag $c->error;
		is $r->{h}{connection}, 'close', 'close';
		is $r->{h}{'content-type'}, 'text/html', 'a page';
		is $r->{h}{'cache-control'}, 'no-cache', 'not to be kept';
		is $c->pending, '', 'nothing else is answered';
		like $r->{body}, qr{^<html><body><h1>$_ }, 'its text';
		ok $c->is_closed, 'closed';
	}
	is $w->http('rules')->request("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")->{status}, 405, 'TRACE';
	my $c = $w->http('rules');
	my $from = time;
	my $r = $c->get('/down');
	is_deeply [@$r{qw(status reason body)}], [503, 'Later', "later\n"], '503, the backend\'s errorfiles';
	is $c->get('/none')->{status}, 503, '503 without a server';
	cmp_ok time - $from, '<', 0.2, 'at once';
	is $c->get('/')->{status}, 200, 'the connection goes on';
};

subtest 'OPTIONS and TRACE with Max-Forwards' => sub {
	my $c = $w->http('plain');
	my $ask = sub ($n) { $c->request("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: $n\r\n\r\n") };
	$srv->forget;
	is $ask->(5)->{status}, 200, 'OPTIONS';
	is +($srv->requests)[0]{h}{'max-forwards'}, 4, 'counted down';
	$srv->forget;
	is $ask->(0)->{status}, 200, '0';
	is scalar($srv->requests), 0, 'ends here';
	for my $bad (-1, 'abc', '18446744073709551616') {
		$c = $w->http('plain');
		is $ask->($bad)->{status}, 400, "$bad: 400";
	}
};

subtest 'forwarded bytes of odd values' => sub {
	my $q = seen('plain', "X-Tab: a\tb", "X-High: \x80\xff", 'X-Empty:', 'X-Trim:   v  ');
	like $q->{raw}, qr/\r\nx-tab: a\tb\r\nx-high: \x80\xff\r\nx-empty: ?\r\nx-trim: v\r\n/, 'as they came';
	$srv->forget;
	is $w->http('plain')->request("GET /old HTTP/1.0\r\n\r\n")->{status}, 200, '1.0 without Host';
	($q) = $srv->requests;
	is $q->{version}, 'HTTP/1.0', 'goes on as HTTP/1.0';
	is $q->{h}{connection}, 'close', 'with close';
};
done_testing;
