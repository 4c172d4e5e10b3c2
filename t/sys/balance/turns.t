# Balancing and queues through the whole program: turns, keys, slots, backups.
use v5.36;
use Weir;
use Backend qw(:all);
use Test::More;

my @srv = map { my $n = $_; Backend->new(sub ($req) {
	return $req->{path} eq '/slow' ? [PAUSE(0.05), response(200, "s$n")] :
	    response(200, "s$n") }) } 1 .. 3;
my %p = map { ("S$_" => $srv[$_ - 1]->port) } 1 .. 3;

my $w = Weir->new(defaults => 'http', env => \%p,
    binds => [qw(rr static least rnd first uri param expr ewma queue full)], cfg => <<'CFG');
defaults
	mode http
	timeout connect 5s
	timeout client 10s
	timeout server 10s
	timeout queue 5s
	default-server maxconn 100
listen rr
	bind "fd@${rr}"
	balance roundrobin
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}" weight 2
	server s3 "127.0.0.1:${S3}" backup
listen static
	bind "fd@${static}"
	balance static-rr
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}"
listen least
	bind "fd@${least}"
	balance leastconn
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}"
	server s3 "127.0.0.1:${S3}"
listen rnd
	bind "fd@${rnd}"
	balance random(3)
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}"
listen first
	bind "fd@${first}"
	balance first
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}"
listen uri
	bind "fd@${uri}"
	balance uri
	hash-type consistent
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}"
	server s3 "127.0.0.1:${S3}"
listen param
	bind "fd@${param}"
	balance url_param id
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}"
listen expr
	bind "fd@${expr}"
	balance hash hdr(x-key)
	hash-type map-based crc32 avalanche
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}"
listen ewma
	bind "fd@${ewma}"
	balance peak-ewma decay 5s
	server s1 "127.0.0.1:${S1}"
	server s2 "127.0.0.1:${S2}"
listen queue
	bind "fd@${queue}"
	server s1 "127.0.0.1:${S1}" maxconn 1
	server s2 "127.0.0.1:${S2}" maxconn 1
listen full
	bind "fd@${full}"
	timeout queue 100
	server s1 "127.0.0.1:${S1}" maxconn 1
CFG

sub get ($bind, $path = '/', @args) {
	return $w->curl(@args, 'http://127.0.0.1:' . $w->port($bind) . $path)->{out};
}

sub tally (@answers) {
	my %n;
	$n{$_}++ for @answers;
	return join ' ', map { "$_:$n{$_}" } sort keys %n;
}

is tally(map { get('rr') } 1 .. 12), 's1:4 s2:8', 'roundrobin by weight';
is tally(map { get('static') } 1 .. 6), 's1:3 s2:3', 'static-rr';
like get('least'), qr/^s[123]$/, 'leastconn';
like get('rnd'), qr/^s[12]$/, 'random';
is tally(map { get('first') } 1 .. 4), 's1:4', 'first';
like get('ewma'), qr/^s[12]$/, 'peak-ewma';
for my $key (qw(/a /b /c/d)) {
	my $one = get('uri', $key);
	is get('uri', "$key?q=$_"), $one, "uri $key keeps its server" for 1 .. 3;
}
is get('param', '/x?a=1&id=7'), get('param', '/y?id=7'), 'url_param';
is get('expr', '/', '-H', 'x-key: 1'), get('expr', '/z', '-H', 'x-key: 1'), 'hash EXPR';

# Twelve at once, two slots.
sub at_once ($bind, $n, $path) {
	my $url = 'http://127.0.0.1:' . $w->port($bind) . $path;
	my @fh = map { open my $fh, '-|', 'curl', '-s', '-m', 10, '-w', '%{http_code}', $url or
	    die "curl: $!"; $fh } 1 .. $n;
	return map { my $out = join '', readline $_; close $_; $out } @fh;
}

my @all = at_once('queue', 12, '/slow');
is scalar(grep { /^s[12]200$/ } @all), 12, 'twelve through two slots';
like tally(@all), qr/s1200:\d+ s2200:\d+/, 'both slots are in use';
my %full = map { substr($_, -3) => 1 } at_once('full', 12, '/slow');
ok $full{200} && $full{503}, 'who waits too long hears 503';
is get('full'), 's1', 'and the slot is free afterwards';
done_testing;
