# What groups tell: notifications of launches and ends in the words of the AWS,
# metrics each minute, alarms of weir's own.
use v5.36;
use Backend qw(:all);
use JSON::PP;
use Scale;
use Weir;
use Test::More;

my $srv = Backend->new(response(200));
my $w = Weir->new(args => ['-T', '2013-02-15T16:00:30Z'], keep => 1, env => { SRV => $srv->addr },
    cfg => "global\n\tapi-may-override on\n" . $SCALE_CONF . <<'CFG');
notifier ops
	type webhook
	arn arn:aws:sns:us-east-1:123456789012:ops
	url "http://${SRV}/ops"
	format sns
scaling-group web
	launch-config small
	size 1 3
	notify ops launch,terminate
scaling-group bad
	launch-config broken
	size 1 1
	zones z1
	subnets subnet-1
	notify ops launch-error
launch-config broken
	provider failing
provider failing
	type test
	fail 100%
CFG
sub told ($event) {
	my @all;
	$w->cli('clock advance 1s');
	$w->wait_for(sub {
		@all = grep { $_->{Event} eq $event } map {
			my $m = eval { decode_json($_->{body}) } // {};
			$m->{Message} ? decode_json($m->{Message}) : ();
		} $srv->requests;
		@all
	}) or return {};
	return $all[-1];
}
my $m = told('autoscaling:EC2_INSTANCE_LAUNCH');
my ($one) = instances($w, 'web');
my ($a) = activities($w, 'web');
is "@$m{qw(AutoScalingGroupName EC2InstanceId StatusCode Progress)}", "web $one->{id} Successful 100", 'a launch';
is $m->{ActivityId}, $a->{id}, 'its activity';
is $m->{Cause}, $a->{cause}, 'and cause';
like $m->{AutoScalingGroupARN}, qr/^arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:[0-9a-f-]{36}:autoScalingGroupName\/web$/, 'an ARN';
is $m->{Details}{'Availability Zone'}, 'us-east-1a', 'its zone';
is $m->{StartTime}, '2013-02-15T16:00:30.000Z', 'times';
$m = told('autoscaling:EC2_INSTANCE_LAUNCH_ERROR');
is "@$m{qw(AutoScalingGroupName StatusCode StatusMessage)}", 'bad Failed the test provider was told to fail', 'a launch that failed';
$w->cli("instance terminate $one->{id}");
is told('autoscaling:EC2_INSTANCE_TERMINATE')->{EC2InstanceId}, $one->{id}, 'an end';

$w->cli('group set-desired web 3');
$w->cli('clock set 2013-02-15T16:02:30Z');
for (['GroupDesiredCapacity', '3.0'], ['GroupMinSize', '1.0'], ['GroupInServiceInstances', '3.0']) {
	my ($name, $v) = @$_;
	like $w->cli("show metric $name dimension AutoScalingGroupName=web stat Maximum"),
	    qr/^2013-02-15T16:02:00Z,.*\b\Q$v\E,/m, "metric $name";
}
like $w->cli('show metric GroupAtMaxSize namespace Weir dimension AutoScalingGroupName=web stat Maximum'),
    qr/^2013-02-15T16:02:00Z,.*\b1\.0,/m, 'at its largest size';
my ($alarm) = grep { $_->{name} eq 'Weir/GroupAtMaxSize' } csv_rows($w->cli('show alarms'));
is $alarm->{state}, 'ALARM', 'an alarm of weir itself';
$w->cli('group set-desired web 2');
$w->cli('clock advance 1m');
($alarm) = grep { $_->{name} eq 'Weir/GroupAtMaxSize' } csv_rows($w->cli('show alarms'));
is $alarm->{state}, 'OK', 'over';
done_testing;
