# SPDX-License-Identifier: BSD-2-Clause
#
# Faults.pm: servers and clients that misbehave under checked load, long in
# t/faults and short in t/sys/faults. Each tells its figures and checks them.
#
#	use Faults qw(:all);
#	my $r = two_servers(bad => $bad->addr, during => sub ($w, $load) { ... });
#	no_loss('the name of it', $r);
package Faults;

use v5.36;
use Backend qw(:all);
use Exporter 'import';
use Load;
use Socket qw(:DEFAULT);
use Test::More;
use Time::HiRes qw(time);
use Weir;

our $GOOD = response(200, "hello\n");
our @EXPORT_OK = qw($GOOD two_servers no_loss figures served flapping racing slow aborted_uploads
    resets down_and_back);
our %EXPORT_TAGS = (all => \@EXPORT_OK);

# Two servers, the first one good; returns what the load saw.
sub two_servers (%o) {
	my $good = Backend->new($o{good} // $GOOD);
	my $w = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<"CFG",
listen l
	bind "fd@\${fe}"
	timeout connect 200
	timeout server @{[ $o{timeout} // '1s' ]}
	option redispatch
	option httpchk GET /health
	default-server inter @{[ $o{inter} // 500 ]}
	server good "\${GOOD}" check
	server bad "\${BAD}" check
CFG
	    env => { GOOD => $good->addr, BAD => $o{bad} });
	my $load = Load->new(port => $w->port('fe'), body => "hello\n", rate => $o{rate} // 800);
	$load->wait_ok(20) or diag 'slow start';
	$o{during}->($w, $load);
	my $r = $load->stop;
	ok $w->alive, 'weir lives';
	$o{after}->($w) if $o{after};
	$w->stop;
	$good->stop;
	return $r;
}

sub figures ($name, $r) {
	diag sprintf '%s: %d served, lost %d, ka %d, p99 %.0f ms, max %.0f ms', $name,
	    @$r{qw(ok lost ka p99_ms max_ms)};
}

sub no_loss ($name, $r) {
	figures($name, $r);
	is $r->{lost}, 0, 'lost' or diag explain [$r->{statuses}, $r->{errors}];
	is $r->{ka}, 0, 'closed in silence';
}

# Until n more were served
sub served ($n, $seconds = 30) {
	return sub ($w, $load) { ok $load->wait_ok($n, $seconds), "$n more were served" };
}

# ---- servers ----

# down and up: called between the changes
sub flapping ($times, $down, $up) {
	my $bad = Backend->new($GOOD);
	no_loss('flapping', two_servers(bad => $bad->addr, inter => 100, during => sub ($w, $load) {
		for (1 .. $times) {
			$bad->stop;
			$down->($load);
			$bad->start;
			$up->($load);
		}
	}));
	$bad->stop;
}

# Both servers close a kept connection instead of answering, at a fifth of its
# uses: as seen by a client that meets the end of an idle connection.
sub racing ($n) {
	my $race = sub {
		my $uses = 0;
		return sub ($req) {
			return $GOOD if $req->{path} eq '/health' || $req->{n} == 1;
			return ++$uses % 5 ? $GOOD : CLOSE;
		};
	};
	my $bad = Backend->new($race->());
	no_loss('keep-alive race', two_servers(bad => $bad->addr, good => $race->(),
	    during => served($n), after => sub ($w) {
		my %row = map { $_ => $w->stat('l', $_) } qw(good bad);
		is $row{$_}{status}, 'UP', "$_ is up" for qw(good bad);
		is $row{$_}{eresp}, 0, "no errors of $_" for qw(good bad);
		my ($less, $more) = sort { $a <=> $b } map { $row{$_}{stot} } qw(good bad);
		cmp_ok $less, '>', $more / 4, "none was left out ($less and $more)";
	}));
	$bad->stop;
}

# One server takes much longer than the timeout.
sub slow ($n, $takes, $timeout, $rate) {
	my $bad = Backend->new({ '/health' => $GOOD, '*' => [PAUSE($takes), $GOOD] });
	my $r = two_servers(bad => $bad->addr, timeout => $timeout, rate => $rate,
	    during => served($n));
	no_loss('one slow server', $r);
	ok !$r->{statuses}{504}, 'no 504';
	cmp_ok $r->{ok}, '>=', $n, "$n were served";
	$bad->stop;
}

# ---- clients ----

sub fds ($w) { return scalar(() = glob '/proc/' . $w->pid . '/fd/*') }

# One listener, one server, its log on stderr
sub one_server ($srv) {
	return Weir->new(defaults => 'http', binds => ['fe'], env => { SRV => $srv->addr },
	    cfg => <<'CFG');
global
	log stderr format raw local0
defaults
	mode http
	log global
	log-format "END %ST %ts"
	timeout connect 1s
	timeout client 10s
	timeout server 10s
listen l
	bind "fd@${fe}"
	server s "${SRV}" pool-max-conn 0
CFG
}

sub is_as_before ($w, $srv, $fds) {
	ok $w->wait_for(sub { $w->stat('l', 's')->{scur} == 0 }), 'no slot is taken';
	ok $w->wait_for(sub { fds($w) <= $fds }, 1), 'no descriptor is left in a second'
	    or diag fds($w) . " after $fds";
	ok $w->wait_for(sub { $srv->closed == $srv->opened }), 'the server was told each time';
	is $w->http('fe')->get('/')->{status}, 200, 'service goes on';
}

sub aborted_uploads ($n) {
	my $srv = Backend->new($GOOD);
	my $w = one_server($srv);
	is $w->http('fe')->get('/')->{status}, 200;
	$w->wait_for(sub { $w->stat('l', 'FRONTEND')->{scur} == 0 });
	my $fds = fds($w);
	for my $i (1 .. $n) {
		my $c = $w->http('fe');
		$c->send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" . 'x' x 50000);
		$i % 2 ? $c->close : $c->reset;
	}
	ok $w->wait_for(sub { (() = $w->stderr =~ /^END /mg) >= $n + 1 }, 10), "$n uploads were cut";
	my $left = fds($w) - $fds;
	is_as_before($w, $srv, $fds);
	is scalar(() = $w->stderr =~ /^END 5/mg), 0, 'none is blamed on the server';
	diag "$n aborted uploads: $left descriptors left at their end";
	$w->stop;
	$srv->stop;
}

# A plain connection, reset at once or just behind a request
sub reset_one ($port, $request) {
	socket my $s, AF_INET, SOCK_STREAM, 0 or die "socket: $!";
	connect $s, pack_sockaddr_in($port, inet_aton('127.0.0.1')) or die "connect: $!";
	syswrite $s, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" if $request;
	setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
	close $s;
}

sub resets ($n) {
	my $srv = Backend->new({ '/slow' => HANG, '*' => $GOOD });
	my $w = one_server($srv);
	is $w->http('fe')->get('/')->{status}, 200;
	$w->wait_for(sub { $w->stat('l', 'FRONTEND')->{scur} == 0 });
	my $fds = fds($w);
	reset_one($w->port('fe'), $_ % 2) for 1 .. $n;
	my $at_once = fds($w) - $fds;
	is_as_before($w, $srv, $fds);
	is scalar(() = $w->stderr =~ /^END 50/mg), 0, 'no storm of 502 in the log';
	diag "$n resets: $at_once descriptors more right behind them, 0 after a second";
	$w->stop;
	$srv->stop;
}

# ---- all of them ----

sub down_and_back ($n) {
	my $srv = Backend->new($GOOD);
	my $w = Weir->new(defaults => 'http', binds => ['fe'], env => { SRV => $srv->addr },
	    cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	timeout queue 1s
	server s1 "${SRV}" check inter 200 fall 1 rise 1
	server s2 "${SRV}" check inter 200 fall 1 rise 1
CFG
	is $w->http('fe')->get('/')->{status}, 200, 'before';
	$srv->stop;
	ok $w->wait_status('l', $_, 'DOWN'), "$_ is down" for qw(s1 s2);
	my (@ms, %statuses);
	for (1 .. $n) {
		my $c = $w->http('fe');
		my $from = time;
		$statuses{ $c->get('/')->{status} }++;
		push @ms, 1000 * (time - $from);
	}
	@ms = sort { $a <=> $b } @ms;
	is_deeply \%statuses, { 503 => $n }, 'answered by 503';
	cmp_ok $ms[@ms / 2], '<', 5, 'in less than 5 ms';
	my $from = time;
	$srv->start;
	my $first;
	$w->wait_for(sub { ($w->http('fe')->get('/')->{status} // 0) == 200 and $first = time });
	my ($up) = $w->stderr =~ /(is UP, reason)/;
	ok $up, 'a check passed';
	my $s = ($first // 1e9) - $from;
	cmp_ok $s, '<', 0.2 + 0.5, 'back at most 0.5 s after the check that passed';
	diag sprintf 'all down: 503 in %.1f ms (median of %d, max %.1f); first 200 %.2f s after '
	    . 'the servers came back, checks each 0.2 s', $ms[@ms / 2], $n, $ms[-1], $s;
	$w->stop;
	$srv->stop;
}

1;
