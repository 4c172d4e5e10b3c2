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
    'check ssl verify none check-ssl', 'check no-check-ssl', 'check check-ssl verify none',
    'check check-sni a.test check-alpn http/1.1', 'check no-check-sni-auto check-sni-auto',
    'check check-proto h1 check-send-proxy no-check-send-proxy') {
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
	'http-check expect status 99' => qr/from 100 to 599/,
	'http-check expect status 500-400' => qr/got '500-400'/,
	'http-check expect' => qr/expects .* as argument/,
	'http-check expect binary 41' => qr/expects \[!\] 'status'.*got 'binary'/,
	'http-check expect string' => qr/'string' expects a pattern/,
	'http-check expect status 200 string a' => qr/got 'string'/,
	'http-check expect min-recv' => qr/'min-recv' expects a value/,
	'http-check expect min-recv x string a' => qr/'min-recv' expects -1 or an integer/,
	'http-check expect rstring [' => qr/regex '\[' is invalid/,
	'http-check expect hdr X-A' => qr/expects 'name' or 'name-lf'/,
	'http-check expect hdr name -m no X-A' => qr/'-m' expects 'str'/,
	'http-check expect hdr name-lf -m reg X-A' => qr/cannot be a format/,
	'http-check expect hdr name X-A value' => qr/a pattern is missing/,
	'http-check expect ok-status L7STS status 200' => qr/'ok-status' only supports.*got 'L7STS'/,
	'http-check expect error-status L7OK status 200' => qr/'error-status' only supports/,
	'http-check expect tout-status L7OK status 200' => qr/'tout-status' only supports/,
	'http-check expect status-code nofetch status 200' => qr/nofetch/,
	'http-check expect on-error %ci status 200' => qr/tells of a request/,
	'http-check send uri-lf' => qr/'uri-lf' expects an argument/,
	'http-check send nothing x' => qr/expects 'meth'.*got 'nothing'/,
	'http-check connect via-socks4' => qr/SOCKS4 proxies are not supported/,
	'http-check connect proto h2' => qr/checks speak HTTP\/1/,
	'http-check connect port 0' => qr/a port from 1 to 65535/,
	'http-check connect port' => qr/'port' expects a value/,
	'http-check nothing' => qr/unknown rule 'nothing'/,
	'http-check set-var(check.x)' => qr/expects one expression/,
	'http-check set-var(txn.x) int(1)' => qr/scopes 'check' and 'proc' only/,
	'http-check unset-var(check.x) a' => qr/nothing behind it/,
	'http-request set-var(check.x) int(1)' => qr/scope 'check' belongs to http-check/,
	'tcp-check connect nothing' => qr/expects 'default'.*got 'nothing'/,
	'tcp-check connect alpn h2' => qr/no protocol is left/,
	'tcp-check connect addr fd@3' => qr/is no address to connect to/,
	'tcp-check send-binary 4' => qr/an even number of hexadecimal digits/,
	'tcp-check send-binary 4g' => qr/an even number of hexadecimal digits/,
	'tcp-check send a b' => qr/expects what to send/,
	'tcp-check expect status 200' => qr/expects \[!\] 'string'.*got 'status'/,
	'tcp-check comment a b' => qr/expects one text/,
	'option ldap-check a' => qr/expects no argument/,
	'option mysql-check root' => qr/expects nothing, or 'user'/,
	'option pgsql-check' => qr/expects 'user' and a name/,
	'option smtpchk EHLO' => qr/expects nothing, or a hello/,
);
for (sort keys %errors) {
	my $r = backend($_);
	is $r->{code}, 1, "$_: refused";
	like $r->{err}, qr/t\.cfg:7\] : .*$errors{$_}/, 'with a reason';
}
like backend('option httpchk GET / HTTP/1.1\r\nHost:\ a')->{err}, qr/deprecated.*http-check send/s;

like server('check-alpn h2')->{err}, qr/no protocol is left/;
like server('check-proto h2')->{err}, qr/'h2' is not built/;
like server('check-via-socks4')->{err}, qr/SOCKS4 proxies are not supported/;
like server('check healthcheck none')->{err}, qr/there is no section 'healthcheck none'/;
like Weir->check("healthcheck h\n\ttype nothing\n")->{err}, qr/unknown kind of check 'nothing'/;
like Weir->check("healthcheck h\nhealthcheck h\n")->{err}, qr/already exists/;

# external-check wants two words more, a program with its path, and knows no other after a start
sub external ($global, $lines) {
	return Weir->check("global\n$global\ndefaults\n\ttimeout connect 1s\n\ttimeout server 1s\nbackend b\n\toption external-check\n$lines\n" .
	    "\tserver s 127.0.0.1:1 check\n")->{err};
}
like external('', 'external-check command /bin/true'), qr/needs 'external-check' in the global/;
like external("\texternal-check\n", 'external-check command /bin/true'),
    qr/needs 'insecure-fork-wanted'/;
like external("\texternal-check\n\tinsecure-fork-wanted", ''), qr/an absolute path/;
like external("\texternal-check\n\tinsecure-fork-wanted", 'external-check command true'),
    qr/an absolute path/;
is external("\texternal-check preserve-env\n\tinsecure-fork-wanted",
    'external-check command /bin/true'), '';
like external("\texternal-check what", ''), qr/'preserve-env' \(got 'what'\)/;
done_testing;
