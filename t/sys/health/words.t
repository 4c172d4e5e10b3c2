# What is accepted of checks, what is said of mistakes, what is refused and why.
use v5.36;
use Weir;
use Test::More;

sub backend ($lines, $server = 'server s 127.0.0.1:1 check') {
	return Weir->check("defaults\n\tmode http\n\ttimeout connect 1s\n\ttimeout server 1s\n" .
	    "\ttimeout client 1s\nbackend b\n\t$lines\n\t$server\n");
}
sub server ($words) { return backend('', "server s 127.0.0.1:1 $words") }

for ('check', 'check no-check', 'check inter 1s fastinter 100 downinter 1m rise 1 fall 10',
    'check port 80', 'check addr [::1]', 'check addr 127.0.0.1:8080 port 81',
    (map { "check init-state $_" } qw(up down fully-up fully-down)),
    'check ssl verify none check-ssl', 'check no-check-ssl') {
	my $r = server($_);
	is $r->{code}, 0, $_ or diag $r->{err};
	is $r->{err}, '', 'and nothing is said';
}
for ('option httpchk', 'option httpchk /x', 'option httpchk GET /x', 'option tcp-check',
    'option httpchk GET /x HTTP/1.1', 'no option httpchk', 'no option tcp-check',
    "option httpchk\n\thttp-check send meth GET uri /x ver HTTP/1.1 hdr Host a body b",
    'http-check expect status 200', 'http-check expect ! status 500-599,404',
    'timeout check 1s', 'option log-health-checks') {
	my $r = backend($_);
	is $r->{code}, 0, $_ or diag $r->{err};
}

my %errors = (
	'inter 0' => qr/'inter' expects a time/, 'inter' => qr/'inter'/,
	'inter 2x' => qr/inter/, 'rise 0' => qr/rise/, 'fall -1' => qr/fall/,
	'rise 40000' => qr/rise/, 'port 0' => qr/port/, 'port 65536' => qr/port/,
	'addr nonsense..' => qr/addr/, 'addr fd@3' => qr/'addr' : 'fd\@3' is no address to connect/,
	'init-state sideways' => qr/'init-state' expects one of 'fully-up'/,
	'check check-ssl' => qr/server 'b\/s': 'check-ssl' needs 'ssl'/,
);
for (sort keys %errors) {
	my $r = server($_);
	is $r->{code}, 1, "$_: refused";
	like $r->{err}, qr/t\.cfg:8\] : .*$errors{$_}/, 'with a reason';
}
my $r = backend('', 'server s 127.0.0.1 check');
like $r->{err}, qr/server 'b\/s' has neither service port nor check port/;
is backend('', 'server s 127.0.0.1 check port 80')->{code}, 0;

%errors = (
	'option httpchk GET / HTTP/2.0' => qr/HTTP\/1\.0 or HTTP\/1\.1 \(got 'HTTP\/2\.0'\)/,
	'option httpchk G,T /' => qr/'G,T' is no HTTP method/,
	'option httpchk GET "/a b"' => qr/'\/a b' is no target/,
	'option httpchk GET / HTTP/1.1 x' => qr/\[<method>\] \[<uri>\] \[<version>\]/,
	'option httpchk GET / HTTP/1.1\r\nnonsense' => qr/'nonsense' is no header field/,
	'http-check send hdr A' => qr/'hdr' expects a name and a value/,
	'http-check send hdr A:b c' => qr/'A:b' is no name/,
	'http-check send hdr A "b\rc"' => qr/bytes that no field may have/,
	'http-check send uri-lf /x' => qr/'uri-lf' is not built in this release/,
	'http-check expect status 99' => qr/from 100 to 599/,
	'http-check expect status 500-400' => qr/got '500-400'/,
	'http-check expect string up' => qr/only '\[!\] status <codes>'/,
	'http-check disable-on-404' => qr/only 'send' and 'expect status'/,
	'tcp-check connect' => qr/rules of tcp-check are built in a later release/,
);
for (sort keys %errors) {
	my $r = backend($_);
	is $r->{code}, 1, "$_: refused";
	like $r->{err}, qr/t\.cfg:7\] : .*$errors{$_}/, 'with a reason';
}
like backend('option httpchk GET / HTTP/1.1\r\nHost:\ a')->{err}, qr/deprecated.*http-check send/s;

for ('check-alpn h2', 'check-sni a', 'check-proto h2', 'check-send-proxy', 'check-via-socks4',
    'healthcheck a') {
	my $r = server($_);
	like $r->{err}, qr/later release/, "$_: later";
}
for (qw(external-check ldap-check mysql-check pgsql-check redis-check smtpchk ssl-hello-chk)) {
	like backend("option $_")->{err}, qr/later release/, "option $_: later";
}
done_testing;
