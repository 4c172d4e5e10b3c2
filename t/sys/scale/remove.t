# A group that is gone from the files: refuse, keep, terminate; by command: force,
# keep; processes that are suspended while instances come.
use v5.36;
use Scale;
use Weir;
use Test::More;

sub conf ($words) {
	return "defaults\n\tmode http\nbackend app\n\tbalance roundrobin\n" . $SCALE_CONF .
	    "scaling-group web\n\tlaunch-config small\n\tsize 2 4\n" . $words;
}
my $without = $SCALE_CONF;
sub start ($words) {
	return Weir->new(keep => 1, cfg => conf($words), args => ['-T', '2013-02-15T16:00:00Z']);
}
sub reload ($w, $cfg) {
	$w->write_file('t.cfg', $cfg);
	return $w->cli('reload');
}

my $w = start("\ton-remove keep\n");
my @ids = map { $_->{id} } instances($w, 'web');
like reload($w, $without), qr/^Success=1/, 'keep: the reload is good';
is group($w, 'web')->{owner}, 'orphaned', 'kept';
$w->cli('clock advance 5m');
is join(' ', map { $_->{id} } instances($w, 'web')), "@ids", 'nothing is done';
like said($w, 'group delete web keep'), qr/deleted$/, 'let go';
is scalar(groups($w)), 0, 'gone';
reload($w, conf(''));
is join(' ', sort map { $_->{id} } instances($w, 'web')), join(' ', sort @ids),
    'a group of that name finds them again';

$w = start("\ton-remove terminate\n");
like reload($w, $without), qr/^Success=1/, 'terminate: the reload is good';
ok $w->wait_for(sub { !groups($w) }), 'its instances end, and it';

$w = start("\ton-remove keep\n");
like reload($w, "global\n\tmaxconn 100\n"), qr/^Success=1/, 'its provider is gone too';
is said($w, 'group delete web force'),
    "Its provider is in no file: nobody can end its instances. 'keep' lets them go.", 'said so';
like said($w, 'group delete web keep'), qr/deleted$/, 'let go';

# --- deleted by command, its file has it still ---
$w = start('');
like said($w, 'group delete web force'), qr/deleted$/, 'deleted';
like reload($w, conf('')), qr/^Success=1/, 'the same file';
is scalar(groups($w)), 0, 'does not bring it back';
reload($w, conf("\tdefault-cooldown 1m\n"));
is in_service($w, 'web'), 2, 'another text does';

# --- AddToLoadBalancer ---
$w = start("\tbackend app\n\tsuspend AddToLoadBalancer\n");
is scalar(grep { $_->{server} ne '' } instances($w, 'web')), 0, 'no servers';
is in_service($w, 'web'), 2, 'in service all the same';
$w->cli('group resume web AddToLoadBalancer');
$w->cli('clock advance 1m');
is scalar(grep { $_->{server} ne '' } instances($w, 'web')), 0, 'not afterwards either';
$w->cli('group set-desired web 3');
is scalar(grep { $_->{server} ne '' } instances($w, 'web')), 1, 'new ones are';

# --- without draining ---
my ($id) = map { $_->{id} } grep { $_->{server} ne '' } instances($w, 'web');
like said($w, "instance terminate $id now"), qr/^[0-9a-f-]{36}$/, 'now';
ok !(grep { $_->{id} eq $id } instances($w, 'web')), 'is now';
ok $w->wait_for(sub { !$w->stat('app', $id) }), 'its server goes';
done_testing;
