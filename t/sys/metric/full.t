# A full disk: traffic goes on, metrics stay in memory, it is said once, and when
# there is room again they go to the disk. A small tmpfs in an own mount namespace.
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
system('mount', '-t', 'tmpfs', '-o', 'size=48m,mode=0777', 'none', "$state") == 0
    or plan skip_all => "mount: $state";
open my $fill, '>', "$state/fill" or die;
syswrite $fill, 'x' x 1_048_576 for 1 .. 44;

my $w = Weir->new(defaults => 'http', binds => ['web'], keep => 1,
    args => ['-T', '2013-02-15T15:51:00Z'], cfg => <<"CFG");
global
	state-dir $state
frontend web
	bind "fd@\${web}"
	http-request return status 200
CFG
sub ask ($command) { return $w->cli($command) =~ s/\n+\z//r }
sub full () { return () = $w->stderr =~ /MetricsFull: cannot make \S+\.ring: No space left/g }

ok Weir::poll(sub { -l "$state/config/current" }), 'the start is over';
is ask('put metric jobs value 3'), '', 'a value is taken';
$w->cli('clock advance 120s');
is scalar(full), 1, 'it is said once';
is ask('show metric jobs stat Sum'), "#time,Sum,unit\n2013-02-15T15:51:00Z,3.0,None", 'from memory';
is $w->http('web')->request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")->{status}, 200, 'traffic goes on';
like ask('show metric MetricsFull stat Maximum'), qr/T15:52:00Z,1\.0,Count/, 'Weir/MetricsFull';
like ask('show alarm Weir/MetricsFull'), qr/^state: ALARM$/m, 'an alarm, too';
$w->cli('clock advance 120s');
is scalar(full), 1, 'not said again';

truncate $fill, 0;
$w->cli('clock advance 180s');
ok $w->wait_for(sub { -s "$state/metrics/60s-0.ring" }), 'there is room: the files are made';
like $w->stderr, qr/metrics have room again/, 'which is told';
like ask('show metric MetricsFull stat Maximum from -1m'), qr/,0\.0,Count/, 'and 0 again';
like ask('show alarm Weir/MetricsFull'), qr/^state: OK$/m, 'the alarm is over';
$w->stop('KILL');
$w->start;
$w->cli('clock advance 60s');
is ask('show metric jobs stat Sum'), "#time,Sum,unit\n2013-02-15T15:51:00Z,3.0,None",
    'what was in memory is on the disk';
$w->stop;
system 'umount', '-l', "$state";
done_testing;
