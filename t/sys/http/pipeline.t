# Pipelined requests: answered in order, one each; at a bad one the earlier
# answers are complete, then its own, and nothing behind it is read.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;

my $srv = Backend->new(sub ($req) {
	return response(200, "$req->{method} $req->{path} $req->{body}\n");
});
my $w = Weir->new(defaults => 'http', binds => ['fe'],
    env => { SRV => $srv->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	http-request return status 200 content-type text/plain string local if { path /local }
	server s1 "${SRV}"
CFG

sub get ($path, @lines) {
	return join "\r\n", "GET $path HTTP/1.1", 'Host: a', @lines, '', '';
}

# The bodies (or statuses) of n answers, as far as they come
sub answers ($c, $n) {
	my @got;
	while (@got < $n) {
		my $r = $c->read_response or last;
		push @got, $r->{status} == 200 ? $r->{body} : $r->{status};
	}
	return @got;
}

sub in_order ($name, $send, $paths, $want = undef) {
	my $c = $w->http('fe');
	ok $send->($c, join '', map { get($_) } @$paths), "$name: written" or diag $c->error;
	my @got = answers($c, scalar @$paths);
	my @want = $want ? @$want : map { "GET $_ \n" } @$paths;
	is scalar(@got), scalar(@want), "$name: all are served" or diag $c->error;
	is join('', @got), join('', @want), "$name: in order";
	is $c->pending, '', "$name: nothing else";
	is +($c->get('/after') // {})->{status}, 200, "$name: the connection goes on";
}

in_order('1,000 GETs in one write', sub ($c, $b) { $c->send($b) }, [map { "/$_" } 1 .. 1000]);
is $w->stat('l', 'FRONTEND')->{req_tot}, 1001, 'and counted';
in_order('1,000 answers of our own', sub ($c, $b) { $c->send($b) }, [('/local') x 1000],
    [('local') x 1000]);
in_order('byte by byte', sub ($c, $b) { $c->send_bytewise($b) }, [map { "/$_" } 1 .. 30]);
in_order('in odd pieces', sub ($c, $b) {
	$c->send_split($b, map { $_ * 97 } 1 .. int((length($b) - 1) / 97));
}, [map { "/$_" } 1 .. 200]);
# The limit counts one head's bytes, not what lies behind it in the buffer.
in_order('each of 3 KB', sub ($c, $b) { $c->send($b) }, [map { "/$_?" . 'x' x 3000 } 1 .. 50],
    [map { "GET /$_ \n" } 1 .. 50]);
in_order('each of 15 KB', sub ($c, $b) { $c->send($b) }, [map { "/$_?" . 'x' x 15000 } 1 .. 12],
    [map { "GET /$_ \n" } 1 .. 12]);

subtest 'a bad one in the middle' => sub {
	for my $bad ("GET /bad HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", "BAD\r\n\r\n",
	    get('/bad', 'Content-Length: x')) {
		my $c = $w->http('fe');
		$c->send(join('', map { get("/$_") } 1 .. 20) . $bad . get('/late') x 20);
		is_deeply [answers($c, 40)], [(map { "GET /$_ \n" } 1 .. 20), 400],
		    '20 answers, 400, no more';
		ok $c->is_closed, 'closed';
		is $c->ended, 'fin', 'by FIN';
	}
	is scalar(grep { $_->{path} eq '/late' } $srv->requests), 0, 'nothing behind it was read';
};

subtest 'Connection: close ends it' => sub {
	my $c = $w->http('fe');
	$c->send(get('/1') . get('/2', 'Connection: close') . get('/never') x 3);
	is_deeply [answers($c, 5)], ["GET /1 \n", "GET /2 \n"], 'two answers';
	ok $c->is_closed && $c->ended eq 'fin', 'closed by FIN';
	$c = $w->http('fe');
	$c->send("GET /1 HTTP/1.0\r\nHost: a\r\n\r\n" . get('/never'));
	is_deeply [answers($c, 2)], ["GET /1 \n"], 'HTTP/1.0 too';
	ok $c->is_closed, 'closed';
	is scalar(grep { $_->{path} eq '/never' } $srv->requests), 0, 'the others were not served';
};

sub post ($path, $body) {
	return "POST $path HTTP/1.1\r\nHost: a\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
}
my $CHUNKED = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" .
    "3\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n";

subtest 'bodies between them' => sub {
	my $all = post('/p', 'hello') . get('/1') . $CHUNKED . get('/2') . post('/e', '') . get('/3') .
	    post('/x', get('/smuggled')) . get('/4', 'Content-Length: 3') . 'abc' . get('/5');
	my @want = ("POST /p hello\n", "GET /1 \n", "POST /c abcde\n", "GET /2 \n", "POST /e \n",
	    "GET /3 \n", 'POST /x ' . get('/smuggled') . "\n", "GET /4 abc\n", "GET /5 \n");
	for my $way ('send', 'send_bytewise') {
		my $c = $w->http('fe');
		$c->$way($all);
		is_deeply [answers($c, 9)], \@want, $way or diag $c->error;
		is $c->get('/after')->{status}, 200, 'the connection goes on';
	}
	is scalar(grep { $_->{path} eq '/smuggled' } $srv->requests), 0, 'a body is no request';
	my $c = $w->http('fe');
	$c->send(post('/local', 'x' x 50000) . get('/1'));
	my @got = answers($c, 2);
	is $got[0], 'local', 'an answer of our own to a large body';
	ok @got == 2 ? $got[1] eq "GET /1 \n" : $c->ended eq 'fin',
	    'then the next one, or the end';
};

subtest 'HEAD, then GET' => sub {
	for my $path ('/h', '/local') {
		my $c = $w->http('fe');
		$c->send("HEAD $path HTTP/1.1\r\nHost: a\r\n\r\n" . get($path));
		my $r = $c->read_response(head => 1);
		is $r->{status}, 200, 'HEAD';
		my $next = $c->read_response;
		is $next->{status}, 200, 'GET';
		is length $next->{body}, $next->{h}{'content-length'}, 'its body';
		cmp_ok $r->{h}{'content-length'}, '>', 4, 'the length is told';
	}
};

subtest 'half-close after writing' => sub {
	my $c = $w->http('fe');
	$c->send(join '', map { get("/$_") } 1 .. 50);
	$c->shut;
	is_deeply [answers($c, 51)], [map { "GET /$_ \n" } 1 .. 50], 'all are answered';
	ok $c->is_closed && $c->ended eq 'fin', 'then closed';
	my $short = 0;		# the FIN's event may come between any two of them
	for (1 .. 60) {
		$c = $w->http('fe');
		$c->send(get('/x') x 20);
		$c->shut;
		$short++ if answers($c, 20) != 20;
	}
	is $short, 0, 'each time';
	$c = $w->http('fe');
	$c->send(post('/p', 'hello'));
	$c->shut;
	is_deeply [answers($c, 2)], ["POST /p hello\n"], 'a POST too';
	$c = $w->http('fe');
	$c->send(get('/1') . 'GET /cut HT');
	$c->shut;
	my @got = answers($c, 3);
	is $got[0], "GET /1 \n", 'with a cut request behind it';
	ok @got == 1 || $got[1] == 400, 'which gets 400 or nothing';
	ok $c->is_closed, 'closed';
};

subtest 'one empty line before a request' => sub {
	my $c = $w->http('fe');
	$c->send("\r\n" . get('/1') . "\r\n" . get('/2'));
	is_deeply [answers($c, 2)], ["GET /1 \n", "GET /2 \n"], 'is skipped';
};
done_testing;
