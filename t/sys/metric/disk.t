# Metrics in state-dir: they outlive an end, a kill, a damaged file, a full disk.
use v5.36;
use File::Temp ();
use Weir;
use Test::More;

my $state = File::Temp->newdir('weir-state-XXXXXX', TMPDIR => 1);
chmod 0777, $state;
my %o = (defaults => 'http', keep => 1, binds => ['web'],
    args => ['-T', '2013-02-15T15:51:00Z'], cfg => <<"CFG");
global
	state-dir $state
	metrics-space 512m
frontend web
	bind "fd@\${web}"
	default_backend be
backend be
	server s1 127.0.0.1:1 disabled
CFG
my $w = Weir->new(%o);
sub ask ($command) { return $w->cli($command) =~ s/\n+\z//r }
sub again ($signal) {
	$w->stop($signal);
	$w->start;
}

is ask('put metric jobs value 3 namespace My dimension k=1'), '', 'put';
ok -s "$state/metrics/60s-0.ring", 'a file is there when it is told';
ok -s "$state/metrics/names", 'and its name';
is ask('put metric Latency dimension LoadBalancerName=be stats n=2,sum=3,min=1,max=2 at -2h'), '', 'an older one';
$w->cli('clock advance 120s');
my $hosts = 'dimension LoadBalancerName=be namespace AWS/ELB';
like ask("show metric HealthyHostCount $hosts"), qr/T15:51:00Z,60\.0/, 'what weir measures';
ok glob("$state/metrics/1s-*-servers.ring"), 'servers have files of their own';

for my $signal (qw(TERM KILL)) {
	again $signal;
	$w->cli('clock advance 120s');
	is ask('show metric jobs namespace My dimension k=1 stat Sum from -2h'),
	    "#time,Sum,unit\n2013-02-15T15:51:00Z,3.0,None", "$signal: a value is there";
	is ask('show metric Latency dimension LoadBalancerName=be period 1h stat SampleCount from 2013-02-15T13:00:00Z'),
	    "#time,SampleCount,unit\n2013-02-15T13:00:00Z,2.0,Seconds", 'an hour of it';
	like ask("show metric HealthyHostCount $hosts period 60s stat Maximum"),
	    qr/T15:51:00Z,0\.0,Count\n.*T15:52:00Z,0\.0,Count/, 'minutes of the balancer';
	like ask('show history be s1 fields rate,scur from -5m step 1s'), qr/\n\d+,0,0\n/, 'seconds too';
}
like ask('show metrics namespace My'), qr/My,jobs,k=1,None,3\.0,120,60s$/, 'its age is known';

# many values, each told, then killed at any moment
for my $round (1 .. 3) {
	my $last = 0;
	my $cli = $w->cli_session;
	my $n = 20 + int rand 60;
	for my $i (1 .. $n) {
		$last = $i if ask("put metric m$i value $i namespace Round$round") eq '';
	}
	again 'KILL';
	$w->cli('clock advance 60s');
	my @l = split /\n/, ask("show metrics namespace Round$round");
	is @l - 1, $last, "round $round: all $last that were told are there";
	is scalar(grep { /,m(\d+),,None,(\d+)\.0,/ && $1 == $2 } @l), $last, 'with their values';
}
ok glob("$state/metrics/60s-1.ring"), 'columns went to a second file';

# a damaged header: moved aside, the others stay
$w->stop;
for my $ring ("$state/metrics/60s-0.ring") {
	open my $f, '+<', $ring or die "$ring: $!";
	seek $f, 12, 0;
	print $f 'xxxx';
}
truncate "$state/metrics/10s-0.ring", 5000;
$w->start;
like $w->stderr, qr{60s-0\.ring is damaged or of another version: moved to \S+60s-0\.ring\.bad}, 'a damaged file is told';
like $w->stderr, qr{10s-0\.ring is damaged}, 'a short one too';
ok -s "$state/metrics/60s-0.ring.bad", 'it is kept';
$w->cli('clock advance 60s');
like ask("show metric HealthyHostCount $hosts"), qr/\n.*,\d+\.0,/, 'measuring goes on';
like ask('show history be fields rate from -5m step 1s'), qr/\n\d+,0\n/, 'what was in other files is there';

# names that were under way when the power went
$w->stop;
open my $names, '>>', "$state/metrics/names" or die;
print $names "\x01\x02\x03";
close $names;
$w->start;
like $w->stderr, qr{names is damaged from byte \d+ on}, 'half a name is told';
like ask('show metrics namespace Round3'), qr/Round3,m1,/, 'the others are there';

# other sizes of metrics-space
$w->stop;
$w->write_file('t.cfg', $o{cfg} =~ s/512m/64m/r);
$w->start;
is ask('put metric tiny value 1'), '', 'a small space';
$w->stop;
my $bad = Weir->check($o{cfg} =~ s/512m/1m/r);
like $bad->{err}, qr/metrics-space.*(?:64m|67108864)/s, 'but not too small';
done_testing;
