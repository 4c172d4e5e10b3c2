# weirtop against a live weir: what it sees, what it does when that goes, what it records.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Weir;
use Weirtop;
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

# --- what a second costs when nothing happens
my @from = $t->costs;
$t->tick for 1 .. 4;
my @to = $t->costs;
my @each = map { ($to[$_] - $from[$_]) / 4 } 0 .. 2;
cmp_ok $each[0], '<=', 6, 'wake-ups a poll';
cmp_ok $each[1] + $each[2], '<=', 10, 'reads and writes a poll';

# --- traffic
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

# --- what is recorded is seen again, under other names if so wanted
sub record_of ($count, @args) {
	my $file = $w->file("r$count.wrec");
	my $r = weirtop('--record', $file, @args, '-i', '0.25', '--count', $count, '--no-tui', "lb1=$socket");
	is $r->{code}, 0, 'recorded' or diag $r->{err};
	return weirtop('--replay', $file, '--csv', '--cols', 'proxy,server,weight', '--filter', 'type:server')->{out};
}
is record_of(4), "proxy,server,weight\napp,one,7\napp,two,1\n", 'and replayed';
is record_of(1, '--anonymize'), "proxy,server,weight\npx2,sv1,7\npx2,sv2,1\n", 'with other names';
my @sizes = $w->read_file('r4.wrec') =~ /^@\d+ lb1 (\d+) show snapshot since [1-9]/gm;
ok @sizes >= 2 && !grep({ $_ > 2048 } @sizes), 'a second in which nothing happens costs less than 2 KB'
    or diag "@sizes";

# --- nobody there
my $r = weirtop('--once', '--timeout', '0.3', '/proc/none/x.sock');
is $r->{code}, 1, 'nobody there';
like $r->{err}, qr/^weirtop: x\.sock: No such file or directory$/m, 'told why';
is $r->{out}, '', 'and nothing else';
done_testing;
