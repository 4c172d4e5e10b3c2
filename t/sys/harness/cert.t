# The test library itself: Cert.pm, with a TLS listener of weir.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('srv', san => ['DNS:a.test']);
$ca->issue('me', client => 1);
$ca->issue('old', expired => 1, rsa => 2048, pkcs1 => 1);
Cert->self_signed("$dir/own.pem");
like Cert::slurp("$dir/old.pem"), qr/BEGIN RSA PRIVATE KEY/, 'PKCS#1';
like Cert::openssl('x509', '-in', "$dir/own.pem", '-noout', '-ext', 'subjectAltName'),
    qr/DNS:localhost/, 'self-signed';
like Cert::openssl('crl', '-in', $ca->crl('old'), '-noout', '-text'),
    qr/Serial Number: /, 'a list with a revoked one';

my $w = Weir->new(defaults => 'http', binds => ['tls'], env => { C => "$dir" }, cfg => <<'CFG');
frontend f
	bind "fd@${tls}" ssl crt "${C}/srv.pem" verify required ca-file "${C}/ca.pem"
	http-request return status 200 content-type text/plain string hi
CFG
my @args = ('--cacert', $ca->file, '--resolve', 'a.test:' . $w->port('tls') . ':127.0.0.1',
    'https://a.test:' . $w->port('tls') . '/');
is $w->curl('--cert', "$dir/me.pem", @args)->{out}, 'hi', 'both sides are verified';
isnt $w->curl(@args)->{code}, 0, 'without a client certificate';
done_testing;
