# weirtop on a terminal, a live weir behind it: an alarm is acknowledged, silenced, set by
# hand; why it is so, its metric, another threshold.
use v5.36;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(strftime);
use Scale;
use Weir;
use Tmux;
use Test::More;

plan skip_all => 'no tmux here' if !-x '/usr/bin/tmux';
my $w = Weir->new(args => ['-T', strftime('%FT%TZ', gmtime)], cfg => <<'CFG');
alarm hot
	metric Load namespace Lab dimension Host all
	threshold > 80
alarm cold
	metric Load namespace Lab dimension Host all
	threshold < 10
CFG
sub put_load ($v) { $w->cli("put metric Load value $v namespace Lab dimension Host=all") }
sub named ($name) { return +(grep { $_->{name} eq $name } csv_rows($w->cli('show alarms')))[0] }

for my $v (40, 60, 90, 95) {
	put_load($v);
	$w->cli('clock advance 60s');
}
is named('hot')->{state}, 'ALARM', 'there is an alarm';

my $t = Tmux->top('-i', '0.25', '-m', 'alarms', 'lb1=' . $w->path('WEIR_T_STATS'), { w => 140 });
$t->sees_row([qr/✖/, qr/\bhot\b/, qr/ALARM/, qr/> 80/], 'it stands in the list');
$t->sees_row([qr/●/, qr/\bcold\b/, qr/\bOK\b/], 'and another one');
$t->sees(qr/TEST CLOCK.*1 ALARM\b/, 'the title counts it, and tells of the clock');
$t->sees(qr/hot: Average Load > 80/, 'its metric is drawn');
$t->sees(qr/Threshold Crossed/, 'why it is so');

# --- a person sees to it
$t->keys('a');
$t->sees(qr/alarm ack hot/, 'the very command');
is named('hot')->{acked_by}, '', 'not sent before it is confirmed';
$t->keys('Enter');
$t->sees(qr/✖ hot .*\back \S/, 'acknowledged, by whom');
isnt named('hot')->{acked_by}, '', 'so says weir';
$t->keys('u');
$t->sees(qr/alarm unack hot/, 'and back');
$t->keys('Enter');
ok $w->wait_for(sub { named('hot')->{acked_by} eq '' }), 'not any more';

$t->keys('i');
$t->sees(qr/silence for/, 'how long');
$t->keys('^U');
$t->type('30m');
$t->keys('Enter');
$t->sees(qr/alarm silence hot for 30m/, 'the command');
$t->keys('Enter');
$t->sees(qr/✖ hot .*\bsilent \d+m/, 'silent');

$t->keys('=');
$t->sees(qr/state, then the reason/, 'which state, and why');
$t->keys('^U');
$t->type('INSUFFICIENT_DATA a try');
$t->keys('Enter');
$t->sees(qr/alarm set-state hot INSUFFICIENT_DATA reason a\\ try|set-state hot INSUFFICIENT_DATA reason .*a try/, 'the command');
$t->sees(qr/y do it/, 'a hard one');
is named('hot')->{state}, 'ALARM', 'not sent yet';
$t->keys('y');
$t->sees_row([qr/\bhot\b/, qr/NO DATA/], 'set');
$w->cli('clock advance 60s');
$t->sees_row([qr/\bhot\b/, qr/NO DATA|OK/], 'until it is judged again');

# --- explained, tried
$t->keys('x');
$t->sees(qr/Why: its points/, 'explained');
$t->sees_row([qr/\d\d:\d\d:\d\d/, qr/\bbreaching/], 'point by point');
$t->keys('T');
$t->sees(qr/threshold 80/, 'another threshold');
$t->keys('^U');
$t->type('92');
$t->keys('Enter');
$t->sees(qr/→ *ALARM/, 'what would have happened');
$t->keys('Esc');
$t->sees(qr/Why, and what happened/, 'back');

# --- a mistake is refused before anything is sent
$t->keys('=');
$t->sees(qr/state, then the reason/, 'again');
$t->keys('^U');
$t->type('FINE');
$t->keys('Enter');
$t->sees(qr/a state is OK, ALARM or INSUFFICIENT_DATA/, 'no such state');
$t->keys('F10');
is $t->status, 0, 'the end';
done_testing;
