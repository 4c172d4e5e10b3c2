# Fetches and converters of stick tables, by what they give: each in a field of an
# answer, in order, so that those which count are seen by the next ones.
use v5.36;
use Weir;
use Test::More;

sub table ($text) { return map { [split /\s*\|\s?/, $_, 2] } grep { length } split /\n/, $text }

# One request, the third of its connection; all counters track 127.0.0.1.
my @old = table(<<'ROWS');
sc_conn_cnt(0)| 3
sc0_conn_cnt| 3
sc1_conn_cnt| 1
sc2_conn_cnt| 1
src_conn_cnt| 3
src_conn_cnt(other)| 1
sc0_conn_cnt(other)| 1
sc_conn_cur(0)| 1
sc0_conn_cur| 1
sc1_conn_cur| 1
sc2_conn_cur| 1
src_conn_cur| 1
sc_conn_rate(0)| 3
sc0_conn_rate| 3
sc1_conn_rate| 1
sc2_conn_rate| 1
src_conn_rate| 3
sc_sess_cnt(1)| 1
sc0_sess_cnt| 0
sc1_sess_cnt| 1
sc2_sess_cnt| 0
src_sess_cnt(other)| 1
sc_sess_rate(1)| 1
sc0_sess_rate| 0
sc1_sess_rate| 1
sc2_sess_rate| 0
src_sess_rate(other)| 1
sc_http_req_cnt(0)| 3
sc0_http_req_cnt| 3
sc1_http_req_cnt| 3
sc2_http_req_cnt| 1
src_http_req_cnt| 3
sc_http_req_rate(0)| 3
sc0_http_req_rate| 3
sc1_http_req_rate| 3
sc2_http_req_rate| 1
src_http_req_rate| 3
sc_http_err_cnt(0)| 1
sc0_http_err_cnt| 1
sc1_http_err_cnt| 1
sc2_http_err_cnt| 0
src_http_err_cnt| 1
sc_http_err_rate(0)| 1
sc0_http_err_rate| 1
sc1_http_err_rate| 1
sc2_http_err_rate| 0
src_http_err_rate| 1
sc_http_fail_cnt(0)| 0
sc0_http_fail_cnt| 0
sc1_http_fail_cnt| 0
sc2_http_fail_cnt| 0
src_http_fail_cnt| 0
sc_http_fail_rate(0)| 0
sc0_http_fail_rate| 0
sc1_http_fail_rate| 0
sc2_http_fail_rate| 0
src_http_fail_rate| 0
sc_bytes_in_rate(0)| [1-9]\d+
sc0_bytes_in_rate| [1-9]\d+
sc1_bytes_in_rate| [1-9]\d+
sc2_bytes_in_rate| 0
src_bytes_in_rate| [1-9]\d+
sc_bytes_out_rate(0)| \d{4}
sc0_bytes_out_rate| \d{4}
sc1_bytes_out_rate| \d{4}
sc2_bytes_out_rate| 0
src_bytes_out_rate| \d{4}
sc_kbytes_in(0)| 0
sc0_kbytes_in| 0
sc1_kbytes_in| 0
sc2_kbytes_in| 0
src_kbytes_in| 0
sc_kbytes_out(0)| 1
sc0_kbytes_out| 1
sc1_kbytes_out| 1
sc2_kbytes_out| 0
src_kbytes_out| 1
sc_glitch_cnt(0)| 0
sc0_glitch_cnt| 0
sc1_glitch_cnt| 0
sc2_glitch_cnt| 0
src_glitch_cnt| 0
sc_glitch_rate(0)| 0
sc0_glitch_rate| 0
sc1_glitch_rate| 0
sc2_glitch_rate| 0
src_glitch_rate| 0
sc_inc_gpc0(0)| 1
sc0_inc_gpc0| 2
sc1_inc_gpc0| 1
sc2_inc_gpc0| 1
src_inc_gpc0| 3
sc_get_gpc0(0)| 3
sc0_get_gpc0| 3
sc1_get_gpc0| 1
sc2_get_gpc0| 1
src_get_gpc0| 3
sc_gpc0_rate(0)| 3
sc0_gpc0_rate| 3
sc1_gpc0_rate| 1
sc2_gpc0_rate| 1
src_gpc0_rate| 3
sc_clr_gpc0(0)| 3
sc0_clr_gpc0| 0
sc1_clr_gpc0| 1
sc2_clr_gpc0| 1
src_clr_gpc0| 0
sc_inc_gpc1(0)| 1
sc0_inc_gpc1| 2
sc1_inc_gpc1| 1
sc2_inc_gpc1| 1
src_inc_gpc1| 3
sc_get_gpc1(0)| 3
sc0_get_gpc1| 3
sc1_get_gpc1| 1
sc2_get_gpc1| 1
src_get_gpc1| 3
sc_gpc1_rate(0)| 3
sc0_gpc1_rate| 3
sc1_gpc1_rate| 1
sc2_gpc1_rate| 1
src_gpc1_rate| 3
sc_clr_gpc1(0)| 3
sc0_clr_gpc1| 0
sc1_clr_gpc1| 1
sc2_clr_gpc1| 1
src_clr_gpc1| 0
sc_get_gpt0(0)| 7
sc0_get_gpt0| 7
sc1_get_gpt0| 0
sc2_get_gpt0| 0
src_get_gpt0| 7
sc_trackers(0)| 1
sc0_trackers| 1
sc1_trackers| 1
sc2_trackers| 1
sc_tracked(0)| 1
sc_tracked(4)| 0
sc0_tracked| 1
sc0_tracked(other)| 1
sc1_tracked| 1
sc2_tracked| 1
src_updt_conn_cnt| 4
sc_conn_cnt(4)|
sc_conn_cnt(0,arrays)| 0
sc_get_gpc(0,0)|
table_avl| 9
table_cnt| 1
table_avl(other)| 19
table_cnt(other)| 1
src,in_table(all)| 1
str(192.0.2.1),in_table(all)| 0
str(junk),in_table(all)| 0
src,table_conn_cnt(all)| 4
str(192.0.2.1),table_conn_cnt(all)| 0
src,table_conn_cur(all)| 1
src,table_conn_rate(all)| 3
src,table_sess_cnt(other)| 1
src,table_sess_rate(other)| 1
src,table_http_req_cnt(all)| 3
src,table_http_req_rate(all)| 3
src,table_http_err_cnt(all)| 1
src,table_http_err_rate(all)| 1
src,table_http_fail_cnt(all)| 0
src,table_http_fail_rate(all)| 0
src,table_bytes_in_rate(all)| [1-9]\d+
src,table_bytes_out_rate(all)| \d{4}
src,table_kbytes_in(all)| 0
src,table_kbytes_out(all)| 1
src,table_glitch_cnt(all)| 0
src,table_glitch_rate(all)| 0
src,table_server_id(servers)| 0
src,table_server_id(all)|
src,table_inc_gpc0(all)| 1
src,table_inc_gpc1(all)| 1
src,table_gpc0(all)| 1
src,table_gpc1(all)| 1
src,table_gpc0_rate(all)| 4
src,table_gpc1_rate(all)| 4
src,table_clr_gpc0(all)| 1
src,table_clr_gpc1(all)| 1
src,table_gpt0(all)| 7
src,table_trackers(all)| 1
src,table_expire(all)| \d{5}
str(192.0.2.1),table_expire(all)|
str(192.0.2.1),table_expire(all,5)| 5
src,table_idle(all)| \d{1,4}
str(192.0.2.1),table_idle(all,6)| 6
ROWS

