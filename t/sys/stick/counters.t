# What counters of tracked entries count, and when: connections, sessions, requests,
# errors of clients, failures of servers, bytes; and limits made of them.
use v5.36;
use Weir;
use Backend qw(:all);
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/404' => response(404, 'no'),
	'/503' => response(503, 'no'), '/501' => response(501, 'no'), '/cut' => RST,
	'/slow' => HANG, '/inc' => response(200, 'i') });
my $echo = Backend->echo;
my $data = 'conn_cnt,conn_cur,sess_cnt,http_req_cnt,http_err_cnt,http_fail_cnt,bytes_in_cnt,' .
    'bytes_out_cnt,gpc0,gpt0';
my $w = Weir->new(defaults => 'http', binds => [qw(req conn res tcp codes)],
    env => { SRV => $srv->addr, ECHO => $echo->addr }, cfg => <<"CFG");
frontend req
	bind "fd\@\${req}"
	stick-table type ip size 1k expire 1m store $data
	http-request track-sc0 src
	http-request deny if { path /deny }
	http-request sc-inc-gpc0(0) if { path /inc }
	default_backend b
frontend conn
	bind "fd\@\${conn}"
	stick-table type ip size 1k expire 1m store $data
	tcp-request connection track-sc0 src
	tcp-request session reject if { sc0_get_gpt0 gt 0 }
	tcp-request session sc-set-gpt0(0) 1 if { src_conn_cnt gt 3 }
	default_backend b
frontend res
	bind "fd\@\${res}"
	stick-table type string len 10 size 1k expire 1m store $data
	http-response track-sc0 status
	default_backend b
listen tcp
	mode tcp
	bind "fd\@\${tcp}"
	stick-table type ip size 1k expire 1m store $data
	tcp-request content track-sc0 src
	server e "\${ECHO}"
frontend codes
	bind "fd\@\${codes}"
	http-request track-sc0 src table shared/t
	default_backend b
peers shared
	table t type ip size 100 store http_err_cnt,http_fail_cnt
backend b
	timeout server 300ms
	retries 0
	server s "\${SRV}"
CFG

