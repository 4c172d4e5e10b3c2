# A file with all of it: a balancer with TLS, instances that are there, a provider, a
# group with policies of several kinds, alarms with arithmetic, notifiers.
use v5.36;
use Cert;
use File::Temp;
use Weir;
use Test::More;

my $dir = File::Temp->newdir;
sub spit ($name, $text) { open my $f, '>', "$dir/$name" or die; print $f $text; close $f; chmod 0600, "$dir/$name" }
spit('hook.key', "secret\n");
Cert->self_signed("$dir/yourCert.pem");
my $r = Weir->check(<<'CFG' =~ s/DIR/$dir/gr);
global
	stats socket DIR/weir.sock mode 600 level admin
	state-dir DIR
	region us-east-1
	account-id 123456789012
	default-zone us-east-1b
	lua-policy lua/policies/cpu_and_latency.lua

frontend yourLB-http
	mode http
	bind :80
	default_backend yourLB
frontend yourLB-https
	mode http
	bind :443 ssl crt DIR/yourCert.pem
	default_backend yourLB

backend yourLB
	mode http
	balance roundrobin
	option httpchk GET /some/valid/path
	default-server check inter 30s rise 10 fall 2 slowstart 30s
	server box-a 10.0.0.11:80 zone us-east-1b instance-id i-0000000a
	server box-b 10.0.0.12:80 zone us-east-1b instance-id i-0000000b

provider local
	type process
	command /bin/true --listen {address}:{port}
	port-range 20000-20999
	limit memory 256m

launch-config yourConfig
	provider local
	image ami-12345abc
	instance-type t1.micro
	key existingSSHKeyName
	security-group sg-12345abc
	detailed-monitoring off
	metrics provider

scaling-group yourScaler
	launch-config yourConfig
	backend yourLB
	size 1 3
	zones us-east-1b
	subnets subnet-12345abc
	default-cooldown 120s
	tag Name autoScaledInstance propagate
	termination Default
	policy scaleUp simple change +1 cooldown 300s
	policy scaleDown simple change -1 cooldown 300s
	policy mixed lua cpu_and_latency every 10s param slo=0.5
	schedule night cron "0 22 * * *" tz Europe/Vienna min 1 desired 1
	notify ops launch-error,terminate-error

alarm alarmUp
	metric Latency balancer yourLB unit Seconds
	statistic Average
	period 60s
	datapoints 2 of 2
	threshold > 2s
	on alarm policy yourScaler/scaleUp
	on alarm notify yourTopic

alarm alarmDown
	metric Latency balancer yourLB unit Seconds
	statistic Average
	period 60s
	datapoints 20 of 20
	threshold < 2s                  # warns: alarmUp uses 2s as well
	on alarm policy yourScaler/scaleDown
	on alarm notify yourTopic

alarm busy
	expression "IF(cpu > 70 AND p95 > 0.5, 1, 0)"
	input cpu CPUUtilization group yourScaler stat Average
	input p95 Latency balancer yourLB stat p95
	period 10s
	datapoints 3 of 3
	threshold >= 1
	on alarm policy yourScaler/scaleUp

notifier ops
	type email
	smtp smtp://mail.example.org:25
	from weir@example.org
	to ops@example.org
notifier yourTopic
	type webhook
	arn arn:aws:sns:us-east-1:123456789012:yourTopic
	url https://hooks.example.org/weir
	format sns
	sign-key-file DIR/hook.key
CFG
is $r->{code}, 0, 'it is taken' or diag $r->{err};
like $r->{err}, qr/alarm 'alarmDown' shares the threshold 2\.0 with 'alarmUp'/, 'with the warning that it says';
unlike $r->{err}, qr/ALERT/, 'nothing else is wrong';
done_testing;
