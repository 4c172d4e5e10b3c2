# Sizes: of functions (from { to }), files and lines.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

use constant { MEDIAN => 15, MOST => 45, NEVER => 120, FILE_LINES => 1000,
	COLUMNS => 100, ENOUGH => 40 };

my (@functions, @long_lines, @long_files, @style);

for my $file (files(qr/\.[ch]$/, 'appliance', 'tui', 't')) {
	my @lines = split /\n/, slurp($file), -1;
	pop @lines if @lines && $lines[-1] eq '';
	push @long_files, "$file: " . @lines . ' lines' if @lines > FILE_LINES;
	my ($name, $from);
	for my $n (1 .. @lines) {
		my $line = $lines[$n - 1];
		my $shown = $line;
		1 while $shown =~ s/\t/' ' x (8 - $-[0] % 8)/e;
		push @long_lines, "$file:$n: " . length($shown) . ' columns'
		    if length $shown > COLUMNS;
		push @style, "$file:$n: $line"
		    if $line =~ /^[a-z][\w ]*[ *]\w+\(.*\)\s*\{\s*$/;
		($name) = $line =~ /^(\w+)\(/ if $line =~ /^[a-z_]\w*\(/;
		$from = $n if $line eq '{';
		if ($line eq '}' && defined $from) {
			push @functions, [$n - $from + 1, "$file:$from: " . ($name // '?')];
			undef $from;
		}
	}
}

@functions = sort { $a->[0] <=> $b->[0] } @functions;
sub places (@list) { return map { "$_->[1]: $_->[0] lines" } reverse @list }

none('lines of at most ' . COLUMNS . ' columns', @long_lines);
none('files of at most ' . FILE_LINES . ' lines', @long_files);
none("a function's name begins its line", @style);
none('no function over ' . NEVER . ' lines',
    places(grep { $_->[0] > NEVER } @functions));
SKIP: {
	my @own = grep { $_->[1] !~ m{^t/} } @functions;
	skip 'too few functions yet', 2 if @own < ENOUGH;
	my $median = $own[@own / 2][0];
	my $most = $own[@own * 0.9][0];
	note scalar(@own) . " functions, median $median, 90 % $most lines; the longest:";
	note "  $_" for places(@own[-5 .. -1]);
	cmp_ok $median, '<=', MEDIAN, 'median function';
	cmp_ok $most, '<=', MOST, '90 % of the functions'
	    or diag join "\n", places(grep { $_->[0] > MOST } @own);
}
done_testing;
