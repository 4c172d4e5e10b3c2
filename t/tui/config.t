# weirtop.conf: settings, keys and filters of a file; what is wrong is told with its line.
use v5.36;
use utf8;
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Weir;
use Weirtop;
use Test::More;

my $tmp = File::Temp->newdir;
mkdir "$tmp/weirtop" or die;
@ENV{qw(XDG_CONFIG_HOME XDG_STATE_HOME)} = ($tmp, "$tmp/state");
my $data = "$FindBin::Bin/../data/states.wrec";

sub spew ($file, $text) {
	open my $f, '>', $file or die "$file: $!";
	print $f $text;
	close $f or die "$file: $!";
}

# The screen with this file, after these keys
sub screen ($conf, @args) {
	spew("$tmp/weirtop/weirtop.conf", $conf);
	my $r = weirtop('--replay', $data, '--dump-screen', "$tmp/out", '--size', '100x30', @args);
	return "$r->{code} $r->{err}" if $r->{code} != 0;
	open my $f, "<:utf8", "$tmp/out" or die;
	local $/;
	return readline $f;
}

like screen("# nothing\n\n"), qr/Backends/, 'a file that says nothing';
like screen("graph = ascii\n"), qr/\+-- Backends|\+- Backends/, 'graph';
like screen("screen = servers\n"), qr/─ Servers ─/, 'screen';
like screen("  ascii =  yes  \n"), qr/\+- Backends/, 'a switch';
unlike screen("ascii = no\n"), qr/\+- Backends/, 'a switch that is off';
like screen("screen = servers\n", '--screen', 'alarms'), qr/THRESHOLD/, 'the command line wins';
like screen("key any help = J\n", '--keys', 'J'), qr/type to search/, 'a key';
unlike screen("key any help = J\n", '--keys', '?'), qr/type to search/, 'the one before is free';
like screen("key any help = J\n", '--keys', 'J'), qr/ J\s+help for this view/,
    'help shows it';
like screen("filter slow = name:search\n", '--keys', '/ @ s l o w Enter'), qr/search/, 'a filter';
unlike screen("filter slow = name:search\n", '--keys', '/ @ s l o w Enter'), qr/ legacy /,
    'that filters';

my @wrong = (
	[ "\n\nthem = okabe\n", qr/weirtop\.conf:3: no such setting/ ],
	[ "theme = pink\n", qr/weirtop\.conf:1: --theme pink/ ],
	[ "interval = 0\n", qr/weirtop\.conf:1: --interval 0: a number/ ],
	[ "once = yes\n", qr/:1: no such setting/ ],
	[ "theme\n", qr/:1: expected NAME = VALUE/ ],
	[ "ascii = maybe\n", qr/:1: expected yes or no/ ],
	[ "theme =\n", qr/:1: expected a value/ ],
	[ "key any spaceship = f\n", qr/:1: no action spaceship in any/ ],
	[ "key any drain = Hyper\n", qr/:1: no key is called Hyper/ ],
	[ "key any drain = D\nkey servers maint = D\n", qr/:2: D is bound twice: drain and maint/ ],
	[ "key drain = d\n", qr/:1: expected key SCREEN ACTION/ ],
	[ "filter x = (\n", qr/:1: column 2: expected a word/ ],
);
for (@wrong) {
	my ($conf, $why) = @$_;
	like screen($conf), qr/^2 .*$why/s, "refused: " . ($conf =~ s/\n/ /gr);
}

# What the palette saves is there the next time
spew("$tmp/weirtop/weirtop.conf", '');
my @type = map { $_ eq ' ' ? 'Space' : $_ } split //, 'save mine';
screen('', '--keys', "/ s e a r c h Enter : @type Enter");
unlike screen('', '--keys', '/ @ m i n e Enter'), qr/ legacy /, 'a saved filter stays';
done_testing;
