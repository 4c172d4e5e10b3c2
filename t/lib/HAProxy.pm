# SPDX-License-Identifier: BSD-2-Clause
#
# HAProxy.pm: Debian's haproxy with the configuration of a test, to compare with.
#
#	my $peer = HAProxy->new(file => $w->file('t.cfg'), binds => ['fe'],
#	    env => { LOG => $log2->addr });	# undef when there is none
#	$peer->port('fe');
#
# binds are listening sockets as Weir.pm hands them over: "fd@${fe}", "${PORT_fe}".
# What it says goes to the file `err`, or nowhere. It ends with the object.
package HAProxy;

use v5.36;
use Fcntl qw(F_SETFD);
use IO::Socket::IP;
use POSIX ();
use Socket qw(SOCK_STREAM);

my $BIN = '/usr/sbin/haproxy';

sub new ($class, %o) {
	return undef if !-x $BIN;
	my %socket = map { $_ => IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
	    Listen => 64, Type => SOCK_STREAM) // die "listen: $@" } $o{binds}->@*;
	my $self = bless { owner => $$, port => { map { $_ => $socket{$_}->sockport } keys %socket } },
	    $class;
	$self->{pid} = fork // die "fork: $!";
	return $self if $self->{pid};
	for my $name (keys %socket) {
		fcntl $socket{$name}, F_SETFD, 0;
		@ENV{$name, "PORT_$name"} = (fileno $socket{$name}, $self->port($name));
	}
	%ENV = (%ENV, %{ $o{env} // {} });
	open STDERR, '>', $o{err} // '/dev/null';
	exec { $BIN } $BIN, '-db', '-f', $o{file} or POSIX::_exit(127);
}

sub port ($self, $name) { return $self->{port}{$name} // die "no bind $name" }

sub DESTROY ($self) {
	return if $$ != $self->{owner} || !$self->{pid};
	local ($?, $!);
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
}

1;
