# Long answers: pieces, a slow reader, a reader that leaves, a reload meanwhile.
use v5.36;
use CLI;
use Weir;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(time);

my $cfg = "backend be\n" . join '', map { "\tserver s$_ 127.0.0.1:$_\n" } 1 .. 1000;
my $w = Weir->new(defaults => 'http', binds => ['fe1'],
    cfg => "frontend f\n\tbind \"fd@\${fe1}\"\n\thttp-request return status 200\n$cfg");

my @lines = split /\n/, $w->cli('show stat');
is scalar @lines, 1003, 'show stat with 1,000 servers';
my $start = time;
$w->cli('show stat');
note sprintf 'show stat took %.1f ms', 1000 * (time - $start);
is scalar(split /\n/, $w->cli('show servers state')), 1002, 'show servers state';

# A reader that does not read holds up nobody; later it gets everything
my $slow = $w->cli_session;
$slow->send("show stat typed\n");
is $w->http('fe1')->get('/')->{status}, 200, 'traffic goes on';
is $w->cli('show cli level'), 'admin', 'other readers too';
like $w->cli('reload'), qr/^Success=1/, 'and a reload';
my $text = $slow->read_all;
is scalar($text =~ tr/\n//), scalar(split /\n/, $w->cli('show stat typed')) + 1,
    'it gets all of the snapshot that it asked';
like $text, qr/[^\n]\n\n$/, 'with its end';

# One that leaves in the middle
for (1 .. 5) {
	my $c = $w->cli_session;
	$c->send("show stat json\n");
	$c->fill(time + 5);
	$c->close;
}
is $w->cli('show cli level'), 'admin', 'still there after five that left';
like $w->cli('reload'), qr/^Success=1/, 'nothing is held';
done_testing;
