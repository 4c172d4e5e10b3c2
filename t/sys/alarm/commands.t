# Commands about alarms, on a clock that stands still.
use v5.36;
use JSON::PP;
use SyslogSink;
use Weir;
use Test::More;

my $log = SyslogSink->new;
my $w = Weir->new(env => { LOG => $log->addr }, defaults => 'http', binds => ['web'], args => ['-T', '2013-02-15T16:31:56Z'],
    cfg => <<'CFG');
global
	log "${LOG}" local0
frontend web
	bind "fd@${web}"
	default_backend b
backend b
	server s 127.0.0.1:1
alarm up
	metric Latency balancer b
	datapoints 2 of 2
	threshold > 2s
	missing-data ignore
	on alarm arn arn:aws:sns:us-east-1:123456789012:topic
	on ok arn arn:aws:sns:us-east-1:123456789012:topic
alarm other
	metric CPUUtilization namespace AWS/EC2
	datapoints 3 of 4
	threshold <= 20%
	missing-data breaching
	description to be low
alarm both
	rule "ALARM(up) AND NOT OK(other)"
	on alarm arn arn:aws:sns:us-east-1:123456789012:topic
CFG

sub cli ($command) { return $w->cli($command) =~ s/\n+\z//r }
# { name => { column => value } }
sub alarms () {
	my ($head, @lines) = split /\n/, cli('show alarms');
	my @names = split /,/, $head =~ s/^#//r;
	my %all;
	for (@lines) {
		my %row;
		@row{@names} = split /,/, $_, -1;
		$all{ $row{name} } = \%row;
	}
	return \%all;
}
sub history ($name) {
	my ($head, @lines) = split /\n/, cli("show alarm $name history from 0 to 2000000000");
	return map { [(split /,/)[0, 1], (split /,/)[2]] } @lines;
}

is_deeply [sort keys alarms()->%*], [qw(both other up)], 'they are there';
is_deeply alarms()->{up}, { name => 'up', state => 'INSUFFICIENT_DATA', idle => 0,
	since => '2013-02-15T16:31:56.000Z', acked_by => '', silenced_until => '', enabled => 1,
	metric => 'Latency', stat => 'Average', period_s => 60, m => 2, n => 2, op => '>',
	threshold => '2.0', unit => 'Seconds', value => '', owner => 'file' }, 'and what they are';
like cli('show alarm up'), qr/^reason: Unchecked: Initial alarm creation$/m, 'new';

cli('clock advance 60s');
is alarms()->{up}{state}, 'INSUFFICIENT_DATA', 'missing data are ignored';
is alarms()->{other}{state}, 'ALARM', 'or count as breaching';
like cli('show alarm other'), qr/^reason: Threshold Crossed: no datapoints were received for 4 periods and 4 missing datapoints were treated as \[Breaching\]\.$/m;
is alarms()->{both}{state}, 'OK', 'a rule is OK';
my $explained = cli('show alarm other explain');
like $explained, qr/^#slot,time,value,samples,counts_as\n1,2013-02-15T16:3[12]:00\.000Z,,0,missing: breaching\n/;
like $explained, qr/\n6,2013-02-15T16:2[67]:00\.000Z,,0,missing\n#state=ALARM real=0 breaching=0 filled=4 fresh=true rule: missing points were counted as breaching$/;
is decode_json(cli('show alarm other explain json'))->{slots}[0]{counts_as}, 'missing: breaching';

is cli('alarm set-state up ALARM reason I say so'), '', 'set-state is silent';
is alarms()->{up}{state}, 'ALARM';
is alarms()->{both}{state}, 'ALARM', 'a rule follows in the same turn';
like cli('show alarm both'), qr/^reason: The rule .* holds: up is ALARM, other is ALARM\.$/m;
is_deeply [history('up')], [
	['2013-02-15T16:32:56.000Z', 'Action',
	    'Successfully executed action arn:aws:sns:us-east-1:123456789012:topic'],
	['2013-02-15T16:32:56.000Z', 'StateUpdate',
	    'Alarm updated from INSUFFICIENT_DATA to ALARM'],
	['2013-02-15T16:31:56.000Z', 'ConfigurationUpdate', '"Alarm ""up"" created"'],
], 'its history';
like $w->stderr, qr/alarm up INSUFFICIENT_DATA->ALARM I say so/, 'the log says it';
like $log->find(qr/alarm up /), qr/: alarm up INSUFFICIENT_DATA->ALARM I say so$/, 'all logs';
my ($update) = grep { $_->{type} eq 'StateUpdate' }
    decode_json(cli('show alarm up history from 0 to 2000000000 json'))->@*;
is_deeply $update->{data}, { version => '1.0',
	oldState => { stateValue => 'INSUFFICIENT_DATA',
		stateReason => 'Unchecked: Initial alarm creation' },
	newState => { stateValue => 'ALARM', stateReason => 'I say so' } }, 'as JSON';

cli('alarm ack up comment it is mine');
like alarms()->{up}{acked_by}, qr/^uid \d+$/, 'acknowledged';
like cli('show alarm up'), qr/^ack_comment: it is mine$/m;
cli('alarm unack up');
is alarms()->{up}{acked_by}, '', 'taken back';
cli('alarm ack up');
cli('alarm silence up for 2h');
is alarms()->{up}{silenced_until}, '2013-02-15T18:32:56.000Z', 'silenced';
cli('alarm set-state up OK reason enough');
is alarms()->{up}{acked_by}, '', 'an acknowledgement ends with the state';
is((history('up'))[0][2], 'Action arn:aws:sns:us-east-1:123456789012:topic ignored: '
    . 'the alarm is silenced', 'no notification while it is silenced');
cli('alarm unsilence *');
is alarms()->{up}{silenced_until}, '', 'no more';
cli('alarm disable up other');
is alarms()->{other}{enabled}, 0;
cli('alarm set-state up ALARM reason again');
is((history('up'))[0][2], 'Alarm updated from OK to ALARM', 'no actions while disabled');
cli('alarm enable up other');
is alarms()->{other}{enabled}, 1;

is cli('show alarms state ALARM prefix u') =~ tr/\n//, 1, 'by state and prefix';
is_deeply [map { $_->{name} } decode_json(cli('show alarms json'))->@*], [qw(both other up)];
my $json = decode_json(cli('show alarm other json'));
is_deeply [@$json{qw(metric threshold value description namespace)}],
    ['CPUUtilization', 20, undef, 'to be low', 'AWS/EC2'], 'one as JSON';

my %errors = (
	'show alarm upp' => q{There is no alarm 'upp', did you mean 'up'?},
	'show alarm up x' => q{Unknown word 'x'.},
	'show alarms state x' => q{'state' is one of OK, ALARM and INSUFFICIENT_DATA.},
	'alarm ack' => 'The name of an alarm is missing.',
	'alarm silence up for 5' => q{'alarm silence' expects a name or '*', and 'for' with a }
	    . 'duration: for 2h.',
	'alarm enable up nobody' => q{There is no alarm 'nobody'.},
	'alarm set-state up Alarm reason x' => q{'alarm set-state' expects one of OK, ALARM and }
	    . q{INSUFFICIENT_DATA, but got 'Alarm'.},
	'alarm set-state up OK' => q{'alarm set-state' expects 'reason' and a text.},
);
is cli($_), $errors{$_}, $_ for sort keys %errors;

# What is new since a generation
my $snapshot = cli('show snapshot only alarm');
my ($gen) = $snapshot =~ /gen=(\d+)/;
like $snapshot, qr/^#alarm,name,state,idle,.*\nalarm,both,ALARM,.*\nalarm,other,ALARM,.*\nalarm,up,ALARM,.*\n#end rows=3$/m,
    'rows of show snapshot';
cli('clock advance 2s');
cli('alarm ack up');
is join(' ', cli("show snapshot since $gen only alarm") =~ /^alarm,(\w+)/mg), 'up',
    'only those that changed';
my $stream = $w->cli_session;
$stream->send("subscribe events since 1 kinds alarm\n");
while ($stream->{buf} !~ /again/) {
	$stream->fill(time + 5) or last;
}
like $stream->{buf}, qr/^\d+,[\d.]+,alarm,up,OK,ALARM,again$/m, 'events';

# A reload: equal text is untouched, a changed one keeps its state, what is gone is deleted.
my $cfg = $w->read_file('t.cfg');
$cfg =~ s/to be low/to be lower/;
$cfg =~ s/\nalarm both.*//s;
$w->write_file('t.cfg', "$cfg\n");
like cli('reload'), qr/^Success=1/, 'reloaded';
is alarms()->{up}{state}, 'ALARM', 'the state stays';
is((history('up'))[0][2], 'Alarm updated from OK to ALARM', 'an equal one is untouched');
is((history('other'))[0][2], '"Alarm ""other"" updated"', 'a changed one is updated');
ok !exists alarms()->{both}, 'one is gone';
is((history('both'))[0][2], '"Alarm ""both"" deleted"', 'its history is not');
done_testing;
