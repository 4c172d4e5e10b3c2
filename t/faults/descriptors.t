# Out of descriptors: open connections are served, accepting goes on later,
# nothing spins.
use v5.36;
use Weir;
use Test::More;

sub cpu_s ($w) {
	open my $f, '<', '/proc/' . $w->pid . '/stat' or return 0;
	my @f = split ' ', <$f> =~ s/^.*\) //r;
	return ($f[11] + $f[12]) / 100;
}

for my $limit (256, 128, 64) {
	my $w = Weir->new(defaults => 'http', binds => ['fe'], limits => { nofile => $limit },
	    cfg => <<'CFG');
global
	nbthread 2
	maxconn 400
frontend f
	bind "fd@${fe}"
	http-request return status 200 content-type text/plain string hi
CFG
	my @c = map { $w->http('fe') } 1 .. 400;
	$_->send("GET / HTTP/1.1\r\nHost: a\r\n") for @c;
	my $before = cpu_s($w);
	my $quiet = $w->http('fe');
	$quiet->is_closed(1);
	cmp_ok cpu_s($w) - $before, '<', 0.3, "limit $limit: no spin in a second";
	ok $w->alive, 'it lives';
	$_->send("\r\n") for @c;
	my $served = grep { my $r = $_->read_response(timeout => 0.2); $r && $r->{status} == 200 } @c[0 .. 19];
	cmp_ok $served, '>', 0, "requests under way are answered ($served of 20)";
	$_->close for @c, $quiet;
	my $good = grep { my $r = eval { $w->http('fe')->get('/') }; $r && $r->{status} == 200 } 1 .. 20;
	is $good, 20, 'all is well afterwards';
	$w->stop;
}
done_testing;
