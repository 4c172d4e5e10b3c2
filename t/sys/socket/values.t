# show info, show stat in its forms, show servers, show backend, clear counters.
use v5.36;
use Backend qw(:all);
use JSON::PP;
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/no' => response(404, 'n') });
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'tcp1'], unix => ['other1'],
    env => { SRV => $srv->addr }, cfg => <<'CFG');
global
	stats socket "fd@${other1}" level user
	node "n,1"
frontend fe
	bind "fd@${fe1}"
	maxconn 50
	http-request deny if { path /denied }
	default_backend be
listen l
	mode tcp
	bind "fd@${tcp1}"
	maxconn 10
	server t1 127.0.0.1:1 maxconn 5 maxqueue 7
backend be
	balance leastconn
	fullconn 33
	server s1 "${SRV}" weight 10
	server s2 127.0.0.1:2 backup disabled
backend empty
CFG

# --- show stat
my @names = qw(pxname svname qcur qmax scur smax slim stot bin bout dreq dresp ereq econ eresp
    wretr wredis status weight act bck chkfail chkdown lastchg downtime qlimit pid iid sid throttle
    lbtot tracked type rate rate_lim rate_max check_status check_code check_duration hrsp_1xx
    hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other hanafail req_rate req_rate_max req_tot cli_abrt
    srv_abrt comp_in comp_out comp_byp comp_rsp lastsess last_chk last_agt qtime ctime
    rtime ttime agent_status agent_code agent_duration check_desc agent_desc check_rise check_fall
    check_health agent_rise agent_fall agent_health addr cookie mode algo conn_rate conn_rate_max
    conn_tot intercepted dcon dses wrew connect reuse cache_lookups cache_hits srv_icur src_ilim
    qtime_max ctime_max rtime_max ttime_max eint idle_conn_cur safe_conn_cur used_conn_cur
    need_conn_est uweight agg_server_status agg_server_check_status agg_check_status srid
    sess_other h1sess h2sess h3sess req_other h1req h2req h3req proto priv_idle_cur reqbin reqbout
    resbin resbout cache_hint_hits);
