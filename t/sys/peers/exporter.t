# prometheus-haproxy-exporter of Debian scrapes the stats socket; a parser as
# strict as telegraf's reads show stat; socat asks.
use v5.36;
use Backend qw(:all);
use Socat;
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/no' => response(404, 'n') });
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'tcp1'], env => { SRV => $srv->addr },
    cfg => <<'CFG');
frontend www
	bind "fd@${fe1}"
	default_backend app
listen tcp
	mode tcp
	bind "fd@${tcp1}"
	server t1 "${SRV}" maxconn 5
backend app
	server web-1 "${SRV}" check inter 1h
	server web-2 127.0.0.1:1 disabled
backend nobody
CFG
$w->http('fe1')->get('/a') for 1 .. 7;
$w->http('fe1')->get('/no');
ok $w->wait_status('app', 'web-1', 'UP'), 'the server is up';
my $path = $w->path('WEIR_T_STATS');

# --- as telegraf does: each row has as many fields as the header, empty ones are
# skipped, numbers are numbers
{
	my @lines = split /\n/, $w->cli('show stat');
	my @names = split /,/, $lines[0] =~ s/^# //r, -1;
	my @number = grep { !/^(pxname|svname|status|check_status|last_chk|last_agt|agent_status
	    |check_desc|agent_desc|addr|cookie|mode|algo|tracked|proto|-|)$/x } @names;
	my (@width, @text);
	for (@lines[1 .. $#lines]) {
		my @f;
		push @f, $1 =~ s/^"(.*)"$/$1/r =~ s/""/"/gr while /\G("(?:[^"]|"")*"|[^,"]*)(?:,|$)/gc && pos() <= length;
		pop @f while @f > @names && $f[-1] eq '';
		push @width, scalar @f if @f != @names;
		my %r;
		@r{@names} = @f;
		push @text, "$_=$r{$_}" for grep { ($r{$_} // '') !~ /^(-?\d+)?$/ } @number;
	}
	is_deeply \@width, [], 'each row has the columns of the header';
	is_deeply \@text, [], 'numbers are numbers';
}

# --- socat
is Weir::run_command('sh', '-c', "echo 'show backend' | socat - UNIX-CONNECT:$path")->{out},
    "# name\ntcp\napp\nnobody\n\n", 'socat';
is Weir::run_command('sh', '-c',
    "printf 'show version;get weight app/web-1\n' | socat -t5 - UNIX-CONNECT:$path")->{out} =~ /\(initial 1\)/,
    1, 'two commands';

# --- the exporter
SKIP: {
	my $bin = '/usr/bin/prometheus-haproxy-exporter';
	skip 'no prometheus-haproxy-exporter here', 8 unless -x $bin;
	my $log = $w->file('exporter.log');
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDERR, '>', $log;
		open STDOUT, '>&', \*STDERR;
		exec { $bin } $bin, "--haproxy.scrape-uri=unix:$path",
		    '--web.listen-address=127.0.0.1:0' or POSIX::_exit(127);
	}
	my $port;
	$w->wait_for(sub { ($port) = $w->read_file('exporter.log') =~ /address=127\.0\.0\.1:(\d+)/ }, 10,
	    'the exporter');
	ok $port, 'the exporter listens' or diag $w->read_file('exporter.log');
	my $m = Weir::run_command('curl', '-sS', '--max-time', 10, "http://127.0.0.1:$port/metrics")->{out};
	kill 'TERM', $pid;
	waitpid $pid, 0;
	like $m, qr/^haproxy_up 1$/m, 'haproxy_up';
	like $m, qr/^haproxy_exporter_csv_parse_failures_total 0$/m, 'no row is unreadable';
	like $m, qr/^haproxy_frontend_http_requests_total\{frontend="www"\} 8$/m, 'requests of a frontend';
	like $m, qr/^haproxy_server_up\{backend="app",server="web-1"\} 1$/m, 'a server that is up';
	like $m, qr/^haproxy_server_up\{backend="app",server="web-2"\} 0$/m, 'one in maintenance';
	like $m, qr/^haproxy_backend_http_responses_total\{backend="app",code="4xx"\} 1$/m, 'responses';
	like $m, qr/^haproxy_version_info\{.*version="3\.3\.0-weir/m, 'its version';
}
done_testing;
