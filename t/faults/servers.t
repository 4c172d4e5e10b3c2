# Servers that die, hang, refuse, are slow or come back, under checked load: a good
# server beside the bad one means that no client sees the fault.
use v5.36;
use Weir;
use Backend qw(:all);
use Faults qw(:all);
use Test::More;

my $long = served(1500);

subtest 'accepts, then RST; its check passes' => sub {
	my $bad = Backend->new(sub ($req) { $req->{path} eq '/health' ? $GOOD : RST });
	no_loss('accept, then RST', two_servers(bad => $bad->addr, during => $long));
	$bad->stop;
};

subtest 'refuses connections' => sub {
	no_loss('refused', two_servers(bad => '127.0.0.1:' . Weir->refused_port, during => $long));
};

subtest 'never answers a connection' => sub {
	no_loss('blackhole', two_servers(bad => '127.0.0.1:' . Weir->blackhole_port,
	    during => $long));
};

subtest 'answers nothing' => sub {
	my $bad = Backend->new({ '/health' => $GOOD, '*' => HANG });
	no_loss('hanging', two_servers(bad => $bad->addr, during => $long));
	$bad->stop;
};

subtest 'one is slow' => sub { slow(5000, 6, '2s', 1500) };

subtest 'flaps each half second' => sub {
	my $wait = sub ($load) { Weir::nap(0.5) };
	flapping(6, $wait, $wait);
};

subtest 'dies and comes back' => sub {
	my $bad = Backend->new($GOOD);
	no_loss('death and return', two_servers(bad => $bad->addr, during => sub ($w, $load) {
		for (1 .. 2) {
			$bad->stop;
			ok $w->wait_status('l', 'bad', qr/^DOWN/, 10), 'down';
			$bad->start;
			ok $w->wait_status('l', 'bad', qr/^UP$/, 10), 'up again';
		}
	}));
	$bad->stop;
};

subtest 'a keep-alive race' => sub { racing(3000) };

subtest 'closes its idle connections' => sub {
	my $n = 0;
	my $bad = Backend->new(sub ($req) { (++$n % 5) ? $GOOD : ($GOOD, CLOSE) });
	no_loss('idle connections closed', two_servers(bad => $bad->addr, during => $long));
	$bad->stop;
};

subtest 'dies in the middle of bodies' => sub {
	my $n = 0;
	my $bad = Backend->new(sub ($req) {
		return $GOOD if $req->{path} eq '/health' || ++$n % 5;
		return ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhel", CLOSE);
	});
	my $r = two_servers(bad => $bad->addr, during => $long);
	figures('death in mid-body', $r);
	ok !$r->{errors}{'wrong body'}, 'no body is wrong';
	is $r->{ka}, 0, 'closed in silence';
	is_deeply [grep { !/in the middle/ } keys %{ $r->{errors} }], [],
	    'the cut can be seen' or diag explain $r->{errors};
	$bad->stop;
};

subtest 'stands still for 1.5 s' => sub {
	my $other = Backend->new($GOOD);
	no_loss('SIGSTOP', two_servers(bad => $other->addr, during => sub ($w, $load) {
		$w->while_stopped(sub { Weir::nap(1.5) });
		ok $load->wait_ok(500), 'it goes on';
		unlike $w->stderr, qr/is DOWN/, 'no server is taken down for our sleep';
		is $w->stat('l', $_)->{chkfail}, 0, "no check of $_ has failed" for qw(good bad);
	}));
	$other->stop;
};

subtest 'all down, then back' => sub { down_and_back(100) };
done_testing;
