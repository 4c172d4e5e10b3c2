# SPDX-License-Identifier: BSD-2-Clause
#
# Golden.pm: images for the tests of provider qemu.
#
#	my ($image, $why) = golden();		# boots; undef and why there is none
#	plan skip_all => no_qemu() if no_qemu();
#	my $empty = empty_image("$folder/empty.qcow2");
package Golden;

use v5.36;
use Cwd qw(abs_path);
use Exporter 'import';
use Weir;

our @EXPORT = qw(golden no_qemu empty_image);

# '' when qemu and qemu-img are here
sub no_qemu () {
	my ($missing) = grep { !-x "/usr/bin/$_" } qw(qemu-system-x86_64 qemu-img);
	return $missing ? "$missing is not installed (make deps-qemu)" : '';
}

# Made once, kept beside the weir under test
sub golden () {
	my $folder = abs_path(Weir::bin()) =~ s{[^/]+$}{qemu}r;
	my $said = `sh t/lib/golden.sh $folder 2>&1`;
	return ("$folder/golden.qcow2", undef) if $? == 0;
	return (undef, $said =~ s/\s+\z//r) if $? >> 8 == 3;
	die "golden.sh: $said";
}

sub empty_image ($path) {
	system('qemu-img', 'create', '-q', '-f', 'qcow2', $path, '1M') == 0 or die "qemu-img failed\n";
	return $path;
}

1;
