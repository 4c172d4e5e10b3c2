# SPDX-License-Identifier: BSD-2-Clause
#
# EC2.pm: a small fake of EC2's Query API: RunInstances, DescribeInstances,
# TerminateInstances, StopInstances, StartInstances, DescribeSubnets, with signatures
# (SigV4) checked.
#
#	my $ec2 = EC2->new(key => 'AKID', secret => 's3cret');
#	$ec2->url; $ec2->set(fail => 'InsufficientInstanceCapacity');
#
# It runs in a process of its own. What it is told to do wrong stands in a file:
# fail CODE, garbage, page N (instances an answer), hang.
package EC2;

use v5.36;
use Digest::SHA qw(hmac_sha256 hmac_sha256_hex sha256_hex);
use File::Temp;
use IO::Socket::INET;
use JSON::PP;

sub new ($class, %o) {
	my $self = bless { key => 'AKIDEXAMPLE', secret => 'wJalrXUtnFEMI', region => 'us-east-1', %o,
	    dir => File::Temp->newdir, owner => $$ }, $class;
	my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 64)
	    or die "listen: $!";
	$self->{port} = $s->sockport;
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		$SIG{TERM} = 'DEFAULT';
		alarm 300;
		$self->serve($s);
		POSIX::_exit(0);
	}
	return $self;
}

sub DESTROY ($self) {
	local $?;
	kill 'TERM', $self->{pid} if $self->{owner} == $$ && $self->{pid};
	waitpid $self->{pid}, 0 if $self->{owner} == $$ && $self->{pid};
}

sub url ($self) { return "http://127.0.0.1:$self->{port}/" }
sub set ($self, %o) { open my $f, '>', "$self->{dir}/mode" or die; print $f encode_json(\%o); close $f }
sub mode ($self) { open my $f, '<', "$self->{dir}/mode" or return {}; local $/; return decode_json(<$f>) }
# Forms as they came, a hash each
sub requests ($self) {
	open my $f, '<', "$self->{dir}/log" or return;
	return map { decode_json($_) } <$f>;
}

sub credentials ($self) {
	my $file = "$self->{dir}/credentials";
	open my $f, '>', $file or die;
	print $f "[default]\naws_access_key_id = $self->{key}\naws_secret_access_key = $self->{secret}\n";
	close $f;
	chmod 0600, $file;
	return $file;
}

# --- the server --------------------------------------------------------------

sub serve ($self, $s) {
	while (my $c = $s->accept) {
		my ($head, $body) = ('', '');
		while (my $line = <$c>) { last if $line =~ /^\r?\n$/; $head .= $line }
		read $c, $body, $1 if $head =~ /^content-length:\s*(\d+)/im;
		my ($status, $text) = $self->answer($head, $body);
		next if $status eq 'hang' && push @{ $self->{held} }, $c;
		print $c "HTTP/1.1 $status X\r\nContent-Type: text/xml\r\nConnection: close\r\n" .
		    'Content-Length: ' . length($text) . "\r\n\r\n$text";
		close $c;
	}
}

sub unescape ($s) { return $s =~ tr/+/ /r =~ s/%([0-9A-Fa-f]{2})/chr hex $1/egr }

sub is_signed ($self, $head, $body) {
	my %h = map { /^([\w-]+):\s*(.*?)\r?$/ ? (lc $1 => $2) : () } split /\n/, $head;
	my ($key, $scope, $names, $sig) = ($h{authorization} // '') =~
	    m{^AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)};
	return 0 if !$sig || $key ne $self->{key};
	my $canonical = join "\n", 'POST', '/', '', (map { "$_:$h{$_}" } split /;/, $names), '', $names,
	    $h{'x-amz-content-sha256'} // sha256_hex($body);
	my $text = join "\n", 'AWS4-HMAC-SHA256', $h{'x-amz-date'}, $scope, sha256_hex($canonical);
	my $k = "AWS4$self->{secret}";
	$k = hmac_sha256($_, $k) for split /\//, $scope;
	return hmac_sha256_hex($text, $k) eq $sig && $scope =~ m{/\Q$self->{region}\E/ec2/aws4_request$};
}

