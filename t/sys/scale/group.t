# A scaling group on the test provider: it is made, grows, shrinks, stands still;
# activities and their causes, limits, suspended processes, versions of what it
# launches, protection, standby, detaching, deleting.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $conf = "global\n\tapi-may-override on\n" . $SCALE_CONF . <<'CFG';
scaling-group web
	launch-config small
	size 1 4
	zones a b
	default-cooldown 120s
	tag Name web propagate
CFG
my $w = Weir->new(cfg => $conf, keep => 1, args => ['-T', '2013-02-15T16:31:56Z']);

# --- made, and its first instance ---
my $g = group($w, 'web');
is "@$g{qw(min desired max inservice pending terminating standby)}", '1 1 4 1 0 0 0', 'made';
is "@$g{qw(cooldown_left_s cooldown_s launch_config owner)}", '0 120 small file', 'and more';
my ($one) = instances($w, 'web');
like $one->{id}, qr/^i-[0-9a-f]{17}$/, 'an id as the AWS has them';
is "@$one{qw(zone lifecycle health version protected)}", 'a InService Healthy 1 0', 'in service';
my ($a) = activities($w, 'web');
is $a->{description}, "Launching a new EC2 instance: $one->{id}", 'what was done';
is "@$a{qw(status progress)}", 'Successful 100', 'well';
is $a->{cause}, 'At 2013-02-15T16:31:56Z a user request created an AutoScalingGroup changing ' .
    'the desired capacity from 0 to 1.  At 2013-02-15T16:31:56Z an instance was started in ' .
    'response to a difference between desired and actual capacity, increasing the capacity ' .
    'from 0 to 1.', 'and why';
