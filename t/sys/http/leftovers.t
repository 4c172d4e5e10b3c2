# What is left of a request's body after an answer of our own is never taken for
# a request: the answer says close, and the connection ends.
use v5.36;
use lib 't/lib';
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', binds => ['fe'],
    env => { GONE => '127.0.0.1:' . Weir->refused_port },
    cfg => <<'CFG');
frontend f
	bind "fd@${fe}"
	monitor-uri /monitor
	http-request deny if { path /deny }
	http-request return status 200 content-type text/plain string hi if { path /return }
	http-request redirect location /elsewhere if { path /redirect }
	http-request tarpit if { path /tarpit }
	timeout tarpit 10ms
	use_backend gone if { path /gone }
	default_backend none
backend none
backend gone
	retries 0
	server s1 "${GONE}"
CFG

my %status = ('/x' => 503, '/monitor' => 200, '/deny' => 403, '/return' => 200,
    '/redirect' => 302, '/tarpit' => 500, '/gone' => 503);
my $inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

for my $framing ('Content-Length: 4000', 'Transfer-Encoding: chunked') {
	my $body = $framing =~ /chunked/ ? sprintf("%x\r\n%s", 4000, $inner) : $inner;
	for my $path (sort keys %status) {
		my $c = $w->http('fe');
		$c->send("POST $path HTTP/1.1\r\nHost: a\r\n$framing\r\n\r\n$body");
		my $r = $c->read_response // {};
		is $r->{status}, $status{$path}, "$path, $framing: status";
		is $r->{h}{connection}, 'close', "$path, $framing: says close";
		ok $c->is_closed, "$path, $framing: nothing else is answered";
	}
}

# A complete body behind a head that the same write brought
for my $path (sort keys %status) {
	my $c = $w->http('fe');
	$c->send("POST $path HTTP/1.1\r\nHost: a\r\nContent-Length: " . length($inner) .
	    "\r\n\r\n$inner");
	is +($c->read_response // {})->{status}, $status{$path}, "$path: status";
	ok $c->is_closed, "$path: the body is no request";
}
is $w->stat('f', 'FRONTEND')->{req_tot}, 3 * 7, 'no request but those';

done_testing;
