# SPDX-License-Identifier: BSD-2-Clause
#
# SyslogSink.pm: receives log datagrams on UDP or a unix socket.
#
#	my $log = SyslogSink->new;			log @{[ $log->addr ]} local0
#	my $log = SyslogSink->new(path => "$dir/log.sock");
#	my ($line) = $log->lines(1);			waits for one more
#	like $log->find(qr{ f/s1 }), qr/--NI/;		waits for one that matches
package SyslogSink;

use v5.36;
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM SO_RCVBUF SOL_SOCKET);
use Time::HiRes qw(time);

our $TIMEOUT_S = 5;

sub new ($class, %o) {
	my $s = $o{path}
	    ? IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $o{path})
	    : IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
		Type => SOCK_DGRAM, Proto => 'udp');
	die "log socket: " . ($@ || $!) unless $s;
	setsockopt $s, SOL_SOCKET, SO_RCVBUF, pack 'l', 4 << 20;
	return bless { s => $s, path => $o{path}, seen => [] }, $class;
}

sub addr ($self) { return $self->{path} // '127.0.0.1:' . $self->{s}->sockport }
sub port ($self) { return $self->{s}->sockport }

# The next datagram, undef after seconds
sub next_line ($self, $seconds = $TIMEOUT_S) {
	vec(my $r = '', fileno $self->{s}, 1) = 1;
	return undef unless select $r, undef, undef, $seconds < 0 ? 0 : $seconds;
	defined recv $self->{s}, my $line, 65536, 0 or return undef;
	push @{ $self->{seen} }, $line;
	return $line;
}

# n more datagrams (fewer if they do not come in time)
sub lines ($self, $n = 1, $seconds = $TIMEOUT_S) {
	my $end = time + $seconds;
	my @lines;
	while (@lines < $n) {
		push @lines, $self->next_line($end - time) // last;
	}
	return @lines;
}

# The first datagram, seen before or still to come, that matches
sub find ($self, $pattern, $seconds = $TIMEOUT_S) {
	my $end = time + $seconds;
	for (@{ $self->{seen} }) {
		return $_ if /$pattern/;
	}
	while (defined(my $line = $self->next_line($end - time))) {
		return $line if $line =~ $pattern;
	}
	return undef;
}

# All datagrams that came so far, without waiting
sub all ($self) {
	1 while defined $self->next_line(0);
	return @{ $self->{seen} };
}

sub forget ($self) { $self->all; $self->{seen} = [] }

1;
