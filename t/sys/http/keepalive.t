# Keep-alive on both sides, who may reuse which server connection, idle pools,
# and reused connections that die.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;

my $OK = response(200, "hello\n");
my $GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

# A weir with one server; lines for the listen section and the server
sub pair ($answer, $lines = '', $server = '', %o) {
	my $srv = Backend->new($answer, %{ $o{backend} // {} });
	my $w = Weir->new(defaults => 'http', binds => ['fe'],
	    env => { SRV => $srv->addr }, cfg => <<"CFG");
global
	nbthread @{[ $o{threads} // 1 ]}
listen l
	bind "fd@\${fe}"
@{[ join '', map { "\t$_\n" } split /; */, $lines ]}
	server s1 "\${SRV}" $server
CFG
	return ($w, $srv);
}

sub ask ($c, $path = '/', $method = 'GET') {
	my $r = $c->request("$method $path HTTP/1.1\r\nHost: a\r\n" .
	    ($method eq 'POST' ? "Content-Length: 2\r\n\r\nhi" : "\r\n"));
	return $r ? $r->{status} : $c->error;
}

sub done ($w, $srv) { $w->stop; $srv->stop }

subtest 'both sides, by default' => sub {
	my ($w, $srv) = pair($OK);
	my $c = $w->http('fe');
	is ask($c), 200, "request $_" for 1 .. 5;
	is ask($c, '/', 'POST'), 200, 'a POST';
	is ask($c), 200, 'and one more';
	is $srv->opened, 1, 'one server connection';
	is $w->stat('l', 's1')->{reuse}, 6, 'reuse is counted';
	is $w->stat('l', 's1')->{connect}, 1, 'connects too';
	my $r = $c->request("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	is $r->{h}{connection}, 'close', 'close asked, close told';
	ok $c->is_closed, 'closed';
	is $srv->closed, 0, 'the server\'s connection stays';
	done($w, $srv);
};

subtest 'option http-server-close' => sub {
	my ($w, $srv) = pair($OK, 'option http-server-close');
	my $c = $w->http('fe');
	is ask($c), 200, "request $_" for 1 .. 3;
	is $srv->opened, 3, 'a server connection each';
	is +(grep { ($_->{h}{connection} // '') eq 'close' } $srv->requests), 3, 'told to close';
	done($w, $srv);
};

subtest 'option httpclose' => sub {
	my ($w, $srv) = pair($OK, 'option httpclose');
	my $c = $w->http('fe');
	my $r = $c->request($GET);
	is $r->{status}, 200, 'served';
	is $r->{h}{connection}, 'close', 'the client is told';
	ok $c->is_closed, 'and closed';
	is +($srv->requests)[0]{h}{connection}, 'close', 'the server is told';
	done($w, $srv);
};

subtest 'no option: the defaults section decides' => sub {
	my $srv = Backend->new($OK);
	my $w = Weir->new(binds => ['fe'], env => { SRV => $srv->addr }, cfg => <<'CFG');
defaults
	mode http
	timeout connect 5s
	timeout client 5s
	timeout server 5s
	option http-server-close
listen l
	bind "fd@${fe}"
	no option http-server-close
	server s1 "${SRV}"
CFG
	my $c = $w->http('fe');
	is ask($c), 200, 'request' for 1 .. 2;
	is $srv->opened, 1, 'kept';
	done($w, $srv);
};

# Two clients, each two requests: connections that the server sees
my %REUSE = (
	never => 2,		# each client its own
	safe => 2,		# the first request of a client needs a fresh one
	aggressive => 1,	# the first one's was reused once before
	always => 1,
);
for my $mode (sort keys %REUSE) {
	subtest "http-reuse $mode" => sub {
		my ($w, $srv) = pair($OK, "http-reuse $mode");
		my ($a, $b) = map { $w->http('fe') } 1, 2;
		is ask($a), 200, 'first client' for 1 .. 2;
		is ask($b), 200, 'second client';
		is $srv->opened, $REUSE{$mode}, 'connections after its first request';
		is ask($b), 200, 'and its second';
		is $srv->opened, $REUSE{$mode}, 'connections in the end';
		done($w, $srv);
	};
}

subtest 'http-reuse safe: what cannot be repeated' => sub {
	my ($w, $srv) = pair($OK);
	my ($a, $b) = map { $w->http('fe') } 1, 2;
	ask($a);
	ask($b);
	is $srv->opened, 2, 'two connections';
	is ask($a), 200, 'GET of the first';
	is ask($b), 200, 'GET of the second';
	is $srv->opened, 2, 'idle ones are reused';
	is ask($b, '/', 'POST'), 200, 'POST of the second';
	is $srv->opened, 2, 'on its own, not idle since its last request';
	is ask($a, '/', 'POST'), 200, 'POST of the first: its own one';
	cmp_ok $srv->opened, '<=', 3, 'or a fresh one';
	done($w, $srv);
};

subtest 'pool-max-conn' => sub {
	for my $max (0, 1, 2) {
		my ($w, $srv) = pair(sub ($req) { return PAUSE(0.03), $OK }, '', "pool-max-conn $max");
		my @c = map { $w->http('fe') } 1 .. 3;
		$_->send($GET) for @c;
		is $_->read_response->{status}, 200, "$max: answered" for @c;
		ok $w->wait_for(sub { $srv->closed >= 3 - $max }), "$max: the others are closed";
		is $w->stat('l', 's1')->{safe_conn_cur}, $max, "$max: idle ones stay";
		done($w, $srv);
	}
};

subtest 'pool-purge-delay' => sub {
	my ($w, $srv) = pair($OK, '', 'pool-purge-delay 100ms');
	my $c = $w->http('fe');
	ask($c);
	my $from = Time::HiRes::time();
	ok $w->wait_for(sub { $srv->closed }), 'an idle connection is closed';
	cmp_ok Time::HiRes::time() - $from, '>', 0.08, 'not at once';
	is ask($c), 200, 'the client does not see it';
	is $srv->opened, 2, 'a fresh one';
	done($w, $srv);
};

subtest 'the server closes an idle connection' => sub {
	my ($w, $srv) = pair([$OK, CLOSE]);
	my $c = $w->http('fe');
	for (1 .. 5) {
		is ask($c), 200, 'served';
		ok $w->wait_for(sub { $w->stat('l', 's1')->{safe_conn_cur} == 0 }), 'noticed';
	}
	is $w->stat('l', 's1')->{wretr}, 0, 'no retry';
	is $w->stat('l', 's1')->{eresp}, 0, 'no error';
	done($w, $srv);
};

# The second request on a connection is not answered: FIN or RST instead
for my $how ([FIN => CLOSE], [RST => RST]) {
	my ($name, $end) = @$how;
	my $answer = sub ($req) { return $req->{n} > 1 ? $end : $OK };

	subtest "a reused connection dies by $name" => sub {
		my ($w, $srv) = pair($answer);
		my $c = $w->http('fe');
		is ask($c), 200, 'first';
		is ask($c), 200, 'second: once more on a fresh one';
		is $srv->opened, 2, 'two connections';
		is scalar($srv->requests), 3, 'three requests';
		is $w->stat('l', 's1')->{eresp}, 0, 'no mark against the server';
		is $w->stat('l', 's1')->{wretr}, 1, 'a retry is counted';
		is ask($c, '/', 'PUT'), 200, 'PUT is idempotent too';
		done($w, $srv);
	};

	subtest "POST, when it dies by $name" => sub {
		my ($w, $srv) = pair($answer);
		my $c = $w->http('fe');
		is ask($c), 200, 'first';
		is ask($c, '/', 'POST'), 502, 'POST gets 502';
		is scalar(grep { $_->{method} eq 'POST' } $srv->requests), 1, 'it was sent once';
		is ask($c), 200, 'and the client\'s connection is still there' or diag $c->error;
		done($w, $srv);
	};

	subtest "a PUT whose body was large, when it dies by $name" => sub {
		my ($w, $srv) = pair($answer);
		my $c = $w->http('fe');
		is ask($c), 200, 'first';
		my $r = $c->request("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" . 'x' x 100000);
		is $r && $r->{status}, 502, 'its body is gone: 502' or diag $c->error;
		done($w, $srv);
	};

	subtest "also the fresh connection dies by $name" => sub {
		my ($w, $srv) = pair(sub ($req) { return $req->{path} eq '/die' ? $end : $OK });
		my $c = $w->http('fe');
		is ask($c), 200, 'first';
		is ask($c, '/die'), 502, 'tried once more, then 502';
		is scalar(grep { $_->{path} eq '/die' } $srv->requests), 2, 'two tries';
		is ask($c), 200, 'the client\'s connection lives';
		done($w, $srv);
	};
}

subtest 'a body in the buffer is sent again' => sub {
	my ($w, $srv) = pair(sub ($req) { return $req->{n} > 1 ? CLOSE : response(200, $req->{body}) });
	my $c = $w->http('fe');
	is ask($c), 200, 'first';
	my $r = $c->request("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n" . 'y' x 9000);
	is $r && $r->{body}, 'y' x 9000, 'Content-Length' or diag $c->error;
	$r = $c->request("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	is $r && $r->{body}, 'abcde', 'chunked' or diag $c->error;
	done($w, $srv);
};

subtest 'idle connections that ended while weir was stopped' => sub {
	my ($w, $srv) = pair([$OK, PAUSE(0.05), CLOSE], 'http-reuse always');
	my $c = $w->http('fe');
	is ask($c), 200, 'first';
	$w->signal('STOP');
	Weir::poll(sub { grep { $_->[0] eq 'C' } $srv->events; 0 }, 0.1);
	$c->send($GET);
	$w->signal('CONT');
	is $c->read_response->{status}, 200, 'the end is seen before the pick';
	is $w->stat('l', 's1')->{wretr}, 0, 'without a retry';
	done($w, $srv);
};

subtest 'several threads' => sub {
	my ($w, $srv) = pair($OK, '', '', threads => 2);
	my @c = map { $w->http('fe') } 1 .. 8;
	for my $round (1 .. 20) {
		$_->send($GET) for @c;
		my @bad = grep { !defined || $_->{status} != 200 } map { $_->read_response } @c;
		is @bad, 0, "round $round" if @bad || $round == 20;
	}
	cmp_ok $srv->opened, '<=', 10, 'connections are reused';
	done($w, $srv);
};
done_testing;
