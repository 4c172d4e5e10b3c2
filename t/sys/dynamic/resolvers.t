# Name resolution at run time: addresses come, change and go; SRV records; errors;
# silence; what is said of it all.
use v5.36;
use Backend qw(:all);
use DNS;
use SyslogSink;
use Weir;
use Test::More;

my @srv = map { my $n = $_; Backend->new(response(200, "s$n")) } 1 .. 3;
my @port = map { $_->port } @srv;
my $dns = DNS->new('a.test' => ['127.0.0.1'], 'six.test' => ['::1', '127.0.0.1'],
    'many.test' => ['127.0.0.1', '127.0.0.2'], 'keep.test' => ['127.0.0.1'],
    'alias.test' => { cname => 'a.test' },
    '_http._tcp.test' => [{ target => 'a.test', port => $port[0], weight => 1024 },
        { target => 'a.test', port => $port[1], weight => 0 }]);
my $dead = DNS->new;
my $log = SyslogSink->new;
my $cfg = <<'CFG';
global
	log "${LOG}" local0
resolvers ns
	nameserver n1 127.0.0.1:${DNS}
	resolve_retries 2
	timeout resolve 20ms
	timeout retry 100ms
	hold valid 20ms
	hold nx 30ms
	hold refused 10m
	hold other 10m
	hold obsolete 0s
	accepted_payload_size 4096
resolvers mute
	nameserver m1 udp@127.0.0.1:${DEAD}
	resolve_retries 1
	timeout resolve 20ms
	timeout retry 20ms
	hold timeout 10ms
resolvers unused
	parse-resolv-conf
frontend fe
	bind "fd@${fe1}"
	use_backend %[path,field(2,/)]
backend a
	log global
	server a1 a.test:${P1} resolvers ns init-addr none resolve-prefer ipv4 check inter 20ms
	server a2 alias.test:${P1} resolvers ns init-addr last,libc,none resolve-prefer ipv4 weight 0
backend six
	server s1 six.test:80 resolvers ns init-addr none
	server s2 six.test:80 resolvers ns init-addr none resolve-net 127.0.0.0/8 resolve-opts allow-dup-ip
backend keep
	server k1 keep.test:${P1} resolvers mute init-addr 127.0.0.1
	server k2 keep.test:${P1} resolvers ns init-addr 127.0.0.1
backend many
	balance roundrobin
	default-server resolvers ns init-addr none resolve-prefer ipv4
	server-template m 3 many.test:${P1}
	server-template d 2-3 many.test:${P1} resolve-opts allow-dup-ip
backend srv
	balance roundrobin
	http-reuse never
	default-server resolvers ns resolve-prefer ipv4
	server-template s 3 _http._tcp.test
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe1'], cfg => $cfg,
    env => { LOG => $log->addr, DNS => $dns->port, DEAD => $dead->port,
        P1 => $port[0] });
$dead->set('keep.test' => 'silent');

sub says ($command, $want) { is $w->cli($command), $want, $command }
sub rows ($be) {
	return map { my @f = split / /; ($f[3] => \@f) } grep { /^\d+ $be / }
	    split /\n/, $w->cli("show servers state $be");
}
sub row ($be, $name) { my %r = rows($be); return $r{$name} }
sub addr_is ($be, $name, $want, $what = "$name has $want") {
	ok $w->wait_for(sub { row($be, $name)->[4] eq $want }, 5, $what), $what;
}
sub status_is ($be, $name, $want) {
	ok $w->wait_for(sub { $w->stat($be, $name)->{status} eq $want }, 5, $want), "$name is $want";
}

# --- addresses
addr_is('a', 'a1', '127.0.0.1');
is row('a', 'a1')->[17], 'a.test', 'srv_fqdn';
addr_is('a', 'a2', '127.0.0.1', 'over a CNAME');
status_is('a', 'a1', 'UP');
is $w->http('fe1')->get('/a')->{body}, 's1', 'it serves';
addr_is('six', 's1', '::1', 'IPv6 first');
$dns->set('a.test' => ['127.0.0.9']);
addr_is('a', 'a1', '127.0.0.9', 'a new address');
like $log->find(qr/a1 changed.*0\.9/), qr{a/a1 changed its IP from 127\.0\.0\.1 to 127\.0\.0\.9 by ns/n1\.}, 'is told';
$dns->set('a.test' => ['127.0.0.1']);
addr_is('a', 'a1', '127.0.0.1', 'and back');
like $w->cli('reload'), qr/^Success=1/;
is row('a', 'a1')->[4], '127.0.0.1', 'a reload keeps it';

