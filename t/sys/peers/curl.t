# curl in its many ways: versions, kept connections, uploads, unix and abstract
# sockets, the PROXY protocol, as its proxy, upgrades. (TLS: curl_tls.t.)
use v5.36;
use Backend qw(:all);
use Digest::MD5 qw(md5_hex);
use JSON::PP;
use Weir;
use Test::More;

# Says what it got
my $json = JSON::PP->new->canonical;
my $srv = Backend->new(sub ($req) {
	return ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: words\r\n\r\nhello",
	    CLOSE) if $req->{path} eq '/up';
	return "HTTP/1.1 200 OK\r\n\r\n" if $req->{method} eq 'CONNECT';
	return chunked(200, 'one ', 'two') if $req->{path} eq '/chunks';
	return ("HTTP/1.0 200 OK\r\n\r\nuntil the end", CLOSE) if $req->{path} eq '/old';
	return response(200, $json->encode({ %$req{qw(method target version h)},
		size => length $req->{body}, md5 => md5_hex($req->{body}) }));
});
my $id = "weir-t-$$";
my $w = Weir->new(defaults => 'http', binds => [qw(f pp)],
    env => { ID => $id, SRV => $srv->addr }, cfg => <<'CFG');
frontend f
	bind "fd@${f}"
	bind "unix@${DIR}/f.sock"
	bind "abnsz@${ID}"
	option accept-method CONNECT
	default_backend b
frontend pp
	bind "fd@${pp}" accept-proxy
	bind "unix@${DIR}/pp.sock" accept-proxy
	http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst_port]"
backend b
	server s1 "${SRV}"
CFG
sub seen (@args) {
	my $r = $w->curl(@args);
	return eval { $json->decode($r->{out}) } // $r;
}
my $url = $w->url('f');

# Versions
my $q = seen('-0', $url);
is "$q->{method} $q->{version}", 'GET HTTP/1.1', 'HTTP/1.0: the server gets 1.1';
is $w->curl('-0', '-w', ' %{http_version}', "${url}chunks")->{out}, 'one two 1.1', 'no chunks for it';
is $w->curl('-w', ' %{http_version}', "${url}old")->{out}, 'until the end 1.1', 'a server of 1.0';
$q = seen('--http2', $url);
is $q->{h}{upgrade}, undef, 'h2c is not passed on';
isnt $w->curl('--http2-prior-knowledge', $url)->{code}, 0, 'nor spoken';

# Connections are kept, by weir and by curl
sub told ($format, $n, @args) {
	return $w->curl('-w', $format, @args, map { ('-o', '/dev/null', "$url$_") } 1 .. $n)->{out};
}
is told('%{num_connects} ', 4), '1 0 0 0 ', 'four on one connection';
is told('%{num_connects} ', 2, '-H', 'Connection: close'), '1 1 ', 'unless it says close';
is told('%{num_connects} ', 2, '-0', '-H', 'Connection: keep-alive'), '1 0 ', 'HTTP/1.0 that asks';
is told('%{http_code} ', 40, '-Z'), '200 ' x 40, '40 in parallel';

# Methods, targets, bodies
is seen('-X', $_, $url)->{method}, $_, $_ for qw(DELETE PATCH OPTIONS PURGE);
is told('%{http_code}', 1, '-I'), 200, 'HEAD';
is seen('-X', 'OPTIONS', '--request-target', '*', $url)->{target}, '*', 'OPTIONS *';
is seen('--path-as-is', "${url}a/../b/./c?x=%20&y=[1]", '-g')->{target}, '/a/../b/./c?x=%20&y=[1]',
    'the target as it is';
is seen('-d', 'a=1', '-d', 'b=2', $url)->{size}, 7, 'a form';
like seen('-F', 'x=@' . $w->file('t.cfg'), $url)->{h}{'content-type'},
    qr{^multipart/form-data; boundary=}, 'a file in a form';
my $mib = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 262144;
my $file = $w->write_file('mib', $mib);
for my $how (['a length', '-H', 'Expect:'], ['100-continue', '-H', 'Expect: 100-continue'],
    ['chunks', '-H', 'Expect:', '-H', 'Transfer-Encoding: chunked'],
    ['HTTP/1.0', '-0']) {
	my ($what, @args) = @$how;
	$q = seen('-T', $file, '--expect100-timeout', 9, @args, "${url}up-$what" =~ s/ /-/gr);
	is "$q->{method} $q->{size} $q->{md5}", "PUT 1048576 @{[ md5_hex($mib) ]}", "1 MiB with $what";
	is $q->{h}{'transfer-encoding'}, $what eq 'chunks' ? 'chunked' : undef, 'framed as it came';
}

# Sockets without a port
is seen('--unix-socket', $w->file('f.sock'), 'http://u.test/x')->{h}{host}, 'u.test', 'a unix socket';
is seen('--abstract-unix-socket', $id, 'http://u.test/y')->{target}, '/y', 'an abstract one: abnsz';

# The PROXY protocol
my $r = $w->curl('--haproxy-protocol', '-w', ' %{local_port}', $w->url('pp'));
like $r->{out}, qr/^127\.0\.0\.1:(\d+) @{[ $w->port('pp') ]} \1$/, 'PROXY: the client it names';
is $w->curl('--haproxy-protocol', '--unix-socket', $w->file('pp.sock'), '-o', '/dev/null',
    '-w', '%{http_code}', 'http://u.test/')->{out}, 200, 'PROXY UNKNOWN on a unix socket';
isnt $w->curl($w->url('pp'))->{code}, 0, 'refused without it';
is told('%{http_code}', 1, '--haproxy-protocol'), 400, 'and where it is not awaited';

# As its proxy: an absolute target, a tunnel
$q = seen('-x', $url, 'http://x.test:81/abs?q');
is "$q->{h}{host} $q->{target}", 'x.test:81 /abs?q', 'an absolute target';
is seen('-p', '-x', $url, 'http://x.test/in')->{target}, '/in', 'a request in a tunnel by CONNECT';
is(($srv->requests)[-2]{target}, 'x.test:80', 'which is for that host');

# Upgrade
$r = $w->curl('-i', '-H', 'Connection: Upgrade', '-H', 'Upgrade: words', "${url}up");
like $r->{out}, qr{^HTTP/1\.1 101 .*^upgrade: words\r\n.*\r\n\r\nhello\z}msi, 'an upgrade';
is seen('-H', 'Upgrade: words', $url)->{h}{upgrade}, undef, 'not without Connection';
is $w->stop, 143;
done_testing;
