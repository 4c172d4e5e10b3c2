# Alarms on the balancer's own metrics: traffic makes them, and without it they are idle.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/' => response(200, 'a') });
my $w = Weir->new(defaults => 'http', binds => ['web'], env => { SRV => $srv->addr },
    args => ['-T', '2013-02-15T16:30:10Z'], cfg => <<'CFG');
frontend web
	bind "fd@${web}"
	default_backend b
backend b
	server s "${SRV}"
alarm slow
	metric Latency balancer b
	statistic p50
	threshold >= 0us
	phase 5s
alarm many
	metric RequestCount balancer *
	statistic Sum
	datapoints 2 of 2
	threshold >= 3
	missing-data notBreaching
	phase 5s
alarm soon
	metric Latency balancer b
	statistic Maximum
	period 10s
	threshold < 60s
	phase 1s
alarm server
	metric req_rate server b/s
	statistic Sum
	threshold > 1
	missing-data ignore
	phase 5s
CFG
sub cli ($command) { return $w->cli($command) =~ s/\n+\z//r }
# "STATE idle" of alarms
sub states (@names) {
	my %of;
	for (split /\n/, cli('show alarms')) {
		my ($name, $state, $idle) = split /,/;
		$of{$name} = "$state $idle";
	}
	return join ', ', map { $of{$_} } @names;
}
sub request ($n) {
	for (1 .. $n) {
		is $w->http('web')->get('/')->{status}, 200, 'a request';
	}
}

cli('clock advance 60s');
is states(qw(slow many/b soon)), 'INSUFFICIENT_DATA 1, OK 1, INSUFFICIENT_DATA 1',
    'no requests: they are idle';
request(3);
cli('clock advance 2s');
like states('soon'), qr/^INSUFFICIENT_DATA/, 'this ten seconds are not over';
cli('clock advance 12s');
is states('soon'), 'ALARM 0', 'a period of ten seconds';
cli('clock advance 46s');
is states(qw(slow many/b server)), 'ALARM 0, OK 0, ALARM 0', 'a minute later';
request(4);
cli('clock advance 60s');
is states('many/b'), 'ALARM 0', 'two minutes with three requests or more';
cli('clock advance 5m');
is states(qw(slow many/b soon server)),
    'INSUFFICIENT_DATA 1, OK 1, INSUFFICIENT_DATA 1, OK 0', 'idle again';
cli('set server b/s state maint');
cli('clock advance 60s');
is states(qw(slow many/b)), 'INSUFFICIENT_DATA 0, OK 0', 'without a server that is no rest';
done_testing;
