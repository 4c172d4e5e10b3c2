# SPDX-License-Identifier: BSD-2-Clause
#
# Socat.pm: socat of Debian, on either side of weir.
#
#	use Socat;			# plans skip_all when there is none
#	my $c = Socat->connect("UNIX-CONNECT:$path");	# a RawHTTP over its stdio
#	$c->send('x'); $c->shut; $c->read_until_close;
#	my $c = Socat->connect(Socat::tls($port, $name, "cafile=$ca"));
#	my $srv = Socat->serve("UNIX-LISTEN:$path", 'EXEC:md5sum');
#	my $srv = Socat->serve(Socat::TCP, 'PIPE'); $srv->port
#
# serve forks for each connection and has its listener when it returns. When one
# direction has ended the other one may go on for 10 s. What a program that is run
# by socat closes itself is not passed on (socat holds its pipes), a file's end is. All are ended at END,
# by pid.
package Socat;

use v5.36;
use Cert ();
use File::Temp ();
use POSIX ();
use RawHTTP;
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);
use Test::More ();
use Weir ();

# Its port is the kernel's choice.
use constant TCP => 'TCP4-LISTEN:0,bind=127.0.0.1';

my $BIN = '/usr/bin/socat';
my $owner = $$;
my @all;

sub import ($class, @) {
	Test::More::plan(skip_all => "no socat here: $BIN") unless -x $BIN;
}

# The address of a TLS client; options as socat's
sub tls ($port, $name, @options) {
	return join ',', "OPENSSL:127.0.0.1:$port", "commonname=$name", "snihost=$name",
	    'nodelay', @options;
}

sub run ($class, $stdio, @words) {
	my $self = bless { err => File::Temp->new }, $class;
	push @all, $self;
	$self->{pid} = fork // die "fork: $!";
	return $self if $self->{pid};
	open STDIN, '<&', $stdio if $stdio;
	open STDIN, '<', '/dev/null' unless $stdio;
	open STDOUT, '>&', $stdio // *STDIN;
	open STDERR, '>&', $self->{err};
	exec $BIN, '-t', 10, @words or POSIX::_exit(127);
}

sub connect ($class, $addr, %o) {
	socketpair my $here, my $there, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "$!";
	my $self = $class->run($there, @{ $o{args} // [] }, 'STDIO,shut-down', $addr);
	close $there;
	bless $here, 'IO::Socket';
	my $c = RawHTTP->new(socket => $here);
	$c->{socat} = $self;
	return $c;
}

sub serve ($class, $listen, $to) {
	my $self = $class->run(undef, '-d', '-d', "$listen,fork,backlog=64", $to);
	my ($port) = Weir::poll(sub {
		$self->stderr =~ /listening on (?:AF=\d+ )?(\S.*)/ && "$1";
	}) or die 'socat: ' . $self->stderr;
	$self->{port} = $port =~ /:(\d+)$/ ? $1 : undef;
	return $self;
}

sub port ($self) { return $self->{port} }
sub stderr ($self) { return Cert::slurp($self->{err}->filename) }

sub stop ($self) {
	my $pid = delete $self->{pid} or return;
	kill 'TERM', $pid;
	waitpid $pid, 0;
}

END {
	if ($$ == $owner) {
		my $code = $?;
		$_->stop for @all;
		@all = ();
		$? = $code;
	}
}

1;
