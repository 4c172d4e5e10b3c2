# Plain checks: a server that stops gets no traffic and comes back, what is said
# of it, timeouts, backups, unix sockets, `port` and `addr`, a stopped process.
use v5.36;
use Backend qw(:all);
use SyslogSink;
use Weir;
use Test::More;

my $log = SyslogSink->new;
my ($s1, $s2) = map { my $n = $_; Backend->new(sub ($) { response(200, $n) }) } 'one', 'two';
my $port = $s1->port;
my $spare = Backend->new(sub ($) { response(200, 'spare') });
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $by_path = Backend->new(undef, path => "$dir/s");
my $blackhole = Weir->blackhole_port;
my $refused = Weir->refused_port;
my $w = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<"CFG");
global
	log 127.0.0.1:@{[ $log->port ]} local0
defaults
	mode http
	log global
	timeout connect 150ms
	timeout client 5s
	timeout server 5s
	timeout check 150ms
	default-server inter 100ms fastinter 20ms downinter 20ms rise 2 fall 2
listen web
	bind "fd\@\${fe}"
	balance roundrobin
	option tcp-check
	option log-health-checks
	server one 127.0.0.1:$port check
	server two 127.0.0.1:@{[ $s2->port ]} check
	server spare 127.0.0.1:@{[ $spare->port ]} check backup
backend odd
	server hole 127.0.0.1:$blackhole check
	server path unix\@@{[ $by_path->addr ]} check
	server elsewhere 127.0.0.1:1 check port $port
	server addressed 127.0.0.1:1 check addr 127.0.0.1:$port
	server both 127.0.0.2:$port check addr 127.0.0.1 port @{[ $s2->port ]}
	server unchecked 127.0.0.1:1
	server never 127.0.0.1:$refused check init-state fully-down
	server back 127.0.0.1:$port check no-check
CFG

sub get () { return $w->http('fe')->request("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
sub answers ($n) { return join ' ', sort map { get()->{body} } 1 .. $n }

ok $w->wait_status('web', $_, 'UP'), "$_ is up" for qw(one two spare);
is answers(4), 'one one two two', 'both serve';

$s1->stop;
ok $w->wait_status('web', 'one', 'DOWN'), 'a server that is gone is down';
is answers(4), 'two two two two', 'and gets no traffic';
my $st = $w->stat('web', 'one');
is_deeply [@$st{qw(check_code check_desc check_rise check_fall check_health chkdown)}],
    ['', 'Layer4 connection problem', 2, 2, 0, 1], 'columns of a failed check';
like $st->{check_status}, qr/^(\* )?L4CON$/;
is $st->{chkfail}, 2;
is $st->{last_chk}, 'ECONNREFUSED returned by OS (Connection refused) at initial connection ' .
    'step of tcp-check';
$s2->stop;
ok $w->wait_status('web', 'two', 'DOWN'), 'the other one too';
is get()->{body}, 'spare', 'the backup serves';
$spare->stop;
ok $w->wait_status('web', 'BACKEND', 'DOWN'), 'a backend without servers is down';
is get()->{status}, 503;
$_->start for $s1, $s2, $spare;
ok $w->wait_status('web', $_, 'UP'), "$_ comes back" for qw(one two spare BACKEND);
is answers(4), 'one one two two', 'and serves again';

# What was said
my $err = $w->stderr;
for (
	'Health check for server web/one succeeded, reason: Layer4 check passed, check ' .
	    'duration: Nms, status: 2/2 UP.',
	'Health check for server web/one failed, reason: Layer4 connection problem, info: ' .
	    '"ECONNREFUSED returned by OS (Connection refused) at initial connection step ' .
	    'of tcp-check", check duration: Nms, status: 1/2 UP.',
	'Server web/one is DOWN. 1 active and 1 backup servers left. 0 sessions active, ' .
	    '0 requeued, 0 remaining in queue.',
	'Server web/two is DOWN. 0 active and 1 backup servers left. Running on backup. ' .
	    '0 sessions active, 0 requeued, 0 remaining in queue.',
	'Backup Server web/spare is DOWN. 0 active and 0 backup servers left. 0 sessions ' .
	    'active, 0 requeued, 0 remaining in queue.',
	'Health check for backup server web/spare succeeded, reason: Layer4 check passed, ' .
	    'check duration: Nms, status: 1/2 DOWN.',
    ) {
	my $re = qr/\Q$_\E/;
	$re =~ s/Nms/\\d+ms/;
	like $err, qr/\[WARNING\]  \(\d+\) : $re\n/, 'stderr: ' . substr $_, 0, 60;
	ok $log->find($re), 'and in the log';
}
like $err, qr/\[ALERT\]    \(\d+\) : proxy 'web' has no server available!\n/;
ok $log->find(qr/proxy web has no server available!/), 'and in the log';
like $err, qr/Server web\/one is UP\. \d active and \d backup servers online\./;

# Odd ones
ok $w->wait_status('odd', 'hole', 'DOWN'), 'a server that does not answer is down';
$st = $w->stat('odd', 'hole');
like $st->{check_status}, qr/^(\* )?L4TOUT$/;
cmp_ok $st->{check_duration}, '>=', 100, 'after the shorter of inter and timeout connect';
like $w->stderr, qr/Server odd\/hole is DOWN, reason: Layer4 timeout, check duration: \d\d\dms\./;
for (qw(path elsewhere addressed both)) {
	ok $w->wait_for(sub { ($w->stat('odd', $_) // {})->{check_health} == 3 }),
	    "odd/$_ is up in full";
	is $w->stat('odd', $_)->{check_status} =~ s/^\* //r, 'L4OK';
}
is $w->stat('odd', $_)->{status}, 'no check' for qw(unchecked back);
is $w->stat('odd', 'unchecked')->{check_status}, '';
is $w->stat('odd', 'never')->{status}, 'DOWN', 'init-state fully-down';
is $w->stat('odd', 'never')->{chkdown}, 0, 'which is no change';

# A stopped process does not blame servers.
$w->signal('STOP');
my $end = time + 2;
Weir::poll(sub { time >= $end });
$w->signal('CONT');
$w->info for 1 .. 3;
unlike substr($w->stderr, length $err), qr/web\/(one|two|spare)/,
    'nothing happened while weir was stopped';
is $w->stop, 143;
done_testing;
