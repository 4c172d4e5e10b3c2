# observe: errors that the traffic meets count for the server's health.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/500' => response(500), '/501' => response(501), '/cut' => CLOSE,
    '/junk' => "SSH-2.0\r\n\r\n", '*' => response(200) });
my $w = Weir->new(defaults => 'http', binds => [qw(fail mark death fast)], env => { SRV => $srv->addr },
    cfg => <<'CFG');
defaults
	mode http
	timeout connect 1s
	timeout client 5s
	timeout server 5s
	timeout check 1s
	option log-health-checks
	default-server inter 1h fall 3 rise 2 init-state fully-up observe layer7 error-limit 2
listen fail
	bind "fd@${fail}"
	server s "${SRV}" check on-error fail-check
listen mark
	bind "fd@${mark}"
	server s "${SRV}" check error-limit 3 on-error mark-down
listen death
	bind "fd@${death}"
	server s "${SRV}" check on-error sudden-death
listen fast
	bind "fd@${fast}"
	server s "${SRV}" check on-error fastinter fastinter 20ms
CFG

sub get ($bind, @paths) { $w->http($bind)->get($_) for @paths }
sub row ($be) { return $w->stat($be, 's') }

get(fail => '/500', '/', '/500', '/501', '/cut', '/');
is row('fail')->{hanafail}, 0, 'good answers in between start the count anew';
get(fail => '/500', '/junk');
ok $w->wait_for(sub { row('fail')->{hanafail} == 1 }), 'two in a row reach the limit';
my $r = row('fail');
is $r->{status}, 'UP 2/3', 'as a failed check';
is $r->{check_status}, 'HANA';
is $r->{check_desc}, 'Health analyze';
is $r->{last_chk}, 'Detected 2 consecutive errors, last one was: Invalid http response';
is $r->{check_duration}, '', 'no check took any time';
is $r->{chkfail}, 1;
like $w->stderr, qr/Health check for server fail\/s failed, reason: Health analyze, info: "Detected 2 consecutive errors, last one was: Invalid http response", status: 2\/3 UP\./;
get(fail => ('/500') x 4);
ok $w->wait_status('fail', 's', 'DOWN'), 'thrice is down';
is row('fail')->{hanafail}, 3;

get(mark => ('/cut') x 3);
ok $w->wait_status('mark', 's', 'DOWN'), 'mark-down: at once';
like row('mark')->{last_chk}, qr/last one was: Close from server \(http\)/;

get(death => '/500', '/500');
ok $w->wait_status('death', 's', 'UP 1/3'), 'sudden-death: one failure from down';
get(death => '/500', '/500');
ok $w->wait_status('death', 's', 'DOWN');

$w->wait_for(sub { row('fast')->{check_status} eq 'INI' or 1 });
my $before = $srv->opened;
get(fast => '/500', '/500');
ok $w->wait_for(sub { $srv->opened > $before + 1 && row('fast')->{check_status} eq 'L4OK' }),
    'fastinter: the next check comes sooner';
is row('fast')->{hanafail}, 1;
is $w->cli('clear counters all'), '';
is row('fast')->{hanafail}, 0, 'cleared';

# layer 4: connections only
my $tcp = Backend->new(response(500));
my $v = Weir->new(defaults => 'http', binds => ['fe'], env => { SRV => $tcp->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	timeout connect 1s
	retries 0
	server s "${SRV}" check inter 1h init-state fully-up observe layer4 error-limit 2 on-error mark-down
CFG
$v->http('fe')->get('/') for 1 .. 5;
is $v->stat('l', 's')->{hanafail}, 0, 'layer4 does not look at answers';
$tcp->stop;
$v->http('fe')->get('/') for 1 .. 2;
ok $v->wait_status('l', 's', 'DOWN'), 'but at connections';
is $v->stat('l', 's')->{last_chk},
    'Detected 2 consecutive errors, last one was: L4 unsuccessful connection';
is $w->stop, 143;
done_testing;
