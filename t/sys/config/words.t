# Every keyword and option that `weir --dump-rows` lists does in its place what
# its row says: obeyed ones are accepted without a word, those without effect are
# accepted and told under -dD, refused ones are errors with their reason.
# All words of one place stand in one configuration, a line each; as weir tells
# all errors of a file with their lines, the lines are judged one by one.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue('a', san => ['DNS:a.test']);
chmod 0600, glob "$dir/*.pem";
Cert::spew("$dir/list", "$dir/a.pem [ssl-min-ver TLSv1.2] a.test\n");
Cert::spew("$dir/page", "HTTP/1.0 503 No\r\n\r\nsorry\n");
Cert::openssl('dhparam', '-dsaparam', '-out', "$dir/dh.pem", '1024');
open my $lua, '>', "$dir/w.lua" or die; print $lua "weir.log('debug', 'read')\n"; close $lua;
my $user = getpwuid $>;
my $group = getgrgid $);

# Arguments of obeyed words; a word that is not here takes none.
my %global = map { /^(\S+(?: (?:socket|timeout|maxconn))?)\s*(.*)/ } split /\n/, <<"ROWS";
maxconn 100
lua-policy $dir/w.lua a b
nbthread 2
thread-groups 1
ulimit-n 200
maxpipes 10
maxconnrate 1000
maxsessrate 1000
maxsslrate 100
maxsslconn 50
grace 10ms
hard-stop-after 10s
tune.pipesize 64k
user $user
group $group
uid $>
gid @{[ $) + 0 ]}
chroot /
pidfile $dir/pid
node n1
description a text
localpeer n1
spread-checks 10
max-spread-checks 1s
server-state-base $dir
server-state-file s.state
state-dir $dir
stats socket $dir/sock level user mode 600
stats timeout 20s
stats maxconn 5
metrics-memory 8m
metrics-space 64m
statsd-bind 127.0.0.1:8125
default-zone z
api-may-override on
region eu-west-1
account-id 123456789012
missing-data-default ignore
http-err-codes 400-499,-404 +500
http-fail-codes 500-599 -501,505
tune.stick-counters 5
log-tag t
log-send-hostname h
log 127.0.0.1:514 local0
tune.bufsize 16384
tune.maxrewrite 1024
tune.http.maxhdr 64
tune.http.cookielen 100
tune.http.min-body-rate 50
tune.ssl.max-handshakes 10
tune.maxaccept 10
tune.rcvbuf.client 65536
tune.rcvbuf.server 65536
tune.sndbuf.client 65536
tune.sndbuf.server 65536
setenv WEIR_T_A a
presetenv WEIR_T_A b
set-var proc.a int(5),add(proc.a)
set-var-fmt proc.b "x %[var(proc.a)]"
unsetenv WEIR_T_A
resetenv PATH DIR
ca-base $dir
crt-base $dir
ssl-default-bind-ciphers ECDHE+AESGCM
ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
ssl-default-bind-curves P-256
ssl-default-bind-sigalgs ECDSA+SHA256
ssl-default-bind-client-sigalgs ECDSA+SHA256
ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
ssl-default-server-ciphers ECDHE+AESGCM
ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256
ssl-default-server-curves P-256
ssl-default-server-sigalgs ECDSA+SHA256
ssl-default-server-client-sigalgs ECDSA+SHA256
ssl-default-server-options ssl-min-ver TLSv1.2
ssl-server-verify none
ssl-dh-param-file $dir/dh.pem
tune.ssl.default-dh-param 2048
tune.ssl.cachesize 100
tune.ssl.lifetime 60
tune.ssl.maxrecord 4096
ROWS

