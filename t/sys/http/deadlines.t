# Deadlines of a client's connection hold from its first request on, whatever
# state it is in; a server is not blamed for a slow client, nor the other way.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;
use Time::HiRes qw(time);

my $big = 'x' x 8_000_000;
my $srv = Backend->new({
	'/big' => response(200, $big),
	'/close' => ["HTTP/1.1 200 OK\r\n\r\n$big", CLOSE],
	'*' => response(200, 'ok'),
});
my $slow = Backend->new(sub ($req) { response(200, length $req->{body}) },
    on_head => sub ($req) { $req->{path} eq '/stall' ? HANG : undef });
my $w = Weir->new(binds => ['fe', 'up'], defaults => 'http',
    env => { SRV => $srv->addr, SLOW => $slow->addr }, cfg => <<'CFG');
global
	nbthread 1
	tune.http.min-body-rate off
defaults x
	mode http
	timeout connect 5s
	timeout client 400ms
	timeout server 5s
	timeout http-request 5s
	no option splice-auto
frontend f from x
	bind "fd@${fe}"
	option http-server-close
	default_backend b
backend b from x
	server s1 "${SRV}"
listen u from x
	bind "fd@${up}"
	timeout client 5s
	timeout server 300ms
	retries 0
	server s1 "${SLOW}"
CFG
my $patience = 4 * $Weir::PATIENCE;

# The request is there when weir accepts: epoll has not heard of the connection.
sub early ($bytes) {
	$w->signal('STOP');
	my $c = $w->http('fe');
	$c->send($bytes);
	$w->signal('CONT');
	return $c;
}

# Nobody reads: the session ends by timeout client.
sub stalls ($name, $path, $warm) {
	my $get = "GET $path HTTP/1.0\r\nHost: a\r\n\r\n";
	my $c = $warm ? $w->http('fe') : early($get);
	is $c->get('/')->{status}, 200, "$name: first request" if $warm;
	$c->send($get) if $warm;
	ok $w->wait_for(sub { $w->stat('f', 'FRONTEND')->{scur} == 1 }), "$name: begun";
	ok $w->wait_for(sub { $w->stat('f', 'FRONTEND')->{scur} == 0 }, 3), "$name: ended";
	return $c;
}
stalls('stalled reader, first request', '/big', 0);
stalls('stalled reader, second request', '/big', 1);
{
	my $c = stalls('body that ends by close', '/close', 0);
	my $bytes = $c->read_until_close($patience);
	is $c->ended, 'rst', 'body that ends by close: the cut is visible';
}

# A refused first request lingers for a second, not for ever.
{
	my $c = early("GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n");
	is +($c->read_response // {})->{status}, 400, 'refused';
	ok $w->wait_for(sub { $w->stat('f', 'FRONTEND')->{scur} == 0 }, 3), 'and gone';
}

# The client takes longer over its body than the server may over its answer.
{
	my $c = $w->http('up');
	$c->send("POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
	my $end = time + 0.7;
	$w->stat while time < $end;
	$c->send('bc');
	my $r = $c->read_response;
	is $r && $r->{status}, 200, 'a slow upload is no fault of the server' or diag $c->error;
	is $w->stat('u', 's1')->{eresp}, 0, 'and not counted as one';
}

# A reset is noticed while the answer is awaited, data before it or not.
for my $more ('', "GET /next HTTP/1.1\r\nHost: a\r\n\r\n") {
	my $name = $more ? 'reset behind a second request' : 'reset';
	my $n = $w->stat('u', 'BACKEND')->{cli_abrt};
	my $c = $w->http('up');
	$c->send("GET /stall HTTP/1.1\r\nHost: a\r\n\r\n");
	ok $w->wait_for(sub { $w->stat('u', 's1')->{scur} == 1 }), "$name: waits";
	$c->send($more);
	$c->reset;
	ok $w->wait_for(sub { $w->stat('u', 'BACKEND')->{cli_abrt} == $n + 1 }, 2), "$name: noticed";
	ok $w->wait_for(sub { $w->stat('u', 's1')->{scur} == 0 }, 2), "$name: slot is free";
}

done_testing;
