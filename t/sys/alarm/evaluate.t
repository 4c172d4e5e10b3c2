# Evaluation through the whole process: values that are put, states minute by minute,
# what repeats and what is stale, kinds of alarms, short periods.
use v5.36;
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', binds => ['web'], keep => 1,
    args => ['-T', '2013-02-15T16:30:00Z'], cfg => <<'CFG');
frontend web
	bind "fd@${web}"
	default_backend b
backend b
	server s 127.0.0.1:1
alarm up
	metric Temperature namespace Lab dimension Room 1 unit None
	datapoints 2 of 2
	threshold > 2
	phase 5s
	on alarm arn arn:aws:sns:us-east-1:123456789012:t
alarm low
	metric Temperature namespace Lab dimension Room 1 unit None
	datapoints 1 of 3
	threshold < 1
	missing-data notBreaching
	phase 5s
alarm p
	metric Temperature namespace Lab dimension Room 1 unit None
	statistic p90
	threshold > 2
	low-samples ignore
	phase 5s
alarm long
	metric Temperature namespace Lab dimension Room 1 unit None
	statistic Sum
	period 180s
	threshold >= 6
	phase 5s
alarm sum
	expression "t + FILL(u, 0)"
	input t Temperature namespace Lab dimension Room 1 unit None stat Maximum
	input u Temperature namespace Lab dimension Room 2 unit None stat Maximum
	threshold > 4
	phase 5s
alarm both
	rule "ALARM(up) AND NOT ALARM(sum)"
	phase 6s
CFG
sub cli ($command) { return $w->cli($command) =~ s/\n+\z//r }
sub state_of ($alarm) { return cli("show alarm $alarm") =~ /^state: (.*)$/m ? $1 : undef }
sub states (@names) { return join ' ', map { state_of($_) =~ s/INSUFFICIENT_DATA/?/r } @names }

# The clock stands 10 s into a minute. Values of this minute, then the next one's turn.
cli('clock advance 10s');
sub next_minute (@values) {
	cli("put metric Temperature value $_ namespace Lab dimension Room=1 unit None") for @values;
	cli('clock advance 60s');
	return states(qw(up low p long sum both));
}
is states(qw(up low p long sum both)), '? OK ? ? ? OK', 'no value: only one counts them as good';
is next_minute(1), 'OK OK ? OK OK OK', 'a first one; a percentile of one sample says nothing';
is next_minute(3), 'OK OK ? OK OK OK', 'one of two breaches';
is next_minute(3), 'ALARM OK ? ALARM OK ALARM', 'two of two, 1 + 3 + 3 in three minutes';
like cli('show alarm up'), qr/^reason: Threshold Crossed: 2 datapoints \[3\.0 \(15\/02\/13 16:32:00\), 3\.0 \(15\/02\/13 16:31:00\)\] were greater than the threshold \(2\.0\)\.$/m;
like cli('show alarm sum'), qr/^value: 3\.0$/m, 'an expression';
is cli('put metric Temperature value 2 namespace Lab dimension Room=2 unit None'), '';
is next_minute(3), 'ALARM OK ? ALARM ALARM OK', 'over both rooms; a rule over two alarms';

# Nobody measures any more.
is next_minute(), 'ALARM OK ? ALARM ALARM OK', 'the range has points still';
like cli('show alarm up explain'), qr/^#state=ALARM .* fresh=false/m, 'but nothing new';
cli('alarm set-state up OK reason a person says so');
is next_minute(), 'OK OK ? OK ALARM OK', 'nothing new: not into ALARM again';
like cli('show alarm up explain'), qr/rule: no point newer than those acted upon/;
is next_minute(3), 'ALARM OK ? OK OK ALARM', 'something new';
is next_minute(0.5), 'OK ALARM ? OK OK OK', 'one of three is low';
is next_minute((5) x 100), 'OK ALARM ALARM ALARM ALARM OK', 'a percentile of enough samples';
next_minute() for 1 .. 5;
is states(qw(up low)), '? OK', 'no data at all';

# The same again, on what is recorded, without the person.
my @changes = map { join ' ', (split /,/)[0 .. 2] } grep { !/^#/ }
    split /\n/, cli('alarm test up from 2013-02-15T16:30:00Z');
is_deeply \@changes, [
	'2013-02-15T16:31:05.000Z INSUFFICIENT_DATA OK', '2013-02-15T16:33:05.000Z OK ALARM',
	'2013-02-15T16:38:05.000Z ALARM OK', '2013-02-15T16:42:05.000Z OK ALARM',
	'2013-02-15T16:43:05.000Z ALARM INSUFFICIENT_DATA',
], 'alarm test says what happened';
like cli('alarm test up from 2013-02-15T16:30:00Z'),
    qr/^#total turns=15 changes=5 alarm_s=360 ok_s=360 insufficient_data_s=125$/m, 'in all';
unlike cli('alarm test up from -1h with threshold=5'), qr/,ALARM,/, 'with another threshold';
like cli('alarm test up from -1h with datapoints=1of1 missing-data=ignore json'),
    qr/^\{"changes":\[\{"time":.*"total":\{"turns":60,/, 'as JSON';
# A rule, with the alarms that it names.
@changes = map { join ' ', (split /,/)[0 .. 2] } grep { !/^#/ }
    split /\n/, cli('alarm test both from 2013-02-15T16:30:00Z');
is_deeply \@changes, [
	'2013-02-15T16:30:06.000Z INSUFFICIENT_DATA OK', '2013-02-15T16:33:05.000Z OK ALARM',
	'2013-02-15T16:34:05.000Z ALARM OK', '2013-02-15T16:37:05.000Z OK ALARM',
	'2013-02-15T16:38:05.000Z ALARM OK', '2013-02-15T16:42:05.000Z OK ALARM',
	'2013-02-15T16:43:05.000Z ALARM OK',
], 'a rule is tried with alarms that it names' or diag cli('alarm test both from 2013-02-15T16:30:00Z');
like cli('alarm test both from 2013-02-15T16:30:00Z'),
    qr/,OK,ALARM,"?The rule ALARM\(up\) AND NOT ALARM\(sum\) holds: up is ALARM, sum is OK\./, 'and why';
unlike cli('alarm test both from 2013-02-15T16:30:00Z with up.threshold=50'), qr/,OK,ALARM,/,
    'with another threshold of one of them';
my %wrong = (
	'both with threshold=1' => 'a rule has no settings, but alarms that it names: '
	    . 'ALARM.threshold= and so on.',
	'both with low.threshold=1' => 'it has no such alarm under it.',
	'up with threshold=5s' => "'threshold' is of another kind than the metric.",
	'up with datapoints=3of2' => "'datapoints' expects <m>of<n>: 2of3.",
	'up with period=2h datapoints=20of20' => 'all periods together are more than a day.',
	'up with x=y' => 'what can be tried are threshold=, datapoints=, period=, '
	    . 'missing-data= and statistic=.',
);
is cli("alarm test $_"), "'alarm test': $wrong{$_}", $_ for sort keys %wrong;
done_testing;
