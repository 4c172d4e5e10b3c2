# track: servers that follow another one: states, administration, logs, reloads.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new(response(200));
my $cfg = <<'CFG';
backend b
	server m "${SRV}" check inter 20ms fall 1 rise 1
backend t
	server s3 "${SRV}" track b/m
	server s4 "${SRV}" track s3
	server s5 "${SRV}" track s3 backup
	server own "${SRV}"
CFG
my $w = Weir->new(defaults => 'http', env => { SRV => $srv->addr }, cfg => $cfg);

sub states () {
	my %is = map { ($_->{svname}, $_->{status}) } grep { $_->{pxname} eq 't' } $w->stat->@*;
	return join ' ', @is{qw(s3 s4 s5)};
}
sub all ($want) {
	return $w->wait_for(sub { states() eq join ' ', ($want) x 3 }, 5, "all to be $want");
}
sub like_err ($text) { like $w->stderr, qr/\Q$text\E/, $text }

ok all('UP'), 'up as the checked one';
is $w->stat('t', 's4')->{tracked}, 't/s3';
is $w->stat('t', 's3')->{tracked}, 'b/m';
is $w->stat('t', 'own')->{tracked}, '';
is $w->stat('t', 's3')->{check_status}, '', 'no checks of its own';

$srv->stop;
ok all('DOWN');
like_err('Server t/s3 is DOWN via b/m. 2 active and 1 backup servers left.');
like_err('Backup Server t/s5 is DOWN via t/s3.');
like_err('Server t/s4 is DOWN via t/s3.');
is $w->stat('t', 'BACKEND')->{act}, 1, 'the one that tracks nobody is left';
$srv->start;
ok all('UP');
like_err('Server t/s4 is UP via t/s3. 3 active');

$w->cli('disable server b/m');
is $w->stat('t', 's3')->{status}, 'MAINT (via b/m)', 'maintenance is inherited';
is $w->stat('t', 's4')->{status}, 'MAINT (via t/s3)';
like_err('Server t/s3 is going DOWN for maintenance via b/m.');
like $w->cli('show servers state t'), qr/^\d+ t 1 s3 127\.0\.0\.1 0 2 /m;
$w->cli('disable server t/s4');
$w->cli('enable server t/s4');
like_err('Server t/s4 is leaving forced maintenance but remains in maintenance via t/s3.');
$w->cli('disable server t/s4');
$w->cli('enable server b/m');
like_err('Server t/s3 is UP/READY (leaving maintenance).');
like_err('Server t/s4 remains in forced maintenance.');
is $w->stat('t', 's4')->{status}, 'MAINT';
$w->cli('enable server t/s4');
ok all('UP');

$w->cli('set server b/m state drain');
is states(), 'DRAIN DRAIN DRAIN', 'so is drain';
like_err('Server t/s3 enters drain state via b/m. 2 active and 1 backup servers online.');
$w->cli('set server t/s4 state drain');
$w->cli('set server b/m state ready');
like_err('Server t/s3 is UP (leaving forced drain).');
like_err('Server t/s4 remains in forced drain mode.');
$w->cli('set server t/s4 state ready');
ok all('UP');

is $w->cli('set server t/s3 health down'), 'cannot change health on a tracking server.';
$w->cli('disable health b/m');
$w->cli('set server b/m health stopping');
is states(), 'NOLB NOLB NOLB', 'stopping';
like_err('Server t/s4 is stopping via t/s3. 1 active and 0 backup servers online.');
$w->cli('enable health b/m');
ok all('UP'), 'until a check passes';

# a reload: who tracks now follows at once, who does not any more is free
$w->cli('disable server b/m');
$w->write_file('t.cfg', $cfg =~ s/own "(.*?)"/own "$1" track b\/m/r =~ s/ track s3$//mr);
$w->cli('reload');
ok $w->wait_for(sub { $w->stat('t', 'own')->{status} eq 'MAINT (via b/m)' });
is $w->stat('t', 's4')->{status}, 'no check', 'tracks nobody any more';
is $w->stat('t', 's3')->{status}, 'MAINT (via b/m)';
$w->cli('enable server b/m');
ok $w->wait_status('t', 'own', 'UP');

# so is one that was down with it
$srv->stop;
ok $w->wait_status('t', 'own', 'DOWN');
$w->write_file('t.cfg', $cfg);
$w->cli('reload');
ok $w->wait_status('t', 'own', 'no check');
is $w->stat('t', 's4')->{status}, 'DOWN', 'who tracks follows at once';
is $w->stop, 143;
done_testing;
