# SPDX-License-Identifier: BSD-2-Clause
#
# DNS.pm: a name server for tests, in a process of its own.
#
#	my $dns = DNS->new('a.test' => ['127.0.0.1', '::1'],
#	    '_http._tcp.test' => [{ target => 'a.test', port => 80, weight => 256 }]);
#	... nameserver n1 127.0.0.1:@{[ $dns->port ]}
#	$dns->set('a.test' => ['127.0.0.2']);	# from the next question on
#	$dns->asked;				# number of questions so far
#	$dns->by_tcp;				# ... of them by TCP
#
# What does not fit into 512 bytes, or what a question allows, is truncated by UDP
# and whole by TCP. $dns->set('-tcp' => HOW) makes that a bad peer: 'deaf' (never
# answers), 'close' (ends the connection), 'pieces' (byte by byte at first), 'short'
# (a message of 3 bytes), 'garbage', 'truncated', 'twice' (answers two times).
#
# Instead of a list: 'nx', 'refused', 'servfail', 'silent', 'truncated', 'garbage',
# 'wrong' (an answer to another question), { cname => 'b.test' }. A name that is not
# there is nx.
package DNS;

use v5.36;
use File::Temp ();
use IO::Select ();
use IO::Socket::IP;
use JSON::PP qw(decode_json encode_json);
use POSIX ();
use Socket qw(IPPROTO_TCP SOCK_DGRAM SOCK_STREAM TCP_NODELAY inet_pton AF_INET AF_INET6);

my @all;
my $owner = $$;
my %RCODE = (nx => 3, refused => 5, servfail => 2);
my %TYPE = (1 => 'A', 28 => 'AAAA', 33 => 'SRV');

sub new ($class, %records) {
	my $self = bless { records => {}, file => File::Temp->new, log => File::Temp->new }, $class;
	my ($s, $l) = both_sockets();
	$self->{port} = $s->sockport;
	$self->set(%records);
	push @all, $self;
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		eval { $self->loop($s, $l); 1 } or print STDERR "# dns: $@";
		POSIX::_exit(0);
	}
	return $self;
}

# UDP and TCP on one port
sub both_sockets () {
	for (1 .. 50) {
		my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
		    Type => SOCK_DGRAM) or die "dns: $@";
		my $l = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $s->sockport,
		    Type => SOCK_STREAM, Listen => 64) or next;
		return ($s, $l);
	}
	die 'dns: no port is free for UDP and TCP';
}

