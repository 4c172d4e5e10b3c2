# Log aliases, each with what it says of one known transaction; and actions of
# rules by what the server and the log see of them.
use v5.36;
use Weir;
use Backend qw(:all);
use POSIX qw(strftime);
use Sys::Hostname;
use SyslogSink;
use Test::More;
use Time::HiRes qw(time);

my $srv = Backend->new(response(200, 'four', 'X-Res: out', 'Set-Cookie: c=2'));
my $log = SyslogSink->new;
my $ms = '-?\d+';
my $date = '\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d';
my @rows = map { [split / /, $_, 2] } split /\n/, <<"ROWS";
B /\\d{2,}/
CC -
CS -
H @{[ hostname() ]}
HM POST
HP /p
HPO /p
HQ ?q=1
HU /p?q=1
HV HTTP/1.1
ID 7F000001
ST 200
T /$date [+]0000/
Ta /$ms/
Tc /$ms/
Td /$ms/
Th 0
Ti /$ms/
Tl /$date [+-]\\d{4}/
Tq /$ms/
TR /$ms/
Tr /$ms/
Ts TS
Tt /$ms/
Tu /$ms/
Tw 0
U /\\d{2,}/
ac 1
b be
bc 1
bq 0
ci 127.0.0.1
cp CLIENT
f f
fc 1
fi 127.0.0.1
fp PORT
ft f
hr {a.test}
hs {out}
lc 0
ms /\\d{1,3}/
pid PID
r POST /p?q=1 HTTP/1.1
rc 0
rt 0
s s1
sc /[01]/
si 127.0.0.1
sp SERVER
sq 0
sslc -
sslv -
t /${date}[.]\\d{3}/
tr /${date}[.]\\d{3}/
ts --
tsc /--[-N][-I]/
OG txn_close
bi 127.0.0.1
bp /\\d+/
hrl a.test
hsl out
iso /\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d[.]\\d{6}Z/
trg /$date [+]0000/
trl /$date [+-]\\d{4}/
elb /\\S+Z be 127.+ 200 200 2 4 .POST http:.+ .-. - -/
ROWS
my %known = map { $_ => 1 } map { (split /\t/)[1] }
    grep { /^alias/ } split /\n/, Weir->run('--dump-rows')->{out};
is_deeply [sort map { $_->[0] } @rows], [sort keys %known], 'all aliases are tried here';

my $format = join '|', 'A', map { "%$_->[0]" } @rows;
my $w = Weir->new(defaults => 'http', binds => [qw(fe act)],
    env => { SRV => $srv->addr, LOG => $log->addr }, cfg => <<"CFG");
global
	log "\${LOG}" local0
frontend f
	log global
	log-format "$format"
	bind "fd\@\${fe}"
	unique-id-format %[src,hex]
	capture request header Host len 20
	capture response header X-Res len 20
	default_backend be
frontend g
	log global
	log-format "G|%ci|%cp|%[var(txn.a)]|%[var(txn.b)]|%[var(txn.c,none)]|%[var(txn.d)]|%ST|%HM|%HU"
	bind "fd\@\${act}"
	tcp-request content set-var(txn.d) str(early)
	tcp-request connection set-src ipv4(192.0.2.9)
	tcp-request connection set-src-port int(99)
	http-request set-var(txn.a) str(one)
	http-request set-var-fmt(txn.b) "%[var(txn.a)]-two"
	http-request set-var(txn.c) str(gone)
	http-request unset-var(txn.c)
	http-request set-log-level silent if { path /silent }
	http-request set-method PUT
	http-request set-header X-A "b a b"
	http-request add-header X-A c
	http-request replace-header X-A b(.*) "x\\1" if { path /rh }
	http-request replace-value X-A ^c\$ d
	http-request del-header X-Del
	http-request replace-uri ^/uri(.*) /replaced\\1
	http-request set-path /set if { path /path }
	http-request set-pathq /set?z=9 if { path /pathq }
	http-request set-query z=8 if { path /query }
	http-request set-uri /uri?z=7 if { path /whole }
	http-request replace-path /rp/(.*) /\\1
	http-request replace-pathq /rpq\\?(.*) /rq?\\1
	http-request strict-mode off
	http-request set-retries 2
	http-request set-timeout server 5s
	http-request allow if { path /allow }
	http-request set-header X-Last 1
	http-response set-status 299 reason Fine
	default_backend be
backend be
	server s1 "\${SRV}"
CFG
my $c = $w->http('fe');
is $c->request("POST /p?q=1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi")->{body},
    'four', 'through';
my $line = $log->find(qr/ A\|/);
my (undef, @got) = split /\|/, $line =~ s/.*? A\|/A|/r =~ s/\n\z//r, -1;
my %value = (CLIENT => $c->local_port, PORT => $w->port('fe'), PID => $w->pid,
    SERVER => $srv->port);
for (0 .. $#rows) {
	my ($alias, $want) = $rows[$_]->@*;
	if ($want eq 'TS') {
		cmp_ok abs($got[$_] - time), '<', 60, '%Ts';
		next;
	}
	$want = $value{$want} // $want;
	like $got[$_], $want =~ m{^/(.*)/$} ? qr/^(?:$1)$/ : qr/^\Q$want\E$/, "%$alias";
}

# --- Actions -----------------------------------------------------------------

sub act ($path, @lines) {
	$srv->forget;
	my $r = $w->http('act')->get($path, @lines);
	return ($r, ($srv->requests)[0]);
}
my ($r, $q) = act('/', 'X-Del: 1');
is "$r->{status} $r->{reason}", '299 Fine', 'set-status';
like $log->find(qr/ G\|/), qr{ G\|192\.0\.2\.9\|99\|one\|one-two\|none\|early\|299\|GET},
    'set-src, set-src-port, set-var, set-var-fmt, unset-var; the log keeps what the client said';
is $q->{method}, 'PUT', 'set-method';
is $q->{h}{'x-a'}, 'b a b, d', 'set-header, add-header, replace-value';
is $q->{h}{'x-del'}, undef, 'del-header';
is $q->{h}{'x-last'}, 1, 'strict-mode, set-retries and set-timeout let go on';

for (['/rh', '/rh', 'replace-header', 'x a b, d'], ['/uri/a?b=1', '/replaced/a?b=1', 'replace-uri'],
    ['/path?a=1', '/set?a=1', 'set-path'], ['/pathq?a=1', '/set?z=9', 'set-pathq'],
    ['/query?a=1', '/query?z=8', 'set-query'], ['/whole?a=1', '/uri?z=7', 'set-uri'],
    ['/rp/x?a=1', '/x?a=1', 'replace-path'], ['/rpq?a=1', '/rq?a=1', 'replace-pathq']) {
	my ($path, $want, $name, $header) = @$_;
	($r, $q) = act($path);
	is $q->{target}, $want, $name;
	is $q->{h}{'x-a'}, $header, 'of a field' if defined $header;
}
($r, $q) = act('/allow');
is $q->{h}{'x-last'}, undef, 'allow ends the rules';
act('/silent');
act('/loud');
$log->find(qr{ G\|.*\|/loud});
my @of_g = map { m{ G\|.*\|(/\w+)} ? $1 : () } $log->all;
is_deeply [grep { /silent|loud/ } @of_g], ['/loud'], 'set-log-level silent keeps its line back';
done_testing;
