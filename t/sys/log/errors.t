# Connections that fail before any request: their lines, error-log-format with the
# fetches of errors, option dontlognull; and HAProxy beside it where it is installed.
use v5.36;
use Backend qw(:all);
use Cert;
use File::Temp ();
use HAProxy;
use IO::Socket::IP;
use Socket qw(SOL_SOCKET SO_LINGER);
use SyslogSink;
use Weir;
use Test::More;

my $dir = File::Temp->newdir;
my ($own, $other) = map { Cert->self_signed("$dir/$_.pem", cn => $_) } qw(server client);
my $silent = Backend->new(undef, on_accept => ["not TLS at all\r\n", CLOSE], tcp => sub { '' });
my @binds = qw(tls mtls pp tls2 mtls2 pp2 web);
my $refused = Weir->refused_port;

sub frontends ($n, @lines) {
	my $more = join '', map { "\t$_\n" } @lines, 'http-request return status 200';
	return <<"CFG";
frontend tls$n
	bind "fd\@\${tls$n}" ssl crt "$own"
$more
frontend mtls$n
	bind "fd\@\${mtls$n}" name m id 7 ssl crt "$own" ca-file "$own.crt" verify required
$more
frontend pp$n
	bind "fd\@\${pp$n}" id 5 accept-proxy
$more
CFG
}
my $cfg = <<"CFG" . frontends('') . frontends(2, 'option dontlognull',
global
	log "\${LOG}" format raw local0
	ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
	mode http
	log global
	option httplog
	timeout client 300ms
	.if version_atleast(3.0)
	timeout client-hs 300ms
	.endif
	timeout http-request 300ms
	timeout server 5s
	timeout connect 5s
CFG
    'error-log-format "%ft %[fc_err] %[fc_err_str]|%[ssl_fc_err,hex] %[ssl_fc_err_str]|' .
    '%[ssl_c_err] %[ssl_c_ca_err] %[ssl_fc_is_resumed] %sslv"') . <<"CFG";
frontend web
	bind "fd\@\${web}"
	log-format "%HU %[bc_err] %[bc_err_str]|%[ssl_bc_err,hex] %[ssl_bc_err_str]|%[fc_err] %[fc_err_str]|%[ssl_fc_err] %[ssl_fc_err_str]"
	use_backend %[path,regsub(/,)]
backend refused
	retries 0
	server s 127.0.0.1:$refused
backend nontls
	retries 0
	server s ${\ $silent->addr } ssl verify none
backend untrusted
	retries 0
	server s "127.0.0.1:\${PORT_tls2}" ssl ca-file "$other.crt" verify required
backend good
	server s "127.0.0.1:\${PORT_tls2}" ssl verify none
CFG

# --- what clients do

