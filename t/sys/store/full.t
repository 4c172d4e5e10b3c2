# A full disk below the store: traffic and commands go on, whoever changes something is
# told that it will not last, an alarm says so, and when there is room again all of it
# is written. A small tmpfs in an own mount namespace.
use v5.36;
use Weir;
use Test::More;

if (!$ENV{WEIR_T_NAMESPACE}) {
	plan skip_all => 'no mount namespace here (needs root)'
	    if system('unshare -m --propagation private true 2>/dev/null') != 0;
	$ENV{WEIR_T_NAMESPACE} = 1;
	exec qw(unshare -m --propagation private), $^X, '-It/lib', $0 or die;
}
my $state = File::Temp->newdir('weir-state-XXXXXX', TMPDIR => 1);
system('mount', '-t', 'tmpfs', '-o', 'size=96m,mode=0777', 'none', "$state") == 0
    or plan skip_all => "mount: $state";

my $w = Weir->new(defaults => 'http', binds => ['web'], keep => 1,
    args => ['-T', '2013-02-15T15:51:00Z'], cfg => <<"CFG");
global
	state-dir $state
	metrics-space 64m
frontend web
	bind "fd@\${web}"
	http-request return status 200
backend b
	server s 127.0.0.1:1
alarm one
	metric Latency balancer b
	threshold > 2s
	missing-data ignore
CFG
sub ask ($command) { return $w->cli($command) =~ s/\n+\z//r }

is ask('alarm set-state one OK reason before'), '', 'with room it is silent';
open my $fill, '>', "$state/fill" or die;
my $n = 65_536;
while ($n >= 1) {
	$n /= 2 if !defined syswrite $fill, 'x' x $n;
}
my ($answer, $last) = ('', '');
for my $i (1 .. 400) {
	$last = "r$i";
	$answer = ask('alarm set-state one ' . ($i % 2 ? 'ALARM' : 'OK') . " reason $last");
	last if $answer ne '';
}
like $answer, qr/^Done, but it will not outlive this process: .*full\.$/, 'a change is told that it will not last';
like ask('show alarm one'), qr/\Q$last\E/, 'but it is done';
like ask('show alarm Weir/StoreFailing'), qr/^state: ALARM$/m, 'an alarm says so';
like $w->stderr, qr/state-dir: cannot write \S+weir\.db: .*full; it is tried again every 10 s/, 'and the log';
is $w->http('web')->request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")->{status}, 200, 'traffic goes on';
$w->cli('clock advance 30s');
is scalar(() = $w->stderr =~ /state-dir: cannot write \S+weir\.db/g), 1, 'it is said once';

truncate $fill, 0;
ok $w->wait_for(sub {
	$w->cli('clock advance 10s');
	ask('show alarm Weir/StoreFailing') =~ /^state: OK$/m;
}), 'there is room: the alarm is over';
is ask('alarm ack one comment mine'), '', 'and commands are silent again';
$w->stop('KILL');
$w->start;
like ask('show alarm one'), qr/\Q$last\E/, 'what was done meanwhile is in the store';
$w->stop;
system 'umount', '-l', "$state";
done_testing;
