# A real prometheus-node-exporter beside an instance.
use v5.36;
use IO::Socket::IP;
use Scale;
use Weir;
use Test::More;

my ($exporter) = grep { -x } map { "$_/prometheus-node-exporter" } split /:/, $ENV{PATH};
plan skip_all => 'no prometheus-node-exporter' unless $exporter;
my $port = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 1)->sockport;
my $pid = fork // die "fork: $!";
if ($pid == 0) {
	open STDERR, '>', '/dev/null';
	exec $exporter, "--web.listen-address=127.0.0.1:$port", '--collector.disable-defaults',
	    map { "--collector.$_" } qw(cpu meminfo netdev diskstats);
	exit 127;
}
END {
	local $?;
	if ($pid) {
		kill 'KILL', $pid;
		waitpid $pid, 0;
	}
}
ok Weir::poll(sub { IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port) }), 'it runs';

my $w = Weir->new(defaults => 'http', args => ['-T', '2013-02-15T16:00:00Z'],
    env => { E => $port }, cfg => <<'CFG');
backend app
provider local
	type test
launch-config scraped
	provider local
	instance-port 1
	metrics node-exporter port "${E}" every 1s
scaling-group web
	launch-config scraped
	backend app
	size 1 1
CFG
ok $w->wait_for(sub { in_service($w, 'web') == 1 }), 'an instance';
my ($i) = instances($w, 'web');
sub value ($name) {
	my @l = split /\n/, $w->cli("show metric $name dimension InstanceId=$i->{id} stat Average from -1h");
	return @l > 1 ? (split /,/, $l[-1])[1] : '';
}
# what its own files say in the meantime is real: no test of sums
ok $w->wait_for(sub {
	$w->cli('clock advance 60s');
	value('CPUUtilization') ne '' && value('MemoryUtilization') ne '';
}, 15), 'processor and memory';
my ($cpu, $memory) = (value('CPUUtilization'), value('MemoryUtilization'));
ok $cpu >= 0 && $cpu <= 100, "CPUUtilization $cpu";
ok $memory > 0 && $memory < 100, "MemoryUtilization $memory";
like $w->cli('show metrics dimension InstanceId'), qr/AWS\/EC2,NetworkIn,/, 'bytes of the network';
done_testing;
