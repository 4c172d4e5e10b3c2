# ab and wrk in front, nginx behind: kept and fresh connections, TLS, uploads,
# pipelines; nothing fails, and weir counted what they counted.
use v5.36;
use Cert;
use Nginx;
use Weir;
use Test::More;

my $ng = Nginx->new(listen => ['a'], format => '$status', http => <<'CONF');
server {
	listen @a@; root @DIR@; keepalive_requests 100;
	location / { access_log off; }
	location = /hello { access_log off; return 200 "hello\n"; }
	location = /post { access_log off; proxy_pass http://@a@/hello; }
}
CONF
$ng->write_file('10k.bin', 'x' x 10_240);
my $pem = Cert->self_signed($ng->file('x.pem'));
my $w = Weir->new(defaults => 'http', binds => [qw(f tls)],
    env => { SRV => $ng->addr('a'), PEM => $pem }, cfg => <<'CFG');
global
	nbthread 2
frontend f
	bind "fd@${f}"
	bind "fd@${tls}" ssl crt "${PEM}"
	default_backend b
backend b
	server s1 "${SRV}"
CFG
my $https = 'https://127.0.0.1:' . $w->port('tls');
my $requests = 0;

# The figures of ab's report
sub ab ($what, $n, @args) {
	my $r = Weir::run_command('ab', '-q', '-s', 10, '-n', $n, @args);
	my %got = $r->{out} =~ /^([A-Z][\w ,-]+?): +(\d+)/mg;
	is_deeply [$r->{code}, @got{'Complete requests', 'Failed requests'}, $got{'Non-2xx responses'}],
	    [0, $n, 0, undef], "ab, $what" or diag $r->{out}, $r->{err};
	$requests += $got{'Complete requests'} // 0;
	return \%got;
}

SKIP: {
	skip 'no ab', 1 unless -x '/usr/bin/ab';
	my $url = $w->url('f', '/hello');
	is ab('kept', 2000, '-k', '-c', 8, $url)->{'Keep-Alive requests'}, 2000, 'all kept';
	is ab('fresh', 500, '-c', 8, $url)->{'Keep-Alive requests'}, undef, 'none kept';
	is ab('10 kB', 500, '-k', '-c', 32, $w->url('f', '/10k.bin'))->{'Document Length'}, 10_240, 'whole';
	ab('HEAD', 200, '-k', '-c', 4, '-i', $url);
	ab('POST', 200, '-k', '-c', 4, '-p', $ng->file('10k.bin'), '-T', 'text/plain', $w->url('f', '/post'));
	ab('TLS, kept', 500, '-k', '-c', 8, "$https/hello");
	ab('TLS, fresh', 50, '-c', 4, "$https/hello");
	is $w->stat('f', 'FRONTEND')->{req_tot}, $requests, 'weir counted as many';
}

# wrk says how many it had whole; what was under way at its end is not in that.
my %script = (pipeline => <<'LUA', upload => <<'LUA2');
init = function(args)
	local r = {}
	for i = 1, 10 do r[i] = wrk.format("GET", "/hello") end
	all = table.concat(r)
end
request = function() return all end
LUA
wrk.method = "POST"
wrk.body = string.rep("x", 20000)
wrk.path = "/post"
LUA2
sub wrk ($what, @args) {
	my $before = $w->stat('f', 'FRONTEND');
	# It counts whole seconds only; at SIGINT it ends with its report.
	my $r = Weir::run_command(qw(timeout --preserve-status -s INT 0.3),
	    qw(wrk -t 1 -d 2s --timeout 5s), @args);
	is $r->{code}, 0, "wrk, $what" or diag $r->{out}, $r->{err};
	my ($n) = $r->{out} =~ /(\d+) requests in/;
	cmp_ok $n // 0, '>=', 50, 'requests';
	unlike $r->{out}, qr/Socket errors|Non-2xx/, 'no errors' or diag $r->{out};
	my $after = $w->stat('f', 'FRONTEND');
	cmp_ok $after->{hrsp_2xx} - $before->{hrsp_2xx}, '>=', $n // 0, 'weir counted them';
}

SKIP: {
	skip 'no wrk', 1 unless -x '/usr/bin/wrk';
	$w->write_file("$_.lua", $script{$_}) for keys %script;
	wrk('kept', '-c', 8, $w->url('f', '/hello'));
	wrk('fresh', '-c', 8, '-H', 'Connection: close', $w->url('f', '/hello'));
	wrk('pipelines of ten', '-c', 4, '-s', $w->file('pipeline.lua'), $w->url('f', '/hello'));
	wrk('uploads', '-c', 4, '-s', $w->file('upload.lua'), $w->url('f', '/post'));
	wrk('TLS', '-c', 8, "$https/10k.bin");
}
# wrk ends in the middle of requests: those are 400 and the client's own fault.
my $s = $w->stat('b', 's1');
is "$s->{econ} $s->{eresp} $s->{hrsp_5xx}", '0 0 0', 'no error of the server';
is $w->stat('f', 'FRONTEND')->{hrsp_5xx}, 0, 'nor of weir';
is $w->stop, 143;
done_testing;
