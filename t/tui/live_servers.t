# weirtop on a terminal, a live weir behind it: servers by key, each change confirmed and
# taken back; read-only; a weir that goes and comes back.
use v5.36;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::IP;
use Weir;
use Weirtop;
use Tmux;
use Test::More;

plan skip_all => 'no tmux here' if !-x '/usr/bin/tmux';
my $w = Weir->new(binds => ['fe', 'own'], keep => 1, defaults => 'http', cfg => <<'CFG');
frontend www
	bind "fd@${fe}"
	default_backend app
backend app
	use-server one if { path /hold }
	server one "127.0.0.1:${PORT_own}" weight 10 check inter 100ms
	server two "127.0.0.1:${PORT_own}" weight 10 check inter 100ms
	server three "127.0.0.1:${PORT_own}" weight 10 check inter 100ms
backend lone
	server only "127.0.0.1:${PORT_own}" check inter 100ms
frontend own
	bind "fd@${own}"
	timeout tarpit 30s
	http-request tarpit deny_status 200 if { path /hold }
	http-request return status 200 content-type text/plain string hi
CFG
my $socket = $w->path('WEIR_T_STATS');
my $t = Tmux->top('-i', '0.25', '-m', 'servers', "lb1=$socket");

sub state_of ($name, $state, $what) {
	return $t->sees_row([qr/\b$name\b/, qr/\b$state\b/], $what);
}
sub answer_of ($name) { return $w->stat('app', $name) }

ok $t->sees(qr/weirtop.*lb1.*weir/, 'the title');
state_of('one', 'UP', 'a server');

# --- drain, and back
$t->keys('/');
$t->type('name=one');
$t->keys('Enter');
$t->sees_no(qr/\btwo\b/, 'one server alone');
$t->keys('G', 'd');
$t->sees(qr/set server app\/one state drain/, 'the very command is shown');
is answer_of('one')->{status}, 'UP', 'nothing is done before it is confirmed';
$t->keys('n');
$t->sees_no(qr/y do it/, 'no');
is answer_of('one')->{status}, 'UP', 'nothing was done';
$t->keys('d');
$t->sees(qr/y do it/, 'asked again');
$t->keys('y');
state_of('one', 'DRAIN', 'it drains');
$t->sees(qr/set server app\/one state drain.*ok.*u undo/, 'the command, its answer, the way back');
like answer_of('one')->{status}, qr/DRAIN/, 'so says weir';
$t->keys('u');
$t->sees(qr/set server app\/one state ready/, 'the way back is asked about');
$t->keys('y');
state_of('one', 'UP', 'up again');

# --- drained, and then maintenance: not before its last session is over
my $held = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $w->port('fe')) or die "connect: $@";
print $held "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";
$held->flush;
ok $w->wait_for(sub { answer_of('one')->{scur} == 1 }), 'a session';
$t->keys('d');
$t->sees(qr/\[ \] then maintenance when 0 sessions are left/, 'offered');
$t->keys('Tab');
$t->sees(qr/\[x\] then maintenance/, 'chosen');
$t->keys('y');
state_of('one', 'DRAIN', 'it drains');
like answer_of('one')->{status}, qr/DRAIN/, 'while there is a session';
$w->cli('shutdown sessions server app/one');
state_of('one', 'MAINT', 'and then it is in maintenance');
$t->keys('r');
$t->sees(qr/set server app\/one state ready/, 'ready again');
$t->keys('Enter');
state_of('one', 'UP', 'up');

# --- a weight
$t->keys('w');
$t->sees(qr/weight/, 'asked which');
$t->keys('^U');
$t->type('5');
$t->keys('Enter');
$t->sees(qr/set server app\/one weight 5/, 'the command');
$t->keys('Enter');
ok $w->wait_for(sub { answer_of('one')->{weight} == 5 }), 'it has it' or diag $t->screen;
$t->keys('u');
$t->sees(qr/set server app\/one weight 10/, 'the weight it had');
$t->keys('Enter');
ok $w->wait_for(sub { answer_of('one')->{weight} == 10 }), 'and has it again' or diag $t->screen;

# --- the last server of a backend
$t->keys('Esc', '/');
$t->type('name=only');
$t->keys('Enter');
$t->sees_no(qr/\bthree\b/, 'another one');
$t->keys('G', 'm');
$t->sees(qr/type lone and Enter/, 'the backend would have no server: its name is wanted');
$t->keys('y', 'Enter', 'x');
$t->sees(qr/type lone and Enter: yx/, 'y is not enough');
is $w->stat('lone', 'only')->{status}, 'UP', 'nothing was done';
$t->keys('^U');
$t->type('lone');
$t->keys('Enter');
state_of('only', 'MAINT', 'with the name it is done');
$t->keys('u');
$t->sees(qr/state ready/, 'asked');
$t->keys('y');
state_of('only', 'UP', 'and taken back');
$t->keys('Esc', 'c');
$t->sees(qr/set server app\/one weight 10/, 'the log of commands has them all');
$t->keys('q');

# --- weir goes, another one comes
$w->stop;
$t->sees(qr/lb1: .* retry in \d s/, 'it is gone, and when it is tried again');
like $t->screen, qr/\bthree\b/, 'the picture stays';
like $t->screen('-e'), qr/\e\[[0-9;]*\b2[m;]/, 'dimmed';
$w->start;
$t->sees_no(qr/retry in/, 'it is back');
state_of('three', 'UP', 'as it was');
$t->keys('1');
$t->sees_row([qr/┆/], 'with a mark in the graphs');
$t->keys('q');
is $t->status, 0, 'the end';

# --- read-only
$t = Tmux->top('-n', '-i', '0.25', '-m', 'servers', "lb1=$socket", { w => 100, h => 30 });
$t->sees(qr/\bro\b/, 'read-only');
state_of('one', 'UP', 'a server');
$t->keys('/');
$t->type('name=one');
$t->keys('Enter', 'G', 'd');
$t->sees(qr/read-only/, 'a key is refused');
unlike $t->screen, qr/Drain|Weight/, 'the key bar has none of them';
$t->keys('?');
$t->sees(qr/help/i, 'help');
unlike $t->screen, qr/no new users/, 'nor has help';
done_testing;