# Of proxies: the whole statement
my %proxy = map { my ($k) = /^(.*?)(?:\s*\|.*)?$/; ($k, s/\s*\|//r) } split /\n/, <<"ROWS";
mode| http
maxconn| 100
fullconn| 50
backlog| 50
retries| 2
load-server-state-from-file| none
server-state-file-name| be.state
rate-limit sessions| 1000
retry-on| conn-failure 503
http-reuse| always
balancer| b1
default_backend| other
description| a text
disabled
enabled
id| 77
monitor-uri| /alive
stickiness-header| X-Why
slo| p99.9 500ms
cookie| SRV insert indirect
elb-cookie| app JSESSIONID
dynamic-cookie-key| secret
force-be-switch| if TRUE
be-unpublished
force-persist| if TRUE
ignore-persist| unless TRUE
capture cookie| SID len 20
stats enable
stats uri| /stats
stats auth| me:secret
stats realm| Keep-out
stats admin| if TRUE
stats scope| .
stats refresh| 10s
stats hide-version
stats show-legends
stats show-modules
stats show-node| here
stats show-desc| All of the shop
source| 127.0.0.1
stick-table| type ip size 10
stick on| src table tables/t
stick match| hdr(x) table tables/s if { path / }
stick store-request| src table tables/t unless TRUE
stick store-response| res.hdr(x) table tables/s
timeout client| 1s
timeout client-fin| 1s
timeout client-hs| 1s
timeout http-request| 1s
timeout http-keep-alive| 1s
timeout connect| 1s
timeout server| 1s
timeout server-fin| 1s
timeout queue| 1s
timeout tunnel| 1s
timeout tarpit| 1s
timeout check| 1s
option httplog
option tcplog
option httpslog
option dontlognull
option dontlog-normal
option logasap
option log-separate-errors
option log-health-checks
option http-keep-alive
option http-server-close
option httpclose
option http-ignore-probes
option abortonclose
option accept-unsafe-violations-in-http-request
option accept-invalid-http-request
option accept-method| TRACE
option forwardfor| except 127.0.0.0/8 header X-Client if-none
option x-forwarded| proto port if-none
option redispatch| 2
option allbackups
option persist
option no-passive-health
option splice-auto
option splice-request
option splice-response
option tcpka
option clitcpka
option srvtcpka
option socket-stats
option httpchk| GET /
option tcp-check
option ssl-hello-chk
option smtpchk| EHLO a.test
option redis-check
option mysql-check| user u post-41
option pgsql-check| user u
option ldap-check
option external-check
external-check command| /bin/true
external-check path| /bin
tcp-check connect| default port 81 ssl sni a.test alpn http/1.1 send-proxy linger comment c
tcp-check send| a
tcp-check send-lf| %[str(a)]
tcp-check send-binary| 4142
tcp-check send-binary-lf| %[str(41)]
tcp-check expect| min-recv 3 comment c on-error "%[res.len]" ! string a
tcp-check comment| a
tcp-check| set-var(check.a) res.payload(0,1)
http-check connect| addr 127.0.0.1 port var(check.p)
http-check send| meth GET uri / ver HTTP/1.1 hdr Host a
http-check expect| status 200-299 on-success "%[res.body]"
http-check comment| a
http-check| unset-var(check.a)
http-check disable-on-404
elb-check| HTTP:80/x interval 10s timeout 3s healthy 3 unhealthy 2
http-check send-state
bind| unix\@$dir/bind.sock
server| s1 127.0.0.1:1
server-template| tpl 3 127.0.0.1:80
default-server| inter 1s
balance| roundrobin
hash-type| consistent sdbm avalanche
hash-balance-factor| 150
hash-preserve-affinity| always
acl| a path /
tcp-request connection| accept
tcp-request session| accept
tcp-request content| accept
http-request| allow
http-response| allow
http-after-response| allow
tcp-request inspect-delay| 1s
use_backend| other if { path /other }
use-server| s1 if { path /s1 }
capture request header| Host len 10
capture response header| Server len 10
declare capture| request len 10
errorfile| 503 $dir/page
errorfiles| pages 404
http-error| status 404 content-type text/plain string gone
errorloc| 502 /sorry
errorloc302| 500 /sorry
errorloc303| 504 /sorry
log-format| "%ci %r"
error-log-format| "%ci"
unique-id-format| "%ci:%rt"
unique-id-header| X-Unique-ID
log-tag| t
log| 127.0.0.1:514 local0
ROWS

my $tls = "ssl crt $dir/a.pem";
# Of bind and server lines: the words behind the address
my %common = map { my ($k) = /^(\S+)/; ($k, $_) } split /\n/, <<"ROWS";
ciphers ECDHE+AESGCM
ciphersuites TLS_AES_128_GCM_SHA256
curves P-256
sigalgs ECDSA+SHA256
client-sigalgs ECDSA+SHA256
alpn http/1.1
no-alpn
ssl-min-ver TLSv1.2
ssl-max-ver TLSv1.2
no-sslv3
no-tlsv10
no-tlsv11
no-tlsv12
no-tlsv13
force-tlsv10
force-tlsv11
force-tlsv12
force-tlsv13
no-tls-tickets
tls-tickets
ROWS
my %bind = ((map { $_, "$tls $common{$_}" } keys %common),
    map { my ($k) = /^(\S+)/; ($k, $_) } split /\n/, <<"ROWS");
name n
id 99
maxconn 5
backlog 10
interface lo
accept-proxy
defer-accept
tfo
transparent
v4v6
v6only
mode 600
user $user
group $group
uid $>
gid @{[ $) + 0 ]}
proto h1
ssl crt $dir/a.pem
ROWS
$bind{crt} = $tls;
$bind{'crt-list'} = "ssl crt-list $dir/list";
$bind{$_} = "$tls $_" for qw(strict-sni no-strict-sni no-ca-names prefer-client-ciphers);
$bind{ecdhe} = "$tls ecdhe P-256";
$bind{'ca-file'} = $bind{verify} = "$tls verify optional ca-file $dir/ca.pem";
$bind{'ca-verify-file'} = "$bind{verify} ca-verify-file $dir/ca.pem";
$ca->crl;
$bind{'crl-file'} = "$bind{verify} crl-file $dir/crl.pem";
$bind{$_} = "$bind{verify} $_ all" for qw(crt-ignore-err ca-ignore-err);

my %server = ((map { $_, "ssl verify none $common{$_}" } keys %common),
    map { my ($k) = /^(\S+)/; ($k, $_) } split /\n/, <<"ROWS");
weight 10
maxconn 10
minconn 5 maxconn 10
maxqueue 10
cookie v1
pool-max-conn 10
pool-low-conn 2
pool-purge-delay 2s
pool-conn-name req.hdr(host)
slowstart 10s
resolvers default
resolve-prefer ipv4
resolve-opts allow-dup-ip
resolve-net 10.0.0.0/8
init-addr last,libc,none
zone eu-1
instance-id i-0000000a
id 99
source 127.0.0.1
proto h1
ws h1
backup
no-backup
non-stick
disabled
enabled
send-proxy
no-send-proxy
send-proxy-v2
no-send-proxy-v2
send-proxy-v2-ssl
no-send-proxy-v2-ssl
ssl verify none
no-ssl
check
no-check
inter 1s
fastinter 500ms
downinter 5s
rise 1
fall 5
port 80
addr 127.0.0.1
init-state down
no-check-ssl
no-agent-check
agent-addr 127.0.0.2
agent-port 1
agent-inter 1s
agent-send hello
error-limit 5
on-error mark-down
on-marked-down shutdown-sessions
on-marked-up shutdown-backup-sessions
track tracked/m
ROWS
$server{'agent-check'} = 'agent-check agent-port 1';
$server{observe} = 'check observe layer7';
$server{'proxy-v2-options'} = 'send-proxy-v2 proxy-v2-options authority,crc32c,unique-id';
$server{'ca-file'} = "ssl ca-file $dir/ca.pem";
$server{verify} = "ssl verify required ca-file $dir/ca.pem";
$server{verifyhost} = "$server{verify} verifyhost a.test";
$server{'crl-file'} = "$server{verify} crl-file $dir/crl.pem";
$server{crt} = "ssl verify none crt $dir/a.pem";
$server{sni} = 'ssl verify none sni req.hdr(host)';
$server{$_} = "ssl verify none $_" for qw(no-sni-auto sni-auto no-ssl-reuse ssl-reuse);
$server{'check-alpn'} = 'check check-alpn http/1.1';
$server{'check-sni'} = 'check check-sni a.test';
$server{'check-proto'} = 'check check-proto h1';
$server{$_} = "check $_" for qw(check-sni-auto no-check-sni-auto check-send-proxy
    no-check-send-proxy);
$server{healthcheck} = 'healthcheck h';
$server{'check-ssl'} = 'ssl verify none check check-ssl port 444';

# A configuration of lines; returns exit code and { line number => messages }.
sub judge ($text, @args) {
	my $r = Weir->check($text, @args);
	my %said;
	for (split /\n/, $r->{err}) {
		push @{ $said{$1} }, $_ if /t\.cfg:(\d+)\]/;
	}
	return ($r->{code}, \%said, $r->{err});
}

