# show sess, shutdown session, shutdown sessions server; show activity, threads,
# startup-logs, schema; get var, set var; set rate-limit.
use v5.36;
use Backend qw(:all);
use JSON::PP;
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/hang' => [HANG] });
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'tcp1'], unix => ['user1'],
    env => { SRV => $srv->addr }, files => { log => '' }, cfg => <<'CFG');
global
	stats socket "fd@${user1}" level user
	nbthread 2
	log stderr format raw local0
	maxconnrate 7777
frontend fe
	bind "fd@${fe1}"
	log global
	log-format "END %ST %ts %s"
	use_backend be if { path /hang }
	http-request return status 200 content-type text/plain lf-string "%[var(proc.said)]" if { path /var }
	default_backend be
	fullconn 3
listen l
	mode tcp
	bind "fd@${tcp1}"
	log global
	log-format "TCP %ts %s"
	server t1 "${SRV}"
backend be
	server s1 "${SRV}"
	server s2 127.0.0.1:1 weight 0
CFG

# --- show sess
is $w->cli('show sess'), '', 'nobody is there';
my @hung = map { $w->http('fe1') } 1 .. 3;
$_->send("GET /hang?x=\x7e HTTP/1.1\r\nHost: a\r\n\r\n") for @hung;
my @sess;
ok $w->wait_for(sub { @sess = grep { / srv=s1 / } split /\n/, $w->cli('show sess'); @sess == 3 }),
    'three requests under way';
like $sess[0], qr/^0x[0-9a-f]+: proto=tcpv4 src=127\.0\.0\.1:\d+ fe=fe be=be srv=s1 ts=[0-9a-f]{2} epoch=0 age=\d+s calls=1 rate=0 cpu=0 lat=0 rq\[f=[0-9a-f]+h,i=\d+,an=00h\] rp\[.*\] scf=\[8,[0-9a-f]+h,fd=\d+\] scb=\[8,.*,fd=\d+\] exp=\d*s? rc=0 c_exp=/,
    'a line of show sess';
my @ids = map { /^(0x[0-9a-f]+):/ } @sess;
my $full = $w->cli("show sess $ids[0]");
like $full, qr/^\Q$ids[0]\E: \[.*\] id=\d+ proto=tcpv4 source=127\.0\.0\.1:\d+\n  flags=0x/, 'one in full';
like $full, qr/\n  frontend=fe \(id=2 mode=http\)/, 'its frontend';
like $full, qr/\n  request=GET \/hang\?x=~\n/, 'its request';
is scalar(() = $w->cli('show sess all') =~ /^0x/mg), 3, 'all in full';
is $w->cli('show sess older 1h'), '', 'none is that old';
is $w->cli('show sess older x'), 'Invalid age.', 'a bad age';
is $w->cli('show sess 0xfffff0'), 'Session not found.', 'an id of nobody';
is $w->cli('show sess nonsense'), 'Session not found.', 'no id at all';

# --- shutdown session
is $w->cli('shutdown session'), "Session pointer expected (use 'show sess').", 'which one?';
is $w->cli('shutdown session 0x4440'), "No such session (use 'show sess').", 'nobody has it';
is $w->cli("shutdown session $ids[0]"), '', 'silence is success';
ok $w->wait_for(sub { (() = $w->cli('show sess') =~ /srv=s1/g) == 2 }), 'one is gone';
is $w->cli("shutdown session $ids[0]"), "No such session (use 'show sess').", 'a stale id';
is $w->cli('shutdown sessions server'), "Require 'backend/server'.", 'which server?';
is $w->cli('shutdown sessions server be/x'), 'No such server.', 'an unknown one';
is $w->cli('shutdown sessions server be/s2'), '', 'a server without any';
like $w->cli('show sess'), qr/srv=s1/, 'did not touch the others';
is $w->cli('shutdown sessions server be/s1'), '', 'those of one server';
ok $w->wait_for(sub { $w->cli('show sess') eq '' }), 'are gone';
ok $w->wait_for(sub { (() = $w->stderr =~ /^END 502 KH s1$/mg) == 3 }), 'logged as killed';
is $w->info->{CurrConns}, 0, 'their clients, too';
is $w->stat('be', 's1')->{scur}, 0, 'no slot is lost';
is $w->http('fe1')->get('/a')->{status}, 200, 'and others are served';

