# Servers that die, hang, refuse, or come back, under checked load: a good
# server beside the bad one means that no client sees the fault.
use v5.36;
use Weir;
use Backend qw(:all);
use Load;
use Test::More;

my $GOOD = response(200, "hello\n");

# Two servers, the first one good; returns what the load saw.
sub two_servers (%o) {
	my $good = Backend->new($GOOD);
	my $w = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<'CFG',
listen l
	bind "fd@${fe}"
	timeout connect 200
	timeout server 1s
	option redispatch
	option httpchk GET /health
	server good "${GOOD}" check inter 500
	server bad "${BAD}" check inter 500
CFG
	    env => { GOOD => $good->addr, BAD => $o{bad} });
	my $load = Load->new(port => $w->port('fe'), body => "hello\n", rate => 800);
	$load->wait_ok(100) or diag 'slow start';
	$o{during}->($w, $load);
	my $r = $load->stop;
	ok $w->alive, 'weir lives';
	$w->stop;
	$good->stop;
	return $r;
}

sub no_loss ($r) {
	is $r->{lost}, 0, 'lost' or diag explain [$r->{statuses}, $r->{errors}];
	is $r->{ka}, 0, 'closed in silence';
	note sprintf '%d ok, p99 %.0f ms, max %.0f ms', @$r{qw(ok p99_ms max_ms)};
}

my $long = sub ($w, $load) { ok $load->wait_ok(1500, 20), 'service goes on' };

subtest 'accepts, then RST; its check passes' => sub {
	my $bad = Backend->new(sub ($req) { $req->{path} eq '/health' ? $GOOD : RST });
	no_loss(two_servers(bad => $bad->addr, during => $long));
	$bad->stop;
};

subtest 'refuses connections' => sub {
	no_loss(two_servers(bad => '127.0.0.1:' . Weir->refused_port, during => $long));
};

subtest 'never answers a connection' => sub {
	no_loss(two_servers(bad => '127.0.0.1:' . Weir->blackhole_port, during => $long));
};

subtest 'answers nothing' => sub {
	my $bad = Backend->new({ '/health' => $GOOD, '*' => HANG });
	no_loss(two_servers(bad => $bad->addr, during => $long));
	$bad->stop;
};

subtest 'dies and comes back' => sub {
	my $bad = Backend->new($GOOD);
	no_loss(two_servers(bad => $bad->addr, during => sub ($w, $load) {
		for (1 .. 2) {
			$bad->stop;
			ok $w->wait_status('l', 'bad', qr/^DOWN/, 10), 'down';
			$bad->start;
			ok $w->wait_status('l', 'bad', qr/^UP$/, 10), 'up again';
		}
	}));
	$bad->stop;
};

subtest 'closes its idle connections' => sub {
	my $n = 0;
	my $bad = Backend->new(sub ($req) { (++$n % 5) ? $GOOD : ($GOOD, CLOSE) });
	no_loss(two_servers(bad => $bad->addr, during => $long));
	$bad->stop;
};

subtest 'dies in the middle of bodies' => sub {
	my $n = 0;
	my $bad = Backend->new(sub ($req) {
		return $GOOD if $req->{path} eq '/health' || ++$n % 5;
		return ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhel", CLOSE);
	});
	my $r = two_servers(bad => $bad->addr, during => $long);
	ok !$r->{errors}{'wrong body'}, 'no body is wrong';
	is $r->{ka}, 0, 'closed in silence';
	is_deeply [grep { !/in the middle/ } keys %{ $r->{errors} }], [],
	    'the cut can be seen' or diag explain $r->{errors};
	$bad->stop;
};

subtest 'all down, then back' => sub {
	my $srv = Backend->new($GOOD);
	my $w = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<'CFG',
listen l
	bind "fd@${fe}"
	server s1 "${SRV}" check inter 200 fall 1 rise 1
CFG
	    env => { SRV => $srv->addr });
	is $w->http('fe')->get('/')->{status}, 200, 'before';
	$srv->stop;
	ok $w->wait_status('l', 's1', 'DOWN'), 'down';
	my $c = $w->http('fe');
	my $from = Time::HiRes::time();
	is $c->get('/')->{status}, 503, 'answered by 503';
	cmp_ok Time::HiRes::time() - $from, '<', 0.05, 'at once';
	$srv->start;
	ok $w->wait_status('l', 's1', 'UP'), 'up';
	is $w->http('fe')->get('/')->{status}, 200, 'after';
};
done_testing;
