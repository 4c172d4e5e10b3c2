# The cookies of ten thousand new users name each server equally often, or as its
# weight says.
use v5.36;
use Weir;
use Test::More;

use constant { USERS => 10_000, BATCH => 200 };

my $w = Weir->new(defaults => 'http', binds => ['random', 'turns', 'elb'], cfg => <<'CFG');
listen random
	bind "fd@${random}"
	cookie SRV insert indirect
	server a "unix@${DIR}/s.sock" cookie a
	server b "unix@${DIR}/s.sock" cookie b
	server c "unix@${DIR}/s.sock" cookie c
listen turns
	bind "fd@${turns}"
	balance roundrobin
	cookie SRV insert
	server a "unix@${DIR}/s.sock" cookie a
	server b "unix@${DIR}/s.sock" cookie b
	server c "unix@${DIR}/s.sock" cookie c weight 2
listen elb
	bind "fd@${elb}"
	elb-cookie lb SRV
	server a "unix@${DIR}/s.sock"
	server b "unix@${DIR}/s.sock"
frontend server
	bind "unix@${DIR}/s.sock"
	http-request return status 200
CFG

# How often each value was set
sub spread ($bind) {
	my ($c, %n) = ($w->http($bind));
	for (1 .. USERS / BATCH) {
		$c->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n" x BATCH);
		for (1 .. BATCH) {
			my $r = $c->read_response or die 'no answer: ' . $c->error;
			# what names the server: of ELB cookies, not their date and seal
			$n{$1}++ if $r->{h}{'set-cookie'} =~ /^SRV=(\w{1,64})/;
		}
	}
	return \%n;
}
sub is_near ($n, $share, $what) {
	cmp_ok abs($n - USERS * $share), '<', USERS * 0.02, "$what: $n of " . USERS;
}

my $n = spread('random');
is_near($n->{$_} // 0, 1 / 3, "random: $_") for qw(a b c);
$n = spread('turns');
is_deeply $n, { a => 2500, b => 2500, c => 5000 }, 'roundrobin: by weights';
$n = spread('elb');
is keys %$n, 2, 'elb: two values';
is_near($_, 1 / 2, 'elb') for values %$n;
done_testing;
