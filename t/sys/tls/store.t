# Certificates, CA and CRL files, crt-lists changed on the socket; OpenSSL's and
# curl's clients see what is in service.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $other_dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
my $other = Cert->new($other_dir, cn => 'other CA');
$ca->issue($_, san => ["DNS:$_.test"]) for qw(a b c n);
$ca->issue('a2', cn => 'a', san => ['DNS:a.test']);
$ca->issue('me', client => 1);
$other->issue('you', client => 1);
$ca->crl;
chmod 0600, glob "$dir/*.pem";
Cert::spew("$dir/chain.pem", join('', map { Cert::slurp("$dir/$_") } qw(a2.crt ca.pem a2.key)), 0600);
Cert::spew("$dir/mixed.pem", Cert::slurp("$dir/a.crt") . Cert::slurp("$dir/b.key"), 0600);

my $w = Weir->new(defaults => 'http', binds => [qw(tls must srv prom)], env => { C => "$dir" },
    files => { list => "# names\n$dir/b.pem [alpn http/1.1] b.test !no.b.test\n$dir/c.pem\n" },
    cfg => <<'CFG');
global
	ca-base "${C}"
frontend f
	bind "fd@${tls}" ssl crt "${C}/a.pem" crt-list "${DIR}/list"
	bind "fd@${must}" ssl crt "${C}/a.pem" verify required ca-file ca.pem crl-file crl.pem
	http-request return status 200 content-type text/plain string hi unless { path /up }
	default_backend up
backend up
	server s "127.0.0.1:${PORT_srv}" ssl ca-file ca.pem crt "${C}/me.pem" sni str(a.test) no-ssl-reuse
frontend prom
	bind "fd@${prom}"
	http-request use-service prometheus-exporter
frontend srv
	bind "fd@${srv}" ssl crt "${C}/a.pem" verify required ca-file ca.pem
	http-request return status 200 content-type text/plain string up
CFG
my $list = $w->file('list');

# One command with a payload: a file, or text
sub with ($command, $payload) {
	my $text = -e $payload ? Cert::slurp($payload) : $payload;
	$text = join "", map { "$_\n" } grep { length } split /\n/, $text;
	my $s = $w->cli_session;
	$s->send("$command <<\n$text\n");
	return $s->read_all =~ s/\n\n\z//r;
}

# Serial of the certificate that a client with this name gets
sub serial ($name, $bind = 'tls') {
	my $port = $w->port($bind);
	my $out = qx{openssl s_client -connect 127.0.0.1:$port -servername $name </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null};
	return $out =~ s/^serial=|\n//gr;
}
sub serial_of ($name) {
	return Cert::openssl('x509', '-in', "$dir/$name.crt", '-noout', '-serial') =~ s/^serial=|\n//gr;
}
sub get ($bind, $name, @args) {
	my $port = $w->port($bind);
	return $w->curl('--cacert', $ca->file, '--resolve', "$name:$port:127.0.0.1", @args,
	    "https://$name:$port/");
}

# --- show
is $w->cli('show ssl cert'), join("\n", '# filename', map { "$dir/$_.pem" } qw(a b c me)), 'names';
my $text = $w->cli("show ssl cert $dir/a.pem");
my $fingerprint = Cert::openssl('x509', '-in', "$dir/a.crt", '-noout', '-fingerprint', '-sha1')
    =~ s/.*=|[:\n]//gr;
like $text, qr{^Filename: \Q$dir\E/a\.pem\nStatus: Used\nSerial: @{[serial_of('a')]}\nnotBefore: \w{3} .* GMT\nnotAfter: \w{3} .* GMT\nSubject Alternative Name: DNS:a\.test, \nAlgorithm: EC256\nSHA1 FingerPrint: $fingerprint\nSubject: /CN=a\nIssuer: /CN=test CA\nOCSP Response Key: $}, 'one';
unlike $text, qr/PRIVATE/, 'no key';
is $w->cli("show ssl cert $dir/none.pem"),
    "Can't display the certificate: Not found or the certificate is a bundle!", 'none';

