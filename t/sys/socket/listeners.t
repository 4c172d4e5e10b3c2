# option socket-stats: a row per listener, in each form, after reloads too.
use v5.36;
use JSON::PP;
use Weir;
use Test::More;

my $cfg = <<'CFG';
global
	nbthread 2
frontend web
	bind "fd@${fe1}"
	bind "fd@${fe2}" name second maxconn 7 id 9
	OPTION
	tcp-request connection reject if { src 127.0.0.2 }
	tcp-request session reject if { src 127.0.0.3 }
	http-request deny if { path /no }
	http-request set-header x %[str(a),bytes(0)] if { path /grow }
	http-request use-service prometheus-exporter if { path /metrics }
	http-request return status 200 content-type text/plain string hello if { path /a }
	http-response deny
	default_backend none
frontend off
	bind "fd@${fe3}"
	http-request return status 200
backend none
	stats enable
	stats uri /stats
CFG
my $on = $cfg =~ s/OPTION/option socket-stats/r;
my $w = Weir->new(defaults => 'http', binds => [qw(fe1 fe2 fe3)], cfg => $on);

is_deeply [map { "$_->{pxname}/$_->{svname}" } $w->stat->@*],
    [qw(web/FRONTEND web/sock-1 web/second off/FRONTEND none/BACKEND)], 'rows of listeners';
my %before = map { $_ => $w->stat('web', $_) } qw(sock-1 second);
is_deeply [@{ $before{'sock-1'} }{qw(type iid sid slim status scur smax stot mode proto)}],
    [3, 2, 1, 0, 'OPEN', 0, 0, 0, 'http', 'tcpv4'], 'the first one';
is_deeply [@{ $before{second} }{qw(type iid sid slim addr)}],
    [3, 2, 9, 7, '127.0.0.1:' . $w->port('fe2')], 'one with a name';
is join('', map { $_ eq '' ? '.' : 'x' }
    (split /,/, (grep { /^web,second/ } split /\n/, $w->cli('show stat'))[0], -1)[0 .. 102]),
    'xx..xxxxxxxxx....x........xxx...x........................................x.x.....xxx..........x........',
    'the columns that HAProxy fills';

# --- counters
my $c = $w->http('fe1');
my $sent = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
my $got = $c->request($sent);
is $got->{status}, 200, 'answered';
is $w->http('fe2')->get('/no')->{status}, 403, 'denied';
is $w->http('fe2')->request("GET bad\r\n\r\n")->{status}, 400, 'a bad request';
for my $src (2, 3) {
	my $s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $w->port('fe2'),
	    LocalHost => "127.0.0.$src") or next;
	sysread $s, my $none, 1;
}
ok $w->wait_for(sub { $w->stat('web', 'second')->{scur} == 0 }), 'clients have left';
my ($one, $two, $fe) = map { $w->stat('web', $_) } qw(sock-1 second FRONTEND);
is_deeply [@$one{qw(scur smax stot bin dreq ereq dcon dses)}],
    [1, 1, 1, length $sent, 0, 0, 0, 0], 'of the first listener';
is_deeply [@$two{qw(scur stot dreq ereq dcon dses)}], [0, 2, 1, 1, 1, 1], 'of the second';
is $one->{$_} + $two->{$_}, $fe->{$_}, "$_: the frontend's is their sum"
    for qw(stot bin bout dreq dresp ereq dcon dses wrew eint reqbin resbout);

# --- filters and forms
sub names ($filter) {
	return [map { /^web,([^,]+),/ ? $1 : () } split /\n/, $w->cli("show stat $filter")];
}
is_deeply names('web 8 -1'), [qw(sock-1 second)], 'only listeners';
is_deeply names('2 8 9'), ['second'], 'a listener by its id';
is_deeply names('web 4 9'), [], 'no server';
is_deeply names('web 1 9'), ['FRONTEND'], 'a number is of servers and listeners';
like $w->cli('show stat web 8 9 typed'), qr/^L\.2\.9\.1\.svname\.1:KNSV:str:second$/m, 'typed';
my $json = decode_json($w->cli('show stat web 8 9 json'));
is_deeply [@{ $json->[0][1] }{qw(objType proxyId id)}], ['Listener', 2, 9], 'JSON';
like $w->cli('show snapshot'), qr/^stat,web,second,/m, 'in snapshots';
like $w->http('fe2')->get('/stats')->{body} // '', qr/second/, 'on the statistics page';
my $m = $w->http('fe1')->get('/metrics')->{body};
my @metrics = $m =~ /^# TYPE haproxy_listener_(\w+)/mg;
is_deeply \@metrics, [qw(current_sessions max_sessions limit_sessions sessions_total
    bytes_in_total bytes_out_total requests_denied_total responses_denied_total
    request_errors_total status denied_connections_total denied_sessions_total
    failed_header_rewriting_total internal_errors_total)], 'the names of HAProxy';
like $m, qr/^haproxy_listener_limit_sessions\{proxy="web",listener="second"\} 7$/m, 'its labels';
like $m, qr/^haproxy_listener_status\{proxy="web",listener="sock-1",state="$_->[0]"\} $_->[1]$/m,
    "state $_->[0]" for [WAITING => 0], [OPEN => 1], [FULL => 0];
my $only = $w->http('fe1')->get('/metrics?scope=listener')->{body};
is scalar(() = $only =~ /^# TYPE (?!haproxy_listener_)/mg), 0, 'a scope of its own';

# --- a full one
my @held = map { $w->http('fe2') } 1 .. 7;
$_->send("GET /a HTTP/1.1\r\n") for @held;
ok $w->wait_for(sub { $w->stat('web', 'second')->{status} eq 'FULL' }), 'FULL at its maxconn';
is $w->stat('web', 'second')->{smax}, 7, 'the most of it';
is $w->stat('web', 'sock-1')->{status}, 'OPEN', 'the other one is not';
undef $_ for @held;

# --- reload, clear
$w->write_file('t.cfg', $cfg =~ s/OPTION//r);
like $w->cli('reload'), qr/Success=1/, 'without the option';
is $w->stat('web', 'second'), undef, 'no rows';
$w->write_file('t.cfg', $on);
like $w->cli('reload'), qr/Success=1/, 'with it again';
cmp_ok $w->stat('web', 'second')->{stot}, '>=', 2, 'counters were kept';
$w->cli('clear counters all');
is_deeply [@{ $w->stat('web', 'second') }{qw(stot dreq bin)}], [0, 0, 0], 'cleared';
$w->write_file('t.cfg', $on =~ s/frontend off\n/frontend off\n\toption socket-stats\n/r);
like $w->cli('reload'), qr/Success=1/, 'another frontend begins to count';
$w->http('fe3')->get('/');
is $w->stat('off', 'sock-1')->{stot}, 1, 'from then on';
done_testing;
