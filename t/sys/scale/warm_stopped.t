# Warm pools whose instances wait stopped; hooks on the way into a pool, out of it, back
# and to the end; a pool over a restart; providers that cannot stop.
use v5.36;
use Weir;
use EC2;
use Scale;
use Test::More;

my $conf = "global\n\tstate-dir \"\${DIR}\"\n" . $SCALE_CONF . <<'CFG';
provider slow
	type test
	delay 20s
launch-config late
	provider slow
scaling-group web
	launch-config small
	size 1 6
	max-replace 100%
	warm-pool 1 prepared 3 state stopped reuse
scaling-group hooked
	launch-config small
	size 0 3
	warm-pool 0 prepared 1 state stopped reuse
	hook in launching timeout 2h
	hook out terminating timeout 2h
scaling-group late
	launch-config late
	size 0 2
	warm-pool 0 prepared 1 state stopped
CFG
my $w = Weir->new(cfg => $conf, keep => 1, args => ['-T', '2013-02-15T16:30:00Z']);
sub lives ($group) { return join ' ', sort map { $_->{lifecycle} } instances($w, $group) }
sub only ($group) { return (map { $_->{id} } instances($w, $group))[0] }
sub done ($group, $hook) { return said($w, "hook complete $group/$hook " . only($group)) }
$w->cli('clock advance 1s');

# --- stopped, started, stopped again ---
is lives('web'), 'InService Warmed:Stopped Warmed:Stopped', 'two wait stopped';
my %warm = map { $_->{id} => 1 } grep { $_->{lifecycle} =~ /Warmed/ } instances($w, 'web');
like $w->cli('provider call local describe group web'), qr/"stopped".*"stopped"/, 'really';
$w->cli('group set-desired web 2');
is lives('web'), 'InService InService Warmed:Stopped', 'one was started';
is scalar(grep { $warm{$_->{id}} } grep { $_->{lifecycle} eq 'InService' } instances($w, 'web')), 1, 'of the pool';
is scalar(grep { $_->{description} =~ /^Launching/ && $_->{status} eq 'Successful' } activities($w, 'web')), 4, 'activities';
$w->cli('group set-desired web 1');
is lives('web'), 'InService Warmed:Stopped Warmed:Stopped', 'it comes back and stops';

# --- it takes its time ---
is lives('late'), '', 'nothing yet';
$w->cli('clock advance 41s');
is lives('late'), 'Warmed:Pending:Proceed', 'launched, and being stopped';
$w->cli('clock advance 20s');
is lives('late'), 'Warmed:Stopped', 'stopped';
$w->cli('group set-desired late 1');
is lives('late'), 'Pending', 'starting';
$w->cli('clock advance 1h');
like lives('late'), qr/^InService/, 'started';

# --- hooks ---
is lives('hooked'), 'Warmed:Pending:Wait', 'a hook on its way into the pool';
is done('hooked', 'in'), '', 'done';
is lives('hooked'), 'Warmed:Stopped', 'then it stops';
$w->cli('group set-desired hooked 1');
is lives('hooked'), 'Pending:Wait', 'and on its way out of it';
is done('hooked', 'in'), '', 'done';
is lives('hooked'), 'InService', 'it serves';
$w->cli('group set-desired hooked 0');
is lives('hooked'), 'Terminating:Wait', 'on its way back';
is done('hooked', 'out'), '', 'done';
is lives('hooked'), 'Warmed:Stopped', 'no hook of launches then';
$w->cli('instance terminate ' . only('hooked'));
like lives('hooked'), qr/Warmed:Terminating:Wait/, 'out of the pool, to its end';
my ($end) = map { $_->{id} } grep { $_->{lifecycle} =~ /Terminating/ } instances($w, 'hooked');
is said($w, "hook complete hooked/out $end"), '', 'done';
is lives('hooked'), 'Warmed:Pending:Wait', 'another one comes';
is group($w, 'hooked')->{terminating}, 0, 'none of the group ends';
is said($w, 'hook complete hooked/in ' . only('hooked') . ' ABANDON'), '', 'abandoned';
like lives('hooked'), qr/Warmed:Terminating:Wait/, 'it ends';

# --- over a restart ---
my @ids = sort map { $_->{id} } instances($w, 'web');
$w->cli('scaling pause');
$w->cli('put metric M value 1 namespace N');
$w->signal('KILL');
$w->wait_exit;
$w->{args} = ['-T', '2013-02-15T18:30:00Z'];
$w->start;
is lives('web'), 'InService Warmed:Stopped Warmed:Stopped', 'as it was';
is join(' ', sort map { $_->{id} } instances($w, 'web')), join(' ', @ids), 'the same';
is lives('hooked'), '', 'what was on its way out is gone';
$w->stop;

# --- a cloud ---
my $ec2 = EC2->new;
$w = Weir->new(cfg => <<"CFG", keep => 1, args => ['-T', '2013-02-15T16:30:00Z']);
provider cloud
	type ec2
	endpoint ${\ $ec2->url}
	credentials-file ${\ $ec2->credentials}
launch-config small
	provider cloud
	image ami-1
scaling-group web
	launch-config small
	size 0 2
	warm-pool 0 prepared 1 state stopped
CFG
ok $w->wait_for(sub { $w->cli('clock advance 10s'); lives('web') eq 'Warmed:Stopped' }), 'stopped'
    or diag $w->cli('show group web');
my $one = only('web');
$w->cli('group set-desired web 1');
ok $w->wait_for(sub { $w->cli('clock advance 10s'); lives('web') =~ /^InService/ }), 'started'
    or diag $w->cli('show group web');
is join(' ', map { $_->{id} } grep { $_->{lifecycle} eq 'InService' } instances($w, 'web')), $one, 'that one';
my @asked = map { "$_->{Action} " . $_->{'InstanceId.1'} } grep { $_->{Action} =~ /^(Stop|Start)/ } $ec2->requests;
is_deeply [grep { /\Q$one/ } @asked], ["StopInstances $one", "StartInstances $one"], 'asked once each';

for (['process', "\tcommand /bin/true\n", qr/type process cannot: a process that was stopped is gone/],
    ['exec', "\tcommand /bin/true\n", qr/'local' of type exec cannot: its program is asked to launch, terminate and describe only/]) {
	my ($type, $more, $want) = @$_;
	my $out = Weir->check("provider local\n\ttype $type\n${more}launch-config small\n\tprovider local\n" .
	    "scaling-group g\n\tlaunch-config small\n\tsize 1 3\n\twarm-pool 1 state stopped\n");
	like $out->{err}, qr/t\.cfg:\d+\] : 'warm-pool': 'state stopped' needs .*$want/, $type;
}
done_testing;
