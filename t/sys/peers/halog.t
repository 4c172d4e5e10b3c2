# halog of Debian reads our log lines.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $bin = '/usr/sbin/halog';
plan skip_all => "no halog here: $bin" unless -x $bin;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/b' => response(200, 'b' x 100),
    '/no' => response(404, 'n') });
# A syslog daemon puts date and host before what it gets; so does this line.
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'tcp1'], env => { SRV => $srv->addr },
    cfg => <<'CFG');
global
	log stderr format rfc3164 local0
	log-send-hostname lb1
defaults
	log global
	timeout connect 5s
	timeout client 5s
	timeout server 5s
frontend www
	mode http
	option httplog
	bind "fd@${fe1}"
	default_backend app
backend app
	mode http
	server web-1 "${SRV}"
	server web-2 127.0.0.1:1 weight 0
listen tcp
	mode tcp
	option tcplog
	bind "fd@${tcp1}"
	server t1 "${SRV}"
CFG
$w->http('fe1')->get('/a') for 1 .. 5;
$w->http('fe1')->get('/b') for 1 .. 3;
$w->http('fe1')->get('/no') for 1 .. 2;
$w->http('fe1')->request("BAD\x01\r\n\r\n");
{
	my $c = $w->http('tcp1');
	$c->get('/a');
	$c->close;
}
ok $w->wait_for(sub { (() = $w->stderr =~ /^<\d+>/mg) >= 12 }), 'twelve lines';
my $log = join '', map { s/^<\d+>//r . "\n" } grep { /^<13\d>|^<14\d>/ } split /\n/, $w->stderr;
my $file = $w->write_file('weir.log', $log);

# Each run tells on stderr what it could not read: nothing. (What asks for HTTP takes
# lines of TCP for errors: hence -H.)
my @errors;
sub halog (@args) {
	my $r = Weir::run_command('sh', '-c', "$bin @args < $file");
	push @errors, "@args: $r->{err}" unless $r->{err} =~ / 0 parsing errors/;
	return $r->{out};
}
my %st = map { split } split /\n/, halog('-H', '-st');
is $st{200}, 8, '-st: status 200' or diag halog('-st'), $log;
is $st{404}, 2, 'and 404';
like halog('-H', '-srv'), qr/^app\/web-1 .*10 /m, '-srv: requests of a server';
my %tc = map { split } split /\n/, halog('-H', '-tc');
is $tc{'--'}, 10, '-tc: ended well';
is $tc{PR}, 1, 'and a bad request';
like halog('-H', '-u'), qr{^5 .* /a$}m, '-u: by URL' or diag halog('-H', '-u');
like halog('-H', '-pct'), qr/^100(?:\.0)? \d+ \d+ \d+ \d+/m, '-pct: times' or diag halog('-H', '-pct');
is scalar(split /\n/, halog('-H', '-hs', 404)), 2, '-hs: lines of a status';
is scalar(split /\n/, halog('-H')), 11, '-H: HTTP lines' or diag halog('-H');
like halog('-H', '-ut'), qr{^3 \d+ \d+ \d+ \d+ .* /b$}m, '-ut: by URL and time' or diag halog('-H', '-ut');
is_deeply \@errors, [], 'no line is unreadable';
done_testing;
