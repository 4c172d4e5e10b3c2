# weir is killed at any point: what a command was told to be done is there after the
# next start, and nothing is half done. A dozen times; a hundred with WEIR_SLOW=1.
use v5.36;
use Backend qw(:all);
use CLI;
use File::Temp;
use Weir;
use Test::More;

my $rounds = $ENV{WEIR_SLOW} ? 100 : 12;
my $srv = Backend->new({ '/down' => response(503), '*' => response(200) });
my $dir = File::Temp->newdir;

sub start () {
	return Weir->new(defaults => 'http', args => ['-T', '2013-02-15T16:31:56Z'],
	    env => { SRV => $srv->addr, DIR => "$dir" }, cfg => <<'CFG');
global
	state-dir "${DIR}"
backend b
	server s 127.0.0.1:1
notifier hook
	type webhook
	url "http://${SRV}/down"
provider local
	type test
launch-config l
	provider local
scaling-group g
	launch-config l
	backend b
	size 0 9
alarm a
	metric Latency balancer b
	threshold > 2s
	missing-data ignore
	on alarm notify hook
	on ok notify hook
CFG
}

# What commands were told, and what was on its way when weir died.
my %done = (desired => 0, metric => 0, state => 'INSUFFICIENT_DATA', ids => [], reasons => []);
my ($serial, $faults) = (0, 0);

sub fault ($what) { $faults++; diag $what; return 0 }

# Commands, one after the other, until weir has gone. Returns the one that was not
# answered.
sub drive ($w) {
	while (1) {
		my $n = ++$serial;
		my $reason = "r$n";
		my $state = (qw(OK ALARM))[int($n / 4) % 2];
		my @command = (
			["alarm set-state a $state reason $reason", sub ($answer) {
				push $done{reasons}->@*, $reason if $state ne $done{state};
				$done{state} = $state;
			}],
			['group set-desired g ' . $n % 10, sub ($answer) {
				$done{desired} = $n % 10 if $answer =~ /^desired \d -> \d$/ || fault($answer);
			}],
			['put metric M value 1', sub ($answer) { $done{metric}++ }],
			['notifier test hook', sub ($answer) { push $done{ids}->@*, $answer =~ /(\S+)/ }],
		)[$n % 4]->@*;
		my ($text, $note) = @command;
		my $answer = eval { $w->cli($text) };
		return $text if !defined $answer || $answer =~ /no answer|closed/ || !$w->alive;
		$note->($answer);
	}
}

sub rows ($w, $command) {
	my ($head, @lines) = split /\n/, $w->cli($command) =~ s/\n+\z//r;
	my @names = split /,/, $head =~ s/^# ?//r;
	return map { my %r; @r{@names} = split /,/, $_, -1; \%r } @lines;
}

sub verify ($w, $open) {
	my ($alarm) = grep { $_->{name} eq 'a' } rows($w, 'show alarms');
	my ($group) = rows($w, 'show groups');
	my @metric = rows($w, 'show metric M stat SampleCount period 1d from -1d to 2013-02-16T00:00:00Z');
	my $count = 0;
	$count += $_->{SampleCount} || 0 for @metric;
	my %sent = map { $_->{id} => 1 } rows($w, 'show outbox');
	my $history = $w->cli('show alarm a history max 100000');
	my $may_state = $open =~ /set-state a (\S+)/ ? $1 : $done{state};
	fault("state $alarm->{state}, told $done{state}, open '$open'")
	    unless $alarm->{state} eq $done{state} || $alarm->{state} eq $may_state;
	my $may_desired = $open =~ /desired g (\d)/ ? $1 : $done{desired};
	fault("desired $group->{desired}, told $done{desired}, open '$open'")
	    unless $group->{desired} == $done{desired} || $group->{desired} == $may_desired;
	fault("metric $count, told $done{metric}, open '$open'")
	    unless $count == $done{metric} || ($open =~ /^put/ && $count == $done{metric} + 1);
	fault("delivery $_ is lost") for grep { !$sent{$_} } $done{ids}->@*;
	fault("reason $_ is not in the history") for
	    grep { $history !~ /stateReason"":""$_""/ } $done{reasons}->@*;
	# each change that is told has its message
	my $changes = () = $history =~ /,StateUpdate,/g;
	my $told = () = $history =~ /Successfully executed action/g;
	fault("$changes changes, $told messages") if $changes != $told;
	@done{qw(state desired metric)} = ($alarm->{state}, $group->{desired}, $count);
}

my $open = '';
for my $round (1 .. $rounds) {
	my $w = start();
	verify($w, $open);
	my $pid = $w->pid;
	my $killer = fork // die;
	if ($killer == 0) {
		Weir::nap(rand 0.12);
		kill 'KILL', $pid;
		POSIX::_exit(0);
	}
	$open = drive($w);
	waitpid $killer, 0;
	$w->wait_exit;
}
my $w = start();
verify($w, $open);
is $faults, 0, "$serial commands, killed $rounds times: what was told is there";
cmp_ok $serial, '>', 2 * $rounds, 'enough was under way';
done_testing;
