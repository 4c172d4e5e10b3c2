# Deadlines of clients, servers, connects and queues; retries and redispatch.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;
use Time::HiRes qw(time);

my $OK = response(200, "hello\n");
my $slow = Backend->new({ '/' => $OK, '/hang' => HANG, '/slow' => [PAUSE(0.3), $OK],
    '*' => $OK });
my $big = Backend->new(response(200, 'x' x 20_000_000));
my $blackhole = '127.0.0.1:' . Weir->blackhole_port;
my $refused = '127.0.0.1:' . Weir->refused_port;
my $w = Weir->new(defaults => 'http', binds => [qw(fe sp nosp ka conn refuse queue)],
    env => { SRV => $slow->addr, BIG => $big->addr, HOLE => $blackhole, REFUSED => $refused }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	timeout http-request 300
	timeout client 300
	timeout server 400
	server s1 "${SRV}"
listen nosp
	bind "fd@${nosp}"
	timeout client 300
	server s1 "${BIG}"
listen sp
	bind "fd@${sp}"
	option splice-auto
	timeout client 300
	server s1 "${BIG}"
listen ka
	bind "fd@${ka}"
	timeout http-keep-alive 200
	timeout client 5s
	server s1 "${SRV}"
listen conn
	bind "fd@${conn}"
	timeout connect 200
	retries 0
	server s1 "${HOLE}"
listen refuse
	bind "fd@${refuse}"
	timeout connect 100
	retries 2
	server s1 "${REFUSED}"
listen queue
	bind "fd@${queue}"
	timeout queue 200
	timeout server 2s
	server s1 "${SRV}" maxconn 1
CFG

# Runs code; its result and whether it took about that many ms
sub within ($name, $ms, $code) {
	my $from = time;
	my $r = $code->();
	my $took = (time - $from) * 1000;
	ok $took > $ms - 15 && $took < $ms * 1.5 + 250 * $Weir::PATIENCE, "$name: in time"
	    or diag sprintf '%.0f ms, not %d', $took, $ms;
	return $r;
}

sub status ($r) { return $r ? $r->{status} : 'none' }

# One byte every 20 ms until an answer comes
sub drip ($c, $bytes) {
	for (split //, $bytes) {
		$c->send($_);
		vec(my $v = '', fileno $c->socket, 1) = 1;
		last if select $v, undef, undef, 0.02;
	}
	return $c->read_response;
}

subtest 'request head: absolute' => sub {
	my %head = ('nothing at all' => '', 'in the line' => 'GET /' . 'x' x 100,
	    'in a field' => "GET / HTTP/1.1\r\nHost: a\r\nX: " . 'y' x 100,
	    'empty lines' => "\r\n");
	for (sort keys %head) {
		my $c = $w->http('fe');
		my $r = within($_, 300, sub { drip($c, $head{$_}) });
		is status($r), 408, "$_: 408";
		is +($r // {})->{h}{connection}, 'close', 'close';
		ok $c->is_closed, 'closed';
	}
	my $c = $w->http('fe');
	is $c->get('/')->{status}, 200, 'a request';
	is status(within('a second head', 300, sub { drip($c, "GET / HTTP/1.1\r\n" . 'X: ' . 'y' x 100) })), 408,
	    '408 for the second one too';
};

subtest 'keep-alive' => sub {
	my $c = $w->http('ka');
	is $c->get('/')->{status}, 200, 'a request' for 1 .. 2;
	ok within('idle', 200, sub { $c->is_closed }), 'closed';
	is $c->ended, 'fin', 'by FIN, without a 408';
	$c = $w->http('ka');
	is $c->get('/')->{status}, 200, 'within the time: goes on' for 1 .. 2;
};

subtest 'client' => sub {
	my $c = $w->http('fe');
	my $r = within('a body that does not come', 300, sub {
		$c->request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
	});
	is status($r), 408, 'answered by 408';
	ok $c->is_closed, 'closed';
	$c = $w->http('fe');
	$r = within('Expect, then no body', 300, sub {
		$c->request("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	});
	is status($r), 408, 'answered by 408';
	is scalar @{ $r->{interim} }, 1, 'after the 100';
	$c = $w->http('fe');
	for ('nosp', 'sp') {
		my $bind = $_;
		my @c = map { $w->http($bind) } 1 .. 6;
		$_->send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n") for @c;
		ok $_->wait_io(0, time + 10), "$bind: the answer begins" for @c;
		ok $w->wait_for(sub { $w->stat($bind, 'FRONTEND')->{scur} == 0 }, 5),
		    "$bind: clients that do not read are cut";
		my @got = map { $_->read_until_close // '' } @c;
		is scalar(grep { m{^HTTP/1\.1 200 } && length $_ < 20_000_000 } @got), 6, 'visibly';
	}
	$c = $w->http('fe');
	$r = drip($c, "POST / HTTP/1.1\r\nHost: a\r\n") // {};
	is $r->{status} // 'none', 408, 'cut in the fields';
};

subtest 'server' => sub {
	my $c = $w->http('fe');
	is status(within('silence', 400, sub { $c->get('/hang') })), 504, 'answered by 504';
	is $c->get('/')->{status}, 200, 'the client\'s connection goes on';
	is $w->http('fe')->get('/slow')->{status}, 200, 'late, but not too late';
	is $w->stat('l', 's1')->{eresp}, 1, 'counted';
};

subtest 'connect' => sub {
	my $c = $w->http('conn');
	is status(within('blackhole', 200, sub { $c->get('/') })), 503, 'answered by 503';
	is $w->stat('conn', 's1')->{econ}, 1, 'counted';
	$c = $w->http('refuse');
	is status(within('refused, twice more', 200, sub { $c->get('/') })), 503, 'answered by 503';
	is $w->stat('refuse', 's1')->{wretr}, 2, 'two retries';
	is $w->stat('refuse', 's1')->{econ}, 3, 'three tries';
};

subtest 'queue' => sub {
	my ($a, $b) = map { $w->http('queue') } 1, 2;
	$a->send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
	ok $w->wait_for(sub { $w->stat('queue', 's1')->{scur} == 1 }), 'the slot is taken';
	is status(within('waiting', 200, sub { $b->get('/') })), 503, 'answered by 503';
	$a->reset;
	ok $w->wait_for(sub { $w->stat('queue', 's1')->{scur} == 0 }), 'the first one leaves';
	is $b->get('/')->{status}, 200, 'then it is served';
	# the slot that frees goes to who waits
	$a = $w->http('queue');
	$a->send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	ok $w->wait_for(sub { $w->stat('queue', 's1')->{scur} == 1 }), 'taken again';
	my $x = $w->http('queue');
	$x->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	is $a->read_response->{status}, 200, 'the first';
	ok status($x->read_response) =~ /200|503/, 'the second has its answer';
};

subtest 'min-body-rate' => sub {
	plan skip_all => 'takes 10 s: WEIR_SLOW=1' unless $ENV{WEIR_SLOW};
	my $v = Weir->new(defaults => 'http', binds => ['fe'], env => { SRV => $slow->addr }, cfg => <<'CFG');
global
	tune.http.min-body-rate 100
listen l
	bind "fd@${fe}"
	server s1 "${SRV}"
CFG
	my $c = $v->http('fe', timeout => 20);
	$c->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
	my $from = time;
	is status(drip($c, 'x' x 1000)), 408, 'a body of 50 bytes per second';
	my $took = time - $from;
	ok $took > 9.5 && $took < 13, 'after 10 s' or diag $took;
};

# ---- retries: two servers, `bad` first ----

sub two (%o) {
	my $bad = $o{bad} // Backend->new($o{answer});
	my $good = Backend->new($OK);
	my $v = Weir->new(defaults => 'http', binds => ['fe'],
	    env => { BAD => ref $bad ? $bad->addr : $bad, GOOD => $good->addr }, cfg => <<"CFG");
listen l
	bind "fd\@\${fe}"
	balance first
	timeout connect 200
	timeout server 300
@{[ join '', map { "\t$_\n" } split /; */, $o{lines} // '' ]}
	server bad "\${BAD}"
	server good "\${GOOD}" @{[ $o{good} // '' ]}
CFG
	return ($v, $bad, $good);
}

sub try_method ($v, $method = 'GET') {
	return status($v->http('fe')->request("$method / HTTP/1.1\r\nHost: a\r\n" .
	    ($method eq 'POST' ? "Content-Length: 2\r\n\r\nhi" : "\r\n")));
}

my %FAILS = (RST => RST, FIN => CLOSE, junk => "junk\r\n\r\n", 'a cut head' => ["HTTP/1.1 200", CLOSE],
    silence => HANG);
for my $name (sort keys %FAILS) {
	subtest "another server takes over: $name" => sub {
		my ($v, $bad, $good) = two(answer => $FAILS{$name});
		is try_method($v), 200, 'GET';
		is $v->stat('l', 'bad')->{wredis}, 1, 'counted as redispatched';
		is $v->stat('l', 'good')->{hrsp_2xx}, 1, 'answered by the other';
		is try_method($v, 'POST'), $name eq 'silence' ? 504 : 502, 'POST is not repeated';
		is scalar(grep { $_->{method} eq 'POST' } $good->requests), 0, 'not sent twice';
		my $c = $v->http('fe');
		is join(' ', map { $c->get('/')->{status} } 1, 2), '200 200', 'one client, twice';
		is $good->opened, 2, 'the connection of a retry is kept';
		$v->stop;
		$_->stop for $bad, $good;
	};
}

subtest 'a connection refused goes to another server' => sub {
	my ($v, undef, $good) = two(bad => $refused, lines => 'option redispatch');
	is try_method($v), 200, 'GET';
	is try_method($v, 'POST'), 200, 'POST too: nothing was sent';
	$v->stop;
};

subtest 'away from the server of persistence' => sub {
	my %tries = ('option redispatch' => 3, 'option redispatch 2' => 2, 'option redispatch -2' => 2,
	    'option redispatch 1' => 1);
	for (sort keys %tries) {
		my ($v) = two(bad => $refused, lines => "use-server bad if TRUE; $_; timeout connect 20");
		is try_method($v), 200, $_;
		is $v->stat('l', 'bad')->{wretr}, $tries{$_}, "$_: at that retry";
		is $v->stat('l', 'bad')->{wredis}, 1, "$_: once";
		$v->stop;
	}
	my ($v) = two(bad => $refused, lines => 'use-server bad if TRUE; timeout connect 20');
	is try_method($v), 503, 'never without';
	$v->stop;
};

subtest 'a blackhole goes to another server' => sub {
	my ($v) = two(bad => $blackhole, lines => 'option redispatch; retries 1');
	is status(within('one connect timeout', 200, sub { $v->http('fe')->get('/') })), 200, 'GET';
	$v->stop;
};

subtest 'retry-on means what it lists' => sub {
	my %case = (
		'none' => [CLOSE, 502], 'conn-failure' => [CLOSE, 502], 'empty-response' => [CLOSE, 200],
		'response-timeout' => [HANG, 200], 'junk-response' => ["junk\r\n\r\n", 200],
		'503' => [response(503, 'x'), 200], 'all-retryable-errors' => [CLOSE, 200],
		'503 504' => [response(500, 'x'), 500],
	);
	for (sort keys %case) {
		my ($v, $bad, $good) = two(answer => $case{$_}[0], lines => "retry-on $_; retries 1");
		is try_method($v), $case{$_}[1], "retry-on $_";
		$v->stop;
		$_->stop for $bad, $good;
	}
};

subtest 'a status of retry-on does not eject' => sub {
	my ($v, $bad) = two(answer => response(503, 'x'), lines => 'balance roundrobin; retry-on 503');
	is scalar(grep { try_method($v) == 200 } 1 .. 10), 10, 'all are served';
	is scalar($bad->requests), 10, 'it keeps its turns, the retries those of the other';
	$v->stop;
};

subtest 'one server: the first failure is answered at once' => sub {
	my $srv = Backend->new(CLOSE);
	my $v = Weir->new(defaults => 'http', binds => ['fe'], env => { SRV => $srv->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	server s1 "${SRV}"
CFG
	is try_method($v), 502, 'answered by 502';
	is scalar($srv->requests), 1, 'one try';
	is $v->stat('l', 's1')->{eresp}, 1, 'counted';
};
done_testing;
