# SPDX-License-Identifier: BSD-2-Clause
#
# Strict.pm: is this what weir may send to a server? For requests as they were
# received, byte for byte.
#
#	is_deeply [Strict::requests($bytes)], [], 'canonical';
#
# requests returns complaints: for a stream of whole messages, one after another.
package Strict;

use v5.36;
use Exporter 'import';

our @EXPORT_OK = qw(unescape rows);

my $NAME = qr/[!#\$%&'*+\-.^_`|~0-9a-z]+/;	# no upper case

sub field_faults ($line) {
	return "line '$line'" unless $line =~ /^($NAME):(.*)$/s;
	my ($name, $value) = ($1, $2);
	return "blank of '$line'" unless $value =~ s/^ //;
	return "value of '$line'" if $value =~ /[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/;
	return;
}

# Complaints about one head, and its framing: undef, a number, or 'chunked'
sub head ($head) {
	my ($first, @lines) = split /\r\n/, $head, -1;
	my @bad = map { field_faults($_) } @lines;
	$first =~ m{^[!#\$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e]+ HTTP/1\.([01])$}
	    or push @bad, "request line '$first'";
	my $minor = $1 // 1;
	my @host = grep { /^host:/ } @lines;
	push @bad, scalar(@host) . ' Hosts' unless @host == 1 || (!@host && !$minor);
	my @framing = grep { /^(?:content-length|transfer-encoding):/ } @lines;
	push @bad, 'framing fields: ' . join ', ', @framing if @framing > 1;
	return (\@bad, $1) if @framing && $framing[0] =~ /^content-length: (0|[1-9]\d*)$/;
	return (\@bad, 'chunked')
	    if @framing && $framing[0] eq 'transfer-encoding: chunked' && $minor;
	push @bad, "framing '$framing[0]'" if @framing;
	return (\@bad, undef);
}

# Complaints about a chunked body at pos of $$buf; pos goes behind it
sub chunks ($buf) {
	while ($$buf =~ /\G([0-9a-f]+)\r\n/gc) {
		my $n = hex $1;
		return "leading zero in chunk size $1" if $1 =~ /^0./;
		if ($n == 0) {
			return $$buf =~ /\G\r\n/gc ? () : 'end of chunks';
		}
		return 'chunk cut' if length $$buf < pos($$buf) + $n + 2;
		pos($$buf) += $n;
		return 'chunk end' unless $$buf =~ /\G\r\n/gc;
	}
	return 'chunk size';
}

sub requests ($bytes) {
	my @bad;
	pos($bytes) = 0;
	while (pos($bytes) < length $bytes && !@bad) {
		my $end = index $bytes, "\r\n\r\n", pos $bytes;
		return (@bad, 'head without an end') if $end < 0;
		my ($faults, $body) = head(substr $bytes, pos $bytes, $end - pos $bytes);
		push @bad, @$faults;
		pos($bytes) = $end + 4;
		next unless defined $body;
		if ($body eq 'chunked') {
			push @bad, chunks(\$bytes);
		} elsif (pos($bytes) + $body > length $bytes) {
			push @bad, 'body cut';
		} else {
			pos($bytes) += $body;
		}
	}
	return @bad;
}

# ---- tables of t/data ----

my %ESCAPE = (r => "\r", n => "\n", t => "\t", '\\' => '\\');

sub unescape ($text) {
	return $text =~ s/\\(?:x([0-9a-f]{2})|([rnt\\]))/defined $1 ? chr hex $1 : $ESCAPE{$2}/ger;
}

# [name, status, bytes] of each row
sub rows ($file) {
	open my $f, '<:raw', $file or die "$file: $!";
	my @rows;
	while (<$f>) {
		next if /^#/ || /^$/;
		chomp;
		my ($name, $status, $bytes) = split /\t/, $_, 3;
		push @rows, [$name, $status, unescape($bytes)];
	}
	return @rows;
}

1;
