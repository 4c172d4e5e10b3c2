# Instances come into a group that were another one's, or nobody's; what prevents it.
use v5.36;
use Cwd qw(abs_path);
use EC2;
use File::Temp;
use Scale;
use Weir;
use Test::More;

my $ec2 = EC2->new;
my $folder = File::Temp->newdir;
my $w = Weir->new(keep => 1, args => ['-T', '2013-02-15T16:30:00Z'], env => { STATE => "$folder",
    CLOUD => abs_path('t/data/provider/cloud.pl') }, cfg => "global\n\tstate-dir \"\${DIR}\"\n" . $SCALE_CONF . <<"CFG");
provider cloud
	type ec2
	endpoint ${\ $ec2->url}
	credentials-file ${\ $ec2->credentials}
provider here
	type process
	command /usr/bin/tail -f /dev/null
provider told
	type exec
	command "\${CLOUD}" "\${STATE}"
launch-config cloud
	provider cloud
	image ami-1
launch-config here
	provider here
scaling-group a
	launch-config small
	size 1 4 desired 3
scaling-group b
	launch-config small
	size 0 3
	warm-pool 0 prepared 0
scaling-group c
	launch-config cloud
	size 0 2
launch-config told
	provider told
	instance-port 80
scaling-group d
	launch-config here
	size 0 2
scaling-group e
	launch-config here
	size 0 2
scaling-group x
	launch-config told
	size 0 2
CFG
sub ids ($group) { return join ' ', sort map { $_->{id} } instances($w, $group) }
$w->cli('clock advance 1s');

# --- from one group to another ---
my ($one, $two, $three) = map { $_->{id} } instances($w, 'a');
is said($w, "group attach b $one"), "Instance $one is already part of AutoScalingGroup:a", 'it is somebody\'s';
$w->cli("group detach a $one $two decrement");
is said($w, "group attach b $one $two"), '', 'both';
is ids('b'), join(' ', sort $one, $two), 'they are there';
is in_service($w, 'b'), 2, 'in service';
is group($w, 'b')->{desired}, 2, 'desired has grown';
my ($a) = grep { $_->{description} eq "Attaching an existing EC2 instance: $two" } activities($w, 'b');
like $a->{cause}, qr/^At 2013-02-15T16:30:01Z instance \Q$two\E was attached in response to a user request, increasing the capacity from 1 to 2\.$/, 'why';
$w->cli('clock advance 1m');
is ids('a'), $three, 'the other one has it no more';
is ids('b'), join(' ', sort $one, $two), 'and stays without';

# --- what prevents it ---
$w->cli('group set-desired b 3');
$w->cli("group detach b $one decrement");
$w->cli('group set-desired b 3');
is said($w, "group attach b $one"), 'AutoScalingGroup b has min-size=0, max-size=3, and desired-size=3. ' .
    'To attach 1 more instance, please update the AutoScalingGroup sizes appropriately.', 'no room';
is said($w, "group attach b $one $two $three"), "Instance $two is already part of AutoScalingGroup:b", 'one of several';
is said($w, "group attach a $one $one"), 'An instance is named twice.', 'twice';
is said($w, 'group attach a ' . join ' ', map { "i-$_" } 1 .. 21), '20 instances at a time at most.', 'too many';
is said($w, "group attach a $one i-none"), 'Invalid Instance ID(s): [i-none] specified', 'an unknown one';
ok !(grep { $_->{id} eq $one } instances($w, 'a')), 'then none comes';
is said($w, 'group attach a'), 'Which instance?', 'none';
$w->cli("provider call local stop group b id $one");
like said($w, "group attach a $one"), qr/^Instance \Q$one\E is not in correct state\. Instance\(s\) must be in 'running' state\.$/, 'stopped';
$w->cli('clock advance 1m');
is ids('a'), $three, 'nor by itself';

# --- of a cloud ---
my ($id) = $w->cli('provider call cloud launch group other launch-config cloud token t') =~ /"id":"([^"]+)"/;
like $w->cli("provider call cloud describe group other"), qr/"running"/, 'one of nobody';
is said($w, "group attach c $id"), '', 'attached';
is ids('c'), $id, 'it is there';
is in_service($w, 'c'), 1, 'in service';
my ($tag) = grep { $_->{Action} eq 'CreateTags' } $ec2->requests;
is_deeply [@$tag{qw(ResourceId.1 Tag.1.Key Tag.1.Value)}], [$id, 'weir:group', 'c'], 'with the group\'s tag';
$w->cli("clock advance 10s") for 1 .. 3;
is ids('c'), $id, 'it stays';
is said($w, 'group attach c i-00000000000000999'), 'Invalid Instance ID(s): [i-00000000000000999] specified', 'unknown there';
$ec2->set(fail => 'RequestLimitExceeded');
is said($w, 'group attach c i-00000000000000999'), 'RequestLimitExceeded: as told', 'what the cloud says';

# --- processes, over a restart ---
$w->cli('group set-desired d 1');
ok $w->wait_for(sub { $w->cli('clock advance 10s'); in_service($w, 'd') == 1 }), 'a process';
$id = ids('d');
$w->cli("group detach d $id decrement");
is said($w, "group attach e $id"), '', 'another group takes it';
is said($w, 'group attach e i-none'), 'Invalid Instance ID(s): [i-none] specified', 'no other one';
is join(' ', ids('d'), ids('e')), " $id", 'it is there';
$w->cli('put metric M value 1 namespace N');
$w->signal('KILL');
$w->wait_exit;
$w->start;
$w->cli('clock advance 10s') for 1 .. 3;
is join(' ', ids('d'), ids('e')), " $id", 'still there';
like $w->cli('provider call here describe group e'), qr/"\Q$id\E","state":"running"/, 'its keeper knows';
is said($w, "group delete e force") =~ s/.*\n//r, 'deleted', 'and it ends with it';

# --- a program that only launches, terminates and describes ---
$w->cli('group set-desired x 1');
ok $w->wait_for(sub { $w->cli('clock advance 10s'); in_service($w, 'x') == 1 }), 'one of a program';
$id = ids('x');
$w->cli("group detach x $id decrement");
is said($w, "group attach x $id"), '', 'its group takes it back';
is said($w, 'group attach x i-none'), 'Invalid Instance ID(s): [i-none] specified; a provider of type exec ' .
    'has none for a group but what it launched for it', 'others are not known';
$w->cli('group delete x force');
done_testing;
