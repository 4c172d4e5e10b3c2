# Tables at their limits: a full one drops the oldest and never fails a request,
# with nopurge it takes no new keys; entries expire; what is said of tables in a
# configuration that is wrong.
use v5.36;
use Weir;
use Backend qw(:all);
use Test::More;

my @srv = map { my $n = $_; Backend->new(sub ($) { response(200, "s$n") }) } 1 .. 2;
my $w = Weir->new(defaults => 'http', binds => [qw(fe keep held tcp prom)],
    env => { map { ("S$_", $srv[$_ - 1]->addr) } 1 .. 2 }, cfg => <<'CFG');
frontend f
	bind "fd@${fe}"
	stick-table type string size 10 store http_req_cnt
	http-request track-sc0 hdr(x-user)
	http-request track-sc1 hdr(x-user) table many
	http-request track-sc2 hdr(x-user) table short
	default_backend b
backend many
	stick-table type string size 1k store http_req_cnt
backend short
	stick-table type string size 1k expire 50ms store http_req_cnt
frontend keep
	bind "fd@${keep}"
	stick-table type string size 10 expire 1h nopurge store http_req_cnt
	http-request track-sc0 hdr(x-user)
	default_backend b
frontend held
	bind "fd@${held}"
	stick-table type integer size 2 store conn_cur
	tcp-request connection track-sc0 src_port
	http-request return status 200 hdr X-Tracked %[sc0_tracked]
backend b
	balance roundrobin
	stick-table type string size 20
	stick store-response res.hdr(x-none)
	stick match hdr(x-user) if !{ path /free }
	stick store-request hdr(x-user)
	server s1 "${S1}"
	server s2 "${S2}" non-stick
frontend prom
	bind "fd@${prom}"
	http-request use-service prometheus-exporter
listen t
	mode tcp
	bind "fd@${tcp}"
	stick-table type ip size 10
	stick on src
	server s1 "${S1}"
	server s2 "${S2}"
CFG

sub keys_of ($t) { return map { / key=(\S+)/ ? $1 : () } split /\n/, $w->cli("show table $t") }
sub used ($t) { return $w->cli("show table $t") =~ /used:(\d+)$/m ? $1 : -1 }
my ($c, $bad) = ($w->http('fe'), 0);
sub ask ($user, $path = '/', $conn = $c) {
	my $r = $conn->get($path, "X-User: $user");
	$bad++ if $r->{status} != 200;
	return $r->{body};
}

ask("u$_") for 1 .. 10;
ask('u1');
ask("v$_") for 1 .. 3;
is_deeply [sort +keys_of('f')], [sort +(map { "u$_" } 1, 5 .. 10), map { "v$_" } 1 .. 3],
    'a full table drops those not used for the longest time';
ask("w$_") for 1 .. 1500;
is used('many'), 1024, 'so does one of many parts';
is scalar(keys_of('many')), 1024, 'and shows what it has';
is used('b'), 20, 'and one of servers';
is $bad, 0, 'no request failed';
$w->wait_for(sub { used('short') == 0 });
is used('short'), 0, 'entries expire';

my $metrics = $w->http('prom')->get('/metrics?scope=sticktable')->{body};
like $metrics, qr/^# TYPE haproxy_sticktable_used gauge\n(?:haproxy.*\n)*haproxy_sticktable_used\{name="many",type="string"\} 1024$/m,
    'Prometheus is told';
like $metrics, qr/^haproxy_sticktable_size\{name="f",type="string"\} 10$/m, 'sizes too';
unlike $w->http('prom')->get('/metrics?scope=server')->{body}, qr/sticktable/, 'on request';

my $k = $w->http('keep');
ask("k$_", '/', $k) for 1 .. 15;
is_deeply [sort +keys_of('keep')], [sort map { "k$_" } 1 .. 10], 'nopurge takes no new keys';
$w->cli('clear table keep key k3');
ask('k15', '/', $k);
is_deeply [sort +keys_of('keep')], [sort map { "k$_" } 1, 2, 4 .. 10, 15], 'but where there is room';
is $bad, 0, 'no request failed';

my @held = map { $w->http('held') } 1 .. 3;
is_deeply [map { $_->get('/')->{h}{'x-tracked'} } @held], [1, 1, 0],
    'entries in use are never dropped';
$held[0]->close;
$w->wait_for(sub { $w->cli('show table held') !~ /use=1.*use=1/s });
is $w->http('held')->get('/')->{h}{'x-tracked'}, 1, 'the next to come gets the room';

# non-stick; rules with conditions
$w->cli('clear table b');
my %n = map { my $u = "n$_"; $u => join ',', map { ask($u) } 1 .. 3 } 1 .. 10;
is scalar(grep { !/s1,s1$|s1$/ } values %n), 0, 'who got s1 stays';
is_deeply [grep { !/ server_key=s1$/m } grep { / key=n/ } split /\n/, $w->cli('show table b')], [],
    'non-stick: s2 is never remembered';
is_deeply [sort map { ask('n1', '/free') } 1 .. 2], ['s1', 's2'], 'a condition';
my %tcp;
$tcp{ $w->http('tcp')->get('/')->{body} }++ for 1 .. 6;
is scalar(keys %tcp), 1, 'TCP sessions stick too';

