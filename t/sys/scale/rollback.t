# A refresh that fails goes back to what the launch configuration was: when launches are
# refused, when new instances never serve, when there is nothing to go back to; over
# restarts; until another text.
use v5.36;
use Backend qw(:all);
use Scale;
use Weir;
use Test::More;

my $srv = Backend->new;
my $dead = Backend->new({ '*' => response(500, 'no') });
my $conf = "global\n\tstate-dir \"\${DIR}\"\n" . <<'CFG';
frontend f
	bind "fd@${http}"
	default_backend app
backend app
	balance roundrobin
	option httpchk GET /alive
	default-server inter 1m fastinter 1s
provider local
	type test
	refuse img-3
launch-config small
	provider local
	image img-1
	user-data "one\"two"
	attribute colour red
	metrics provider
launch-config other
	provider local
	image img-1
	instance-port "${PORT_srv}"
scaling-group web
	launch-config small
	size 1 9 desired 4
	on-change refresh
	max-replace 100%
	refresh min-healthy 50% rollback
scaling-group app
	launch-config other
	backend app
	size 1 4 desired 2
	health-check elb
	max-replace 100%
	boot-timeout 5h
	refresh min-healthy 50% rollback
CFG
my $w = Weir->new(defaults => 'http', binds => ['http'], keep => 1, cfg => $conf,
    env => { PORT_srv => $srv->port, PORT_dead => $dead->port },
    args => ['-T', '2013-02-15T16:30:00Z']);
sub progress ($group) {
	my ($text) = $w->cli("show group $group") =~ /^refresh: \S+ (.*)$/m;
	return $text;
}
sub id ($group) { return ($w->cli("show group $group") =~ /^refresh: (\S+)/m)[0] }
sub launch ($group) { return ($w->cli("show group $group") =~ /^launch: (.*)$/m)[0] // '' }
sub versions ($group) { return join ' ', sort map { $_->{version} } instances($w, $group) }
sub change ($from, $to) {
	$w->write_file('t.cfg', $conf =~ s/$from/$to/r);
	like $w->cli('reload'), qr/^Success=1/, "reload: $to";
}

# --- launches are refused ---
$w->cli('clock advance 1s');
is versions('web'), '1 1 1 1', 'four';
change(qr/image img-1/, 'image img-3');
$w->cli('clock advance 5s');
is progress('web'), 'RollbackSuccessful 100%: 0 of 0 replaced, its provider refuses to launch', 'back at once'
    or diag $w->cli('show activities group web');
is versions('web'), '1 1 1 1', 'all of the first version';
is launch('web'), 'small v1, back from small v2', 'said so';
unlike $w->cli('show group web'), qr/^trouble/m, 'it goes on';
$w->cli('group set-desired web 5');
is versions('web'), '1 1 1 1 1', 'what comes is of the first version, too';

# --- over a restart ---
$w->cli('put metric M value 1 namespace N');
$w->signal('KILL');
$w->wait_exit;
$w->{args} = ['-T', '2013-02-15T17:30:00Z'];
$w->start;
is launch('web'), 'small v1, back from small v2', 'as it was';
like progress('web'), qr/^RollbackSuccessful/, 'and how it went';
$w->cli('clock advance 1m');
is versions('web'), '1 1 1 1 1', 'instances that are lost: the same version again'
    or diag $w->cli('show activities group web');

# --- another text ---
change(qr/image img-1/, 'image img-2');
$w->cli('clock advance 5s');
is versions('web'), '3 3 3 3 3', 'replaced by it';
like progress('web'), qr/^Successful 100%: 5 of 5 replaced$/, 'well';
is launch('web'), '', 'back no more';

# --- by hand, and over a restart ---
my $id = said($w, 'group refresh web min-healthy 80% warmup 10m rollback');
$w->cli('clock advance 2s');
is progress('web'), 'InProgress 20%: 1 of 5 replaced', 'one of five';
$w->cli('scaling pause');
$w->cli('put metric M value 1 namespace N');
$w->signal('KILL');
$w->wait_exit;
$w->{args} = ['-T', '2013-02-15T18:00:00Z'];
$w->start;
is id('web'), $id, 'it is there again';
is progress('web'), 'InProgress 20%: 1 of 5 replaced', 'where it was';
$w->cli('scaling resume');
$w->cli('clock advance 1m');
like progress('web'), qr/^InProgress 100%/, 'those that are lost count as replaced';
$w->cli('clock advance 10m');
is progress('web'), 'Successful 100%: 5 of 5 replaced', 'to its end';
$w->cli('group refresh web min-healthy 50% rollback');
is said($w, 'group cancel-refresh web'), id('web'), 'cancelled as any other';

# --- new instances never serve ---
is in_service($w, 'app'), 2, 'two serve';
change(qr/instance-port "\$\{PORT_srv\}"/, 'instance-port "${PORT_dead}"');
$w->cli('group refresh app');
$w->cli('clock advance 5s');
is join(' ', sort map { "$_->{lifecycle} $_->{version}" } instances($w, 'app')),
    'InService 1 Pending:Proceed 2', 'one went, its successor fails its checks';
like progress('app'), qr/^InProgress 50%: 1 of 2 replaced$/, 'waits';
$w->cli('clock advance 61m');
like progress('app'), qr/^RollbackSuccessful 100%: 1 of 1 replaced, no progress for an hour$/, 'back';
is join(' ', sort map { "$_->{lifecycle} $_->{version}" } instances($w, 'app')),
    'InService 1 InService 1', 'as it was';

# --- another text on the way back ---
$conf =~ s/refresh min-healthy 50% rollback/refresh min-healthy 50% warmup 10m rollback/;
change(qr/image img-1/, 'image img-3');
$w->cli('clock advance 3s');
like progress('web'), qr/^RollbackInProgress 100%: 0 of 0 replaced, its provider refuses/, 'new ones warm up';
change(qr/image img-1/, 'image img-4');
$w->cli('clock advance 2s');
like progress('web'), qr/^InProgress 40%: 2 of 5 replaced$/, 'the next text begins anew';
$w->cli('clock advance 31m');
is progress('web'), 'Successful 100%: 5 of 5 replaced', 'and comes to its end';
is launch('web'), '', 'not back any more';

# --- nothing to go back to ---
$w->cli('instance protect ' . join ' ', map { $_->{id} } instances($w, 'web'));
$w->cli('group refresh web min-healthy 50% rollback');
$w->cli('clock advance 61m');
is progress('web'), 'Failed 0%: 0 of 5 replaced, no progress for an hour; there is nothing to go back to',
    'the same version';
done_testing;
