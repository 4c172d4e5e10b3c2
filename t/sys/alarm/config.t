# Alarm sections: what is accepted, what is refused and why, what is warned of.
use v5.36;
use Weir;
use Test::More;

my $base = <<'CFG';
defaults
	mode http
	timeout connect 1s
	timeout client 1s
	timeout server 1s
frontend f
	bind unix@/tmp/weir-alarm-config.sock
	default_backend web
backend web
	server s 127.0.0.1:1
backend api
	server s 127.0.0.1:1
CFG
my $metric = "\tmetric CPUUtilization group g\n";

# Messages about a configuration, without their places
sub said ($text) {
	my $r = Weir->check($base . $text);
	my @lines = map { s/^.*?parsing \[[^\]]*\] : //r } grep { /parsing \[/ }
	    split /\n/, $r->{err};
	return ($r->{code}, @lines);
}

my ($code, @lines) = said(<<'CFG');
global
	region eu-west-1
	account-id 000000000001
	missing-data-default ignore
alarm up
	metric Latency balancer web zone eu-1a unit Seconds
	statistic p99.9
	period 300s
	datapoints 2 of 3
	threshold > 500ms
	missing-data notBreaching
	low-samples ignore
	actions off
	phase 7850ms
	description so long
	on alarm arn arn:aws:sns:us-east-1:123456789012:topic
	on ok arn arn:aws:sns:us-east-1:123456789012:topic
	on insufficient-data arn arn:aws:lambda:us-east-1:123456789012:function:x
alarm mixed
	expression "IF(cpu > 70 AND p95 > 0.5, 1, 0)"
	input cpu CPUUtilization group g stat Average
	input p95 Latency balancer web stat p95
	period 10s
	datapoints 3 of 3
	threshold >= 1
	adopt
alarm both
	rule "ALARM(up) AND NOT OK(mixed) OR ALARM(each/web) OR ALARM(Weir/MetricsFull)"
alarm each
	metric RequestCount balancer *
	statistic Sum
	threshold <= 10
alarm Weir/MetricsFull
	on alarm arn arn:aws:sns:us-east-1:123456789012:topic
CFG
is $code, 0, 'all words are accepted';
is_deeply \@lines, [], 'without a word';

