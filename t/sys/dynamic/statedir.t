# state-dir: weir keeps the states of servers itself, over an ordered end, over a
# kill, and when another process takes over.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/' => response(200, 'x') });
my $cfg = <<'CFG';
global
	state-dir "${DIR}/state"
defaults d
	mode http
	timeout connect 10s
	timeout client 10s
	timeout server 10s
frontend fe from d
	bind "fd@${fe1}"
	default_backend be
backend be from d
	server s1 "${S1}" weight 10
	server s2 "${S1}" weight 10
backend off from d
	load-server-state-from-file none
	server n1 "${S1}" weight 10
CFG
my %o = (binds => ['fe1'], cfg => $cfg, keep => 1, env => { S1 => $srv->addr });
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
$o{cfg} =~ s/\$\{DIR\}/$dir/;
like Weir->check($o{cfg} =~ s/"\$\{(fe1|S1)\}"/127.0.0.1:1/gr =~ s/fd\@\$\{fe1\}/127.0.0.1:1/r)->{err},
    qr/'state-dir' : cannot open the folder '\Q$dir\E\/state': No such file/, 'the folder must be there';
mkdir "$dir/state" or die;

sub text () {
	open my $f, '<', "$dir/state/server-state" or return '';
	local $/;
	return <$f> // '';
}
sub row ($w, $name, $be = 'be') {
	my ($line) = grep { / $be \d+ \Q$name\E / } split /\n/, $w->cli("show servers state $be");
	return $line ? [split / /, $line] : undef;
}
sub saved ($be, $name) {
	return (split / /, (grep { / $be \d+ \Q$name\E / } split /\n/, text())[0] // '')[7] // '';
}

my $w = Weir->new(%o);
unlike $w->stderr, qr/server state file/, 'nothing to say at the first start';
is saved('be', 's1'), 10, 'the file is there from the start';
is saved('off', 'n1'), '', 'without who does not want it';

# --- by itself, when something changes: what a killed process leaves
$w->cli($_) for 'set weight be/s1 3', "add server be/d1 @{[$srv->addr]} weight 4", 'set weight off/n1 2';
ok Weir::poll(sub { saved('be', 's1') eq 3 && text() =~ /^#\+ cli \d+ be d1 /m }), 'changes are written';
$w->signal('KILL');
is $w->wait_exit, 137, 'killed';
$w->start;
is row($w, 's1')->[7], 3, 'its weight is back';
is row($w, 'd1')->[7], 4, 'and an added server';
is row($w, 'n1', 'off')->[7], 10, 'not of who does not want it';

# --- at the end, however it comes
for my $how (['TERM', 143], ['USR1', 0]) {
	$w->cli("set weight be/s2 " . ($how->[0] eq 'TERM' ? 5 : 6));
	is $w->stop($how->[0]), $how->[1], "the end by $how->[0]";
	is saved('be', 's2'), $how->[0] eq 'TERM' ? 5 : 6, 'writes the file';
	$w->start;
}
is row($w, 's2')->[7], 6, 'read again';

# --- by command, and the end after it
is $w->cli('save servers state'), '', 'save servers state';
$w->cli('set weight be/s2 7');
$w->stop;
is saved('be', 's2'), 7, 'the file is still ours';
$w->start;

# --- another process takes over
my $new = Weir->new(%o, args => ['-sf', $w->pid]);
is row($new, 's2')->[7], 7, 'the next one has read it';
is $w->wait_exit, 0, 'the old one has gone';
$new->cli('set weight be/s2 9');
is $new->stop, 143;
is saved('be', 's2'), 9, 'the file is that of the new one';

my $old = Weir->new(%o);
$old->cli('set weight be/s2 11');
rename "$dir/state/server-state", "$dir/state/mine";
open my $f, '>', "$dir/state/server-state" or die;
print $f "1\n";
close $f;
is $old->stop('USR1'), 0, 'a file that is not ours';
is text(), "1\n", 'is left alone at the end';

# --- what it does not do
my $v = Weir->new(%o, cfg => $o{cfg} =~ s/(\tstate-dir.*\n)/$1\tserver-state-file $dir\/theirs\n/r);
$v->cli('set weight be/s2 12');
like $v->stderr, qr/Can't open global server state file '\Q$dir\E\/theirs'/, 'a written server-state-file is what is read';
is $v->stop, 143;
ok !-e "$dir/theirs", 'and not written by itself';
$w = Weir->new(%o);
$w->write_file('t.cfg', $o{cfg} =~ s/\tstate-dir.*\n//r);
like $w->cli('reload'), qr/'state-dir' changed: this needs a restart/, 'a reload cannot change it';
done_testing;
