# Each screen as it is drawn from a recording, at three sizes, in colours and in
# ASCII without colours, against t/tui/golden/NAME-SIZE[-ascii].txt.
#
# UPDATE_GOLDEN=1 prove t/tui/golden.t writes the files anew: read their diff.
use v5.36;
use File::Temp ();
use FindBin;
use Test::More;

my $top = ($ENV{WEIR_BIN} // 'build/debug/weir') =~ s/weir$/weirtop/r;
plan skip_all => "no weirtop here: $top" unless -x $top;

my $dir = "$FindBin::Bin/golden";
my $data = "$FindBin::Bin/../data";
my $tmp = File::Temp->newdir;
my @sizes = qw(80x24 120x40 200x60);

# name, screen, keys pressed first; sizes (all), recording (states)
my @screens = (
	[ 'overview', 'overview', 'j' ],
	[ 'overview-filter', 'overview', '/ s e a r c h Enter', '120x40' ],
	[ 'overview-cursor', 'overview', 'j h h h h h h h h h h', '120x40' ],
	[ 'overview-small', 'overview', 'j', '60x15' ],
	[ 'overview-smallest', 'overview', 'j', '40x10' ],
	[ 'too-small', 'overview', '', '20x5' ],
	[ 'haproxy', 'overview', '', '120x40', 'haproxy' ],
	[ 'healthy', 'overview', '', '120x40', 'healthy' ],
	[ 'servers', 'servers', 'j j j Space Space' ],
	[ 'servers-traffic', 'servers', 'C s s s', '120x40' ],
	[ 'servers-check', 'servers', 'C C C C C C', '120x40' ],
	[ 'servers-faults', 'servers', '!', '80x24' ],
	[ 'server', 'servers', 'j j j j j j j j Enter' ],
	[ 'server-fields', 'servers', 'j j j j j j j j Enter x', '80x24' ],
	[ 'backend', 'servers', 'j j j Enter', '120x40' ],
	[ 'latency', 'latency', '' ],
	[ 'alarms', 'alarms', '' ],
	[ 'scaling', 'scaling', '' ],
	[ 'lua', 'lua', '' ],
	[ 'requests', 'requests', '' ],
	[ 'help', 'servers', '?' ],
	[ 'help-search', 'overview', '? z o o m', '80x24' ],
	[ 'palette', 'overview', ':' ],
	[ 'palette-theme', 'overview', ': t h e m e', '120x40' ],
	[ 'settings', 'overview', 'F2 j', '80x24' ],
	[ 'commands', 'overview', 'c', '80x24' ],
);

sub slurp ($file) {
	open my $fh, '<', $file or return '';
	local $/;
	return scalar(<$fh>) // '';
}

sub spew ($file, $text) {
	open my $fh, '>', $file or die "$file: $!";
	print $fh $text;
	close $fh or die "$file: $!";
}

sub dump_screen ($out, $size, $screen, $keys, $recording, @more) {
	system $top, '--replay', "$data/$recording.wrec", '--dump-screen', $out, '--size', $size,
	    '--screen', $screen, length $keys ? ('--keys', $keys) : (), @more;
	return $? == 0;
}

# The first lines that differ.
sub differences ($got, $want) {
	my @got = split /\n/, $got;
	my @want = split /\n/, $want;
	my @at = grep { ($got[$_] // '') ne ($want[$_] // '') }
	    0 .. ($#got > $#want ? $#got : $#want);
	diag "line @{[$_ + 1]}:\n  got:  @{[$got[$_] // '']}\n  want: @{[$want[$_] // '']}"
	    for grep { defined } @at[0 .. 4];
}

sub compare ($name, $got) {
	my $file = "$dir/$name.txt";
	my $want = slurp($file);

	if ($ENV{UPDATE_GOLDEN}) {
		spew($file, $got) if $got ne $want;
		return pass "$name is written";
	}
	ok $got eq $want, $name or differences($got, $want);
}

for my $row (@screens) {
	my ($name, $screen, $keys, $only, $recording) = @$row;

	for my $size ($only ? $only : @sizes) {
		for my $kind ('', '-ascii') {
			my $out = "$tmp/screen";
			my @more = $kind ? ('--ascii', '--color', 'never') : ('--color', '256');
			dump_screen($out, $size, $screen, $keys, $recording // 'states', @more)
			    or fail "$name at $size";
			my $text = slurp($out);
			my $ansi = slurp("$out.ansi");
			compare("$name-$size$kind", $text);
			if ($kind) {
				unlike $ansi, qr/\e\[[\d;]*[34]8;/, 'no colours';
				unlike $text, qr/[^\n -~]/, 'ASCII only';
			}
		}
	}
}

done_testing;
