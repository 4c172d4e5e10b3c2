# hatop of Debian, in tmux: it shows servers and changes them by its keys.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

plan skip_all => 'no hatop here' unless -x '/usr/bin/hatop';
plan skip_all => 'no tmux here' unless -x '/usr/bin/tmux';

my $srv = Backend->new(response(200, 'a'));
my $w = Weir->new(defaults => 'http', binds => ['fe1'], env => { SRV => $srv->addr },
    cfg => <<'CFG');
frontend www
	bind "fd@${fe1}"
	default_backend app
backend app
	balance roundrobin
	server web-1 "${SRV}" weight 20
	server web-2 "${SRV}" weight 20
CFG
$w->http('fe1')->get('/') for 1 .. 6;

my $tmux = $w->file('tmux.sock');
sub tmux (@args) { return Weir::run_command('tmux', '-f', '/dev/null', '-S', $tmux, @args) }
sub screen () { return tmux('capture-pane', '-p', '-t', 'h')->{out} }
sub hit (@k) { return tmux('send-keys', '-t', 'h', @k) }
sub see ($pattern, $name) {
	my $seen = $w->wait_for(sub { screen() =~ $pattern }, 10, $name);
	diag screen() unless $seen;
	return ok $seen, $name;
}
# the row of the cursor is drawn in another colour
sub cursor_on ($server) {
	for (1 .. 12) {
		hit('Down');
		return 1 if Weir::poll(sub {
			tmux('capture-pane', '-p', '-e', '-t', 'h')->{out} =~
			    /\e\[[\d;]*7[\d;]*m[^\n\e]*\Q$server\E/;
		}, 0.3);
	}
	return 0;
}

local $ENV{TERM} = 'xterm-256color';
local $ENV{LANG} = 'C.UTF-8';
my $started = tmux('new-session', '-d', '-s', 'h', '-x', '120', '-y', '40',
    'hatop -i 1 -s ' . $w->path('WEIR_T_STATS') . ' 2>' . $w->file('hatop.err'));
is $started->{code}, 0, 'tmux starts it' or diag $started->{err};
see qr/web-1.*web-2/s, 'it shows the servers';
like screen(), qr/FRONTEND\s.*OPEN/, 'and the frontend';
like screen(), qr/web-1 +20 +- +none/, 'weight and state of a server';

ok cursor_on('web-1'), 'the cursor is on a server';
hit('F10');
ok $w->wait_status('app', 'web-1', 'MAINT'), 'F10 puts it into maintenance';
see qr/web-1[^\n]*MAINT/, 'which it shows';
hit('F9');
ok $w->wait_status('app', 'web-1', 'no check'), 'F9 brings it back';
for (['F6', 19], ['F5', 9], ['F8', 19]) {	# - 1, - 10, + 10
	my ($key, $weight) = @$_;
	hit($key);
	ok $w->wait_for(sub { $w->cli('get weight app/web-1') eq "$weight (initial 20)" }),
	    "$key: weight $weight";
	see qr/web-1 +$weight /, 'which it shows';	# it counts from what it shows
}
hit('F4');
ok $w->wait_for(sub { $w->cli('get weight app/web-1') =~ /^20 / }), 'F4: the initial weight';

# its command line
hit('Escape', '5');
hit('Tab', 'Tab', 'Tab', 'Tab') unless $w->wait_for(sub { screen() =~ /^>\s*|CLI/m }, 2);
hit('-l', 'set server app/web-2 state drain');
hit('Enter');
ok $w->wait_for(sub { $w->cli('show servers state app') =~ / web-2 \S+ \d+ 8 / }),
    'a command by hand drains a server';
my $before = $w->stat('app', 'web-2')->{stot};
$w->http('fe1')->get('/') for 1 .. 8;
is $w->stat('app', 'web-2')->{stot}, $before, 'which gets nothing from then on';
hit('Escape', '1');
see qr/web-2[^\n]*DRAIN/, 'and is shown so';
hit('q');
tmux('kill-server');
is $w->read_file('hatop.err'), '', 'hatop has no complaint';
done_testing;
