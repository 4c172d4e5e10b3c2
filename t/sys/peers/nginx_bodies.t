# nginx as the server: what it sends and takes, over TCP, a unix socket and TLS:
# bodies of all framings, HEAD, ranges, 304, gzip, uploads that ask first.
use v5.36;
use Digest::MD5 qw(md5_hex);
use Nginx;
use Weir;
use Test::More;

my $ng = Nginx->new(listen => ['a'], unix => ['u'], http => <<'CONF');
gzip on; gzip_types text/plain; gzip_min_length 256;
server {
	listen @a@; listen @u@; root @DIR@;
	location / { }
	location /chunked/ { alias @DIR@/; gzip off; sub_filter none none; sub_filter_types *; }
	location /up/ { dav_methods PUT DELETE; create_full_put_path on; }
	location /small/ { client_max_body_size 1k; dav_methods PUT; }
	location = /seen { return 200 "$request_method $http_host $server_protocol $http_x"; }
}
CONF
my $mib = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 262144;
my $text = join '', map { "line $_ of a text that a server would press\n" } 1 .. 500;
$ng->write_file('mib.bin', $mib);
$ng->write_file('text.txt', $text);
$ng->write_file('empty.txt', '');

my $w = Weir->new(defaults => 'http', binds => [qw(tcp unix)],
    env => { A => $ng->addr('a'), U => $ng->addr('u') }, cfg => <<'CFG');
listen tcp
	bind "fd@${tcp}"
	server s "${A}"
listen unix
	bind "fd@${unix}"
	server s "unix@${U}"
CFG

for my $name (qw(tcp unix)) {
	my $c = $w->http($name);
	my $r = $c->get('/mib.bin');
	is length $r->{body}, 1 << 20, "$name: 1 MiB with a length";
	is md5_hex($r->{body}), md5_hex($mib), 'is what it was';
	$r = $c->get('/chunked/mib.bin');
	is $r->{h}{'transfer-encoding'}, 'chunked', "$name: 1 MiB in chunks";
	is md5_hex($r->{body}), md5_hex($mib), 'is what it was';
	$r = $c->request("GET /chunked/text.txt HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
	is $r->{h}{'transfer-encoding'}, undef, "$name: not for HTTP/1.0";
	is $r->{body}, $text, 'which ends by the close';
	$c = $w->http($name);
	$r = $c->request("HEAD /mib.bin HTTP/1.1\r\nHost: a\r\n\r\n");
	is "$r->{status} $r->{h}{'content-length'}", '200 1048576', "$name: HEAD";
	my $tag = $r->{h}{etag};
	my $date = $r->{h}{'last-modified'};
	$r = $c->request("HEAD /chunked/mib.bin HTTP/1.1\r\nHost: a\r\n\r\n");
	is $r->{status}, 200, "$name: HEAD of what has no length";
	$r = $c->get('/mib.bin', "If-None-Match: $tag");
	is "$r->{status} $r->{body}", '304 ', "$name: 304 by its tag";
	is $r->{h}{etag}, $tag, 'the tag again';
	is $c->get('/mib.bin', "If-Modified-Since: $date")->{status}, 304, "$name: 304 by its date";
	is $c->get('/mib.bin', "If-Match: \"x\"")->{status}, 412, "$name: 412";
	$r = $c->get('/mib.bin', 'Range: bytes=100-199999');
	is "$r->{status} $r->{h}{'content-range'}", '206 bytes 100-199999/1048576', "$name: a range";
	ok $r->{body} eq substr($mib, 100, 199900), 'is that part';
	ok $c->get('/mib.bin', 'Range: bytes=-5')->{body} eq substr($mib, -5), "$name: the last bytes";
	$r = $c->get('/mib.bin', 'Range: bytes=0-9,20-29');
	like $r->{h}{'content-type'}, qr{^multipart/byteranges; boundary=}, "$name: two ranges";
	is scalar(() = $r->{body} =~ m{^Content-Range: bytes (?:0-9|20-29)/1048576\r$}gm), 2, 'both there';
	is $c->get('/mib.bin', 'Range: bytes=2000000-')->{status}, 416, "$name: 416";
	$r = $c->get('/empty.txt');
	is "$r->{status} $r->{h}{'content-length'} $r->{body}", '200 0 ', "$name: an empty body";
	is $c->get('/none')->{status}, 404, "$name: 404";
	is $c->get('/seen', 'X: y')->{body}, 'GET test HTTP/1.1 y', "$name: what nginx sees";
}

# gzip: curl asks, nginx presses, weir passes on
my $r = $w->curl('--compressed', '-D', $w->file('head'), $w->url('tcp', '/text.txt'));
is $r->{out}, $text, 'gzip: the text comes back';
like $w->read_file('head'), qr/^content-encoding: gzip\r$/mi, 'was pressed';
like $w->read_file('head'), qr/^transfer-encoding: chunked\r$/mi, 'and in chunks';
like $w->read_file('head'), qr/^etag: W\//mi, 'with a weak tag';
is $w->curl($w->url('tcp', '/text.txt'))->{out}, $text, 'as it is for who does not ask';

# Uploads: with a length, in chunks, asking first
$w->write_file('up', $mib);
my %case = (
	'a length' => [ '-H', 'Expect:' ],
	'chunks' => [ '-H', 'Expect:', '-H', 'Transfer-Encoding: chunked' ],
	'Expect' => [ '-H', 'Expect: 100-continue' ],
	'Expect and chunks' => [ '-H', 'Expect: 100-continue', '-H', 'Transfer-Encoding: chunked' ],
);
my $n = 0;
for my $name (qw(tcp unix)) {
	for my $what (sort keys %case) {
		my $path = '/up/f' . ++$n;
		$r = $w->curl('-v', '--expect100-timeout', 9, '-T', $w->file('up'), @{ $case{$what} },
		    '-w', ' %{http_code} %{time_total}', $w->url($name, $path));
		like $r->{out}, qr/ 201 [0-4]\./, "$name, $what: created, at once";
		is md5_hex(Cert::slurp($ng->file($path))), md5_hex($mib), 'as it was';
		is scalar($r->{err} =~ m{^< HTTP/1.1 100 }mi), $what =~ /Expect/ ? 1 : '', '100 if asked';
	}
}
is $w->curl('-X', 'DELETE', '-w', '%{http_code}', $w->url('tcp', '/up/f1'))->{out}, 204, 'DELETE: 204';
ok !-e $ng->file('/up/f1'), 'done';

# nginx refuses from the head; curl does not send what it asked for
$r = $w->curl('-v', '--expect100-timeout', 9, '-T', $w->file('up'), '-H', 'Expect: 100-continue',
    '-o', $w->file('page'), '-w', '%{http_code} %{size_upload}', $w->url('tcp', '/small/x'));
like $r->{out}, qr/^413 /, 'refused from the head';
unlike $r->{err}, qr{^< HTTP/1.1 100 }mi, 'without a 100';
$r = $w->curl('-T', $w->file('up'), '-H', 'Expect:', '-o', $w->file('page'),
    '-w', '%{http_code}', $w->url('tcp', '/small/x'));
is $r->{out}, 413, 'and while the body comes';
is $w->http('tcp')->get('/seen')->{status}, 200, 'the next one is served';
my $s = $w->stat('tcp', 's');
is "$s->{eresp} $s->{econ}", '0 0', 'no error of the server';
# behind its 412 nginx closes without having said so: who meets that goes once more
cmp_ok $s->{wretr}, '<=', 1, 'nothing else was sent twice';
is $w->stop, 143;
done_testing;
