# SPDX-License-Identifier: BSD-2-Clause
#
# cov.pl BUILD: covered lines per file of appliance/, from what the tests of a
# VARIANT=cov build left in BUILD. A source that no test linked counts as nothing.
use v5.36;
use File::Find;

my $build = shift // 'build/cov';
my (@notes, %seen);
find({ no_chdir => 1, wanted => sub { push @notes, $_ if /\.gcno$/ } }, "$build/appliance");
die "cov: nothing in $build: run make check VARIANT=cov first\n" unless @notes;
for my $note (@notes) {
	my $file;
	for (split /\n/, qx(gcov -n \Q$note\E 2>/dev/null)) {
		$file = $1 if /^File '(.*)'/;
		my ($percent, $of) = /^Lines executed:([\d.]+)% of (\d+)/ or next;
		next unless $file && $of;
		my $n = int($percent * $of / 100 + 0.5);
		$seen{$file} = [$n, $of] if $file =~ m{^appliance/.*\.c$} &&
		    (!$seen{$file} || $seen{$file}[0] < $n);
		undef $file;
	}
}
my ($covered, $all) = (0, 0);
for (sort { $seen{$a}[0] / $seen{$a}[1] <=> $seen{$b}[0] / $seen{$b}[1] } keys %seen) {
	my ($n, $of) = @{ $seen{$_} };
	printf "%5.1f %%  %5d of %5d  %s\n", 100 * $n / $of, $n, $of, $_;
	$covered += $n;
	$all += $of;
}
printf "%5.1f %%  %5d of %5d  all\n", 100 * $covered / ($all || 1), $covered, $all;
