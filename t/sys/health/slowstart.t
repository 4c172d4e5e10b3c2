# slowstart: a server that comes back gets its share little by little.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new(response(200));
my $w = Weir->new(defaults => 'http', cfg => <<"CFG");
backend b
	default-server inter 50ms rise 1 fall 1
	server s 127.0.0.1:@{[ $srv->port ]} check weight 200 slowstart 2s
	server now 127.0.0.1:@{[ $srv->port ]} check weight 200
CFG

ok $w->wait_status('b', 's', 'UP');
is $w->stat('b', 's')->{throttle}, '', 'not at the start of the process';
$srv->stop;
ok $w->wait_status('b', $_, 'DOWN') for qw(s now);
$srv->start;
ok $w->wait_status('b', $_, 'UP') for qw(s now);
is $w->stat('b', 'now')->{throttle}, '';
my ($last, $grows, %seen) = (0, 1);
ok $w->wait_for(sub {
	my $t = $w->stat('b', 's')->{throttle};
	$seen{$t} = 1;
	$grows = 0 if $t ne '' && $t < $last;
	$last = $t if $t ne '';
	return $t eq '';
}), 'it ends';
ok $grows, 'and grows until then';
ok $seen{7}, 'from a sixteenth';
ok $seen{57}, 'a second later, half of the time: nine';
is $w->stat('b', 's')->{weight}, 200;
is $w->stop, 143;
done_testing;
