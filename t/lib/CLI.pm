# SPDX-License-Identifier: BSD-2-Clause
#
# CLI.pm: a client of the stats socket, byte for byte.
#
#	CLI->new($path)->ask('show info')	one command, answer without its
#						empty line
#	my $c = CLI->new($path);
#	$c->send("prompt\n"); $c->read_to_prompt	prompt mode, payloads
#	$c->read_all				everything up to the close
package CLI;

use v5.36;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Time::HiRes qw(time);

sub new ($class, $path, $seconds = 5) {
	my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path)
	    or die "$path: $!\n";
	return bless { s => $s, seconds => $seconds, buf => '' }, $class;
}

sub send ($self, $bytes) {
	while (length $bytes) {
		my $n = syswrite $self->{s}, $bytes;
		return 0 unless defined $n;
		substr($bytes, 0, $n) = '';
	}
	return 1;
}

# Reads more: true, false at the end; dies at the deadline.
sub fill ($self, $end) {
	vec(my $r = '', fileno $self->{s}, 1) = 1;
	my $left = $end - time;
	die "stats socket: no answer in $self->{seconds} s\n"
	    if $left <= 0 || !select $r, undef, undef, $left;
	return sysread($self->{s}, $self->{buf}, 65536, length $self->{buf});
}

# Everything up to the close, as it came
sub read_all ($self) {
	my $end = time + $self->{seconds};
	1 while $self->fill($end);
	return delete($self->{buf}) // '';
}

# Up to the next "\n> " (or a prompt of another form, as a pattern)
sub read_to_prompt ($self, $prompt = qr/(?:^|\n)(?:\[[^\]]*\])?> $/) {
	my $end = time + $self->{seconds};
	until ($self->{buf} =~ $prompt) {
		$self->fill($end) or die "stats socket: closed\n";
	}
	my $text = $self->{buf};
	$self->{buf} = '';
	return $text;
}

# One command in prompt mode: its answer
sub prompted ($self, $command) {
	$self->send("$command\n");
	return $self->read_to_prompt =~ s/\n*(?:\[[^\]]*\])?> $//r;
}

sub ask ($self, $command) {
	$self->send("$command\n");
	my $text = $self->read_all;
	die "stats socket: closed without an answer\n" if $text eq '';
	return $text =~ s/\n+\z//r;
}

sub shut ($self) { shutdown $self->{s}, 1 }
sub close ($self) { CORE::close $self->{s} }

1;