my $base = "defaults\n\tmode http\n" .
    join('', map { "\ttimeout $_ 1s\n" } qw(client server connect http-request)) .
    "peers tables\n\ttable t type ip size 10\n\ttable s type string size 10\n" .
    "http-errors pages\n\terrorfile 404 $dir/page\nbackend other\n\tserver s 127.0.0.1:1\n";

# One statement a line, each behind $lead; [line, row] for each
sub lines_of ($head, $lead, @rows) {
	my $at = () = $head =~ /\n/g;
	my @at = map { [++$at, $_->{name}, $_] } @rows;
	return ($head . join('', map { $lead->($_) } @rows), @at);
}

my %rows;
for (split /\n/, Weir->run('--dump-rows')->{out}) {
	my ($kind, $name, $in, $what, $help) = split /\t/;
	next if $kind ne 'keyword' || $in eq '-';
	push @{ $rows{$_}{$what} }, { name => $name, help => $help }
	    for $in =~ /stats-socket/ && $name eq 'level' ? () : $in =~ /frontend|backend/ ?
	    ($in =~ /global/ ? qw(global proxy) : 'proxy') : split /,/, $in;
}

my $n = 0;
my %places = (
	global => [\%global, 'global', "global\n", sub ($text) { "\t$text\n" }],
	bind => [\%bind, 'bind', "${base}frontend f\n\thttp-request return status 200\n",
	    sub ($text) { "\tbind " . ($text =~ /^(interface|defer|tfo|trans|v4|v6)/ ?
	    '[::1]:' . (20000 + ++$n) : "unix\@$dir/@{[ ++$n ]}.sock") .
	    " $text\n" }],
	server => [\%server, 'server', "${base}backend tracked\n\tserver m 127.0.0.1:1 check\nbackend b\n",
	    sub ($text) { "\tserver s@{[ ++$n ]} 127.0.0.1:1 $text\n" }],
);
for my $place (sort keys %places) {
	my ($args, $name, $head, $lead) = $places{$place}->@*;
	my @obeyed = $rows{$name}{obeyed}->@*;
	my ($text, @at) = lines_of($head, sub ($row) {
		my $words = $args->{ $row->{name} } // '';
		return $lead->($place eq 'global' ? "$row->{name} $words" : $words);
	}, @obeyed);
	subtest "$place: obeyed words" => sub {
		my ($code, $said, $err) = judge($text);
		for (@at) {
			my ($line, $word) = @$_;
			ok defined $args->{$word} || $place eq 'global', "$word has a line here";
			is_deeply $said->{$line} // [], [], $word;
		}
		is $code, 0, 'accepted' or diag $err;
	};
}

