# on-marked-down, on-marked-up: sessions end with the change of a state.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/hang' => HANG, '/half' => ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", HANG],
    '*' => response(200) });
my $echo = Backend->echo;
my $w = Weir->new(defaults => 'http', binds => [qw(fe tcp keep up)],
    env => { SRV => $srv->addr, ECHO => $echo->addr }, cfg => <<'CFG');
global
	log stderr format raw local0
	nbthread 2
defaults
	mode http
	log global
	log-format "END %b %ST %ts"
	timeout connect 1s
	timeout client 5s
	timeout server 5s
listen be
	bind "fd@${fe}"
	server s "${SRV}" check inter 1h on-marked-down shutdown-sessions
listen tcp
	mode tcp
	bind "fd@${tcp}"
	server s "${ECHO}" check inter 1h on-marked-down shutdown-sessions
listen keep
	bind "fd@${keep}"
	server s "${SRV}" check inter 1h
listen up
	bind "fd@${up}"
	server s "${SRV}" check inter 1h on-marked-up shutdown-backup-sessions
	server b "${SRV}" backup
CFG

# A request that its server has seen
my $begun = 0;
sub begin ($bind, $path) {
	my $c = $w->http($bind);
	$c->send("GET $path HTTP/1.1\r\nHost: a\r\n\r\n");
	$begun++;
	$w->wait_for(sub { (() = $srv->requests) == $begun }, 5, 'the server to be asked');
	return $c;
}
sub busy ($be, $sv, $n) {
	return $w->wait_for(sub { $w->stat($be, $sv)->{scur} == $n }, 5, "$be/$sv to have $n");
}

my @hang = map { begin(fe => '/hang') } 1 .. 3;
my $half = begin(fe => '/half');
is $half->read_bytes(17), "HTTP/1.1 200 OK\r\n";
ok busy('be', 's', 4);
$w->cli('set server be/s health down');
is $_->read_response->{status}, 502, 'not begun: 502' for @hang;
$half->read_until_close(2);
ok $half->ended, 'begun: cut';
ok busy('be', 's', 0);
ok $w->wait_for(sub { (() = $w->stderr =~ /^END be 502 DH$/mg) == 3 }), 'logged as DH';
like $w->stderr, qr/^END be 200 DD$/m, 'and DD';
like $w->stderr, qr/Server be\/s is DOWN, changed from CLI\. .* 4 sessions active, 0 requeued, 0 remaining in queue\./;

my $t = $w->http('tcp');
$t->send('hello');
is $t->read_bytes(5), 'hello', 'a tunnel';
ok busy('tcp', 's', 1);
$w->cli('disable server tcp/s');
ok $t->is_closed(2), 'ends by maintenance too';
ok $w->wait_for(sub { $w->stderr =~ /^END tcp \S+ DD$/m });

my $k = begin(keep => '/hang');
ok busy('keep', 's', 1);
$w->cli('set server keep/s health down');
$w->cli('show info') for 1 .. 3;
is $w->stat('keep', 's')->{scur}, 1, 'without the word they go on';

$w->cli('set server up/s health down');
my $b = begin(up => '/hang');
ok busy('up', 'b', 1), 'at the backup';
$w->cli('set server up/s health up');
is $b->read_response->{status}, 502;
ok $w->wait_for(sub { $w->stderr =~ /^END up 502 UH$/m }), 'logged as UH';
ok busy('up', 'b', 0);
is $w->stop, 143;
done_testing;
