# Runs weirtop without a terminal.
#
#	my $r = weirtop('--once', $socket);		# { code, out, err }
#	my $t = Weirtop->follow('-i', '0.1', $socket);	# --json, running
#	$t->wait_for(sub ($h) { $h->{state} eq 'lost' });	# host 0 of a tick, undef: in vain
package Weirtop;
use v5.36;
use Exporter 'import';
use JSON::PP;
use POSIX ();
use Weir;

our @EXPORT = qw(weirtop top_bin);

sub top_bin () { return Weir::bin() =~ s/weir$/weirtop/r }

sub weirtop (@args) { return Weir::run_command(top_bin(), @args) }

sub follow ($class, @args) {
	my $pid = open my $out, '-|';
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		exec { top_bin() } top_bin(), '--json', '-b', @args or POSIX::_exit(127);
	}
	return bless { out => $out, pid => $pid, owner => $$ }, $class;
}

# The next tick; undef at the end.
sub tick ($self) {
	my $line = readline $self->{out} // return undef;
	$self->{last} = $line;
	return decode_json($line);
}

# How often it has slept, and its reads and writes, so far.
sub costs ($self) {
	my ($status, $io) = map { open my $f, '<', "/proc/$self->{pid}/$_" or die "$_: $!"; join '', <$f> }
	    'status', 'io';
	return map { $_->[1] =~ /^\Q$_->[0]\E:\s+(\d+)/m } ['voluntary_ctxt_switches', $status],
	    ['syscr', $io], ['syscw', $io];
}

# The first tick whose host n fits, within some seconds.
sub wait_for ($self, $code, $n = 0, $seconds = 10) {
	my $end = time + $seconds;
	while (time <= $end) {
		my $t = $self->tick // return undef;
		return $t->{hosts}[$n] if $code->($t->{hosts}[$n]);
	}
	Test::More::diag($self->{last});
	return undef;
}

sub row ($h, $px, $sv) {
	my ($r) = grep { $_->{proxy} eq $px && $_->{server} eq $sv } @{ $h->{rows} };
	return $r // {};
}

sub DESTROY ($self) {
	return if $$ != $self->{owner};
	local ($?, $!);
	kill 'TERM', $self->{pid};
	close $self->{out};
}

1;
