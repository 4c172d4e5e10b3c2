# Who is told of instances that wait for a lifecycle hook, and what they need to know.
use v5.36;
use Backend qw(:all);
use JSON::PP;
use Scale;
use Weir;
use Test::More;

my $srv = Backend->new(response(200));
my $w = Weir->new(args => ['-T', '2013-02-15T16:00:30Z'], env => { SRV => $srv->addr },
    cfg => $SCALE_CONF . <<'CFG');
notifier ops
	type webhook
	url "http://${SRV}/ops"
	format sns
scaling-group web
	launch-config small
	size 0 3
	policy up simple change +1
	hook warm launching timeout 60s notify ops data "load the cache"
scaling-group pool
	launch-config small
	size 0 3
	warm-pool 0 prepared 1 reuse
	hook in launching timeout 1h notify ops
	hook out terminating timeout 1h notify ops
CFG

$w->cli('policy execute web/up');
$w->cli('clock advance 1s');
my $m;
ok $w->wait_for(sub {
	($m) = grep { $_->{AutoScalingGroupName} eq 'web' } map { my $b = eval { decode_json($_->{body}) }; $b ? decode_json($b->{Message}) : () }
	    $srv->requests;
}), 'somebody is told';
my ($h) = csv_rows($w->cli('show hooks web'));
is $m->{EC2InstanceId}, $h->{instance}, 'which instance';
is $m->{LifecycleActionToken}, $h->{token}, 'the token';
is "@$m{qw(AutoScalingGroupName LifecycleHookName LifecycleTransition NotificationMetadata AccountId)}",
    'web warm autoscaling:EC2_INSTANCE_LAUNCHING load the cache 123456789012', 'and the rest';
is said($w, "hook complete web/warm $m->{LifecycleActionToken}"), '', 'with which it goes on';
is in_service($w, 'web'), 1, 'in service';

# --- where from, where to ---
sub ways () {
	return join ', ', sort map { my $b = eval { decode_json($_->{body}) };
	    my $m = $b ? decode_json($b->{Message}) : {};
	    $m->{AutoScalingGroupName} && $m->{AutoScalingGroupName} eq 'pool' ?
	    "$m->{LifecycleTransition} $m->{Origin} $m->{Destination}" =~ s/autoscaling:EC2_INSTANCE_//r : () } $srv->requests;
}
is "@$m{qw(Origin Destination)}", 'EC2 AutoScalingGroup', 'from the cloud into the group';
sub go_on ($hook, $n) {
	$w->wait_for(sub { $w->cli('clock advance 1s'); $n == split /, /, ways() });
	$w->cli("hook complete pool/$hook $_->{instance}") for csv_rows($w->cli('show hooks pool'));
}
go_on('in', 1);
$w->cli('group set-desired pool 1');
go_on('in', 2);
$w->cli('group set-desired pool 0');
go_on('out', 3);
$w->cli("instance terminate $_->{id}") for instances($w, 'pool');
go_on('out', 4);
$w->wait_for(sub { $w->cli('clock advance 1s'); 5 == split /, /, ways() });
is ways(), join(', ', 'LAUNCHING EC2 WarmPool', 'LAUNCHING EC2 WarmPool', 'LAUNCHING WarmPool AutoScalingGroup',
    'TERMINATING AutoScalingGroup WarmPool', 'TERMINATING WarmPool EC2'), 'and those of a pool';
done_testing;
