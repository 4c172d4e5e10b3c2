# The example configurations of Debian's haproxy package: accepted or refused as
# the table of doc/compat.md says, and refused for exactly the words it names.
use v5.36;
use Cert;
use Weir;
use Test::More;

my @files = glob '/usr/share/doc/haproxy/examples/*.cfg';
plan skip_all => 'no examples of haproxy here' unless @files;
my ($table) = Cert::slurp('doc/compat.md') =~
    /^## Example configurations of haproxy-doc\n(.*?)(?=^## |\z)/ms;
my %row;
for (split /\n/, $table) {
	my ($name, $result, $words) = /^\| (\S+) \| (accepted|refused) \| (.*)\|$/ or next;
	$row{$name} = [$result, $words =~ /`([^`]+)`/g];
}

for my $file ('/etc/haproxy/haproxy.cfg', @files) {
	my $name = $file =~ m{examples/(.*)} ? $1 : $file;
	my $row = $row{$name} or fail("$name is in the table"), next;
	my ($result, @words) = @$row;
	my $r = Weir->run('-c', '-f', $file);
	is $r->{code}, $result eq 'accepted' ? 0 : 1, "$name is $result" or diag $r->{err};
	my %seen;
	for (grep { /^\[ALERT\].*parsing/ } split /\n/, $r->{err}) {
		/'([^']+)' is (?:not supported|refused): ./ || /unknown fetch method '([^']+)'/
		    or fail("$name: explained: $_"), next;
		$seen{$1} = 1;
	}
	is_deeply [sort keys %seen], [sort @words], "$name: the words" or diag $r->{err};
}
done_testing;
