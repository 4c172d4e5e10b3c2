# Columns of bytes: both sides of both directions, while a transfer goes on, and
# internal errors.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new(sub ($req) { response(200, "got $req->{body}") });
my $echo = Backend->new(undef, tcp => sub ($bytes, $c) { $bytes });
my $w = Weir->new(defaults => 'http', binds => [qw(web tcp bad)],
    env => { SRV => $srv->addr, ECHO => $echo->addr }, cfg => <<'CFG');
global
	tune.maxrewrite 64
listen web
	bind "fd@${web}"
	http-request set-header X-Long 0123456789
	server s "${SRV}"
listen tcp
	mode tcp
	bind "fd@${tcp}"
	server s "${ECHO}"
frontend bad
	bind "fd@${bad}"
	http-request set-header X-Long "%[hdr(x-in)]%[hdr(x-in)]"
	default_backend web
CFG

sub columns ($px, $sv, @names) { my $s = $w->stat($px, $sv); return [@$s{@names}] }
my @all = qw(bin bout reqbin reqbout resbin resbout);

my $c = $w->http('web');
my $request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
my $answer = $c->request($request);
is $answer->{body}, 'got hello';
my $sent = length(($srv->requests)[0]{raw}) ;
my $got = length response(200, 'got hello');
for my $side ([web => 'FRONTEND'], [web => 's'], [web => 'BACKEND']) {
	my ($bin, $bout, $reqbin, $reqbout, $resbin, $resbout) = columns(@$side, @all)->@*;
	is $bin, length $request, "@$side: bin is what the client sent";
	is $reqbin, $bin, 'so is reqbin';
	is $reqbout, $sent, 'reqbout is what the server received';
	is $resbin, $got, 'resbin is what it answered';
	cmp_ok $bout, '>=', length 'got hello', 'bout went to the client';
	is $resbout, $bout, 'so did resbout';
}

# A connection that stays open: counted while it does
$c = $w->http('tcp');
my $n = 0;
for my $piece ('x' x 1000, 'y' x 70_000) {
	$c->send($piece);
	$n += length $piece;
	is length $c->read_bytes(length $piece), length $piece, 'echoed';
	for my $sv (qw(FRONTEND s BACKEND)) {
		ok $w->wait_for(sub { columns('tcp', $sv, @all)->[1] == $n }, 5, "bytes of $sv");
		is_deeply columns('tcp', $sv, @all), [($n) x 6], "$sv: open, and counted";
	}
}

is $w->http('bad')->get('/', 'X-In: ' . 'v' x 9000)->{status}, 500, 'headers grew too long';
is columns('bad', 'FRONTEND', 'eint')->[0], 1, 'an internal error of the frontend';
is columns('web', 'BACKEND', 'eint')->[0], 0, 'not of a backend';
done_testing;