# --- errors
$dns->set('a.test' => 'nx');
status_is('a', 'a1', 'MAINT (resolution)');
is row('a', 'a1')->[6], 32, 'admin bit 32';
is row('a', 'a1')->[4], '-', 'no address';
is $w->http('fe1')->get('/a')->{status}, 503, 'nobody serves';
$dns->set('a.test' => ['127.0.0.1']);
status_is('a', 'a1', 'UP');
sub count ($name) { return $w->cli('show resolvers ns') =~ /^  $name:\s+(\d+)$/m ? $1 : -1 }
my %counter = (servfail => 'other', silent => 'timeout', garbage => 'invalid', wrong => 'invalid');
for my $what (qw(refused servfail silent truncated garbage wrong)) {
	my $counter = $counter{$what} // $what;
	my $n = count($counter);
	$dns->set('a.test' => $what);
	$w->wait_for(sub { count($counter) > $n }, 5, "$counter after $what");
	is row('a', 'a1')->[4], '127.0.0.1', "$what: the last answer stays";
}
my $show = $w->cli('show resolvers ns');
like $show, qr/^Resolvers section ns\n nameserver n1:\n  sent:        \d+\n  snd_error:   0\n  valid:       [1-9]/, 'show resolvers';
for my $c (qw(update cname nx timeout refused other invalid truncated any_err)) {
	like $show, qr/^  $c:\s+[1-9]\d*$/m, "counted: $c";
}
like $w->cli('show resolvers'), qr/^Resolvers section default$/m, 'default is always there';
says 'show resolvers nix', "Can't find that resolvers section";
$dns->set('a.test' => ['127.0.0.1']);

# --- init-addr, silence
is row('keep', 'k2')->[4], '127.0.0.1', 'init-addr IP';
status_is('keep', 'k1', 'MAINT (resolution)');	# hold timeout is written

# --- templates
ok $w->wait_for(sub { my %r = rows('many'); 2 == grep { $_->[4] ne '-' } @r{qw(m1 m2 m3)} }), 'an address for one server each';
my %r = rows('many');
is_deeply [sort keys %r], [qw(d2 d3 m1 m2 m3)], 'names';
isnt $r{m1}[4], $r{m2}[4], 'not the same';
status_is('many', 'm3', 'MAINT (resolution)');
ok $w->wait_for(sub { my %r = rows('many'); 2 == grep { $_->[4] ne '-' } @r{qw(d2 d3)} }), 'allow-dup-ip';
$dns->set('many.test' => ['127.0.0.2', '127.0.0.3', '127.0.0.4']);
ok $w->wait_for(sub { my %r = rows('many'); 3 == grep { $_->[4] ne '-' && $_->[4] ne '127.0.0.1' } @r{qw(m1 m2 m3)} }), 'more addresses, more servers';

# --- SRV
ok $w->wait_for(sub { my %r = rows('srv'); 2 == grep { $_->[4] eq '127.0.0.1' } values %r }), 'two targets';
%r = rows('srv');
is_deeply [@{ $r{s1} }[7, 17, 18, 19]], [4, 'a.test', $port[0], '_http._tcp.test'], 'weight, fqdn, port, record';
is_deeply [@{ $r{s2} }[7, 18]], [0, $port[1]], 'the second';
is $w->stat('srv', 's3')->{status}, 'MAINT (resolution)', 'the third has none';
is $w->http('fe1')->get('/srv')->{body}, 's1', 'it serves';
$dns->set('_http._tcp.test' => [{ target => 'a.test', port => $port[2], weight => 256 }]);
ok $w->wait_for(sub { my %r = rows('srv'); 1 == grep { $_->[4] ne '-' } values %r }), 'other targets';
is $w->http('fe1')->get('/srv')->{body}, 's3', 'serve';

# --- set server fqdn
says 'set server a/a1 fqdn a..b', "'a..b' is no name that can be resolved.";
says 'set server a/a1 fqdn keep.test', '';
is row('a', 'a1')->[17], 'keep.test', 'another name';
$dns->set('keep.test' => ['127.0.0.8']);
addr_is('a', 'a1', '127.0.0.8', 'and its address');
like $w->cli('reload'), qr/^Success=1/;
is row('a', 'a1')->[17], 'keep.test', 'a reload keeps it';

# --- added servers have no names
says 'add server a/x nix.test:80', 'New server registered.';
is_deeply [@{ row('a', 'x') }[4, 6]], ['-', 33], 'but may wait for an address';
says 'add server a/y 127.0.0.1:80 resolvers ns', "'resolvers' option is not accepted for dynamic server";
says 'set server a/x addr 127.0.0.1', "IP changed from '0.0.0.0' to '127.0.0.1' by 'stats socket command'";
is row('a', 'x')->[6], 1, 'which a command gives';

# --- words
sub refuses ($text, $want) {
	my $r = Weir->check($text);
	like $r->{err} // $r->{stderr} // '', $want, (split /\n/, $text)[-1];
}
refuses("backend b\n\tserver s a.test:80 resolvers nix init-addr none\n", qr/unable to find required resolvers 'nix'/);
refuses("backend b\n\tserver s 127.0.0.1:80 init-addr foo\n", qr/invalid init-addr method 'foo'/);
refuses("backend b\n\tserver s 127.0.0.1:80 resolve-prefer foo\n", qr/expects either ipv4 or ipv6/);
refuses("backend b\n\tserver s 127.0.0.1:80 resolve-opts foo\n", qr/unknown resolve-opts option 'foo'/);
refuses("backend b\n\tserver-template s 0 a.test\n", qr/expects a number of servers/);
refuses("backend b\n\tserver-template s 2\n", qr/expects <prefix> <nb \| range> <addr>/);
refuses("resolvers r\n\tnameserver n tcp\@localhost:53\n", qr/no IP address/);
refuses("resolvers r\n\tnameserver n localhost:53\n", qr/no IP address/);
refuses("resolvers r\nresolvers r\n", qr/same name as another resolvers/);
refuses("resolvers r\n\tparse-resolv-conf\n\taccepted_payload_size 100\n", qr/accepted_payload_size/);
done_testing;
