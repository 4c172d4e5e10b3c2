# The texts of checks, protocol by protocol, and HAProxy beside it where that is
# installed: what a check of the same rules says of the same servers.
use v5.36;
use Backend qw(:all);
use IO::Socket::UNIX;
use Weir;
use Test::More;

# ---- servers: what they say at first, what they answer ----

sub mysql_packet ($n, $body) { return substr(pack('V', length $body), 0, 3) . chr($n) . $body }
my $mysql = mysql_packet(0, "\x0a5.5.5-10.11\0\1\0\0\0abcdefgh\0\xff\xf7\x08\x02\0\xff\x81\x15" .
    ("\0" x 10) . "ijklmnopqrst\0mysql_native_password\0");
my $pg_error = "SFATAL\0C28000\0Mno entry\0\0";
sub http ($status, $reason, $body, @lines) {
	return join "\r\n", "HTTP/1.1 $status $reason", @lines, 'Content-Length: ' . length $body,
	    '', $body;
}
sub smtp (%o) {
	return on_accept => $o{hello} // "220 mail ready\r\n", tcp => sub ($bytes, $) {
		return ["221 2.0.0 Bye\r\n", CLOSE] if $bytes =~ /^QUIT\r\n/;
		return $o{helo} // "250 mail.test\r\n" if $bytes =~ /^(?:HELO|EHLO) \S+\r\n\z/;
		return "500 what\r\n";
	};
}
sub answers ($text) { return tcp => sub ($, $) { $text } }
my %servers = (
	hello => [on_accept => "hello world\r\n", answers('')],
	helloclose => [on_accept => ["hello world\r\n", CLOSE], answers('')],
	empty => [on_accept => [CLOSE], answers('')],
	gone => [answers([CLOSE])], reset => [answers([RST])],
	silent => [answers('')],
	echo => [tcp => sub ($bytes, $) { $bytes }],
	redis => [answers("+PONG\r\n")],
	rediserr => [answers("-NOAUTH Authentication required.\r\n")],
	smtp => [smtp()], smtpbad => [smtp(hello => "554 no service\r\n")],
	smtpbad2 => [smtp(helo => "502 nope\r\n")], smtpjunk => [smtp(hello => "hello there\r\n")],
	smtpmulti => [smtp(helo => "250-mail.test\r\n250-SIZE\r\n250 OK\r\n")],
	mysql => [on_accept => $mysql, answers(mysql_packet(2, "\0\0\0\2\0\0\0"))],
	mysqlerr => [on_accept => mysql_packet(0, "\xff\x10\x04Too many connections"), answers('')],
	mysqldeny => [on_accept => $mysql,
	    answers(mysql_packet(2, "\xff\x15\x04#28000Access denied for user"))],
	mysqljunk => [on_accept => 'hello this is no mysql at all', answers('')],
	pgsql => [answers("R\0\0\0\x0c\0\0\0\5abcd")],
	pgsqlerr => [answers('E' . pack('N', 4 + length $pg_error) . $pg_error)],
	pgsqljunk => [answers('X' x 13)],
	ldap => [answers("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00")],
	ldaperr => [answers("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00")],
	ldapjunk => [answers("\x31\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00")],
	sslhello => [answers("\x16\x03\x00\x00\x10abcdefg")],
	sslalert => [answers("\x15\x03\x00\x00\x02\2\x28")],
	ssljunk => [answers("HTTP/1.0 400 bad\r\n\r\n")],
	http => [answers(http(200, 'OK', 'hello', 'X-A: one, two'))],
	http404 => [answers(http(404, 'Gone away', 'hello', 'X-A: one'))],
	httpnobody => [answers(http(200, 'OK', '', 'X-A: one'))],
	httpchunk => [answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" .
	    "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")],
);
my %srv = map { $_ => Backend->new(undef, @{ $servers{$_} }) } sort keys %servers;

# ---- server | rules | status | code | text; * in front: HAProxy 2.6 waits, or says less or otherwise ----

