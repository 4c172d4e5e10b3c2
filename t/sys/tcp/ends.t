# TCP mode: what ends a connection and what the log calls it: timeouts of both
# sides, of tunnels and of half-closed ones, servers that refuse or never answer.
use v5.36;
use Backend qw(:all);
use SyslogSink;
use Time::HiRes qw(time);
use Weir;
use Test::More;

my $echo = Backend->echo;
my $log = SyslogSink->new;
my $w = Weir->new(defaults => 'tcp', binds => [qw(cl sv tun fin sfin no black next none)], env => {
	ECHO => $echo->addr, LOG => $log->addr, NO => '127.0.0.1:' . Weir->refused_port,
	BLACK => '127.0.0.1:' . Weir->blackhole_port,
    }, cfg => <<'CFG');
global
	log "${LOG}" local0
defaults
	mode tcp
	log global
	option tcplog
	timeout connect 150ms
	timeout client 10s
	timeout server 10s
	retries 1
listen cl
	bind "fd@${cl}"
	timeout client 200ms
	server s "${ECHO}"
listen sv
	bind "fd@${sv}"
	timeout server 200ms
	server s "${ECHO}"
listen tun
	bind "fd@${tun}"
	timeout client 100ms
	timeout tunnel 300ms
	server s "${ECHO}"
listen fin
	bind "fd@${fin}"
	timeout client-fin 200ms
	server s "${ECHO}"
listen sfin
	bind "fd@${sfin}"
	timeout server-fin 200ms
	server s "${ECHO}"
listen no
	bind "fd@${no}"
	server s "${NO}"
listen black
	bind "fd@${black}"
	server s "${BLACK}"
listen next
	bind "fd@${next}"
	option redispatch 1
	retries 3
	balance roundrobin
	server a "${NO}"
	server b "${BLACK}"
	server c "${ECHO}" backup
	server d "${ECHO}"
listen none
	bind "fd@${none}"
CFG

# Connects, sends a byte and gets it back: then silence.
sub silent ($name) {
	my $c = $w->http($name);
	$c->send('x');
	is $c->read_bytes(1), 'x', "$name: open";
	return ($c, time);
}
sub logged ($name, $pattern, $what) {
	like $log->find(qr{ $name $name/}) // '', qr{ $name $name/$pattern\s}, $what;
}

my ($c, $t);
for (['cl', 0.2, 'cD'], ['sv', 0.2, 'sD'], ['tun', 0.3, 'cD']) {
	my ($name, $s, $flags) = @$_;
	($c, $t) = silent($name);
	ok $c->is_closed, "$name: closed";
	my $took = time - $t;
	ok $took >= $s - 0.01 && $took < $s + 2, "$name: after $s s" or diag $took;
	logged($name, "s \\d+/\\d+/\\d+ 1 $flags", "$name: $flags");
}

# Bytes of either side keep a tunnel open.
($c, $t) = silent('tun');
while (time - $t < 0.5) {
	$c->send('y');
	$c->read_bytes(1) // last;
}
cmp_ok time - $t, '>=', 0.5, 'a busy tunnel stays';
$c->close;

# The client has ended, the server does not: the server's side waits no longer than that.
my $quiet = Backend->new(undef, tcp => sub ($bytes, $c) { $bytes eq 'end' ? SHUT : HANG });
$w->write_file('t.cfg', $w->read_file('t.cfg') =~ s/\$\{ECHO\}/$quiet->addr/gre);
like $w->cli('reload'), qr/^Success=1/;
$log->forget;
$c = $w->http('fin');
$c->send('x');
$c->shut;
$t = time;
ok $c->is_closed, 'client-fin: closed';
cmp_ok time - $t, '<', 3, 'in time';
logged('fin', 's \d+/\d+/\d+ 0 cD', 'client-fin');
$c = $w->http('sfin');
$c->send('end');
ok $c->is_closed, 'server-fin: the end of the server arrives';
logged('sfin', 's \d+/\d+/\d+ 0 sD', 'server-fin');

# Refused: one retry a turn of 150 ms later, then SC.
$t = time;
$c = $w->http('no');
ok $c->is_closed, 'refused: closed';
logged('no', 's 0/-1/\d+ 0 SC \d+/\d+/\d+/\d+/1 0/0', 'refused: SC after one retry');
my $s = $w->stat('no', 's');
is "$s->{wretr} $s->{wredis}", '1 0', 'refused: counted';
cmp_ok $s->{econ}, '>=', 1;
$t = time;
$c = $w->http('black');
ok $c->is_closed, 'no answer: closed';
cmp_ok time - $t, '>=', 0.29, 'no answer: after two turns';
logged('black', 's 0/-1/\d+ 0 sC \d+/\d+/\d+/\d+/1 0/0', 'no answer: sC');

# Another server answers in place of those.
$log->forget;
my $ok = 0;
for (1 .. 3) {
	$c = $w->http('next');
	$c->send('end');
	$ok++ if $c->is_closed;
}
$c->close;
my @lines = $log->lines(3);
is scalar(grep { m{ next/d } } @lines), 3, 'redispatched' or diag explain \@lines;
cmp_ok scalar(grep { m{/\+\d 0/0$} } @lines), '>=', 1, 'and the log says so' or diag explain \@lines;

$c = $w->http('none');
ok $c->is_closed, 'no server at all';
logged('none', '<NOSRV> -1/-1/\d+ 0 SC', 'SC');
is $w->stop, 143;
done_testing;
