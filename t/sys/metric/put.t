# put metric, put metrics, show metric, show metrics, history of a metric.
use v5.36;
use JSON::PP;
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', unix => ['user'], cfg => <<'CFG',
global
	stats socket "fd@${user}" level user
backend be
CFG
    args => ['-T', '2013-02-15T15:51:00Z']);
sub ask ($command) { return $w->cli($command) =~ s/\n+\z//r }

# the statistics of a balancer's latency, as they were put
my @rows = (
	['15:43', 111, 10.296987, 0.005962, 1.321208],
	['15:45', 10, 2.294718, 0.007558, 0.606748],
	['15:46', 4, 1.866751, 0.212814, 0.998193],
	['15:50', 3, 0.853509, 0.230918, 0.38009],
);
my $lb = 'dimension LoadBalancerName=yourLB';
for (@rows) {
	my ($t, $n, $sum, $min, $max) = @$_;
	is ask("put metric Latency $lb unit Seconds stats n=$n,sum=$sum,min=$min,max=$max " .
	    "at 2013-02-15T$t:00Z"), '', "put $t";
}
is ask("show metric Latency $lb"), <<'OUT' =~ s/\n\z//r, 'its statistics';
#time,SampleCount,Average,Sum,Minimum,Maximum,unit
2013-02-15T15:43:00Z,111.0,0.09276564864864864,10.296987,0.005962,1.321208,Seconds
2013-02-15T15:45:00Z,10.0,0.2294718,2.294718,0.007558,0.606748,Seconds
2013-02-15T15:46:00Z,4.0,0.46668775,1.866751,0.212814,0.998193,Seconds
2013-02-15T15:50:00Z,3.0,0.284503,0.853509,0.230918,0.38009,Seconds
OUT
is ask("show metric Latency $lb period 5m stat Sum,SampleCount from 2013-02-15T15:40:00Z"),
    "#time,Sum,SampleCount,unit\n2013-02-15T15:40:00Z,10.296987,111.0,Seconds\n" .
    "2013-02-15T15:45:00Z,4.161469,14.0,Seconds\n2013-02-15T15:50:00Z,0.853509,3.0,Seconds",
    'five minutes each';
is ask("show metric Latency $lb from 2013-02-15T15:43:30Z to 2013-02-15T15:45:00Z stat Sum"),
    "#time,Sum,unit\n2013-02-15T15:43:00Z,10.296987,Seconds",
    'the start is rounded down, the end is not included';
my $j = decode_json(ask("show metric Latency $lb stat Maximum,p50 to 2013-02-15T15:44:00Z json"));
is_deeply $j, { fields => [qw(time Maximum p50 unit)],
	rows => [['2013-02-15T15:43:00Z', 1.321208, undef, 'Seconds']] },
    'as JSON; sets of unequal values have no percentile';
is ask("show metric Latency $lb unit Milliseconds"),
    "No such metric in AWS/ELB: 'show metrics' lists what there is.", 'units are not converted';
is ask('show metric Latancy namespace AWS/ELB'), "No such metric in AWS/ELB, did you mean 'Latency'?",
    'misspelt';
like ask("show metric Latency $lb period 60s from 2013-02-13T00:00:00Z"),
    qr/^You have requested up to 3,?831 datapoints, which exceeds the limit of 1,?440/, 'too many';
like ask("show metric Latency $lb period 7s"), qr/^'period' is 1s, 5s, 10s, 30s or whole minutes/,
    'odd period';
like ask("show metric Latency $lb stat Mean"), qr/^Unknown statistic 'Mean'/, 'odd statistic';
like ask("history metric Latency $lb"), qr/Unknown command/, 'not a command';
is ask("show history metric Latency $lb step 60s fields Average,SampleCount from 2013-02-15T15:44:00Z " .
    'to 2013-02-15T15:46:00Z'), "#t,Average,SampleCount\n1360943040,,\n" .
    "1360943100,0.229,10\n1360943160,0.467,4", 'its history, with gaps';

# values with and without units
is ask('put metric jobs value 3'), '', 'a value of our own';
is ask('put metric jobs value 5'), '', 'another';
is ask('show metric jobs'), '#time,SampleCount,Average,Sum,Minimum,Maximum,unit',
    'not yet: the end is now';
$w->cli('clock advance 60s');
is ask('show metric jobs stat Average,p50,p100'), "#time,Average,p50,p100,unit\n" .
    '2013-02-15T15:51:00Z,4.0,,,None', 'both in their minute';
is ask('put metric Latency dimension LoadBalancerName=b value 250ms'), '', 'with a unit';
like ask('show metrics dimension LoadBalancerName=b'),
    qr/\nAWS\/ELB,Latency,LoadBalancerName=b,Seconds,0\.25,0,60s 300s 3600s$/, 'converted';
is ask('put metric Latency dimension LoadBalancerName=b value 70%'),
    "'70%' is of another kind than the metric, which is in Seconds.", 'another kind of unit';
is ask('put metric size value 2MB'), '', 'a unit makes the series';
like ask('show metrics name size'), qr/\nWeir,size,,Megabytes,2.0,0,60s$/, 'of that unit';
$j = decode_json(ask('show metrics name size json'));
is_deeply $j, { metrics => [{ namespace => 'Weir', name => 'size', dimensions => '',
	unit => 'Megabytes', last => 2, age_s => 0, tiers => '60s' }] }, 'as JSON';

# what is refused
for (['value NaN', 'The value NaN for parameter MetricData.member.1.Value is invalid.'],
    ['value inf', 'The value inf for parameter MetricData.member.1.Value is invalid.'],
    ['value 1 at -15d', qr/must specify a time within the past two weeks/],
    ['value 1 at 2013-02-15T18:00:00Z', qr/no more than two hours in the future/],
    ['value 1 namespace :x', qr/colon/],
    ['value 1 unit Second', qr/must be a value in the set \[ Seconds, Microseconds,/],
    ['stats n=0,sum=0,min=0,max=0', qr/SampleCount must be greater than 0/],
    ['stats n=1,sum=0,min=0', qr/'stats' expects n=/],
    ['value 1 stats n=1,sum=1,min=1,max=1', "'put metric' expects 'value' or 'stats'."],
    ['', "'put metric' expects 'value' or 'stats'."],
    ['value 1 dimension a', "'dimension' expects <name>=<value>."],
    ['value 1 balancer a group b', "'balancer' and 'group' do not go together."],
    ['value 1 server a', "'server' expects <backend>/<server>."],
    ['value 1 instance', "'instance' expects a name."],
    ['value 1 zone z', "'zone' is a part of a balancer: 'balancer <name> zone <zone>'."],
    ['value 1 dimension a=1 dimension a=2', "Dimension 'a' is there twice."],
    ['value 1 bla 2', "Unknown word 'bla'."]) {
	my ($words, $want) = @$_;
	my $got = ask("put metric x $words");
	ref $want ? like($got, $want, "x $words") : is($got, $want, "x $words");
}
is ask('show metrics name x'), '#namespace,name,dimensions,unit,last,age_s,tiers', 'none of it is there';

# many
for (['balancer lb', 'AWS/ELB', 'LoadBalancerName=lb'],
    ['balancer lb zone z', 'AWS/ELB', 'AvailabilityZone=z,LoadBalancerName=lb'],
    ['group g', 'AWS/EC2', 'AutoScalingGroupName=g'], ['instance i', 'AWS/EC2', 'InstanceId=i'],
    ['server be/s', 'Weir', 'Backend=be,Server=s'],
    ['instance j dimension q=v', 'AWS/EC2', 'InstanceId=j,q=v']) {
	my ($words, $ns, $dims) = @$_;
	is ask("put metric scoped value 3 $words at -5m"), '', $words;
	my ($row) = grep { /\Q$dims\E[",]/ && /^\Q$ns\E,/ } split /\n/, ask('show metrics name scoped');
	like $row, qr/^\Q$ns\E,scoped,"?\Q$dims\E"?,/, "$words is $dims";
	like ask("show metric scoped $words stat Sum from -10m"), qr/,3\.0,/, 'read by the same words';
}
is ask("put metrics <<END\na value 1 namespace My dimension k=1\na value 2 namespace My dimension k=2\n" .
    "b stats n=2,sum=3,min=1,max=2 namespace My\nEND\n"), '', 'many at once';
is ask('show metrics namespace My'), <<'OUT' =~ s/\n\z//r, 'they are there';
#namespace,name,dimensions,unit,last,age_s,tiers
My,a,k=1,None,1.0,0,60s
My,a,k=2,None,2.0,0,60s
My,b,,None,1.5,0,60s
OUT
is ask('show metrics namespace My dimension k=2 max 1'), <<'OUT' =~ s/\n\z//r, 'chosen ones';
#namespace,name,dimensions,unit,last,age_s,tiers
My,a,k=2,None,2.0,0,60s
OUT
is scalar(split /\n/, ask('show metrics dimension k')), 3, 'by the name of a dimension';
is ask("put metrics <<END\nc value 1\nd value x\ne value 1\nEND\n"),
    "The value x for parameter MetricData.member.1.Value is invalid.\n" .
    'That was line 2; those before it are stored.', 'a bad line';
unlike ask('show metrics'), qr/,e,/, 'ends it';
like CLI->new($w->path('user'))->ask('put metric jobs value 3'), qr/Permission denied/, 'not for users';
done_testing;
