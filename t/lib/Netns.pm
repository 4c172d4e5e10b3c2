# SPDX-License-Identifier: BSD-2-Clause
#
# Netns.pm: runs a test that needs fixed ports in a network namespace of its own,
# with the loopback interface up. `use Netns;` before everything that opens files
# or starts something: the test begins anew inside. Where that is not permitted it
# plans skip_all.
package Netns;

use v5.36;
use Socket qw(AF_INET SOCK_DGRAM);
use Test::More ();

my $UP = 0x41;			# IFF_UP | IFF_RUNNING
my $SIOCSIFFLAGS = 0x8914;

sub import ($class) {
	if (!$ENV{WEIR_T_INSIDE}) {
		Test::More::plan(skip_all => 'no network namespaces here')
		    if system('unshare -rn true 2>/dev/null') != 0;
		$ENV{WEIR_T_INSIDE} = 1;
		exec 'unshare', '-rn', $^X, '-It/lib', $0 or die "unshare: $!";
	}
	socket my $s, AF_INET, SOCK_DGRAM, 0 or die "socket: $!";
	ioctl $s, $SIOCSIFFLAGS, pack 'a16 s x22', 'lo', $UP
	    or Test::More::plan(skip_all => "lo: $!");
}

1;
