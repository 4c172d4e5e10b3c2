# weirtop against a live weir and a live haproxy: what it sees, what it does when one goes.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Weir;
use Weirtop;
use HAProxy;
use Test::More;

my $w = Weir->new(binds => ['fe'], keep => 1, cfg => <<'CFG');
defaults
	mode http
	timeout client 5s
	timeout server 5s
	timeout connect 1s
frontend www
	bind "fd@${fe}"
	default_backend app
backend app
	server one "127.0.0.1:${PORT_fe}" weight 7
	server two 127.0.0.1:1 disabled
	http-request return status 200 content-type text/plain string hi
CFG
my $socket = $w->path('WEIR_T_STATS');

# --- weir
my $t = Weirtop->follow('-i', '0.25', "lb1=$socket");
my $h = $t->wait_for(sub ($h) { $h->{state} eq 'up' && @{ $h->{rows} } });
is $h->{kind}, 'weir', 'it is weir';
is $h->{name}, 'lb1', 'by the name that was given';
is $h->{pid}, $w->pid, 'its pid';
is $h->{latency}, 'histogram', 'where latencies come from';
is Weirtop::row($h, 'app', 'one')->{fields}{weight}, 7, 'a field';
is Weirtop::row($h, 'app', 'two')->{state}, 'maint', 'a state';
is Weirtop::row($h, 'app', 'BACKEND')->{servers}, 2, 'servers of a backend';
$w->curl($w->url('fe', "/$_")) for 1 .. 3;
ok $t->wait_for(sub ($h) { (Weirtop::row($h, 'www', 'FRONTEND')->{req_s} // 0) > 0 }), 'a rate';
ok $t->wait_for(sub ($h) { (Weirtop::row($h, 'www', 'FRONTEND')->{req_s} // 1) == 0 }), 'and its end';
$w->cli('set server app/two state ready');
ok $t->wait_for(sub ($h) { Weirtop::row($h, 'app', 'two')->{state} eq 'ok' }), 'a change of state';
$w->cli('scaling pause');
ok $t->wait_for(sub ($h) { $h->{scaling_paused} }), 'scaling is paused';

# --- it goes, and comes back as another process
my $was = $w->pid;
$w->stop;
$h = $t->wait_for(sub ($h) { $h->{state} eq 'lost' });
like $h->{error}, qr/closed|refused|No such file|reset/i, "it is gone: $h->{error}";
ok scalar @{ $h->{rows} }, 'the picture stays';
$w->start;
$h = $t->wait_for(sub ($h) { $h->{state} eq 'up' && $h->{pid} != $was });
is $h->{restarts}, 1, 'back, with a mark';
is scalar(grep { ($_->{req_s} // 0) < 0 } @{ $h->{rows} }), 0, 'no rate below nothing';
undef $t;

# --- the other socket: a haproxy, by path and by TCP, with a ring
SKIP: {
	$w->write_file('h.cfg', <<"CFG");
global
	stats socket ${\$w->file('h.sock')} level operator
	stats socket fd\@\${tcp} level user
ring reqs
	format raw
	size 65536
defaults
	mode http
	timeout client 5s
	timeout server 5s
	timeout connect 1s
	log ring\@reqs local0
	option httplog
frontend web
	bind fd\@\${web}
	default_backend back
backend back
	server s "127.0.0.1:\${PORT_own}" check inter 100
frontend own
	bind fd\@\${own}
	http-request return status 200 content-type text/plain string hi
CFG
	my $peer = HAProxy->new(file => $w->file('h.cfg'), binds => [qw(web own tcp)])
	    or skip 'no haproxy here', 8;
	$w->wait_for(sub { -S $w->file('h.sock') });
	$t = Weirtop->follow('-i', '0.25', 'edge=' . $w->file('h.sock'), '127.0.0.1:' . $peer->port('tcp'),
	    "lb1=$socket");
	$h = $t->wait_for(sub ($h) { $h->{state} eq 'up' && @{ $h->{rows} } });
	is $h->{kind}, 'haproxy', 'a haproxy';
	like $h->{version}, qr/^[2-9]\.\d+/, 'its version';
	is $h->{latency}, 'from ring', 'latencies from its log';
	$w->curl('127.0.0.1:' . $peer->port('web') . "/$_") for 1 .. 3;
	ok $t->wait_for(sub ($h) { defined Weirtop::row($h, 'back', 's')->{p99_ms} }), 'percentiles of a server';
	ok $t->wait_for(sub ($h) { (Weirtop::row($h, 'web', 'FRONTEND')->{req_s} // 0) > 0 ||
	    Weirtop::row($h, 'web', 'FRONTEND')->{fields}{req_tot} == 3 }), 'its counters';
	$h = $t->wait_for(sub ($h) { $h->{state} eq 'up' && @{ $h->{rows} } }, 1);
	is $h->{kind}, 'haproxy', 'the same by TCP';
	$h = $t->wait_for(sub ($h) { $h->{state} eq 'up' && @{ $h->{rows} } }, 2);
	is $h->{kind}, 'weir', 'and weir beside it';
	undef $peer;
	ok $t->wait_for(sub ($h) { $h->{state} eq 'lost' }), 'one is gone';
	is $t->tick->{hosts}[2]{state}, 'up', 'the other one does not mind';
	undef $t;
}

# --- what is recorded is seen again, under other names if so wanted
for my $anonymous ([], ['--anonymize']) {
	my $file = $w->file('r.wrec');
	my $r = weirtop('--record', $file, @$anonymous, '-i', '0.25', '--count', 3, '--no-tui', "lb1=$socket");
	is $r->{code}, 0, 'recorded' or diag $r->{err};
	$r = weirtop('--replay', $file, '--csv', '--cols', 'proxy,server,type,weight', '--filter', 'type:server');
	is $r->{out}, "proxy,server,type,weight\n" . (@$anonymous ? "px2,sv1,server,7\npx2,sv2,server,1\n" :
	    "app,one,server,7\napp,two,server,1\n"), 'and replayed';
}

# --- a second in which nothing happens costs little
my $r = weirtop('--record', $w->file('idle.wrec'), '-i', '0.25', '--count', 5, '--no-tui', "lb1=$socket");
my @sizes = $w->read_file('idle.wrec') =~ /^@\d+ lb1 (\d+) show snapshot since [1-9]/gm;
ok @sizes >= 3 && !grep({ $_ > 2048 } @sizes), 'less than 2 KB' or diag "@sizes";

# --- nobody there
$r = weirtop('--once', '--timeout', '0.3', '/nonexistent/x.sock');
is $r->{code}, 1, 'nobody there';
like $r->{err}, qr/^weirtop: x\.sock: No such file or directory$/m, 'told why';
is $r->{out}, '', 'and nothing else';
done_testing;
