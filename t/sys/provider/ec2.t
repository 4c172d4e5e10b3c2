# The provider ec2 against a small fake of EC2: signed requests, what they say, pages,
# errors, garbage, silence.
use v5.36;
use Conform;
use EC2;
use JSON::PP;
use POSIX ();
use Weir;
use Test::More;

my $ec2 = EC2->new;
my $provider = "\ttype ec2\n\tendpoint ${\ $ec2->url}\n\tcredentials-file ${\ $ec2->credentials}\n";
conform('ec2', $provider, launch => "\timage ami-1\n\tuser-data x\n", stops => 1);

my $w = Weir->new(defaults => 'http', binds => ['http'], cfg => <<"CFG");
provider p
$provider	describe-timeout 1s
provider other
	type ec2
	endpoint ${\ $ec2->url}
	region eu-west-1
	credentials-file ${\ $ec2->credentials}
launch-config l
	provider p
	image ami-1
	instance-type t1.micro
	key k
	security-group sg-1 sg-2
	attribute subnet subnet-7
	detailed-monitoring off
	user-data a&b
launch-config free
	provider p
	image ami-1
frontend f
	bind "fd@\${http}"
	http-request return status 200
CFG
sub call ($verb, $words, $provider = 'p') { return decode_json($w->cli("provider call $provider $verb $words", 20)) }
sub told ($a) { return $a->{error} ? "$a->{error}{code}: $a->{error}{message}" : scalar @{ $a->{instances} } }

is told(call('launch', 'launch-config l token 2a:7 count 3 zone us-east-1c group web')), 3, 'three';
sub ran () { return (grep { $_->{Action} eq 'RunInstances' } reverse $ec2->requests)[0] }
my $run = ran();
is_deeply $run, { Action => 'RunInstances', Version => '2016-11-15', ImageId => 'ami-1',
    InstanceType => 't1.micro', KeyName => 'k', MinCount => 1, MaxCount => 3, ClientToken => '2a:7',
    SubnetId => 'subnet-7', 'Monitoring.Enabled' => 'false',
    'SecurityGroupId.1' => 'sg-1', 'SecurityGroupId.2' => 'sg-2', UserData => 'YSZi',
    'TagSpecification.1.ResourceType' => 'instance',
    'TagSpecification.1.Tag.1.Key' => 'weir:group', 'TagSpecification.1.Tag.1.Value' => 'web',
    'TagSpecification.1.Tag.2.Key' => 'weir:token', 'TagSpecification.1.Tag.2.Value' => '2a:7',
}, 'RunInstances';
$ec2->set(page => 1);
is told(my $all = call('describe', 'group web')), 3, 'in pages';
is $all->{instances}[0]{zone}, 'us-east-1a', 'zone, which is the subnet\'s';
like $all->{instances}[0]{address}, qr/^10\.0\.0\.\d+$/, 'address';
$ec2->set;
my @ids = map { $_->{id} } @{ $all->{instances} };
is told(call('terminate', "group web id $ids[0] id i-nothing id $ids[1]")), 3, 'an unknown one among them';
is told(call('describe', 'group web')), 1, 'the others went';

# --- the subnet of a zone ---
my $several = 'subnet subnet-a-9 subnet subnet-b-5 subnet subnet-b-250';
sub free ($words) { return told(call('launch', "launch-config free group nets $words")) }
is free("token 1 zone us-east-1b $several"), 1, 'a launch into subnets';
is ran()->{SubnetId}, 'subnet-b-250', 'the zone\'s with the most free addresses';
is ran()->{'Placement.AvailabilityZone'}, undef, 'which says the zone';
is free("token 2 zone us-east-1a $several"), 1, 'into another zone';
is ran()->{SubnetId}, 'subnet-a-9', 'its subnet';
is free("token 3 zone us-east-1c subnet subnet-a-9 subnet subnet-b-5"), 'invalid: no subnet of the group lies in ' .
    'zone us-east-1c: subnet-a-9 is in us-east-1a, subnet-b-5 is in us-east-1b', 'no subnet there';
is free('token 4 zone us-east-1a subnet no'), "invalid: InvalidSubnetID.NotFound: The subnet ID 'no' does not exist",
    'no such subnet';
is free('token 5 zone us-east-1d'), 1, 'without subnets';
is ran()->{'Placement.AvailabilityZone'}, 'us-east-1d', 'the zone is said';

# --- addresses: private ones, of the instance itself, or of IPv6 ---
is_deeply [sort map { $_->{address} =~ s/\d+$/N/r } @{ call('describe', 'group nets')->{instances} }],
    [('10.0.0.N') x 3], 'private addresses';
is told(call('launch', 'launch-config free group six token 6')), 1, 'one without IPv4';
is call('describe', 'group six')->{instances}[0]{address}, '2001:db8::7', 'its address';

for (
	[{ fail => 'InsufficientInstanceCapacity' }, qr/^capacity: InsufficientInstanceCapacity: as told$/],
	[{ fail => 'RequestLimitExceeded' }, qr/^throttled: /],
	[{ fail => 'UnauthorizedOperation' }, qr/^auth: /],
	[{ fail => 'InvalidAMIID.NotFound' }, qr/^invalid: InvalidAMIID\.NotFound: as told$/],
	[{ fail => 'InternalError' }, qr/^internal: /],
	[{ garbage => 1 }, qr/^internal: the answer is not EC2's$/],
	[{ doctype => 1 }, qr/^internal: the answer is not EC2's$/],
	[{ hang => 1 }, qr/^internal: /],
) {
	my ($mode, $want) = @$_;
	$ec2->set(%$mode);
	like told(call('describe', 'group web')), $want, join ' ', %$mode;
}
$ec2->set;
like told(call('describe', 'group web', 'other')), qr/^auth: SignatureDoesNotMatch: /, 'another region';
is told(call('describe', 'group web')), 1, 'goes on';
is $w->stop, 143, 'stops';

# --- words ---
my $open = "${\ $ec2->{dir}}/open";
open my $f, '>', $open;
print $f "aws_access_key_id=a\naws_secret_access_key=b\n";
close $f;
chmod 0644, $open;
for (
	["credentials-file $open", qr/'credentials-file': '\S+' is readable by others\./],
	["credentials-file /dev/null", qr/'credentials-file': '\/dev\/null'/],
	["credentials-file /no/such", qr/'credentials-file': cannot read '\/no\/such'/],
	["endpoint ftp://x", qr/'endpoint' expects a URL of http or https, not 'ftp:\/\/x'\./],
	["region eu", qr/provider 'p' needs a 'credentials-file'\./],
) {
	my ($line, $want) = @$_;
	like Weir->check("provider p\n\ttype ec2\n\t$line\n")->{err}, $want, $line;
}
done_testing;
