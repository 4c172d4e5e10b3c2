# The words of provider, launch-config and scaling-group: all at once, and what
# is wrong with bad ones.
use v5.36;
use Weir;
use Test::More;

my $backend = "defaults\n\tmode http\n\ttimeout connect 1s\n\ttimeout client 1s\n" .
    "\ttimeout server 1s\nbackend app\n\tbalance roundrobin\n";

my $all = <<'CFG';
provider local
	type test
	zones a b
	delay 1s
	fail 10%
	lie 5%
	launch-timeout 10s
	terminate-timeout 10s
	describe-timeout 10s
	describe-every 5s
	max-parallel 2
launch-config small
	provider local
	image img-1
	instance-type t1.micro
	key me
	security-group sg-1 sg-2
	user-data hello "my world"
	instance-port 8080
	attribute colour red
	detailed-monitoring off
	metrics node-exporter port 9100 every 10s
	metrics provider
scaling-group web
	launch-config small
	backend app
	size 1 10 desired 2
	zones a b
	subnets subnet-1
	default-cooldown 2m
	default-warmup 30s
	health-check elb grace 60s
	boot-timeout 2m
	drain 1m
	slow-start 10s
	termination OldestInstance ClosestToNextInstanceHour
	protect-new on
	tag Name web propagate
	tag env test
	suspend AZRebalance ReplaceUnhealthy
	max-replace 50%
	max-change 5 per 10m
	on-remove keep
	on-change keep
	scale-from-zero off
CFG
my $r = Weir->check($backend . $all);
is $r->{code}, 0, 'all words' or diag $r->{err};

# Keywords that begin sections too are statements where the line is indented.
$r = Weir->check("provider p\n\ttype test\nlaunch-config l\n\tprovider p\nprovider q\n\ttype test\n");
is $r->{code}, 0, 'a section behind it' or diag $r->{err};

sub refused ($cfg, $what, $name = $what) {
	my $r = Weir->check($backend . $cfg);
	isnt $r->{code}, 0, "$name: refused";
	like $r->{err}, $what, "$name: why";
}
refused("launch-config l\n\tsync-file app.cfg /no/such/app.cfg\n",
    qr/'sync-file': cannot read '\/no\/such\/app\.cfg': No such file or directory\./);
refused("scaling-group g\n\tsize 1 2\n\tnotify nobody lunch\n",
    qr/'notify': 'lunch' is none of launch, launch-error, terminate, terminate-error\./);
my $good = "provider p\n\ttype test\nlaunch-config l\n\tprovider p\n";
sub in_group ($words) {
	return $good . "scaling-group g\n\tlaunch-config l\n" . join '', map { "\t$_\n" }
	    split /\n/, $words;
}
refused($_->[0], $_->[1]) for (
	["provider p\n\tzones a\n", qr/provider 'p' has no type\./],
	["provider p\n\ttype tset\n", qr/'type': there is no provider 'tset', did you mean 'test'\?/],
	["provider p\n\ttype test\n\tlaunch-timeout 30\n", qr/'launch-timeout 30': say 30s or 30ms\./],
	["provider p\n\tdelay 1s\n", qr/'delay': say 'type' first\./],
	["provider p\n\ttype test\n\tfail 101%\n", qr/'fail' expects an integer from 0 to 100/],
	["launch-config l\n\timage i\n", qr/launch-config 'l' names no provider\./],
	["provider local\n\ttype test\nlaunch-config l\n\tprovider locl\n",
	    qr/'provider': there is no provider 'locl', did you mean 'local'\?/],
	["${good}launch-config m\n\tprovider p\n\tmetrics nothing\n",
	    qr/'metrics' expects 'provider', 'agent' or 'node-exporter', not 'nothing'\./],
	["${good}launch-config m\n\tprovider p\n\tuser-data-file /no/such\n",
	    qr{'user-data-file': cannot read '/no/such': No such file}],
	[in_group('size 3 1'), qr/'size': min 3 <= desired 3 <= max 1 does not hold\./],
	[in_group('size 1 3 desired 5'), qr/'size': min 1 <= desired 5 <= max 3 does not hold\./],
	[in_group('size 1 2000'), qr/'size' expects an integer from 0 to 1000/],
	[in_group('zones a'), qr/scaling-group 'g' has no size\./],
	["${good}scaling-group g\n\tsize 1 2\n", qr/scaling-group 'g' names no launch-config\./],
	["${good}scaling-group g\n\tsize 1 2\n\tlaunch-config m\n",
	    qr/'launch-config': there is no launch-config 'm'\./],
	[in_group("size 1 2\nbackend ap"), qr/'backend': there is no backend 'ap', did you mean 'app'\?/],
	[in_group("size 1 2\ntermination OldestInstanze"),
	    qr/'termination': there is no policy 'OldestInstanze', did you mean 'OldestInstance'\?/],
	[in_group("size 1 2\nsuspend Lunch"), qr/there is no process 'Lunch', did you mean 'Launch'\?/],
	[in_group("size 1 2\nmax-replace 0%"), qr/expects a percentage from 1% to 100%, not '0%'\./],
	[in_group("size 1 2\nhealth-check elb"), qr/'health-check elb': scaling-group 'g' has no backend\./],
	[in_group("size 1 2\ndefault-cooldown 300"), qr/'default-cooldown 300': say 300s or 5m\./],
	[in_group("size 1 2\nzones a a"), qr/'zones': 'a' stands there twice\./],
	[in_group("size 1 2\nsiez 1 2"), qr/unknown keyword 'siez' in 'scaling-group' section; did you mean 'size'/],
	["${good}backend hashed\n\tbalance source\n\thash-type map-based\nscaling-group g\n" .
	    "\tlaunch-config l\n\tsize 1 2\n\tbackend hashed\n", qr/uses a non dynamic load balancing/],
);

# --- how many there may be: the last one that fits, and one more ---
sub quota ($what, $most, $line, $before = '') {
	my $text = $good . "scaling-group g\n\tlaunch-config l\n\tsize 1 2\n$before";
	my $first = 1 + ($text =~ tr/\n//);
	my $r = Weir->check($backend . $text . join '', map { $line->($_) } 1 .. $most);
	is $r->{code}, 0, "$most of $what" or diag $r->{err};
	$r = Weir->check($backend . $text . join '', map { $line->($_) } 1 .. $most + 1);
	my $at = $first + $most + ($backend =~ tr/\n//);
	like $r->{err}, qr/t\.cfg:$at\] : '$what': a \S+ has $most of them at most/, 'and one more';
}
quota('policy', 50, sub ($n) { "\tpolicy p$n simple change +1\n" });
quota('schedule', 125, sub ($n) { "\tschedule s$n at 2030-01-01T00:00:00Z min 1\n" });
quota('hook', 50, sub ($n) { "\thook h$n launching timeout 60s\n" });
quota('step', 20, sub ($n) { "\t\tstep s$n " . ($n - 1) . ' ' . ($n < 20 ? $n : '-') . " $n\n" },
    "\tpolicy p step change\n");
done_testing;
