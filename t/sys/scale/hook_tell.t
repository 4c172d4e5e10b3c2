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
CFG

$w->cli('policy execute web/up');
$w->cli('clock advance 1s');
my $m;
ok $w->wait_for(sub {
	($m) = map { my $b = eval { decode_json($_->{body}) }; $b ? decode_json($b->{Message}) : () }
	    $srv->requests;
}), 'somebody is told';
my ($h) = csv_rows($w->cli('show hooks'));
is $m->{EC2InstanceId}, $h->{instance}, 'which instance';
is $m->{LifecycleActionToken}, $h->{token}, 'the token';
is "@$m{qw(AutoScalingGroupName LifecycleHookName LifecycleTransition NotificationMetadata AccountId)}",
    'web warm autoscaling:EC2_INSTANCE_LAUNCHING load the cache 123456789012', 'and the rest';
is said($w, "hook complete web/warm $m->{LifecycleActionToken}"), '', 'with which it goes on';
is in_service($w, 'web'), 1, 'in service';
done_testing;