# With arrays; gpc0 and gpt0 are their first elements.
my @new = table(<<'ROWS');
sc_inc_gpc(1,0)| 1
src_inc_gpc(1)| 2
sc_get_gpc(1,0)| 2
src_get_gpc(1)| 2
sc_gpc_rate(1,0)| 2
src_gpc_rate(1)| 2
sc_clr_gpc(1,0)| 2
src_clr_gpc(1)| 0
sc_get_gpc(2,0)|
sc_get_gpt(1,0)| 9
src_get_gpt(1)| 9
sc0_get_gpt0| 8
sc0_inc_gpc0| 6
sc0_inc_gpc1| 1
sc0_get_gpc1| 1
sc0_gpc1_rate| 3
src,table_inc_gpc(1,arrays)| 2
src,table_gpc(1,arrays)| 2
src,table_gpc_rate(1,arrays)| 4
src,table_gpt(1,arrays)| 9
src,table_clr_gpc(1,arrays)| 2
src,table_gpc(2,arrays)|
ROWS

sub fields (@rows) {
	my $n = 0;
	return join '', map { "hdr X-@{[ $n++ ]} \"%[$_->[0]]\" " } @rows;
}
my $data = 'conn_cnt,conn_cur,conn_rate(10s),sess_cnt,sess_rate(10s),http_req_cnt,' .
    'http_req_rate(10s),http_err_cnt,http_err_rate(10s),http_fail_cnt,http_fail_rate(10s),' .
    'bytes_in_cnt,bytes_in_rate(10s),bytes_out_cnt,bytes_out_rate(10s),glitch_cnt,' .
    'glitch_rate(10s),gpc0,gpc0_rate(10s),gpc1,gpc1_rate(10s),gpt0';
my $w = Weir->new(defaults => 'http', binds => ['all', 'arrays'], cfg => <<"CFG");
global
	tune.bufsize 32768
	tune.maxrewrite 12000
	tune.http.maxhdr 400
	tune.stick-counters 5
frontend all
	bind "fd\@\${all}"
	stick-table type ip size 10 expire 30s store $data
	tcp-request connection track-sc1 src table other
	tcp-request content track-sc2 path table paths
	http-request track-sc0 src
	http-request sc-set-gpt0(0) 7
	http-request deny if { path /deny }
	http-request return status 200 @{[ fields(@old) ]} if { path /go }
	http-request return status 200 content-type text/plain string @{[ 'x' x 1000 ]}
backend other
	stick-table type ip size 20 store $data
backend paths
	stick-table type string size 20 store $data
backend servers
	stick-table type ip size 20 store server_id
frontend arrays
	bind "fd\@\${arrays}"
	stick-table type ip size 10 store gpc(2),gpc_rate(2,10s),gpt(2)
	http-request track-sc0 src
	http-request sc-set-gpt0(0) int(8)
	http-request sc-set-gpt(1,0) 9
	http-request sc-add-gpc(0,0) 3
	http-request sc-inc-gpc(0,0)
	http-request sc-inc-gpc0(0)
	http-request return status 200 @{[ fields(@new) ]}
CFG

sub compare ($r, @rows) {
	my $n = 0;
	is $r->{status}, 200, 'an answer';
	for (@rows) {
		my $got = $r->{h}{'x-' . $n++} // '';
		like $got, qr/^(?:$_->[1])$/, "$_->[0] => $_->[1]";
	}
}

my $c = $w->http('all');
is length $c->get('/first')->{body}, 1000, 'a request';
is $c->get('/deny')->{status}, 403, 'another one, denied';
compare($c->get('/go'), @old);
compare($w->http('arrays')->get('/'), @new);
done_testing;
