# Policies over a restart: which are disabled, what became of them, what warms up.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $w = Weir->new(keep => 1, args => ['-T', '2013-02-15T16:30:00Z'],
    cfg => "global\n\tstate-dir \"\${DIR}\"\n$SCALE_CONF" . <<'CFG');
scaling-group web
	launch-config small
	size 1 9 desired 4
	policy up simple change +1 cooldown 300s
	policy down simple change -1
	policy steps step change warmup 300s
		step steps 0 - 2
		step steps - 0 -2
CFG
# until as many serve as are desired
sub settled () {
	return $w->wait_for(sub { in_service($w, 'web') == group($w, 'web')->{desired} });
}
sub policies () { return { map { $_->{name} => $_ } csv_rows($w->cli('show policies')) } }
sub result ($name) { return join ' ', grep { $_ ne '' } @{policies()->{$name}}{qw(last_result last_reason)} }

$w->cli('policy execute web/steps value 5 breach 1');
is group($w, 'web')->{desired}, 6, 'two more';
settled();
$w->cli('policy execute web/up');
settled();
is said($w, 'policy execute web/up honor-cooldown'), 'ignored: scaling activity in progress', 'not now: instances warm up';
$w->cli('policy disable web/down');
my $before = policies()->{up}{last_time};

$w->stop;
$w->{args} = ['-T', '2013-02-15T16:31:00Z'];
$w->start;
is group($w, 'web')->{desired}, 7, 'desired is back';
is result('up'), 'ignored scaling activity in progress', 'what became of it';
is policies()->{up}{last_time}, $before, 'when';
is result('down'), 'disabled', 'disabled';
is said($w, 'policy execute web/steps value 0 breach 1'), 'ignored: 2 instances are warming up', 'what warms up';
$w->cli('clock set 2013-02-15T16:35:00Z');
$w->cli('policy enable web/down');
$w->cli('policy execute web/steps value 0 breach 1');
settled();
is group($w, 'web')->{desired}, 5, 'until it is over';
$w->cli('policy execute web/down');
is group($w, 'web')->{desired}, 4, 'enabled again';
$w->write_file('t.cfg', $w->read_file('t.cfg') =~ s/\tpolicy down.*\n//r);
$w->cli('reload');
$w->stop;
$w->write_file('t.cfg', $w->read_file('t.cfg') . "\tpolicy down simple change -1\n");
$w->start;
is result('down'), '', 'one that was gone is forgotten';
done_testing;
