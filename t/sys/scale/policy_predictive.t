# Predictive policies: a forecast from recorded hours, capacity before the load comes.
use v5.36;
use POSIX 'strftime';
use Weir;
use Scale;
use Test::More;

my $start = 1360945800;		# 2013-02-15T16:30:00Z
my $w = Weir->new(keep => 1, args => ['-T', '2013-02-15T16:30:00Z'], cfg => $SCALE_CONF . <<'CFG');
scaling-group web
	launch-config small
	size 1 6 desired 2
	policy ahead predictive Jobs value 10
	policy look predictive Jobs value 5 ahead 3h buffer 0s forecast-only
	policy down simple change -1
scaling-group new
	launch-config small
	size 1 6
	policy ahead predictive Unknown namespace Weir value 10
CFG
sub size () { return group($w, 'web')->{desired} }

like said($w, 'show forecast web'), qr/^No forecast: group web has no such policy, or less than 24 hours of its metric are known\.$/, 'nothing is known';
# Two days: 35 from 18:00 to 19:59, else 12
for my $hours (1 .. 48) {
	my $t = int($start / 3600) * 3600 - 3600 * $hours;
	my $hour = (gmtime $t)[2];
	$w->cli("put metric Jobs value @{[$hour == 18 || $hour == 19 ? 35 : 12]} at $t");
}
$w->cli('clock advance 31m');
my @f = csv_rows($w->cli('show forecast web'));
is scalar(@f), 48, '48 hours';
is "@{$f[0]}{qw(t low mid high desired)}", '1360947600.000 12 12 12 2', 'an hour';
is "@{$f[1]}{qw(mid desired)}", '35 4', 'the next one';
is "@{$f[25]}{qw(mid desired)}", '35 4', 'tomorrow';
@f = csv_rows($w->cli('show forecast web look'));
is scalar(@f), 3, 'as far as it looks';
is $f[1]{desired}, 6, 'within limits';
like said($w, 'show forecast web json'), qr/^\[\{"t":/, 'as JSON';

$w->cli('clock set 2013-02-15T17:54:59Z');
is size(), 2, 'before';
$w->cli('clock set 2013-02-15T17:55:00Z');
is size(), 4, 'five minutes before the hour';
my ($a) = grep { $_->{description} =~ /^Launching/ } activities($w, 'web');
like $a->{cause}, qr/^At 2013-02-15T17:55:00Z policy ahead decided \(a load of 35 is forecast for 2013-02-15T18:00Z\) changing the desired capacity from 2 to 4\.  At /, 'why';
$w->cli('policy execute web/down');
is size(), 3, 'others may shrink it';
is said($w, 'policy execute web/look'), 'ignored: forecast-only', 'one that only looks';
$w->cli('clock set 2013-02-15T18:00:00Z');
is size(), 4, 'it holds at the hour';
$w->cli('clock set 2013-02-15T21:00:00Z');
is size(), 4, 'it does not shrink it';
is said($w, 'policy execute new/ahead'), 'ignored: no forecast: less than 24 hours are known', 'nothing known';
my ($p) = csv_rows($w->cli('show policies group web'));
is "@$p{qw(type adjustment)}", 'PredictiveScaling predictive Jobs 10', 'listed';

# On what is recorded
sub tried ($words) {
	return grep { !/^#/ } split /\n/, $w->cli("policy test $words from 2013-02-15T17:00:00Z to 2013-02-15T20:30:00Z");
}
is_deeply [tried('web/ahead with desired=2')], [
	'2013-02-15T17:55:00.000Z,2,4,done,a load of 35 is forecast for 2013-02-15T18:00Z',
], 'what it would have done' or diag $w->cli('policy test web/ahead from 2013-02-15T17:00:00Z to 2013-02-15T20:30:00Z');
is_deeply [tried('web/ahead with desired=2 value=7 max=8 buffer=10m')], [
	'2013-02-15T17:50:00.000Z,2,5,done,a load of 35 is forecast for 2013-02-15T18:00Z',
], 'with other settings';
is_deeply [tried('web/look with desired=2')], [
	'2013-02-15T18:00:00.000Z,2,2,ignored,forecast-only',
], 'one that only looks';
like "@{[tried('web/look with desired=2 forecast-only=off')]}", qr/,2,6,done,/, 'as if it did more';
is_deeply [tried('new/ahead with desired=2')], [
	'2013-02-15T17:55:00.000Z,2,2,ignored,no forecast: less than 24 hours are known',
], 'without knowledge';
is $w->cli('policy test web/ahead with x=1') =~ s/\n//gr, "'policy test': 'x=1': of a predictive "
    . 'policy value=, buffer= and forecast-only=off can be tried.', 'what can be tried';

sub bad ($text, $want) {
	my $out = Weir->check($SCALE_CONF . "scaling-group g\n\tlaunch-config small\n\tsize 1 3\n\tpolicy p predictive $text\n");
	like $out->{err}, $want, $want;
}
bad('', qr/behind 'predictive' comes a metric/);
bad('Jobs', qr/'policy p': 'value' is missing/);
bad('Jobs value -1', qr/'value' expects more than 0/);
bad('Jobs value 1 ahead 3d', qr/'ahead' expects 1h to 48h/);
bad('Jobs value 1 buffer 2h', qr/'buffer' expects 1h at most/);
bad('Jobs value 1 twice', qr/unexpected 'twice'/);
done_testing;
