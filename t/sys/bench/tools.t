#!/usr/bin/perl
# The benchmark's own tools: a figure is worth what its checks are worth, so
# the load generator must notice each kind of wrong answer.
use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP;
use Test::More;

my $tools = 'build/bench';
system("make -s VARIANT=release bench-tools >&2") == 0
    or BAIL_OUT('make bench-tools failed');

# Not a lexical: freeing it would wait for the backend before END ends it.
our $backend;
my $backend_pid = open($backend, '-|', "$tools/backend", qw(--http 0 --tcp 0
    --tcp-close 0 --bulk 0 --bulk-bytes 1m --log 0 --ports 3))
    or die "backend: $!";
END { my $rc = $?; kill('TERM', $backend_pid) if $backend_pid; $? = $rc }
my %port = <$backend> =~ /(\S+)=(\S+)/g;
is(scalar(split(/,/, $port{ports})), 3, '--ports opens as many');

sub load {
	my ($to, @args) = @_;
	open(my $fh, '-|', "$tools/load", '--connect', "127.0.0.1:$to", @args,
	    qw(--seconds 10)) or die "load: $!";
	my $r = decode_json(<$fh>);
	close($fh);
	$r->{status} = $? >> 8;
	return $r;
}

sub raw {
	my ($to, $text) = @_;
	my $s = IO::Socket::INET->new("127.0.0.1:$to") or die "connect: $!";
	print $s $text;
	local $/;
	return scalar(<$s>) // '';
}

# The backend
my $out = raw($port{http}, "GET /3 HTTP/1.1\r\n\r\n" x 3 .
    "POST /1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /" .
    "GET /?size=2&delay=20 HTTP/1.1\r\n\r\nGET /1k HTTP/1.1\r\n\r\n" .
    "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
is_deeply([$out =~ /Content-Length: (\d+)/g], [3, 3, 3, 1, 2, 1024, 0],
    'pipelined requests are answered in order, a body is skipped');
like($out, qr/\r\n\r\nx{1024}HTTP/, 'the body has its length');
is(length(raw($port{bulk}, 'q')), 1 << 20, 'bulk sends what it was told');
is(length(raw($port{'tcp-close'}, 'q' x 128)), 128, 'TCP answers as much');
my $udp = IO::Socket::INET->new(Proto => 'udp', PeerAddr =>
    "127.0.0.1:$port{log}");
$udp->send("line $_") for 1 .. 3;
like(raw($port{http}, "GET /.stats HTTP/1.0\r\n\r\n" .
    ''), qr/"requests":7,"datagrams":3,/, 'counters');

# The load generator counts what it should
for (['http', $port{http}, 300], ['http --new', $port{http}, 100],
    ['http --size 1m', $port{http}, 40], ['tcp', $port{tcp}, 300],
    ['tcp --new', $port{'tcp-close'}, 100],
    ['bulk --size 1m', $port{bulk}, 20],
    ['http --threads 2', $port{http}, 301],
    ['http --rate 5000', $port{http}, 300]) {
	my ($how, $to, $n) = @$_;
	my $r = load($to, '--conns', 8, '--requests', $n, '--proto',
	    split(/ /, $how));
	my $size = $how =~ /1m/ ? 1 << 20 : 128;
	is_deeply([@$r{qw(requests errors bytes status)}],
	    [$n, 0, $n * $size, 0], "$how: $n requests, $n answers");
	cmp_ok($r->{p50_us}, '<=', $r->{p99_us}, "$how: quantiles in order");
}
my $r = load($port{http}, qw(--requests 20 --conns 1 --path), '/128?delay=20');
cmp_ok($r->{p50_us}, '>=', 19000, 'a delay of 20 ms is seen');
cmp_ok($r->{p50_us}, '<', 200000, 'and not much more');

# and notices what is wrong
my %wrong = (
    'Content-Length is wrong' => [$port{http}, qw(--path /127)],
    'bytes that nobody asked for' => [$port{bulk}, qw(--proto tcp)],
    'closed by the peer' => [$port{'tcp-close'}, qw(--proto tcp --size 129)],
    'cannot connect' => [do { my $s = IO::Socket::INET->new(LocalAddr =>
	'127.0.0.1', Listen => 1); $s->sockport }],
);
for my $why (sort keys %wrong) {
	my ($to, @args) = @{$wrong{$why}};
	$r = load($to, @args, qw(--conns 1 --requests 5));
	cmp_ok($r->{errors}, '>', 0, "$why: counted");
	is($r->{error}, $why, "$why: said");
	is($r->{status}, 1, "$why: exit status");
}

# CPU of others: ours, busy for a while, against times()
$r = load($port{http}, qw(--requests 2000 --watch), "be=$backend_pid");
cmp_ok($r->{be_ns}, '>', 0, 'the CPU time of a watched process is read');

done_testing();