like $a->{id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'a UUID';

# --- wishes ---
is said($w, "show instance $one->{id}"), said($w, 'show instances'), 'one alone';

my ($gen) = $w->cli('show snapshot since 0 only instance') =~ /\bgen=(\d+)/;
is said($w, 'group set-desired web 3'), 'desired 1 -> 3', 'more';
is scalar(() = $w->cli("show snapshot since $gen only instance") =~ /^instance,i-/mg), 2,
    'who has just looked is told of the new ones';
is in_service($w, 'web'), 3, 'there when it answers';
is join(' ', sort map { $_->{zone} } instances($w, 'web')), 'a a b', 'spread over zones';
is group($w, 'web')->{cooldown_left_s}, 120, 'cooldown';
is said($w, 'group set-desired web 5'), 'New SetDesiredCapacity value 5 is above max value 4 ' .
    'for the AutoScalingGroup.', 'too many';
is said($w, 'group set-desired web 0'), 'New SetDesiredCapacity value 0 is below min value 1 ' .
    'for the AutoScalingGroup.', 'too few';
is said($w, 'group set-desired web 2 honor-cooldown'),
    'Scaling activity was initiated within the cooldown, 120 s left.', 'the cooldown holds';
$w->cli('clock advance 120s');
is said($w, 'group set-desired web 2 honor-cooldown'), 'desired 3 -> 2', 'until it is over';
($a) = activities($w, 'web');
my ($id) = $a->{description} =~ /^Terminating EC2 instance: (i-\w+)$/;
is $a->{cause}, 'At 2013-02-15T16:33:56Z a user request explicitly set group desired capacity ' .
    'changing the desired capacity from 3 to 2.  At 2013-02-15T16:33:56Z an instance was taken ' .
    'out of service in response to a difference between desired and actual capacity, ' .
    "shrinking the capacity from 3 to 2.  At 2013-02-15T16:33:56Z instance $id was selected " .
    'for termination.', 'why one went';
is said($w, 'group set-size web min 3 max 3'), 'min 3 max 3 desired 3', 'limits move desired';
like +(activities($w, 'web'))[0]{cause}, qr/^At \S+ a user request update of AutoScalingGroup constraints to min: 3, max: 3, desired: 3 changing the desired capacity from 2 to 3\.  /, 'said so';
like said($w, 'group set-size web min 3 max 2'), qr/^Max bound, 2, must be greater/, 'min > max';
is said($w, 'group set-desired wep 1'), "AutoScalingGroup name not found - AutoScalingGroup " .
    "'wep' not found, did you mean 'web'?", 'a name that is near';
$w->cli('group set-size web min 1 max 4');

# --- who would go ---
$w->cli('instance protect ' . join ' ', map { $_->{id} } (instances($w, 'web'))[0, 1]);
my @v = csv_rows($w->cli('group victims web count 3'));
is scalar(@v), 1, 'protected ones stay';
is $v[0]{policy}, 'only', 'with the reason';
$w->cli('group set-desired web 1');
is in_service($w, 'web'), 2, 'also when fewer are wanted';
$w->cli('instance unprotect ' . (instances($w, 'web'))[0]{id});
is in_service($w, 'web'), 1, 'until they are not protected';

# --- suspended ---
$w->cli('group suspend web Launch,Terminate');
is group($w, 'web')->{suspended}, 'Launch Terminate', 'suspended';
$w->cli('group set-desired web 2');
is in_service($w, 'web'), 1, 'nothing is launched';
is said($w, 'group suspend web Lunch'), "There is no process 'Lunch', did you mean 'Launch'?",
    'no such process';
$w->cli('group resume web');
is in_service($w, 'web'), 2, 'until it is resumed';
$w->cli('scaling pause reason a storm');
$w->cli('group set-desired web 3');
is in_service($w, 'web'), 2, 'all groups stand still';
like $w->cli('show group web'), qr/^trouble: scaling is paused: a storm$/m, 'and say why';
$w->cli('scaling resume');
is in_service($w, 'web'), 3, 'they go on';

# --- by hand ---
($one) = instances($w, 'web');
my $activity = said($w, "instance terminate $one->{id}");
my ($t) = grep { $_->{id} eq $activity } activities($w, 'web');
is $t->{cause} =~ s/^At \S+ //r,
    "instance $one->{id} was taken out of service in response to a user request.", 'ended by hand';
is in_service($w, 'web'), 3, 'another one came';
ok !(grep { $_->{id} eq $one->{id} } instances($w, 'web')), 'it is gone';
($one) = instances($w, 'web');
$w->cli("instance terminate $one->{id} decrement");
is group($w, 'web')->{desired}, 2, 'none comes for it';
ok +(grep { $_->{cause} =~ /user request, shrinking the capacity from 3 to 2\.$/ }
    activities($w, 'web')), 'why';
like said($w, 'instance terminate i-1'), qr/^Instance Id not found/, 'no such instance';

($one) = instances($w, 'web');
$w->cli("instance standby $one->{id}");
is group($w, 'web')->{standby}, 1, 'in standby';
is in_service($w, 'web'), 2, 'and replaced';
like +(grep { $_->{description} =~ /^Moving/ } activities($w, 'web'))[0]{description},
    qr/^Moving EC2 instance to Standby: \Q$one->{id}\E$/, 'an activity';
$w->cli("instance activate $one->{id}");
is group($w, 'web')->{desired}, 3, 'back: one more';
is in_service($w, 'web'), 3, 'in service';
($one) = instances($w, 'web');
$w->cli("group detach web $one->{id} decrement");
is group($w, 'web')->{desired}, 2, 'let go';
$w->cli('clock advance 1m');
$w->cli('clock advance 1m');
ok !(grep { $_->{id} eq $one->{id} } instances($w, 'web')), 'its provider names it: not adopted';
$w->cli("group attach web $one->{id}");
is group($w, 'web')->{desired}, 3, 'taken back: one more';
ok +(grep { $_->{id} eq $one->{id} && $_->{lifecycle} eq 'InService' } instances($w, 'web')), 'it is back';
my ($at) = grep { $_->{description} eq "Attaching an existing EC2 instance: $one->{id}" } activities($w, 'web');
is $at->{status}, 'Successful', 'an activity';
like $at->{cause}, qr/^At \S+ instance \Q$one->{id}\E was attached in response to a user request, increasing the capacity from 2 to 3\.$/, 'its cause';
is said($w, 'group attach web i-1'), 'Invalid Instance ID(s): [i-1] specified', 'no stranger';
is said($w, "show instance $id") =~ s/.*\n.*?,.*?,.*?,(\w+),.*/$1/r, 'Terminated', 'one that is gone';
is said($w, "show instance $id console"), 'It has written nothing.', 'has no last words here';
is said($w, "show instance $id checks"), 'It was not checked.', 'nor checks';
$w->cli("instance set-health @{[(instances($w, 'web'))[0]{id}]} Unhealthy");
my @a = activities($w, 'web', 'max 2');
like $a[0]{cause}, qr/^At \S+ an instance was launched in response to an unhealthy instance needing to be replaced\.$/, 'unhealthy: replaced';
like $a[1]{cause}, qr/^At \S+ an instance was taken out of service in response to a user health-check\.$/, 'first it goes';
like said($w, 'show activities json max 1'), qr/^Unknown word/, 'json is the last word';
like +(activities($w, 'web'))[-1]{start}, qr/^2013-02-15T\d\d:\d\d:\d\d\.\d{3}Z$/, 'times as text';
like said($w, 'show activities max 1 json'), qr/"start":1\d{9}\.\d{3},/, 'times in JSON';
like said($w, 'show activities max 1 json'), qr/^\[\{"id":"[^"]+","group":"web",.*\}\]$/, 'there';
like said($w, 'show scaling defaults'), qr/^scaling-group,drain,300s$/m, 'what is by default';

# --- reload ---
$w->cli('group set-desired web 2');
my @before = map { $_->{id} } instances($w, 'web');
$w->write_file('t.cfg', $conf =~ s/image img-1/image img-2/r =~ s/size 1 4/size 1 3/r);
like $w->cli('reload'), qr/^Success=1/, 'a reload';
is join(' ', map { $_->{id} } instances($w, 'web')), "@before", 'keeps instances';
is group($w, 'web')->{max}, 3, 'takes limits';
$w->cli('group set-desired web 3');
is join(' ', map { $_->{version} } instances($w, 'web')), '1 1 2', 'another version is launched';
$w->write_file('t.cfg', $SCALE_CONF);
my $refused = $w->cli('reload');
like $refused, qr/^Success=0/, 'a reload that forgets the group is refused';
like $refused, qr/scaling-group web still has 3 instances: set max 0 first, or 'group delete web \[force\|keep\]'/, 'exactly';
is in_service($w, 'web'), 3, 'nothing is terminated';

my $plain = Weir->new(cfg => $SCALE_CONF . "scaling-group g\n\tlaunch-config small\n\tsize 1 2\n");
like said($plain, 'group set-size g min 0 max 1'), qr{^g is defined in \S+/t\.cfg:6$},
    'what a file says is changed there';

# --- delete ---
like said($w, 'group delete web'), qr/^You cannot delete an AutoScalingGroup while there are instances/, 'not while it has instances';
like said($w, 'group delete web force'), qr/deleted$/, 'by force';
is scalar(groups($w)), 0, 'gone';
like $w->cli('reload'), qr/^Success=1/, 'now its file may forget it';
$w->write_file('t.cfg', $conf);
$w->cli('reload');
is in_service($w, 'web'), 1, 'made anew';
done_testing;