# --- a certificate is replaced
is serial('a.test'), serial_of('a'), 'the one of the file';
is $w->cli("commit ssl cert $dir/a.pem"), "No ongoing transaction! !\nCan't commit $dir/a.pem!", 'nothing open';
is $w->cli("abort ssl cert $dir/a.pem"), 'No ongoing transaction!', 'nothing to abort';
is with("set ssl cert $dir/a.pem", "$dir/chain.pem"), "Transaction created for certificate $dir/a.pem!", 'set';
like $w->cli('show ssl cert'), qr{^# transaction\n\*\Q$dir\E/a\.pem\n# filename\n}, 'pending';
like $w->cli("show ssl cert *$dir/a.pem"), qr{^Filename: \*\Q$dir\E/a\.pem\nStatus: Unused\nSerial: @{[serial_of('a2')]}\n.*Chain Subject: /CN=test CA\nChain Issuer: /CN=test CA\n}s, 'what it is';
is serial('a.test'), serial_of('a'), 'not in service yet';
like with("set ssl cert $dir/b.pem", "$dir/b.pem"), qr/^The ongoing transaction is about .*\nCan't update \Q$dir\E\/b\.pem!$/, 'one at a time';
like $w->cli("commit ssl cert $dir/b.pem"), qr/^The ongoing transaction is about .*\nCan't commit/, 'of this name';
is with("set ssl cert $dir/a.pem", "$dir/chain.pem"), "Transaction updated for certificate $dir/a.pem!", 'again';
is $w->cli("commit ssl cert $dir/a.pem"), "Committing $dir/a.pem...\nSuccess!", 'three listeners';
is serial('a.test'), serial_of('a2'), 'in service';
is serial('a.test', 'must'), serial_of('a2'), 'everywhere';
is get('tls', 'a.test')->{out}, 'hi', 'and good';

# --- what is refused leaves the old one
is with("set ssl cert $dir/a.pem", 'nonsense'), "unable to load certificate from file '$dir/a.pem'.\nCan't load the payload\nCan't update $dir/a.pem!", 'no certificate';
like with("set ssl cert $dir/a.pem", "$dir/mixed.pem"), qr/^inconsistencies between private key and certificate .*: key values mismatch\.\nCan't load the payload\nCan't update/, 'the key of another';
is with("set ssl cert $dir/a.pem", "$dir/b.crt"), "Transaction created for certificate $dir/a.pem!", 'a certificate alone';
is $w->cli("commit ssl cert $dir/a.pem"), "The transaction must contain at least a certificate and a private key!\nCan't commit $dir/a.pem!", 'is not enough';
is with("set ssl cert $dir/a.pem.key", "$dir/c.key"), "Transaction updated for certificate $dir/a.pem!", 'a key beside it';
like $w->cli("commit ssl cert $dir/a.pem"), qr/does not belong to the certificate.*\nCan't commit/, 'must be the right one';
is serial('a.test'), serial_of('a2'), 'the old one is in service';
is with("set ssl cert $dir/a.pem.key", "$dir/b.key"), "Transaction updated for certificate $dir/a.pem!", 'the right one';
like $w->cli("commit ssl cert $dir/a.pem"), qr/\nSuccess!$/, 'is taken';
is serial('a.test'), serial_of('b'), 'in service';
is with("set ssl cert $dir/nope.pem", "$dir/b.pem"), "Can't replace a certificate which is not referenced by the configuration!\nCan't update $dir/nope.pem!", 'a name that is not there';
like with("set ssl cert $dir/a.pem.issuer", "$dir/ca.pem"), qr/^Only '\.key' and '\.ocsp' are read beside/, 'not read';

# --- a new one, by name
is $w->cli('new ssl cert n'), "New empty certificate store 'n'!", 'new';
is $w->cli('new ssl cert n'), "Certificate 'n' already exists!", 'is there';
is $w->cli("new ssl cert $list"), "'$list' is a file of the configuration.", 'not what is another file';
is $w->cli('show ssl cert n'), "Filename: n\nStatus: Empty\nOCSP Response Key: ", 'empty';
like $w->cli("add ssl crt-list $list n"), qr/^Can't edit the crt-list: certificate 'n' is empty!$/, 'nothing in it';
with('set ssl cert n', "$dir/n.pem");
is $w->cli('commit ssl cert n'), "Committing n\nSuccess!", 'nobody uses it';
like $w->cli('show ssl cert n'), qr/^Filename: n\nStatus: Unused\nSerial: /, 'unused';
is serial('n.test'), serial_of('b'), 'the default';
is $w->cli("add ssl crt-list $list n"), "Inserting certificate 'n' in crt-list '$list'.\nSuccess!", 'into a list';
is serial('n.test'), serial_of('n'), 'SNI finds it';
is with("add ssl crt-list $list", "n [ssl-max-ver TLSv1.2] *.wild.test"), "Inserting certificate 'n' in crt-list '$list'.\nSuccess!", 'with options';
is serial('x.wild.test'), serial_of('n'), 'and names';
is $w->cli("show ssl crt-list"), $list, 'the lists';
is $w->cli("show ssl crt-list -n $list"), "# $list\n$dir/b.pem:2 [alpn http/1.1] b.test !no.b.test\n$dir/c.pem:3\nn:4\nn:5 [ssl-max-ver TLSv1.2] *.wild.test", 'its lines';
like with("add ssl crt-list $list", "n [bogus] x.test"), qr/^Can't edit the crt-list: .*unknown option 'bogus'/, 'a wrong line';
is $w->cli("add ssl crt-list $list $dir/none.pem"), "Can't edit the crt-list: certificate '$dir/none.pem' does not exist!", 'not there';
is $w->cli('add ssl crt-list none n'), "Can't edit the crt-list: crt-list 'none' does not exist!", 'no list';
is $w->cli('del ssl cert n'), "Can't remove the certificate: certificate 'n' in use, can't be deleted!", 'in use';
is $w->cli("del ssl crt-list $list n"), "Can't delete the entry: found the certificate 'n' in several entries, please specify a line number preceded by colons (4, 5)!", 'which';
like $w->cli("del ssl crt-list $list n:9"), qr/the line number is incorrect, please specify a correct line number preceded by colons \(4, 5\)!$/, 'not this';
is $w->cli("del ssl crt-list $list n:4"), "Entry 'n' deleted in crtlist '$list'!", 'a line goes';
is serial('n.test'), serial_of('b'), 'so does its name';
is $w->cli("del ssl crt-list $list n"), "Entry 'n' deleted in crtlist '$list'!", 'the other';
is $w->cli("show ssl crt-list $list"), "# $list\n$dir/b.pem [alpn http/1.1] b.test !no.b.test\n$dir/c.pem", 'as before';
is $w->cli('del ssl cert n'), "Certificate 'n' deleted!", 'deleted';
is $w->cli('del ssl cert n'), "Can't remove the certificate: certificate 'n' doesn't exist!", 'gone';

# --- CA and CRL files
is $w->cli('show ssl ca-file'), "# filename\n$dir/ca.pem - 1 certificate(s)", 'CAs';
like $w->cli('show ssl ca-file ca.pem:1'), qr{^Filename: \Q$dir\E/ca\.pem\nStatus: Used\n \nCertificate #1:\nSerial: .*\nSubject: /CN=test CA\nIssuer: /CN=test CA$}s, 'one of it';
is $w->cli('show ssl ca-file ca.pem:x'), "wrong CA index after colons in 'ca.pem:x'!", 'not a number';
is $w->cli('show ssl ca-file nope'), "Can't display the CA file : Not found!", 'not there';
isnt get('must', 'b.test', '--cert', "$other_dir/you.pem")->{code}, 0, 'a stranger';
is with('set ssl ca-file ca.pem', 'nonsense'), "Invalid payload\nCan't update $dir/ca.pem!", 'nonsense';
is with('add ssl ca-file ca.pem', $other->file), "transaction created for CA $dir/ca.pem!", 'one more';
like $w->cli('show ssl ca-file'), qr/^# transaction\n\*\S+ - 2 certificate\(s\)\n# filename\n\S+ - 1 cert/, 'pending';
like $w->cli('show ssl ca-file *ca.pem:2'), qr{^Filename: \*.*\nStatus: Unused\n \nCertificate #2:.*CN=other CA}s, 'the second';
like $w->cli('commit ssl ca-file ca.pem'), qr/^Committing \S+ca\.pem\.+\nSuccess!$/, 'commit';
is get('must', 'b.test', '--cert', "$dir/me.pem", '-k')->{out}, 'hi', 'the old ones';
my $crl = "$dir/crl.pem";
is $w->cli('show ssl crl-file'), "# filename\n$crl", 'CRLs';
like $w->cli("show ssl crl-file crl.pem"), qr{^Filename: \Q$crl\E\nStatus: Used\n \nCertificate Revocation List #1:\nVersion 2\nSignature Algorithm: ecdsa-with-SHA256\nIssuer: /CN=test CA\nLast Update: .* GMT\nNext Update: .* GMT\nNo Revoked Certificates\.$}, 'nobody';
is with('set ssl crl-file crl.pem', 'nonsense'), "Invalid payload\nCan't update $crl!", 'nonsense';
$ca->crl('me');
is with('set ssl crl-file crl.pem', $crl), "transaction created for CRL $crl!", 'somebody';
like $w->cli('show ssl crl-file *crl.pem:1'), qr/Revoked Certificates:\n    Serial Number: @{[serial_of('me')]}\n        Revocation Date: /, 'who';
like $w->cli('commit ssl crl-file crl.pem'), qr/\.\nSuccess!$/, 'commit';
isnt get('must', 'b.test', '--cert', "$dir/me.pem", '-k')->{code}, 0, 'revoked';
for (['ca-file', 'CA file'], ['crl-file', 'CRL file']) {	# new ssl ca-file, new ssl crl-file
	my ($word, $thing) = @$_;
	is $w->cli("new ssl $word x"), "New $thing created 'x'!", "new $word";
	is $w->cli("new ssl $word x"), "$thing 'x' already exists!", 'again';
	like with("set ssl $word x", $word eq 'ca-file' ? $ca->file : $crl), qr/^transaction created/, 'set';
	# abort ssl ca-file, abort ssl crl-file, del ssl ca-file, del ssl crl-file
	is $w->cli("abort ssl $word x"), "Transaction aborted for certificate 'x'!", "abort $word";
	is $w->cli("del ssl $word x"), "$thing 'x' deleted!", "del $word";
	like $w->cli("del ssl $word " . ($word eq 'ca-file' ? 'ca.pem' : 'crl.pem')), qr/ in use, can't be deleted!$/, 'in use';
}

# --- towards servers: the client certificate is another one
is get('tls', 'b.test', '-k')->{out}, 'hi', 'before';
my $up = sub { return get('tls', 'b.test', '-k', '--request-target', '/up')->{out} };
with("set ssl cert $dir/a.pem", "$dir/a2.pem");
like $w->cli("commit ssl cert $dir/a.pem"), qr/Success!$/, 'the server has its name again';
is $up->(), 'up', 'a server over TLS';
with("set ssl cert $dir/me.pem", "$other_dir/you.pem");
is $w->cli("commit ssl cert $dir/me.pem"), "Committing $dir/me.pem.\nSuccess!", 'another client certificate';
is $up->(), 'up', 'of the CA that was added';
with('set ssl ca-file ca.pem', $ca->file);
like $w->cli('commit ssl ca-file ca.pem'), qr/Success!$/, 'that CA goes';
like $up->(), qr/^<html>.*50[23]/s, 'so it is refused';

# --- the audit has names, no keys; levels
like $w->cli('show audit max 1'), qr/commit ssl ca-file ca\.pem,ok$/, 'audit';
unlike $w->cli('show audit'), qr/BEGIN|PRIVATE/, 'no payload in it';
is $w->cli("operator;set ssl cert $dir/a.pem x"), "\nPermission denied", 'admin only';

# --- when the first one expires
my $metrics = $w->http('prom')->get('/metrics?scope=global')->{body};
like $metrics, qr/^weir_process_cert_days_left (?:29\.\d+|30\.000)$/m, 'days left';
ok $w->wait_for(sub { $w->cli('show metrics name CertDaysLeft') =~
    /^Weir,CertDaysLeft,,Count,(?:29\.\d+|30),/m }), 'as a metric';

# --- the files win at a reload
$w->cli('new ssl cert later');
with("set ssl cert $dir/a.pem", "$dir/a2.pem");
is serial('a.test'), serial_of('a2'), 'changed';
like $w->cli('reload'), qr/^Success=1/, 'reload';
is serial('a.test'), serial_of('a'), 'the file';
is $w->cli('show ssl cert'), join("\n", '# filename', map { "$dir/$_.pem" } qw(a b c me)), 'nothing else';
done_testing;
