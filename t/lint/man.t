# Manual pages: clean for mandoc.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my @pages = files(qr/\.[1-8]$/, 'doc');
plan skip_all => 'no manual pages yet' unless @pages;
plan skip_all => 'no mandoc here' if system('command -v mandoc >/dev/null') != 0;
for my $page (@pages) {
	my $out = `mandoc -Tlint -Wwarning $page 2>&1`;
	is $out, '', $page;
}
done_testing;
