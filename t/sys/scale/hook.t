# Lifecycle hooks: instances wait, go on or not; time, heartbeats, several hooks, and
# when a cooldown begins.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $w = Weir->new(keep => 1, args => ['-T', '2013-02-15T16:30:00Z'], cfg => $SCALE_CONF . <<'CFG');
scaling-group web
	launch-config small
	size 0 5
	policy up simple change +1 cooldown 100s
	hook warm launching timeout 60s default continue data hello
	hook check launching timeout 90s
	hook save terminating timeout 300s
scaling-group bare
	launch-config small
	size 1 5
CFG
sub hooks () { return csv_rows($w->cli('show hooks web')) }
sub lifecycles () { return join ' ', map { $_->{lifecycle} } instances($w, 'web') }
sub newest () { return (activities($w, 'web'))[0] }

is in_service($w, 'bare'), 1, 'a group without hooks';
$w->cli('policy execute web/up');
is lifecycles(), 'Pending:Wait', 'it waits';
is newest()->{status}, 'MidLifecycleAction', 'so does its activity';
my @h = hooks();
is join(' ', map { "$_->{hook} $_->{left_s}" } @h), 'warm 60 check 90', 'for two hooks';
my $id = $h[0]{instance};
is said($w, "hook complete web/warm $id"), '', 'one of them';
is lifecycles(), 'Pending:Wait', 'it still waits';
is said($w, "hook complete web/warm $id"), "No active Lifecycle Action found with that token or instance id: $id.", 'once only';
$w->cli('clock advance 80s');
is said($w, "hook heartbeat web/check $h[1]{token}"), '', 'a heartbeat';
$w->cli('clock advance 80s');
is lifecycles(), 'Pending:Wait', 'the time begins anew';
is group($w, 'web')->{cooldown_left_s}, 0, 'no cooldown yet';
is said($w, "hook complete web/check $h[1]{token} CONTINUE"), '', 'by its token';
is lifecycles(), 'InService', 'in service';
is group($w, 'web')->{cooldown_left_s}, 100, 'after hooks';

# --- time over ---
$w->cli('policy execute web/up');
my ($two) = map { $_->{instance} } hooks();
$w->cli('clock advance 89s');
is lifecycles(), 'InService Pending:Wait', 'warm went on by itself';
is join(' ', map { $_->{hook} } hooks()), 'check', 'one is left';
$w->cli('clock advance 1s');
my ($three) = map { $_->{instance} } grep { $_->{lifecycle} eq 'Pending:Wait' } hooks();
isnt $three, $two, 'check abandoned it: another one is launched';
ok +(grep { $_->{description} eq "Terminating EC2 instance: $two" } activities($w, 'web')), 'it ends';
is +(hooks())[0]{hook}, 'save', 'which a hook holds too';
$w->cli("hook complete web/save $two");
$w->cli("hook complete web/$_ $three") for qw(warm check);
is lifecycles(), 'InService InService', 'the other one serves';

# --- terminating ---
$w->cli('group set-desired web 1');
like lifecycles(), qr/Terminating:Wait/, 'the end waits';
my ($s) = hooks();
is said($w, "hook complete web/save $s->{instance} ABANDON"), '', 'either result';
is lifecycles(), 'InService', 'goes on';
$w->cli('group set-desired web 0');
$w->cli('clock advance 300s');
is lifecycles(), '', 'when its time is over too';

like said($w, 'hook complete web/svae x'), qr/^Lifecycle hook name not found: group web has no hook 'svae'/, 'no such hook';
like said($w, 'hook complete web/save x MAYBE'), qr/^The result is CONTINUE or ABANDON, not 'MAYBE'/, 'no such result';
like said($w, 'hook complete web'), qr/^Expects/, 'too few';

sub bad ($text, $want) {
	my $out = Weir->check($SCALE_CONF . "scaling-group g\n\tlaunch-config small\n\tsize 1 3\n\thook $text\n");
	like $out->{err}, $want, $want;
}
bad('h launched timeout 60s', qr/'hook' expects 'launching' or 'terminating', not 'launched'/);
bad('h launching default continue', qr/'timeout' has to be there, from 1s to 48h/);
bad('h launching timeout 60', qr/'timeout 60': say 60s/);
bad('h launching timeout 60s default go', qr/'default' expects 'continue' or 'abandon', not 'go'/);
bad('h launching timeout 60s notify nobody', qr/'hook': there is no notifier 'nobody'/);
bad('h launching timeout 60s later 1', qr/unexpected 'later'/);
done_testing;
