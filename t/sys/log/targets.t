# Where lines go: UDP, unix datagrams, stdout, a descriptor; levels and lengths;
# captures and escapes; targets that are gone or full never hold anybody up.
use v5.36;
use Backend qw(:all);
use Fcntl qw(F_SETFD);
use Load;
use SyslogSink;
use Weir;
use Test::More;

my $srv = Backend->new(response(200, "hello\n", 'X-Back: a{b"c'));
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $udp = SyslogSink->new;
my $unix = SyslogSink->new(path => "$dir/log.sock");
my $full = SyslogSink->new(path => "$dir/full.sock");
my $w = Weir->new(defaults => 'http', binds => [qw(fe short errs hung bare)], env => {
	UDP => $udp->addr, UNIX => $unix->addr, FULL => $full->addr, SRV => $srv->addr,
    }, cfg => <<'CFG');
global
	log-tag tagged
defaults
	mode http
	option httplog
	timeout connect 5s
	timeout client 10s
	timeout server 10s
frontend fe
	bind "fd@${fe}"
	log "${UDP}" local0
	log "${UDP}" format rfc5424 local1
	log "${UNIX}" len 80 local2
	log stdout format raw local3 info
	log stdout format short daemon
	capture request header User-Agent len 16
	capture request header X-None len 10
	capture response header X-Back len 10
	default_backend be
frontend short
	bind "fd@${short}"
	log "${UDP}" local0
	log-format "%ci %ST %[req.hdr(x-odd)] %{+Q}r"
	http-request deny deny_status 429 if { path /deny }
	default_backend be
frontend errs
	bind "fd@${errs}"
	log "${UDP}" local0 err
	option log-separate-errors
	http-request return status 200 if { path /fine }
	default_backend none
frontend hung
	bind "fd@${hung}"
	log "${FULL}" local0
	log "${DIR}/none.sock" local0
	log 127.0.0.1:9 local0
	default_backend be
frontend bare
	bind "fd@${bare}"
	no option httplog
	log "${UDP}" local0
	default_backend be
backend be
	server s1 "${SRV}"
backend none
CFG

my $c = $w->http('fe');
$c->get('/a', "User-Agent: curl\"\xff{|}# and more than 16");
my $line = $udp->find(qr/^<134>/) // '';
like $line, qr/^<134>\w{3} [ \d]\d \d\d:\d\d:\d\d tagged\[@{[ $w->pid ]}\]: 127/, 'RFC 3164';
like $line, qr| \{curl#22#FF#7B#7C#7D#23 and\|\} \{a#7Bb#22c\} "GET /a HTTP/1.1"\n\z|, 'captures, escaped'
    or diag $line;
like $udp->find(qr/^<142>1 /) // '',
    qr/^<142>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:[+-]\d\d:\d\d|Z) \S+ tagged \d+ - - 127/, 'RFC 5424';
my $cut = $unix->find(qr/^<150>/) // '';
is length $cut, 80, 'a unix socket, cut at len';
ok $w->wait_for(sub { $w->stdout =~ /^127\.0\.0\.1:\d+ \[.*"GET \/a/m }), 'stdout, raw';
like $w->stdout, qr/^<6>127/m, 'stdout, short';

$c = $w->http('short');
is $c->request("GET /deny HTTP/1.1\r\nHost: a\r\nX-Odd: a\tb\"\r\n\r\n")->{status}, 429;
like $udp->find(qr/ 429 /) // '', qr{\]: 127\.0\.0\.1 429 a#09b#22 "GET /deny HTTP/1\.1"\n\z}, 'log-format';

$c = $w->http('errs');
is $c->get('/fine')->{status}, 200;
is $c->get('/bad')->{status}, 503;
like $udp->find(qr/ errs /) // '', qr/^<131>.* 503 /, 'separate errors pass a limit of err, others do not';

$c = $w->http('bare');
is $c->get->{status}, 200;
like $udp->find(qr/Connect from/) // '', qr{\]: Connect from 127\.0\.0\.1:@{[ $c->local_port ]} to 127\.0\.0\.1:@{[ $w->port('bare') ]} \(bare/HTTP\)\n\z},
    'without a format: a line at accept';

# A datagram socket whose reader sleeps, one that does not exist, a closed port.
my $dropped = $w->info->{DroppedLogs};
my $load = Load->new(port => $w->port('hung'), conns => 4, body => "hello\n", requests => 4000);
ok $load->wait_ok(3500), 'requests go on';
my $r = $load->stop;
is $r->{lost} + $r->{ka}, 0, 'none is lost';
cmp_ok $r->{max_ms}, '<', 500 * $Weir::PATIENCE, 'none waits';
ok $w->wait_for(sub { $w->info->{DroppedLogs} > $dropped }), 'lines that nobody takes are counted';

# The reader of a unix socket goes away and comes back.
undef $unix;
unlink "$dir/log.sock";
is $w->http('fe')->get('/gone')->{status}, 200;
$unix = SyslogSink->new(path => "$dir/log.sock");
my $n = 0;
ok $w->wait_for(sub { $w->http('fe')->get('/back' . $n++); $unix->find(qr/./, 0.05) }),
    'a socket that comes back is found again';

# halog counts what it reads
SKIP: {
	skip 'no halog', 2 unless -x '/usr/bin/halog' || -x '/usr/sbin/halog';
	$w->http('fe')->get("/h$_") for 1 .. 5;
	$udp->find(qr{ /h5 });
	my @lines = map { s/^<134>(\w+ +\d+ [\d:]+) /$1 host /r } grep { /^<134>.* fe be\/s1 / } $udp->all;
	$w->write_file('lines', join '', @lines);
	my $out = qx{halog -st -q < @{[ $w->file('lines') ]} 2>&1};
	like $out, qr/^200 @{[ scalar @lines ]}$/m, 'halog -st' or diag $out;
	$out = qx{halog -srv -q < @{[ $w->file('lines') ]} 2>&1};
	like $out, qr{^be/s1 0 @{[ scalar @lines ]} }m, 'halog -srv' or diag $out;
}
is $w->stop, 143;
done_testing;
