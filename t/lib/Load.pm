# SPDX-License-Identifier: BSD-2-Clause
#
# Load.pm: closed-loop HTTP load that checks every answer, from a forked process.
#
#	my $load = Load->new(port => $port, conns => 8, path => '/', body => "hello\n");
#	$load->wait_ok(500);		# until that many more good answers came
#	my $r = $load->stop;
#	is $r->{lost}, 0; is $r->{ka}, 0;
#
# ok     status 200 (or `status`), whole, and the body as expected
# lost   anything else: another status, a cut or wrong body, a refused connection
# ka     an idle keep-alive connection closed without a response just as we wrote
# statuses, errors: { what => count }; max_ms, p99_ms: of the good ones; seconds
#
# Bounded: it ends after `seconds` (60) or `requests` at the latest. rate => N
# keeps to about N requests per second; close => 1: a connection per request.
package Load;

use v5.36;
use Errno qw(EAGAIN EINPROGRESS EINTR);
use File::Temp ();
use IO::Handle;
use JSON::PP qw(decode_json encode_json);
use POSIX ();
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

my @all;
my $owner = $$;

sub new ($class, %o) {
	my $self = bless { conns => 8, path => '/', status => 200, seconds => 60, %o,
		record => File::Temp->new }, $class;
	push @all, $self;
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		eval { $self->loop; 1 } or print STDERR "# load: $@";
		POSIX::_exit(0);
	}
	return $self;
}

# Good answers so far
sub ok ($self) {
	open my $f, '<', $self->{record}->filename or return 0;
	return (<$f> // '') =~ /^(\d+)/ ? $1 : 0;
}

# Waits for n more; false when they do not come.
sub wait_ok ($self, $n, $seconds = 10) {
	my $want = $self->ok + $n;
	my $end = time + $seconds;
	while ($self->ok < $want) {
		return 0 if time > $end;
		select undef, undef, undef, 0.005;
	}
	return 1;
}

# Ends the load after the requests under way; the result
sub stop ($self) {
	my $pid = delete $self->{pid} or return $self->{result};
	kill 'TERM', $pid;
	waitpid $pid, 0;
	open my $f, '<', $self->{record}->filename or die;
	my (undef, $json) = <$f>;
	return $self->{result} = decode_json($json // '{}');
}

END {
	if ($$ == $owner) {
		my $code = $?;
		$_->stop for @all;
		$? = $code;
	}
}

# --- In the forked process ---------------------------------------------------

sub loop ($self) {
	my $stop = 0;
	local $SIG{TERM} = sub { $stop = 1 };
	$SIG{PIPE} = 'IGNORE';
	alarm 0;
	open $self->{out}, '+<', $self->{record}->filename or die;
	$self->{out}->autoflush(1);
	$self->{start} = time;
	@$self{qw(ok lost ka sent statuses errors times)} = (0, 0, 0, 0, {}, {}, []);
	my @conns = map { { } } 1 .. $self->{conns};
	while (1) {
		$stop ||= time > $self->{start} + $self->{seconds} || getppid == 1 ||
		    ($self->{requests} && $self->{sent} >= $self->{requests});
		if (!$stop) {
			$self->begin($_) for grep { !$_->{busy} } @conns;
		} elsif (!grep { $_->{busy} } @conns) {
			last;
		}
		my ($r, $w) = ('', '');
		for my $c (grep { $_->{busy} } @conns) {
			vec($r, fileno $c->{s}, 1) = 1;
			vec($w, fileno $c->{s}, 1) = 1 if $c->{send} ne '';
		}
		select $r, $w, undef, 0.02;
		$self->work($_) for grep { $_->{busy} } @conns;
	}
	$self->finish;
}

sub begin ($self, $c) {
	return if $self->{rate} &&
	    $self->{sent} > (time - $self->{start}) * $self->{rate};
	return if $self->{requests} && $self->{sent} >= $self->{requests};
	$self->{sent}++;
	@$c{qw(busy in at send reused)} = (1, '', time, "GET $self->{path} HTTP/1.1\r\n" .
	    "Host: load\r\n" . ($self->{close} ? "Connection: close\r\n\r\n" : "\r\n"),
	    defined $c->{s});
	return if $c->{s};
	socket $c->{s}, AF_INET, SOCK_STREAM, 0 or die "socket: $!";
	$c->{s}->blocking(0);
	setsockopt $c->{s}, IPPROTO_TCP, TCP_NODELAY, 1;
	connect $c->{s}, pack_sockaddr_in($self->{port}, inet_aton('127.0.0.1'))
	    or $! == EINPROGRESS or $self->bad($c, "connect: $!");
}

sub bad ($self, $c, $why) {
	$self->{lost}++;
	$self->{errors}{$why}++;
	delete @$c{qw(s busy)};
	select undef, undef, undef, 0.002;	# a dead port is not hammered
}

sub work ($self, $c) {
	if ($c->{send} ne '') {
		my $n = syswrite $c->{s}, $c->{send};
		if (defined $n) {
			substr($c->{send}, 0, $n) = '';
		} elsif ($! != EAGAIN && $! != EINTR) {
			return $self->closed($c, "write: $!");
		}
	}
	my $n = sysread $c->{s}, $c->{in}, 262144, length $c->{in};
	if (!$n) {
		return if !defined $n && ($! == EAGAIN || $! == EINTR);
		return $self->closed($c, defined $n ? 'closed' : "read: $!");
	}
	$self->answered($c) if $self->is_whole($c);
	return if !$c->{busy} || time - $c->{at} < 15;
	$self->bad($c, 'no answer in 15 s');
}

sub is_whole ($self, $c) {
	my $head = index $c->{in}, "\r\n\r\n";
	return 0 if $head < 0;
	my ($size) = substr($c->{in}, 0, $head + 2) =~ /^content-length: *(\d+)\r$/im;
	return 0 unless defined $size;
	$c->{body_at} = $head + 4;
	return length $c->{in} >= $head + 4 + $size;
}

sub closed ($self, $c, $why) {
	if ($c->{reused} && $c->{in} eq '') {
		$self->{ka}++;
		delete @$c{qw(s busy)};
		return;
	}
	$self->bad($c, $c->{in} eq '' ? $why : "$why in the middle");
}

sub answered ($self, $c) {
	my ($status) = $c->{in} =~ m{^HTTP/1\.[01] (\d+)};
	my $body = substr $c->{in}, $c->{body_at};
	$self->{statuses}{ $status // 'none' }++;
	if (($status // 0) != $self->{status}) {
		$self->{lost}++;
	} elsif (defined $self->{body} && $body ne $self->{body}) {
		$self->{lost}++;
		$self->{errors}{'wrong body'}++;
	} else {
		$self->{ok}++;
		push @{ $self->{times} }, time - $c->{at};
	}
	$self->show if $self->{ok} % 10 == 0;
	$c->{busy} = 0;
	delete $c->{s} if $self->{close} ||
	    $c->{in} =~ /^connection: *close\r$/im;
}

sub show ($self) {
	seek $self->{out}, 0, 0;
	printf { $self->{out} } "%012d\n", $self->{ok};
}

sub finish ($self) {
	my @t = sort { $a <=> $b } @{ $self->{times} };
	$self->show;
	my %r = map { $_ => $self->{$_} } qw(ok lost ka sent statuses errors);
	$r{seconds} = time - $self->{start};
	$r{max_ms} = @t ? 1000 * $t[-1] : 0;
	$r{p99_ms} = @t ? 1000 * $t[@t * 0.99] : 0;
	print { $self->{out} } encode_json(\%r);
}

1;
