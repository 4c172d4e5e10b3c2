# nginx as a TLS server: its certificate is verified, it chooses by SNI, resumes
# sessions and wants a certificate of ours; and as one that reads PROXY headers.
use v5.36;
use Cert;
use File::Temp;
use Nginx;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
$ca->issue('b', san => ['DNS:b.test']);
$ca->issue('me', client => 1);
mkdir "$dir/other";
my $other = Cert->new("$dir/other", cn => 'another CA');
$other->issue('spy', client => 1);

my $words = '$ssl_server_name $ssl_protocol $ssl_session_reused $ssl_client_verify $ssl_client_s_dn;';
my $http = join '', map { <<"CONF" } qw(a b);
server {
	listen \@tls\@ ssl; server_name $_.test; ssl_certificate $dir/$_.crt;
	ssl_certificate_key $dir/$_.key; ssl_session_cache builtin:100;
	ssl_protocols TLSv1.2 TLSv1.3; keepalive_timeout 0; root \@DIR\@;
	location = /who { return 200 "$_ $words"; }
}
CONF
my $ng = Nginx->new(listen => [qw(tls mtls pp1 pp2 pptls)], http => $http . <<"CONF",
server {
	listen \@mtls\@ ssl; ssl_certificate $dir/a.crt; ssl_certificate_key $dir/a.key;
	ssl_client_certificate $dir/ca.pem; ssl_verify_client on;
	location = /who { return 200 "m $words"; }
}
server {
	listen \@pp1\@ proxy_protocol; listen \@pp2\@ proxy_protocol;
	listen \@pptls\@ ssl proxy_protocol; ssl_certificate $dir/a.crt; ssl_certificate_key $dir/a.key;
	set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;
	location / { return 200 "\$proxy_protocol_addr \$proxy_protocol_port \$proxy_protocol_server_port"; }
}
CONF
    format => '$remote_addr $remote_port $proxy_protocol_port $uri $status');
my $mib = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 262144;
$ng->write_file('mib.bin', $mib);

my %server = (
	a => 'tls ca-file "${C}/ca.pem" sni str(a.test)',
	b => 'tls ca-file "${C}/ca.pem" sni str(b.test)',
	host => 'tls ca-file "${C}/ca.pem" sni req.hdr(host)',
	v12 => 'tls ca-file "${C}/ca.pem" sni str(a.test) ssl-max-ver TLSv1.2',
	wrong => 'tls ca-file "${C}/ca.pem" sni str(a.test) verifyhost b.test',
	ca => 'tls ca-file "${C}/other/ca.pem" sni str(a.test)',
	me => 'mtls ca-file "${C}/ca.pem" sni str(a.test) crt "${C}/me.pem"',
	nobody => 'mtls ca-file "${C}/ca.pem" sni str(a.test)',
	spy => 'mtls ca-file "${C}/ca.pem" sni str(a.test) crt "${C}/other/spy.pem"',
	v1 => 'pp1 send-proxy', v2 => 'pp2 send-proxy-v2',
	v2tls => 'pptls ca-file "${C}/ca.pem" sni str(a.test) send-proxy-v2',
);
my $cfg = "global\n\tnbthread 1\n";
for my $name (sort keys %server) {
	my ($to, $words) = $server{$name} =~ /^(\S+) (.*)/;
	$words = "ssl verify required $words" if $to =~ /tls/;
	$cfg .= "listen $name\n\tbind \"fd\@\${$name}\"\n\tretries 0\n" .
	    "\tserver s @{[ $ng->addr($to) ]} $words\n";
}
my $w = Weir->new(defaults => 'http', binds => [sort keys %server], env => { C => "$dir" },
    cfg => $cfg);

sub who ($name, $host = 'x.test') {
	my $r = $w->http($name)->request("GET /who HTTP/1.1\r\nHost: $host\r\n\r\n");
	return $r->{status} == 200 ? $r->{body} : $r->{status};
}
like who('a'), qr/^a a\.test TLSv1\.3 /, 'verified, SNI a';
like who('b', 'b.test'), qr/^b b\.test /, 'SNI b';
like who('host', 'b.test'), qr/^b b\.test /, 'SNI from the Host field';
like who('host', 'a.test'), qr/^a a\.test /, 'which changes';
like who('v12'), qr/^a a\.test TLSv1\.2 /, 'TLS 1.2';
like who('a'), qr/ TLSv1\.3 r /, 'TLS 1.3 is resumed';
like who('v12'), qr/ TLSv1\.2 r /, 'TLS 1.2 is resumed';
is who($_), 503, "refused: $_" for qw(wrong ca);
like who('me'), qr/ SUCCESS CN=me;/, 'nginx knows our certificate';
is who($_), 400, "nginx refuses: $_" for qw(nobody spy);
for my $name (qw(a v12)) {
	my $c = $w->http($name);
	ok $c->get('/mib.bin')->{body} eq $mib, "$name: 1 MiB";
	is $c->get('/none')->{status}, 404, "$name: then another";
}

# PROXY headers: nginx logs the client, not weir
for my $name (qw(v1 v2 v2tls)) {
	my $c = $w->http($name);
	my $port = $c->local_port;
	is $c->get("/$name")->{body}, "127.0.0.1 $port " . $w->port($name), "$name: nginx is told";
	is $c->get("/$name/again")->{status}, 200, "$name: once a connection";
	my $line = Weir::poll(sub { (grep { m{ /$name/again } } $ng->log)[0] });
	is $line, "127.0.0.1 $port $port /$name/again 200", "$name: and logs it";
	my $d = $w->http($name);
	is $d->get->{body}, "127.0.0.1 @{[ $d->local_port ]} " . $w->port($name),
	    "$name: another client has its own";
}
my $from = $w->http('v1', from => '127.0.0.7');
like $from->get->{body}, qr/^127\.0\.0\.7 /, 'a client elsewhere';
is $w->stop, 143;
done_testing;
