# Headers: guards named after room and file; each compiles alone.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my @bad;
for my $file (files(qr/\.h$/, 'appliance', 'tui')) {
	my $want = uc($file =~ s{^appliance/}{}r) =~ s{[^A-Z0-9]}{_}gr;
	$want = "WEIR_$want";
	my ($got) = slurp($file) =~ /^#ifndef (\w+)\n#define \1$/m;
	push @bad, "$file: " . ($got // 'no guard') . ", expected $want"
	    if ($got // '') ne $want;
}
none('guards are named WEIR_ROOM_FILE_H', @bad);

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
my $variant = $ENV{VARIANT} // 'debug';
my $out = `make -s -j2 VARIANT=$variant headers 2>&1`;
is $?, 0, 'each header compiles alone' or diag $out;
unlike $out, qr/warning:/, 'without a warning';
done_testing;
