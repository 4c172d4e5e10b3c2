# weirtop's rows: each option and each key has its place in weirtop(1).
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my $man = slurp('doc/weirtop.1') =~ s/\\&//gr =~ s/\\e/\\/gr;
my (@options, @keys);
for (slurp('tui/options.def') =~ /^OPT\(.*?"([\w-]+)"/mg) {
	push @options, "--$_" unless $man =~ /Fl -\Q$_\E(?:\s|$)/m;
}
my $n = 0;
for my $row (split /\n/, slurp('tui/keys.def')) {
	my ($keys, $help) = $row =~ /^KEY\([^,]+,\s*\w+,\s*"((?:\\.|[^"])*)".*?"([^"]+)"\)$/ or next;
	$keys =~ s/\\\\/\\/g;
	$n++;
	push @keys, "$keys: $help" unless $man =~ /^\.It \Q$keys\E\n\Q@{[ucfirst $help]}\E\.$/m;
}
none('each option is in weirtop(1)', @options);
none('each key is in weirtop(1)', @keys);
cmp_ok $n, '>', 60, 'keys were found';
done_testing;
