# 10,000 columns: 1,000 servers. All are there, each second, though a second's values are
# taken in several passes of the loop; and their cost is ten times the goal at most. Steps
# are shortened to what fits into memory.
use v5.36;
use Weir;
use Test::More;

use constant { BACKENDS => 10, SERVERS => 100, SECONDS => 20, GOAL_MS => 5 };

my $w = Weir->new(args => ['-T', '2013-02-15T16:00:00Z'], defaults => 'http', cfg => join '',
    "global\n\tmetrics-memory 64m\n", map { my $b = $_; join '', "backend b$b\n",
    map { "\tserver s$_ 127.0.0.1:1\n" } 1 .. SERVERS } 1 .. BACKENDS);
sub cpu_ms () {
	my $ns = 0;
	for my $task (glob '/proc/' . $w->pid . '/task/*/schedstat') {
		open my $f, '<', $task or next;
		$ns += (split ' ', <$f>)[0];
	}
	return $ns / 1e6;
}
sub passes () { return $w->cli('show activity') =~ /^control_loops: (\d+)/m ? $1 : die }

$w->cli('clock advance 2s');
my $rows = () = $w->cli('show metrics namespace Weir max 20000', 30) =~ /^Weir,/mg;
cmp_ok $rows, '>=', BACKENDS * SERVERS * 10, 'columns';
my ($before, $loops) = (cpu_ms(), passes());
like $w->cli('clock advance ' . SECONDS . 's', 60), qr/^2013-02-15T16:00:22Z/, 'so many seconds';
my $ms = (cpu_ms() - $before) / SECONDS;
note sprintf '%.2f ms a second, %.1f passes', $ms, (passes() - $loops) / SECONDS;
cmp_ok $ms, '<', 10 * GOAL_MS * $Weir::PATIENCE, 'their cost';
for my $at (['b1', 's1'], ['b10', 's100']) {
	my @points = $w->cli("show history @$at fields scur from -22s step 1s") =~ /^\d+[\d.]*,0$/mg;
	cmp_ok scalar(@points), '>=', 20, "@$at: a value each second" or diag $w->cli("show history @$at fields scur from -22s step 1s");
}
done_testing;