my @cases = map { [split /\s*\|\s?/, s/\s*$//r, -1] } grep { /\S/ } split /\n/, <<'CASES';
hello | option tcp-check;tcp-check expect string hello | L7OK | 0 | (tcp-check)
*hello | option tcp-check;tcp-check expect string nope | L7TOUT |  |  at step 1 of tcp-check (expect string 'nope')
helloclose | option tcp-check;tcp-check expect string nope | L7RSP |  | TCPCHK did not match content 'nope' at step 1
hello | option tcp-check;tcp-check expect ! string hello | L7RSP |  | TCPCHK matched unwanted content 'hello' at step 1
hello | option tcp-check;tcp-check connect;tcp-check expect string hello;tcp-check expect rstring ^x min-recv 3 | L7RSP |  | TCPCHK did not match content (regex) at step 3
hello | option tcp-check;tcp-check expect binary 616263 min-recv 3 | L7RSP |  | TCPCHK did not match content (binary) at step 1
hello | option tcp-check;tcp-check expect rbinary ^616263 min-recv 3 | L7RSP |  | TCPCHK did not match content (binary regex) at step 1
empty | option tcp-check;tcp-check expect string hello | L7RSP |  | TCPCHK got an empty response at step 1
silent | option tcp-check;tcp-check expect string hello | L7TOUT |  |  at step 1 of tcp-check (expect string 'hello')
silent | option tcp-check;tcp-check expect binary 616263 comment "my comment" | L7TOUT |  |  at step 1 of tcp-check (expect binary 'abc') comment: 'my comment'
silent | option tcp-check;tcp-check expect rstring abc tout-status L6TOUT | L6TOUT |  |  at step 1 of tcp-check (expect regex)
silent | option tcp-check;tcp-check expect rbinary abc | L7TOUT |  |  at step 1 of tcp-check (expect binary regex)
hello | option tcp-check;tcp-check comment "first thing";tcp-check send abc;tcp-check expect string nope min-recv 3 | L7RSP |  | TCPCHK did not match content 'nope' at step 3
echo | option tcp-check;tcp-check send-lf "ab%[str(c)]\r\n";tcp-check expect string abc | L7OK | 0 | (tcp-check)
echo | option tcp-check;tcp-check send-binary 414243;tcp-check expect binary 414243 | L7OK | 0 | (tcp-check)
echo | option tcp-check;tcp-check set-var(check.x) str(zz);tcp-check send-lf "%[var(check.x)]";tcp-check expect string zz | L7OK | 0 | (tcp-check)
echo | option tcp-check;tcp-check set-var-fmt(check.x) "a-%[int(3)]";tcp-check send-lf "%[var(check.x)]";tcp-check expect string-lf "%[var(check.x)]" | L7OK | 0 | (tcp-check)
hello | option tcp-check;tcp-check expect string hello on-success "fine %[res.payload(0,5)]" | L7OK | 0 | fine hello
hello | option tcp-check;tcp-check expect string nope min-recv 3 on-error "bad %[res.payload(0,5)]" | L7RSP |  | bad hello
hello | option tcp-check;tcp-check expect string nope min-recv 3 error-status L7STS status-code int(17) | L7STS | 17 | TCPCHK did not match content 'nope' at step 1
hello | option tcp-check;tcp-check expect string hello ok-status L7OKC | L7OKC | 0 | (tcp-check)
hello | option tcp-check;tcp-check connect port 1;tcp-check expect string hello | L4CON |  | ECONNREFUSED returned by OS (Connection refused) at step 1 of tcp-check (connect port 1)
hello | option tcp-check;tcp-check connect;tcp-check connect port 1 | L4CON |  | ECONNREFUSED returned by OS (Connection refused) at step 2 of tcp-check (connect port 1)
hello | option tcp-check;tcp-check connect port 1 comment "the port" | L4CON |  | ECONNREFUSED returned by OS (Connection refused) at step 1 of tcp-check (connect port 1) comment: 'the port'
hello | option tcp-check;tcp-check connect | L4OK |  | (tcp-check)
hello | option tcp-check | L4OK |  | 
hello | option tcp-check;tcp-check send abc | L7OK | 0 | (tcp-check)
hello | option tcp-check;tcp-check connect;tcp-check expect string hello;tcp-check connect | L4OK |  | (tcp-check)
echo | option tcp-check;tcp-check send abc;tcp-check expect string abc;tcp-check send def;tcp-check expect string abc min-recv 3 | L7RSP |  | TCPCHK did not match content 'abc' at step 4
hello | option tcp-check;tcp-check expect string-lf "%[str(nope)]" min-recv 3 | L7RSP |  | TCPCHK did not match content (log-format string) at step 1
hello | option tcp-check;tcp-check expect binary-lf "%[str(41)]" min-recv 3 | L7RSP |  | TCPCHK did not match content (log-format binary) at step 1
empty | option tcp-check;tcp-check expect ! string hello | L7RSP |  | TCPCHK got an empty response at step 1
redis | option redis-check | L7OK | 0 | Redis server is ok
*rediserr | option redis-check | L7STS | 0 | -NOAUTH Authentication required.
silent | option redis-check | L7TOUT |  | 
reset | option redis-check | SOCKERR |  | ECONNRESET returned by OS (Connection reset by peer)
smtp | option smtpchk | L7OK | 221 | 2.0.0 Bye
smtpbad | option smtpchk | L7STS | 554 | no service
*smtpbad2 | option smtpchk EHLO my.host | L7STS | 502 | nope
smtpjunk | option smtpchk | L7RSP |  | hello there
empty | option smtpchk | L7RSP |  | TCPCHK got an empty response at step 2
smtpmulti | option smtpchk EHLO my.host | L7OK | 221 | 2.0.0 Bye
mysql | option mysql-check | L7OK | 0 | 
mysql | option mysql-check user bob | L7OK | 0 | 
mysql | option mysql-check user bob pre-41 | L7OK | 0 | 
mysqlerr | option mysql-check | L7STS | 1040 | Too many connections
mysqldeny | option mysql-check user bob | L7STS | 1045 | #28000Access denied for user
*mysqljunk | option mysql-check | L7RSP |  | MySQL: this is no server's first packet
empty | option mysql-check | L7RSP |  | TCPCHK got an empty response at step 2
pgsql | option pgsql-check user bob | L7OK | 0 | PostgreSQL server is ok
pgsqlerr | option pgsql-check user bob | L7RSP |  | FATAL
pgsqljunk | option pgsql-check user bob | L7STS | 0 | PostgreSQL unknown error
gone | option pgsql-check user bob | L7RSP |  | TCPCHK got an empty response at step 3
ldap | option ldap-check | L7OK | 0 | 
ldaperr | option ldap-check | L7STS | 49 | See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9
ldapjunk | option ldap-check | L7RSP |  | Not LDAPv3 protocol
*gone | option ldap-check | L7RSP |  | TCPCHK got an empty response at step 3
sslhello | option ssl-hello-chk | L6OK |  | 
sslalert | option ssl-hello-chk | L6OK |  | 
ssljunk | option ssl-hello-chk | L6RSP |  | 
silent | option ssl-hello-chk | L6TOUT |  | 
http | option httpchk | L7OK | 200 | 
http | option httpchk;http-check expect string nope | L7RSP |  | HTTP content check did not match
http | option httpchk;http-check expect ! string hello | L7RSP |  | HTTP check matched unwanted content
httpnobody | option httpchk;http-check expect string nope | L7RSP |  | HTTP content check could not find a response body
http404 | option httpchk | L7STS | 404 | Gone away
http404 | option httpchk;http-check disable-on-404 | L7OKC | 404 | 
http | option httpchk;http-check expect hdr name X-A value one | L7OK | 200 | 
http | option httpchk;http-check expect fhdr name X-A value "one, two" | L7OK | 200 | 
http | option httpchk;http-check expect hdr name X-A value three | L7STS | 200 | OK
http | option httpchk;http-check expect hdr name X-B | L7STS | 200 | OK
http | option httpchk;http-check expect rstatus ^2 | L7OK | 200 | 
http | option httpchk;http-check expect rstatus ^3 | L7STS | 200 | OK
http | option httpchk;http-check expect rstring h.llo | L7OK | 200 | 
http | option httpchk;http-check expect rstring xx | L7RSP |  | HTTP content check did not match
httpchunk | option httpchk;http-check expect string hello | L7OK | 200 | 
http | option httpchk;http-check expect status 404 comment "zz" | L7STS | 200 | OK comment: zz
http | option httpchk;http-check expect status 404 on-error "got %[status] %[res.hdr(x-a)]" | L7STS | 200 | got 200 two
http | option httpchk;http-check expect status 200 on-success "got %[status] %[res.body]" | L7OK | 200 | got 200 hello
http | option httpchk;http-check expect status 200;http-check expect string hello;http-check expect hdr name -m beg X- | L7OK | 200 | 
http | option httpchk;http-check connect;http-check send meth GET uri /a;http-check expect status 200;http-check connect;http-check send uri /b;http-check expect status 404 | L7STS | 200 | OK
http | option httpchk;http-check connect port 1 | L4CON |  | ECONNREFUSED returned by OS (Connection refused)
http | option httpchk;http-check expect ! status 200 | L7STS | 200 | OK
silent | option httpchk | L7TOUT |  | 
http | option httpchk;http-check expect status 404 error-status L7OKC | L7OKC | 200 | OK
CASES

my $cfg = '';
my $n = 0;
for (@cases) {
	my $mode = $_->[1] =~ /http/ ? 'http' : 'tcp';
	$cfg .= join "\n\t", "backend c" . ++$n, "mode $mode", split(/;/, $_->[1]),
	    "server s 127.0.0.1:$srv{ $_->[0] =~ s/^\*//r }{port} check\n";
}
my $defaults = <<'CFG';
defaults
	timeout connect 1s
	timeout server 1s
	timeout client 1s
	timeout check 300ms
	default-server inter 600ms rise 1 fall 1
CFG

# Results by backend, when all checks have one
sub results ($show) {
	my %found;
	my $have = Weir::poll(sub {
		my @names;
		for (split /\n/, $show->()) {
			(@names = split /,/, $_), next if s/^# //;
			next if !/^c\d+,s,/;
			my @f;
			push @f, $1 =~ s/^"(.*)"$/$1/r =~ s/""/"/gr
			    while /\G("(?:[^"]|"")*"|[^,]*)(?:,|$)/g;
			my %v;
			@v{@names} = @f;
			# while one runs, HAProxy has forgotten parts of the last one
			$found{ $v{pxname} } = "$v{check_status}|$v{check_code}|$v{last_chk}"
			    if $v{check_status} !~ /^\*|^INI/;
		}
		return keys %found == @cases;
	});
	return \%found;
}

my $w = Weir->new(defaults => 0, cfg => $defaults . $cfg);
my $got = results(sub { $w->cli('show stat') });
$n = 0;
for (@cases) {
	my ($server, $rules, @want) = @$_;
	is $got->{ 'c' . ++$n }, join('|', @want), "$server: $rules";
}

# ---- beside HAProxy ----

SKIP: {
	my $bin = '/usr/sbin/haproxy';
	skip 'no haproxy', 1 unless -x $bin;
	my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
	open my $f, '>', "$dir/cfg" or die;
	print $f "global\n\tstats socket $dir/sock\n", $defaults, $cfg;
	close $f;
	my $pid = fork // die;
	if ($pid == 0) {
		open STDOUT, '>', "$dir/out" or die;
		open STDERR, '>&', \*STDOUT or die;
		exec $bin, '-db', '-f', "$dir/cfg" or die;
	}
	my $theirs = results(sub {
		my $s = IO::Socket::UNIX->new("$dir/sock") or return '';
		print $s "show stat\n";
		local $/;
		return <$s> // '';
	});
	kill 'KILL', $pid;
	waitpid $pid, 0;
	$n = 0;
	my @differ;
	for (@cases) {
		my $name = 'c' . ++$n;
		my $mine = ($got->{$name} // '') =~ s/E[A-Z]+ returned by OS \(([^)]*)\)/$1/r;

		push @differ, "$_->[1]: $mine, HAProxy: " . ($theirs->{$name} // '')
		    if $_->[0] !~ /^\*/ && $mine ne ($theirs->{$name} // '');
	}
	is join("\n", @differ), '', 'HAProxy says the same';
}
$w->stop;
done_testing;