# What the table says of a key, as { name => value }
sub entry ($table, $key = '127.0.0.1') {
	my ($row) = grep { / key=/ } split /\n/, $w->cli("show table $table key $key");
	return { map { /^([^=]+)=(.*)/ ? ($1, $2) : () } split / /, $row // '' };
}
sub counts ($table, $want, $name, $key = '127.0.0.1') {
	my $e;
	$w->wait_for(sub {
		$e = entry($table, $key);
		!grep { ($e->{$_} // '') ne $want->{$_} } keys %$want;
	}, 5, $name);
	is_deeply { map { $_ => $e->{$_} } keys %$want }, $want, $name;
}

# --- Requests ---
my $c = $w->http('req');
$c->get($_) for '/a', '/404', '/inc';
counts('req', { use => 0, conn_cnt => 3, conn_cur => 0, sess_cnt => 0, http_req_cnt => 3,
	http_err_cnt => 1, http_fail_cnt => 0, gpc0 => 1 }, 'requests, one answered 404');
$c->get('/deny');
counts('req', { http_req_cnt => 4, http_err_cnt => 2 }, 'what is denied is an error');
$c->get($_) for '/503', '/501';
counts('req', { http_req_cnt => 6, http_err_cnt => 2, http_fail_cnt => 1 },
    '503 is a failure of the server, 501 is none');
is $w->http('req')->get('/cut')->{status}, 502;
counts('req', { http_fail_cnt => 2 }, 'and so is a cut');
my $slow = $w->http('req');
$slow->send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
counts('req', { use => 1, conn_cur => 1 }, 'held while a request is under way');
is $slow->read_response->{status}, 504;
counts('req', { use => 0, conn_cur => 0, http_fail_cnt => 3 }, 'a timeout is a failure');
my $chunks = $w->http('req');
is $chunks->request("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n")->{status}, 400;
counts('req', { http_err_cnt => 3 }, 'broken chunks are an error');
my $e = entry('req');
my $stat = $w->stat('req', 'FRONTEND');
is "$e->{bytes_in_cnt} $e->{bytes_out_cnt}", "$stat->{bin} $stat->{bout}", 'bytes';

# --- Connections ---
$c = $w->http('conn');
$c->get('/a') for 1 .. 3;
counts('conn', { use => 1, conn_cnt => 1, conn_cur => 1, sess_cnt => 1, http_req_cnt => 3 },
    'a connection with three requests');
my $bad = $w->http('conn');
is $bad->request("GET / nonsense\r\n\r\n")->{status}, 400;
counts('conn', { conn_cnt => 2, http_req_cnt => 4, http_err_cnt => 1 }, 'a bad request is an error');
$c->close;
counts('conn', { use => 0, conn_cur => 0 }, 'let go at the end');
$w->http('conn')->get('/a') for 1 .. 2;
counts('conn', { conn_cnt => 4, gpt0 => 1 }, 'a tag by the number of connections');
my $no = $w->http('conn');
ok $no->is_closed, 'refuses the next';
counts('conn', { conn_cnt => 5, sess_cnt => 4 }, 'which is a connection, but no session');
$w->cli('set table conn key 127.0.0.1 data.gpt0 0');
is $w->http('conn')->get('/a')->{status}, 200, 'until an operator clears it';

# --- Responses, TCP ---
$c = $w->http('res');
$c->get($_) for '/a', '/404', '/404', '/503';
counts('res', { http_req_cnt => 2, http_err_cnt => 2 }, 'by status', 404);
counts('res', { http_req_cnt => 1, http_fail_cnt => 1 }, 'and another', 503);
my $t = $w->http('tcp');
$t->send('x' x 1000);
is length $t->read_bytes(1000), 1000;
counts('tcp', { use => 1, conn_cur => 1, bytes_in_cnt => 1000, bytes_out_cnt => 1000,
	http_req_cnt => 0 }, 'a TCP session under way');
$t->close;
counts('tcp', { use => 0, conn_cur => 0, conn_cnt => 1 }, 'and over');

# --- http-err-codes, http-fail-codes ---
$w->write_file('t.cfg', "global\n\thttp-err-codes -404 +501\n\thttp-fail-codes 200\n" .
    $w->read_file('t.cfg'));
like $w->cli('reload'), qr/^Success=1/, 'reload with other codes';
$c = $w->http('codes');
$c->get($_) for '/a', '/404', '/501', '/503';
counts('shared/t', { http_err_cnt => 1, http_fail_cnt => 1 }, 'are counted');
counts('conn', { conn_cnt => 6 }, 'and counters stay');

# --- A table that is replaced while connections hold its entries ---
$w->cli('set table conn key 127.0.0.1 data.conn_cnt 0 data.gpt0 0');
my @old = map { $w->http('conn') } 1 .. 3;
$_->get('/a') for @old;
$w->write_file('t.cfg', $w->read_file('t.cfg') =~ s/(table type ip size) 1k/$1 2k/gr);
like $w->cli('reload'), qr/^Success=1/, 'reload with other sizes';
like $w->stderr, qr/stick-table 'conn': its size changed/, 'is told';
is entry('conn')->{conn_cnt}, undef, 'the new table is empty';
is $_->get('/404')->{status}, 404, 'who holds an old entry goes on' for @old;
$_->close for @old;
$w->http('conn')->get('/a');
counts('conn', { conn_cnt => 1, conn_cur => 0 }, 'who comes now is in the new one');

# --- Rules of a named defaults section use the table of who has it ---
$w->write_file('t.cfg', <<'CFG');
defaults d
	mode http
	timeout client 5s
	timeout server 5s
	timeout connect 5s
	http-request track-sc0 src
	http-request return status 200 hdr X-N "%[sc0_http_req_cnt]"
frontend req from d
	bind "fd@${req}"
	stick-table type ip size 10 store http_req_cnt
frontend conn from d
	bind "fd@${conn}"
	stick-table type ip size 10 store http_req_cnt
frontend res from d
	bind "fd@${res}"
listen tcp from d
	bind "fd@${tcp}"
frontend codes from d
	bind "fd@${codes}"
CFG
like $w->cli('reload'), qr/^Success=1/, 'rules in a defaults section';
$w->http('req')->get('/') for 1 .. 2;
is $w->http('req')->get('/')->{h}{'x-n'}, 3, 'one table';
is $w->http('conn')->get('/')->{h}{'x-n'}, 1, 'another';
is $w->http('res')->get('/')->{h}{'x-n'} // '', '', 'and none';
done_testing;
