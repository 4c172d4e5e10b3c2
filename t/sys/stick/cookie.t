# `cookie` in all its modes, beside Debian's haproxy (when there is one): what the
# client is told, what the server sees, and what the log says, case by case.
use v5.36;
use Backend qw(:all);
use HAProxy;
use SyslogSink;
use Weir;
use Test::More;

# Tells which cookies it got; sets the ones that the query names.
my $srv = Backend->new(sub ($req) {
	my %q = ($req->{path} // $req->{target}) =~ /(\w+)=([^&]*)/g;
	%q = $req->{target} =~ /[?&](\w+)=([^&]*)/g;
	my @more = ("X-Got: [" . join('|', map { $_->[1] } grep { lc $_->[0] eq 'cookie' }
	    @{ $req->{headers} }) . ']');
	push @more, map { 'Set-Cookie: ' . s/%3B/;/gr =~ s/%3D/=/gr =~ s/%20/ /gr } split /,/, $q{set} // '';
	push @more, "Cache-Control: $q{cc}" if defined $q{cc};
	return response($q{st} // 200, 'x', @more);
});

my @MODES = (
	'insert', 'insert indirect', 'insert indirect nocache', 'insert preserve',
	'insert indirect preserve', 'insert postonly', 'rewrite', 'prefix', 'indirect', '',
	'insert indirect httponly secure domain .a.test domain b.test attr SameSite=Lax attr X',
	'insert maxidle 1h', 'insert indirect maxlife 8h', 'insert indirect maxidle 30m maxlife 8h',
	'insert indirect dynamic', 'prefix indirect', 'insert nocache',
);
my $cfg = <<'CFG';
global
	log "${LOG}" local0
defaults
	mode http
	log global
	timeout connect 1s
	timeout client 5s
	timeout server 5s
	retries 1
	option redispatch
	balance roundrobin
	log-format "%ST %CC %CS %tsc %s %rc"
frontend f
	bind "fd@${fe}"
	capture cookie APP len 12
CFG
$cfg .= "\tuse_backend m$_ if { path_beg /m$_/ }\n" for 0 .. $#MODES;
$cfg .= "\tuse_backend $_ if { path_beg /$_/ }\n" for qw(persist rules shared dead);
my $servers = <<'CFG';
	server s1 "${SRV}" cookie one
	server s2 "${SRV}" cookie two weight 0
	server s3 "${SRV}" cookie three disabled
CFG
for my $i (0 .. $#MODES) {
	my $list = $MODES[$i] =~ /dynamic/ ? $servers =~ s/ cookie \w+//gr : $servers;
	$cfg .= "backend m$i\n\tcookie SRV $MODES[$i]\n\tdynamic-cookie-key secret\n$list";
}
$cfg .= <<"CFG";
backend persist
	cookie SRV insert indirect
	option persist
$servers
backend rules
	cookie SRV insert indirect
	force-persist if { hdr(x-force) -m found }
	ignore-persist if { hdr(x-ignore) -m found }
	use-server s2 if { hdr(x-use) -m found }
$servers
backend shared
	cookie SRV insert indirect
	server s1 "\${SRV}" cookie both disabled
	server s2 "\${SRV}" cookie both
backend dead
	cookie SRV insert indirect
	server s1 "\${SRV}" cookie one
	server s2 "\${NO}" cookie two weight 0
	server s3 "\${SRV}" weight 0
CFG

my $log = SyslogSink->new;
my %env = (SRV => $srv->addr, NO => '127.0.0.1:' . Weir->refused_port);
my $w = Weir->new(defaults => undef, binds => ['fe'], env => { %env, LOG => $log->addr },
    cfg => $cfg);

my $log2 = SyslogSink->new;
my $peer = HAProxy->new(file => $w->file('t.cfg'), binds => ['fe'],
    env => { %env, LOG => $log2->addr });

# A date of HAProxy's, `age` seconds ago
my @B64 = ('A' .. 'Z', 'a' .. 'z', 0 .. 9, '+', '/');
sub date ($age) {
	my $v = (time - $age) >> 2;
	return join '', map { $B64[$v >> 6 * $_ & 63] } reverse 0 .. 4;
}
sub undate ($text) {
	my ($v, %at) = (0, map { $B64[$_] => $_ } 0 .. 63);
	$v = $v * 64 + $at{$_} for split //, $text;
	return $v * 4;
}
# dates as their age in units of ten seconds
sub ages ($text) {
	return $text =~ s/(?<=\|)([A-Za-z0-9+\/]{5})(?=[|;]|$)/'<' . int((time + 8 - undate($1)) \/ 10) . '>'/ger;
}

my (%conn, $cache);
# What is seen of one request: Set-Cookie, what the server got, the log
sub shape ($port, $sink, $method, $path, @lines) {
	my $c = $conn{$port} //= RawHTTP->new(port => $port);
	my $r = $c->request(join "\r\n", "$method $path HTTP/1.1", 'Host: a',
	    $method eq 'POST' ? 'Content-Length: 0' : (), @lines, '', '');
	return 'no answer: ' . $c->error unless $r;
	my $line = $sink->find(qr/.* \S+ \+?\d+$/) // '';
	$sink->forget;
	my $set = join ' & ', map { ages($_) } grep { defined } map { ref $_ ? @$_ : $_ } values_of($r, 'set-cookie');
	$cache = $r->{h}{'cache-control'} // '';
	return join ' ~ ', $r->{status}, $set, $r->{h}{'x-got'} // '',
	    $line =~ s/^.*\]: //r =~ s/\s+$//r;
}
sub values_of ($r, $name) {
	return map { $_->[1] } grep { lc $_->[0] eq $name } @{ $r->{headers} // $r->{fields} };
}

my @COOKIES = (
	[], ['Cookie: SRV=one'], ['Cookie: SRV=two'], ['Cookie: SRV=three'], ['Cookie: SRV=nobody'],
	['Cookie: SRV='], ['Cookie: APP=1234567890123; SRV=one; Z=2'], ['Cookie: SRV=two; APP=q'],
	['Cookie: SRV=one~mine'], ['Cookie: A=1; SRV=two~x~y; B=2'], ['Cookie: SRV=~x'],
	['Cookie: A=1', 'Cookie: SRV=two', 'Cookie: B=2'], ['Cookie: XSRV=two; srv=two'],
	['Cookie: SRV=two|' . date(40)], ['Cookie: SRV=two|' . date(40) . '|' . date(3000)],
	['Cookie: SRV=two|' . date(4000)], ['Cookie: SRV=two|' . date(40) . '|' . date(40000)],
	['Cookie: SRV=two|' . date(-90000)], ['Cookie: SRV=two|xx'], ['Cookie: SRV'],
);
my @SETS = ('set=SRV%3Dmine', 'set=SRV%3Dmine%3B%20path%3D/x,APP%3Dabcdefghijklmnop', 'set=OTHER%3D1',
    'cc=public', 'cc=no-cache', 'cc=max-age%3D0', 'st=404', 'st=302');
my @CASES;
for my $i (0 .. $#MODES) {
	push @CASES, ["$MODES[$i]: @$_", 'GET', "/m$i/", @$_] for @COOKIES;
	for my $set (@SETS) {
		push @CASES, ["$MODES[$i]: $set", 'GET', "/m$i/?$set"],
		    ["$MODES[$i]: $set, known", 'GET', "/m$i/?$set", 'Cookie: SRV=two'];
	}
	push @CASES, ["$MODES[$i]: POST", 'POST', "/m$i/"];
}
for my $be (qw(persist rules shared dead)) {
	for my $more ([], ['X-Force: 1'], ['X-Ignore: 1'], ['X-Use: 1']) {
		next if @$more && $be ne 'rules';
		push @CASES, ["$be: @$_ @$more", 'GET', "/$be/", @$_, @$more]
		    for @COOKIES[0 .. 4], ['Cookie: SRV=both'];
	}
}

my ($n, @bad) = (0);
for (@CASES) {
	my ($name, @request) = @$_;
	my $ours = shape($w->port('fe'), $log, @request);
	$n++;
	push @bad, "$name\n\t$ours" if $ours =~ /no answer/ || $ours =~ / ~ $/;
	next unless $peer;
	my $theirs = shape($peer->port('fe'), $log2, @request);
	push @bad, "$name\n\tweir    $ours\n\thaproxy $theirs" if $ours ne $theirs;
}
is scalar(@bad), 0, "$n cases" . ($peer ? ' as haproxy' : '') or diag join "\n", @bad;
# nocache; version 2.6 does not write it
my ($nocache) = grep { $MODES[$_] eq 'insert indirect nocache' } 0 .. $#MODES;
for (['', 'private', 'inserted'], ['', '', 'valid', 'Cookie: SRV=two'], ['st=302', '', 'not cacheable'],
    ['cc=public&st=302', 'public, private', 'called public'], ['cc=no-store', 'no-store', 'uncacheable already']) {
	my ($query, $want, $what, @lines) = @$_;
	shape($w->port('fe'), $log, 'GET', "/m$nocache/?$query", @lines);
	is $cache, $want, "nocache: $what";
}
is $w->stat('m0', 'BACKEND')->{cookie}, 'SRV', 'show stat: name';
is $w->stat('m0', 's2')->{cookie}, 'two', 'show stat: value';
done_testing;
