# TCP mode: half-closes both ways, bulk both ways with and without splice, a slow
# reader, a peer that dies, TLS on the client's and on the server's side.
use v5.36;
use Backend qw(:all);
use Cert;
use Digest::SHA qw(sha256_hex);
use SyslogSink;
use Weir;
use Test::More;

my $MIB = $ENV{WEIR_SLOW} ? 64 : 16;
my $block = pack 'N*', map { $_ * 2654435761 % 4294967296 } 1 .. 1 << 16;
my $bulk = join '', map { pack('N', $_) . $block } 1 .. $MIB * 4;
my $sum = sha256_hex($bulk);

# "get\n": the bulk and the end; "put N\n" + N bytes: their sum and the end;
# "rst": a reset; anything else: an echo
my %put;
sub serve ($bytes, $c) {
	return RST if $bytes eq 'rst';
	my $p = $put{ $c->{id} } //= { in => '' };
	$p->{in} .= $bytes;
	return ($bulk, SHUT) if $p->{in} eq "get\n";
	return () if $p->{done};
	if ($p->{in} =~ /\Aput (\d+)\n/) {
		return () if length $p->{in} < $1 + $+[0];
		$p->{done} = 1;
		return (sha256_hex(substr $p->{in}, $+[0]), SHUT);
	}
	return $bytes;
}
# Two, because the record of the one for bulk is long
my $big = Backend->new(undef, tcp => \&serve);
my $srv = Backend->new(undef, tcp => \&serve);
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $log = SyslogSink->new;

my (@binds, @cfg);
sub listen_on ($name, $server, $bind = '', @lines) {
	push @binds, $name;
	push @cfg, "listen $name\n\tbind \"fd\@\${$name}\" $bind\n\tserver s $server\n",
	    map { "\t$_\n" } @lines;
}
for (['', $srv], ['_big', $big]) {
	my ($more, $to) = ($_->[0], $_->[1]->addr);
	listen_on("plain$more", $to);
	listen_on("splice$more", $to, '', 'option splice-auto');
	listen_on("inner$more", $to, 'ssl crt "${PEM}"');
	listen_on("tls$more", "127.0.0.1:\${PORT_inner$more} ssl verify none", 'ssl crt "${PEM}"');
	listen_on("out$more", "127.0.0.1:\${PORT_inner$more} ssl verify none");
}
my $w = Weir->new(defaults => 'tcp', binds => \@binds, env => {
	PEM => Cert->self_signed("$dir/x.pem"), LOG => $log->addr,
    }, cfg => join '', <<'CFG', @cfg);
global
	log "${LOG}" local0
defaults
	mode tcp
	log global
	option tcplog
	timeout connect 5s
	timeout client 20s
	timeout server 20s
CFG

for my $name (qw(plain splice out)) {
	my $c = $w->http("${name}_big", timeout => 20);
	$c->send("get\n");
	is sha256_hex($c->read_until_close // ''), $sum, "$name: $MIB MiB down";
	is $c->ended, 'fin', "$name: a clean end";
	$c = $w->http("${name}_big", timeout => 20);
	$c->send("put @{[ length $bulk ]}\n$bulk");
	is $c->read_until_close, $sum, "$name: $MIB MiB up";

	$c = $w->http($name);
	$c->send('late');
	$c->shut;
	is $c->read_until_close, 'late', "$name: the client ends first";
	$srv->forget;
	$c = $w->http($name);
	$c->send("put 3\nabc");
	is $c->read_until_close, sha256_hex('abc'), "$name: the server ends first";
	$c->send('after');
	$c->shut;
	ok $w->wait_for(sub { $srv->closed }), "$name: then the client";
	like $srv->received, qr/abcafter/, "$name: what it sent meanwhile arrived";
}
cmp_ok $w->info->{TotalSplicedBytesOut}, '>', length $bulk, 'splice was used';

for my $name (qw(inner tls)) {
	my $port = $w->port("${name}_big");
	my $got = qx{printf 'get\\n' | timeout 20 openssl s_client -quiet -connect 127.0.0.1:$port 2>/dev/null};
	is sha256_hex($got), $sum, "$name: $MIB MiB through TLS";
}

# A reader that stops: weir stops too, and holds little.
sub rss_kib () { return Cert::slurp("/proc/@{[ $w->pid ]}/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0 }
my $rss = rss_kib();
my @slow = map { my $c = $w->http('plain_big', timeout => 20); $c->send("get\n"); $c } 1 .. 4;
ok $w->wait_for(sub { $w->stat('plain_big', 's')->{scur} == 4 });
my $before = -1;
ok $w->wait_for(sub {
	my $now = $w->stat('plain_big', 's')->{bout};
	my $same = $now == $before;
	$before = $now;
	return $same;
}), 'it stands still';
cmp_ok rss_kib() - $rss, '<', 8192, 'slow readers cost little memory'
    unless ($ENV{VARIANT} // '') =~ /asan|tsan/;
is sha256_hex($slow[0]->read_until_close // ''), $sum, 'and get all of it';
$_->close for @slow;
ok $w->wait_for(sub { $w->stat('plain_big', 's')->{scur} == 0 }), 'clients that leave free all';

# Deaths
sub echoed () {
	my $c = $w->http('plain');
	$c->send('x');
	is $c->read_bytes(1), 'x';
	$log->forget;
	return $c;
}
my $c = echoed();
$c->reset;
like $log->find(qr{ plain/s }) // '', qr{ plain/s \d+/\d+/\d+ 1 CD }, 'a client that resets';
$c = echoed();
$c->send('rst');
is $c->read_until_close, '', 'a server that resets';
is $c->ended, 'rst', 'the client sees a reset, not an end';
like $log->find(qr{ plain/s }) // '', qr{ plain/s \d+/\d+/\d+ 1 SD }, 'and the log SD';
$c = echoed();
$srv->stop;
ok $c->is_closed, 'a server that dies';
$c->close;
like $log->find(qr{ plain/s }) // '', qr{ plain/s \d+/\d+/\d+ 1 -- }, 'without a reset: an end';
is $w->stop, 143;
done_testing;