# --- Configurations that are wrong ---
sub wrong ($text, $want, $name) {
	my $r = Weir->check("defaults\n\tmode http\n$text");
	like $r->{err}, $want, $name;
	is $r->{code}, 1;
}
my $b = "backend b\n\tstick-table";
wrong "$b size 10\n", qr/stick-table: missing type/, 'no type';
wrong "$b type ip\n", qr/stick-table: missing size/, 'no size';
wrong "$b type ipx size 10\n", qr/stick-table: unknown type 'ipx'/, 'type';
wrong "$b type ip size 0\n", qr/size must be between 1/, 'size 0';
wrong "$b type ip size 10 store gpc9\n", qr/unknown store option 'gpc9'. Did you mean/, 'data';
wrong "$b type ip size 10 store gpc0,gpc0\n", qr/'gpc0' is stored already/, 'twice';
wrong "$b type ip size 10 store gpc0,gpc(2)\n", qr/'gpc' and 'gpc0' cannot be stored/, 'both';
wrong "$b type ip size 10 store conn_rate\n", qr/'conn_rate' takes a period/, 'no period';
wrong "$b type ip size 10 store gpc_rate(2)\n", qr/'gpc_rate' takes a number and a period/, 'one';
wrong "$b type ip size 10 store gpt(101)\n", qr/101/, 'array too long';
wrong "$b type ip size 10 srvkey id\n", qr/srvkey expects either 'name' or 'addr'/, 'srvkey';
wrong "$b type ip size 10 foo\n", qr/unknown argument 'foo'/, 'a word';
wrong "$b type ip size 10 expire\n", qr/missing argument after 'expire'/, 'a missing one';
wrong "$b type ip size 10 peers p\n", qr/unable to find peers section 'p'/, 'peers';
wrong "$b type ip size 10 write-to c\n", qr/unable to find the table 'c' of 'write-to'/, 'write-to';
wrong "$b type ip size 10 write-to c\nbackend c\n\tstick-table type ipv6 size 1\n",
    qr/'write-to c' needs a table of the same type/, 'write-to another type';
wrong "$b type ip size 10\n\tstick-table type ip size 20\n", qr/conflicts with the table/, 'two';
wrong "peers p\n\tpeer elsewhere 127.0.0.1:1\n", qr/peer 'elsewhere' is not this process/, 'a peer';
wrong "peers p\n\tserver elsewhere 127.0.0.1:1\n", qr/exchanging tables with other peers is built in a later release/,
    'a server is one too';
is Weir->check("global\n\tlocalpeer me\npeers p\n\tbind 127.0.0.1:1\n\tdefault-bind v4v6\n\tdefault-server ssl\n" .
    "\tlog stdout local0\n\tshards 2\n\tserver me\n\tserver other 127.0.0.1:1\n\tdisabled\n")->{code}, 0,
    'in a section that is disabled others may be';
wrong "peers p\n\tdisabled\n\tpeer other 127.0.0.1:1\n\tenabled\n", qr/peer 'other' is not this process/, 'enabled again';
is Weir->check("peers p\n\tpeer nobody 127.0.0.1:1\n", '-L', 'nobody')->{err}, '', '-L names the local peer';
wrong "peers p\n\ttable t type ip\n", qr/missing size/, 'a table of peers';
wrong "peers p\n\ttable t\"a type ip size 9\n", qr/is not permitted|quote/, 'its name';
wrong "backend b\n\tstick on src\n", qr/unable to find stick-table 'b'/, 'stick without a table';
wrong "backend b\n\tstick on src table c\n", qr/unable to find stick-table 'c'/, 'or another';
wrong "backend b\n\tstick on res.hdr(x)\n", qr/'res.hdr' needs the HTTP response/, 'too early';
wrong "backend b\n\tstick on src foo\n", qr/unexpected argument 'foo'/, 'a word';
wrong "$b type ip size 9\n\thttp-request track-sc0 always_true\n", qr/type does not fit/, 'a key';
wrong "frontend f\n\thttp-request track-sc0 src\n", qr/unable to find table 'f'/, 'track: none';
wrong "frontend f\n\thttp-request track-sc3 src table t\n", qr/there are 3 counters/, 'track-sc3';
wrong "frontend f\n\thttp-request sc-inc-gpc(0) \n", qr/expects an index and a counter/, 'index';
wrong "frontend f\n\thttp-request sc-inc-gpc0(7)\n", qr/there are 3 counters/, 'counter';
wrong "frontend f\n\thttp-request sc-set-gpt0(0)\n", qr/expects an integer/, 'no value';
wrong "frontend f\n\thttp-request deny if { src_conn_rate gt 3 }\n", qr/unable to find table 'f'/,
    'src_ without a table';
wrong "frontend f\n\thttp-request deny if { src,in_table(t) }\n", qr/unable to find table 't'/,
    'in_table';
wrong "global\n\thttp-err-codes 99\n", qr/'99' is no status code/, 'codes';
wrong "global\n\ttune.stick-counters 11\n", qr/11/, 'counters';
is Weir->check("global\n\tlocalpeer me\n\ttune.stick-counters 10\npeers p\n" .
    "\tpeer me 127.0.0.1:1\n\ttable t type ip size 9 store gpc0\ndefaults d\n\tmode http\n" .
    "\thttp-request track-sc9 src table p/t\n\thttp-request track-sc3 src\n" .
    "frontend f from d\n\ttimeout client 1s\n\tbind 127.0.0.1:1\n" .
    join('', map { "\thttp-request $_ src table p/t\n" }
    qw(track-sc4 track-sc5 track-sc6 track-sc7 track-sc8)) .
    "\thttp-request sc-inc-gpc1(9)\n\tstick-table type ip size 9 peers p srvkey addr\n")->{err},
    '', 'the local peer and its tables';
done_testing;
