# Commands that change: servers, weights, frontends, limits, reload; who did it.
use v5.36;
use Backend qw(:all);
use SyslogSink;
use Weir;
use Test::More;

my @srv = map { my $n = $_; Backend->new({ '/' => response(200, "s$n") }) } 1, 2;
my $log = SyslogSink->new;
my $cfg = <<'CFG';
global
	log "${LOG}" local0
frontend fe
	bind "fd@${fe1}"
	log global
	default_backend be
frontend fe2
	bind "fd@${fe2}"
	log global
	default_backend be
backend be
	balance roundrobin
	log global
	server s1 "${S1}" weight 10
	server s2 "${S2}" weight 10
backend static
	balance static-rr
	server s1 "${S1}" weight 10
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'fe2'], cfg => $cfg,
    env => { LOG => $log->addr, S1 => $srv[0]->addr, S2 => $srv[1]->addr });

sub says ($command, $want) { is $w->cli($command), $want, $command }
sub who () { return $w->http('fe1')->get('/')->{body} }

# --- what is not there
says 'set server', "Require 'backend/server'.";
says 'set server be state ready', "Require 'backend/server'.";
says 'set server x/s1 state ready', 'No such backend.';
says 'set server be/s9 state ready', 'No such server.';
says 'set server be/s1', 'usage: set server <backend>/<server> addr | agent | agent-addr | ' .
    'agent-port | agent-send | check-addr | check-port | fqdn | health | name | ssl | state | weight';
says 'set server be/s1 state', "'set server <srv> state' expects 'ready', 'drain' and 'maint'.";
says 'set server be/s1 health x', "'set server <srv> health' expects 'up', 'stopping', or 'down'.";
says 'set server be/s1 agent up', 'agent checks are not enabled on this server.';
says 'set server be/s1 fqdn a.b', 'set server be/s1 fqdn failed because no resolution is configured.';
says 'set server be/s1 addr x', "Invalid addr 'x' by 'stats socket command'";
says 'enable health be/s1', 'Health check was not configured on this server, cannot enable.';
says 'disable health be/s1', '';

# --- weights
says 'get weight be/s1', '10 (initial 10)';
says 'set weight be/s1 25%', '';
says 'get weight be/s1', '2 (initial 10)';
says 'set server be/s1 weight 256', '';
says 'get weight #4/#1', '256 (initial 10)';
says 'set weight be/s1 257', 'Absolute weight can only be between 0 and 256 inclusive.';
says 'set weight be/s1 -1', 'Absolute weight can only be between 0 and 256 inclusive.';
says 'set weight be/s1 -1%', 'Relative weight must be positive.';
says 'set weight be/s1 x', 'Empty weight string empty or preceded by garbage';
says 'set weight be/s1 1x', 'Trailing garbage in weight string';
says 'set weight be/s1', 'Require <weight> or <weight%>.';
says 'set weight static/s1 5', "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";
says 'set weight static/s1 0%', '';
says 'set weight be/s1 0', '';
is join(' ', map { who() } 1 .. 4), 's2 s2 s2 s2', 'weight 0 gets nothing';
says 'set weight be/s1 100%', '';
is join(' ', sort map { who() } 1 .. 4), 's1 s1 s2 s2', 'and its share again';

# --- states
says 'set server be/s1 state maint', '';
is $w->stat('be', 's1')->{status}, 'MAINT', 'MAINT';
is who(), 's2', 'no traffic' for 1 .. 3;
ok $log->find(qr/Server be\/s1 is going DOWN for maintenance\. 1 active and 0 backup servers left\./),
    'logged';
says 'set server be/s1 state drain', '';
is $w->stat('be', 's1')->{status}, 'DRAIN', 'DRAIN';
is who(), 's2', 'nothing new' for 1 .. 3;
like $w->cli('show servers state be'), qr/^4 be 1 s1 127\.0\.0\.1 2 8 /m, 'forced drain';
says 'set server be/s1 state ready', '';
like $w->cli('show servers state be'), qr/^4 be 1 s1 127\.0\.0\.1 2 0 /m, 'ready';
says 'disable server be/s2', '';
is who(), 's1', 'the other one' for 1 .. 3;
says 'disable server be/s1', '';
is $w->stat('be', 'BACKEND')->{status}, 'DOWN', 'none left';
is $w->http('fe1')->get('/')->{status}, 503, 'nobody serves';
says 'enable server be/s1', '';
says 'enable server be/s2', '';
is join(' ', sort map { who() } 1 .. 4), 's1 s1 s2 s2', 'both again';
says 'set server be/s1 health down', '';
like $w->stat('be', 's1')->{status}, qr/^DOWN/, 'health down';
says 'set server be/s1 health up', '';
is $w->stat('be', 's1')->{status}, 'no check', 'health up';