# --- a TCP session
my $tcp = $w->http('tcp1');
$tcp->send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
ok $w->wait_for(sub { $w->cli('show sess') =~ /fe=l be=l srv=t1/ }), 'a TCP session';
is $w->cli('shutdown sessions server l/t1'), '', 'ends as well';
ok $w->wait_for(sub { $w->stderr =~ /^TCP KD t1$/m }), 'and is logged';

# --- many, in slices
my @many = map { my $c = $w->http('fe1'); $c->send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n"); $c } 1 .. 400;
ok $w->wait_for(sub { (() = $w->cli('show sess') =~ /^0x/mg) == 400 }), '400 requests';
my %seen = map { $_ => 1 } $w->cli('show sess') =~ /^(0x[0-9a-f]+):/mg;
is scalar(keys %seen), 400, 'each once';
is $w->cli('shutdown sessions server be/s1'), '', 'all of them end';
ok $w->wait_for(sub { $w->cli('show sess') eq '' }), 'at once';

# --- the process
my $act = $w->cli('show activity');
like $act, qr/^thread_id: 1 \(1\.\.2\)\ndate_now: \d+\.\d{6}\nloops: \d+ \[ \d+ \d+ \]\n/, 'show activity';
like $act, qr/^requests: 404 \[ /m, 'counts requests';
is scalar(() = $w->cli('show threads') =~ /^[ *] (?:Thread|Control) /mg), 3, 'show threads';
unlike $w->cli('show startup-logs'), qr/ALERT/, 'show startup-logs';
like $w->cli('show startup-logs'), qr/fullconn/, 'has the warning of the start';
my $schema = decode_json($w->cli('show schema json'));
is $schema->{oneOf}[1]{title}, 'Stat', 'show schema json';

# --- variables
is $w->cli('set var proc.start int(5); get var proc.start'), "\nproc.start: type=sint value=<5>", 'get var';
is $w->cli('get var proc.none'), 'Variable not found.', 'one that is not there';
is $w->cli('get var txn.x'), "'get var': cannot get variable 'txn.x', only scope 'proc' is permitted here.",
    'of another scope';
is $w->cli('set var proc.said str(hello)'), '', 'set var';
is $w->http('fe1')->get('/var')->{body}, 'hello', 'rules see it';
is $w->cli('set var proc.said fmt %[str(a),upper]-%[int(3)]; get var proc.said'),
    "\nproc.said: type=str value=<A-3>", 'a format';
is $w->cli('set var proc.said expr int(4),add(3); get var proc.said'),
    "\nproc.said: type=sint value=<7>", 'an expression';
like $w->cli('set var proc.said foo(1)'), qr/unknown fetch method 'foo'/, 'an unknown one';
like $w->cli('set var proc.said nbsrv(be)'), qr/names of proxies/, 'names do not stand in them';
like $w->cli('set var proc.said src'), qr/./, 'nor what needs a client';
like $w->cli('set var proc.x'), qr/expected/, 'no value';
is $w->cli('set var txn.x int(1)'),
    "'set var': cannot set variable 'txn.x', only scope 'proc' is permitted here.", 'another scope';

# --- set rate-limit
is $w->info->{ConnRateLimit}, 7777, 'the configured limit';
is $w->cli('set rate-limit connections global 8888'), '', 'set rate-limit';
is $w->info->{ConnRateLimit}, 8888, 'is in force';
is $w->cli('set rate-limit sessions global 99; set rate-limit ssl-sessions global 98'), '', 'the others';
is_deeply [@{ $w->info }{qw(SessRateLimit SslRateLimit)}], [99, 98], 'too';
is $w->cli('set rate-limit connections global x'), 'Expects an integer value.', 'no number';
like $w->cli('set rate-limit x global 1'), qr/^'set rate-limit' only supports :\n   - 'connections global'/, 'an unknown one';
like $w->cli('reload'), qr/^Success=1/, 'reload';
is $w->info->{ConnRateLimit}, 8888, 'keeps what was set';

# --- levels
my $user = sub ($q) { CLI->new($w->path('user1'))->ask($q) };
is $user->('show sess'), 'Permission denied', 'a user sees no sessions';
is $user->("shutdown session 0x1"), 'Permission denied', 'nor ends any';
is $user->('set var proc.said int(1)'), 'Permission denied', 'nor sets variables';
done_testing;
