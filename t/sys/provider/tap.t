# The provider qemu with an address of its own for each machine, on a bridge; with
# WEIR_SLOW=1 one that boots and serves there.
use v5.36;
use Netns;
use Conform;
use File::Temp;
use Golden;
use Scale;
use Weir;
use Test::More;

plan skip_all => no_qemu() if no_qemu();
plan skip_all => 'no tap interfaces here' if system('ip tuntap add dev t0 mode tap 2>/dev/null') != 0;

my $folder = File::Temp->newdir;
my $tap = "\tmemory 32m\n\tnetwork tap\n\tbridge wbr1\n\tsubnet 10.9.1.0/24\n\tkill-after 200ms\n";
my $before = "global\n\tstate-dir \"\${DIR}\"\n";
my $empty = empty_image("$folder/empty.qcow2");
conform('tap', "\ttype qemu\n\tgolden $empty\n$tap", before => $before);
is scalar(() = `ip -o link show` =~ /: w[0-9a-f]{14}:/g), 0, 'no interface is left';

SKIP: {
	skip 'WEIR_SLOW is not set', 1 unless $ENV{WEIR_SLOW};
	my ($image, $why) = golden();
	skip $why, 1 if !$image;
	$tap =~ s/32m/128m/;
	my $w = Weir->new(defaults => 'http', binds => ['http'], cfg => <<"CFG");
$before
frontend f
	bind "fd\@\${http}"
	default_backend app
backend app
	option httpchk GET /
	default-server check inter 200ms rise 1
provider p
	type qemu
	golden "$image"
$tap
launch-config l
	provider p
scaling-group web
	launch-config l
	backend app
	size 1 1
CFG
	ok $w->wait_for(sub { grep { $_->{serving} } instances($w, 'web') }, 90), 'serves';
	is((instances($w, 'web'))[0]{address}, '10.9.1.2:80', 'its address');
	like $w->http('http')->request("GET /meta-data HTTP/1.1\r\nHost: a\r\n\r\n")->{body},
	    qr{^weir-address: 10\.9\.1\.2/24$}m, 'which it was told';
	$w->stop;
}
done_testing;
