# TLS towards servers: verification, names, sessions; a server that cuts.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('s', san => [ 'DNS:s.test', 'IP:127.0.0.1' ]);
$ca->issue('me', client => 1);
Cert->self_signed("$dir/stranger.pem");
chmod 0600, glob "$dir/*.pem";

my %lines = (
	good => [ 'verify required ca-file "${C}/ca.pem" sni str(s.test)', 200 ],
	host => [ 'ca-file "${C}/ca.pem"', 200 ],	# the Host field's name
	other => [ 'ca-file "${C}/ca.pem" sni str(other.test)', 503 ],
	verifyhost => [ 'ca-file "${C}/ca.pem" sni str(other.test) verifyhost s.test', 200 ],
	wronghost => [ 'ca-file "${C}/ca.pem" sni str(s.test) verifyhost other.test', 503 ],
	wrongca => [ 'ca-file "${C}/stranger.pem.crt" sni str(s.test)', 503 ],
	none => [ 'verify none', 200 ],
	twelve => [ 'ca-file "${C}/ca.pem" sni str(s.test) force-tlsv12', 200 ],
	suite => [ 'ca-file "${C}/ca.pem" sni str(s.test) force-tlsv12 ciphers AES128-SHA', 503 ],
	cert => [ 'ca-file "${C}/ca.pem" sni str(s.test) crt "${C}/me.pem" port-must', 200 ],
	nocert => [ 'ca-file "${C}/ca.pem" sni str(s.test) port-must', 502 ],
);

# The servers are listeners of the same weir: their ports are known before it starts.
my $peers = Weir->new(defaults => 'http', binds => [qw(s must)], env => { C => "$dir" },
    cfg => <<'CFG');
frontend s
	bind "fd@${s}" ssl crt "${C}/s.pem"
	bind "fd@${must}" ssl crt "${C}/s.pem" verify required ca-file "${C}/ca.pem"
	http-request return status 200 content-type text/plain string hi
CFG

my $cfg = '';
for my $name (sort keys %lines) {
	my $words = $lines{$name}[0];
	my $port = $peers->port($words =~ s/ port-must// ? 'must' : 's');
	$cfg .= "frontend $name\n\tbind \"fd\@\${$name}\"\n\tdefault_backend b_$name\n" .
	    "backend b_$name\n\tbalance roundrobin\n\tretries 0\n\thttp-reuse never\n" .
	    "\tserver s 127.0.0.1:$port ssl $words\n";
}
my $w = Weir->new(defaults => 'http', binds => [ sort keys %lines ], env => { C => "$dir" },
    cfg => $cfg);
for my $name (sort keys %lines) {
	my $r = $w->http($name)->request("GET / HTTP/1.1\r\nHost: s.test\r\n\r\n");
	if ($lines{$name}[1] == 200) {
		is $r->{status}, 200, $name;
	} else {
		like $r->{status}, qr/^50[23]$/, $name;
	}
}
for (1 .. 5) {
	is $w->http('good')->request("GET / HTTP/1.1\r\nHost: x\r\n\r\n")->{status}, 200,
	    "again, resumed or not ($_)";
}

# Idle connections are as trusted as the configuration that opened them: a reload
# that asks for more does not reuse them; one that changes nothing does.
my $PORT = $peers->port('s');
sub reloadable ($words) {
	return "global\n\tnbthread 1\nlisten l\n\tbind \"fd\@\${fe}\"\n\thttp-reuse always\n\tretries 0\n" .
	    "\tserver s 127.0.0.1:$PORT ssl sni str(s.test) $words\n";
}
my $v = Weir->new(defaults => 'http', binds => ['fe'], env => { C => "$dir" },
    cfg => reloadable('verify none'));
my $GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
my $before = sub { return $peers->stat('s', 'FRONTEND')->{stot} };
is $v->http('fe')->request($GET)->{status}, 200, 'not verified';
my $n = $before->();
like $v->cli('reload'), qr/Loading success/, 'the same again';
is $v->http('fe')->request($GET)->{status}, 200, 'reused';
is $before->(), $n, 'over the same connection';
$v->write_file('stranger.crt', do { local (@ARGV, $/) = "$dir/stranger.pem.crt"; <> });
$v->write_file('t.cfg', reloadable('verify required ca-file "${DIR}/stranger.crt"'));
like $v->cli('reload'), qr/Loading success/, 'verify required';
is $v->http('fe')->request($GET)->{status}, 503, 'what was not verified is not reused';
is $v->stop, 143;
done_testing;
