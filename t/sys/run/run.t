# conf/run, as `make run` calls it: HTTP, HTTPS, the socket, a stop that leaves
# nothing behind. In a network namespace of its own, because ports are fixed.
use v5.36;
use Netns;
use Cwd qw(abs_path);
use File::Temp;
use POSIX qw(WNOHANG);
use Socket;
use Tmux;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
$ENV{WEIR_RUN} = $ENV{WEIR_STATE} = "$dir";

sub start () {
	my $pid = fork // die;
	return $pid if $pid;
	open STDOUT, '>', "$dir/out";
	open STDERR, '>', "$dir/err";
	exec 'sh', 'conf/run', Weir::bin() or POSIX::_exit(127);
}

sub slurp ($file) {
	open my $f, '<', $file or return '';
	local $/;
	return <$f> // '';
}

sub fetch ($url) {
	return Weir::run_command('curl', '-sk', '--max-time', 5, $url)->{out};
}

my $pid = start();
ok Weir::poll(sub { fetch('http://127.0.0.1:8080/x') =~ /^instance \d+ answers GET/ }, 10),
    'HTTP' or diag slurp("$dir/err");
my $cli = CLI->new("$dir/weir.sock");
is $cli->ask('group set-desired demo 2') =~ s/\s+\z//r, 'desired 1 -> 2', 'another instance';
my %seen;
ok Weir::poll(sub {
	$seen{$1}++ if fetch('http://127.0.0.1:8080/') =~ /^instance (\d+)/;
	return keys %seen == 2;
}, 10), 'both answer' or diag explain \%seen;
like fetch('https://127.0.0.1:8443/y'), qr{^instance \d+ answers GET /y from 127.0.0.1}, 'HTTPS';
is sprintf('%o', (stat "$dir/weir.pem")[2] & 07777), 600, 'the key is private';
like CLI->new("$dir/weir.sock")->ask('show info'), qr/^Pid: /m, 'the socket';
like slurp("$dir/out"), qr{http://127\.0\.0\.1:8080/}, 'it says where to look';
like slurp("$dir/out"), qr{ demo/i-[0-9a-f]{17} .*"GET /y HTTP}, 'the log goes to stdout';

my $made = (stat "$dir/weir.pem")[9];
sub demos () { return grep { slurp("/proc/$_/environ") =~ /WEIR_GROUP=demo\0/ &&
    slurp("/proc/$_/cmdline") =~ /^\Q@{[abs_path(Weir::bin())]}\E\0/ } map { m{/(\d+)$} } glob '/proc/[0-9]*' }
my %old = map { $_ => 1 } CLI->new("$dir/weir.sock")->ask('show instances') =~ /^(i-\w+)/mg;
my @demos = demos();
cmp_ok scalar(@demos), '>=', 2, 'its demo servers';
kill 'INT', $pid;
ok Weir::poll(sub { waitpid($pid, WNOHANG) == $pid }, 10), 'Ctrl-C ends it';
is $? & 127, 2, 'by that signal';
my %left = map { $_ => 1 } demos();
is scalar(grep { $left{$_} } @demos), 0, 'and nothing stays behind';

# A port in use: one line that says which, exit 1, everything ended.
socket my $busy, AF_INET, SOCK_STREAM, 0;
bind $busy, pack_sockaddr_in(8080, inet_aton('127.0.0.1')) or die;
listen $busy, 1;
$pid = start();
ok Weir::poll(sub { waitpid($pid, WNOHANG) == $pid }, 10), 'a port in use ends it';
is $? >> 8, 1, 'exit 1';
like slurp("$dir/err"), qr/127\.0\.0\.1:8080/, 'and the address is named';
is((stat "$dir/weir.pem")[9], $made, 'the certificate is made once');

# --- On a terminal weirtop shows it, and all ends with it -----------------------

close $busy;
SKIP: {
	my $t = Tmux->new(['env', "WEIR_RUN=$dir", "WEIR_STATE=$dir", 'sh', 'conf/run', Weir::bin()])
	    or skip 'no tmux here', 1;
	$t->sees(qr/weirtop +demo .*\n.*1 Overview.*Backends 1\b/s, 'weirtop shows it');
	ok Weir::poll(sub {
		my $now = CLI->new("$dir/weir.sock")->ask('show instances');
		return 2 == grep { !$old{$_} } $now =~ /^(i-\w+),.*,InService,Healthy,1,/mg;
	}, 10),
	    'all instances were gone with the last run; the group is whole again';
	$t->sees(qr/Backends 1\b.*demo .* 2\/2 .*Scaling.*demo +1 +2 +3/s, 'weirtop shows that too');
	like slurp("$dir/weir.log"), qr{^instance i-\S+ of group demo}m, 'the log goes into a file';
	my $load = Weir::run_command('perl', 'conf/load', '127.0.0.1:8080', 2);
	like $load->{out}, qr/^\d+ x 200/m, 'conf/load loads it';
	$t->sees_row([qr/demo/, qr/ [1-9]\d* +0\.\d/], 'and the picture moves');
	$t->keys('q');
	is $t->status, 0, 'q ends it';
	ok Weir::poll(sub { !demos() }, 10), 'and all that it started';
}
done_testing;
