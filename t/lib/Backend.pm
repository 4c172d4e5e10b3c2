# SPDX-License-Identifier: BSD-2-Clause
#
# Backend.pm: a fake server: one forked process with a select loop that does
# what the test tells it, byte for byte, and writes down what it received.
#
#	use Backend qw(:all);
#	my $srv = Backend->new(sub ($req) { response(200, "you asked $req->{path}") });
#	my $srv = Backend->new({ '/a' => response(200, 'a'), '/rst' => RST,
#	    '*' => ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", CLOSE] });
#	server s1 127.0.0.1:@{[ $srv->port ]}
#	is scalar $srv->requests, 2; like +($srv->requests)[0]{raw}, qr/^GET/;
#
# An answer is bytes, or a list of bytes and actions, done in order:
#	CLOSE  RST  SHUT (end of our direction only)  HANG (says nothing more)
#	PAUSE(seconds)  TUNNEL(code): from now on code->($bytes, $conn) answers raw
#	bytes (an answer as above, '' for nothing)
# $req: raw method target path version headers [[n,v],..] h {n => v} body conn
# (1.. over all connections) n (1.. on this one). Request bodies by
# Content-Length and chunked; `Expect: 100-continue` gets a 100 before the body
# unless `continue => 0`.
#
# Options: on_accept => answer or code->($conn), tcp => code->($bytes, $conn)
# (no HTTP at all), on_head => code->($req) before the body (undef: go on), port,
# path (a unix socket), host, backlog, proxy => 1 (each connection begins with a
# PROXY header, kept in $req->{proxy}).
package Backend;

use v5.36;
use Errno qw(EAGAIN EINTR);
use Exporter 'import';
use File::Temp ();
use IO::Socket::IP;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM SO_LINGER SOL_SOCKET IPPROTO_TCP TCP_NODELAY SOMAXCONN);
use Time::HiRes qw(time);

use constant { CLOSE => \'close', RST => \'rst', SHUT => \'shut',
	HANG => \'hang' };
sub PAUSE ($s) { return { pause => $s } }
sub TUNNEL ($code) { return { tunnel => $code } }

# A whole response with Content-Length; lines are more header lines.
sub response ($status, $body = '', @lines) {
	my $reason = { 200 => 'OK', 404 => 'Not Found', 500 => 'Internal Server Error',
		503 => 'Service Unavailable' }->{$status} // 'Status';
	return join "\r\n", "HTTP/1.1 $status $reason",
	    'Content-Length: ' . length $body, @lines, '', $body;
}

# A body in chunks
sub chunked ($status, @chunks) {
	return "HTTP/1.1 $status OK\r\nTransfer-Encoding: chunked\r\n\r\n" .
	    join('', map { sprintf "%x\r\n%s\r\n", length, $_ } grep { length } @chunks) .
	    "0\r\n\r\n";
}

our @EXPORT_OK = qw(CLOSE RST SHUT HANG PAUSE TUNNEL response chunked);
our %EXPORT_TAGS = (all => \@EXPORT_OK);

my @all;
my $owner = $$;

# --- In the test -------------------------------------------------------------

sub new ($class, $answer = undef, %o) {
	my $self = bless { %o, answer => $answer // response(200, "hello\n"),
		record => File::Temp->new }, $class;
	push @all, $self;
	return $self->start;
}

# Answers with what it gets: for TCP mode
sub echo ($class, %o) {
	return $class->new(undef, tcp => sub ($bytes, $) { $bytes }, %o);
}

# Opens the listener (again on the port of last time) and forks.
sub start ($self) {
	my $s = $self->open_listener;
	$self->{port} = $s->sockport unless $self->{path};
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		eval { $self->loop($s); 1 } or print STDERR "# backend: $@";
		POSIX::_exit(0);
	}
	return $self;
}

sub open_listener ($self) {
	my $n = $self->{backlog} // SOMAXCONN;
	if (my $path = $self->{path}) {
		unlink $path;
		return IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path,
		    Listen => $n) // die "$path: $!";
	}
	return IO::Socket::IP->new(LocalHost => $self->{host} // '127.0.0.1',
	    LocalPort => $self->{port} // 0, Type => SOCK_STREAM, Listen => $n,
	    ReuseAddr => 1) // die "listen: $@";
}

sub port ($self) { return $self->{port} }
sub addr ($self) {
	return $self->{path} // ($self->{host} // '127.0.0.1') . ":$self->{port}";
}

# Ends: connections are reset or closed by the kernel. start() again revives it.
sub stop ($self) {
	my $pid = delete $self->{pid} or return;
	kill 'CONT', $pid;
	kill 'KILL', $pid;
	waitpid $pid, 0;
}

