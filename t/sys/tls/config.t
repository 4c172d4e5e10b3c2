# TLS words in configurations: what is accepted, what is said of mistakes.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
$ca->issue('b', san => ['DNS:b.test']);
chmod 0600, glob "$dir/*.pem";
Cert::spew("$dir/cert-only.pem", Cert::slurp("$dir/a.crt"), 0600);
Cert::spew("$dir/mixed.pem", Cert::slurp("$dir/a.crt") . Cert::slurp("$dir/b.key"), 0600);
Cert::spew("$dir/open.pem", Cert::slurp("$dir/a.pem"), 0666);
Cert::spew("$dir/world.pem", Cert::slurp("$dir/a.pem"), 0644);
my $timeouts = "defaults\n\tmode http\n" . join '', map { "\ttimeout $_ 1s\n" }
    qw(client server connect);

sub bind_line ($words, $global = '') {
	return Weir->check("global\n$global\n$timeouts" .
	    "frontend f\n\tbind 127.0.0.1:1 $words\n\thttp-request return status 200\n");
}
sub server_line ($words, $global = '') {
	return Weir->check("global\n$global\n$timeouts" .
	    "backend b\n\tserver s 127.0.0.1:1 $words\n");
}

my $crt = "ssl crt $dir/a.pem";
for my $words ($crt, "$crt crt $dir/b.pem strict-sni", "$crt alpn http/1.1",
    "$crt ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3", "$crt force-tlsv12", "$crt no-tlsv12",
    "$crt ciphers ECDHE+AESGCM ciphersuites TLS_AES_128_GCM_SHA256 curves P-256:P-384",
    "$crt ecdhe P-256", "$crt no-tls-tickets prefer-client-ciphers no-ca-names",
    "$crt verify optional ca-file $dir/ca.pem ca-verify-file $dir/ca.pem",
    "$crt verify required ca-file $dir/ca.pem crt-ignore-err all ca-ignore-err 10,X509_V_ERR_CERT_REVOKED",
    "$crt no-strict-sni no-alpn no-sslv3 no-tlsv10 no-tlsv11") {
	my $r = bind_line($words);
	is $r->{code}, 0, $words =~ s/\Q$dir\E\///gr or diag $r->{err};
}
for my $words ('ssl verify none', "ssl ca-file $dir/ca.pem verifyhost x sni str(x) alpn http/1.1",
    "ssl ca-file $dir/ca.pem crt $dir/a.pem no-ssl-reuse no-sni-auto no-tls-tickets",
    "ssl verify none sigalgs ECDSA+SHA256 curves P-256 force-tlsv13", 'ssl no-ssl') {
	my $r = server_line($words);
	is $r->{code}, 0, $words =~ s/\Q$dir\E\///gr or diag $r->{err};
}

my %bind_errors = (
	"ssl" => qr/'ssl' : no certificate is given/,
	"ssl crt $dir/none.pem" => qr/cannot read '\Q$dir\E\/none.pem': No such file/,
	"ssl crt $dir/cert-only.pem" => qr/no private key for .*neither in it nor in/,
	"ssl crt $dir/mixed.pem" => qr/does not belong to the certificate/,
	"ssl crt $dir/open.pem" => qr/writable by everybody \(mode 0666\)/,
	"$crt verify required" => qr/needs a 'ca-file'/,
	"$crt verify maybe" => qr/unknown verify method 'maybe'/,
	"$crt ssl-min-ver TLSv9" => qr/unknown or unsupported version 'TLSv9'/,
	"$crt ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2" => qr/no TLS version is left/,
	"$crt ciphers NONSENSE" => qr/'ciphers' : unable to use 'NONSENSE'/,
	"$crt curves nonsense" => qr/'curves' : unable to use 'nonsense'/,
	"$crt crt-ignore-err nonsense" => qr/neither 'all' nor an error number/,
	"$crt allow-0rtt" => qr/allow-0rtt.*replayed/s,
	"$crt ocsp-update on" => qr/ocsp-update.*not built/s,
	"$crt generate-certificates" => qr/generate-certificates.*not built/s,
	"$crt force-sslv3" => qr/SSLv3 is broken/,
);
for my $words (sort keys %bind_errors) {
	my $r = bind_line($words);
	is $r->{code}, 1, ($words =~ s/\Q$dir\E\///gr) . ': refused';
	like $r->{err}, $bind_errors{$words}, '... with the reason';
	like $r->{err}, qr/\[\Q$r->{file}\E:\d+\]/, '... and the place';
}
like bind_line("ssl crt $dir/world.pem")->{err}, qr/\(mode 0644\)\. Run: chmod 0600/,
    'a key that all may read';
like bind_line("$crt alpn h2,http/1.1")->{err}, qr/'h2' is left out/, 'h2 is not built';
like server_line("ssl ca-file $dir/none.pem")->{err}, qr/cannot read/, 'server: no such file';

# the three lines of Debian's haproxy.cfg
my $debian = <<'CFG';
	ca-base /etc/ssl/certs
	crt-base /etc/ssl/private
	ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256
	ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
	ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
	ssl-default-server-options ssl-min-ver TLSv1.2
	ssl-default-bind-curves X25519:P-256
	ssl-server-verify none
	tune.ssl.default-dh-param 2048
	tune.ssl.cachesize 1000
	tune.ssl.lifetime 600
	tune.ssl.maxrecord 4096
CFG
is bind_line($crt, $debian)->{code}, 0, 'the global words';
is server_line('ssl', $debian)->{code}, 0, 'ssl-server-verify none needs no CA file';
like bind_line($crt, "\tssl-default-bind-options no-tls")->{err}, qr/unknown option 'no-tls'/;
done_testing;
