# States, what people said and histories of alarms outlive the process.
use v5.36;
use Weir;
use Test::More;

my $alarms = <<'CFG';
alarm up
	metric CPUUtilization namespace AWS/EC2
	threshold > 70
	on alarm arn arn:aws:sns:us-east-1:123456789012:topic
alarm changed
	metric CPUUtilization namespace AWS/EC2
	threshold > 80
alarm heartbeat
	metric Beats namespace Lab
	datapoints 2 of 2
	threshold < 1
	missing-data breaching
	phase 5s
alarm gone
	rule "ALARM(up)"
CFG
my $w = Weir->new(binds => ['web'], keep => 1, args => ['-T', '2013-02-15T16:31:56Z'],
    defaults => 'http', cfg => <<"CFG");
global
	state-dir "\${DIR}"
frontend web
	bind "fd\@\${web}"
	http-request return status 200
$alarms
CFG

sub cli ($command) { return $w->cli($command) =~ s/\n+\z//r }
sub field ($alarm, $name) {
	return cli("show alarm $alarm") =~ /^\Q$name\E: (.*)$/m ? $1 : undef;
}
# "type summary", the newest first
sub history ($name) {
	my ($head, @lines) = split /\n/, cli("show alarm $name history from 0 to 2000000000");
	return [map { /^[^,]*,([^,]*),("(?:[^"]|"")*"|[^,]*)/ ? "$1 $2" : $_ } @lines];
}

cli('alarm set-state up ALARM reason because, "I" said');
cli('alarm ack up comment mine');
cli('alarm silence up for 3h');
cli('alarm disable changed');
cli('alarm set-state changed OK reason fine');
cli('put metric Beats value 1 namespace Lab');
cli('clock advance 30s');
is field('heartbeat', 'state'), 'OK', 'a value';
my $before = history('up');
is scalar @$before, 3, 'a history';
ok $w->wait_for(sub { -s $w->file('weir.db-wal') }), 'the store has something';

# The text of one changes, one goes, while weir is down.
$w->stop;
$w->write_file('t.cfg', $w->read_file('t.cfg') =~ s/> 80/> 85/r =~ s/alarm gone.*//sr);
$w->{args} = ['-T', '2013-02-15T16:40:00Z'];
$w->start;
is field('up', 'state'), 'ALARM', 'the state is back';
is field('up', 'reason'), 'because, "I" said', 'with its reason';
is field('up', 'since'), '2013-02-15T16:31:56.000Z', 'since then';
like field('up', 'acked_by'), qr/^uid \d+$/, 'acknowledged';
is field('up', 'ack_comment'), 'mine';
is field('up', 'silenced_until'), '2013-02-15T19:31:56.000Z', 'silenced';
is field('up', 'configured'), '2013-02-15T16:31:56.000Z', 'not configured anew';
is field('changed', 'enabled'), 0, 'disabled';
is_deeply history('up'), $before, 'the history is as it was';
is history('changed')->[0], 'ConfigurationUpdate "Alarm ""changed"" updated"',
    'a text that changed meanwhile';
is history('gone')->[0], 'ConfigurationUpdate "Alarm ""gone"" deleted"', 'and one that went';

# What was not measured while weir was down is nobody's fault.
cli('clock advance 60s');
is field('heartbeat', 'state'), 'OK', 'no alarm after a time without weir';
cli('clock advance 5m');
is field('heartbeat', 'state'), 'ALARM', 'but when nothing comes now';

# Killed: what was answered is kept.
cli('alarm set-state up OK reason better');
$w->stop('KILL');
$w->start;
is field('up', 'reason'), 'better', 'a state after the end by SIGKILL';
done_testing;
