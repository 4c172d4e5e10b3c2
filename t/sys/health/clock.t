# With -T checks begin by the test's clock, which waits for their ends.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

# The 4th and the 5th check fail.
my $n = 0;
my $srv = Backend->new(sub ($req) { $n++; response($n == 4 || $n == 5 ? 404 : 200, 'x') });
my $w = Weir->new(defaults => 'http', env => { SRV => $srv->addr },
    args => ['-T', '2013-02-15T16:30:00Z'], cfg => <<'CFG');
backend b
	option httpchk GET /alive
	server s "${SRV}" check inter 30s fall 2 rise 3
CFG
sub status () { return $w->stat('b', 's')->{status} }

ok $w->wait_for(sub { $srv->requests == 1 }), 'the first check is made at once';
$w->cli('clock advance 29s');
is scalar $srv->requests, 1, 'the next one not within the interval';
$w->cli('clock advance 2s');
is scalar $srv->requests, 2, 'but then, and its end is waited for';
$w->cli('clock advance 30s');
is status, 'UP', 'three have passed';
$w->cli('clock advance 30s');
is status, 'UP 1/2', 'one has failed';
$w->cli('clock advance 30s');
is status, 'DOWN', 'two';
$w->cli('clock advance 60s');
is status, 'DOWN 2/3', 'on its way back';
$w->cli('clock advance 30s');
is status, 'UP', 'back';
is scalar $srv->requests, 8, 'a check each 30 s';
done_testing;
