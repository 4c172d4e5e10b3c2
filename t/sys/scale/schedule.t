# Scheduled actions: again and again in a time zone, once, until a time, in file
# order, within limits, suspended.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $w = Weir->new(keep => 1, args => ['-T', '2013-02-15T16:30:00Z'], cfg => $SCALE_CONF . <<'CFG');
scaling-group web
	launch-config small
	size 1 10 desired 2
	schedule morning cron "0 8 * * MON-FRI" tz Europe/Vienna min 4 max 8 desired 6
	schedule night cron "0 22 * * *" tz Europe/Vienna min 1 desired 1
	schedule once at 2013-02-15T17:00:00Z desired 3
	schedule wide cron "*/10 * * * *" at 2013-02-15T17:10Z until 2013-02-15T17:20:00Z max 12
	schedule first at 2013-02-15T18:00:00Z desired 4
	schedule second at 2013-02-15T18:00:00Z desired 5
	schedule much at 2013-02-15T19:00:00Z desired 100
CFG
sub sized ($t) {
	$w->cli("clock set $t");
	return join ' ', @{group($w, 'web')}{qw(min desired max)};
}
sub schedule ($name) {
	my ($s) = grep { $_->{name} eq $name } csv_rows($w->cli('show schedules web'));
	return $s;
}

my $s = schedule('morning');
is "@$s{qw(cron tz min max desired next last)}",
    '0 8 * * MON-FRI Europe/Vienna 4 8 6 1361170800.000 ', 'when it is due';
is schedule('once')->{at}, '1360947600.000', 'once';
is sized('2013-02-15T16:59:59Z'), '1 2 10', 'before';
is sized('2013-02-15T17:00:00Z'), '1 3 10', 'at its second';
like +(activities($w, 'web'))[0]{cause}, qr/^At 2013-02-15T17:00:00Z a scheduled action update of AutoScalingGroup constraints to min: 1, max: 10, desired: 3 changing the desired capacity from 2 to 3\.  At /, 'the cause';
is schedule('once')->{last_result}, 'done', 'done';
is schedule('once')->{next}, '', 'not again';
is group($w, 'web')->{cooldown_left_s}, 0, 'no cooldown';
is sized('2013-02-15T17:10:00Z'), '1 3 12', 'not before `at`';
is schedule('wide')->{next}, '1360948800.000', 'again';
is sized('2013-02-15T17:20:00Z'), '1 3 12', 'up to `until`';
is schedule('wide')->{next}, '', 'and not after it';
is sized('2013-02-15T18:00:00Z'), '1 5 12', 'in file order';
is sized('2013-02-15T19:00:00Z'), '1 5 12', 'too much';
is +(activities($w, 'web'))[0]{description}, 'Scheduled action much ignored: desired 100 is above max size 12', 'said so';
is schedule('much')->{last_result}, 'ignored: desired 100 is above max size 12', 'here too';
is sized('2013-02-15T21:00:00Z'), '1 1 12', 'by the clock of Vienna';
is sized('2013-02-18T07:00:00Z'), '4 6 8', 'limits and desired';
is sized('2013-02-18T21:00:00Z'), '1 1 8', 'what is not named stays';
$w->cli('group suspend web ScheduledActions');
is sized('2013-02-19T07:00:00Z'), '1 1 8', 'suspended';
$w->cli('group resume web ScheduledActions');
is sized('2013-02-19T08:00:00Z'), '1 1 8', 'only what is ahead runs';
$w->write_file('t.cfg', $w->read_file('t.cfg') =~ s/"0 22 /"30 9 /r);
$w->cli('reload');
is schedule('night')->{next}, '1361262600.000', 'another text';
is sized('2013-02-19T09:00:00Z'), '1 1 10', 'a changed file sets limits';
like said($w, 'show schedules web json'), qr/^\[\{"name":"morning",.*\}\]$/, 'as JSON';

sub bad ($text, $want) {
	my $out = Weir->check($SCALE_CONF . "scaling-group g\n\tlaunch-config small\n\tsize 1 3\n\tschedule $text\n");
	like $out->{err}, $want, $want;
}
bad('s cron "0 25 * * *" desired 1', qr/'cron "0 25 \* \* \*"': /);
bad('s cron "0 5 * * *" tz Europe/Wien desired 1', qr{there is no time zone 'Europe/Wien'});
bad('s at tomorrow desired 1', qr/'at' expects a time like 2026-11-26T21:00:00Z, not 'tomorrow'/);
bad('s at 2026-11-26', qr/one of min, max and desired is missing/);
bad('s desired 1', qr/'cron' or 'at' is missing/);
bad('s at 2026-11-26 min 3 desired 1', qr/min <= desired <= max does not hold/);
bad('s at 2026-11-26 until 2025-01-01 min 3', qr/'until' is not behind 'at'/);
bad('s at 2026-11-26 tz UTC min 3', qr/'tz' goes with 'cron'/);
bad('s at 2026-11-26 mni 3', qr/unexpected 'mni'/);
bad('s at 2026-11-26 min', qr/something is missing behind 'min'/);
bad("s at 2026-11-26 min 1\n\tschedule s at 2026-11-26 min 1", qr/'s' is there already/);
done_testing;
