# SPDX-License-Identifier: BSD-2-Clause
#
# WSClient.pm: a small WebSocket client (RFC 6455), and the frames for a server.
#
#	my $ws = WSClient->new(port => $port, path => '/chat');
#	$ws->send_text('hi'); is $ws->read_text, 'hi';
#	$ws->send_parts(WSClient::BINARY, @parts);	# one message in fragments
#	my $m = $ws->read_message;			# {opcode, data, parts, pongs}
#	$ws->ping('x'); $ws->close(1000, 'bye');
#	my $srv = Backend->new(WSClient::echo_server());
#
# It reads strictly: frames of a server are not masked, control frames are whole
# and short, reserved bits are 0; else read_frame dies. conn => a RawHTTP takes
# the place of port, for a connection through something else (TLS).
package WSClient;

use v5.36;
use Backend ();
use Digest::SHA qw(sha1_base64);
use MIME::Base64 qw(encode_base64);
use RawHTTP;

my $GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
use constant { MORE => 0, TEXT => 1, BINARY => 2, CLOSE => 8, PING => 9, PONG => 10 };

sub accept_key ($key) { return sha1_base64($key . $GUID) . '=' }

# A frame's bytes; mask (4 bytes) as clients must
sub encode ($opcode, $data, $mask = undef, $fin = 1) {
	my $n = length $data;
	my $len = $n < 126 ? $n : $n < 65536 ? 126 : 127;
	my $head = pack 'CC', $opcode | ($fin ? 0x80 : 0),
	    $len | (defined $mask ? 0x80 : 0);
	$head .= pack $len == 126 ? 'n' : 'Q>', $n if $len > 125;
	return $head . $data unless defined $mask;
	return $head . $mask . xor_mask($data, $mask);
}

sub xor_mask ($data, $mask) {
	return $data ^. substr $mask x (length($data) / 4 + 1), 0, length $data;
}

# Takes one frame from the front of $$buf: [opcode, data, fin, masked, reserved
# bits] or undef
sub decode ($buf) {
	return if length $$buf < 2;
	my ($a, $b) = unpack 'CC', $$buf;
	my $at = 2;
	my $n = $b & 127;
	if ($n > 125) {
		my $more = $n == 126 ? 2 : 8;
		return if length $$buf < $at + $more;
		$n = unpack $more == 2 ? 'n' : 'Q>', substr $$buf, $at, $more;
		$at += $more;
	}
	my $mask_size = $b & 128 ? 4 : 0;
	return if length $$buf < $at + $mask_size + $n;
	my $mask = substr $$buf, $at, $mask_size;
	my $data = substr $$buf, $at + $mask_size, $n;
	substr($$buf, 0, $at + $mask_size + $n) = '';
	$data = xor_mask($data, $mask) if $mask_size;
	return [$a & 15, $data, $a >> 7, $b >> 7, $a >> 4 & 7];
}

# What an echo server says to a frame: frames as they came, a pong to a ping;
# a pong it tells as text, and `close CODE` makes it say goodbye first. A frame
# without a mask breaks the rules.
sub echo ($op, $data, $fin, $masked, $reserved) {
	return (encode(CLOSE, pack 'n', 1002), Backend::CLOSE()) if !$masked || $reserved;
	return encode(PONG, $data) if $op == PING;
	return encode(TEXT, "pong $data") if $op == PONG;
	return (encode($op, $data), Backend::CLOSE()) if $op == CLOSE;
	return encode(CLOSE, pack 'n', $1) if $op == TEXT && $data =~ /^close (\d+)$/;
	return encode($op, $data, undef, $fin);
}

