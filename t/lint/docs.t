# Everything a user can type is documented and tested: each row of
# `weir --dump-rows` (kind, name, section, obeyed|no-effect|refused, text) stands
# in the manual page of its kind and in a test; rows that are accepted without
# effect or refused stand in doc/compat.md, and so does each command: HAProxy's in the
# paragraph `Obeyed:`, weir's own in their table, with its level.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;
use Weir;

my %pages = (cli => ['weir-socket.7', 'weir.8'], option => ['weir.8']);

# The page as a reader sees it
sub rendered ($page) {
	return '' unless -f "doc/$page";
	my $text = `mandoc -Tutf8 -O width=500 doc/$page`;
	$text =~ s/.\x08//g;
	return $text;
}

# Texts are searched with single blanks between words.
sub flat ($text) { return $text =~ s/\s+/ /gr }

sub stands_in ($name, $text) {
	my $at = -1;
	while (($at = index $text, $name, $at + 1) >= 0) {
		my $before = $at > 0 ? substr $text, $at - 1, 1 : ' ';
		my $after = substr $text, $at + length $name, 1;
		return 1 if $before !~ /[\w-]/ && $after !~ /[\w-]/;
	}
	return 0;
}

my $rows = Weir->run('--dump-rows');
plan skip_all => 'no --dump-rows yet' if $rows->{code} != 0;
my %text = (compat => flat(-f 'doc/compat.md' ? slurp('doc/compat.md') : ''));
$text{$_} = flat(rendered($_)) for 'weir.cfg.5', 'weir-socket.7', 'weir.8';
my $tests = flat(join "\n", map { slurp($_) }
    grep { !m{^t/(lint|bench)/} } files(qr/\.(t|c|pm|cfg|txt)$/, 't'));

# Lines of its tables: | `word` | kind | reason |
my %compat;
for (split /\n/, slurp('doc/compat.md')) {
	push @{ $compat{$1} }, $2 =~ s/ /-/r if /^\| `([^`]+)` \| (obeyed|no effect|refused) \|/;
}

my (%undocumented, %kinds, @untested, @unlisted, @malformed, $n);
for (split /\n/, $rows->{out}) {
	my ($kind, $name, $section, $what, $help) = split /\t/;
	if (!defined $help || $what !~ /^(obeyed|no-effect|refused)$/) {
		push @malformed, $_;
		next;
	}
	$n++;
	$kinds{$name}{$what} = 1;
	$name =~ s/\($//;	# set-var(
	if ($what ne 'obeyed') {
		push @unlisted, "$kind $name ($what)" unless stands_in($name, $text{compat});
		next;
	}
	my @pages = @{ $pages{$kind} // ['weir.cfg.5'] };
	push @{ $undocumented{$pages[0]} }, "$kind $name"
	    unless grep { stands_in($name, $text{$_}) } @pages;
	push @untested, "$kind $name" unless stands_in($name, $tests);
}
note "$n rows";
none('rows have five fields', @malformed);
none("documented in $_", @{ $undocumented{$_} // [] }) for 'weir.cfg.5', 'weir-socket.7', 'weir.8';
none('named in a test', @untested);
none('no-effect and refused rows stand in doc/compat.md', @unlisted);
my @wrong;
for my $name (sort keys %compat) {
	push @wrong, map { "$name: $_" } grep { !$kinds{$name}{$_} } @{ $compat{$name} };
}
none('doc/compat.md says of words what their rows say', @wrong);

my $page = slurp('doc/compat.md');
my ($paragraph) = $page =~ /^Obeyed: (`enable agent`.*?)\n\n/ms;
my %listed = map { s/\s+/ /gr => 1 } ($paragraph // '') =~ /`([^`]+)`/g;
my %own = map { /^\| `([^`]+)` \| (obeyed|not built) \| (user|operator|admin) \| \S/ ? ($1 => "$2 $3") : () }
    split /\n/, $page =~ s/.*^### weir's own commands//msr;
my %commands = map { my @r = split /\t/; $r[0] eq 'cli' ? ($r[1] => $r[2]) : () } split /\n/, $rows->{out};
none('each command stands in doc/compat.md once', grep { !!$listed{$_} == !!$own{$_} } sort keys %commands);
none("HAProxy's commands that stand there exist", grep { !$commands{$_} } sort keys %listed);
none("weir's own are what the table says", grep {
	$own{$_} ne ($commands{$_} ? "obeyed $commands{$_}" : $own{$_} =~ s/^obeyed/gone/r) } sort keys %own);
done_testing;
