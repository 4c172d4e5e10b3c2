# The Prometheus exporter: names and labels of HAProxy's, histograms, scopes; what
# promtool says of it, and what a real Prometheus makes of it.
use v5.36;
use Backend qw(:all);
use IO::Socket::IP;
use JSON::PP;
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/slow' => [PAUSE(0.05), response(200, 'x')] });
my $w = Weir->new(defaults => 'http', binds => [qw(fe1 tcp1)], env => { SRV => $srv->addr },
    cfg => <<'CFG');
frontend www
	bind "fd@${fe1}"
	http-request use-service prometheus-exporter if { path /metrics }
	default_backend app
backend app
	stick-table type ip size 100
	server s1 "${SRV}" check inter 10s
	server s2 127.0.0.1:1 disabled
	server s3 127.0.0.1:1 weight 3 maxconn 9 backup
listen t
	mode tcp
	bind "fd@${tcp1}"
	server t1 "${SRV}"
CFG
$w->wait_status('app', 's1', 'UP');
my $c = $w->http('fe1');
$c->get($_) for '/a', '/a', '/slow';

my $r = $c->get('/metrics');
is $r->{status}, 200, 'scraped';
is $r->{h}{'content-type'}, 'text/plain; version=0.0.4', 'its type';
my (%value, %type, %help, @order, %seen_end);
for (split /\n/, $r->{body}) {
	if (/^# HELP (\w+) \S/) { $help{$1}++ }
	elsif (/^# TYPE (\w+) (\w+)$/) { $type{$1} = $2; push @order, $1 }
	elsif (/^(\w+(?:\{.*\})?) (\S+)$/) { $value{$1} = $2 }
	else { fail "a line: $_" }
}
is_deeply [grep { $_ != 1 } values %help], [], 'each name has one head';
is keys %help, keys %type, 'with a type';
is $value{'haproxy_backend_http_responses_total{proxy="app",code="2xx"}'}, 3, 'a counter';
is $value{'haproxy_frontend_status{proxy="www",state="UP"}'}, 1, 'state of a frontend';
is $value{'haproxy_server_status{proxy="app",server="s2",state="MAINT"}'}, 1, 'of a server';
is $value{'haproxy_server_status{proxy="app",server="s2",state="UP"}'}, 0, 'and of no other';
is $value{'haproxy_server_check_status{proxy="app",server="s1",state="L4OK"}'}, 1, 'a check';
is $value{'haproxy_backend_agg_server_status{proxy="app",state="UP"}'}, 2, 'servers up';
is $value{'haproxy_backend_agg_check_status{proxy="app",state="L4OK"}'}, 1, 'checks passed';
is $value{'haproxy_server_limit_sessions{proxy="app",server="s3"}'}, 9, 'a limit';
is $value{'haproxy_server_limit_sessions{proxy="app",server="s1"}'}, 'NaN', 'and none';
is $value{'haproxy_process_nbthread'}, $w->info->{Nbthread}, 'of the process';
like join(' ', keys %value), qr/haproxy_process_build_info\{version="3\.3\.0-weir/, 'its version';
ok !exists $value{'haproxy_frontend_http_requests_rate_max{proxy="t"}'} ||
    $type{haproxy_frontend_http_requests_rate_max}, 'TCP mode';
ok !exists $value{'haproxy_server_http_responses_total{proxy="t",server="t1",code="2xx"}'},
    'no statuses in TCP mode';

# the names of HAProxy 2.6's exporter, less those of what weir does not have
my @expected = qw(
    frontend: current_sessions max_sessions limit_sessions sessions_total bytes_in_total
    bytes_out_total requests_denied_total responses_denied_total request_errors_total status
    limit_session_rate max_session_rate http_responses_total http_requests_rate_max
    http_requests_total http_comp_bytes_in_total http_comp_bytes_out_total
    http_comp_bytes_bypassed_total http_comp_responses_total connections_rate_max
    connections_total intercepted_requests_total denied_connections_total denied_sessions_total
    failed_header_rewriting_total http_cache_lookups_total http_cache_hits_total
    internal_errors_total
    backend: current_queue max_queue current_sessions max_sessions limit_sessions sessions_total
    bytes_in_total bytes_out_total requests_denied_total responses_denied_total
    connection_errors_total response_errors_total retry_warnings_total redispatch_warnings_total
    status weight active_servers backup_servers check_up_down_total check_last_change_seconds
    downtime_seconds_total loadbalanced_total max_session_rate http_responses_total
    http_requests_total client_aborts_total server_aborts_total http_comp_bytes_in_total
    http_comp_bytes_out_total http_comp_bytes_bypassed_total http_comp_responses_total
    last_session_seconds queue_time_average_seconds connect_time_average_seconds
    response_time_average_seconds total_time_average_seconds failed_header_rewriting_total
    connection_attempts_total connection_reuses_total http_cache_lookups_total
    http_cache_hits_total max_queue_time_seconds max_connect_time_seconds
    max_response_time_seconds max_total_time_seconds internal_errors_total uweight
    agg_server_status agg_server_check_status agg_check_status
    server: current_queue max_queue current_sessions max_sessions limit_sessions sessions_total
    bytes_in_total bytes_out_total responses_denied_total connection_errors_total
    response_errors_total retry_warnings_total redispatch_warnings_total status weight
    check_failures_total check_up_down_total check_last_change_seconds downtime_seconds_total
    queue_limit current_throttle loadbalanced_total max_session_rate check_status
    check_duration_seconds http_responses_total client_aborts_total server_aborts_total
    last_session_seconds queue_time_average_seconds connect_time_average_seconds
    response_time_average_seconds total_time_average_seconds failed_header_rewriting_total
    connection_attempts_total connection_reuses_total idle_connections_current
    idle_connections_limit max_queue_time_seconds max_connect_time_seconds
    max_response_time_seconds max_total_time_seconds internal_errors_total
    unsafe_idle_connections_current safe_idle_connections_current used_connections_current
    need_connections_current uweight);
my ($scope, @names) = ('');
push @names, "haproxy_$_->[0]_$_->[1]"
    for map { /(.*):$/ ? do { $scope = $1; () } : [$scope, $_] } @expected;
is_deeply [grep { /^haproxy_(frontend|backend|server)/ } @order], \@names,
    "HAProxy's names in its order";

is $value{'haproxy_sticktable_size{name="app",type="ip"}'}, 100, 'a stick table';
is $value{'haproxy_sticktable_used{name="app",type="ip"}'}, 0, 'is empty';

# --- histograms
my $h = 'weir_backend_total_duration_seconds';
is $type{$h}, 'histogram', 'a histogram';
my @buckets = map { $value{qq($h\_bucket{proxy="app",le="$_"})} } '0.000128', '0.016384', '0.032768',
    '0.131072', '67.108864', '+Inf';
is_deeply [@buckets[4, 5]], [3, 3], 'all requests are below a minute';
cmp_ok $buckets[2], '<', 3, 'one took its time';
is_deeply [sort { $a <=> $b } @buckets], \@buckets, 'buckets only grow';
is $value{"${h}_count{proxy=\"app\"}"}, 3, 'their number';
cmp_ok $value{"${h}_sum{proxy=\"app\"}"}, '>', 0.048, 'their sum';
is $value{'weir_server_total_duration_seconds_count{proxy="app",server="s1"}'}, 3, 'of a server';
is $value{'weir_server_ejected{proxy="app",server="s1"}'}, 0, 'not ejected';

# --- what may be asked for
sub names ($query) {
	my $body = $c->get("/metrics$query")->{body};
	my %n = map { $_ => 1 } $body =~ /^# TYPE [a-z]+_([a-z]+)/gm;
	return ($body, join ' ', sort keys %n);
}
is +(names('?scope=global'))[1], 'build process', 'scope=global';
is +(names('?scope=frontend&scope=server'))[1], 'frontend server', 'two scopes';
is +(names('?scope='))[1], '', 'none';
is $c->get('/metrics?scope=nothing')->{status}, 400, 'no such scope';
unlike +(names('?no-maint'))[0], qr/server="s2"/, 'no-maint';
like +(names('?extra-counters'))[0], qr/^weir_frontend_http1_requests_total\{proxy="www"\} [1-9]/m,
    'extra-counters';
unlike $r->{body}, qr/http1_requests/, 'which are extra';
like $c->request("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n")->{status}, qr/^200$/, 'HEAD';

is Weir->check("frontend f\n mode http\n bind :1\n http-request use-service prometheus-exportre\n")
    ->{code}, 1, 'no such service';
like Weir->check("frontend f\n mode http\n bind :1\n http-request use-service prometheus-exportre\n")
    ->{err}, qr/Did you mean 'prometheus-exporter' maybe \?/, 'but one like it';

# --- promtool and Prometheus
SKIP: {
	skip 'promtool is not installed (package prometheus)', 1 unless -x '/usr/bin/promtool';
	$w->write_file('metrics', $c->get('/metrics?extra-counters')->{body});
	my $lint = `promtool check metrics <@{[ $w->file('metrics') ]} 2>&1`;
	is "$?$lint", '0', 'promtool has nothing to say';
}
SKIP: {
	skip 'Prometheus is not installed (package prometheus)', 2 unless -x '/usr/bin/prometheus';
	my $port = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 1)
	    ->sockport;	# free again now
	$w->write_file('prom.yml', <<"YML");
scrape_configs:
  - job_name: weir
    scrape_interval: 100ms
    scrape_timeout: 100ms
    static_configs: [{ targets: ['127.0.0.1:@{[ $w->port('fe1') ]}'] }]
YML
	my $dir = $w->dir;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDOUT, '>', "$dir/prom.log";
		open STDERR, '>&', \*STDOUT;
		exec 'prometheus', "--config.file=$dir/prom.yml", "--storage.tsdb.path=$dir/tsdb",
		    "--web.listen-address=127.0.0.1:$port";
		exit 127;
	}
	my $query = sub ($q) {
		my $out = `curl -gs -m 2 'http://127.0.0.1:$port/api/v1/query?query=$q'`;
		my $r = eval { decode_json($out)->{data}{result}[0]{value}[1] };
		return $r;
	};
	ok $w->wait_for(sub { ($query->('up') // '') eq '1' }, 20, 'a scrape'), 'Prometheus scrapes';
	cmp_ok $query->('histogram_quantile(0.99,weir_backend_total_duration_seconds_bucket{proxy=%22app%22})') // 0, '>',
	    0.03, 'and computes a percentile';
	kill TERM => $pid;
	waitpid $pid, 0;
}
done_testing;
