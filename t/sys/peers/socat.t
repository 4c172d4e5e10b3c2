# socat on both sides in TCP mode: TCP, TLS, unix and abstract sockets, half-closed
# both ways; a TLS client with a certificate; and the stats socket as people use it.
use v5.36;
use Backend qw(:all);
use Cert;
use Digest::MD5 qw(md5_hex);
use File::Temp;
use Socat;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
$ca->issue('me', client => 1);
mkdir "$dir/other";
my $other = Cert->new("$dir/other", cn => 'another CA');
$other->issue('spy', client => 1);

Cert::spew("$dir/word", "hello\n");

# abns@ is padded to the full length, as socat does it with this option; abnsz@ is
# as socat has it by itself.
my $FULL = 'unix-tightsocklen=0';
my $id = "weir-t-$$";
my %srv = (
	tcp => Socat->serve(Socat::TCP, 'EXEC:md5sum'),
	unix => Socat->serve("UNIX-LISTEN:$dir/u.sock", 'EXEC:md5sum'),
	abns => Socat->serve("ABSTRACT-LISTEN:$id-s,$FULL", 'EXEC:md5sum'),
	abnsz => Socat->serve("ABSTRACT-LISTEN:$id-z", 'EXEC:md5sum'),
	tls => Socat->serve("OPENSSL-LISTEN:0,pf=ip4,bind=127.0.0.1,cert=$dir/a.crt,key=$dir/a.key," .
	    "cafile=$dir/ca.pem,verify=1", 'EXEC:md5sum'),
	echo => Socat->serve(Socat::TCP, 'PIPE'),
	# Says its word, ends that direction, then hears out the other side.
	first => Socat->serve(Socat::TCP, "OPEN:$dir/word,rdonly!!CREATE:$dir/heard"),
);
my $web = Backend->new(sub ($req) { response(200, "to $req->{target}") });
my $w = Weir->new(defaults => 'tcp', binds => [qw(tcp unix abns abnsz totls fromtls echo first tls)],
    env => { C => "$dir", ID => $id, WEB => $web->addr,
	map { uc $_ => '127.0.0.1:' . $srv{$_}->port } qw(tcp tls echo first) }, cfg => <<'CFG');
listen tcp
	bind "fd@${tcp}"
	server s "${TCP}"
listen unix
	bind "fd@${unix}"
	bind "unix@${DIR}/b.sock" mode 600
	server s "unix@${C}/u.sock"
listen abns
	bind "fd@${abns}"
	bind "abns@${ID}-b"
	server s "abns@${ID}-s"
listen abnsz
	bind "fd@${abnsz}"
	bind "abnsz@${ID}-y"
	server s "abnsz@${ID}-z"
listen totls
	bind "fd@${totls}"
	server s "${TLS}" ssl ca-file "${C}/ca.pem" sni str(a.test) crt "${C}/me.pem"
listen fromtls
	bind "fd@${fromtls}" ssl crt "${C}/a.pem"
	server s "${TCP}"
listen echo
	bind "fd@${echo}"
	server s "${ECHO}"
listen first
	bind "fd@${first}"
	server s "${FIRST}"
listen tls
	mode http
	bind "fd@${tls}" ssl crt "${C}/a.pem" verify required ca-file "${C}/ca.pem"
	http-request set-uri "/%[ssl_fc_sni]" if { path /sni }
	server s "${WEB}"
CFG
sub tcp ($name) { return 'TCP4:127.0.0.1:' . $w->port($name) }

# All of it, then the end of that direction: the answer comes after it.
my $mib = join '', map { pack 'N', $_ * 2654435761 % 4294967296 } 1 .. 262144;
my $sum = md5_hex($mib) . "  -\n";
my %to = (
	'TCP to TCP' => tcp('tcp'), 'TCP to unix' => tcp('unix'), 'TCP to abns' => tcp('abns'),
	'TCP to abnsz' => tcp('abnsz'),
	'TCP to TLS' => tcp('totls'),
	'TLS to TCP' => Socat::tls($w->port('fromtls'), 'a.test', "cafile=$dir/ca.pem"),
	'unix to unix' => 'UNIX-CONNECT:' . $w->file('b.sock'),
	'abnsz to abnsz' => "ABSTRACT-CONNECT:$id-y",
	'abns to abns' => "ABSTRACT-CONNECT:$id-b,$FULL",
);
for my $what (sort keys %to) {
	my $c = Socat->connect($to{$what});
	$c->send($mib);
	$c->shut;
	is $c->read_until_close, $sum, "$what: 1 MiB, half-closed, the sum comes back";
}
is sprintf('%o', (stat $w->file('b.sock'))[2] & 0777), '600', 'the mode of a unix bind';

