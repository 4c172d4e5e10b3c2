# Warm pools: how many there are, taken first, coming back, dying, outdated.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $conf = $SCALE_CONF . <<'CFG';
scaling-group web
	launch-config small
	size 1 6
	warm-pool 1 prepared 4 reuse
	policy up simple change +1 cooldown 60s
scaling-group plain
	launch-config small
	size 1 3
	warm-pool 0 state running
CFG
my $w = Weir->new(cfg => $conf, keep => 1, args => ['-T', '2013-02-15T16:30:00Z']);
sub of ($group, $state) { return map { $_->{id} } grep { $_->{lifecycle} eq $state } instances($w, $group) }
sub sizes ($group) {
	return join ' ', map { scalar(my @i = of($group, $_)) } 'InService', 'Warmed:Running';
}

is sizes('web'), '1 3', 'four are prepared';
is sizes('plain'), '1 2', 'as many as the group may have';
ok +(grep { $_->{cause} =~ /^At \S+ an instance was started in response to a difference between desired and actual warm pool capacity, increasing the warm pool capacity from 0 to 3\.$/ } activities($w, 'web')), 'the cause';
is group($w, 'web')->{desired}, 1, 'they are not desired';
my @warm = of('web', 'Warmed:Running');
$w->cli('policy execute web/up');
is sizes('web'), '2 2', 'one was taken from it';
is scalar(grep { my $id = $_; grep { $_ eq $id } @warm } of('web', 'InService')), 1, 'really';
my ($a) = grep { $_->{description} =~ /^Launching/ && $_->{cause} =~ /executed policy up/ } activities($w, 'web');
is $a->{status}, 'Successful', 'an activity';
is group($w, 'web')->{cooldown_left_s}, 60, 'with its cooldown';
$w->cli('group set-desired web 6');
is sizes('web'), '6 1', 'the rest is launched, one is in the pool always';
my @all = map { $_->{id} } instances($w, 'web');
$w->cli('group set-desired web 2');
is sizes('web'), '2 2', 'what leaves comes back, as many as it lacks';
my %all = map { $_ => 1 } @all;
is scalar(grep { !$all{$_} } of('web', 'Warmed:Running')), 0, 'none of them is new';
$w->cli('group set-desired web 1');
is sizes('web'), '1 3', 'prepared stays';

# --- ended, outdated ---
my ($one) = of('web', 'Warmed:Running');
$w->cli("instance terminate $one");
is sizes('web'), '1 3', 'another one comes';
ok !(grep { $_->{id} eq $one } instances($w, 'web')), 'for that';
@warm = of('web', 'Warmed:Running');
$w->write_file('t.cfg', $conf =~ s/image img-1/image img-2/r);
$w->cli('reload');
ok $w->wait_for(sub { !grep { my $id = $_; grep { $_ eq $id } @warm } of('web', 'Warmed:Running') }), 'of a new version';
$w->wait_for(sub { sizes('web') eq '1 3' });
is sizes('web'), '1 3', 'as many';
$w->write_file('t.cfg', $conf =~ s/\twarm-pool.*\n//gr);
$w->cli('reload');
ok $w->wait_for(sub { sizes('web') =~ / 0$/ }), 'no pool any more';
like said($w, 'group delete plain force'), qr/deleted$/, 'a group with its pool';

sub bad ($text, $want) {
	my $out = Weir->check($SCALE_CONF . "scaling-group g\n\tlaunch-config small\n\tsize 1 3\n\twarm-pool $text\n");
	like $out->{err}, $want, $want;
}
bad('1 state frozen', qr/'state' expects 'running' or 'stopped', not 'frozen'/);
bad('1 often', qr/unexpected 'often'/);
bad('2000', qr/from 0 to 1000/);
done_testing;
