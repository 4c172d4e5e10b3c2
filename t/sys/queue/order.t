# Waiting: first in, first out over all threads, timeout queue, maxqueue, a client
# that leaves gives up its place, and its slot when it had one.
use v5.36;
use Backend qw(:all);
use SyslogSink;
use Weir;
use Test::More;

# Holds each request until the next byte of the gate's file: /hold waits for ever.
my $srv = Backend->new(sub ($req) { $req->{path} eq '/hold' ? HANG :
    [PAUSE(0.01), response(200, $req->{path})] });
my $other = Backend->new(response(200, 'other'));
my $log = SyslogSink->new;
my $w = Weir->new(defaults => 'http', binds => [qw(one two brief dead free kept alone)], env => {
	SRV => $srv->addr, OTHER => $other->addr, LOG => $log->addr,
	NO => '127.0.0.1:' . Weir->refused_port }, cfg => <<'CFG');
global
	nbthread 4
	log "${LOG}" local0
defaults
	mode http
	log global
	option httplog
	timeout connect 5s
	timeout client 20s
	timeout server 20s
	timeout queue 20s
listen one
	bind "fd@${one}"
	timeout queue 5s
	server s1 "${SRV}" maxconn 1
listen brief
	bind "fd@${brief}"
	timeout queue 300ms
	server s1 "${SRV}" maxconn 1
listen free
	bind "fd@${free}"
	server s1 "${OTHER}"
listen dead
	bind "fd@${dead}"
	server s1 "${NO}"
listen two
	bind "fd@${two}"
	balance hdr(x-key)
	hash-type map-based
	timeout queue 200ms
	server s1 "${SRV}" maxconn 1 maxqueue 1
	server s2 "${OTHER}" maxconn 100
listen kept
	bind "fd@${kept}"
	timeout queue 200ms
	use-server s1 if TRUE
	server s1 "${SRV}" maxconn 1 maxqueue 1
	server s2 "${OTHER}" maxconn 100
listen alone
	bind "fd@${alone}"
	balance hdr(x-key)
	timeout queue 200ms
	server s1 "${SRV}" maxconn 1 maxqueue 1
CFG
sub wait_queue ($n, $px = 'one') {
	return $w->wait_for(sub { $w->stat($px, 'BACKEND')->{qcur} == $n }, 5, "$n waiting");
}
sub start ($name, $path, @lines) {
	my $seen = $srv->opened;
	my $c = $w->http($name);
	$c->send(join "\r\n", "GET $path HTTP/1.1", 'Host: a', @lines, '', '');
	return $c;
}
sub holding ($name, @lines) {
	my $n = scalar $srv->requests;
	my $c = start($name, '/hold', @lines);
	$w->wait_for(sub { $srv->requests > $n });
	return $c;
}

# 40 wait behind one, on four threads, some of them leave.
my $first = holding('one');
my @wait;
for my $n (1 .. 40) {
	push @wait, start('one', "/$n");
	wait_queue($n) or last;
}
for my $n (5, 10, 40) {
	$wait[$n - 1]->reset;
}
ok wait_queue(37), 'who leaves gives up the place';
like $log->find(qr{"GET /5 }) // '', qr{ one/<NOSRV> 0/\d+/-1/-1/\d+ 400 0 - - CQ}, 'CQ';
$srv->forget;
$first->reset;
my @stay = grep { $_ != 5 && $_ != 10 && $_ != 40 } 1 .. 40;
is $wait[$_ - 1]->read_response->{body}, "/$_", undef for $stay[-1];
is_deeply [map { $_->{path} } $srv->requests], [map { "/$_" } @stay], 'first in, first out';
my $s = $w->stat('one', 'BACKEND');
is "$s->{qcur} $s->{qmax}", '0 40', 'nobody waits';
$_->close for @wait;
ok $w->wait_for(sub { $w->stat('one', 's1')->{scur} == 0 }), 'the slot is free';
is start('one', '/next')->read_response->{body}, '/next', 'the slot is free again';

# timeout queue
$first = holding('brief');
my $late = start('brief', '/late');
is $late->read_response(timeout => 10)->{status}, 503, 'timeout queue';
like $log->find(qr{"GET /late }) // '', qr{ brief/<NOSRV> 0/3\d\d/-1/-1/3\d\d 503 0 - - sQ-- .* 0/1 }, 'sQ';
$first->reset;

# Q is for those only, not for who leaves before a server was picked or connected.
my $try = start('dead', '/try');
ok $w->wait_for(sub { $w->stat('dead', 'BACKEND')->{scur} == 1 }), 'waits for the next try';
$try->reset;
like $log->find(qr{"GET /try }) // '', qr{ 400 0 - - CC}, 'CC';
$log->forget;
for (1 .. 30) {
	my $c = $w->http('free');
	$c->send("GET /p HTTP/1.1\r\nHost: a\r\n\r\n" x 10);
	$c->read_response;
	$c->reset;
}
ok $w->wait_for(sub { !$w->stat('free', 'FRONTEND')->{scur} }), 'pipelines, cut';
$log->lines(30);
my @left = map { / (C[A-Z])-- / } $log->all;
ok !grep({ $_ eq 'CQ' } @left), 'no CQ where nobody waits' or diag "@left";

# A full queue of the server that a key or persistence names: another server.
my ($key) = grep { start('two', '/k', "X-Key: $_")->read_response->{body} eq '/k' } 'a' .. 'z';
for my $px (qw(two kept)) {
	my $held = holding($px, "X-Key: $key");
	my $second = start($px, '/q', "X-Key: $key");
	ok $w->wait_for(sub { $w->stat($px, 's1')->{qcur} == 1 }), "$px: one waits for its server";
	is start($px, "/r-$px", "X-Key: $key")->read_response->{body}, 'other',
	    "$px: maxqueue: the next goes elsewhere";
	is $w->stat($px, 's1')->{qcur}, 1, "$px: while that one waits";
	is $w->stat($px, 's1')->{wredis}, 1, "$px: counted";
	like $log->find(qr{"GET /r-$px }) // '', qr{ $px/s2 0/0/\d+/\d+/\d+ 200 .* \d/\d/\d/\d/\+0 },
	    "$px: and in the log";
	is $second->read_response->{status}, 503, "$px: the first one was late";
	$held->reset;
}

# Without another one: 503 at once.
$first = holding('alone', "X-Key: $key");
my $second = start('alone', '/q', "X-Key: $key");
ok $w->wait_for(sub { $w->stat('alone', 's1')->{qcur} == 1 }), 'one waits for its server';
is start('alone', '/r', "X-Key: $key")->read_response->{status}, 503, 'maxqueue: no more than one';
is $w->stat('alone', 's1')->{qcur}, 1, 'while that one waits';
like $log->find(qr{"GET /r }) // '', qr{ alone/s1 0/-?\d/-1/-1/\d+ 503 0 - - SQ}, 'SQ';
is $second->read_response->{status}, 503, 'the first one was late';
is $w->stop, 143;
done_testing;
