# Upgrade: a tunnel only after a 101 that was asked for; h2c never goes on; what
# lies behind the head waits for the 101 and enters no reusable connection.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use WSClient;
use Test::More;

my $OK = response(200, "hello\n");
my $SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
my $echo = WSClient::echo_server();
my @tunnel;
my $srv = Backend->new(sub ($req) {
	return $echo->($req) if $req->{path} eq '/ws';
	return ($SWITCH, TUNNEL(sub ($bytes, $) { "<$bytes>" })) if $req->{path} eq '/raw';
	return ($SWITCH . 'first words', TUNNEL(sub ($bytes, $) { "<$bytes>" })) if $req->{path} eq '/talks';
	return ($SWITCH . 'bye', SHUT, TUNNEL(sub ($bytes, $) { '' })) if $req->{path} eq '/shuts';
	return ($SWITCH, TUNNEL(sub ($bytes, $) { RST })) if $req->{path} eq '/rst';
	return response($1, "hello\n") if $req->{path} =~ m{^/status/(\d+)$};
	return $OK;
});
my $w = Weir->new(defaults => 'http', binds => ['fe'],
    env => { SRV => $srv->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	timeout tunnel 300
	http-reuse always
	server s1 "${SRV}"
CFG

my $UP = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
sub ask_raw ($path, $lines = $UP, $behind = '') {
	my $c = $w->http('fe');
	$c->send("GET $path HTTP/1.1\r\nHost: a\r\n$lines\r\n$behind");
	return $c;
}

subtest 'WebSocket' => sub {
	my $ws = WSClient->new(port => $w->port('fe'), path => '/ws');
	for my $text ('hi', 'x' x 200, 'y' x 100_000) {
		$ws->send_text($text);
		is $ws->read_text, $text, length($text) . ' bytes come back';
	}
	$ws->ping('p');
	is_deeply [@{ $ws->read_frame }[0, 1]], [WSClient::PONG, 'p'], 'ping';
	$ws->close;
	is $ws->read_frame->[0], WSClient::CLOSE, 'close';
	ok $ws->conn->is_closed, 'and the connection ends';
	my ($q) = $srv->requests;
	is $q->{h}{connection}, 'upgrade', 'Connection to the server';
	is $q->{h}{upgrade}, 'websocket', 'Upgrade to the server';
	is $ws->response->{h}{connection}, 'upgrade', 'Connection to the client';
	is $ws->response->{h}{'content-length'}, undef, 'no length';
};

subtest 'several at once' => sub {
	my @ws = map { WSClient->new(port => $w->port('fe'), path => '/ws') } 1 .. 20;
	$ws[$_]->send_text("n$_") for 0 .. 19;
	is_deeply [map { $_->read_text } @ws], [map { "n$_" } 0 .. 19], 'each hears its own';
	is $w->http('fe')->get('/')->{body}, "hello\n", 'a plain request beside them';
};

subtest 'bytes behind the head' => sub {
	my $c = ask_raw('/raw', $UP, 'early');
	my $r = $c->read_response;
	is $r->{status}, 101, 'switched';
	is $c->read_bytes(7), '<early>', 'the client\'s come after the 101';
	$c = ask_raw('/talks');
	is $c->read_response->{status}, 101, 'switched';
	is $c->read_bytes(11), 'first words', 'the server\'s too';
	$c->send('more');
	is $c->read_bytes(6), '<more>', 'and it goes on';
	for my $status (200, 400, 426) {
		$srv->forget;
		$c = ask_raw("/status/$status", $UP, "GET /payload HTTP/1.1\r\nHost: a\r\n\r\n");
		is $c->read_response->{status}, $status, "$status instead: goes on";
		my $next = $c->read_response;
		my @q = $srv->requests;
		ok !$next || @q == 2, 'what follows is a request of its own, or nothing';
		ok !grep({ $_->{raw} =~ /^(?!GET )/ } @q), 'no payload on the server\'s connection';
		is $w->http('fe')->get('/after')->{body}, "hello\n", 'a clean request';
	}
};

subtest 'Upgrade that does not count' => sub {
	my %case = (
		'without Connection' => "Upgrade: websocket\r\n",
		'h2c' => "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n",
		'h2c among others' => "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
		'H2C in capitals' => "Connection: upgrade\r\nUpgrade: H2C\r\n",
	);
	for (sort keys %case) {
		$srv->forget;
		is ask_raw('/', $case{$_})->read_response->{status}, 200, "$_: served";
		my ($q) = $srv->requests;
		is $q->{h}{upgrade}, undef, 'without Upgrade';
		is $q->{h}{'http2-settings'}, undef, 'and its fields';
		unlike $q->{h}{connection} // '', qr/upgrade/i, 'nor in Connection';
		is ask_raw('/raw', $case{$_})->read_response->{status}, 502, 'a 101 is refused';
	}
	$srv->forget;
	my $c = $w->http('fe');
	is $c->request("GET / HTTP/1.0\r\nHost: a\r\n$UP\r\n")->{status}, 200, 'HTTP/1.0: served';
	is +($srv->requests)[0]{h}{upgrade}, undef, 'without Upgrade';
	$srv->forget;
	is ask_raw('/', "${UP}Content-Length: 5\r\n", 'hello')->read_response->{status}, 200, 'with a body';
	is +($srv->requests)[0]{body}, 'hello', 'which arrives';
};

subtest 'half-close' => sub {
	my $c = ask_raw('/raw');
	is $c->read_response->{status}, 101, 'switched';
	$c->send('last words');
	$c->shut;
	is $c->read_bytes(12), '<last words>', 'the client shuts: the answer still comes';
	ok $c->is_closed, 'then the end';
	$c = ask_raw('/shuts');
	is $c->read_response->{status}, 101, 'switched';
	is $c->read_bytes(3), 'bye', 'the server shuts';
	ok $c->is_closed, 'the client sees it';
	my $n = length $srv->received;
	$c->send('still there');
	ok $w->wait_for(sub { $srv->received =~ /still there$/ }), 'the other way goes on';
	$c->close;
	$c = ask_raw('/rst');
	is $c->read_response->{status}, 101, 'switched';
	$c->send('x');
	$c->read_until_close;
	is $c->ended, 'rst', 'a RST goes on as RST';
};

subtest 'idle' => sub {
	my $c = ask_raw('/raw');
	is $c->read_response->{status}, 101, 'switched';
	my $from = Time::HiRes::time();
	ok defined $c->read_until_close, 'ends at timeout tunnel';
	my $took = Time::HiRes::time() - $from;
	ok $took > 0.25 && $took < 0.6, 'in time' or diag $took;
};

subtest 'CONNECT' => sub {
	is $w->http('fe')->request("CONNECT a:25 HTTP/1.1\r\nHost: a:25\r\n\r\n")->{status}, 405, 'not by default';
	my $t = Backend->new(sub ($req) {
		return $OK if $req->{method} ne 'CONNECT';
		return ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", TUNNEL(sub ($bytes, $) { "<$bytes>" }))
		    if $req->{target} eq 'a:25';
		return response(403, 'no');
	});
	my $v = Weir->new(defaults => 'http', binds => ['fe'], env => { SRV => $t->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	option accept-method CONNECT
	server s1 "${SRV}"
CFG
	my $c = $v->http('fe');
	$c->send("CONNECT a:25 HTTP/1.1\r\nHost: a:25\r\n\r\nearly");
	my $head = $c->take_until("\r\n\r\n", Time::HiRes::time() + 5);
	like $head, qr{^HTTP/1\.1 200 }, 'accepted where it is written';
	unlike $head, qr/content-length|transfer-encoding/i, 'a length is ignored';
	is $c->read_bytes(7), '<early>', 'what came early';
	$c->send('more');
	is $c->read_bytes(6), '<more>', 'a tunnel';
	$c = $v->http('fe');
	is $c->request("CONNECT b:25 HTTP/1.1\r\nHost: b:25\r\n\r\n")->{status}, 403, 'refused by the server';
	is $v->http('fe')->get('/')->{status}, 200, 'a plain request';
};
done_testing;