my @errors = (
	["alarm a\n", "alarm 'a': one of 'metric', 'expression', 'rule' and 'lua' is missing."],
	["alarm a\n$metric", "alarm 'a': 'threshold' is missing."],
	["alarm a\n$metric\trule TRUE\n",
	    "'rule': an alarm has one of 'metric', 'expression', 'rule' and 'lua' only."],
	["alarm a\n\tmetric Latncy balancer web\n\tthreshold > 1s\n",
	    "there is no metric 'Latncy' in AWS/ELB, did you mean 'Latency'?"],
	["alarm a\n\tmetric Latency balancer web x\n", "'metric': unexpected 'x'."],
	["alarm a\n$metric\tthreshold = 3\n",
	    "'threshold' expects one of '>', '>=', '<', '<=' and a value, but got '='."],
	["alarm a\n$metric\tthreshold > 3s\n",
	    "'3s' is of another kind than the metric, which is in Percent."],
	["alarm a\n$metric\tthreshold > NaN\n", "'NaN' is no number."],
	["alarm a\n$metric\tthreshold > 1e999\n", "'1e999' is no number."],
	["alarm a\n$metric\tthreshold > 7\n\tstatistic Avg\n",
	    qr/unknown statistic 'Avg'/],
	["alarm a\n$metric\tthreshold > 7\n\tperiod 60\n", "'period 60': say 60s or 1m."],
	["alarm a\n$metric\tthreshold > 7\n\tperiod 45s\n",
	    "alarm 'a': 'period' is 10s, 30s or a multiple of 60s."],
	["alarm a\n$metric\tthreshold > 7\n\tperiod 1h\n\tdatapoints 1 of 25\n",
	    "alarm 'a': 25 periods of 3600s are more than a day."],
	["alarm a\n$metric\tthreshold > 7\n\tdatapoints 4 of 3\n",
	    "'datapoints' expects an integer from 1 to 3 but got '4'."],
	["alarm a\n$metric\tthreshold > 7\n\tdatapoints 3 in 3\n",
	    "'datapoints' expects '<m> of <n>'."],
	["alarm a\n\tmetric Latency balancer web zone z\n\tthreshold > 1s\n\tperiod 10s\n",
	    "alarm 'a': of this 'Latency' there are no values below a minute, 'period' has to be "
	    . "60s or more."],
	["alarm a\n$metric\tthreshold > 7\n\tmissing-data no\n",
	    "'missing-data' expects missing|ignore|breaching|notBreaching, but got 'no'."],
	["alarm a\n$metric\tthreshold > 7\n\tlow-samples no\n",
	    "'low-samples' expects evaluate|ignore, but got 'no'."],
	["alarm a\n$metric\tthreshold > 7\n\tphase 60s\n",
	    "alarm 'a': 'phase' has to be less than 60s."],
	["alarm a\n$metric\tthreshold > 7\n\ton alarm policy scaler\n",
	    "'on': a policy is <group>/<policy>, but got 'scaler'."],
	["alarm a\n$metric\tthreshold > 7\n\ton fire arn x\n", qr/'on' expects .* but got 'fire'\.$/],
	["alarm a\n$metric\tthreshold > 7\n\ton alarm arn x\n", "'on': 'x' is no ARN."],
	["alarm a\n$metric\tthreshold > 7\n\ton alarm tell x\n",
	    "'on' expects one of 'policy', 'notify', 'arn', but got 'tell'."],
	["alarm a\n$metric\tthreshold > 7\n" . "\ton alarm arn arn:x\n" x 2,
	    "'on': 'arn:x' is there already."],
	["alarm a\n$metric\tthreshold > 7\n\ton alarm notify opss\n",
	    "'on': there is no notifier 'opss'."],
	["alarm a\n$metric\tthreshold > 7\n\ton alarm policy web/up\n",
	    "'on': there is no scaling-group 'web'."],
	["provider p\n\ttype test\nlaunch-config l\n\tprovider p\nscaling-group g\n"
	    . "\tlaunch-config l\n\tsize 0 1\n\tpolicy scaleUp simple change +1\n"
	    . "alarm a\n$metric\tthreshold > 7\n\ton alarm policy g/scaleup\n",
	    "'on': scaling-group 'g' has no policy 'scaleup', did you mean 'scaleUp'?"],
	["alarm a\n\texpression \"x +\"\n",
	    "'expression': the expression ends early at position 4."],
	["alarm a\n\texpression \"[x]\"\n",
	    "'expression': it gives a list of series, an alarm needs one."],
	["alarm a\n\texpression \"x + y\"\n\tinput x Latency balancer web stat p50\n"
	    . "\tthreshold > 1\n", "alarm 'a': the expression needs an 'input y'."],
	["alarm a\n\texpression x\n\tinput x Latency balancer web\n",
	    "'input x' expects 'stat <statistic>' behind the metric."],
	["alarm a\n\texpression \"MAX(METRICS() + " . join(' + ', ('x1') x 30) . ")\"\n"
	    . "\tperiod 10s\n\tdatapoints 1 of 8640\n\tthreshold > 1\n"
	    . join('', map { "\tinput x$_ Latency balancer web stat p50\n" } 1 .. 10),
	    "alarm 'a': the expression is too large for 8640 periods."],
	["alarm a\n\texpression x\n\tinput X Latency balancer web stat p50\n",
	    qr/'input': the id 'X' has to begin with a small letter/],
	["alarm a\n\trule \"ALARM(bee)\"\nalarm bees\n$metric\tthreshold > 7\n",
	    "'rule': there is no alarm 'bee', did you mean 'bees'?"],
	["alarm a\n\trule \"ALARM(b)\"\nalarm b\n\trule \"OK(c)\"\nalarm c\n\trule \"OK(a)\"\n",
	    "alarm 'a': its rule leads back to itself."],
	["alarm a\n\trule \"ALARM b\"\n", "'rule': expected '(' at position 7."],
	["alarm a\n\trule TRUE\n\tthreshold > 3\n",
	    "alarm 'a': 'threshold' goes with 'metric' and 'expression'."],
	["alarm a\n\tlua fn\n", "'lua' names no alarm 'fn' of a script of lua-policy."],
	["alarm a\n\tmetric Latency balancer *\n\tthreshold > 1s\nalarm a/web\n$metric"
	    . "\tthreshold > 7\n", qr/makes an alarm 'a\/web', which is there already/],
	["global\n\tregion a/b\n", qr/'region' expects a name of letters, digits and '-'/],
	["global\n\taccount-id 12\n", "'account-id' expects 12 digits, but got '12'."],
);
for (@errors) {
	my ($text, $want) = @$_;
	($code, @lines) = said($text);
	is $code, 1, 'refused';
	ref $want ? like $lines[0], $want, "$want" : is $lines[0], $want, $want;
}

my @warnings = (
	["alarm a\n\tmetric Latency balancer web\n\tthreshold > 100\n\tmissing-data ignore\n",
	    "alarm 'a': a threshold of 100 seconds is a long time; say '100ms' if milliseconds "
	    . "are meant, else '100s'."],
	["alarm a\n$metric\tthreshold > 0.7\n", qr/a threshold of 0\.7 is 0\.7%/],
	["alarm a\n\tmetric Latency balancer web\n\tthreshold > 1s\n",
	    "alarm 'a': without requests there is no Latency, and the state becomes "
	    . "INSUFFICIENT_DATA; consider 'missing-data ignore' or 'notBreaching'."],
	["alarm a\n${metric}\tthreshold > 7\nalarm b\n$metric\tthreshold <= 7%\n",
	    "alarm 'b' shares the threshold 7.0 with 'a', one for more and one for less: around "
	    . "it they take turns; let the lower one be lower."],
	["alarm a\n\texpression x\n\tinput x Latency balancer web stat p50\n\tthreshold > 1\n"
	    . "\tinput y Latency balancer web stat p50\n",
	    "alarm 'a': the expression does not use the input 'y'."],
);
for (@warnings) {
	my ($text, $want) = @$_;
	($code, @lines) = said($text);
	is $code, 0, 'accepted';
	is scalar @lines, 1, 'one warning';
	ref $want ? like $lines[0], $want, "$want" : is $lines[0], $want, $want;
}
done_testing;
