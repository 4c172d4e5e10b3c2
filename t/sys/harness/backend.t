# The test library itself: Backend.pm, WSClient.pm and SyslogSink.pm around weir.
use v5.36;
use Weir;
use Backend qw(:all);
use SyslogSink;
use Test::More;
use WSClient;

my $srv = Backend->new({
	'/a' => response(200, 'a', 'X-A: 1'), '/chunked' => chunked(200, 'ab', 'cde'),
	'/rst' => RST, '/half' => ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", CLOSE],
	'/hang' => HANG, '/late' => [PAUSE(0.05), response(200, 'late')],
	'/body' => sub ($req) { response(200, length $req->{body}) },
});
my $ws = Backend->new(WSClient::echo_server());
my $log = SyslogSink->new;
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'ws'], cfg => <<'CFG',
global
	log "${LOG}" local0
frontend f
	bind "fd@${fe1}"
	log global
	option httplog
	default_backend b
backend b
	timeout server 500
	retries 0
	server s1 "${SRV}"
listen w
	bind "fd@${ws}"
	server s1 "${WS}"
CFG
    env => { SRV => $srv->addr, WS => $ws->addr, LOG => $log->addr });

my $c = $w->http('fe1');
is $c->get('/a')->{h}{'x-a'}, 1, 'a response from the table';
is $c->get('/chunked')->{body}, 'abcde', 'chunks';
is $c->get('/late')->{body}, 'late', 'a pause';
is $c->get('/nothing')->{status}, 404, 'not in the table';
my $r = $c->request("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    . "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
is $r->{body}, 5, 'a chunked request body';
like $w->http('fe1')->get('/rst')->{status}, qr/^50[23]$/, 'a reset';
is $w->http('fe1')->get('/hang')->{status}, 504, 'a server that says nothing';
$c = $w->http('fe1');
is $c->get('/half'), undef, 'a response cut short';
like $c->error, qr/closed in the middle/, 'and the client knows';

my @req = $srv->requests;
is $req[0]{method}, 'GET', 'recorded: method';
is $req[0]{target}, '/a', 'recorded: target';
is +(grep { $_->{target} eq '/body' } @req)[0]{body}, 'abcde', 'recorded: body';
like $srv->received, qr{^GET /a HTTP/1.1\r\n}, 'recorded: bytes';
cmp_ok $srv->opened, '>=', 1, 'recorded: connections';
ok $log->find(qr{ b/s1 .* 200 .*"GET /a HTTP/1.1"}), 'a log line';
ok $log->find(qr{ b/s1 .* 504 .*sH--}), 'another';

my $s = WSClient->new(port => $w->port('ws'));
$s->send_text('hello');
is $s->read_text, 'hello', 'WebSocket echo';
$s->send_text('y' x 70_000);
is length $s->read_text, 70_000, 'WebSocket, a long frame';
$s->ping('p');
is_deeply $s->read_frame, [10, 'p', 1], 'ping and pong';
$s->close;
is $s->read_frame->[0], 8, 'close';

$srv->stop;
is $w->http('fe1')->get('/a')->{status}, 503, 'the backend is gone';
$srv->start;
is $w->http('fe1')->get('/a')->{status}, 200, 'and back on its port';
done_testing;
