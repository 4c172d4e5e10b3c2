# WebSocket through weir, by a client and a server that are strict: plain, over
# TLS from the client (socat's), and over TLS between two frontends.
use v5.36;
use Backend qw(:all);
use Cert;
use File::Temp;
use Socat;
use SyslogSink;
use WSClient;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
my $greeting = WSClient::encode(WSClient::PING, 'there?') . WSClient::encode(WSClient::TEXT, 'welcome');
my ($echo, $polite) = (WSClient::echo_server(), WSClient::echo_server($greeting));
my $srv = Backend->new(sub ($req) { $req->{path} eq '/polite' ? $polite->($req) : $echo->($req) });
my $log = SyslogSink->new;
my $w = Weir->new(defaults => 'http', binds => [qw(plain tls relay)],
    env => { C => "$dir", SRV => $srv->addr, LOG => $log->addr }, cfg => <<'CFG');
global
	log "${LOG}" local0
defaults
	mode http
	log global
	option httplog
	timeout connect 10s
	timeout client 10s
	timeout server 10s
	timeout tunnel 20s
frontend plain
	bind "fd@${plain}"
	default_backend b
frontend tls
	bind "fd@${tls}" ssl crt "${C}/a.pem"
	default_backend b
listen relay
	bind "fd@${relay}"
	server s "127.0.0.1:${PORT_tls}" ssl ca-file "${C}/ca.pem" sni str(a.test)
backend b
	http-reuse always
	server s1 "${SRV}"
CFG

sub open_ws ($name, %o) {
	return WSClient->new(port => $w->port($name), %o) if $name ne 'tls';
	return WSClient->new(conn => Socat->connect(
	    Socat::tls($w->port('tls'), 'a.test', "cafile=$dir/ca.pem")), %o);
}

my $mib = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 262144;
for my $name (qw(plain tls relay)) {
	my $ws = open_ws($name, path => '/chat', headers => ['Sec-WebSocket-Protocol: one, two',
	    'Sec-WebSocket-Extensions: permessage-deflate', 'Origin: https://a.test']);
	my ($h, $q) = ($ws->response->{h}, ($srv->requests)[-1]{h});
	is $h->{'sec-websocket-protocol'}, 'one', "$name: the protocol is chosen";
	is $h->{'sec-websocket-extensions'}, undef, 'no extension';
	is $q->{'sec-websocket-extensions'}, 'permessage-deflate', 'the server was asked';
	is $q->{origin}, 'https://a.test', 'from where';

	# All three forms of a length, and their edges
	my $wrong = 0;
	for my $size (0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 1 << 20) {
		$ws->send_frame(WSClient::BINARY, substr $mib, 0, $size);
		my $m = $ws->read_message;
		$wrong++ unless $m && $m->{opcode} == WSClient::BINARY && $m->{parts} == 1 &&
		    $m->{data} eq substr $mib, 0, $size;
	}
	is $wrong, 0, "$name: messages of 0 to 1 MiB come back";

	# A message in fragments, a ping between them
	my @parts = (substr($mib, 0, 10), '', substr($mib, 10, 300_000), substr($mib, 300_010, 5));
	$ws->send_frame(WSClient::BINARY, $parts[0], 0);
	$ws->ping('between');
	$ws->send_frame(WSClient::MORE, $parts[$_], $_ == 3) for 1 .. 3;
	my $m = $ws->read_message;
	is $m->{parts}, 4, "$name: four fragments";
	ok $m->{data} eq substr($mib, 0, 300_015), 'whole';
	is_deeply $m->{pongs}, ['between'], 'with the pong among them';
	$ws->send_parts(WSClient::TEXT, map { substr $mib, $_ * 4096, 4096 } 0 .. 255);
	$m = $ws->read_message;
	ok $m->{data} eq $mib && $m->{parts} == 256, "$name: 1 MiB in 256 fragments";

	# Many in one write, and one byte by byte
	$ws->conn->send(join '', map { WSClient::masked(WSClient::TEXT, "n$_") } 1 .. 500);
	is_deeply [map { $ws->read_text // '-' } 1 .. 500], [map { "n$_" } 1 .. 500], "$name: 500 at once";
	$ws->conn->send_bytewise(WSClient::masked(WSClient::TEXT, 'slowly'));
	is $ws->read_text, 'slowly', "$name: byte by byte";

	$ws->close(1000, 'bye');
	is $ws->read_message->{data}, 1000, "$name: our close is answered";
	ok $ws->conn->is_closed, 'and the connection ends';

	# The server speaks at once, and closes
	$ws = open_ws($name, path => '/polite');
	is $ws->read_message->{data}, 'welcome', "$name: what comes right behind the head";
	is $ws->read_message->{data}, 'pong there?', 'our pong got there';
	$ws->send_text('close 1001');
	is $ws->read_message->{data}, 1001, "$name: the server closes first";
	$ws->close(1001);
	is $ws->read_message->{data}, 1001, 'is answered';
	ok $ws->conn->is_closed, 'and the connection ends';

	# An end without a word
	my $closed = $srv->closed;
	$ws = open_ws($name);
	$ws->send_text('x');
	is $ws->read_text, 'x', "$name: open";
	$ws->conn->reset if $name ne 'tls';
	$ws->conn->close if $name eq 'tls';
	ok $w->wait_for(sub { $srv->closed > $closed }), 'a client that vanishes: the server hears';
}

# Without a mask, the server ends it with 1002; a version or key that is wrong is
# answered as HTTP and the connection goes on.
my $ws = open_ws('plain');
$ws->conn->send(WSClient::encode(WSClient::TEXT, 'bare'));
is $ws->read_message->{data}, 1002, 'a frame without its mask';
ok $ws->conn->is_closed, 'and the connection ends';
$ws->conn->close;
is eval { open_ws('plain', version => 12) }, undef, 'version 12';
is $@, "websocket: status 426\n", 'is refused';
my $c = $w->http('plain');
my $r = $c->get('/', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 12',
    'Sec-WebSocket-Key: x');
is "$r->{status} $r->{h}{'sec-websocket-version'}", '426 13', 'with the right version';
is $c->get('/', 'Connection: Upgrade', 'Upgrade: websocket')->{status}, 400, 'no key, same connection';
$c->close;

# Several at once, each with its own words; then the figures and the log
my @ws = map { open_ws($_ % 2 ? 'relay' : 'plain') } 1 .. 30;
$ws[$_]->send_text("n$_ " . 'x' x ($_ * 1000)) for 0 .. 29;
is_deeply [map { length $_->read_text } @ws], [map { length("n$_ ") + $_ * 1000 } 0 .. 29], '30 at once';
is $w->stat('b', 's1')->{scur}, 30, 'counted as open';
$_->close for @ws;
is scalar(grep { ($_->read_message // {})->{opcode} == WSClient::CLOSE } @ws), 30, 'all say goodbye';
is scalar(grep { $_->conn->is_closed } @ws), 30, 'and are closed';
$_->conn->close for @ws;
ok $w->wait_for(sub { !grep { $_->{scur} } @{ $w->stat }[0 .. 5] }), 'none is left open';
like $log->find(qr{ plain b/s1 .* /chat }) // '', qr{/\d+ 101 [23]\d{6} - - ---- .*"GET /chat HTTP/1.1"},
    'the log has 101 and the bytes';
is $w->stat('b', 's1')->{econ} + $w->stat('b', 's1')->{eresp}, 0, 'no error of the server';
is $w->stop, 143;
done_testing;
