# weirtop's keys on a terminal in tmux: help, palette, filter, ways out, suspend, sizes,
# terminals with fewer abilities.
use v5.36;
use utf8;
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Weir;
use Weirtop;
use Tmux;
use Test::More;

my @replay = ('--replay', "$FindBin::Bin/../data/states.wrec", '--speed', 0);
my $t = Tmux->top(@replay) // plan skip_all => 'no tmux here';

# --- help
$t->sees(qr/Backends/, 'the overview');
$t->keys('?');
$t->sees(qr/─ Help ─.*Esc/, 'help');
$t->sees(qr/mark all that are shown/, 'with the keys of this screen');
$t->type('clip');
$t->sees(qr/type to search: clip\s/, 'typing searches');
$t->sees(qr/^.*│\s+y\s+copy what is chosen to the clipboard/m, 'finds');
$t->sees_no(qr/mark all that are shown/, 'and hides the others');
$t->keys('Esc');
$t->sees_no(qr/─ Help ─/, 'Esc closes it');
$t->keys('?', 'q');
$t->sees_no(qr/─ Help ─/, 'q leaves help');
ok $t->screen =~ /Backends/, '... and not weirtop';
$t->keys('2', '?');
$t->sees(qr/x\s+fold or unfold a backend/, 'another screen has other keys');
unlike $t->screen, qr/\bdrain\b.*asks first/, 'a recording has no actions';
$t->keys('Esc', '1');

# --- palette
$t->keys(':');
$t->sees(qr/─ Command ─/, 'the palette');
$t->type('scr lat');
$t->sees(qr/screen latency\s+Latency/, 'finds by pieces of words');
$t->keys('Enter');
$t->sees(qr/─ Latency search/, 'and does it');
$t->keys(':');
$t->type('theme li');
$t->keys('Tab');
$t->sees(qr/:theme light/, 'Tab completes');
$t->keys('Esc', ':');
$t->type('drain app/app-1');
$t->keys('Enter');
$t->sees_no(qr/set server/, 'no action in a recording');
$t->keys('Esc', ':');
$t->type('goto 05:50');
$t->keys('Enter');
$t->sees(qr/05:50/, 'goto');
$t->keys(':');
$t->type('every 0');
$t->keys('Enter');
$t->sees(qr/0\.25 to 60 seconds, not 0/, 'a wrong value is told');
$t->keys('1');

# --- filter
$t->keys('/');
$t->type('state:');
$t->sees(qr/column 7: expected a value/, 'what is missing is said while typing');
$t->type('down');
$t->sees_no(qr/column 7/, 'and no more');
$t->keys('Enter');
$t->sees_no(qr/● api /, 'it filters');
$t->keys('Esc');
$t->sees(qr/● api /, 'Esc clears it');

# --- pasted text is no command
$t->tmux('set-buffer', 'q2:quit');
$t->tmux('paste-buffer', '-p', '-t', '=top:');
$t->keys('/');
$t->sees(qr/words\s+!not/, 'pasted keys do nothing');
$t->tmux('paste-buffer', '-p', '-t', '=top:');
$t->sees(qr{^/q2:quit}m, 'but fill a line that is open');
$t->keys('Esc', 'Esc');

# --- settings, mouse
$t->keys('F2');
$t->sees(qr/─ Settings ─/, 'settings');
$t->keys('Right');
$t->sees(qr/Theme\s+light: /, 'the next theme');
$t->keys('Left', 'Esc');
$t->keys('M');
$t->sees(qr/mouse off/, 'mouse off');

# --- sizes
$t->resize(30, 5);
$t->sees(qr/^weirtop needs 40x10 \(has 30x5\)/m, 'too small');
$t->resize(40, 10);
$t->sees(qr/BACKEND/, 'small, but drawn');
$t->resize(120, 40);
$t->sees(qr/Backends.*\n.*BACKEND\s+MODE/, 'large again');

# --- ways out
$t->keys('3', 'q');
is $t->status, 0, 'q quits';
for my $key (qw(F10 ^C)) {
	my $q = Tmux->top(@replay);
	$q->sees(qr/Backends/, 'again');
	$q->keys(':') if $key eq 'F10';
	$q->keys($key);
	is $q->status, 0, "$key quits" . ($key eq 'F10' ? ', from an overlay too' : '');
}

my $p = Tmux->top(@replay, '--preserve');
$p->sees(qr/Backends/, 'once more');
$p->keys('q');
is $p->status, 0, 'it ends';
like $p->screen('-S', '-'), qr/Backends.*RC=0/s, '--preserve leaves the last picture';

# --- suspend, in a shell with jobs
my $s = Tmux->new(['bash', '--norc'], w => 80, h => 24);
$s->type(Tmux::quoted(Weirtop::top_bin(), @replay) . "; echo DONE=\$?\n");
$s->sees(qr/Backends/, 'in a shell');
$s->keys('^Z');
$s->sees(qr/Stopped/, '^Z suspends');
$s->type("echo as\$((40+2)) it was\n");
$s->sees(qr/^as42 it was$/m, 'the shell has its terminal');
$s->type("fg\n");
$s->sees(qr/BACKEND\s+UP/, 'fg');
$s->keys('q');
$s->sees(qr/^as42 it was$/m, 'the screen from before');

# --- terminals
sub other ($name, $seen, %o) {
	my $x = Tmux->top(@replay, { w => 100, h => 30, %o });
	$x->sees($seen, $name);
	return $x;
}
my $x = other('NO_COLOR', qr/Backends/, env => { NO_COLOR => 1, TERM => 'xterm-256color' });
unlike $x->screen('-e'), qr/\e\[[\d;]*(?:3[0-8]|4[0-8]|9\d)/, 'no colours';
like $x->screen('-e'), qr/\e\[1m|\e\[7m/, 'but bold and reverse';
$x = other('vt220', qr/Backends/, env => { TERM => 'vt220' });
unlike $x->screen('-e'), qr/\e\[[\d;]*(?:3[0-8]|4[0-8])/, 'a vt220 has no colours';
$x = other('the Linux console', qr/▄|▅/, env => { TERM => 'linux' });
unlike $x->screen, qr/[⠁-⣿]/, 'no braille there';
like $x->screen('-e'), qr/\e\[[\d;]*3[1-7]/, 'eight colours';
$x = other('true colour', qr/Backends/, env => { TERM => 'tmux-256color', COLORTERM => 'truecolor' });
like $x->screen('-e'), qr/\e\[[\d;]*38;2;/, 'is true';
$x = other('the C locale', qr/\+- Backends/, env => { LC_ALL => 'C' });
unlike $x->screen, qr/[^\x00-\x7f]/, 'is ASCII';
$x = other('dumb', qr/TERM=dumb cannot move its cursor/, env => { TERM => 'dumb' });
is $x->status, 1, 'cannot be used';
$x = other('unknown', qr/terminal in TERM is not known/, env => { TERM => 'nonesuch' });
is $x->status, 1, 'nor can that';
done_testing;