# Accepts (by the kernel) but says nothing
sub freeze ($self) { kill 'STOP', $self->{pid} }
sub thaw ($self) { kill 'CONT', $self->{pid} }

# The record: [ kind, connection, bytes ], kind O open, C closed by the peer,
# D bytes received, Q a whole request
sub events ($self) {
	open my $f, '<:raw', $self->{record}->filename or die;
	my @events;
	while (my $line = <$f>) {
		my ($kind, $conn, $size) = $line =~ /^(\w) (\d+) (\d+)$/ or last;
		my $n = read $f, my $bytes, $size + 1;
		last if ($n // 0) != $size + 1;
		chop $bytes;
		push @events, [$kind, $conn, $bytes];
	}
	return @events;
}

# Whole requests, in order of arrival: { raw, conn, method, target, h, body, .. }
sub requests ($self) {
	return map {
		my $r = parse_head($_->[2]) // {};
		@$r{qw(raw conn)} = ($_->[2], $_->[1]);
		$r->{body} = (decode_body($r, $_->[2]))[0];
		$r;
	} grep { $_->[0] eq 'Q' } $self->events;
}

sub opened ($self) { return scalar grep { $_->[0] eq 'O' } $self->events }
sub closed ($self) { return scalar grep { $_->[0] eq 'C' } $self->events }

# All bytes received, of one connection or of all
sub received ($self, $conn = undef) {
	return join '', map { $_->[2] } grep { $_->[0] eq 'D' &&
	    (!defined $conn || $_->[1] == $conn) } $self->events;
}

sub forget ($self) { truncate $self->{record}->filename, 0 }

END {
	if ($$ == $owner) {
		my $code = $?;
		$_->stop for @all;
		@all = ();
		$? = $code;
	}
}

# --- Parsing, lenient: weir is the one that must be strict --------------------

# undef while the head is not complete
sub parse_head ($buf) {
	my $end = index $buf, "\r\n\r\n";
	return if $end < 0;
	my ($line, @fields) = split /\r\n/, substr $buf, 0, $end;
	my %r = (head_size => $end + 4, headers => [], h => {});
	@r{qw(method target version)} = split / /, $line // '', 3;
	$r{path} = ($r{target} // '') =~ s/\?.*//sr;
	for (@fields) {
		my ($name, $value) = /^([^:]*):\s*(.*?)\s*$/s or next;
		push @{ $r{headers} }, [$name, $value];
		my $n = lc $name;
		$r{h}{$n} = exists $r{h}{$n} ? "$r{h}{$n}, $value" : $value;
	}
	return \%r;
}

# (body, size of the message), nothing while it is not complete
sub decode_body ($r, $buf) {
	my $at = $r->{head_size} // 0;
	my $h = $r->{h} // {};
	if (($h->{'transfer-encoding'} // '') !~ /chunked/i) {
		my $n = ($h->{'content-length'} // '') =~ /^(\d+)/ ? $1 : 0;
		return length $buf < $at + $n ? () : (substr($buf, $at, $n), $at + $n);
	}
	my $body = '';
	pos($buf) = $at;
	while ($buf =~ /\G([0-9A-Fa-f]+)[^\r\n]*\r\n/gc) {
		my $n = hex $1;
		if ($n == 0) {
			return $buf =~ /\G((?:[^\r\n]+\r\n)*)\r\n/gc
			    ? ($body, pos $buf) : ();
		}
		return if length $buf < pos($buf) + $n + 2;
		$body .= substr $buf, pos $buf, $n;
		pos($buf) += $n + 2;
	}
	return;
}

# --- In the forked process ---------------------------------------------------

sub note ($self, $kind, $c, $bytes = '') {
	syswrite $self->{out}, "$kind $c->{id} " . length($bytes) . "\n$bytes\n";
}

sub loop ($self, $listener) {
	$SIG{PIPE} = 'IGNORE';
	$SIG{ALRM} = 'DEFAULT';
	alarm 0;
	my $parent = getppid;
	open $self->{out}, '>>:raw', $self->{record}->filename or die;
	$listener->blocking(0);
	my (%conn, $ids);
	while (getppid == $parent) {
		my ($r, $w, $wait) = ('', '', 1);
		vec($r, fileno $listener, 1) = 1;
		for my $c (values %conn) {
			vec($r, $c->{fd}, 1) = 1 unless $c->{eof};
			vec($w, $c->{fd}, 1) = 1 if length $c->{send};
			next unless $c->{until};
			my $left = $c->{until} - time;
			$wait = $left < 0 ? 0 : $left if $left < $wait;
		}
		select $r, $w, undef, $wait;
		while (vec($r, fileno $listener, 1) && (my $s = $listener->accept)) {
			my $c = $conn{ fileno $s } = { s => $s, fd => fileno $s,
				id => ++$ids, in => '', send => '', todo => [], n => 0 };
			$s->blocking(0);
			setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1
			    unless $self->{path};
			$self->greet($c);
		}
		for my $c (values %conn) {
			$self->receive($c) if vec $r, $c->{fd}, 1;
			$self->advance($c);
			delete $conn{ $c->{fd} } if $c->{gone};
		}
	}
}

sub greet ($self, $c) {
	$self->note('O', $c);
	my $a = $self->{on_accept} or return;
	$self->answer($c, ref $a eq 'CODE' ? $a->($c->{id}) : $a);
}

sub receive ($self, $c) {
	my $n = sysread $c->{s}, my $bytes, 262144;
	return if !defined $n && ($! == EAGAIN || $! == EINTR);
	if (!$n) {
		$self->note('C', $c);
		$c->{eof} = 1;
		$c->{gone} = 1 unless defined $n;
		return;
	}
	$self->note('D', $c, $bytes);
	$c->{in} .= $bytes;
}

# Queues an answer: bytes or a list of bytes and actions
sub answer ($self, $c, @list) {
	push @{ $c->{todo} }, grep { defined } map { ref eq 'ARRAY' ? @$_ : $_ } @list;
}

# Does what can be done now: actions in order, then the next request.
sub advance ($self, $c) {
	while (!$c->{gone}) {
		if (length $c->{send}) {
			my $n = syswrite $c->{s}, $c->{send};
			if (!defined $n) {
				$c->{gone} = 1 unless $! == EAGAIN || $! == EINTR;
				return;
			}
			substr($c->{send}, 0, $n) = '';
			next;
		}
		return if $c->{hang} || ($c->{until} && $c->{until} > time);
		delete $c->{until};
		if (@{ $c->{todo} }) {
			$self->act($c, shift @{ $c->{todo} });
		} elsif (!$self->next_input($c)) {
			$c->{gone} = 1 if $c->{eof};
			return;
		}
	}
}

sub act ($self, $c, $a) {
	if (!ref $a) {
		$c->{send} .= $a;
	} elsif (ref $a eq 'HASH') {
		$c->{until} = time + $a->{pause} if defined $a->{pause};
		$c->{tunnel} = $a->{tunnel} if $a->{tunnel};
	} elsif ($$a eq 'hang') {
		$c->{hang} = 1;
	} elsif ($$a eq 'shut') {
		shutdown $c->{s}, 1;
	} else {
		setsockopt $c->{s}, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0
		    if $$a eq 'rst';
		$c->{gone} = 1;
		close $c->{s};
	}
}

# One request or piece of a tunnel; false when nothing is there.
sub next_input ($self, $c) {
	return 0 if $c->{in} eq '';
	my $raw = $c->{tunnel} // $self->{tcp};
	if ($raw) {
		my $bytes = $c->{in};
		$c->{in} = '';
		$self->answer($c, $raw->($bytes, $c));
		return 1;
	}
	if ($self->{proxy} && !defined $c->{proxy}) {
		($c->{proxy}) = $c->{in} =~
		    s/^(PROXY [^\r\n]*\r\n)// ? $1 : take_v2($c);
		return 0 unless defined $c->{proxy};
	}
	return $self->next_request($c);
}

sub take_v2 ($c) {
	return if length $c->{in} < 16 ||
	    substr($c->{in}, 0, 12) ne "\r\n\r\n\0\r\nQUIT\n";
	my $size = 16 + unpack 'n', substr $c->{in}, 14, 2;
	return if length $c->{in} < $size;
	return substr $c->{in}, 0, $size, '';
}

sub next_request ($self, $c) {
	my $req = $c->{req} //= parse_head($c->{in}) // return 0;
	if (!$req->{n}) {
		@$req{qw(conn n proxy)} = ($c->{id}, ++$c->{n}, $c->{proxy});
		my @early = $self->{on_head} ? $self->{on_head}->($req) : ();
		$self->answer($c, @early);
		if (!@early && ($self->{continue} // 1) &&
		    ($req->{h}{expect} // '') =~ /100-continue/i) {
			$self->answer($c, "HTTP/1.1 100 Continue\r\n\r\n");
		}
		return 1 if @{ $c->{todo} };
	}
	my ($body, $size) = decode_body($req, $c->{in}) or return 0;
	@$req{qw(body raw)} = ($body, substr $c->{in}, 0, $size, '');
	delete $c->{req};
	$self->note('Q', $c, $req->{raw});
	my $a = $self->{answer};
	$a = $a->{ $req->{path} } // $a->{'*'} // response(404, "no $req->{path}\n")
	    if ref $a eq 'HASH';
	$self->answer($c, ref $a eq 'CODE' ? $a->($req) : $a);
	return 1;
}

1;
