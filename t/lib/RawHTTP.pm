# SPDX-License-Identifier: BSD-2-Clause
#
# RawHTTP.pm: an HTTP/1 client that sends any bytes and reads strictly.
#
#	my $c = RawHTTP->new(port => $port);		# or path => unix socket
#	$c->send($bytes); $c->send_split($bytes, 5, 9); $c->send_bytewise($bytes);
#	my $r = $c->read_response;			# or (head => 1)
#	my $r = $c->request($bytes);			# both; head is seen
#	$r->{status}; $r->{h}{'content-length'}; $r->{body}; $r->{interim};
#	$c->read_until_close; $c->is_closed; $c->ended	# 'fin' or 'rst'
#
# read_response returns undef when the peer broke the rules, closed or was late:
# $c->error says which. A response's body ends as its framing says; what comes
# after it stays for the next one.
package RawHTTP;

use v5.36;
use Errno qw(EAGAIN EINTR);
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY SO_LINGER SOL_SOCKET);
use Time::HiRes qw(time);

our $TIMEOUT_S = 5;
my $TOKEN = qr/[!#\$%&'*+\-.^_`|~0-9A-Za-z]+/;

sub new ($class, %o) {
	my $s = $o{socket};
	$s //= $o{path}
	    ? IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $o{path})
	    : IO::Socket::IP->new(PeerHost => $o{host} // '127.0.0.1',
		PeerPort => $o{port}, Type => SOCK_STREAM,
		$o{from} ? (LocalHost => $o{from}) : ());
	die "connect: " . ($@ || $!) . "\n" unless $s;
	setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1 unless $o{path};
	$s->blocking(0);
	return bless { s => $s, buf => '', error => '', ended => '',
		timeout => $o{timeout} // $TIMEOUT_S }, $class;
}

sub socket ($self) { return $self->{s} }
sub error ($self) { return $self->{error} }
sub ended ($self) { return $self->{ended} }
# Bytes read and not yet used
sub pending ($self) { return $self->{buf} }
sub local_port ($self) { return $self->{s}->sockport }

sub wait_io ($self, $for_write, $end) {
	vec(my $v = '', fileno $self->{s}, 1) = 1;
	my $left = $end - time;
	return 0 if $left <= 0;
	return $for_write ? select undef, $v, undef, $left
	    : select $v, undef, undef, $left;
}

# True when all bytes are with the kernel. Reads meanwhile, so that a peer which
# answers a long pipeline does not block both sides.
sub send ($self, $bytes) {
	my $end = time + $self->{timeout};
	while (length $bytes) {
		my $n = syswrite $self->{s}, $bytes;
		if (defined $n) {
			substr($bytes, 0, $n) = '';
		} elsif ($! == EAGAIN || $! == EINTR) {
			$self->fill_now;
			$self->wait_io(1, time + 0.05);
			return $self->failed('send: timeout') if time > $end;
		} else {
			return $self->failed("send: $!");
		}
	}
	return 1;
}

# One write per piece, cut at these offsets
sub send_split ($self, $bytes, @at) {
	my $from = 0;
	for my $to (@at, length $bytes) {
		$self->send(substr $bytes, $from, $to - $from) or return 0;
		$from = $to;
	}
	return 1;
}

sub send_bytewise ($self, $bytes) {
	return $self->send_split($bytes, 1 .. length($bytes) - 1);
}

sub failed ($self, $why) {
	$self->{error} = $why;
	return undef;	# one value: these calls stand in argument lists
}

# What is there now: bytes read, 0 at the end, undef when nothing is there
sub fill_now ($self) {
	return 0 if $self->{ended};
	my $n = sysread $self->{s}, $self->{buf}, 262144, length $self->{buf};
	return $n if $n;
	return undef if !defined $n && ($! == EAGAIN || $! == EINTR);
	$self->{ended} = defined $n ? 'fin' : 'rst';
	return 0;
}

# Waits for more: bytes read, 0 at the end; dies at the deadline.
sub fill ($self, $end) {
	while (1) {
		my $n = $self->fill_now;
		return $n if defined $n;
		die "timeout\n" unless $self->wait_io(0, $end) || time < $end;
	}
}

# Takes size bytes, or up to and with the pattern's match
sub take ($self, $size, $end) {
	while (length $self->{buf} < $size) {
		$self->fill($end) or die "closed in the middle ($self->{ended})\n";
	}
	return substr $self->{buf}, 0, $size, '';
}

sub take_until ($self, $mark, $end) {
	my $at;
	while (($at = index $self->{buf}, $mark) < 0) {
		$self->fill($end) or die $self->{buf} eq ''
		    ? "closed ($self->{ended})\n"
		    : "closed in the middle ($self->{ended})\n";
	}
	return substr $self->{buf}, 0, $at + length $mark, '';
}

sub parse_fields ($lines) {
	my (@list, %h);
	for (@$lines) {
		/^($TOKEN):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*$/
		    or die "bad field line '$_'\n";
		push @list, [$1, $2];
		my $name = lc $1;
		$h{$name} = exists $h{$name} ? "$h{$name}, $2" : $2;
	}
	return (\@list, \%h);
}

sub read_head ($self, $end) {
	my $raw = $self->take_until("\r\n\r\n", $end);
	my ($status, @lines) = split /\r\n/, $raw;
	$status =~ m{^HTTP/(1\.[01]) ([1-5]\d\d)(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?$}
	    or die "bad status line '$status'\n";
	my %r = (version => $1, status => $2, reason => $3 // '', raw => $raw);
	@r{qw(headers h)} = parse_fields(\@lines);
	return \%r;
}

sub read_chunks ($self, $r, $end) {
	while (1) {
		my $line = $self->take_until("\r\n", $end);
		$r->{raw} .= $line;
		$line =~ /^([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n\z/
		    or die "bad chunk line '$line'\n";
		my $size = hex $1;
		last if $size == 0;
		my $data = $self->take($size + 2, $end);
		$r->{raw} .= $data;
		$data =~ s/\r\n\z// or die "chunk without its end\n";
		$r->{body} .= $data;
	}
	my @lines;
	while (1) {
		my $line = $self->take_until("\r\n", $end);
		$r->{raw} .= $line;
		last if $line eq "\r\n";
		push @lines, $line =~ s/\r\n\z//r;
	}
	@$r{qw(trailers t)} = parse_fields(\@lines);
}

sub read_body ($self, $r, $end) {
	my ($te, $cl) = @{ $r->{h} }{qw(transfer-encoding content-length)};
	die "both Transfer-Encoding and Content-Length\n"
	    if defined $te && defined $cl;
	if (defined $te) {
		die "transfer coding '$te'\n" unless lc $te eq 'chunked';
		return $self->read_chunks($r, $end);
	}
	if (defined $cl) {
		die "bad Content-Length '$cl'\n" unless $cl =~ /^\d{1,18}$/;
		$r->{body} = $self->take($cl, $end);
	} else {
		1 while $self->fill($end);
		die "reset in the body\n" if $self->{ended} eq 'rst';
		$r->{by_close} = 1;
		$r->{body} = $self->{buf};
		$self->{buf} = '';
	}
	$r->{raw} .= $r->{body};
}

# head => 1: answer to HEAD. timeout => seconds.
sub read_response ($self, %o) {
	my $end = time + ($o{timeout} // $self->{timeout});
	my $r = eval {
		my @interim;
		my $r = $self->read_head($end);
		while ($r->{status} < 200 && $r->{status} != 101) {
			push @interim, $r;
			$r = $self->read_head($end);
		}
		@$r{qw(interim body)} = (\@interim, '');
		$self->read_body($r, $end) unless $o{head} ||
		    $r->{status} =~ /^(101|204|304)$/;
		$r;
	};
	return $self->failed($@ =~ s/\n\z//r) unless $r;
	return $r;
}

sub request ($self, $bytes, %o) {
	$self->send($bytes);
	return $self->read_response(head => scalar($bytes =~ /^HEAD /), %o);
}

# A short GET: extra header lines may follow the path
sub get ($self, $path = '/', @lines) {
	return $self->request(join "\r\n", "GET $path HTTP/1.1", 'Host: test',
	    @lines, '', '');
}

# All bytes up to the close, undef when it does not come in time
sub read_until_close ($self, $seconds = $self->{timeout}) {
	my $end = time + $seconds;
	eval { 1 while $self->fill($end); 1 } or return $self->failed('timeout');
	my $all = $self->{buf};
	$self->{buf} = '';
	return $all;
}

# Does the peer close without another byte?
sub is_closed ($self, $seconds = $self->{timeout}) {
	my $end = time + $seconds;
	my $n = eval { $self->fill($end) };
	return defined $n && $n == 0;
}

# Reads exactly size bytes of a tunnel
sub read_bytes ($self, $size, $seconds = $self->{timeout}) {
	my $data = eval { $self->take($size, time + $seconds) };
	return $data // $self->failed($@ =~ s/\n\z//r);
}

# What was read beyond that, without waiting
sub take_pending ($self) { return substr $self->{buf}, 0, length $self->{buf}, '' }

sub shut ($self) { shutdown $self->{s}, 1 }
sub close ($self) { CORE::close $self->{s} }

# Closes with RST
sub reset ($self) {
	setsockopt $self->{s}, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
	CORE::close $self->{s};
}

1;
