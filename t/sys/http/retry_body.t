# A retry sends the whole body again, also what came while it connected, and the
# end of an empty one.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;

# Each connection dies at its second request, as soon as its head is there.
my $srv = Backend->new(sub ($req) { response(200, length $req->{body}) },
    on_head => sub ($req) { $req->{n} > 1 && $req->{path} eq '/die' ? CLOSE : undef });
my $w = Weir->new(binds => ['fe'], defaults => 'http', env => { SRV => $srv->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	http-reuse always
	server s1 "${SRV}"
CFG
for my $round (1 .. 20) {
	my $c = $w->http('fe');
	is $c->get('/warm')->{status}, 200, 'a connection to reuse' if $round == 1;
	$c->get('/warm') if $round > 1;
	$c->send("PUT /die HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	Weir::poll(sub { $w->stat('l', 's1')->{wretr} >= $round }, 0.5);
	$c->send("2\r\nde\r\n0\r\n\r\n");
	my $r = $c->read_response(timeout => 3);
	is $r && $r->{body}, 5, "round $round: all of the body" or diag $c->error, explain $r;
	last unless $r && $r->{body} eq '5';
}
my $c = $w->http('fe');
$c->get('/warm');
my $r = $c->request("PUT /die HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
is $r && $r->{status}, 200, 'an empty body has its end' or diag $c->error;
done_testing;