is scalar @names, 119, '119 columns';
my ($head, @lines) = split /\n/, $w->cli('show stat');
is $head, '# ' . join('', map { "$_," } @names, '-'), 'the header';
is scalar(grep { tr/,// != 120 } @lines), 0, 'each row is as wide';
is_deeply [map { join '/', (split /,/)[0, 1] } @lines],
    [qw(fe/FRONTEND l/FRONTEND l/t1 l/BACKEND be/s1 be/s2 be/BACKEND empty/BACKEND)], 'the rows';

# Which columns are empty, up to 102: a mark per column, as HAProxy has them.
sub marks ($line) {
	return join '', map { $_ eq '' ? '.' : 'x' } (split /,/, $line, -1)[0 .. 102];
}
is marks($lines[0]), 'xx..xxxxxxxxx....x........xxx...xxxx...xxxxxx.xxx..xxxx....................x.xxxxxxx..xx......x........',
    'HTTP frontend';
is marks($lines[1]), 'xx..xxxxxxxxx....x........xxx...xxxx..........xxx..xxxx....................x.xxx.xxx..........x........',
    'TCP frontend';
is marks($lines[2]), 'xxxxxxxxxx.x.xxxxxxxx..x.xxxx.x.xx.x.............xx....x..xxxx...........x.x.......xxx..x.xxxxxxxxxx...',
    'TCP server';
is marks($lines[4]), 'xxxxxx.xxx.x.xxxxxxxx..x..xxx.x.xx.x...xxxxxx...xxx....x..xxxx...........x.x.......xxx..x.xxxxxxxxxx...',
    'HTTP server';
is marks($lines[6]), 'xxxxxxxxxxxx.xxxxxxxx.xxx.xxx.x.xx.x...xxxxxx...xxxxxxxx..xxxx.............xx......xxxxx..xxxxx....xxxx',
    'HTTP backend';

my $c = $w->http('fe1');
is $c->get($_)->{status}, $_ eq '/a' ? 200 : $_ eq '/no' ? 404 : 403, "GET $_"
    for '/a', '/a', '/no', '/denied';
my ($f, $b, $s) = map { $w->stat(@$_) } ['fe', 'FRONTEND'], ['be', 'BACKEND'], ['be', 's1'];
is_deeply [@$f{qw(stot req_tot hrsp_2xx hrsp_4xx dreq slim status mode type)}],
    [1, 4, 2, 2, 1, 50, 'OPEN', 'http', 0], 'frontend, as soon as the answer was read';
is_deeply [@$b{qw(stot req_tot hrsp_2xx hrsp_4xx lbtot slim status algo act bck type)}],
    [3, 3, 2, 1, 3, 33, 'UP', 'leastconn', 1, 0, 1], 'backend';
is_deeply [@$s{qw(stot hrsp_2xx hrsp_4xx weight uweight act bck addr status scur type)}],
    [3, 2, 1, 10, 10, 1, 0, $srv->addr, 'no check', 0, 2], 'server';
is_deeply [@$s{qw(connect reuse)}], [1, 2], 'one connection, used again';
cmp_ok $s->{lastsess}, '>=', 0, 'lastsess';
is $w->stat('be', 's2')->{status}, 'MAINT', 'a disabled one';
is $w->stat('be', 's2')->{lastsess}, -1, 'which had no session';
is_deeply [@{ $w->stat('l', 't1') }{qw(slim qlimit)}], [5, 7], 'limits of a server';
ok $w->wait_for(sub { $w->stat('fe', 'FRONTEND')->{req_rate_max} > 0 }), 'rates come by the second';
cmp_ok $w->stat('be', 's1')->{rate_max}, '>', 0, 'of servers too';

# Filters
sub rows ($command) {
	my (undef, @r) = split /\n/, $w->cli($command);
	return join ' ', map { join '/', (split /,/)[0, 1] } @r;
}
is rows('show stat be 4 -1'), 'be/s1 be/s2', 'servers of a proxy by name';
is rows('show stat 4 7 1'), 'be/s1 be/BACKEND', 'one server by id: of servers only';
is rows('show stat 4 4 1'), 'be/s1', 'nothing but that server';
is rows('show stat -1 1 -1'), 'fe/FRONTEND l/FRONTEND', 'all frontends';
is rows('show stat 99 -1 -1'), '', 'no such id';
is $w->cli('show stat nope 2 -1'), 'No such proxy.', 'no such name';
is rows('show stat be -1 -1 no-maint'), 'be/s1 be/BACKEND', 'no-maint';
like $w->cli('show stat be 2 -1 up'), qr/,UP \(1\/2\),/, 'up counts servers';

# typed, json
my $typed = $w->cli('show stat be 4 1 typed');
like $typed, qr/^S\.4\.1\.0\.pxname\.1:KNSV:str:be$/m, 'typed';
like $typed, qr/^S\.4\.1\.7\.stot\.1:MCPV:u64:3$/m, '... a counter';
like $typed, qr/^S\.4\.1\.55\.lastsess\.1:MAPV:s32:\d+$/m, '... a signed one';
like $w->cli('show stat be 4 1 typed desc'), qr/^S\.4\.1\.7\.stot\.1:MCPV:u64:3:"\w[^"]+"$/m, 'desc';
my $json = decode_json($w->cli('show stat json'));
is scalar @$json, 8, 'json: a list of rows';
my %first = %{ $json->[0][0] };
is_deeply \%first, { objType => 'Frontend', proxyId => 2, id => 0, processNum => 1,
	field => { pos => 0, name => 'pxname' }, value => { type => 'str', value => 'fe' },
	tags => { origin => 'Key', nature => 'Name', scope => 'Service' } }, '... of values';

# --- clear counters
is $w->cli('clear counters'), '', 'maxima';
is $w->stat('fe', 'FRONTEND')->{req_tot}, 4, '... only';
is $w->cli('clear counters all'), '', 'all';
is_deeply [@{ $w->stat('be', 's1') }{qw(stot hrsp_2xx smax bout)}], [0, 0, 0, 0], 'all are 0';
$c->get('/a');
is_deeply [@{ $w->stat('be', 's1') }{qw(stot hrsp_2xx)}], [1, 1], 'and count on';

# --- show info
my $text = $w->cli('show info');
is_deeply [map { s/:.*//r } split /\n/, $text], ['Name', 'Version', 'Release_date', qw(Nbthread
    Nbproc Process_num Pid Uptime Uptime_sec Memmax_MB PoolAlloc_MB PoolUsed_MB PoolFailed Ulimit-n
    Maxsock Maxconn Hard_maxconn CurrConns CumConns CumReq MaxSslConns CurrSslConns CumSslConns
    Maxpipes PipesUsed PipesFree ConnRate ConnRateLimit MaxConnRate SessRate SessRateLimit
    MaxSessRate SslRate SslRateLimit MaxSslRate SslFrontendKeyRate SslFrontendMaxKeyRate
    SslFrontendSessionReuse_pct SslBackendKeyRate SslBackendMaxKeyRate SslCacheLookups
    SslCacheMisses CompressBpsIn CompressBpsOut CompressBpsRateLim Tasks Run_queue Idle_pct node
    Stopping Jobs), 'Unstoppable Jobs', qw(Listeners ActivePeers ConnectedPeers DroppedLogs
    BusyPolling FailedResolutions TotalBytesOut TotalSplicedBytesOut BytesOutRate
    DebugCommandsIssued CumRecvLogs), 'Build info', qw(Memmax_bytes PoolAlloc_bytes PoolUsed_bytes
    Start_time_sec Tainted TotalWarnings MaxconnReached BootTime_ms Niced_tasks CurrStreams
    CumStreams BlockedTrafficWarnings PatternsAdded PatternsFreed NbThreadGroups)],
    'show info: all keys in order';
is scalar(grep { tr/:// != 1 } split /\n/, $text), 0, 'one colon a line';
my $info = $w->info;
is_deeply [@$info{qw(Name Pid Nbproc CumConns CumReq CurrConns node Listeners)}],
    ['weir', $w->pid, 1, 1, 5, 1, 'n,1', 4], 'values';
like $info->{Uptime}, qr/^\d+d \d+h\d\dm\d\ds$/, 'uptime';
like $info->{Release_date}, qr{^\d{4}/\d\d/\d\d$}, 'date';
like $w->cli('show info typed'), qr/^0\.Name\.1:POSV:str:weir\n1\./, 'typed';
like $w->cli('show info desc'), qr/^Name: weir:"\w/, 'desc';
is decode_json($w->cli('show info json'))->[0]{value}{value}, 'weir', 'json';

# --- show servers, show backend
my $columns = 'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight ' .
    'srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health ' .
    'srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord ' .
    'srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';
my $port = $srv->port;
like $w->cli('show servers state'), qr/^1\n# \Q$columns\E
3 l 1 t1 127\.0\.0\.1 2 0 1 1 \d+ 1 0 0 0 0 0 0 - 1 - 0 0 - - 0
4 be 1 s1 127\.0\.0\.1 2 0 10 10 \d+ 1 0 0 0 0 0 0 - $port - 0 0 - - 0
4 be 2 s2 127\.0\.0\.1 \d 5 1 1 \d+ 1 0 0 8 0 0 0 - 2 - 0 0 - - 0$/, 'show servers state';
unlike $w->cli('show servers state be'), qr/^3 l /m, 'of one backend';
is scalar(split /\n/, $w->cli('show servers state #4')), 4, 'by its id';
is $w->cli('show servers state nope'), "Can't find backend.", 'of none';
like $w->cli('show servers conn be'), qr{^# bkname/svname .* idle_per_thr\[\d+\]\nbe/s1 4/1 127\.0\.0\.1 $port - 5000 0 0 \d+ \d+ 0 0 1 -1 1( \d)+\nbe/s2 },
    'show servers conn: one idle';
is $w->cli('show backend'), "# name\nl\nbe\nempty", 'show backend';
done_testing;
