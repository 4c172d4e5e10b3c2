# SPDX-License-Identifier: BSD-2-Clause
#
# Bulk.pm: a server for large bodies that keeps none of them.
#
#	my $srv = Bulk->new;
#	GET /1048576		that many bytes of Bulk::pattern
#	PUT, POST		answers "SIZE MD5" of the body (Content-Length only)
#	PUT /slow		begins to read the body when $srv->go is called
#	$srv->sent		bytes of the last GET that the kernel has taken so far
#
# One forked process, one connection after another, connection: close.
package Bulk;

use v5.36;
use Digest::MD5;
use File::Temp ();
use IO::Socket::IP;
use POSIX ();
use Socket qw(SOCK_STREAM SOL_SOCKET SO_RCVBUF);

my $BLOCK = join '', map { pack 'N', $_ } 0 .. 16383;	# 64 KiB

sub pattern ($size) {
	my $text = $BLOCK x (1 + int $size / length $BLOCK);
	return substr $text, 0, $size;
}

sub new ($class) {
	my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
	    Type => SOCK_STREAM, Listen => 64) or die "listen: $@";
	setsockopt $s, SOL_SOCKET, SO_RCVBUF, pack 'l', 65536;
	pipe my $go, my $tell or die "pipe: $!";
	my $self = bless { port => $s->sockport, tell => $tell, owner => $$,
	    progress => File::Temp->new }, $class;
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		close $tell;
		alarm 120;
		$SIG{PIPE} = 'IGNORE';
		while (my $c = $s->accept) {
			serve($c, $go, $self->{progress});
		}
		POSIX::_exit(0);
	}
	return $self;
}

sub addr ($self) { return "127.0.0.1:$self->{port}" }
sub sent ($self) {
	open my $f, '<', $self->{progress}->filename or return 0;
	sysread $f, my $text, 20;
	return 0 + ($text // 0);
}
sub go ($self) { syswrite $self->{tell}, 'x' }

sub DESTROY ($self) {
	return unless $self->{owner} == $$;
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
}

sub send_all ($c, $bytes, $progress = undef) {
	my $at = 0;
	while ($at < length $bytes) {
		my $n = syswrite($c, $bytes, 65536, $at) or return;
		$at += $n;
		next unless $progress;
		sysseek $progress, 0, 0;
		syswrite $progress, sprintf '%020d', $at;
	}
}

sub serve ($c, $go, $progress) {
	my ($in, $md5, $got) = ('', Digest::MD5->new, 0);
	while (index($in, "\r\n\r\n") < 0) {
		sysread($c, $in, 65536, length $in) or return;
	}
	my $text = substr $in, 0, 4 + index($in, "\r\n\r\n"), '';
	my ($method, $path) = $text =~ m{^(\S+) /(\S*) };
	my ($size) = $text =~ /^content-length: (\d+)/m;
	my $head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
	if ($method eq 'GET') {
		send_all($c, "${head}Content-Length: $path\r\n\r\n" . pattern($path), $progress);
		return;
	}
	sysread $go, my $x, 1 if $path eq 'slow';
	while (1) {
		$got += length $in;
		$md5->add($in);
		last if $got >= ($size // 0);
		sysread($c, $in, 262144) or return;
	}
	my $body = "$got " . $md5->hexdigest;
	send_all($c, "${head}Content-Length: " . length($body) . "\r\n\r\n$body");
}

1;
