# httplog and tcplog, cause by cause: status, bytes, termination, timers as the
# reference lines say; the same events through Debian's haproxy (when there is one)
# give the same line, but for bytes, which version 3 counts otherwise.
use v5.36;
use Backend qw(:all);
use Cert;
use HAProxy;
use SyslogSink;
use Weir;
use Test::More;

my $srv = Backend->new({
	'/ok' => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	'/hang' => HANG, '/junk' => ["SSH-2.0-x\r\n\r\n", CLOSE], '/empty' => CLOSE,
	'/rst' => RST,
	'/cut' => ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", CLOSE],
	'/stall' => ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", HANG],
	'/full/hang' => HANG,
	'/slow' => [PAUSE(0.12), response(200, 'x')],
});
my $echo = Backend->echo;
my $CFG = <<'CFG';
global
	log "${LOG}" local0
defaults
	mode http
	log global
	option httplog
	retries 1
	timeout connect 100ms
	timeout client 400ms
	timeout server 300ms
	timeout http-request 200ms
	timeout queue 150ms
frontend f
	bind "fd@${fe}"
	http-request deny if { path /deny }
	http-request redirect location /x if { path /redirect }
	http-request return status 200 if { path /return }
	use_backend none if { path /none }
	use_backend refused if { path /refused }
	use_backend black if { path /black }
	use_backend full if { path_beg /full }
	default_backend be
backend be
	server s1 "${SRV}"
backend none
backend refused
	server s1 "${NO}"
backend black
	server s1 "${BLACK}"
backend full
	server s1 "${SRV}" maxconn 1
CFG
my @DONE = ('option http-keep-alive');

