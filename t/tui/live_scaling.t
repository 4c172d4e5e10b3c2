# weirtop on a terminal, a live weir behind it: a group is scaled, an instance ended, all of
# it stands still; what a policy would have done with other values.
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
my $w = Weir->new(args => ['-T', strftime('%FT%TZ', gmtime)], cfg => $SCALE_CONF . <<'CFG');
scaling-group web
	launch-config small
	size 1 6
	default-cooldown 90s
	policy more simple change +1 cooldown 60s
scaling-group pair
	launch-config small
	size 0 2
alarm busy
	metric Load namespace Lab dimension Host all
	threshold > 80
	on alarm policy web/more
CFG
sub put_load ($v) { $w->cli("put metric Load value $v namespace Lab dimension Host=all") }

for my $v (40, 90, 95, 50) {
	put_load($v);
	$w->cli('clock advance 60s');
}
is group($w, 'web')->{desired}, 3, 'the policy has acted';

my $t = Tmux->top('-i', '0.25', '-m', 'scaling', 'lb1=' . $w->path('WEIR_T_STATS'), { w => 140 });
$t->sees_row([qr/\bweb\b/, qr/\b1 +3 +6\b/, qr{3/3}], 'a group');
$t->sees_row([qr/\bpair\b/, qr{0/0}], 'another one');
my ($first) = instances($w, 'web');
$t->sees_row([qr/\bi-[0-9a-f]+/, qr/InService/], 'its instances');
$t->sees_row([qr/Successful/, qr/Launching a new EC2 instance/], 'and what happened');

# --- a size
sub choose ($name) {
	$t->keys('/', '^U');
	$t->type("name=$name");
	$t->keys('Enter');
	$t->sees_no($name eq 'web' ? qr/\bpair\b/ : qr/\bweb\b/, "$name is chosen");
}
choose('web');
$t->keys('S');
$t->sees(qr/desired size/, 'asked for a size');
$t->keys('^U');
$t->type('9');
$t->keys('Enter');
$t->sees(qr/web may have 1 to 6 instances, not 9/, 'too many');
$t->keys('S');
$t->sees(qr/desired size/, 'asked again');
$t->keys('^U');
$t->type('5');
$t->keys('Enter');
$t->sees(qr/group set-desired web 5/, 'the very command');
$t->sees(qr/web launches 2/, 'what it does');
is group($w, 'web')->{desired}, 3, 'not sent before it is confirmed';
$t->keys('y');
$t->sees_row([qr/\bweb\b/, qr/\b1 +5 +6\b/, qr{5/5}], 'there they are');
$t->sees(qr/Instances ─+ 5 ─/, 'in the list of instances too');
$t->keys('u');
$t->sees(qr/group set-desired web 3/, 'and back');
$t->keys('y');
$t->sees_row([qr/\bweb\b/, qr/\b1 +3 +6\b/], 'two go');

# --- one instance
$t->keys('Tab', 'X');
$t->sees(qr/instance terminate i-[0-9a-f]+/, 'one is to end');
my ($id) = $t->{last} =~ /instance terminate (i-[0-9a-f]+)/;
$t->keys('y');
$t->sees_row([qr/Terminating EC2 instance: \Q$id\E/], 'it ended');
is in_service($w, 'web'), 3, 'and another one came';

# --- all of it stands still
$t->keys('S-Tab', 'Z');
$t->sees(qr/scaling pause/, 'a pause');
$t->keys('y');
$t->sees(qr/PAUSED/, 'the title says so');
$t->keys('Z');
$t->sees(qr/scaling resume/, 'on again');
$t->keys('y');
$t->sees_no(qr/PAUSED/, 'it goes on');

# --- what its policy would have done
$t->keys('T');
$t->sees(qr{web/more +with}, 'other values');
$t->type('busy.threshold=60');
$t->keys('Enter');
$t->sees(qr/as it is .*changes=\d/, 'as it was');
$t->sees(qr/tried .*changes=\d/, 'and as it would have been');
$t->keys('Esc');
$t->sees(qr/Activities/, 'back');

# --- to nothing: its name is asked for
choose('pair');
$t->keys('S');
$t->sees(qr/desired size/, 'another group');
$t->keys('^U');
$t->type('2');
$t->keys('Enter');
$t->sees(qr/group set-desired pair 2/, 'asked');
$t->keys('y');
$t->sees_row([qr/\bpair\b/, qr{2/2}], 'two');
$t->keys('u');
$t->sees(qr/type pair and Enter/, 'none would be left: its name is wanted');
$t->type('pair');
$t->keys('Enter');
$t->sees_row([qr/\bpair\b/, qr{0/0}], 'none');
$t->keys('F10');
is $t->status, 0, 'the end';
done_testing;
