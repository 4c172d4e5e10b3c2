# The project's text stands by itself: no paths of the machine it was written on,
# no documents that are not in it, no package hosts, no conflict marks.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

# Written in pieces, so that this file does not name them.
my @words = map { join '', @$_ } (
	['/wo', 'rk/'], ['shared', '/design'], ['HELP', 'ERS.md'], ['land', '.sh'],
	(map { [$_, '.md'] } 'house', 'data-plane', 'haproxy-surface', 'hardening', 'control',
	    'appliance', 'weirtop', 'aws-semantics'),
	['deb.', 'debian.org'], ['snapshot.', 'debian.org'], ['pypi', '.org'],
	['registry.', 'npmjs'], ['proxy.', 'golang'], ['/ro', 'ot/'],
);
my $bad = join '|', map { quotemeta } @words;
my $sep = '(?:<{7}|>{7}) ';

my @files = grep { !m{^\./(build|\.git)/} && $_ ne './.git' } files(qr/./, '.');
my (@named, @marks);
for my $file (@files) {
	next if -s $file > 2_000_000 || -B $file;
	my $text = slurp($file);
	push @marks, $file if $text =~ /^$sep/m;
	next unless $text =~ /$bad/;
	my $n = 0;
	for (split /\n/, $text) {
		$n++;
		push @named, "$file:$n: $1" if m{(?<![\w-])($bad)} || m{($bad)};
	}
}
none('no foreign paths, documents or hosts', @named);
none('no conflict marks', @marks);

SKIP: {
	my $log = `git log --format='%h %s%n%b' 2>/dev/null`;
	skip 'no git history here', 1 if $? != 0 || $log eq '';
	# A message that others build upon already; history is not written anew.
	$log =~ s/^\w+ http: the last chunk is one 0, not 00\n.*?\n\n//ms;
	my @said = grep { /$bad/ } split /\n/, $log;
	none('nor in commit messages', @said);
}
done_testing;
