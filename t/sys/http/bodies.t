# Bodies both ways: framings, versions, Expect, sizes with and without splice,
# slow peers with bounded memory, answers before the upload ends.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Bulk;
use Digest::MD5 qw(md5_hex);
use Socket qw(SOCK_STREAM SOL_SOCKET SO_RCVBUF);
use Strict;
use Test::More;
use Time::HiRes qw(time);

my $MIB = 1 << 20;
my $CH = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
my $srv = Backend->new({
	'/echo' => sub ($req) { response(200, "$req->{method} " . length($req->{body}) . ' ' . md5_hex($req->{body})) },
	'/chunks' => chunked(200, 'he', 'llo', 'x' x 70000),
	'/ext' => "${CH}5;a=b\r\nhello\r\n0;x=\"y\"\r\nT: u\r\n\r\n",
	'/close' => ["HTTP/1.1 200 OK\r\n\r\nhello", CLOSE],
	'/old' => ["HTTP/1.0 200 OK\r\n\r\nhello", CLOSE],
	'/oldlen' => ["HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", CLOSE],
	'/hints' => "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" . response(200, 'hello'),
	'/empty' => "${CH}0\r\n\r\n",
}, on_head => sub ($req) {
	return if $req->{path} !~ m{^/early};
	return (response(413, 'no', 'Connection: close'), CLOSE) if $req->{path} eq '/early/close';
	return (response(200, 'early'), HANG);
});
my $bulk = Bulk->new;
my $w = Weir->new(defaults => 'http', binds => ['fe', 'sp'],
    env => { SRV => $srv->addr, BULK => $bulk->addr }, cfg => <<'CFG');
frontend plain
	bind "fd@${fe}"
	use_backend bulk if { path /slow } or { path_reg ^/[0-9] }
	default_backend small
frontend splice
	bind "fd@${sp}"
	option splice-auto
	default_backend bulk
backend small
	server s1 "${SRV}"
backend bulk
	server s1 "${BULK}"
CFG

sub upload ($c, $head, $body, $path = '/echo') {
	return $c->request("POST $path HTTP/1.1\r\nHost: a\r\n$head\r\n\r\n$body");
}

