# The schedule clock: with -T it is driven by commands.
use v5.36;
use Weir;
use Test::More;

my %conf = (defaults => 'http', binds => ['web'], cfg => <<'CFG');
frontend web
	bind "fd@${web}"
	http-request return status 200
CFG
my $real = Weir->new(%conf);
like $real->cli('show clock'), qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, real$/, 'usually it is real';
unlike $real->cli('show snapshot only info'), qr/clock=/, 'nothing to tell in a snapshot';
for my $command ('clock set 2013-02-15T16:31:56Z', 'clock advance 60s', 'clock run 10') {
	is $real->cli($command) =~ s/\n+\z//r,
	    'The clock is real; start weir with -T to drive it.', "$command is refused";
}

my $w = Weir->new(%conf, args => ['-T', '2013-02-15T16:31:56Z']);
like $w->stderr, qr/the schedule clock is a test's/, 'a warning at start';
is $w->cli('show clock') =~ s/\n+\z//r, '2013-02-15T16:31:56Z, test', 'it stands still';
like $w->cli('show snapshot only info'), qr/^#snapshot .* clock=test$/m, 'a snapshot tells it';
like $w->cli('clock advance 60s'), qr/^2013-02-15T16:32:56Z, \d+ timers$/, 'by a duration';
like $w->cli('clock set 2013-02-15T16:40:00Z'), qr/^2013-02-15T16:40:00Z, \d+ timers$/,
    'to an instant';
is $w->cli('clock set 2013-02-15T16:39:00Z') =~ s/\n+\z//r, 'The clock goes forward only.',
    'not back';
like $w->cli('clock advance 60'), qr/expects a duration with its unit: 60s, 5m/, 'unit missing';
like $w->cli('clock run 1001'), qr/expects a factor from 0 to 1000/, 'too fast';
$w->cli('clock run 1000');
ok $w->wait_for(sub { $w->cli('show clock') ge '2013-02-15T16:40:05Z' }), 'it runs';
$w->cli('clock run 0');
is $w->http('web')->request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")->{status}, 200, 'traffic does not mind';

my $bad = Weir->run('-T', 'yesterday', '-f', '/dev/null');
like $bad->{err}, qr/option -T: 'yesterday' is no time such as/, 'a bad time is an error';
done_testing;
