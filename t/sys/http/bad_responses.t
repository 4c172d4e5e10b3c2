# Every row of bad_responses.txt, and servers that end, stall or say too much:
# 502, 504 or a cut that the client can see; the server's connection is never
# used again, and a clean request works after each.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Strict qw(rows);
use Test::More;
use Time::HiRes qw(time);

my $GET = "GET %s HTTP/1.1\r\nHost: a\r\n\r\n";
my $HEAD = "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\n";
my $OLD = "GET %s HTTP/1.0\r\nHost: a\r\n\r\n";
my $WS = "GET %s HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
my $OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
my $CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
my $PLANTED = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted";
my $SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
my $BIT = PAUSE(0.02);		# what follows comes in a read of its own

# name, request, what the server does, what the client gets: a status, 'cut', or
# a status with a body; then what is right for the server's connection
my @CASES = (
	# ends
	['FIN instead of an answer', $GET, [CLOSE], 502],
	['RST instead of an answer', $GET, [RST], 502],
	['FIN in the status line', $GET, ['HTTP/1.1 200 O', CLOSE], 502],
	['RST in the status line', $GET, ['HTTP/1.1 200 O', $BIT, RST], 502],
	['FIN in the head', $GET, ["HTTP/1.1 200 OK\r\nX: y\r\n", CLOSE], 502],
	['RST in the head', $GET, ["HTTP/1.1 200 OK\r\nX: y\r\n", $BIT, RST], 502],
	['FIN, one byte short', $GET, ["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", CLOSE], 'cut'],
	['FIN, one byte short, later', $GET, ["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", $BIT, CLOSE], 'cut'],
	['RST in the body', $GET, ["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", $BIT, RST], 'cut'],
	['no body at all', $GET, ["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", $BIT, CLOSE], 'cut'],
	['FIN in a chunk', $GET, ["${CHUNKED}6\r\nhello", $BIT, CLOSE], 'cut'],
	['FIN in a chunk size', $GET, ["${CHUNKED}5\r\nhello\r\n5", $BIT, CLOSE], 'cut'],
	['FIN before the last chunk', $GET, ["${CHUNKED}5\r\nhello\r\n", $BIT, CLOSE], 'cut'],
	['RST before the last chunk', $GET, ["${CHUNKED}5\r\nhello\r\n", $BIT, RST], 'cut'],
	['FIN in the trailers', $GET, ["${CHUNKED}5\r\nhello\r\n0\r\nA: b\r\n", $BIT, CLOSE], 'cut'],
	['RST of a body that ends by close', $GET, ["HTTP/1.1 200 OK\r\n\r\nhello", $BIT, RST], 'cut'],
	['the same to HTTP/1.0', $OLD, ["HTTP/1.1 200 OK\r\n\r\nhello", $BIT, RST], 'cut'],
	['cut chunks to HTTP/1.0', $OLD, ["${CHUNKED}5\r\nhello\r\n", $BIT, CLOSE], 'cut'],
	['FIN of a body that ends by close', $GET, ["HTTP/1.1 200 OK\r\n\r\nhello", $BIT, CLOSE], 200, 'hello'],
	['the same at once', $GET, ["HTTP/1.1 200 OK\r\n\r\nhello", CLOSE], 200, 'hello'],
	['the same to HTTP/1.0', $OLD, ["HTTP/1.1 200 OK\r\n\r\nhello", $BIT, CLOSE], 200, 'hello'],
	# chunks
	(map { [$_->[0], $GET, [$CHUNKED, $BIT, $_->[1], HANG], 'cut'] }
	    ['size with words', "5 abc\r\nhello\r\n0\r\n\r\n"], ['size and LF', "5\nhello\r\n0\r\n\r\n"],
	    ['no size', "\r\nhello\r\n0\r\n\r\n"], ['G', "G\r\nhello\r\n0\r\n\r\n"],
	    ['17 digits', "10000000000000005\r\nhello\r\n0\r\n\r\n"], ['-5', "-5\r\nhello\r\n0\r\n\r\n"],
	    ['data too long', "5\r\nhelloo\r\n0\r\n\r\n"], ['LF after data', "5\r\nhello\n0\r\n\r\n"],
	    ['00', "5\r\nhello\r\n00\r\n\r\n"], ['bad trailer', "5\r\nhello\r\n0\r\nA b\r\n\r\n"],
	    ['folded trailer', "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"],
	    ['quote', "5;a=\"\r\nhello\r\n0\r\n\r\n"], ['long extension', '5;a=' . 'x' x 65536]),
	['bad chunk together with the head', $GET, ["${CHUNKED}zz\r\nhello\r\n", HANG], 502],
	['trailers are dropped', $GET, ["${CHUNKED}5\r\nhello\r\n0\r\nSet-Cookie: a\r\nContent-Length: 1\r\n\r\n"], 200, 'hello', 'keep'],
	# large heads
	['1 MiB without LF', $GET, ['x' x (1 << 20)], 502],
	['64 KiB reason', $GET, ['HTTP/1.1 200 ' . 'x' x 65536 . "\r\n\r\n"], 502],
	['64 KiB field', $GET, ["HTTP/1.1 200 OK\r\nX: " . 'x' x 65536 . "\r\n\r\n"], 502],
	['10,000 fields', $GET, ["HTTP/1.1 200 OK\r\n" . "X: y\r\n" x 10000 . "\r\n"], 502],
	# bodies where none may be
	['HEAD with a body', $HEAD, [$OK], 200, ''],
	['HEAD with a chunked body', $HEAD, ["${CHUNKED}5\r\nhello\r\n0\r\n\r\n"], 200, ''],
	['204 with a body', $GET, ["HTTP/1.1 204 No Content\r\n\r\nhello"], 204, ''],
	['204 with length and body', $GET, ["HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"], 204, ''],
	['304 with a body', $GET, ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello"], 304, ''],
	# extra bytes
	['bytes behind the length', $GET, ["${OK}x"], 200, 'hello'],
	['a planted response', $GET, [$OK . $PLANTED], 200, 'hello'],
	['bytes behind the last chunk', $GET, ["${CHUNKED}5\r\nhello\r\n0\r\n\r\nx"], 200, 'hello'],
	['planted behind chunks', $GET, ["${CHUNKED}5\r\nhello\r\n0\r\n\r\n$PLANTED"], 200, 'hello'],
	['planted behind 304', $GET, ["HTTP/1.1 304 Not Modified\r\n\r\n$PLANTED"], 304, ''],
	['1xx behind the final response', $GET, ["${OK}HTTP/1.1 103 Early Hints\r\n\r\n"], 200, 'hello'],
	# 1xx
	['16 interim responses', $GET, ["HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" x 16 . $OK], 200, 'hello', 'keep', 16],
	['17 interim responses', $GET, ["HTTP/1.1 103 Early Hints\r\n\r\n" x 17 . $OK], 502],
	['10,000 times 100', $GET, ["HTTP/1.1 100 Continue\r\n\r\n" x 10000], 502],
	['102', $GET, ["HTTP/1.1 102 Processing\r\n\r\n$OK"], 200, 'hello', 'keep', 1],
	['199', $GET, ["HTTP/1.1 199 Odd\r\n\r\n$OK"], 200, 'hello', 'keep', 1],
	['1xx in pieces', $GET, ['HTTP/1.1 10', $BIT, "3 Early\r\nLink: x\r", $BIT, "\n\r\nHTTP/1.1 20", $BIT,
	    "0 OK\r\nContent-Length: 5\r\n\r\nhello"], 200, 'hello', 'keep', 1],
	(map { ["$_ to HTTP/1.0", $OLD, ["HTTP/1.1 $_ x\r\n\r\n$OK"], 200, 'hello', 'keep', 0] } 100, 102, 103),
	['1xx, then FIN', $GET, ["HTTP/1.1 103 x\r\n\r\n", $BIT, CLOSE], 502],
	['1xx, then silence', $GET, ["HTTP/1.1 103 x\r\n\r\n", HANG], 504],
	# 101
	['101 not asked for', $GET, ["${SWITCH}Upgrade: websocket\r\n\r\n$PLANTED"], 502],
	['101 to HTTP/1.0', $OLD, ["${SWITCH}Upgrade: websocket\r\n\r\n$PLANTED"], 502],
	['101 without Upgrade', $WS, ["${SWITCH}\r\n$PLANTED"], 502],
	['101 without Connection', $WS, ["HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n$PLANTED"], 502],
	['101 to another protocol', $WS, ["${SWITCH}Upgrade: h2c\r\n\r\n$PLANTED"], 502],
	['101 to two protocols', $WS, ["${SWITCH}Upgrade: websocket, irc\r\n\r\n$PLANTED"], 502],
	['101 in HTTP/1.0', $WS, ["HTTP/1.0 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"], 502],
	['an upgrade that is refused', $WS, [$OK], 200, 'hello', 'keep'],
	# slow
	['silence', $GET, [HANG], 504],
	['silence in the head', $GET, ["HTTP/1.1 200 OK\r\nX: ", HANG], 504],
	['a head byte by byte', $GET, [(map { ($_, PAUSE(0.05)) } split //, 'HTTP/1.1 200 OK'), HANG], 504],
	['silence in the body', $GET, ["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", HANG], 'cut'],
	['silence in a chunk', $GET, ["${CHUNKED}6\r\nhello", HANG], 'cut'],
	['an answer after our 504', $GET, [PAUSE(0.8), $PLANTED], 504],
	# versions and framing towards the client
	['HTTP/1.0 server', $GET, ["HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"], 200, 'hello'],
	['HTTP/1.0 server, keep-alive', $GET, ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"], 200, 'hello', 'keep'],
	['HTTP/1.0 server, by close', $GET, ["HTTP/1.0 200 OK\r\n\r\nhello", CLOSE], 200, 'hello'],
	['connection: close', $GET, ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"], 200, 'hello'],
);

# Rows of the table: what must follow for the response to be whole
my @rows = rows('t/data/bad_responses.txt');
my %REST = ('code 100 is not final' => [$OK], 'close delimited' => [CLOSE],
    '101 Set-Cookie' => [CLOSE], '304 with CL' => [], '204 with CL' => [], '204 with TE' => []);
my %CODE = ('code 599' => 599, 'long reason' => 404, '304 with CL' => 304,
    '204 with CL' => 204, '204 with TE' => 204);
for (@rows) {
	my ($name, $status, $bytes) = @$_;
	my $rest = $REST{$name} // ($status == 502 || $bytes =~ /content-length|chunked/i ? [] : [CLOSE]);
	push @CASES, ["row: $name", $GET, [$bytes, @$rest],
	    $status == 502 ? 502 : $CODE{$name} // 200, undef, $status == 502 ? () : 'any'];
}

my @answers = map { $_->[2] } @CASES;
my $srv = Backend->new(sub ($req) {
	return $OK unless $req->{path} =~ m{^/case/(\d+)$};
	return @{ $answers[$1] };
});
my $w = Weir->new(defaults => 'http', binds => ['fe'],
    env => { SRV => $srv->addr }, cfg => <<'CFG');
global
	nbthread 1
listen l
	bind "fd@${fe}"
	timeout server 500
	server s1 "${SRV}"
CFG

# A 200 that is not whole, and shows it
sub is_cut ($bytes, $ended) {
	my ($head, $body) = ($bytes // '') =~ m{^(HTTP/1\.1 200 .*?\r\n\r\n)(.*)$}s
	    or return $ended eq 'rst';
	return $body !~ /0\r\n\r\n$/ if $head =~ /^transfer-encoding: chunked\r$/m;
	return length $body < $1 if $head =~ /^content-length: (\d+)\r$/m;
	return $ended eq 'rst';
}

my $second = $w->http('fe');
my %keep;
for my $i (0 .. $#CASES) {
	my ($name, $request, undef, $want, $body, $conn, $interim) = @{ $CASES[$i] };
	my $c = $w->http('fe');
	my $from = time;
	my ($r, $bytes);
	if ($want eq 'cut') {
		$c->send(sprintf $request, "/case/$i");
		$bytes = $c->read_until_close;
	} else {
		$r = $c->request(sprintf $request, "/case/$i");
	}
	my $took = time - $from;
	if ($want eq 'cut') {
		ok is_cut($bytes, $c->ended), "$name: the client sees the cut"
		    or diag $bytes, ' ', $c->ended;
	} else {
		is $r && $r->{status}, $want, "$name: $want" or diag $r ? $r->{raw} : $c->error;
		is $r && $r->{body}, $body, "$name: body" if defined $body;
		is $r && scalar @{ $r->{interim} }, $interim, "$name: interim" if defined $interim;
		if ($r && !$r->{by_close} && ($r->{h}{connection} // '') ne 'close' &&
		    $request !~ m{HTTP/1\.0}) {
			is +($c->get('/next') // {})->{body}, 'hello', "$name: the connection goes on"
			    or diag $c->error;
		} else {
			ok $c->is_closed, "$name: and closed";
		}
	}
	cmp_ok $took, '<', 0.49, "$name: at once" if $want ne 504 && $name !~ /silence/;
	is +($second->get("/clean/$i") // {})->{body}, 'hello', "$name: a clean request works"
	    or $second = $w->http('fe');
	$keep{$i} = $conn // '';
}

# Was a connection used again after something odd?
my (%last, %again);
for ($srv->requests) {
	my $i = $last{ $_->{conn} };
	$again{$i} = 1 if defined $i;
	$last{ $_->{conn} } = $_->{path} =~ m{^/case/(\d+)} ? $1 : undef;
}
for my $i (0 .. $#CASES) {
	next if $keep{$i} eq 'any';
	is $again{$i} // 0, $keep{$i} eq 'keep' ? 1 : 0,
	    "$CASES[$i][0]: the server's connection is " . ($keep{$i} ? 'kept' : 'discarded');
}
is scalar(grep { $_->{path} !~ m{^/(?:case|clean|next)} } $srv->requests), 0, 'nothing else was asked';

subtest 'what of a response goes on' => sub {
	my $odd = Backend->new({
		'/hop' => "HTTP/1.1 200 OK\r\nConnection: close, X-Foo, x-bar\r\nX-Foo: 1\r\nX-BAR: 2\r\n" .
		    "Keep-Alive: timeout=5\r\nProxy-Connection: x\r\nUpgrade: h2\r\nTrailer: x\r\nX-Stays: 1\r\n" .
		    "Content-Length: 0\r\n\r\n",
		'/reason' => "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
		'/zeros' => "HTTP/1.1 200 OK\r\nContent-Length: 007\r\n\r\n1234567",
		'/304' => "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
		'/head' => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		'/204' => "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
	});
	my $v = Weir->new(defaults => 'http', binds => ['fe'], stats => 1,
	    env => { SRV => $odd->addr }, cfg => <<'CFG');
global
	nbthread 1
listen l
	bind "fd@${fe}"
	server s1 "${SRV}"
CFG
	my $c = $v->http('fe');
	my $r = $c->get('/hop');
	is_deeply [sort keys %{ $r->{h} }], ['content-length', 'x-stays'], 'hop by hop fields';
	is_deeply [grep { $_ ne lc } map { $_->[0] } @{ $r->{headers} }], [], 'names are in lower case';
	like $c->get('/reason')->{raw}, qr{^HTTP/1\.1 200 \r\n}, 'a missing reason';
	is $c->get('/zeros')->{h}{'content-length'}, '7', 'leading zeros of a length';
	is $c->get('/304')->{h}{'content-length'}, '5', '304 keeps its length';
	is $c->request("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n")->{h}{'content-length'}, '5', 'HEAD too';
	is $c->get('/204')->{h}{'content-length'}, undef, '204 has none';
	is $odd->opened, 2, 'one server connection after the close'
	    or diag explain [map { [@$_[0, 1], $_->[0] eq 'Q' ? $_->[2] =~ s/ HTTP.*//sr : ()] } $odd->events];
};

subtest 'bytes on an idle connection' => sub {
	my $odd = Backend->new(sub ($req) { return $OK, PAUSE(0.05), $PLANTED });
	my $v = Weir->new(defaults => 'http', binds => ['fe'],
	    env => { SRV => $odd->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	http-reuse always
	server s1 "${SRV}"
CFG
	my $c = $v->http('fe');
	for my $i (1 .. 2) {
		is $c->get("/$i")->{body}, 'hello', 'the right answer';
		ok $v->wait_for(sub { $odd->closed >= $i }), 'and the connection is closed';
	}
};
done_testing;
