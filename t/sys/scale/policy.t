# Simple and step policies: by alarms, by people; limits before the cooldown, what
# was not done and why, warm-up, and how they are listed.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $conf = $SCALE_CONF . <<'CFG';
scaling-group web
	launch-config small
	size 1 3
	default-cooldown 120s
	policy up simple change +1 cooldown 300s
	policy down simple change -1
	policy all simple exact 3 cooldown 0s
	policy more simple percent 50 min-step 2
scaling-group big
	launch-config small
	size 1 100 desired 10
	policy out step percent warmup 300s
		step out 0 10 0
		step out 10 20 10
		step out 20 - 30
		step in -10 0 0
		step in -20 -10 -10
		step in - -20 -30
scaling-group slow
	launch-config small
	size 1 9
	max-change 3 per 10m
	policy more simple change +2 cooldown 0s
alarm busy
	metric Load dimension Host all unit Percent
	threshold > 50
	phase 0s
	on alarm policy big/out
alarm eager
	metric Wait dimension Host all unit Seconds
	threshold > 1s
	phase 0s
	on alarm policy web/up
CFG
my $arn = 'arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:c3b5a5e0-0000-5000-8000-000000000000:' .
    'autoScalingGroupName/web:policyName/more';
$conf .= "alarm told\n\tmetric Other dimension Host all\n\tthreshold > 1\n\ton alarm arn $arn\n";
my $w = Weir->new(cfg => $conf, keep => 1, args => ['-T', '2013-02-15T16:30:00Z']);

sub policy ($name) {
	my ($p) = grep { "$_->{group}/$_->{name}" eq $name } csv_rows($w->cli('show policies'));
	return $p;
}
sub execute ($words) { return said($w, "policy execute $words") }
sub newest ($group) { return (activities($w, $group))[0] }
sub size ($group) { return group($w, $group)->{desired} }

# --- how they are listed ---
my $p = policy('web/up');
is "@$p{qw(type adjustment cooldown_s alarms last_time last_result)}",
    'SimpleScaling change +1 300 eager  ', 'a policy';
like $p->{arn}, qr{^arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]+:autoScalingGroupName/web:policyName/up$}, 'its ARN';
is policy('web/more')->{alarms}, 'told', 'an alarm that names it by its ARN';
is policy('web/down')->{cooldown_s}, 120, "the group's cooldown";
is policy('web/more')->{adjustment}, 'percent +50 min-step 2', 'percents';
is policy('big/out')->{adjustment},
    'percent [0 10] +0 [10 20] +10 [20 -] +30 [-10 0] +0 [-20 -10] -10 [- -20] -30', 'steps';
is scalar(csv_rows($w->cli('show policies group web'))), 4, 'of one group';
like said($w, 'show policies group big json'), qr/^\[\{"group":"big","name":"out","type":"StepScaling",.*\}\]$/, 'as JSON';

# --- by people ---
my $id = execute('web/up');
is newest('web')->{id}, $id, 'the activity it began';
like newest('web')->{cause}, qr/^At 2013-02-15T16:30:00Z a user request executed policy up changing the desired capacity from 1 to 2\.  At \S+ an instance was started /, 'why';
is group($w, 'web')->{cooldown_left_s}, 300, "the policy's cooldown";
is execute('web/up honor-cooldown'), 'ignored: cooldown 300 s left', 'which may be honoured';
is newest('web')->{description}, 'Policy up ignored: cooldown 300 s left', 'an activity';
is newest('web')->{status}, 'Cancelled', 'of what was not done';
like newest('web')->{cause}, qr/ a user request executed policy up, which was ignored: cooldown 300 s left\.$/, 'and why';
$w->cli('clock advance 157s');
is execute('web/down honor-cooldown'), 'ignored: cooldown 143 s left', 'in whole seconds';
execute('web/up');
is size('web'), 3, 'a person does not wait';
is execute('web/up honor-cooldown'), 'ignored: at max size 3', 'limits come before the cooldown';
is execute('web/all'), 'no change: desired is 3', 'nothing to do';
$w->cli('clock advance 300s');
execute('web/down honor-cooldown') for 1 .. 2;
is size('web'), 2, 'over: a new one begins';
execute('web/down');
is execute('web/down'), 'ignored: at min size 1', 'as small as may be';
execute('web/more');
is size('web'), 3, 'min-step';
$w->cli('policy disable web/down');
is execute('web/down'), 'ignored: policy is disabled', 'disabled';
is policy('web/down')->{last_result}, 'disabled', 'shown so';
$w->cli('policy enable web/down');
$w->cli('scaling pause reason storm');
is execute('web/down'), 'ignored: scaling is paused: storm', 'all groups stand still';
like $w->cli('show snapshot only info'), qr/^#snapshot .* paused=1\b/, 'a snapshot tells it';
$w->cli('scaling resume');
like $w->cli('show snapshot'), qr/^#group,name,.*\ngroup,/m, 'the first kind behind the rows has its header';
unlike $w->cli('show snapshot only info'), qr/^#snapshot .* paused=/, 'and its end';
isnt execute('web/down'), '', 'enabled';
is policy('web/down')->{last_result}, 'done', 'the last result';
is execute('web/dwn'), "Scaling policy name not found: group web has no policy 'dwn', did you mean 'down'?", 'no such policy';
like execute('wep/up'), qr/'wep' not found, did you mean 'web'\?$/, 'no such group';
is execute('web'), "A policy is <group>/<policy>, not 'web'.", 'a name with a group';
like execute('web/up fast'), qr/^Unknown word 'fast'/, 'a word too many';

