# TLS towards clients: curl and openssl s_client, SNI, client certificates, ends.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
$ca->issue('w', san => ['DNS:*.w.test']);
$ca->issue('rsa', san => ['DNS:rsa.test'], rsa => 2048, pkcs1 => 1);
$ca->issue('me', client => 1);
$ca->issue('gone', client => 1);
$ca->issue('old', client => 1, expired => 1);
$ca->crl('gone');
Cert->self_signed("$dir/stranger.pem");
chmod 0600, glob "$dir/*.pem";

my $w = Weir->new(defaults => 'http', binds => [qw(tls strict must may old tcp)],
    env => { C => "$dir" },
    files => { list => "$dir/a.pem\n$dir/rsa.pem [ssl-max-ver TLSv1.2] rsa.test\n" },
    cfg => <<'CFG');
global
	tune.ssl.lifetime 60s
frontend f
	bind "fd@${tls}" ssl crt "${C}/a.pem" crt "${C}/w.pem" crt "${C}/rsa.pem"
	bind "fd@${strict}" ssl crt-list "${DIR}/list" strict-sni
	bind "fd@${must}" ssl crt "${C}/a.pem" verify required ca-file "${C}/ca.pem" crl-file "${C}/crl.pem"
	bind "fd@${may}" ssl crt "${C}/a.pem" verify optional ca-file "${C}/ca.pem"
	bind "fd@${old}" ssl crt "${C}/rsa.pem" force-tlsv12 ciphers AES128-SHA
	http-request return status 200 content-type text/plain string hi
CFG

sub get ($bind, $name, @args) {
	my $port = $w->port($bind);
	return $w->curl('--cacert', $ca->file, '--resolve', "$name:$port:127.0.0.1", @args,
	    "https://$name:$port/");
}

is get('tls', 'a.test')->{out}, 'hi', 'the first certificate';
is get('tls', 'x.w.test')->{out}, 'hi', 'a wildcard';
is get('tls', 'rsa.test')->{out}, 'hi', 'an RSA key in its old form';
is get('tls', 'x.y.w.test')->{code}, 60, 'a wildcard is one label';
is get('tls', 'a.test', '--tls-max', '1.2')->{out}, 'hi', 'TLS 1.2';
isnt get('tls', 'a.test', '--tls-max', '1.1')->{code}, 0, 'not TLS 1.1';
is get('old', 'rsa.test', '--ciphers', 'AES128-SHA')->{out}, 'hi', 'ciphers are obeyed';

is get('strict', 'a.test')->{out}, 'hi', 'strict: a known name';
is get('strict', 'rsa.test')->{out}, 'hi', 'strict: a name of the list';
isnt get('strict', 'rsa.test', '--tlsv1.3')->{code}, 0, 'the options of its line';
like get('strict', 'other.test')->{err}, qr/unrecognized name/, 'strict: an unknown name';

my @me = ('--cert', "$dir/me.pem");
is get('must', 'a.test', @me)->{out}, 'hi', 'a client certificate';
for my $v ('1.2', '1.3') {
	isnt get('must', 'a.test', '--tls-max', $v)->{code}, 0, "none: refused, TLS $v";
	isnt get('must', 'a.test', '--tls-max', $v, '--cert', "$dir/$_.pem")->{code}, 0,
	    "$_: refused, TLS $v" for qw(gone old stranger);
}
is get('may', 'a.test')->{out}, 'hi', 'optional: none';
is get('may', 'a.test', @me)->{out}, 'hi', 'optional: a good one';
isnt get('may', 'a.test', '--cert', "$dir/stranger.pem")->{code}, 0, 'optional: a wrong one';

# --- openssl s_client --------------------------------------------------------

sub s_client ($bind, $input, @args) {
	my $file = "$dir/input";
	Cert::spew($file, $input);
	my $cmd = join ' ', map { quotemeta } 'timeout', 10, 'openssl', 's_client', '-connect',
	    '127.0.0.1:' . $w->port($bind), '-servername', 'a.test', '-CAfile', $ca->file, @args;
	return qx{$cmd <$file 2>&1};
}

my $req = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
my $text = s_client('tls', $req, '-ign_eof', '-alpn', 'h2,http/1.1');
like $text, qr/ALPN protocol: http\/1\.1/, 'ALPN';
like $text, qr/Verify return code: 0/, 'the chain verifies';
like $text, qr/^hi---|^hi$/m, 'the answer';
like $text, qr/^closed$/m, 'then close_notify';
unlike $text, qr/unexpected eof/i, 'a clean end';
is scalar(() = s_client('tls', $req, '-ign_eof', '-tls1_3') =~ /Session Ticket arrived/g), 1,
    'one ticket';
like s_client('tls', "R\n", '-tls1_2'), qr/no renegotiation|unexpected|closed|error/i,
    'no renegotiation';

# --- resumption --------------------------------------------------------------

sub session ($bind, $version, @args) {
	return s_client($bind, $req, '-ign_eof', "-$version", @args);
}
for my $v (qw(tls1_2 tls1_3)) {
	my $file = "$dir/sess-$v";
	like session('tls', $v, '-sess_out', $file), qr/^New, /m, "$v: a full handshake";
	like session('tls', $v, '-sess_in', $file), qr/^Reused, /m, "$v: resumed";
	unlike session('may', $v, '-sess_in', $file), qr/^Reused, /m,
	    "$v: not on another listener";
	unlike session('must', $v, '-sess_in', $file), qr/^hi/m,
	    "$v: nor around the client certificate";
}
done_testing;
