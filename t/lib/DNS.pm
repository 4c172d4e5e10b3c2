# SPDX-License-Identifier: BSD-2-Clause
#
# DNS.pm: a name server for tests, in a process of its own.
#
#	my $dns = DNS->new('a.test' => ['127.0.0.1', '::1'],
#	    '_http._tcp.test' => [{ target => 'a.test', port => 80, weight => 256 }]);
#	... nameserver n1 127.0.0.1:@{[ $dns->port ]}
#	$dns->set('a.test' => ['127.0.0.2']);	# from the next question on
#	$dns->asked;				# number of questions so far
#
# Instead of a list: 'nx', 'refused', 'servfail', 'silent', 'truncated', 'garbage',
# 'wrong' (an answer to another question), { cname => 'b.test' }. A name that is not
# there is nx.
package DNS;

use v5.36;
use File::Temp ();
use IO::Socket::IP;
use JSON::PP qw(decode_json encode_json);
use POSIX ();
use Socket qw(SOCK_DGRAM inet_pton AF_INET AF_INET6);

my @all;
my $owner = $$;
my %RCODE = (nx => 3, refused => 5, servfail => 2);
my %TYPE = (1 => 'A', 28 => 'AAAA', 33 => 'SRV');

sub new ($class, %records) {
	my $self = bless { records => {}, file => File::Temp->new, log => File::Temp->new }, $class;
	my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Type => SOCK_DGRAM)
	    or die "dns: $@";
	$self->{port} = $s->sockport;
	$self->set(%records);
	push @all, $self;
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		eval { $self->loop($s); 1 } or print STDERR "# dns: $@";
		POSIX::_exit(0);
	}
	return $self;
}

sub port ($self) { return $self->{port} }
sub addr ($self) { return "127.0.0.1:$self->{port}" }
sub asked ($self) { return -s $self->{log}->filename }

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

sub answer ($records, $query) {
	my ($id, $flags, $n) = unpack 'nnn', $query;
	my ($at, @labels) = (12);
	while (my $len = ord substr $query, $at, 1) {
		push @labels, substr $query, $at + 1, $len;
		$at += 1 + $len;
	}
	my $question = substr $query, 12, $at + 5 - 12;
	my $type = $TYPE{unpack 'n', substr $query, $at + 1, 2} // return '';
	my $what = $records->{lc join '.', @labels} // 'nx';
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

sub loop ($self, $s) {
	while (defined(my $peer = $s->recv(my $query, 4096))) {
		open my $log, '>>', $self->{log}->filename;
		print $log '.';
		close $log;
		open my $f, '<', $self->{file}->filename or next;
		local $/;
		my $bytes = answer(decode_json(<$f>), $query);
		$s->send($bytes, 0, $peer) if $bytes ne '';
	}
}

END {
	my $code = $?;
	if ($$ == $owner) { $_->stop for @all }
	$? = $code;
}

1;
