# Words of providers that start programs, and what is wrong with them.
use v5.36;
use File::Temp;
use Weir;
use Test::More;

my $r = Weir->check("provider p\n" . join '', map { "\t$_\n" } 'type process',
    'command /bin/true {id} {port}', 'port-range 20000-20999', 'user nobody', 'directory /tmp',
    'cgroup /sys/fs/cgroup/weir', 'limit cpu 50%', 'limit memory 256m', 'stop-signal SIGINT',
    'reload-signal HUP', 'kill-after 5s');
is $r->{code}, 0, 'all words of process' or diag $r->{err};

for (
	["command bin/true", qr/'command': 'bin\/true' is no absolute path\./],
	["port-range 1-70000", qr/'port-range' expects two ports as 20000-20999, not '1-70000'\./],
	["port-range 9-8", qr/'port-range' expects two ports/],
	["user no-such-user", qr/'user': there is no user 'no-such-user' here\./],
	["limit disk 5", qr/'limit' expects 'cpu' or 'memory', not 'disk'\./],
	["limit cpu 0", qr/'limit cpu'/],
	["stop-signal STOP", qr/'stop-signal' expects TERM, INT, /],
	["reload-signal CHLD", qr/'reload-signal' expects TERM, INT, /],
	["kill-after 5", qr/'kill-after 5': say 5s/],
	["cgroup weir", qr/'cgroup': 'weir' is no absolute path\./],
	["delay 5s", qr/'delay' is no word of a provider of type process\./],
) {
	my ($line, $want) = @$_;
	my $c = Weir->check("provider p\n\ttype process\n\tcommand /bin/true\n\t$line\n");
	like $c->{err}, $want, $line;
}
like Weir->check("provider p\n\ttype process\n")->{err}, qr/provider 'p' has no 'command'\./, 'no command';
like Weir->check("provider p\n\tcommand /bin/true\n\ttype process\n")->{err},
    qr/'command': say 'type' first\./, 'the type comes first';
is Weir->check("provider p\n\ttype netns\n\tcommand /bin/true\n\tbridge br0\n\tsubnet 10.9.0.0/24\n")->{code},
    0, 'netns';
for (
	["bridge br/0", qr/'bridge': 'br\/0' is no name of an interface\./],
	["bridge a-much-too-long-name", qr/'bridge'/],
	["subnet 10.9.0.0", qr/'subnet' expects an IPv4 network as 10\.9\.0\.0\/24/],
	["subnet 10.9.0.0/31", qr/'subnet' expects/],
	["bridge br0", qr/provider 'p' needs 'bridge' and 'subnet'\./],
	["port-range 1-2", qr/'port-range' is no word of a provider of type netns\./],
) {
	my ($line, $want) = @$_;
	like Weir->check("provider p\n\ttype netns\n\tcommand /bin/true\n\t$line\n")->{err}, $want, $line;
}

my $folder = File::Temp->newdir;
for (['golden', "QFI\xfb"], ['firmware', 'x'], ['other', 'x']) {
	open my $f, '>', "$folder/$_->[0]" or die;
	print $f $_->[1];
}
my $qemu = "global\n\tstate-dir $folder\nprovider p\n\ttype qemu\n\tgolden $folder/golden\n";
$r = Weir->check($qemu . join '', map { "\t$_\n" } 'memory 512m', 'cpus 2', 'accel kvm', 'network user', 'port 8080',
    'port-range 20000-20999', "firmware $folder/firmware", 'kill-after 30s', 'limit cpu 100%', 'cgroup /sys/fs/cgroup/weir',
    'command /opt/qemu/qemu-system-x86_64 -device virtio-balloon-pci');
is $r->{code}, 0, 'all words of qemu' or diag $r->{err};
is Weir->check("$qemu\tnetwork tap\n\tbridge br0\n\tsubnet 10.9.0.0/24\n")->{code}, 0, 'network tap';
for (
	['golden /no/such', qr/'golden': cannot open '\/no\/such': No such file or directory\./],
	['golden some.qcow2', qr/'golden': 'some\.qcow2' is no absolute path\./],
	["golden $folder/other", qr/'golden': '\S+other' is no image of format qcow2\./],
	['firmware /no/such', qr/'firmware': cannot open '\/no\/such'/],
	['memory 8m', qr/'memory'/],
	['memory 33333k', qr/'memory' expects whole megabytes, as 128m, not '33333k'\./],
	['cpus 0', qr/'cpus'/],
	['accel hvf', qr/'accel' expects 'tcg' or 'kvm', not 'hvf'\./],
	['network bridge', qr/'network' expects 'user' or 'tap', not 'bridge'\./],
	['network tap', qr/:3\] .*provider 'p' with 'network tap' needs 'bridge' and 'subnet'\./],
	['bridge br0', qr/provider 'p': 'bridge' and 'subnet' are of 'network tap'\./],
	['port 0', qr/'port'/],
	['stop-signal TERM', qr/'stop-signal' is no word of a provider of type qemu\./],
	['user nobody', qr/'user' is no word of a provider of type qemu\./],
) {
	my ($line, $want) = @$_;
	like Weir->check("$qemu\t$line\n")->{err}, $want, $line;
}
like Weir->check("provider p\n\ttype qemu\n\tgolden $folder/golden\n")->{err},
    qr/:1\] .*provider 'p' of type qemu needs a 'state-dir' in section global/, 'no state-dir';
like Weir->check("global\n\tstate-dir $folder\nprovider p\n\ttype qemu\n")->{err},
    qr/provider 'p' has no 'golden'\./, 'no golden';
done_testing;
