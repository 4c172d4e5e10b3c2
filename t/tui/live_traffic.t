# weirtop on a terminal, a live weir under load: requests as they end, filtered, counted;
# latencies as a heat map; the overview's rates.
use v5.36;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Weir;
use Tmux;
use Test::More;

plan skip_all => 'no tmux here' if !-x '/usr/bin/tmux';
my $w = Weir->new(binds => ['fe', 'own'], defaults => 'http', cfg => <<'CFG');
frontend www
	bind "fd@${fe}"
	default_backend app
backend app
	server one "127.0.0.1:${PORT_own}"
frontend own
	bind "fd@${own}"
	timeout tarpit 40ms
	http-request tarpit deny_status 200 if { path_beg /slow }
	http-request return status 503 if { path /broken }
	http-request return status 200 content-type text/plain string hi
CFG
sub get ($path) { return $w->http('fe')->request("GET $path HTTP/1.1\r\nHost: a\r\n\r\n")->{status} }

# Load for the latencies below: weir tells histograms of 10 s once they are over.
get($_ % 3 ? "/n$_" : "/slow/$_") for 1 .. 30;
my $t = Tmux->top('-i', '0.25', '-m', 'requests', 'lb1=' . $w->path('WEIR_T_STATS'), { w => 150 });
$t->sees(qr/Requests .*all of them/, 'requests');

# the other frontend is the server
$t->keys('/');
$t->type('frontend:www');
$t->keys('Enter');

# --- one after another, once the stream is there
ok $t->wait_for(sub ($s) { get('/first'); $s =~ m{/first} }), 'the stream begins';
is get($_), /broken/ ? 503 : 200, $_ for qw(/one /slow/a /broken /slow/b);
$t->sees_row([qr{app/one}, qr/\b200\b/, qr/GET/, qr{/one\b}], 'one request');
$t->sees_row([qr{\b503\b}, qr{/broken}], 'one that failed');
$t->sees(qr/response \d+ms/, 'its phases');
$t->keys('/', '^U');
$t->type('frontend:www path:/slow ta>30');
$t->keys('Enter');
$t->sees_no(qr{ /broken}, 'a filter');
$t->sees_row([qr{/slow/a}, qr/\b[4-9]\d\b/], 'leaves the slow ones');
$t->keys('/', '^U');
$t->type('frontend:www');
$t->keys('Enter', 'T');
$t->sees_row([qr{/broken}, qr/1 err/], 'counted by path');
$t->keys('T', 'T');
$t->sees_row([qr{\b503\b}, qr/\d\.\d%/], 'by status');
$t->keys('T', 'T', 'p');
$t->sees(qr/HELD/, 'the picture is held');
get('/later');
$t->sees_no(qr{/later}, 'what comes later is not shown');
$t->keys('f');
$t->sees(qr{/later}, 'until it goes on');

# --- the server that answered
$t->keys('Enter');
$t->sees_no(qr/FLAGS/, 'its server');
like $t->{last}, qr/\bone\b/, 'by name';
$t->keys('Esc');			# the filter
$t->sees_no(qr/FLAGS/, 'still');
$t->keys('q');
$t->sees(qr/FLAGS/, 'and back');

# --- latency
$t->keys('3');
$t->sees(qr/Latency app \(all servers\).*source: histogram/, 'latency of the backend');
ok $t->wait_for(sub ($s) { $s =~ /^.*\b32 .*[░▒▓█]/m }, 15), 'the slow ones are in the row from 32 ms';
$t->sees(qr/p50 \S+ .*p99 \S+ms .*mean/, 'percentiles');
$t->keys('g');
$t->sees(qr/Latency app one/, 'of one server');
$t->sees_row([qr/[░▒▓█]/, qr/\b32\b/], 'its map');
$t->keys('Left');
$t->sees(qr/At cursor \d\d:\d\d:\d\d/, 'the time cursor');
$t->keys('H');
$t->sees_no(qr/Percentiles/, 'the map alone');

# --- the overview's rate
$t->keys('Esc');
$t->sees(qr/The whole window/, 'no time cursor any more');
$t->keys('1');
$t->check(sub ($s) { get('/more') for 1 .. 20; $s =~ /now [1-9]\d*/ }, 'requests a second');
$t->keys('q');
is $t->status, 0, 'the end';
done_testing;
