# Metrics from outside: statsd, agents, a node_exporter on each instance, and what
# groups tell of themselves.
use v5.36;
use Backend qw(:all);
use IO::Socket::IP;
use Scale;
use Socket qw(SOCK_DGRAM);
use Weir;
use Test::More;

sub free_udp_port () {
	return IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Type => SOCK_DGRAM)->sockport;
}
my $udp = free_udp_port();
# seconds of one processor: 100 idle and 10 busy each time it is asked
my $exporter = Backend->new(sub ($req) {
	state $n = 0;
	$n++;
	my ($busy, $idle, $bytes) = ($n * 25, $n * 75, $n * 1000);
	return response(200, <<"TEXT");
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} $idle
node_cpu_seconds_total{cpu="0",mode="user"} $busy
node_memory_MemTotal_bytes 8e+09
node_memory_MemAvailable_bytes 6e+09
node_network_receive_bytes_total{device="eth0"} $bytes
TEXT
});
my $agent = Backend->new(undef, on_accept => ["metric:CPUUtilization=75% metric:depth=3kB up\n", CLOSE],
    tcp => sub { '' });
my $w = Weir->new(defaults => 'http', keep => 1, args => ['-T', '2013-02-15T16:00:00Z'],
    env => { A => $agent->port, E => $exporter->port }, cfg => <<"CFG");
global
	statsd-bind 127.0.0.1:$udp
backend plain
	server s1 127.0.0.1:1 instance-id i-box agent-check agent-port "\${A}" agent-inter 50ms
backend app
	default-server agent-check agent-port "\${A}" agent-inter 50ms
provider local
	type test
launch-config scraped
	provider local
	image img-1
	instance-type t1.micro
	instance-port 1
	metrics node-exporter port "\${E}" every 10s
	metrics agent every 10s
scaling-group web
	launch-config scraped
	backend app
	size 1 3
CFG
sub ask ($command) { return $w->cli($command) =~ s/\n+\z//r }
sub value ($words, $stat = 'Average') {
	return (split /,/, (split /\n/, ask("show metric $words stat $stat from -10m"))[-1])[1];
}

# --- statsd
my $s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $udp, Type => SOCK_DGRAM) or die;
$s->send($_) for "jobs:3|c\njobs:4|c|#env:prod\n", 'took:250|ms', 'took:750|ms', "bad\nworse:1|s", 'depth:7|g';
ok $w->wait_for(sub { ask('show metrics name depth') =~ /Weir,depth,,None,7\.0/ }), 'a gauge by statsd';
$w->cli('clock advance 60s');
is value('took'), '500.0', 'times';
is value('took', 'p100'), '', 'unequal ones have no percentile';
is value('jobs', 'Sum'), '3.0', 'a counter';
is value('jobs dimension env=prod', 'Sum'), '4.0', 'with a tag';
like ask('show metrics name took'), qr/Weir,took,,Milliseconds,/, 'its unit';
like $w->stderr, qr/statsd: 2 lines were not understood/, 'bad lines are told';

# --- an agent
ok $w->wait_for(sub { ask('show metrics name CPUUtilization dimension Backend=plain') =~ /s1/ }),
    'an agent of a server';
is value('CPUUtilization dimension Backend=plain dimension Server=s1'), '75.0', 'its value';
like ask('show metrics name depth dimension Backend=plain'), qr/,Kilobytes,3\.0,/, 'with its unit';
is value('CPUUtilization server plain/s1'), '75.0', 'named as in a configuration';
is value('CPUUtilization instance i-box'), '75.0', 'of the instance that it is';
like Weir->check("backend b\n\tserver a 127.0.0.1:1 instance-id i\n\tserver b 127.0.0.1:2 instance-id i\n")->{err},
    qr{parsing \[\S+:3\] : servers 'b/a' and 'b/b' have the same instance-id 'i'\.}, 'once in a backend';
like Weir->check("backend b\n\tserver a 127.0.0.1:1 instance-id a/b\n")->{err},
    qr/'instance-id' expects up to 64 of A-Za-z0-9\._-, not 'a\/b'/, 'an id';

# --- groups and instances
ok $w->wait_for(sub { in_service($w, 'web') == 1 }), 'an instance';
my ($i) = instances($w, 'web');
for (1 .. 3) {
	$w->cli('clock advance 10s');
}
ok $w->wait_for(sub {
	$w->cli('clock advance 10s');
	ask("show metrics name NetworkIn dimension InstanceId=$i->{id}") =~ /$i->{id}/;
}), 'the exporter of an instance';
$w->cli('clock advance 60s');
is value("CPUUtilization dimension InstanceId=$i->{id}", 'Maximum'), '25.0', 'CPU is what is not idle';
is value('CPUUtilization dimension AutoScalingGroupName=web', 'Maximum'), '25.0', 'of the group';
is value('CPUUtilization namespace AWS/EC2 dimension ImageId=img-1', 'Maximum'), '25.0', 'of the image';
is value('CPUUtilization namespace AWS/EC2 dimension InstanceType=t1.micro', 'Maximum'), '25.0', 'of the type';
is value("MemoryUtilization dimension InstanceId=$i->{id}"), '25.0', 'memory';
is value("NetworkIn dimension InstanceId=$i->{id}"), '1000.0', 'bytes of an interval';
like ask("show metric CPUUtilization dimension InstanceId=$i->{id} json"), qr/^\{"source":"node-exporter",/,
    'the first source that has it wins';
is value("depth namespace AWS/EC2 dimension InstanceId=$i->{id}"), '3.0', 'what only the agent has';
is value('GroupInServiceInstances dimension AutoScalingGroupName=web', 'Maximum'), '1.0', 'group metrics';
is value('GroupMaxSize dimension AutoScalingGroupName=web'), '3.0', 'its limits';
is value('GroupAtMaxSize dimension AutoScalingGroupName=web', 'Maximum'), '0.0', 'not at its largest size';
$w->cli('group set-desired web 3');
$w->cli('clock advance 60s');
is value('GroupAtMaxSize dimension AutoScalingGroupName=web', 'Maximum'), '1.0', 'at it';

# --- a reload moves and closes statsd
my $more = free_udp_port();
$w->write_file('t.cfg', $w->read_file('t.cfg') =~ s/statsd-bind 127.0.0.1:\d+/statsd-bind 127.0.0.1:$more/r);
like ask('reload'), qr/^Success=1/, 'a reload';
$s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $more, Type => SOCK_DGRAM) or die;
$s->send('moved:1|c');
ok $w->wait_for(sub { ask('show metrics name moved') =~ /moved/ }), 'the new address';
like Weir->check("global\n\tstatsd-bind unix\@/x\n")->{err}, qr/'statsd-bind' expects an address and a port/, 'no UNIX';
like Weir->check("global\n\tstatsd-bind 127.0.0.1\n")->{err}, qr/'statsd-bind' : .*port/, 'no port';
done_testing;