sub xml ($name, $inner) {
	return qq(<?xml version="1.0" encoding="UTF-8"?>\n<${name}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">) .
	    "<requestId>59dbff89</requestId>$inner</${name}Response>";
}

sub failed ($code, $message, $status = 400) {
	return $status, "<?xml version=\"1.0\"?>\n<Response><Errors><Error><Code>$code</Code><Message>$message" .
	    '</Message></Error></Errors><RequestID>ea966190</RequestID></Response>';
}

sub item ($i) {
	my $tags = join '', map { "<item><key>$_</key><value>$i->{tags}{$_}</value></item>" } sort keys %{ $i->{tags} };
	return "<item><instanceId>$i->{id}</instanceId><imageId>$i->{image}</imageId><instanceState><code>16</code>" .
	    "<name>$i->{state}</name></instanceState><privateDnsName/>" .
	    ($i->{state} ne 'running' ? '' : $i->{tags}{'weir:group'} eq 'six' ? '<ipv6Address>2001:db8::7</ipv6Address>' :
	    "<privateIpAddress>$i->{ip}</privateIpAddress><networkInterfaceSet><item><networkInterfaceId>eni-1" .
	    '</networkInterfaceId><privateIpAddress>10.9.9.9</privateIpAddress></item></networkInterfaceSet>') .
	    "<launchTime>2026-11-22T06:00:00.000Z</launchTime><placement><availabilityZone>$i->{zone}</availabilityZone>" .
	    "<groupName/></placement><blockDeviceMapping><item><ebs><status>attached</status></ebs></item>" .
	    "</blockDeviceMapping><tagSet>$tags</tagSet></item>";
}

sub answer ($self, $head, $body) {
	my %p = map { my ($k, $v) = split /=/, $_, 2; (unescape($k) => unescape($v // '')) } split /&/, $body;
	my $mode = $self->mode;
	{
		open my $log, '>>', "$self->{dir}/log";
		print $log encode_json(\%p), "\n";
	}
	return failed('SignatureDoesNotMatch', 'The request signature we calculated does not match', 403)
	    if !$self->is_signed($head, $body);
	return 'hang', '' if $mode->{hang};
	return 200, 'I am no <XML' if $mode->{garbage};
	return 200, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' if $mode->{doctype};
	return failed($mode->{fail}, 'as told') if $mode->{fail};
	my $action = $self->can("do_$p{Action}") or return failed('InvalidAction', "no $p{Action}");
	return $action->($self, \%p, $mode);
}

sub do_RunInstances ($self, $p, $mode) {
	my $all = $self->{all} //= {};
	my $token = $p->{ClientToken};
	my @made = grep { $_->{client} eq $token } sort { $a->{id} cmp $b->{id} } values %$all;
	return failed('IdempotentParameterMismatch', 'The token is in use', 400) if @made && @made != $p->{MaxCount};
	my %tags = map { $p->{"TagSpecification.1.Tag.$_.Key"} ? ($p->{"TagSpecification.1.Tag.$_.Key"} =>
	    $p->{"TagSpecification.1.Tag.$_.Value"}) : () } 1 .. 50;
	for (@made ? () : 1 .. $p->{MaxCount}) {
		my $n = ++$self->{n};
		push @made, $all->{ sprintf 'i-%017x', $n } = { id => sprintf('i-%017x', $n), state => 'pending',
		    image => $p->{ImageId} // '', client => $token, tags => \%tags, ip => "10.0.0.$n",
		    zone => $p->{'Placement.AvailabilityZone'} // zone_of($p->{SubnetId} // '') };
	}
	return 200, xml('RunInstances', '<reservationId>r-1</reservationId><groupSet/><instancesSet>' .
	    join('', map { item($_) } @made) . '</instancesSet>');
}

# subnet-ZONE-FREE, as subnet-b-250
sub zone_of ($subnet) { return 'us-east-1' . ($subnet =~ /^subnet-([a-z])-/ ? $1 : 'a') }

sub do_DescribeSubnets ($self, $p, $mode) {
	my @ids = map { $p->{"SubnetId.$_"} // () } 1 .. 99;
	my ($bad) = grep { !/^subnet-[a-z]-\d+$/ } @ids;
	return failed('InvalidSubnetID.NotFound', "The subnet ID '$bad' does not exist") if $bad;
	return 200, xml('DescribeSubnets', '<subnetSet>' . join('', map { "<item><subnetId>$_</subnetId>" .
	    '<availabilityZone>' . zone_of($_) . '</availabilityZone><availableIpAddressCount>' . s/.*-//r .
	    '</availableIpAddressCount><tagSet><item><key>Name</key><value>x</value></item></tagSet></item>' } @ids) .
	    '</subnetSet>');
}

sub do_DescribeInstances ($self, $p, $mode) {
	my %f;
	for my $n (1 .. 9) {
		my $name = $p->{"Filter.$n.Name"} or next;
		$f{$name} = { map { defined $p->{"Filter.$n.Value.$_"} ? ($p->{"Filter.$n.Value.$_"} => 1) : () } 1 .. 99 };
	}
	my @all = grep { (!$f{'tag:weir:group'} || $f{'tag:weir:group'}{ $_->{tags}{'weir:group'} // '' }) &&
	    (!$f{'instance-state-name'} || $f{'instance-state-name'}{ $_->{state} }) &&
	    (!$f{'instance-id'} || $f{'instance-id'}{ $_->{id} }) } map { $self->{all}{$_} } sort keys %{ $self->{all} // {} };
	$_->{state} = 'running' for grep { $_->{state} eq 'pending' } @all;
	$_->{state} = 'stopped' for grep { $_->{state} eq 'stopping' } @all;
	my $from = $p->{NextToken} // 0;
	my $page = $mode->{page} // 1000;
	my @part = grep { defined } @all[$from .. ($from + $page - 1 < $#all ? $from + $page - 1 : $#all)];
	my $next = $from + $page < @all ? '<nextToken>' . ($from + $page) . '</nextToken>' : '';
	return 200, xml('DescribeInstances', '<reservationSet>' . join('', map { '<item><reservationId>r-1' .
	    '</reservationId><groupSet><item><groupId>sg-1</groupId></item></groupSet><instancesSet>' . item($_) .
	    '</instancesSet></item>' } @part) . "</reservationSet>$next");
}

# Each has another state from then on; none: it is gone.
sub change ($self, $p, $action, $from, $told, $to = undef) {
	my @ids = map { $p->{"InstanceId.$_"} // () } 1 .. 99;
	my $all = $self->{all} // {};
	for (@ids) {
		return failed('InvalidInstanceID.NotFound', "The instance ID '$_' does not exist") unless $all->{$_};
		return failed('IncorrectInstanceState', "The instance '$_' is not in a state for that")
		    if $from && $all->{$_}{state} !~ $from;
	}
	my $items = '';
	for (@ids) {
		my $was = $all->{$_}{state};
		$items .= "<item><instanceId>$_</instanceId><currentState><code>32</code><name>$told</name>" .
		    "</currentState><previousState><code>16</code><name>$was</name></previousState></item>";
		if ($to) { $all->{$_}{state} = $to } else { delete $all->{$_} }
	}
	return 200, xml($action, "<instancesSet>$items</instancesSet>");
}

sub do_TerminateInstances ($self, $p, $mode) { return $self->change($p, 'TerminateInstances', undef, 'shutting-down') }
sub do_CreateTags ($self, $p, $mode) {
	my @ids = map { $p->{"ResourceId.$_"} // () } 1 .. 99;
	for (@ids) {
		return failed('InvalidInstanceID.NotFound', "The instance ID '$_' does not exist") unless ($self->{all} // {})->{$_};
	}
	for my $id (@ids) {
		$self->{all}{$id}{tags} = { %{ $self->{all}{$id}{tags} }, map { defined $p->{"Tag.$_.Key"} ?
		    ($p->{"Tag.$_.Key"} => $p->{"Tag.$_.Value"}) : () } 1 .. 9 };
	}
	return 200, xml('CreateTags', '<return>true</return>');
}
sub do_StopInstances ($self, $p, $mode) {
	return $self->change($p, 'StopInstances', qr/^(running|stopp)/, 'stopping', 'stopping');
}
sub do_StartInstances ($self, $p, $mode) {
	return $self->change($p, 'StartInstances', qr/^(stopped|pending|running)$/, 'pending', 'pending');
}

1;