sub port ($self) { return $self->{port} }
sub addr ($self) { return "127.0.0.1:$self->{port}" }
sub asked ($self) { return length $self->questions }
sub by_tcp ($self) { return $self->questions =~ tr/T// }

sub questions ($self) {
	open my $f, '<', $self->{log}->filename or return '';
	local $/;
	return <$f> // '';
}

sub set ($self, %records) {
	%{ $self->{records} } = (%{ $self->{records} }, %records);
	my $name = $self->{file}->filename;
	open my $f, '>', "$name.new" or die $!;
	print $f encode_json($self->{records});
	close $f;
	rename "$name.new", $name or die $!;
}

sub stop ($self) {
	return if !$self->{pid};
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = 0;
}

sub name_bytes ($name) { return join('', map { pack 'C/a', $_ } split /\./, $name) . "\0" }

sub record ($type, $r) {
	if ($type eq 'SRV') {
		ref $r && $r->{target} or return ();
		return pack('n n N n/a', 33, 1, 5, pack('nnn', $r->{priority} // 0, $r->{weight} // 1,
		    $r->{port}) . name_bytes($r->{target}));
	}
	return () if ref $r || ($r =~ /:/ ? $type ne 'AAAA' : $type ne 'A');
	return pack('n n N n/a', $type eq 'A' ? 1 : 28, 1, 5,
	    inet_pton($type eq 'A' ? AF_INET : AF_INET6, $r));
}

# The name that is asked for, and where it ends
sub name_of ($query) {
	my ($at, @labels) = (12);
	while (my $len = ord substr $query, $at, 1) {
		push @labels, substr $query, $at + 1, $len;
		$at += 1 + $len;
	}
	return (lc join('.', @labels), $at);
}

sub answer ($records, $query) {
	my ($id, $flags, $n) = unpack 'nnn', $query;
	my ($name, $at) = name_of($query);
	my $question = substr $query, 12, $at + 5 - 12;
	my $type = $TYPE{unpack 'n', substr $query, $at + 1, 2} // return '';
	my $what = $records->{$name} // 'nx';
	my $head = sub ($bits, $count) { pack 'n6', $id, 0x8180 | $bits, 1, $count, 0, 0 };
	return '' if $what eq 'silent';
	return $head->($RCODE{$what}, 0) . $question if $RCODE{$what};
	return $head->(0x200, 0) . $question if $what eq 'truncated';
	return $head->(0, 1) . $question . "\xc0\xff junk" if $what eq 'garbage';
	return $head->(0, 0) . name_bytes('other.test') . pack('nn', 1, 1) if $what eq 'wrong';
	my $cname = '';
	my $owner = "\xc0\x0c";
	if (ref $what eq 'HASH') {
		$owner = name_bytes($what->{cname});
		$cname = "\xc0\x0c" . pack 'n n N n/a', 5, 1, 5, $owner;
		$what = $records->{$what->{cname}};
		$what = [] if ref $what ne 'ARRAY';
	}
	my @r = map { record($type, $_) } @$what;
	return $head->(0, @r + ($cname ne '')) . $question . $cname . join '', map { "$owner$_" } @r;
}

sub records ($self, $how) {
	open my $log, '>>', $self->{log}->filename;
	print $log $how;
	close $log;
	open my $f, '<', $self->{file}->filename or return {};
	local $/;
	return decode_json(<$f>);
}

# The largest answer that a question allows: its OPT record, else 512
sub room ($query) {
	return unpack('n', substr $query, 10, 2) ? unpack 'n', substr $query, -8, 2 : 512;
}

sub by_udp ($self, $s) {
	my $peer = $s->recv(my $query, 4096) // return;
	my $bytes = answer($self->records('.'), $query);
	$bytes = answer({ (name_of($query))[0] => 'truncated' }, $query)
	    if length $bytes > room($query);
	$s->send($bytes, 0, $peer) if $bytes ne '';
}

# One question of a connection; false: it is to be closed.
sub answer_tcp ($self, $c, $query) {
	my $records = $self->records('T');
	my $how = $records->{'-tcp'} // '';
	return 1 if $how eq 'deaf';
	return 0 if $how eq 'close';
	$records = { (name_of($query))[0] => $how } if $how =~ /^(garbage|truncated)$/;
	my $bytes = pack 'n/a', answer($records, $query);
	$bytes = pack 'n/a', 'abc' if $how eq 'short';
	$bytes x= 2 if $how eq 'twice';
	my $single = $how eq 'pieces' ? 4 : 0;
	syswrite $c, substr $bytes, $_, 1 for 0 .. $single - 1;
	return syswrite $c, substr $bytes, $single;
}

sub by_connection ($self, $c, $in) {
	sysread $c, $$in, 65536, length $$in or return 0;
	while (length $$in >= 2 && length $$in >= 2 + unpack 'n', $$in) {
		my $query = unpack 'n/a', $$in;
		substr $$in, 0, 2 + length $query, '';
		$self->answer_tcp($c, $query) or return 0;
	}
	return 1;
}

sub loop ($self, $s, $l) {
	local $SIG{PIPE} = 'IGNORE';
	my $all = IO::Select->new($s, $l);
	my %in;
	while (my @ready = $all->can_read) {
		for my $c (@ready) {
			if ($c == $s) {
				$self->by_udp($s);
			} elsif ($c == $l) {
				my $new = $l->accept or next;
				$new->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
				$all->add($new);
			} elsif (!$self->by_connection($c, \($in{fileno $c} //= ''))) {
				delete $in{fileno $c};
				$all->remove($c);
				close $c;
			}
		}
	}
}

END {
	my $code = $?;
	if ($$ == $owner) { $_->stop for @all }
	$? = $code;
}

1;