# What a section holds once is given a section of its own.
subtest 'sections: obeyed words' => sub {
	for my $row ($rows{proxy}{obeyed}->@*) {
		my $statement = $proxy{ $row->{name} };
		next if $row->{name} eq 'level';
		ok defined $statement, "$row->{name} has a line here" or next;
		my $mode = $row->{name} =~ /^tcp-|^mode|tcplog/ ? "\tmode tcp\n" : '';
		my $global = $row->{name} eq 'option external-check' ?
		    "global\n\tinsecure-fork-wanted\n\texternal-check\n" : '';
		$statement .= "\n\texternal-check command /bin/true" if $global;
		my ($code, $said, $err) = judge($global . $base . "listen l\n$mode" .
		    "\tlog 127.0.0.1:514 local0\n\tbind unix\@$dir/l.sock\n" .
		    "\tserver s1 127.0.0.1:2\n" .
		    ($row->{name} eq 'unique-id-header' ? "\tunique-id-format %ci\n" : '') .
		    "\t" . ($statement =~ s/ s1 127/ s2 127/r) . "\n");
		is $code, 0, $row->{name};
		is $err, '', 'without a word';
	}
};

# No effect: accepted, and -dD tells why.
for my $place ('global', 'proxy', 'bind', 'server') {
	my @rows = @{ $rows{$place}{'no-effect'} // [] } or next;
	my $head = $place eq 'global' ? "global\n" : $place eq 'proxy' ? "${base}listen l\n" :
	    $places{$place}[2];
	my $lead = $place =~ /global|proxy/ ? sub ($text) { "\t$text\n" } : $places{$place}[3];
	my ($text, @at) = lines_of($head,
	    sub ($row) { $lead->($row->{name} =~ s/\*$/x/r . ' ' . arg($row->{name})) }, @rows);
	my ($code, $said, $err) = judge($text);
	is $code, 0, "$place: words without effect are accepted" or diag $err;
	($code, $said) = judge($text, '-dD');
	subtest "$place: words without effect are told under -dD" => sub {
		for (@at) {
			my ($line, $word, $row) = @$_;
			like "@{ $said->{$line} // [] }", qr/\Q$row->{help}\E/, $word;
		}
	};
}
sub arg ($name) {
	my $n = $name =~ /^(no|option|busy|limited|prealloc)/ ? 0 : 1;
	return $n ? '1' : '';
}

# Refused: an error that tells why.
for my $place ('global', 'proxy', 'bind', 'server') {
	my $head = $place eq 'global' ? "global\n" : $place eq 'proxy' ? "${base}listen l\n" :
	    $places{$place}[2];
	my $lead = $place =~ /global|proxy/ ? sub ($text) { "\t$text\n" } : $places{$place}[3];
	my ($text, @at) = lines_of($head,
	    sub ($row) { $lead->($row->{name} =~ s/\*$/x/r . ' x') }, $rows{$place}{refused}->@*);
	my ($code, $said, $err) = judge($text);
	subtest "$place: refused words" => sub {
		is $code, 1;
		for (@at) {
			my ($line, $word, $row) = @$_;
			$word =~ s/\*$/x/;
			like "@{ $said->{$line} // [] }",
			    qr/'\Q$word\E'.* is not supported: .*\Q$row->{help}\E/, $word;
		}
	};
}

# Sections, actions, converters and algorithms that are not built
sub refusing ($kind, $name) {
	return "$name x\n\tanything at all\n" if $kind eq 'keyword';
	return $base . "backend b\n\tbalance $name\n" if $kind eq 'balance';
	return $base . "backend b\n\thttp-request set-header X %[str(x),$name(y)]\n"
	    if $kind eq 'converter';
	return $base . "backend b\n\thttp-response set-header X %[$name]\n" if $kind eq 'fetch';
	$name =~ s/\($/(x)/;
	return map { $base . "listen b\n\t$_ $name\n" } 'http-request', 'http-response',
	    'tcp-request content', 'tcp-request connection';
}
for (split /\n/, Weir->run('--dump-rows')->{out}) {
	my ($kind, $name, $in, $what, $help) = split /\t/;
	next if $what ne 'refused' || $in ne '-';
	my @answers = map { Weir->check($_) } refusing($kind, $name);
	is_deeply [grep { $_->{code} != 1 } @answers], [], "$kind $name is refused";
	my ($why) = grep { /\Q$name\E.*\Q$help\E/ } map { $_->{err} } @answers;
	ok defined $why, 'and why' or diag map { $_->{err} } @answers;
	is scalar(() = $why =~ /parsing \[/g), 1, 'its lines are not looked at'
	    if $kind eq 'keyword';
}
done_testing;
