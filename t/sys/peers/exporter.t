# prometheus-haproxy-exporter of Debian scrapes the stats socket; a parser as
# strict as telegraf's reads show stat; socat asks.
use v5.36;
use Backend qw(:all);
use Peer;
use Socat;
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/no' => response(404, 'n') });
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'tcp1', 'page'], env => { SRV => $srv->addr },
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
backend odd
	option httpchk GET /no
	http-check expect status 200 on-error 'say "no", please'
	server web-3 "${SRV}" check inter 100 fall 1
backend nobody
frontend page
	bind "fd@${page}"
	stats enable
	stats uri /s
CFG
$w->http('fe1')->get('/a') for 1 .. 7;
$w->http('fe1')->get('/no');
ok $w->wait_status('app', 'web-1', 'UP'), 'a server is up';
ok $w->wait_status('odd', 'web-3', 'DOWN'), 'another one down';
my $path = $w->path('WEIR_T_STATS');

# --- as telegraf does: each row has as many fields as the header, empty ones are
# skipped, numbers are numbers
# One record of CSV, as encoding/csv of Go reads it: a quote only around a whole field
sub fields ($line) {
	my @f;
	while (1) {
		if ($line =~ /\G"((?:[^"]|"")*)"/gc) {
			push @f, $1 =~ s/""/"/gr;
		} else {
			$line =~ /\G([^,"]*)/gc;
			push @f, $1;
		}
		next if $line =~ /\G,/gc;
		die "not CSV: $line" if (pos $line // 0) != length $line;
		return @f;
	}
}
for my $from ('the socket', 'the page') {
	my $text = $from eq 'the socket' ? $w->cli('show stat') : $w->http('page')->get('/s;csv')->{body};
	my @lines = grep { length } split /\n/, $text;
	like $lines[0], qr/^# pxname,svname,/, "$from: the header";
	my @names = fields($lines[0] =~ s/^# //r);
	my @number = grep { !/^(pxname|svname|status|check_status|last_chk|last_agt|agent_status
	    |check_desc|agent_desc|addr|cookie|mode|algo|tracked|proto|-|)$/x } @names;
	my (@width, @text, %seen);
	for (@lines[1 .. $#lines]) {
		my @f = fields($_);
		push @width, scalar @f if @f != @names;
		my %r;
		@r{@names} = @f;
		$seen{"$r{pxname}/$r{svname}"} = \%r;
		push @text, "$_=$r{$_}" for grep { ($r{$_} // '') !~ /^(-?\d+)?$/ } @number;
	}
	is_deeply \@width, [], 'each row has exactly the columns of the header';
	is_deeply \@text, [], 'numbers are numbers';
	is scalar(keys %seen), @lines - 1, 'no row is there twice';
	is $seen{'app/web-1'}{stot}, 8, 'a value in its column';
	is $seen{'odd/web-3'}{status}, 'DOWN', 'and behind commas and quotes';
	like $seen{'odd/web-3'}{last_chk}, qr/^say "no", please/, 'which are read as they were';
}

# --- socat
is Weir::run_command('sh', '-c', "echo 'show backend' | socat - UNIX-CONNECT:$path")->{out},
    "# name\ntcp\napp\nodd\nnobody\n\n", 'socat';
is Weir::run_command('sh', '-c',
    "printf 'show version;get weight app/web-1\n' | socat -t5 - UNIX-CONNECT:$path")->{out} =~ /\(initial 1\)/,
    1, 'two commands';

# --- the exporter, over this socket and over HAProxy's
my $bin = '/usr/bin/prometheus-haproxy-exporter';
sub scrape ($socket) {
	my $log = $w->write_file('exporter.log', '');
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDERR, '>', $log;
		open STDOUT, '>&', \*STDERR;
		exec { $bin } $bin, "--haproxy.scrape-uri=unix:$socket",
		    '--web.listen-address=127.0.0.1:0' or POSIX::_exit(127);
	}
	my $port;
	$w->wait_for(sub { ($port) = $w->read_file('exporter.log') =~ /address=127\.0\.0\.1:(\d+)/ }, 10,
	    'the exporter');
	ok $port, 'the exporter listens' or diag $w->read_file('exporter.log');
	my $m = Weir::run_command('curl', '-sS', '--max-time', 10, "http://127.0.0.1:$port/metrics")->{out};
	kill 'TERM', $pid;
	waitpid $pid, 0;
	return $m;
}
# Names with the labels' names, without values: of HAProxy's own, not of Go's
sub families ($m) {
	my %f;
	for (grep { /^haproxy_/ && !/^haproxy_(exporter|version)/ } split /\n/, $m) {
		my ($name, $labels) = /^(\w+)(?:\{(.*)\})? /;
		$f{join ' ', $name, ($labels // '') =~ /(\w+)=/g} = 1;
	}
	return [sort keys %f];
}
SKIP: {
	skip 'no prometheus-haproxy-exporter here', 8 unless -x $bin;
	my $m = scrape($path);
	like $m, qr/^haproxy_up 1$/m, 'haproxy_up';
	like $m, qr/^haproxy_exporter_csv_parse_failures_total 0$/m, 'no row is unreadable';
	like $m, qr/^haproxy_frontend_http_requests_total\{frontend="www"\} 8$/m, 'requests of a frontend';
	like $m, qr/^haproxy_server_up\{backend="app",server="web-1"\} 1$/m, 'a server that is up';
	like $m, qr/^haproxy_server_up\{backend="app",server="web-2"\} 0$/m, 'one in maintenance';
	like $m, qr/^haproxy_server_up\{backend="odd",server="web-3"\} 0$/m, 'one that is down';
	like $m, qr/^haproxy_backend_http_responses_total\{backend="app",code="4xx"\} 1$/m, 'responses';
	like $m, qr/^haproxy_version_info\{.*version="3\.3\.0-weir/m, 'its version';
	skip 'no haproxy here', 2 unless -x '/usr/sbin/haproxy';
	my $p = Peer->new;
	my $socket = $p->file('s');
	my $conf = $p->write_file('cfg', "global\n\tstats socket $socket\ndefaults\n\tmode http\n"
	    . "\ttimeout client 1s\n\ttimeout connect 1s\n\ttimeout server 1s\n"
	    . "frontend www\n\tbind unix\@@{[ $p->file('f') ]}\n\tdefault_backend app\n"
	    . "backend app\n\tserver web-1 127.0.0.1:1\n");
	$p->start($p->file('s'), '/usr/sbin/haproxy', '-db', '-f', $conf);
	my %ours = map { $_ => 1 } @{ families($m) };
	my @theirs = @{ families(scrape($socket)) };
	cmp_ok scalar(@theirs), '>', 40, 'metrics of HAProxy';
	is_deeply [grep { !$ours{$_} } @theirs], [], 'none of them is missing here';
}
done_testing;
