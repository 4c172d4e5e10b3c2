# The provider netns: processes with a network of their own, all at the same port.
use v5.36;
use Netns;
use Conform;
use Cwd qw(abs_path);
use Scale;
use Weir;
use Test::More;

my $net = "\ttype netns\n\tcommand /usr/bin/tail -f /dev/null\n\tbridge wbr0\n\tsubnet 10.9.0.0/24\n";
conform('netns', $net);

my $w = Weir->new(defaults => 'http', binds => ['http'], env => { WEIR => abs_path(Weir::bin()) },
    files => { 'app.cfg' => <<'APP' }, cfg => <<'CFG');
defaults
	mode http
	timeout client 10s
frontend app
	bind :80
	http-request return status 200 content-type text/plain lf-string %[env(WEIR_ADDRESS)]
APP
frontend f
	bind "fd@${http}"
	default_backend app
backend app
	option httpchk GET /
	default-server check inter 100ms rise 1
provider local
	type netns
	command "${WEIR}" -db -f "${DIR}/app.cfg"
	bridge wbr0
	subnet 10.9.0.0/24
launch-config small
	provider local
	metrics provider every 1s
scaling-group web
	launch-config small
	backend app
	size 2 3
	health-check elb
CFG
$w->wait_for(sub { 2 == grep { $_->{serving} } instances($w, 'web') }, 10);
is join(' ', sort map { $_->{address} } instances($w, 'web')), '10.9.0.2:80 10.9.0.3:80', 'an address each';
my %seen;
$w->wait_for(sub {
	$seen{ $w->http('http')->request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")->{body} }++;
	keys %seen == 2;
});
is join(' ', sort keys %seen), '10.9.0.2 10.9.0.3', 'both serve';
$w->wait_for(sub { $w->cli('show metrics namespace AWS/EC2 name NetworkIn') =~ /InstanceId/ }, 10);
like $w->cli('show metrics namespace AWS/EC2 name NetworkIn'), qr/NetworkIn,.*InstanceId/, 'their traffic is measured';
like $w->cli('show metrics namespace AWS/EC2 name CPUUtilization'), qr/CPUUtilization,.*InstanceId/, 'and their CPU';
is $w->stop, 143, 'stops';
done_testing;