my ($port, $log);	# of the one under test
sub bytes ($name, $text, $then = 'read') {
	my $s = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port->{$name}) or die $@;
	syswrite $s, $text if $text ne '';
	if ($then eq 'read') {
		1 while sysread $s, my $more, 4096;
	} elsif ($then eq 'reset') {
		setsockopt $s, SOL_SOCKET, SO_LINGER, pack 'll', 1, 0;
	}
	close $s;
}
sub s_client ($name, @words) {
	Weir::run_command('openssl', 's_client', '-connect', "127.0.0.1:$port->{$name}", @words);
}
my $v1 = 'PROXY TCP4 192.0.2.1';
my $v2 = "\r\n\r\n\0\r\nQUIT\n";
my @cases = (	# name, listener, client, code, text, OpenSSL's error
	['no TLS', 'tls', sub ($n) { bytes($n, "GET / HTTP/1.0\r\n\r\n") }, 34, '', '0A00009C:SSL routines::http request'],
	['nothing, a FIN', 'tls', sub ($n) { bytes($n, '', 'close') }, 24],
	['half a hello', 'tls', sub ($n) { bytes($n, "\x16\x03\x01\x00\xff\x01", 'close') }, 24],
	['silence', 'tls', sub ($n) { bytes($n, '') }, 26],
	['an old version', 'tls', sub ($n) { s_client($n, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0') },
	    34, '', '0A000102:SSL routines::unsupported protocol'],
	['an alert', 'tls', sub ($n) { s_client($n, '-tls1_2', '-verify_return_error', '-CAfile', "$other.crt") },
	    34, '', '0A000418:SSL routines::tlsv1 alert unknown ca'],
	['no common cipher', 'tls', sub ($n) { s_client($n, '-tls1_2', '-cipher', 'AES128-SHA') },
	    34, '', '0A0000C1:SSL routines::no shared cipher'],
	['no certificate', 'mtls', sub ($n) { s_client($n, '-tls1_2') }, 34, '',
	    '0A0000C7:SSL routines::peer did not return a certificate'],
	['an untrusted one', 'mtls', sub ($n) { s_client($n, '-tls1_2', '-cert', "$other.crt", '-key', "$other.key") },
	    31, 18, '0A000086:SSL routines::certificate verify failed'],
	['no header, a FIN', 'pp', sub ($n) { bytes($n, '', 'close') }, 11],
	['no header at all', 'pp', sub ($n) { bytes($n, '') }, 13],
	['half a header', 'pp', sub ($n) { bytes($n, $v1, 'close') }, 14],
	['half a header, a RST', 'pp', sub ($n) { bytes($n, $v1, 'reset') }, qr/1[24]/],
	['something else', 'pp', sub ($n) { bytes($n, "GET / HTTP/1.0\r\n\r\n") }, 15],
	['another protocol', 'pp', sub ($n) { bytes($n, "PROXY TCP9 192.0.2.1 192.0.2.2 1 2\r\n") }, 17],
	['v2 of another version', 'pp', sub ($n) { bytes($n, "$v2\x31\x11\0\x0c" . "\1" x 12) }, 15],
	['v2 with an odd command', 'pp', sub ($n) { bytes($n, "$v2\x25\x11\0\x0c" . "\1" x 12) }, 16],
	['v2 too short', 'pp', sub ($n) { bytes($n, "$v2\x21\x11\0\4" . "\1" x 4) }, 16],
	['v2 cut off', 'pp', sub ($n) { bytes($n, "$v2\x21\x11\0\x0c" . "\1" x 4, 'close') }, 14],
	['v1 without an end', 'pp', sub ($n) { bytes($n, 'PROXY TCP4 ' . '1' x 200) }, 14],
);
my %text = (11 => 'Connection closed while waiting for PROXY protocol header',
    13 => 'Timeout while waiting for PROXY protocol header',
    14 => 'Truncated PROXY protocol header received',
    15 => 'Received something which does not look like a PROXY protocol header',
    16 => 'Received an invalid PROXY protocol header',
    17 => 'Received an unhandled protocol in the PROXY protocol header',
    24 => 'Connection closed during SSL handshake', 26 => 'Timeout during SSL handshake',
    31 => 'SSL client certificate not trusted', 34 => 'SSL handshake failure');
my %is_null = map { $_ => 1 } 11, 13, 24, 26;

# Each case on both sets of listeners, then a mark: what was logged for it.
sub lines_of ($case) {
	state $n = 0;
	my ($name, $bind, $client) = @$case;
	my @got;
	for my $on ($bind, $name eq 'silence' ? () : $bind . 2) {
		$log->forget;
		$client->($on);
		push @got, $log->find(qr{ $on/|^$on\b}, $is_null{ $case->[3] } && $on =~ /2/ ? 0.05 : 5);
	}
	s/^127\.0\.0\.1:\d+ \[[^]]+\]/SRC [T]/, s/\n//g for grep { defined } @got;
	return @got;
}

sub backend_lines () {
	return map {
		my $page = $_;
		Weir::run_command('curl', '-s', "http://127.0.0.1:$port->{web}/$page");
		($log->find(qr{^/$page }) // '') =~ s/\n//r;
	} qw(refused nontls untrusted good);
}

$log = SyslogSink->new;
my $w = Weir->new(binds => \@binds, env => { LOG => $log->addr }, cfg => $cfg);
$port = { map { $_ => $w->port($_) } @binds };
my @seen;
for (@cases) {
	my ($name, $bind, undef, $err, $c_err, $openssl) = @$_;
	my ($plain, $own_format) = my @lines = lines_of($_);
	push @seen, \@lines;
	next if ref $err;	# either may come first, the bytes or the reset
	my $listener = $bind eq 'tls' ? 1 : $bind eq 'mtls' ? 'm' : 5;
	my $why = $openssl && $err == 34 ? " (error:$openssl)" : '';
	like $plain, qr{^SRC \[T\] $bind/$listener: $text{$err}\Q$why\E$}, "$name: $text{$err}";
	is $own_format, undef, "$name: not with dontlognull" if $is_null{$err} && $name ne 'silence';
	next if $is_null{$err};
	my $tls = $bind eq 'pp' ? '' : '~';
	like $own_format, qr/^${bind}2$tls $err $text{$err}\|/, "$name: fc_err";
	next if $bind eq 'pp';
	my ($hex) = $openssl =~ /^(\w+)/;
	like $own_format, qr/\|00000000$hex error:\Q$openssl\E\|/,
	    "$name: ssl_fc_err";
	like $own_format, qr/\|${\ ($c_err || 0) } 0 0 TLSv1\.\d$/, "$name: ssl_c_err";
}
my @back = backend_lines();
is $back[0], '/refused - -|- -|0 Success|- -', 'a server that refuses';
is $back[1], '/nontls 34 SSL handshake failure|' . ($back[1] =~ /\|(\w+ [^|]*)\|/)[0] . '|0 Success|- -',
    'one that speaks no TLS';
is $back[2], '/untrusted 34 SSL handshake failure|000000000A000086 ' .
    'error:0A000086:SSL routines::certificate verify failed|0 Success|- -', 'one that is not trusted';
is $back[3], '/good 0 Success|0000000000000000 -|0 Success|- -', 'and a good one';

SKIP: {
	open my $f, '>', "$dir/h.cfg" or die;
	print $f $cfg;
	close $f;
	my $peer = HAProxy->new(file => "$dir/h.cfg", binds => \@binds, err => "$dir/h.err",
	    env => { LOG => $log->addr }) or skip 'no haproxy here', 1;
	$port = { map { $_ => $peer->port($_) } @binds };
	my @differ;
	for (0 .. $#cases) {
		# HAProxy 2.6 has no OpenSSL error in its own format
		my @ours = map { defined ? s/ \(error:.*\)$//r : '-' } $seen[$_]->@*;
		my @theirs = map { $_ // '-' } lines_of($cases[$_]);
		push @differ, "$cases[$_][0]: @ours, not @theirs"
		    if "@ours" ne "@theirs" && !ref $cases[$_][3];
	}
	my @theirs = backend_lines();
	"$back[$_]" eq "$theirs[$_]" or push @differ, "$back[$_], not $theirs[$_]" for 0, 2, 3;
	is_deeply \@differ, [], 'the lines of HAProxy';
}
done_testing;
