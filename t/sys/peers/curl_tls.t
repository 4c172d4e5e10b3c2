# curl and TLS: versions, ciphers, ALPN, names that choose certificates, and curl's
# own certificate, required or not.
use v5.36;
use Backend qw(:all);
use Cert;
use Digest::MD5 qw(md5_hex);
use File::Temp;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
$ca->issue('w', san => ['DNS:*.w.test']);
$ca->issue('me', client => 1);
$ca->issue('old', client => 1, expired => 1);

my $srv = Backend->new(sub ($req) { response(200, "$req->{method} " . md5_hex($req->{body})) });
my $w = Weir->new(defaults => 'http', binds => [qw(tls must may only13 only12)],
    env => { C => "$dir", SRV => $srv->addr },
    files => { seen => '%[ssl_fc_protocol] %[ssl_fc_sni] %[ssl_c_used] %[ssl_c_verify]',
	errors => '%[ssl_c_err]/%[ssl_c_ca_err]' },
    cfg => <<'CFG');
frontend f
	bind "fd@${tls}" ssl crt "${C}/a.pem" crt "${C}/w.pem"
	bind "fd@${must}" ssl crt "${C}/a.pem" verify required ca-file "${C}/ca.pem"
	bind "fd@${may}" ssl crt "${C}/a.pem" verify optional ca-file "${C}/ca.pem" crt-ignore-err all
	bind "fd@${only13}" ssl crt "${C}/a.pem" ssl-min-ver TLSv1.3
	bind "fd@${only12}" ssl crt "${C}/a.pem" ssl-max-ver TLSv1.2
	http-request return status 200 content-type text/plain lf-file "${DIR}/seen" if { path / }
	http-request return status 200 content-type text/plain lf-file "${DIR}/errors" if { path /errors/ }
	default_backend b
backend b
	server s1 "${SRV}"
CFG

sub tls ($bind, $name, @args) {
	my $port = $w->port($bind);
	return $w->curl('--cacert', $ca->file, '--connect-to', "::127.0.0.1:$port", @args, "https://$name/");
}
is tls('tls', 'a.test')->{out}, 'TLSv1.3 a.test 0 0', 'TLS 1.3 by itself';
is tls('tls', 'a.test', '--tls-max', '1.2')->{out}, 'TLSv1.2 a.test 0 0', 'TLS 1.2 at most';
is tls('tls', 'a.test', '--tls-max', '1.2', '--ciphers', $_)->{code}, 0, $_
    for qw(ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-CHACHA20-POLY1305);
is tls('tls', 'a.test', '--tls13-ciphers', 'TLS_CHACHA20_POLY1305_SHA256')->{code}, 0, 'a suite of 1.3';
is tls('tls', 'a.test', '--curves', 'P-384')->{code}, 0, 'another curve';
is tls('tls', 'a.test', '--tlsv1.0', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0')->{code},
    35, 'not 1.1';
is tls('only13', 'a.test', '--tls-max', '1.2')->{code}, 35, 'ssl-min-ver TLSv1.3';
is tls('only12', 'a.test', '--tlsv1.3')->{code}, 35, 'ssl-max-ver TLSv1.2';
is tls('only12', 'a.test')->{out}, 'TLSv1.2 a.test 0 0', 'agreed upon';
like tls('tls', 'a.test', '--http2', '-w', ' %{http_version}')->{out}, qr/ 1\.1$/, 'ALPN: HTTP/1.1';
is tls('tls', 'a.test', '--no-alpn')->{code}, 0, 'no ALPN';

# Names choose certificates
is tls('tls', 'x.w.test')->{out}, 'TLSv1.3 x.w.test 0 0', 'a wildcard';
is tls('tls', 'X.W.TEST')->{code}, 0, 'in capitals';
is tls('tls', 'other.test')->{code}, 60, 'another name gets the first one, which curl refuses';
like tls('tls', 'other.test', '-kv')->{err}, qr/subject: CN=a$/m, 'for that';
like tls('tls', 'y.w.test', '-v')->{err}, qr/subject: CN=w$/m, 'the wildcard is another file';
is tls('tls', 'a.test', '--cacert', "$dir/me.crt")->{code}, 60, 'unknown CA';

# curl's certificate
my @me = ('--cert', "$dir/me.crt", '--key', "$dir/me.key");
my @old = ('--cert', "$dir/old.pem");
for my $v ('1.2', '1.3') {
	my @v = ('--tls-max', $v);
	is tls('must', 'a.test', @v, @me)->{out}, "TLSv$v a.test 1 0", "TLS $v, required: ours";
	isnt tls('must', 'a.test', @v)->{code}, 0, 'none';
	isnt tls('must', 'a.test', @v, @old)->{code}, 0, 'expired';
	is tls('may', 'a.test', @v, @me)->{out}, "TLSv$v a.test 1 0", "TLS $v, optional: ours";
	is tls('may', 'a.test', @v)->{out}, "TLSv$v a.test 0 0", 'none';
	is tls('may', 'a.test', @v, @old)->{out}, "TLSv$v a.test 1 10", 'expired, and the rules know';
	is tls('may', 'a.test/errors', @v, @old)->{out}, '10/0', 'the certificate, not its CA';
}

my $mib = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 262144;
my $file = $w->write_file('mib', $mib);
my $r = tls('tls', 'a.test/in', '-T', $file);
is $r->{out}, 'PUT ' . md5_hex($mib), 'an upload' or diag $r->{err};
is $w->stop, 143;
done_testing;
