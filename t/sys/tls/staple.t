# OCSP responses and keys of session tickets, changed on the socket.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue($_, san => ["DNS:$_.test"]) for qw(a b);
chmod 0600, glob "$dir/*.pem";

# A response about a certificate; revoked ones are in the list
sub respond ($name, $out, $state, @args) {
	my $serial = Cert::openssl('x509', '-in', "$dir/$name.crt", '-noout', '-serial')
	    =~ s/^serial=|\n//gr;
	my $end = '351231000000Z';
	Cert::spew("$dir/known.txt", join("\t", $state, $end,
	    $state eq 'R' ? '250101000000Z' : '', $serial, 'unknown', "/CN=$name") . "\n");
	Cert::openssl('ocsp', '-index', "$dir/known.txt", '-CA', "$dir/ca.pem",
	    '-rsigner', "$dir/ca.pem", '-rkey', "$dir/ca.key", '-issuer', "$dir/ca.pem",
	    '-cert', "$dir/$name.crt", '-respout', $out, @args);
}
respond('a', "$dir/a.pem.ocsp", 'V', '-ndays', 2);
respond('a', "$dir/new.der", 'V', '-ndays', 9);
respond('b', "$dir/b.der", 'V', '-ndays', 9);
respond('a', "$dir/revoked.der", 'R', '-ndays', 9);

my $w = Weir->new(defaults => 'http', binds => [qw(tls)], env => { C => "$dir" }, cfg => <<'CFG');
frontend f
	bind "fd@${tls}" ssl crt "${C}/a.pem" crt "${C}/b.pem"
	bind "unix@${C}/tls.sock" ssl crt "${C}/a.pem" crt "${C}/b.pem"
	http-request return status 200 content-type text/plain string hi
CFG

sub s_client (@args) {
	@args = ('-connect', '127.0.0.1:' . $w->port('tls'), @args) if $args[0] ne '-unix';
	my $words = join ' ', map { quotemeta } @args;
	return qx{printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client -ign_eof $words 2>/dev/null};
}
sub next_update () {
	return s_client('-servername', 'a.test', '-status') =~ /Next Update: (.*)/ ? $1 : 'none';
}
sub base64 ($file) { return encode_base64(Cert::slurp($file), '') }

# --- what is stapled
my $text = $w->cli('show ssl ocsp-response');
like $text, qr{^# Certificate IDs\n  Certificate ID key : ([0-9a-f]{60,})\n  Certificate path : \Q$dir\E/a\.pem\n    Certificate ID:\n      Issuer Name Hash: [0-9A-F]{40}\n      Issuer Key Hash: [0-9A-F]{40}\n      Serial Number: 1000$}, 'one';
my ($id) = $text =~ /key : (\S+)/;
like $w->cli("show ssl cert $dir/a.pem"), qr/^OCSP Response Key: $id$/m, 'of this certificate';
like $w->cli("show ssl ocsp-response $id"), qr/^OCSP Response Data:\n.*Cert Status: good\n/s, 'in words';
like $w->cli("show ssl ocsp-response $dir/a.pem"), qr/^OCSP Response Data:/, 'by file';
is $w->cli('show ssl ocsp-response 303b'), 'Certificate ID does not match any certificate.', 'none';
my $before = next_update();
isnt $before, 'none', 'a client gets it';

# --- another one
is $w->cli('set ssl ocsp-response'), "'set ssl ocsp-response' expects response in base64 encoding.", 'nothing';
is $w->cli('set ssl ocsp-response AAAA'), 'Unable to parse OCSP response.', 'nonsense';
is $w->cli('set ssl ocsp-response ' . base64("$dir/b.der")),
    'OCSP single response: Certificate ID does not match any certificate or issuer.', 'of a certificate without';
is $w->cli('set ssl ocsp-response ' . base64("$dir/revoked.der")),
    'OCSP single response: certificate revoked.', 'revoked';
is next_update(), $before, 'the old one stays';
is $w->cli('set ssl ocsp-response ' . base64("$dir/new.der")), 'OCSP Response updated!', 'taken';
isnt next_update(), $before, 'and given to clients';
my $s = $w->cli_session;
$s->send("set ssl cert $dir/b.pem.ocsp <<\n" . encode_base64(Cert::slurp("$dir/b.der")) . "\n");
like $s->read_all, qr/^Transaction created/, 'with a commit';
like $w->cli("commit ssl cert $dir/b.pem"), qr/Success!$/, 'for one that had none';
like s_client('-servername', 'b.test', '-status'), qr/Cert Status: good/, 'stapled';

# --- tickets
is $w->cli('show tls-keys'), "# id (file)\n0 (memory)", 'one set';
like $w->cli('show tls-keys *'), qr/^# id name age_s\n0\.0 [0-9a-f]{32} \d+$/, 'its keys by name';
is $w->cli('show tls-keys #7'), "'show tls-keys' unable to locate referenced filename", 'no other';
sub resumes ($how) {
	return s_client('-unix', "$dir/tls.sock", '-servername', 'a.test', '-tls1_2', $how, "$dir/session") =~ /^Reused, /m;
}
resumes('-sess_out');
ok resumes('-sess_in'), 'a session is resumed';
my $key = join '', map { chr } 1 .. 80;
is $w->cli('set ssl tls-key #0 ' . encode_base64($key, '')), 'TLS ticket key updated!', 'a key';
my ($first) = $w->cli('show tls-keys #0') =~ /^0\.0 (\S+)/m;
is $first, unpack('H*', substr $key, 0, 16), 'is the newest';
ok resumes('-sess_in'), 'older tickets are good';
resumes('-sess_out');
like $w->cli('show audit max 1'), qr/set ssl tls-key #0 \*\*\*,ok$/, 'the key is not written down';
my $out = $w->stderr . $w->stdout;
unlike $out, qr/\Q@{[encode_base64($key, '')]}\E/, 'nor logged';
is $w->cli('set ssl tls-key #1 AAAA'), "'set ssl tls-key' unable to locate referenced filename", 'no such set';
is $w->cli('set ssl tls-key #0'), "'set ssl tls-key' expects a filename and the new TLS key in base64 encoding.", 'no key';
like $w->cli('set ssl tls-key #0 AAAA'), qr/wrong size: 80 bytes/, 'too short';
like $w->cli('set ssl tls-key #0 ?'), qr/invalid base64/, 'not base64';

# Another process with the same key resumes the session.
undef $w;
$w = Weir->new(defaults => 'http', binds => [qw(tls)], env => { C => "$dir" }, cfg => <<'CFG');
frontend f
	bind "fd@${tls}" ssl crt "${C}/a.pem" crt "${C}/b.pem"
	bind "unix@${C}/tls.sock" ssl crt "${C}/a.pem" crt "${C}/b.pem"
	http-request return status 200 content-type text/plain string hi
CFG
ok !resumes('-sess_in'), 'not without the key';
$w->cli('set ssl tls-key #0 ' . encode_base64($key, ''));
ok resumes('-sess_in'), 'with it';
like $w->cli('show ssl providers'), qr/^Loaded providers : \n\t- default$/, 'providers';
done_testing;