# Each returns with its connection closed; what comes back is not looked at.
sub get ($path) { return sub ($port) {
	my $c = RawHTTP->new(port => $port);
	$c->request("GET $path HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	return $c;
} }
sub raw ($bytes, $how = '') { return sub ($port) {
	my $c = RawHTTP->new(port => $port);
	$c->send($bytes);
	$c->close, return if $how eq 'close';
	$c->read_until_close;
	return $c;
} }
sub leave ($path, $code) { return sub ($port) {
	my $seen = scalar $srv->requests;
	my $c = RawHTTP->new(port => $port);
	$c->send("GET $path HTTP/1.1\r\nHost: a\r\n\r\n");
	Weir::poll(sub { $srv->requests > $seen });
	$code->($c);
	return;
} }
sub queued ($port) {
	my $seen = scalar $srv->requests;
	my $c = RawHTTP->new(port => $port);
	$c->send("GET /full/hang HTTP/1.1\r\nHost: a\r\n\r\n");
	Weir::poll(sub { $srv->requests > $seen });
	return (get('/full')->($port), $c);
}

# what, how, the whole line behind the frontend's name
my $T = qr{\d{1,2}};
my @ROWS = (
	[ 'ok', get('/ok'), "be/s1 0/0/0/0/0 200 43 - - ---- 1/1/0/0/0 0/0 \"GET /ok HTTP/1.1\"" ],
	[ 'slow', get('/slow'), 'be/s1 0/0/0/1NN/1NN 200 B - - ---- 1/1/0/0/0 0/0 "GET /slow HTTP/1.1"' ],
	[ 'deny', get('/deny'), 'f/<NOSRV> 0/-1/-1/-1/0 403 0 - - PR-- 1/1/0/0/0 0/0 "GET /deny HTTP/1.1"' ],
	[ 'redirect', get('/redirect'), 'f/<NOSRV> 0/-1/-1/-1/0 302 0 - - LR-- 1/1/0/0/0 0/0 "GET /redirect HTTP/1.1"' ],
	[ 'return', get('/return'), 'f/<NOSRV> 0/-1/-1/-1/0 200 0 - - LR-- 1/1/0/0/0 0/0 "GET /return HTTP/1.1"' ],
	[ 'no server', get('/none'), 'none/<NOSRV> 0/-1/-1/-1/0 503 0 - - SC-- 1/1/0/0/0 0/0 "GET /none HTTP/1.1"' ],
	[ 'refused', get('/refused'), 'refused/s1 0/0/-1/-1/1NN 503 0 - - SC-- 1/1/0/0/1 0/0 "GET /refused HTTP/1.1"' ],
	[ 'no connection', get('/black'), 'black/s1 0/0/-1/-1/2NN 503 0 - - sC-- 1/1/0/0/1 0/0 "GET /black HTTP/1.1"' ],
	[ 'server timeout', get('/hang'), 'be/s1 0/0/0/-1/3NN 504 0 - - sH-- 1/1/0/0/0 0/0 "GET /hang HTTP/1.1"' ],
	[ 'junk', get('/junk'), 'be/s1 0/0/0/-1/0 502 B - - PH-- 1/1/0/0/0 0/0 "GET /junk HTTP/1.1"' ],
	[ 'empty', get('/empty'), 'be/s1 0/0/0/-1/0 502 0 - - SH-- 1/1/0/0/0 0/0 "GET /empty HTTP/1.1"' ],
	[ 'server resets', get('/rst'), 'be/s1 0/0/0/-1/0 502 0 - - SH-- 1/1/0/0/0 0/0 "GET /rst HTTP/1.1"' ],
	[ 'cut', get('/cut'), 'be/s1 0/0/0/0/0 200 B - - SD-- 1/1/0/0/0 0/0 "GET /cut HTTP/1.1"' ],
	[ 'stalled', get('/stall'), 'be/s1 0/0/0/0/3NN 200 B - - sD-- 1/1/0/0/0 0/0 "GET /stall HTTP/1.1"' ],
	[ 'bad request', raw("GET / HTTP/1.1\r\nBad Name: x\r\n\r\n"), 'f/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"' ],
	[ 'half a request', raw("GET / HT"), 'f/<NOSRV> -1/-1/-1/-1/2NN 408 0 - - cR-- 1/1/0/0/0 0/0 "<BADREQ>"' ],
	[ 'left early', raw("GET / HT", 'close'), 'f/<NOSRV> -1/-1/-1/-1/0 400 0 - - CR-- 1/1/0/0/0 0/0 "<BADREQ>"' ],
	[ 'left without a byte', raw('', 'close'), 'f/<NOSRV> -1/-1/-1/-1/0 400 0 - - CR-- 1/1/0/0/0 0/0 "<BADREQ>"' ],
	[ 'said nothing', raw(''), 'f/<NOSRV> -1/-1/-1/-1/2NN 408 0 - - cR-- 1/1/0/0/0 0/0 "<BADREQ>"' ],
	[ 'reset while waiting', leave('/hang', sub ($c) { $c->reset }), 'be/s1 0/0/0/-1/N 400 0 - - CH-- 1/1/0/0/0 0/0 "GET /hang HTTP/1.1"' ],
	[ 'left in the upload', raw("POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf", 'close'), 'be/s1 0/0/0/-1/N 400 0 - - CD-- 1/1/0/0/0 0/0 "POST /ok HTTP/1.1"' ],
	[ 'reset in the body', leave('/stall', sub ($c) { $c->read_bytes(40); $c->reset }), 'be/s1 0/0/0/0/N 200 B - - CD-- 1/1/0/0/0 0/0 "GET /stall HTTP/1.1"' ],
	[ 'queue timeout', \&queued, 'full/<NOSRV> 0/1NN/-1/-1/1NN 503 0 - - sQ-- 2/2/1/0/0 0/1 "GET /full HTTP/1.1"' ],
	[ 'escapes', get('/ok?q="#{|}' =~ tr/"#{|}//dr . '%22'), 'be/s1 0/0/0/0/0 200 43 - - ---- 1/1/0/0/0 0/0 "GET /ok?q=%22 HTTP/1.1"' ],
);

# Makes a pattern: timers of 0 may be some ms, N a digit, B a number.
sub pattern ($row) {
	my ($server, $timers, $rest) = split / /, $row, 3;
	$timers = join '/', map { $_ eq '0' || $_ eq 'N' ? '\d{1,2}' : s/(\d)NN/'(?:' . ($1 - 1) . '9\\d|' . $1 . '\\d\\d)'/er } split m{/}, $timers;
	$rest = quotemeta $rest;
	$rest =~ s/^(\d+)\\ B/$1\\ \\d+/;
	# of the backend's and the server's connections: with or without this one
	$rest =~ s{(\d)\\/(\d)\\/\d\\/\d\\/(\d)}{$1/$2/[0-2]/[0-2]/$3};
	$server = quotemeta $server;
	return qr{^f $server $timers $rest$};
}
my $PREFIX = qr{^<134>\w{3} [ \d]\d \d\d:\d\d:\d\d \S+\[\d+\]: 127\.0\.0\.1:\d+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] };

my $log = SyslogSink->new;
my %env = (SRV => $srv->addr, NO => '127.0.0.1:' . Weir->refused_port,
    BLACK => '127.0.0.1:' . Weir->blackhole_port);
my $w = Weir->new(defaults => undef, binds => ['fe'], env => { %env, LOG => $log->addr }, cfg => $CFG);

# --- Debian's haproxy beside it ------------------------------------------------

my $log2 = SyslogSink->new;
my $peer = HAProxy->new(file => $w->file('t.cfg'), binds => ['fe'],
    env => { %env, LOG => $log2->addr });

# bytes and counts of connections apart: their rules differ by version
sub shape ($line) {
	my ($px, $server, $timers, $status, $bytes, $c1, $c2, $flags, $counts, $queue, $rest) =
	    split / /, $line =~ s/$PREFIX//r, 11;
	$timers = join '/', map { $_ eq '-1' ? $_ : $_ < 60 ? 0 : int($_ / 100 + 0.3) } split m{/}, $timers;
	return join ' ', $px, $server, $timers, $status, $flags, $rest;
}

# Where version 3, or weir by choice, says something else than version 2.6
my %DIFFERS = (
	'reset while waiting' => 'waits for the server there',
	'reset in the body' => 'waits for the server there',
	'left in the upload' => 'has no status there',
);
for (@ROWS) {
	my ($name, $do, $row) = @$_;
	$w->wait_for(sub { $w->stat('f', 'FRONTEND')->{scur} == 0 }, 5, 'the last client to be gone');
	$log->forget;
	my @open = $do->($w->port('fe'));
	my $line = $log->find(qr/ "[^"]*"$/) // '';
	chomp $line;
	like $line, $PREFIX, "$name: prefix";
	like $line =~ s/$PREFIX//r, pattern($row), $name;
	@open = ();
	$log->lines(1, 0.5) if $name eq 'queue timeout';
	next unless $peer;
	$log2->forget;
	@open = $do->($peer->port('fe'));
	my $theirs = $log2->find(qr/ "[^"]*"$/) // '';
	@open = ();
	$log2->lines(1, 0.5) if $name eq 'queue timeout';
	chomp $theirs;
	is shape($line), shape($theirs), "$name: as haproxy" unless $DIFFERS{$name};
	diag "weir    $line\nhaproxy $theirs" if $ENV{SHOW};
}
is $w->stop, 143;

# Who sends no byte is not logged with these; the next client is.
for my $option ('dontlognull', 'http-ignore-probes') {
	$log->forget;
	my $v = Weir->new(defaults => undef, binds => ['fe'], env => { %env, LOG => $log->addr },
	    cfg => $CFG =~ s/httplog/httplog\n\toption $option/r);
	raw('', 'close')->($v->port('fe'));
	$v->wait_for(sub { $v->stat('f', 'FRONTEND')->{scur} == 0 });
	get('/deny')->($v->port('fe'));
	like +($log->lines)[0], qr/deny/, "$option: a silent connection is not logged";
	is $v->stop, 143;
}
done_testing;