subtest 'requests' => sub {
	my $c = $w->http('fe');
	for my $size (0, 1, 5, 16383, 16384, 16385, 65536, $MIB) {
		my $body = Bulk::pattern($size);
		is +(upload($c, "Content-Length: $size", $body) // {})->{body},
		    "POST $size " . md5_hex($body), "Content-Length: $size" or diag $c->error;
		my $text = join '', map { sprintf "%x\r\n%s\r\n", length, $_ } $body =~ /.{1,5000}/gs;
		is +(upload($c, 'Transfer-Encoding: chunked', "${text}0\r\n\r\n") // {})->{body},
		    "POST $size " . md5_hex($body), "chunked: $size" or diag $c->error;
	}
	my $text = "5;a=b\r\nhello\r\n3;\"\r\n";
	$srv->forget;
	is upload($c, 'Transfer-Encoding: chunked', "5;a=b\r\nhello\r\n3;x=\"y z\"\r\nabc\r\n0\r\nA: b\r\nC: d\r\n\r\n")->{body},
	    'POST 8 ' . md5_hex('helloabc'), 'extensions and trailers';
	my ($q) = $srv->requests;
	is_deeply [Strict::requests($q->{raw})], [], 'sent on canonically' or diag $q->{raw};
	unlike $q->{raw}, qr/;|^a: b/m, 'without them';
	$c->send_bytewise("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" .
	    "5;a=b\r\nhello\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n");
	is $c->read_response->{body}, 'POST 8 ' . md5_hex('helloabc'), 'byte by byte';
	is $c->request("GET /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")->{body},
	    'GET 3 ' . md5_hex('abc'), 'GET with a body';
	is $c->request("DELETE /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")->{body},
	    'DELETE 3 ' . md5_hex('abc'), 'DELETE too';
};

subtest 'responses' => sub {
	my $c = $w->http('fe');
	my $r = $c->get('/chunks');
	is $r->{h}{'transfer-encoding'}, 'chunked', 'chunked stays chunked';
	is md5_hex($r->{body}), md5_hex('hello' . 'x' x 70000), 'its body';
	$r = $c->get('/ext');
	is $r->{body}, 'hello', 'extensions and trailers';
	unlike $r->{raw}, qr/;/, 'no extension goes on';
	is_deeply $r->{trailers}, [], 'no trailer';
	is $c->get('/empty')->{body}, '', 'no bytes';
	$r = $c->get('/close');
	is $r->{body}, 'hello', 'ended by close';
	is $r->{h}{'transfer-encoding'}, 'chunked', 'becomes chunked';
	is $c->get('/old')->{body}, 'hello', 'an HTTP/1.0 server';
	$r = $c->get('/oldlen');
	is $r->{version}, '1.1', 'our version';
	is $r->{body}, 'hello', 'with a length';
	is $c->get('/echo')->{status}, 200, 'all on one connection';
};

subtest 'HTTP/1.0 clients' => sub {
	for my $path ('/chunks', '/close', '/old', '/hints', '/ext') {
		my $c = $w->http('fe');
		$c->send("GET $path HTTP/1.0\r\nHost: a\r\n\r\n");
		my $r = $c->read_response;
		is $r->{status}, 200, "$path: one final answer";
		is scalar @{ $r->{interim} }, 0, "$path: no 1xx";
		is $r->{h}{'transfer-encoding'}, undef, "$path: not chunked";
		is $r->{body} =~ /^hello/, 1, "$path: body";
		ok $c->ended eq 'fin' || $c->is_closed, "$path: then closed";
	}
	my $c = $w->http('fe');
	my $old = "%s HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
	my $r = $c->request(sprintf $old, 'GET /echo');
	is $r->{h}{connection}, 'keep-alive', 'keep-alive, told';
	is $c->request(sprintf $old, 'GET /oldlen')->{body}, 'hello', 'and kept';
	$r = $c->request(sprintf $old, 'GET /chunks');
	is length $r->{body}, 70005, 'unknown length';
	ok $r->{by_close} && ($r->{h}{connection} // 'close') eq 'close', 'ends by close';
	$c = $w->http('fe');
	is $c->request("POST /echo HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")->{body},
	    'POST 3 ' . md5_hex('abc'), 'Expect in 1.0 is ignored';
};

subtest 'Expect' => sub {
	my $c = $w->http('fe');
	for my $e ('100-continue', '100-Continue') {
		$c->send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: $e\r\nContent-Length: 5\r\n\r\n");
		is $c->read_bytes(25), "HTTP/1.1 100 Continue\r\n\r\n", "$e: 100 before the body";
		$c->send('hello');
		is $c->read_response->{body}, 'POST 5 ' . md5_hex('hello'), 'then the answer';
	}
	my $r = upload($c, "Expect: 100-continue\r\nContent-Length: 5", 'hello');
	is $r->{body}, 'POST 5 ' . md5_hex('hello'), 'body sent at once';
	for my $e ('x', '100-continue, x', '200-ok') {
		my $d = $w->http('fe');
		$d->send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: $e\r\nContent-Length: 5\r\n\r\n");
		$r = $d->read_response;
		is $r->{status}, 417, "$e: 417";
		ok $d->is_closed, 'and closed';
	}
	is $c->get('/echo', 'Expect: 100-continue')->{status}, 200, 'without a body';
	$c = $w->http('fe');
	$c->send("POST /early/close HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	$r = $c->read_response;
	is $r->{status}, 413, 'the server refuses before 100';
	is scalar @{ $r->{interim} }, 0, 'no 100 then';
	is $r->{h}{connection}, 'close', 'the connection closes: the body never came';
	ok $c->is_closed, 'closed';
};

subtest 'an answer before the upload ends' => sub {
	for my $path ('/early', '/early/close') {
		my $c = $w->http('fe');
		$c->send("POST $path HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" . 'x' x 10000);
		my $r = $c->read_response;
		is $r && $r->{status}, $path eq '/early' ? 200 : 413, "$path: goes on" or diag $c->error;
		$c->send('x' x 20000);
		ok $c->is_closed, 'the upload stops, the connection closes';
	}
	my $opened = $srv->opened;
	is $w->http('fe')->get('/echo')->{status}, 200, 'a clean request';
	my %n;
	my @twice = grep { /early/ && $n{$_}++ } map { $_->[0] eq 'D' ? "$_->[1] $_->[2]" : () } $srv->events;
	is $srv->opened, $opened + 1, 'on a fresh server connection' if !@twice;
};

# ---- large ones ----

sub rss ($pid) {
	open my $f, '<', "/proc/$pid/status" or die;
	return (map { /^VmRSS:\s+(\d+) kB/ ? $1 : () } <$f>)[0];
}

sub cpu ($pid) {
	open my $f, '<', "/proc/$pid/stat" or die;
	return join ' ', (split ' ', <$f> =~ s/.*\)//r)[11, 12];
}

# Until weir, which has begun to move bytes, has done nothing for 200 ms
sub settle () {
	my ($since, $last) = (time, '');
	Weir::poll(sub {
		my $now = cpu($w->pid);
		$since = time if $now ne $last;
		$last = $now;
		return time - $since > 0.2;
	}, 10);
}

# Writes while the kernel takes it; how much was taken when 200 ms brought nothing
sub write_until_stalled ($c, $bytes) {
	my $at = 0;
	while ($at < length $bytes) {
		my $n = syswrite $c->socket, $bytes, 262144, $at;
		$at += $n // 0;
		last if !defined $n && !$c->wait_io(1, time + 0.2);
	}
	return $at;
}

my $is_asan = Weir::bin() =~ /asan/;

sub bounded ($name, $before) {
	my $more = rss($w->pid) - $before;
	note "$name: $more kB more";
	cmp_ok $more, '<', 2048, "$name: memory is bounded" unless $is_asan;
}

subtest 'downloads' => sub {
	for my $bind ('fe', 'sp') {
		for my $size (0, 1, 16384, 16385, $MIB, 64 * $MIB) {
			my $r = $w->http($bind)->get("/$size");
			is $r && length $r->{body}, $size, "$bind: $size bytes";
			ok $r && $r->{body} eq Bulk::pattern($size), "$bind: the right ones";
		}
	}
	cmp_ok $w->info->{TotalSplicedBytesOut} // $w->info->{TotalSplicedBytes} // 0, '>', 60 * $MIB,
	    'some were spliced';
};

sub small_buffer ($bind) {
	my $s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $w->port($bind),
	    Type => SOCK_STREAM, Sockopts => [[SOL_SOCKET, SO_RCVBUF, pack 'l', 32768]]);
	return RawHTTP->new(socket => $s, timeout => 20);
}

subtest 'a slow reader' => sub {
	for my $bind ('fe', 'sp') {
		my $before = rss($w->pid);
		my $c = small_buffer($bind);
		$c->send("GET /@{[64 * $MIB]} HTTP/1.1\r\nHost: a\r\n\r\n");
		ok $c->wait_io(0, time + 10), "$bind: the answer has begun";
		settle();
		bounded("$bind, not reading", $before);
		my $took = $bulk->sent;
		cmp_ok $took, '<', 48 * $MIB, "$bind: and the server is held back";
		note sprintf '%s: the server could send %.1f MiB', $bind, $took / $MIB;
		my $r = $c->read_response;
		ok $r && $r->{body} eq Bulk::pattern(64 * $MIB), "$bind: 64 MiB, whole" or diag $c->error;
		bounded("$bind, after it", $before);
	}
};

subtest 'a slow server' => sub {
	my $before = rss($w->pid);
	my $body = Bulk::pattern(64 * $MIB);
	my $c = $w->http('fe', timeout => 20);
	$c->send("PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: " . length($body) . "\r\n\r\n");
	my $sent = write_until_stalled($c, $body);
	bounded('64 MiB upload, not read', $before);
	cmp_ok $sent, '<', 48 * $MIB, 'and the client is held back';
	note sprintf 'the client could send %.1f MiB', $sent / $MIB;
	$bulk->go;
	ok $c->send(substr $body, $sent), 'the rest' or diag $c->error;
	my $r = $c->read_response;
	is $r && $r->{body}, length($body) . ' ' . md5_hex($body), '64 MiB, whole';
	bounded('after it', $before);
};

subtest 'a slow writer' => sub {
	my $body = Bulk::pattern(3000);
	my $c = $w->http('fe');
	$c->send("PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n");
	$bulk->go;
	$c->send_split($body, map { $_ * 10 } 1 .. 299);
	is $c->read_response->{body}, '3000 ' . md5_hex($body), 'in small pieces';
};

subtest '-dS: no splice' => sub {
	my $v = Weir->new(defaults => 'http', binds => ['sp'], args => ['-dS'],
	    env => { BULK => $bulk->addr }, cfg => <<'CFG');
listen l
	bind "fd@${sp}"
	option splice-auto
	server s1 "${BULK}"
CFG
	ok $v->http('sp')->get("/$MIB")->{body} eq Bulk::pattern($MIB), '1 MiB';
	is $v->info->{TotalSplicedBytesOut} // $v->info->{TotalSplicedBytes}, 0, 'none spliced';
};
done_testing;
