# Debian's own haproxy.cfg with a frontend and a backend appended: weir starts as
# root and unchanged, drops to the user and folder named there, serves and logs.
# In a mount namespace with an empty /run and /var/lib/haproxy, as at boot.
use v5.36;
use Test::More;

my $CFG = '/etc/haproxy/haproxy.cfg';
if (!$ENV{WEIR_T_INSIDE}) {
	plan skip_all => 'not root' if $> != 0;
	plan skip_all => "no $CFG" unless -r $CFG;
	plan skip_all => 'no user haproxy' unless getpwnam 'haproxy';
	plan skip_all => 'no mount namespaces here'
	    if system('unshare -m --propagation private true 2>/dev/null') != 0;
	$ENV{WEIR_T_INSIDE} = 1;
	exec qw(unshare -m --propagation private), $^X, '-It/lib', $0 or die;
}

require Weir;
Weir->import;
require Backend;
require SyslogSink;
require Cert;
require File::Temp;
use Socket qw(SOCK_STREAM);

my ($uid, $gid) = (getpwnam 'haproxy')[2, 3];
for my $dir (qw(/run /var/lib/haproxy)) {
	system('mount', '-t', 'tmpfs', 'none', $dir) == 0 or plan skip_all => "mount: $dir";
}
mkdir $_ or die "$_: $!" for qw(/run/haproxy /var/lib/haproxy/dev);
chown $uid, $gid, '/run/haproxy';

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
chmod 0755, "$dir";
my $srv = Backend->new(Backend::response(200, "hello\n"));
my $log = SyslogSink->new(path => '/var/lib/haproxy/dev/log');
chmod 0666, '/var/lib/haproxy/dev/log';
my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 64,
    Type => SOCK_STREAM) or die "listen: $@";
my $port = $s->sockport;

sub write_cfg ($more) {
	Cert::spew("$dir/haproxy.cfg", Cert::slurp($CFG) .
	    "frontend fe\n\tbind 127.0.0.1:$port\n\tdefault_backend be\n" .
	    "backend be\n\tserver s1 @{[ $srv->addr ]}\n$more");
}
write_cfg('');
my $r = Weir->run('-c', '-V', '-f', "$dir/haproxy.cfg");
is $r->{code}, 0, 'weir -c';
is $r->{err}, '', 'without a word';
is $r->{out}, "Configuration file is valid\n";

close $s;
$r = Weir->run('-f', "$dir/haproxy.cfg", '-p', "$dir/pid");
is $r->{code}, 0, 'it starts in the background';
is $r->{err}, '', 'without a word';
my $pid = Cert::slurp("$dir/pid") =~ s/\n\z//r;
like $pid, qr/^\d+$/, 'the pid file has its pid' or BAIL_OUT('no pid');
END { kill 'KILL', $pid if $pid && kill 0, $pid }

sub status ($file) {
	return { Cert::slurp($file) =~ /^(\w+):[ \t]*(.*)$/mg };
}
my @tasks = glob "/proc/$pid/task/*/status";
cmp_ok scalar @tasks, '>=', 4, 'threads';
splice @tasks, 1, 1 if ($ENV{VARIANT} // '') eq 'tsan';	# the sanitizer's own
for my $file (@tasks) {
	my $t = status($file);
	is_deeply [map { $t->{$_} =~ s/\s+/ /gr } qw(Uid Gid Groups NoNewPrivs)],
	    ["$uid $uid $uid $uid", "$gid $gid $gid $gid", '', '1'],
	    'identity of a thread';
	is $t->{CapEff}, '0000000000000000', 'no capability';
}
is readlink "/proc/$pid/root", '/var/lib/haproxy', 'the root folder';
is readlink "/proc/$pid/cwd", '/var/lib/haproxy', 'the working folder';
like status("/proc/$pid/status")->{Name}, qr/^weir/;

my $url = "http://127.0.0.1:$port/x";
sub curl (@args) { return Weir::run_command('curl', '-sS', '-m', 5, @args) }
is curl($url)->{out}, "hello\n", 'it serves';
like $log->find(qr/GET/) // '', qr{^<134>\w+ [ \d]\d [\d:]+ weir\[$pid\]: \S+ \[.*\] fe be/s1 .* "GET /x HTTP/1.1"$},
    'the log arrives inside the root folder';
my $bad = curl('-i', '-H', 'Host: a:b:c', $url)->{out};
is $bad =~ s/\A.*?\r\n\r\n//sr, Cert::slurp('/etc/haproxy/errors/400.http') =~ s/\A.*?\r?\n\r?\n//sr,
    'error pages of the package';

my @st = stat '/run/haproxy/admin.sock';
is sprintf('%o', $st[2] & 0777), '660', 'mode of the stats socket';
my $info = CLI->new('/run/haproxy/admin.sock')->ask('show info');
like $info, qr/^Pid: $pid$/m, 'the stats socket answers';
is CLI->new('/run/haproxy/admin.sock')->ask('disable server be/s1'), '', 'at level admin';
like curl('-i', $url)->{out}, qr{^HTTP/1\.[01] 503 }, 'and is obeyed';
CLI->new('/run/haproxy/admin.sock')->ask('enable server be/s1');
is curl($url)->{out}, "hello\n";

write_cfg("backend more\n\tserver s2 @{[ $srv->addr ]}\n");
kill 'HUP', $pid;
ok Weir::poll(sub { CLI->new('/run/haproxy/admin.sock')->ask('show stat') =~ /^more,s2,/m }),
    'a reload finds the files from inside';
is curl($url)->{out}, "hello\n";

kill 'TERM', $pid;
ok Weir::poll(sub { !kill 0, $pid }), 'it ends';
undef $pid;
done_testing;