# For Backend->new: accepts the upgrade and echoes; greeting: frames right behind
# the head.
sub echo_server ($greeting = '') {
	my %buf;
	my $tunnel = sub ($bytes, $c) {
		my $in = \($buf{ $c->{id} } //= '');
		$$in .= $bytes;
		my @out;
		while (my $f = decode($in)) {
			push @out, echo(@$f);
		}
		return @out;
	};
	return sub ($req) {
		my $key = $req->{h}{'sec-websocket-key'} or
		    return Backend::response(400, 'no key');
		return Backend::response(426, 'version', 'Sec-WebSocket-Version: 13')
		    if ($req->{h}{'sec-websocket-version'} // '') ne '13';
		my ($protocol) = ($req->{h}{'sec-websocket-protocol'} // '') =~ /^([^,]+)/;
		return (join("\r\n", 'HTTP/1.1 101 Switching Protocols',
		    'Upgrade: websocket', 'Connection: Upgrade',
		    $protocol ? "Sec-WebSocket-Protocol: $protocol" : (),
		    'Sec-WebSocket-Accept: ' . accept_key($key), '', $greeting),
		    Backend::TUNNEL($tunnel));
	};
}

# port or conn, path, host, version, headers => [lines]; dies when the handshake
# fails.
sub new ($class, %o) {
	my $c = $o{conn} //
	    RawHTTP->new(%o{ grep { exists $o{$_} } qw(port socket timeout) });
	my $key = encode_base64(join('', map { chr int rand 256 } 1 .. 16), '');
	my $r = $c->request(join "\r\n", 'GET ' . ($o{path} // '/') . ' HTTP/1.1',
	    'Host: ' . ($o{host} // 'test'), 'Upgrade: websocket',
	    'Connection: Upgrade', "Sec-WebSocket-Key: $key",
	    'Sec-WebSocket-Version: ' . ($o{version} // 13), @{ $o{headers} // [] }, '', '');
	die 'websocket: ' . $c->error . "\n" unless $r;
	die "websocket: status $r->{status}\n" unless $r->{status} == 101;
	die "websocket: wrong Sec-WebSocket-Accept\n"
	    unless ($r->{h}{'sec-websocket-accept'} // '') eq accept_key($key);
	return bless { c => $c, response => $r, buf => '' }, $class;
}

sub response ($self) { return $self->{response} }
sub conn ($self) { return $self->{c} }

sub masked ($opcode, $data, $fin = 1) {
	return encode($opcode, $data, join('', map { chr int rand 256 } 1 .. 4), $fin);
}

sub send_frame ($self, $opcode, $data, $fin = 1) {
	return $self->{c}->send(masked($opcode, $data, $fin));
}

sub send_parts ($self, $opcode, @parts) {
	for my $i (0 .. $#parts) {
		$self->send_frame($i ? MORE : $opcode, $parts[$i], $i == $#parts) or return 0;
	}
	return 1;
}

# [opcode, data, fin]; undef at the end or too late: conn->error, conn->ended
sub read_frame ($self) {
	while (1) {
		my $f = decode(\$self->{buf});
		if ($f) {
			my ($op, $data, $fin, $masked, $reserved) = @$f;
			die "websocket: a bad frame\n" if $masked || $reserved ||
			    ($op >= CLOSE && (!$fin || length $data > 125));
			return [$op, $data, $fin];
		}
		my $more = $self->{c}->read_bytes(1) // return undef;
		$self->{buf} .= $more . $self->{c}->take_pending;
	}
}

# A whole message: its fragments joined and counted, pings answered, pongs kept;
# a close is one too, its data the code. undef as read_frame.
sub read_message ($self) {
	my %m = (data => '', parts => 0, pongs => []);
	while (my $f = $self->read_frame) {
		my ($op, $data, $fin) = @$f;
		return { %m, opcode => CLOSE, data => unpack 'n', $data } if $op == CLOSE;
		if ($op == PING) {
			$self->send_frame(PONG, $data);
			next;
		} elsif ($op == PONG) {
			push @{ $m{pongs} }, $data;
			next;
		}
		die "websocket: fragments out of order\n" if !!$m{parts} == ($op != MORE);
		$m{opcode} //= $op;
		$m{data} .= $data;
		$m{parts}++;
		return \%m if $fin;
	}
	return undef;
}

sub send_text ($self, $text) { return $self->send_frame(TEXT, $text) }
sub read_text ($self) { return ($self->read_frame // [0, undef])->[1] }
sub ping ($self, $data = '') { return $self->send_frame(PING, $data) }
sub close ($self, $code = 1000, $why = '') {
	return $self->send_frame(CLOSE, pack 'na*', $code, $why);
}

1;