$w->cli('clock advance 300s');
is size('web'), 2, 'two';

# --- by an alarm ---
$w->cli('put metric Wait value 3 dimension Host=all unit Seconds');
$w->cli('clock advance 60s');
is size('web'), 3, 'an alarm scales';
like +(grep { $_->{description} =~ /^Launching/ } activities($w, 'web'))[0]{cause}, qr/ a monitor alarm eager in state ALARM triggered policy up changing the desired capacity from 2 to 3\./, 'the cause';
for (1 .. 3) {
	$w->cli('put metric Wait value 3 dimension Host=all unit Seconds');
	$w->cli('clock advance 60s');
}
is scalar(grep { $_->{description} eq 'Policy up ignored: at max size 3' &&
    $_->{cause} =~ /monitor alarm eager/ } activities($w, 'web')), 1, 'once per stay';
$w->cli('group suspend web AlarmNotification');
$w->cli('put metric Wait value 3 dimension Host=all unit Seconds');
$w->cli('clock advance 60s');
is newest('web')->{description}, 'Policy up ignored: AlarmNotification is suspended', 'suspended';

# --- steps, as Amazon's guide goes through them ---
is size('big'), 10, 'ten';
is execute('big/out'), "Policy out has steps: it needs 'value <v> breach <b>'.", 'a value is needed';
is execute('big/out value 60'), "'value' and 'breach' go together.", 'both';
for my $row ([60, 11], [70, 14], [40, 13], [30, 10]) {
	my ($value, $want) = @$row;
	execute("big/out value $value breach 50");
	is size('big'), $want, "at $value";
	$w->cli('clock advance 300s');
}
# warming instances count; the same step twice adds nothing
execute('big/out value 60 breach 50');
is size('big'), 11, 'one more';
is execute('big/out value 62 breach 50'), 'no change: desired is 11', 'the same step';
execute('big/out value 70 breach 50');
is size('big'), 13, 'a higher step adds what is missing of it';
is execute('big/out value 30 breach 50'), 'ignored: 3 instances are warming up', 'none goes';
$w->cli('clock advance 299s');
is execute('big/out value 30 breach 50'), 'ignored: 3 instances are warming up', 'until then';
$w->cli('clock advance 1s');
execute('big/out value 30 breach 50');
is size('big'), 10, 'three go';
$w->cli('put metric Load value 75 dimension Host=all unit Percent');
$w->cli('clock advance 60s');
is size('big'), 13, 'by an alarm, with its value and threshold';

# --- a brake ---
execute('slow/more');
is size('slow'), 3, 'two';
execute('slow/more');
is size('slow'), 4, 'three in ten minutes';
is execute('slow/more'), 'ignored: max-change reached', 'no more';
$w->cli('clock advance 10m');
execute('slow/more');
is size('slow'), 6, 'then again';

# --- what is wrong with bad ones ---
sub bad ($text, $want) {
	my $out = Weir->check($SCALE_CONF . "scaling-group g\n\tlaunch-config small\n\tsize 1 3\n$text");
	like $out->{err} . $out->{out}, $want, $want;
}
bad("\tpolicy p simpel change +1\n", qr/there is no kind 'simpel', did you mean 'simple'/);
bad("\tpolicy p simple change\n", qr/'change' expects a number/);
bad("\tpolicy p simple add 1\n", qr/expects 'change', 'exact' or 'percent', not 'add'/);
bad("\tpolicy p simple exact -1\n", qr/'exact' expects a number from 0 on/);
bad("\tpolicy p simple change 1 min-step 2\n", qr/'min-step <n>' goes with 'percent'/);
bad("\tpolicy p simple change 1 cooldown 300\n", qr/'cooldown 300': say 300s or 5m/);
bad("\tpolicy p simple change 1 often\n", qr/'policy p': unexpected 'often'/);
bad("\tpolicy p simple change 1\n\tpolicy p simple change 2\n", qr/'p' is there already/);
bad("\tpolicy a/b simple change 1\n", qr{the name 'a/b' has a '/'});
bad("\tpolicy p step change\n", qr/'policy p': it has no step/);
bad("\tpolicy p step change\n\t\tstep p 0 5 1\n\t\tstep p 6 - 2\n", qr/there is a gap between two steps/);
bad("\tpolicy p step change\n\t\tstep p 0 5 1\n\t\tstep p 4 - 2\n", qr/two steps overlap/);
bad("\tpolicy p step change aggregate sum\n", qr/'aggregate' expects 'average', 'min' or 'max', not 'sum'/);
bad("\tstep p 0 5 1\n", qr/'step': no policy of kind 'step' stands before it/);
bad("alarm a\n\tmetric X\n\tthreshold > 1\n\ton alarm policy g/upp\n", qr/'on': scaling-group 'g' has no policy 'upp'/);
bad("alarm a\n\tmetric X\n\tthreshold > 1\n\ton alarm policy h/up\n", qr/'on': there is no scaling-group 'h'|'on' names no/);
done_testing;
