# Logs over TCP: a line is a line, a receiver that goes is connected again, one that
# is not there loses lines and nothing else.
use v5.36;
use Backend qw(:all);
use IO::Socket::IP;
use Weir;
use Test::More;

sub listener (@port) {
	return IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => $port[0] // 0, Listen => 4,
	    ReuseAddr => 1) // die "listen: $@";
}
my $srv = Backend->new({ '/a' => response(200, 'a') });
my $sink = listener();
my $port = $sink->sockport;
my $w = Weir->new(defaults => 'http', binds => ['fe1'],
    env => { SRV => $srv->addr, LOG => "tcp\@127.0.0.1:$port" }, cfg => <<'CFG');
frontend www
	bind "fd@${fe1}"
	log "${LOG}" format rfc5424 local0
	log-format "%HM %HU"
	default_backend be
backend be
	server s1 "${SRV}"
CFG
my $c = $w->http('fe1');

my $peer;
sub line ($seconds = 5) {
	my $line = '';
	while ($line !~ /\n\z/) {
		vec(my $r = '', fileno $peer, 1) = 1;
		return undef unless select $r, undef, undef, $seconds;
		sysread $peer, my $byte, 1 or return undef;
		$line .= $byte;
	}
	return $line;
}
$c->get('/a?1');
$c->get('/a?2');
$peer = $sink->accept;
like line(), qr/^<134>1 \d{4}-.* - - GET \/a\?1\n\z/, 'a line';
like line(), qr/GET \/a\?2\n\z/, 'and one more, on the same connection';
$peer->close;
my $n = 2;
$c->get('/a?' . ++$n);
$peer = $sink->accept;
like line(), qr/GET \/a\?3\n\z/, 'the receiver came back: nothing is lost';
$c->get('/a?' . ++$n) for 1 .. 200;
my @lines = map { line() } 1 .. 200;
is scalar(grep { defined && /GET \/a\?\d+\n\z/ } @lines), 200, 'many lines, all whole';

$peer->close;
$sink->close;
is $c->get('/a')->{status}, 200, 'traffic goes on without a receiver';
ok $w->wait_for(sub { $c->get('/a'); $w->info->{DroppedLogs} > 0 }), 'lines are dropped, and counted';
$sink = listener($port);
$sink->blocking(0);
ok $w->wait_for(sub { $c->get('/a?back'); defined($peer = $sink->accept) }), 'it is back';
like line(), qr/^<134>1 .* GET \/a/, 'and gets whole lines';

like Weir->check("frontend f\n bind :1\n log backend\@x local0\n")->{err}, qr/backend\@' are not supported/,
    'backend@ is refused';
done_testing;
