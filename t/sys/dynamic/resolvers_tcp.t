# Name resolution by TCP: truncated answers, servers written as tcp@, and what peers
# do wrong there.
use v5.36;
use DNS;
use Weir;
use Test::More;

my $host = 'a-host-with-a-long-name.test';
my @many = map { { target => $host, port => 1000 + $_ } } 1 .. 100;
my $dns = DNS->new('a.test' => ['127.0.0.1'], 'big.test' => [map { "127.0.1.$_" } 1 .. 60],
    '_http._tcp.test' => \@many, $host => ['127.0.0.7']);
my $only = DNS->new('t.test' => ['127.0.0.3'], 'u.test' => ['127.0.0.4']);
my $w = Weir->new(defaults => 'http', binds => ['fe1'],
    env => { DNS => $dns->port, ONLY => $only->port, REFUSED => Weir->refused_port }, cfg => <<'CFG');
resolvers ns
	nameserver n1 127.0.0.1:${DNS}
	resolve_retries 2
	timeout resolve 20ms
	timeout retry 100ms
	hold valid 20ms
	hold other 10m
resolvers tcp
	nameserver t1 tcp@127.0.0.1:${ONLY}
	nameserver t2 tcp@127.0.0.1:${REFUSED}
	timeout resolve 20ms
	timeout retry 100ms
	hold valid 20ms
frontend fe
	bind "fd@${fe1}"
	default_backend a
backend a
	default-server init-addr none resolve-prefer ipv4
	server a1 a.test:80 resolvers ns
	server t1 t.test:80 resolvers tcp
	server u1 u.test:80 resolvers tcp
backend big
	default-server resolvers ns init-addr none resolve-prefer ipv4
	server-template b 61 big.test:80
backend srv
	default-server resolvers ns resolve-prefer ipv4
	server-template s 101 _http._tcp.test
CFG

sub rows ($be) { return map { [split / /] } grep { /^\d+ $be / } split /\n/, $w->cli("show servers state $be") }
sub addresses ($be) { return join ' ', sort { $a cmp $b } map { $_->[4] } grep { $_->[4] ne '-' } rows($be) }
sub count ($section, $name) { return $w->cli("show resolvers $section") =~ /^  $name:\s+(\d+)$/m ? $1 : -1 }

# --- what does not fit
ok $w->wait_for(sub { addresses('big') eq join ' ', sort map { "127.0.1.$_" } 1 .. 60 }, 5, 'addresses'),
    '60 addresses: more than 512 bytes';
ok $w->wait_for(sub { 100 == grep { $_->[4] eq '127.0.0.7' } rows('srv') }, 5, 'targets'), '100 targets of an SRV record';
is_deeply [sort { $a <=> $b } map { $_->[18] } grep { $_->[4] ne '-' } rows('srv')], [1001 .. 1100], 'with their ports';
cmp_ok count('ns', 'truncated'), '>', 0, 'their answers by UDP are counted as truncated';
is addresses('a'), '127.0.0.1 127.0.0.3 127.0.0.4', 'small ones came by UDP, or by TCP alone';
is $only->by_tcp, $only->asked, 'tcp@ never asks by UDP';
is +(() = $w->cli('show resolvers tcp') =~ /^  valid:\s+[1-9]/mg), 1, 'a server that refuses connections hinders nobody';

# --- what peers do
for my $how (qw(pieces twice)) {
	my $n = count('ns', 'valid');
	$dns->set('-tcp' => $how, 'big.test' => [map { "127.0.2.$_" } 1 .. 60]);
	ok $w->wait_for(sub { addresses('big') eq join ' ', sort map { "127.0.2.$_" } 1 .. 60 }, 5, $how), "$how: taken";
	$dns->set('big.test' => [map { "127.0.1.$_" } 1 .. 60]);
	ok $w->wait_for(sub { addresses('big') =~ /^127\.0\.1\./ }, 5, 'and back'), 'and back';
}
my %counter = (deaf => 'timeout', close => 'timeout', short => 'invalid', garbage => 'invalid', truncated => 'any');
for my $how (qw(deaf close short garbage truncated)) {
	my ($counter, $tcp) = ($counter{$how}, $dns->by_tcp);
	my $n = count('ns', $counter);
	$dns->set('-tcp' => $how);
	ok $w->wait_for(sub { $dns->by_tcp > $tcp + 3 && ($counter eq 'any' || count('ns', $counter) > $n) }, 5, $how), "$how: seen";
	like addresses('big'), qr/^127\.0\.1\.1 /, 'what was known stays';
	is addresses('a') =~ /127\.0\.0\.1/, 1, 'others are not hindered';
}
$dns->set('-tcp' => '', 'big.test' => [map { "127.0.3.$_" } 1 .. 60]);
ok $w->wait_for(sub { addresses('big') =~ /^127\.0\.3\./ }, 5, 'well again'), 'well again';

# --- one connection for many questions, which is closed when nobody asks
sub connections () {
	my $n = 0;
	my $port = sprintf ':%04X', $dns->port;
	open my $f, '<', '/proc/net/tcp' or return 0;
	while (<$f>) { $n++ if (split)[2] =~ /$port$/ && (split)[3] eq '01' }
	return $n;
}
cmp_ok connections(), '<=', 1, 'at most one connection';
like $w->cli('reload'), qr/^Success=1/;
like addresses('big'), qr/^127\.0\.3\./, 'a reload keeps the addresses';
done_testing;
