# SPDX-License-Identifier: BSD-2-Clause
#
# Lint.pm: what the tests of t/lint share: files of the tree, C without its
# comments and strings, one test per rule that lists the places which break it.
package Lint;

use v5.36;
use Cwd ();
use Exporter 'import';
use File::Basename qw(dirname);
use File::Find ();
use Test::More ();

our @EXPORT = qw(files slurp code_lines none @ROOMS room_of);
our @ROOMS = qw(base event net http cfg proxy ctl script api);

chdir dirname(__FILE__) . '/../..' or die;

# Files below these folders whose path matches, sorted
sub files ($pattern, @dirs) {
	my @found;
	@dirs = grep { -e } @dirs;
	File::Find::find({ no_chdir => 1, wanted => sub {
		push @found, $_ if -f && /$pattern/;
	} }, @dirs) if @dirs;
	return sort @found;
}

sub slurp ($file) {
	open my $f, '<:raw', $file or die "$file: $!";
	local $/;
	return <$f> // '';
}

# The lines of a C file, comments blanked, strings emptied (but for #include)
sub code_lines ($file) {
	my $text = slurp($file);
	$text =~ s{
		( ^\h*\#\h*include[^\n]* )
		| /\*.*?\*/ | //[^\n]*
		| "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)+'
	}{ $1 // (substr($&, 0, 1) eq '/' ? $& =~ s/[^\n]+//gr : '""') }gemsx;
	return split /\n/, $text, -1;
}

# 'proxy' for appliance/proxy/x.c, '' above the rooms
sub room_of ($file) {
	return $file =~ m{^appliance/([^/]+)/} ? $1 : '';
}

# Passes when the list of places is empty
sub none ($name, @places) {
	return Test::More::ok(1, $name) unless @places;
	Test::More::ok(0, $name);
	Test::More::diag("  $_") for @places[0 .. ($#places < 29 ? $#places : 29)];
	Test::More::diag('  ... ' . (@places - 30) . ' more') if @places > 30;
	return 0;
}

1;
