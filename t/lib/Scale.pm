# SPDX-License-Identifier: BSD-2-Clause
#
# Scale.pm: scaling groups as tests see them.
#
#	use Scale;
#	is group($w, 'web')->{desired}, 2;
#	is_deeply [map { $_->{lifecycle} } instances($w, 'web')], ['InService'];
#
# csv_rows reads any answer that is a `#` line of names and CSV rows.
package Scale;

use v5.36;
use Exporter 'import';

our @EXPORT = qw(csv_rows said groups group instances activities in_service $SCALE_CONF);

# A provider, a launch configuration; a group is the test's.
our $SCALE_CONF = <<'CFG';
provider local
	type test
launch-config small
	provider local
	image img-1
CFG

sub fields ($line) {
	my @f;
	while ($line =~ /\G(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g) {
		push @f, defined $1 ? $1 =~ s/""/"/gr : $2;
		last if pos($line) == length $line && substr($line, -1) ne ',';
	}
	return @f;
}

sub csv_rows ($text) {
	my (@names, @rows);
	for my $line (split /\n/, $text) {
		next if $line eq '';
		if ($line =~ /^#(.*)/) {
			@names = split /,/, $1;
			next;
		}
		my %row;
		@row{@names} = fields($line);
		push @rows, \%row;
	}
	return @rows;
}

# The answer of a command without line ends behind it
sub said ($w, $command) { return $w->cli($command) =~ s/\n+\z//r }

sub groups ($w) { return csv_rows($w->cli('show groups')) }

sub group ($w, $name) {
	my ($g) = grep { $_->{name} eq $name } groups($w);
	return $g;
}

sub instances ($w, $group) { return csv_rows($w->cli("show instances group $group")) }

sub in_service ($w, $group) {
	return scalar grep { $_->{lifecycle} eq 'InService' } instances($w, $group);
}

# The newest first
sub activities ($w, $group, $more = '') {
	return csv_rows($w->cli("show activities group $group $more"));
}

1;
