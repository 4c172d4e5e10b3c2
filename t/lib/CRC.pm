# SPDX-License-Identifier: BSD-2-Clause
#
# CRC.pm: crc32c($bytes), as the PROXY protocol has it.
package CRC;

use v5.36;
use Exporter 'import';

our @EXPORT = qw(crc32c);

sub crc32c ($bytes) {
	my $crc = 0xffffffff;
	for my $b (unpack 'C*', $bytes) {
		$crc ^= $b;
		$crc = $crc & 1 ? ($crc >> 1) ^ 0x82f63b78 : $crc >> 1 for 1 .. 8;
	}
	return $crc ^ 0xffffffff;
}

1;
