# The command line, its messages and exit codes; errors of a configuration with
# their places; what cannot start leaves one line and nothing half-started.
use v5.36;
use Backend qw(:all);
use Cert;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
# A port that was free a moment ago
sub free_port () {
	return IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 1,
	    Type => Socket::SOCK_STREAM)->sockport;
}
my $port = free_port();
my $OK = "frontend f\n\tmode http\n\ttimeout client 1s\n\tbind 127.0.0.1:$port\n\thttp-request return status 200\n";
sub file ($name, $text) { Cert::spew("$dir/$name", $text); return "$dir/$name" }
sub weir (@args) { return Weir->run(@args) }
my $good = file('good.cfg', $OK);

# --- options -------------------------------------------------------------------

for (['-v', qr/\Aweir 0\.\d\S* \(HAProxy compatible 3\.3\.0\)/], ['-vv', qr/^HAProxy version 3\.3\.0/m],
    ['-vv', qr/^TARGET  = linux-glibc/m], ['-vv', qr/^Feature list : .*\+OPENSSL/m],
    ['-vq', qr/\A3\.3\.0\n\z/], ['-vqs', qr/\A3\.3\.0\n\z/], ['-vqb', qr/\A3\.3\n\z/]) {
	my $r = weir($_->[0]);
	is $r->{code}, 0, $_->[0];
	like $r->{out}, $_->[1];
}
for ([], ['-dZ'], ['--bogus'], ['-Q']) {
	my $r = weir(@$_);
	is $r->{code}, 1, "'@$_': exit 1";
	like $r->{out}, qr/HAProxy compatible/, 'the banner';
	like $r->{err}, qr/[Uu]sage/, 'the usage';
}
for (['-W'], ['-Ws'], ['-S', '127.0.0.1:0'], ['-x', '/dev/null']) {
	my $r = weir(@$_, '-f', $good);
	is $r->{code}, 1, "@$_ is refused";
	like $r->{err}, qr/^\[ALERT\] .*$_->[0]/m, 'by name' or diag $r->{err};
	is scalar(() = $r->{err} =~ /^\[/mg), 1, 'in one line';
}

# --- -c, -cc ---------------------------------------------------------------------

is_deeply weir('-c', '-f', $good), { code => 0, out => '', err => '' }, '-c is silent';
is weir('-c', '-V', '-f', $good)->{out}, "Configuration file is valid\n", '-c -V says so';
is weir('-c', '-f', '/dev/null')->{code}, 0, 'an empty file is valid';
my $r = weir('-db', '-f', '/dev/null');
is $r->{code}, 1, 'but does not start';
like $r->{err}, qr/No enabled listener found \(check for 'bind' directives\) ! Exiting\./;
my $warn = file('warn.cfg', $OK =~ s/\ttimeout client 1s\n//r);
$r = weir('-c', '-f', $warn);
is "$r->{code} $r->{out}", "0 Warnings were found.\n", 'a missing timeout is a warning';
like $r->{err}, qr/^\[WARNING\]  \(\d+\) : config : .*timeout/m;
$r = weir('-c', '-dW', '-f', $warn);
is $r->{code}, 1, '-dW';
like $r->{err}, qr/Some warnings were found and 'zero-warning' is set\. Aborting\.\n\z/;
for (['1', 0], ['0', 1], ['streq(a,a)', 0], ['!streq(a,a) || feature(OPENSSL)', 0],
    ['version_atleast(3.3-dev8)', 0], ['version_atleast(1024)', 1], ['feature(OPENSSL_WOLFSSL)', 1],
    ['bogus', 2], ['streq(a', 2]) {
	$r = weir('-cc', $_->[0]);
	is $r->{code}, $_->[1], "-cc '$_->[0]'";
	is $r->{err} ne '', $_->[1] == 2, 'a message only when it cannot be read' or diag $r->{err};
}

# --- several files, folders --------------------------------------------------------

mkdir "$dir/conf";
file('conf/10-a.cfg', "defaults\n\tmode http\n\ttimeout client 1s\n");
file('conf/20-b.cfg', $OK);
file('conf/.hidden.cfg', "nonsense\n");
file('conf/README', "nonsense\n");
is weir('-c', '-f', "$dir/conf")->{code}, 0, 'a folder: *.cfg, not hidden';
is weir('-c', '-f', "$dir/conf/10-a.cfg", '-f', "$dir/conf/20-b.cfg")->{code}, 0, '-f twice';
is weir('-c', '--', "$dir/conf/10-a.cfg", "$dir/conf/20-b.cfg")->{code}, 0, 'behind --';
file('conf/15-x.cfg', "\tno section\n");
isnt weir('-c', '-f', "$dir/conf")->{code}, 0, 'each file starts with a section';
$r = weir('-c', '-f', "$dir/none.cfg");
is $r->{code}, 1;
like $r->{err}, qr{Cannot open configuration file/directory $dir/none\.cfg : No such file or directory};
$r = weir('-C', "$dir", '-c', '-V', '-f', 'good.cfg');
is $r->{code}, 0, '-C';

# --- all errors, with their places ---------------------------------------------------

my $bad = file('bad.cfg', <<'CFG');
global
	maxcon 100
defaults
	mode htp
	timeout clinet 1s
frontend f
	bind 127.0.0.1
	acl a path /x
	http-request den if a
	http-request deny if nope
	http-request deny if { bogus }
	use_backend missing if a
	default_backend nowhere
frontend f
backend b
	blance roundrobin
	server s0 127.0.0.1:80 chekc
	server s1 127.0.0.1:80
	server s1 127.0.0.1:81
	slo 99 500ms
	slo p99 500
CFG
$r = weir('-c', '-f', $bad);
is $r->{code}, 1, 'errors: exit 1';
for ([2, qr/unknown keyword 'maxcon'.*maxconn/], [4, qr/'htp'|unknown proxy mode/], [5, qr/clinet/],
    [7, qr/'bind' : missing port specification in '127\.0\.0\.1'/],
    [9, qr/'http-request' expects .*but got 'den'\. Did you mean 'deny' maybe \?/],
    [10, qr/no such ACL : 'nope'/],
    [11, qr/unknown fetch method 'bogus' in ACL expression 'bogus'/],
    [16, qr/unknown keyword 'blance' in 'backend' section.*balance/],
    [17, qr/'chekc'.*check/], [19, qr/another server named 's1' was already defined at line 18/],
    [20, qr/expects a percentile such as p99 or p99\.9, not '99'/], [21, qr/a time with its unit/]) {
	my ($n, $text) = @$_;
	like $r->{err}, qr/^\[ALERT\]    \(\d+\) : config : parsing \[\Q$bad\E:$n\] : .*$text/m, "line $n";
}
like $r->{err}, qr/config : Error\(s\) found in configuration file : \Q$bad\E$/m, 'the closing line';
$r = weir('-c', '-f', file('q.cfg', "frontend f\n\tbind 127.0.0.1:1\n\tdescription \"abc\n"));
like $r->{err}, qr/unmatched quote at position 14:\n   \| .*\n   \| +\^/, 'a quote without its end' or diag $r->{err};

# --- .if -----------------------------------------------------------------------------

for (["\t.if streq(a,b)\n\tbogus\n\t.elif 0\n\tbogus\n\t.else\n\tmaxconn 5\n\t.endif\n", ''],
    [".if defined(WEIR_T_X)\n.if 1\n.endif\n.endif\n", ''],
    [".if bogus\n.endif\n", qr/unparsable conditional expression 'bogus' in '\.if' at position 1/],
    [".if 1\n", qr/non-terminated '\.if' block/], [".endif\n", qr/\.endif/],
    [".warning \"some text\"\n", qr/parsing \[\S+:2\]: 'some text'\./],
    [".alert \"stop here\"\n", qr/^\[ALERT\] .*'stop here'\./m]) {
	my ($text, $want) = @$_;
	$r = weir('-c', '-f', file('if.cfg', "global\n$text"));
	if ($want eq '') {
		is "$r->{code} $r->{err}", '0 ', '.if' or diag $text;
	} else {
		like $r->{err}, $want, $text =~ /^(\.\w+)/ ? $1 : 'if';
		is $r->{code}, $text =~ /warning/ ? 0 : 1;
	}
}

# --- what cannot start -----------------------------------------------------------------

my $taken = Backend->new(response(200))->port;
my $w = Weir->new(defaults => undef, cfg => $OK =~ s/:$port/:$taken/r, may_fail => 1, stats => 0);
is $w->wait_exit, 1, 'a port in use: exit 1';
my $at = $w->file('t.cfg');
like $w->stderr, qr/^\[ALERT\]    \(\d+\) : Binding \[\Q$at\E:4\] for frontend f: protocol tcpv4: cannot bind socket \(Address already in use\) for \[127\.0\.0\.1:$taken\]\.$/m;
like $w->stderr, qr/Some protocols failed to start their listeners! Exiting\.\n\z/;
is scalar(() = $w->stderr =~ /^/mg), 2, 'and no more lines';

my $first = Weir->new(defaults => undef, cfg => $OK);
$w = Weir->new(defaults => undef, cfg => $OK, may_fail => 1, stats => 0);
is $w->wait_exit, 1, 'a port of another weir: exit 1';
like $w->stderr, qr/Address already in use\) for \[127\.0\.0\.1:$port\]/;
is $first->curl("http://127.0.0.1:$port/")->{code}, 0, 'the other one serves on';
is $first->stop, 143;

file('key.pem', 'no pem at all');
for (['ssl crt /nowhere/x.pem', qr{/nowhere/x\.pem}], ["ssl crt $dir/key.pem", qr{\Q$dir/key.pem\E}]) {
	$w = Weir->new(defaults => undef, may_fail => 1, stats => 0,
	    cfg => $OK =~ s/(:$port)/$1 $_->[0]/r);
	is $w->wait_exit, 1, $_->[0];
	like $w->stderr, $_->[1], 'the file is named';
	unlike $w->stderr, qr/Sanitizer/;
}

# --- -D, the pid file, signals -----------------------------------------------------------

my $sock = "$dir/s.sock";
my $cfg = file('d.cfg', "global\n\tstats socket $sock mode 600 level admin\n$OK");
$r = weir('-D', '-f', $cfg, '-p', "$dir/pid");
is "$r->{code} $r->{err}", '0 ', '-D: the parent says 0';
my $pid = Cert::slurp("$dir/pid") =~ s/\n\z//r;
END { kill 'KILL', $pid if $pid }
like CLI->new($sock)->ask('show info'), qr/^Pid: $pid$/m, 'the child runs, its pid is in the file';
is sprintf('%o', (stat $sock)[2] & 0777), '600', 'mode of the socket';
kill 'TERM', $pid;
ok Weir::poll(sub { !kill 0, $pid }), 'ends';
undef $pid;
$r = weir('-D', '-f', file('t.cfg', $OK =~ s/:$port/:$taken/r), '-p', "$dir/pid2");
is $r->{code}, 1, '-D: the parent says 1 when the child cannot';
ok !-s "$dir/pid2", 'and no pid is written';

for (['INT', 130], ['TERM', 143]) {
	$w = Weir->new(defaults => undef, cfg => $OK);
	is $w->stop($_->[0]), $_->[1], "SIG$_->[0]";
}
$w = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<'CFG');
global
	log stdout format raw local0
	hard-stop-after 20s
frontend f
	log global
	bind "fd@${fe}"
	http-request return status 200 content-type text/plain string ok
CFG
my $c = $w->http('fe');
$c->send("GET / HTTP/1.1\r\nHo");
$w->cli('show info');
$w->signal('USR1');
ok $w->wait_for(sub { $w->stdout =~ /Proxy f stopped \(cumulated conns: FE: \d+, BE: \d+\)\./ }),
    'SIGUSR1: the log says that f stopped';
ok $w->alive, 'it waits for the client';
my $a = $c->request("st: a\r\n\r\n");
is $a->{body}, 'ok', 'who is served';
is lc($a->{h}{connection} // ''), 'close', 'and told to leave';
is $w->wait_exit, 0, 'then exit 0';
done_testing;
