# set-status and set-method change what a response may carry: the client is never
# told of a body that does not come, nor given one that it does not expect.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;

my $forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
my $srv = Backend->new(sub ($req) {
	my $path = $req->{path};
	return response(200, "next $path") if $path =~ /next/;
	return "HTTP/1.1 204 No Content\r\n\r\n" if $path =~ /from204/;
	return "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n" if $path =~ /from304/;
	my $r = $path =~ /chunked/ ? chunked(200, $forged) : response(200, $forged);
	return $req->{method} eq 'HEAD' ? $r =~ s/\r\n\r\n\K.*//sr : $r;
});
my $w = Weir->new(binds => ['fe'], defaults => 'http', env => { SRV => $srv->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	http-request set-method GET if { path_beg /get }
	http-request set-method HEAD if { path_beg /head }
	http-response set-status 204 if { capture.req.uri -m sub to204 }
	http-response set-status 304 if { capture.req.uri -m sub to304 }
	http-response set-status 200 if { capture.req.uri -m sub from }
	server s "${SRV}"
CFG

# method, path, status, body, content-length
my @ROWS = (
	[ 'GET', '/to204', 204, '', undef ],
	[ 'GET', '/to204/chunked', 204, '', undef ],
	[ 'GET', '/to304', 304, '', undef ],
	[ 'GET', '/from204', 200, '', 0 ],
	[ 'GET', '/from304', 200, '', 0 ],
	[ 'HEAD', '/get', 200, '', length $forged ],
	[ 'HEAD', '/get/chunked', 200, '', undef ],
	[ 'GET', '/head', 200, '', 0 ],
	[ 'GET', '/head/chunked', 200, '', 0 ],
	[ 'GET', '/as/it/is', 200, $forged, length $forged ],
);
for (@ROWS) {
	my ($method, $path, $status, $body, $length) = @$_;
	my $c = $w->http('fe', timeout => 2);
	$c->send("$method $path HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
	my $r = $c->read_response(head => $method eq 'HEAD');
	is_deeply [ @$r{qw(status body)}, $r->{h}{'content-length'} ], [ $status, $body, $length ],
	    "$method $path";
	is(($c->read_response // {})->{body}, 'next /next', "$method $path: then the next") or diag $c->error;
}
is $w->stop, 143;
done_testing;
