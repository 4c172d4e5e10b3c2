# The statistics page in a browser: narrow and wide, light and dark. A screenshot of
# each is taken and its corner looked at; WEIR_SHOTS=folder keeps them.
# Without WEIR_SLOW=1 only one, for a browser takes its time to start.
use v5.36;
use Backend qw(:all);
use Compress::Zlib;
use File::Path qw(make_path);
use Weir;
use Test::More;

my ($browser) = grep { -x } qw(/usr/bin/chromium);
plan skip_all => 'chromium is not installed (make deps-web)' unless $browser;

my $srv = Backend->new({ '/a' => response(200, 'a') });
my $w = Weir->new(defaults => 'http', binds => ['fe1'], env => { SRV => $srv->addr },
    cfg => <<'CFG');
frontend www
	bind "fd@${fe1}"
	stats enable
	stats uri /stats
	stats show-modules
	stats admin if TRUE
	default_backend app
backend app
	server one "${SRV}" check
	server two "${SRV}"
	server a-name-that-is-too-long-for-any-column.example.net "${SRV}" disabled
CFG
my $c = $w->http('fe1');
$c->get($_) for ('/a') x 20, ('/none') x 3;

sub u32 ($s) { return unpack 'N', $s }

# Width, height and the red, green and blue of the upper left corner. The first
# pixel of a PNG is the same under each of its filters.
sub look ($file) {
	open my $f, '<:raw', $file or return;
	local $/;
	my $png = <$f>;
	return unless substr($png, 0, 8) eq "\x89PNG\r\n\x1a\n";
	my ($at, $data, $wide, $high) = (8, '', u32(substr $png, 16, 4), u32(substr $png, 20, 4));
	while ($at < length $png) {
		my ($len, $type) = (u32(substr $png, $at, 4), substr $png, $at + 4, 4);
		$data .= substr $png, $at + 8, $len if $type eq 'IDAT';
		$at += 12 + $len;
	}
	return ($wide, $high, unpack 'x C3', uncompress($data));
}

sub shoot ($name, $size, $dark) {
	my $dir = $ENV{WEIR_SHOTS} // $w->dir;
	make_path($dir);
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDOUT, '>', $w->file("browser-$name.log");
		open STDERR, '>&', \*STDOUT;
		exec 'timeout', 60, $browser, qw(--headless --no-sandbox --disable-gpu --disable-quic
		    --no-first-run --disable-background-networking --disable-component-update
		    --disable-sync --hide-scrollbars), '--user-data-dir=' . $w->file("browser-$name"),
		    "--window-size=$size",
		    '--blink-settings=preferredColorScheme=' . ($dark ? 0 : 1), "--screenshot=$dir/$name.png", $w->url('fe1', '/stats');
		exit 127;
	}
	waitpid $pid, 0;
	my ($wide, $high, @rgb) = look("$dir/$name.png");
	is "@{[ $wide // 0 ]},@{[ $high // 0 ]}", $size, "$name: its size"
	    or diag $w->read_file("browser-$name.log");
	is_deeply \@rgb, $dark ? [0x10, 0x15, 0x1b] : [0xf4, 0xf6, 0xf8], "$name: its ground";
}

shoot('phone-dark', '390,1600', 1);
SKIP: {
	skip 'WEIR_SLOW=1 takes the others', 6 unless $ENV{WEIR_SLOW};
	shoot('phone-light', '390,1600', 0);
	shoot('wide-dark', '1400,900', 1);
	shoot('wide-light', '1400,900', 0);
}
done_testing;
