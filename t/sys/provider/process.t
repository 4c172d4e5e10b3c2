# The provider process: a group of real processes behind a backend; what they are
# told, what is kept of what they wrote, and what becomes of them when they or weir
# end: an orderly stop ends them, after SIGKILL the next weir takes them over.
use v5.36;
use POSIX ();
use Scale;
use Weir;
use Test::More;

my $perl = $^X;
# A server in a line: says who it is, answers with its user data, ends on TERM.
my $server = <<'PL';
$| = 1; use IO::Socket::INET; my ($id, $addr, $port, $file) = @ARGV;
my $s = IO::Socket::INET->new(LocalAddr => $addr, LocalPort => $port, Listen => 64, ReuseAddr => 1) or die "no port\n";
open my $f, "<", $file; my $data = join "", <$f>; close $f;
print "up $id \e[1m\n"; $SIG{TERM} = sub { print "down\n"; exit 0 };
while (my $c = $s->accept) { my $r = <$c>; 1 while (my $l = <$c>) =~ /\S/;
  $r =~ /burn/ and do { my $n = 0; my $e = time + 2; $n++ while time < $e };
  my $b = $r =~ /env/ ? join(",", map { "$_=$ENV{$_}" } sort keys %ENV) : "$id $data";
  print $c "HTTP/1.0 200 OK\r\nContent-Length: " . length($b) . "\r\n\r\n$b"; close $c }
PL
my $conf = <<'CFG';
global
	state-dir "${DIR}"
frontend f
	bind "fd@${http}"
	default_backend app
backend app
	balance roundrobin
	option httpchk GET /
	default-server check inter 100ms rise 1 fall 2
provider local
	type process
	command "${PERL}" "${DIR}/server.pl" {id} {address} {port} {user-data-file} {other}
	kill-after 2s
	describe-every 1s
provider limited
	type process
	command /usr/bin/tail -f /dev/null
	cgroup /no/such/cgroup
	limit memory 64m
launch-config small
	provider local
	user-data hello there
scaling-group web
	launch-config small
	backend app
	size 1 4
	health-check elb
CFG
my $w = Weir->new(defaults => 'http', binds => ['http'], keep => 1, cfg => $conf,
    files => { 'server.pl' => $server }, env => { PERL => $perl });
sub serving () { return grep { $_->{serving} } instances($w, 'web') }
sub wait_serving ($n) { return $w->wait_for(sub { (serving) == $n }) }
sub pids () { return grep { /\S/ } map { s/\D.*//sr } grep { /\Q@{[$w->dir]}\E\/server\.pl/ } split /^ */m, `ps axo pid,args` }
sub missing_of ($name) { return (grep { $_->{name} eq $name } csv_rows($w->cli('show providers')))[0]{missing} }
sub get ($path) { return $w->http('http')->request("GET $path HTTP/1.1\r\nHost: a\r\n\r\n") }

wait_serving(1);
my ($one) = serving;
like $one->{id}, qr/^i-[0-9a-f]{17}$/, 'an id';
like $one->{address}, qr/^127\.0\.0\.1:\d+$/, 'an address';
is get('/')->{body}, "$one->{id} hello there", 'serves, with user data';
my $env = get('/env')->{body};
is $env =~ s/WEIR_PORT=\d+/WEIR_PORT=N/r, "LANG=C,PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin," .
    "WEIR_ADDRESS=127.0.0.1,WEIR_FILES=@{[$w->dir]}/instances/$one->{id}.files,WEIR_GROUP=web,WEIR_ID=$one->{id},WEIR_PORT=N," .
    "WEIR_USER_DATA=/proc/self/fd/3,WEIR_ZONE=us-east-1a", 'a clean environment';
$w->wait_for(sub { $w->cli("show instance $one->{id} console") =~ /up/ });
is said($w, "show instance $one->{id} console"), "up $one->{id} \\x1b[1m", 'its output';

is said($w, 'group set-desired web 3'), 'desired 1 -> 3', 'three';
wait_serving(3);
my %ports = map { $_->{address} => 1 } serving;
is scalar(keys %ports), 3, 'a port each';
is said($w, 'group set-desired web 2'), 'desired 3 -> 2', 'two';
$w->wait_for(sub { instances($w, 'web') == 2 });
is scalar(pids()), 2, 'one has ended';

# --- one ends by itself ---
my @before = map { $_->{id} } instances($w, 'web');
kill KILL => (pids())[0];
# one answer for all of it: a list from before its end has two that serve as well
$w->wait_for(sub { my @all = instances($w, 'web'); 2 == grep({ $_->{serving} } @all) && @all == 2 &&
    "@before" ne join(' ', map { $_->{id} } @all) && pids() == 2 });
my %now = map { $_->{id} => 1 } instances($w, 'web');
my ($gone) = grep { !$now{$_} } @before;
ok $gone, 'replaced';
like said($w, "show instance $gone console"), qr/^up $gone /, 'its output is kept';

# --- SIGKILL of weir: they go on, the next one has them ---
my @ids = sort map { $_->{id} } instances($w, 'web');
my @pids = sort(pids());
$w->stop('KILL');
is join(' ', sort(pids())), "@pids", 'they live on';
# one of the processes beside them has other things to do when the next one asks
my ($beside) = `ps -o ppid= -p $pids[0]` =~ /(\d+)/;
kill STOP => $beside;
my $goes_on = fork // die;
if (!$goes_on) { Weir::nap(0.5); kill CONT => $beside; POSIX::_exit(0) }
$w->start;
waitpid $goes_on, 0;
wait_serving(2);
is join(' ', sort map { $_->{id} } instances($w, 'web')), "@ids", 'the next weir has them';
is join(' ', sort(pids())), "@pids", 'the very ones';
like get('/')->{body}, qr/hello there/, 'they serve';
$w->wait_for(sub { $w->cli("show instance $ids[0] console") =~ /up/ });
like said($w, "show instance $ids[0] console"), qr/^up $ids[0]/, 'with their output';
is said($w, 'group set-desired web 1'), 'desired 2 -> 1', 'one of them goes';
$w->wait_for(sub { instances($w, 'web') == 1 });
is scalar(pids()), 1, 'it has ended';

# --- show providers ---
my ($p) = csv_rows($w->cli('show providers'));
is "$p->{name} $p->{type} $p->{state}", 'local process ok', 'show providers';
cmp_ok $p->{calls}, '>', 2, 'calls';
is $p->{errors}, 0, 'no errors';
like $w->cli('show provider local'), qr/^describe-every: 1000ms$/m, 'show provider';
like $w->cli('show provider lokal'), qr/^No such provider: 'lokal', did you mean 'local'\?/, 'near';

# --- what this machine refuses is said, and an instance runs without ---
is missing_of('limited'), 'cgroup /no/such/cgroup: No such file or directory', 'missing';
is missing_of('local'), '', 'nothing is missing';
like said($w, 'provider call limited launch launch-config small'), qr/"state":"running"/, 'it runs';

# --- a reload cannot name new programs ---
$w->write_file('t.cfg', $conf =~ s/\{other\}/{new}/r);
like $w->cli('reload'), qr/with these words was not named when the process started: a new program needs a restart/,
    'refused';

# --- an orderly stop ends them ---
is $w->stop, 143, 'stops';
is scalar(pids()), 0, 'nothing is left';
opendir my $d, $w->dir . '/instances';
is join(' ', grep { !/^\./ } readdir $d), '', 'nor its sockets';
done_testing;
