# What weirtop costs beside 1,000 servers: counts, and ten times the time that
# `make bench-top` measures against.
use v5.36;
use Load;
use Weir;
use Weirtop;
use Test::More;

my $pty = Weir::bin() =~ s{weir$}{t/bench/pty}r;
plan skip_all => "no $pty" unless -x $pty;
my $SECONDS = 3;

my $w = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<'CFG' . join '',
global
	stats socket "unix@${DIR}/sock" level admin
frontend answers
	bind "unix@${DIR}/b"
	http-request return status 200
frontend fe
	bind "fd@${fe}"
	use_backend b2 if { rand(2) eq 1 }
	default_backend b1
CFG
    map { my $b = $_; "backend b$b\n\tbalance roundrobin\n" .
	join '', map { qq{\tserver s$_ "unix@\${DIR}/b"\n} } 1 .. 500 } 1, 2);

sub watch ($size, $keys, @args) {
	local %ENV = (%ENV, LC_ALL => 'C.UTF-8', TERM => 'tmux-256color', COLORTERM => 'truecolor',
	    HOME => $w->dir);
	my $r = Weir::run_command($pty, $size, $SECONDS, $keys, top_bin(), @args, $w->dir . '/sock');
	note $r->{out};
	return { $r->{out} =~ /(\w+)=(-?[\d.]+)/g };
}

# --- Nothing happens
my $r = watch('120x40', '');
# All ages are below a minute here, and count; after that it is a quarter of this.
cmp_ok $r->{bytes} / $r->{frames}, '<', 800, 'bytes of a picture in which nothing happens';
cmp_ok $r->{wakeups} / $r->{seconds}, '<', 8, 'wake-ups a second when nothing happens';

# --- Every server changes each two seconds
my $load = Load->new(port => $w->port('fe'), conns => 2, rate => 500, seconds => 60);
ok $load->wait_ok(20), 'there is load';
$r = watch('200x60', '');
$load->stop;
my $cpu = $r->{cpu_ms} / $r->{seconds} / 10;
my $slow = 10 * $Weir::PATIENCE;
cmp_ok $cpu, '<', 0.6 * $slow, "CPU of 1,000 servers at 200x60: $cpu % of a core";
cmp_ok $r->{first_ms}, '<', 150 * $slow, "the first picture after $r->{first_ms} ms";
cmp_ok $r->{frames} / $r->{seconds}, '<=', 3.5, 'pictures a second';
cmp_ok $r->{bytes} / $r->{frames}, '<', 8192, 'bytes a picture';
cmp_ok $r->{wakeups} / $r->{seconds}, '<', 30, 'wake-ups a second';
cmp_ok $r->{calls} / $r->{seconds}, '<', 120, 'reads and writes a second';
cmp_ok $r->{rss_kb}, '<', 40 * 1024, "memory: $r->{rss_kb} KB"
    if ($ENV{VARIANT} // '') !~ /san/;

# --- Keys
$r = watch('200x60', 'jjkj', '-m', 'servers');
cmp_ok $r->{keys}, '>=', 4, 'keys were seen on the screen';
cmp_ok $r->{key_p50_ms}, '<', 2 * $slow, "a key is on the screen after $r->{key_p50_ms} ms";
done_testing;