# --- limits
says 'set maxconn server be/s1', 'Require <maxconn>.';
says 'set maxconn server be/s1 x', 'maxconn string empty or preceded by garbage';
says 'set maxconn server be/s1 3x', 'Trailing garbage in maxconn string';
says 'set maxconn server be/s1 3', '';
is $w->stat('be', 's1')->{slim}, 3, 'maxconn of a server';
says 'set maxconn frontend', 'A frontend name is expected.';
says 'set maxconn frontend be 3', 'No such frontend.';
says 'set maxconn frontend fe x', 'Integer value expected.';
says 'set maxconn frontend fe 1', '';
is $w->stat('fe', 'FRONTEND')->{slim}, 1, 'maxconn of a frontend';
my $one = $w->http('fe1');
is $one->get('/')->{status}, 200, 'one connection';
my $two = $w->http('fe1');
$two->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
$w->cli('show info') for 1 .. 20;
is $w->stat('fe', 'FRONTEND')->{scur}, 1, 'the second one waits';
says 'set maxconn frontend fe 100', '';
is $two->read_response->{status}, 200, '... until there may be more';
undef $one;
says 'set maxconn global', 'Expects an integer value.';
says 'set maxconn global 999999999', 'Value out of range.';
says 'set maxconn global 7', '';
is $w->info->{Maxconn}, 7, 'maxconn of the process';
says 'set maxconn global 0', '';
is $w->info->{Maxconn}, $w->info->{Hard_maxconn}, 'back to what it was';

# --- frontends
says 'disable frontend', 'A frontend name is expected.';
says 'disable frontend be', 'No such frontend.';
says 'enable frontend fe', 'All sockets are already enabled.';
says 'disable frontend fe', '';
says 'disable frontend fe', 'All sockets are already disabled.';
is $w->stat('fe', 'FRONTEND')->{status}, 'PAUSED', 'PAUSED';
ok $log->find(qr/Paused frontend fe\./), 'logged';
my $late = $w->http('fe1');
$late->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
is $w->http('fe2')->get('/')->{status}, 200, 'the other frontend serves';
is $w->stat('fe', 'FRONTEND')->{scur}, 0, 'this one does not';
says 'enable frontend fe', '';
is $late->read_response->{status}, 200, 'who waited is served';
ok $log->find(qr/Resumed frontend fe\./), 'logged';
says 'shutdown frontend fe2', '';
says 'shutdown frontend fe2', 'Frontend was already shut down.';
says 'enable frontend fe2', 'Frontend was previously shut down, cannot enable.';
says 'disable frontend fe2', 'Frontend was previously shut down, cannot disable.';
is $w->stat('fe2', 'FRONTEND')->{status}, 'STOP', 'STOP';
ok !IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $w->port('fe2')), 'refused';
ok $log->find(qr/Proxy fe2 stopped \(cumulated conns: FE: 1, BE: 0\)\./), 'logged';

# --- reload
$w->cli('set weight be/s1 3');
$w->write_file('t.cfg', $cfg =~ s/(server s2 .*)/$1\n\tserver s3 127.0.0.1:3 disabled/r);
like $w->cli('reload'), qr/^Success=1\n--\n.*Loading success/s, 'reload';
is $w->stat('be', 's3')->{status}, 'MAINT', 'the new server is there';
is $w->cli('get weight be/s1'), '3 (initial 10)', 'weights stay';
$w->write_file('t.cfg', "$cfg\tbogus\n\n\tbogus 2\n");
my $bad = $w->cli('reload');
like $bad, qr/^Success=0\n--\n.*t\.cfg:\d+.*bogus.*t\.cfg:\d+.*bogus/s, 'errors of a reload';
unlike $bad, qr/\n\n/, 'no empty line in the answer';
is $w->http('fe1')->get('/')->{status}, 200, 'the old one serves on';

# --- who did it
ok $log->find(qr/Command from uid $> pid $$: set weight be\/s1 3$/), 'changes are logged with uid and pid';
ok !$log->find(qr/Command from .*get weight/, 0), 'questions are not';
done_testing;
