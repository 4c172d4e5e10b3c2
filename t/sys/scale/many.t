# 100 groups with 1,000 instances: all are there, and a second costs the control
# thread ten times the goal of 10 ms at most.
use v5.36;
use POSIX qw(sysconf _SC_CLK_TCK);
use Scale;
use Weir;
use Test::More;

use constant SECONDS => 60;

my $w = Weir->new(args => ['-T', '2013-02-15T16:00:00Z'], cfg => $SCALE_CONF . join '',
    map { "scaling-group g$_\n\tlaunch-config small\n\tsize 10 20\n\tzones a b\n" } 1 .. 100);
sub cpu_ms () {
	open my $f, '<', '/proc/' . $w->pid . '/stat' or return 0;
	my @f = split / /, <$f> =~ s/.*\) //r;
	return ($f[11] + $f[12]) * 1000 / sysconf(_SC_CLK_TCK);
}
my @groups = groups($w);
is scalar(@groups), 100, 'groups';
is scalar(grep { $_->{inservice} == 10 } @groups), 100, 'with all their instances';
my @all = csv_rows($w->cli('show instances'));
is scalar(@all), 1000, 'instances';
my %ids = map { $_->{id} => 1 } @all;
is scalar(keys %ids), 1000, 'with ids of their own';
my $before = cpu_ms();
like $w->cli('clock advance ' . SECONDS . 's', 60), qr/^2013-02-15T16:01:00Z/, 'a minute';
my $ms = (cpu_ms() - $before) / SECONDS;
note sprintf '%.2f ms a second', $ms;
cmp_ok $ms, '<', 100 * $Weir::PATIENCE, 'its cost';
is scalar(csv_rows($w->cli('show instances'))), 1000, 'nothing moved';
done_testing;
