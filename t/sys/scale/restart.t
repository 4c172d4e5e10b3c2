# Groups over restarts of the process, also by SIGKILL: instances, desired, cooldown,
# suspended processes, versions, activities and the pause are as they were; a launch
# under way is not made twice; a group that no file names is kept, and nothing is
# terminated.
use v5.36;
use Backend;
use Scale;
use Weir;
use Test::More;

my $srv = Backend->new;
my $app = "frontend f\n\tbind \"fd\@\${http}\"\n\tdefault_backend app\n" .
    "backend app\n\tbalance roundrobin\n";
my $conf = "global\n\tstate-dir \"\${DIR}\"\n" . $app . $SCALE_CONF . <<'CFG';
	instance-port "${PORT_srv}"
scaling-group web
	launch-config small
	backend app
	size 1 4
	default-cooldown 1h
CFG
sub start ($w, $now) {
	$w->{args} = ['-T', $now];
	$w->start;
}
my $w = Weir->new(defaults => 'http', binds => ['http'], keep => 1, cfg => $conf,
    env => { PORT_srv => $srv->port }, args => ['-T', '2013-02-15T16:00:00Z']);
sub ids () { return join ' ', sort map { $_->{id} } instances($w, 'web') }
$w->cli('group set-desired web 3');
is in_service($w, 'web'), 3, 'three';
$w->cli('group suspend web AZRebalance');
my @ids = map { $_->{id} } instances($w, 'web');
$w->cli("instance protect $ids[0]");
my @done = map { "$_->{id} $_->{status}" } activities($w, 'web');
$w->cli('scaling pause reason night');
# what was put is in the database when a command that waits for it has answered
$w->cli('put metric M value 1 namespace N');
$w->signal('KILL');
$w->wait_exit;

# --- as it was: the provider's instances went with it, so the group is paused ---
start($w, '2013-02-15T16:10:00Z');
is ids(), join(' ', sort @ids), 'the same instances';
is join(' ', map { $_->{id} } grep { $_->{protected} } instances($w, 'web')), $ids[0], 'protection';
my $g = group($w, 'web');
is "@$g{qw(desired inservice suspended cooldown_left_s)}", '3 3 AZRebalance 3000', 'state';
is_deeply [sort map { "$_->{id} $_->{status}" } activities($w, 'web')], [sort @done], 'activities';
like $w->cli('show group web'), qr/^trouble: scaling is paused: night$/m, 'the pause';
$w->cli('clock advance 3s');
ok $w->wait_status('app', $ids[0], 'UP'), 'their servers come again';
is $w->http('http')->get('/')->{status}, 200, 'and serve';
$w->cli('clock advance 1m');
$w->cli('scaling resume');
$w->cli('clock advance 1m');
is in_service($w, 'web'), 3, 'what the provider does not know any more is replaced'
    or diag $w->cli('show group web'), $w->cli('show activities');
@ids = map { $_->{id} } instances($w, 'web');

# --- in no file at a cold start ---
$w->write_file('t.cfg', $conf =~ s/^scaling-group.*//msr);
$w->stop;
start($w, '2013-02-15T17:00:00Z');
$g = group($w, 'web');
is $g->{owner}, 'orphaned', 'kept';
is ids(), join(' ', sort @ids), 'with its instances';
$w->cli('clock advance 10m');
is join(' ', map { $_->{lifecycle} } instances($w, 'web')), 'InService InService InService',
    'nothing is done with them';
$w->write_file('t.cfg', $conf);
like $w->cli('reload'), qr/^Success=1/, 'the file has it again';
is group($w, 'web')->{owner}, 'file', 'it is its own again';
is group($w, 'web')->{desired}, 3, 'with what was wanted';
done_testing;