my $c = Socat->connect(tcp('echo'));
for my $size (1, 20_000, 1 << 20) {
	$c->send(substr $mib, 0, $size);
	ok $c->read_bytes($size) eq substr($mib, 0, $size), "echo of $size";
}
$c->shut;
is $c->read_until_close, '', 'and its end';

# The server ends first; what the client says later still arrives.
$c = Socat->connect(tcp('first'));
is $c->read_until_close, "hello\n", 'the server ends first';
$c->send($mib);
$c->shut;
ok $w->wait_for(sub { (-s "$dir/heard" // 0) == 1 << 20 }), 'and hears 1 MiB';
is md5_hex(Cert::slurp("$dir/heard")), md5_hex($mib), 'as it was';
is $w->stat($_, 'BACKEND')->{econ}, 0, "$_: no failed connect"
    for qw(tcp unix abns abnsz totls fromtls echo first);

# TLS with a certificate, by socat's OpenSSL
my @me = ("cafile=$dir/ca.pem", "cert=$dir/me.crt", "key=$dir/me.key");
my $GET = "GET /sni HTTP/1.1\r\nHost: x\r\n\r\n";
for my $version ('1.2', '1.3') {
	my @v = ("openssl-min-proto-version=TLS$version", "openssl-max-proto-version=TLS$version");
	my $t = Socat->connect(Socat::tls($w->port('tls'), 'a.test', @me, @v));
	is $t->request($GET)->{body}, 'to /a.test', "TLS $version: with our certificate";
	is $t->get('/x')->{body}, 'to /x', 'another on it';
	for my $who ([], ["cert=$dir/other/spy.crt", "key=$dir/other/spy.key"]) {
		$t = Socat->connect(Socat::tls($w->port('tls'), 'a.test', $me[0], @$who, @v));
		is $t->request($GET), undef, "TLS $version: refused " . ($who->[0] ? 'another' : 'without');
	}
}
my $t = Socat->connect(Socat::tls($w->port('tls'), 'b.test', @me));
is $t->request($GET), undef, 'socat wants another name';
is scalar($web->requests), 4, 'only those reached the server';

# The stats socket: one line, several, a prompt
my $stats = $w->path('WEIR_T_STATS');
sub ask ($line) {
	return scalar qx{echo '$line' | socat -t 5 - UNIX-CONNECT:$stats};
}
like ask('show info'), qr/^Name: .*^Pid: @{[ $w->pid ]}\n.*\n\n\z/ms, 'show info';
is ask('show cli level;show cli level'), "admin\n\nadmin\n\n", 'two commands';
like ask('show stat'), qr/^# pxname,.*^first,BACKEND,.*\n\n\z/ms, 'show stat';
like ask('nonsense'), qr/^Unknown command/, 'what is none';
my $p = Socat->connect("UNIX-CONNECT:$stats");
sub answer () {
	return $p->take_until("\n> ", Time::HiRes::time() + 5) =~ s/\n*> \z//r;
}
$p->send("prompt\n");
is answer(), '', 'a prompt';
$p->send("set server echo/s weight 50%\n");
is answer(), '', 'a change';
$p->send("get weight echo/s\n");
is answer(), '0 (initial 1)', 'is made';
$p->send("show cli level\n\nhelp get\n");
is answer(), 'admin', 'an answer';
is answer(), '', 'to nothing, nothing';
like answer(), qr/get weight/, 'help';
$p->send("quit\n");
is $p->read_until_close, '', 'quit';
is $w->stop, 143;
done_testing;
