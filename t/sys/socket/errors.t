# show errors: the last invalid request and response of each proxy.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/bad' => ["HTTP/1.1 200 OK\r\nServer: x\r\nBad Header\r\n\r\n", CLOSE],
    '/late' => ["HTTP/1.1 200 OK\r\n", PAUSE(0.05), "A: b\r\nC\x01: d\r\n\r\n", CLOSE],
    '*' => response(200, 'a') });
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'fe2'], env => { SRV => $srv->addr },
    cfg => <<'CFG');
frontend fe
	bind "fd@${fe1}"
	default_backend be
listen l
	bind "fd@${fe2}"
	server s1 "${SRV}"
backend be
	server s1 "${SRV}"
CFG
my $date = qr/\[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\]/;

like $w->cli('show errors'), qr/^Total events captured on $date : 0$/, 'none yet';
$w->http('fe1')->request("GET /x HTTP/1.1\r\nHost: a\r\nBad\x01: x\\y\r\n\r\n");
my $e = $w->cli('show errors');
like $e, qr/^Total events captured on $date : 1\n \n$date frontend fe \(#2\): invalid request\n  backend <NONE> \(#-1\), server <NONE> \(#-1\), event #0, src 127\.0\.0\.1:\d+\n  buffer starts at 0 \(including 0 out\), \d+ free,\n  len 39, wraps at \d+, error at position 29\n/,
    'an invalid request';
like $e, qr/\n  H1 parser: \S.* :\n  \n  00000  GET \/x HTTP\/1\.1\\r\\n\n  00017  Host: a\\r\\n\n  00026  Bad\\x01: x\\\\y\\r\\n\n  00037  \\r\\n$/,
    'with its bytes';
my $long = 'y' x 150;
$w->http('fe1')->request("GET /\x02$long HTTP/1.1\r\n\r\n");
$e = $w->cli('show errors fe request');
like $e, qr/ : 2\n.*event #1, .*error at position 5\n/s, 'the latest one stays';
like $e, qr/\n  00000  GET \/\\x02y+\n  00067\+ y+\n/, 'a long line goes on';
$w->http('fe1')->get('/bad');
$e = $w->cli('show errors be');
like $e, qr/\n$date backend be \(#4\): invalid response\n  frontend fe \(#2\), server s1 \(#1\), event #2, src 127/,
    'an invalid response';
like $e, qr/error at position 31\n.*  00017  Server: x\\r\\n\n  00028  Bad Header\\r\\n\n/s, 'with its bytes';
$w->http('fe2')->get('/late');
like $w->cli('show errors l response'), qr/server s1 .*  buffer starts at \d+ .*C\\x01: d/s, 'of a listen';
is scalar(() = $w->cli('show errors') =~ /: invalid/g), 3, 'all of them';
is scalar(() = $w->cli('show errors response') =~ /: invalid/g), 2, 'responses';
is scalar(() = $w->cli('show errors -1 request') =~ /: invalid/g), 1, 'requests';
is $w->cli('show errors nobody'), 'No such proxy.', 'an unknown proxy';
unlike $w->cli_session->send("show errors\n") && $w->cli('show errors'), qr/\n\n/, 'no empty line in it';
done_testing;
