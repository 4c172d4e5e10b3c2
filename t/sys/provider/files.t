# Files on instances: put by command or watched by sync-file, there before an instance
# starts, renamed into place in those that run, kept over restarts; who cannot get them
# is told why.
use v5.36;
use Cwd qw(abs_path);
use File::Temp;
use JSON::PP;
use MIME::Base64;
use Scale;
use Weir;
use Test::More;

# A server that answers with a file of its folder; how often it was told to reload.
my $server = <<'PL';
$| = 1; use IO::Socket::INET; my ($port, $files) = @ARGV; my $told = 0;
my $first = join ",", map { s{.*/}{}r } glob "$files/*";
my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 64, ReuseAddr => 1) or die "no port\n";
$SIG{TERM} = sub { exit 0 }; $SIG{HUP} = sub { $told++ };
while (1) { my $c = $s->accept or next; my $r = <$c>; 1 while (my $l = <$c>) =~ /\S/;
  my ($name) = $r =~ m{^GET /(\S*)}; my $b = "none";
  if ($name eq "first") { $b = $first } elsif ($name eq "told") { $b = $told }
  elsif ($name eq "where") { $b = "$files $ENV{WEIR_FILES}" }
  elsif (open my $f, "<", "$files/$name") { $b = join "", <$f> }
  print $c "HTTP/1.0 200 OK\r\nContent-Length: " . length($b) . "\r\n\r\n$b"; close $c }
PL
my $conf = <<'CFG';
global
	state-dir "${DIR}"
	stats socket "fd@${user}" level user
frontend f
	bind "fd@${http}"
	default_backend app
backend app
	balance roundrobin
	option httpchk GET /
	default-server check inter 100ms rise 1 fall 2
provider local
	type process
	command "${PERL}" "${DIR}/server.pl" {port} {files}
	reload-signal HUP
	kill-after 2s
	describe-every 1s
provider memory
	type test
launch-config small
	provider local
	sync-file watched.txt "${DIR}/watched.txt"
launch-config none
	provider memory
scaling-group web
	launch-config small
	backend app
	size 1 3
	health-check elb
scaling-group other
	launch-config none
	size 1 1
CFG
my $w = Weir->new(defaults => 'http', binds => ['http'], unix => ['user'], keep => 1, cfg => $conf,
    files => { 'server.pl' => $server, 'watched.txt' => "watched 1\n" }, env => { PERL => $^X });
sub serving () { return grep { $_->{serving} && $_->{group} eq 'web' } instances($w, 'web') }
sub get ($path) { return $w->http('http')->request("GET $path HTTP/1.1\r\nHost: a\r\n\r\n")->{body} }
sub put ($name, $text) { return said($w, "file put $name <<END\n${text}END\n") }
sub files ($name = '') { return csv_rows($w->cli("show files $name")) }
# NAME of instances -> "VERSION STATE", "" is the file's own
sub states ($name) { return { map { ($_->{instance}, "$_->{version} $_->{state}") } files($name) } }
sub wait_state ($name, $id, $want) {
	my $last;
	$w->wait_for(sub { ($last = states($name)->{$id} // '') eq $want }, 3, "$name of $id: $want");
	return is $last, $want, "$name: $want";
}

# --- before the start ---
$w->wait_for(sub { serving() == 1 });
my ($one) = serving;
my ($in_memory) = map { $_->{id} } instances($w, 'other');
is get('/first'), 'watched.txt', 'a watched file is there before the start';
is get('/watched.txt'), "watched 1\n", 'as it is';
is get('/where'), join(' ', ($w->dir . "/instances/$one->{id}.files") x 2), 'its folder, by word and environment';
is_deeply states('watched.txt'), { '' => "1 watched: @{[$w->dir]}/watched.txt", $one->{id} => '1 current',
    $in_memory => '0 refused: instances of type test have no disk' }, 'show files';

# --- a command ---
is put('app.conf', "a 1\n\nb\n"), 1, 'file put answers the version';
wait_state('app.conf', $one->{id}, '1 current');
is get('/app.conf'), "a 1\n\nb\n", 'it has it';
is get('/told'), 1, 'and was told';
is put('app.conf', "a 2\n"), 2, 'the next version';
wait_state('app.conf', $one->{id}, '2 current');
is get('/app.conf'), "a 2\n", 'is there';
is put('app.conf', "a 2\n"), 2, 'the same once more is no version';
$w->wait_for(sub { get('/told') == 2 });
is get('/told'), 2, 'told twice';
my ($before) = map { (stat)[1] } $w->dir . "/instances/$one->{id}.files/app.conf";
is put('app.conf', "a 3\n"), 3, 'another';
wait_state('app.conf', $one->{id}, '3 current');
isnt +(stat $w->dir . "/instances/$one->{id}.files/app.conf")[1], $before, 'by rename';
is_deeply decode_json($w->cli('show files app.conf json'))->[0], { name => 'app.conf', version => 3, instance => '',
    state => 'kept' }, 'json';

# --- a watched file ---
$w->write_file('watched.new', "watched 2\n");
rename $w->dir . '/watched.new', $w->dir . '/watched.txt';
wait_state('watched.txt', $one->{id}, '2 current');
is get('/watched.txt'), "watched 2\n", 'a change of it comes';
unlink $w->dir . '/watched.txt';
$w->wait_for(sub { states('watched.txt')->{''} =~ /No such file/ });
is states('watched.txt')->{''}, "2 watched: @{[$w->dir]}/watched.txt: No such file or directory", 'gone';
is get('/watched.txt'), "watched 2\n", 'what was there stays';
$w->write_file('watched.txt', "watched 3\n");
wait_state('watched.txt', $one->{id}, '3 current');
unlike states('watched.txt')->{''}, qr/No such/, 'back';

# --- new instances ---
said($w, 'group set-desired web 2');
$w->wait_for(sub { serving() == 2 });
my ($two) = grep { $_->{id} ne $one->{id} } serving;
is_deeply [sort map { get('/first') } 1 .. 2], ['app.conf,watched.txt', 'watched.txt'], 'all before its start';
is states('app.conf')->{ $two->{id} }, '3 current', 'which is known';

# --- bad words ---
like put('../x', "a\n"), qr/^'\.\.\/x' is no name of a file: 64 of/, 'a path';
like put('.x', "a\n"), qr/is no name/, 'a dot';
like put('x' x 65, "a\n"), qr/is no name/, 'too long';
like put('watched.txt', "a\n"), qr/^'watched\.txt' is what sync-file finds at .*: change it there\.$/, 'watched';
like said($w, 'file delete watched.txt'), qr/change it there/, 'nor deleted';
like said($w, 'file put x'), qr/expects the file's text behind <</, 'no text';
like said($w, 'file delete app.con'), qr/^No such file: 'app\.con', did you mean 'app\.conf'\?$/, 'unknown';
like said($w, 'show files nothing'), qr/^No such file: 'nothing'/, 'unknown';
like put('big', 'x' x (1 << 20) . "\n"), qr/^1048577 bytes are too many, 1048576 at most\.$/, 'too big';
my $user = CLI->new($w->path('user'));
$user->send("file put x <<END\na\nEND\n");
like $user->read_all, qr/^Permission denied/, 'for administrators';
like $w->cli('show audit'), qr/file put app\.conf/, 'in the audit';

# --- an instance that cannot be written to ---
rename $w->dir . "/instances/$two->{id}.files", $w->dir . '/aside';
is put('app.conf', "a 4\n"), 4, 'one more';
wait_state('app.conf', $one->{id}, '4 current');
wait_state('app.conf', $two->{id}, '3 failed: No such file or directory');
rename $w->dir . '/aside', $w->dir . "/instances/$two->{id}.files";
$w->wait_for(sub { states('app.conf')->{ $two->{id} } eq '4 current' }, 10);
is states('app.conf')->{ $two->{id} }, '4 current', 'tried again';

# --- SIGKILL of weir: files, versions, instances ---
$w->stop('KILL');
unlink $w->dir . "/instances/$one->{id}.files/app.conf";
mkdir $w->dir . '/instances/i-gone.files';
$w->write_file('instances/i-gone.files/x', 'of one that never was');
$w->start;
$w->wait_for(sub { serving() == 2 });
wait_state('app.conf', $one->{id}, '4 current');
wait_state('app.conf', $two->{id}, '4 current');
is get('/app.conf'), "a 4\n", 'there again' for 1 .. 2;
ok !-e $w->dir . '/instances/i-gone.files', 'what is left of others goes';

# --- away ---
is said($w, 'file delete app.conf'), '', 'deleted';
$w->wait_for(sub { !keys %{ states('app.conf') } });
is get('/app.conf'), 'none', 'from instances, too' for 1 .. 2;
is put('app.conf', "a 5\n"), 6, 'its versions go on';
wait_state('app.conf', $two->{id}, '6 current');

# --- without the line: a file as others ---
$w->write_file('t.cfg', $conf =~ s/\tsync-file.*\n//r);
like $w->cli('reload'), qr/Success=1/, 'a reload';
is states('watched.txt')->{''}, '3 kept', 'watched no more';
is said($w, 'file delete watched.txt'), '', 'so it can go';

is $w->stop, 143, 'stops';
opendir my $d, $w->dir . '/instances';
is join(' ', grep { !/^\.\.?$/ } readdir $d), '', 'nothing is left of the instances';

# --- words ---
like Weir->check("provider p\n\ttype test\nlaunch-config a\n\tprovider p\n\tsync-file x /dev/null\n" .
    "launch-config b\n\tprovider p\n\tsync-file x /etc/passwd\n")->{err},
    qr/'sync-file x \/dev\/null': launch-config 'b' watches another path under that name/, 'one name, two paths';
like Weir->check("launch-config a\n\tsync-file x /no/such\n")->{err}, qr/cannot read '\/no\/such'/, 'no file';
like Weir->check("launch-config a\n\tsync-file ../x /dev/null\n")->{err}, qr/is no name of a file/, 'no name';

# --- a program ---
my $cloud = File::Temp->newdir;
sub spit ($name, $text) { open my $f, '>', "$cloud/$name" or die; print $f $text; close $f }
spit('brings-files', '');
my $p = Weir->new(defaults => 'http', env => { CLOUD => abs_path('t/data/provider/cloud.pl'), DB => "$cloud" },
    cfg => <<'CFG');
provider direct
	type exec
	command "${CLOUD}" "${DB}"
	describe-every 100ms
launch-config small
	provider direct
scaling-group web
	launch-config small
	size 1 2
	subnets subnet-1 subnet-2
CFG
sub of_cloud ($id) {
	open my $f, '<', "$cloud/db.json" or return {};
	return decode_json(join '', <$f>)->{all}{$id};
}
sub has ($id) {
	my $files = of_cloud($id)->{files};
	return { map { ($_, decode_base64($files->{$_})) } keys %$files };
}
sub of ($id) { return (map { "$_->{version} $_->{state}" } grep { $_->{instance} eq $id } csv_rows($p->cli('show files')))[0] // '' }
$p->wait_for(sub { in_service($p, 'web') == 1 });
my ($vm) = map { $_->{id} } instances($p, 'web');
is_deeply of_cloud($vm)->{subnets}, ['subnet-1', 'subnet-2'], 'the subnets of its group';
is said($p, "file put a.txt <<END\none\nEND\n"), 1, 'for a program';
$p->wait_for(sub { of($vm) eq '1 current' });
is_deeply has($vm), { 'a.txt' => "one\n" }, 'it was given the file';
spit('mode', 'file capacity');
is said($p, "file put a.txt <<END\ntwo\nEND\n"), 2, 'which it refuses';
$p->wait_for(sub { of($vm) =~ /failed/ });
is of($vm), '1 failed: no host left', 'and says why';
spit('mode', '');
$p->wait_for(sub { of($vm) eq '2 current' });
is_deeply has($vm), { 'a.txt' => "two\n" }, 'then again';
said($p, 'group set-desired web 2');
$p->wait_for(sub { in_service($p, 'web') == 2 });
my ($new) = grep { $_ ne $vm } map { $_->{id} } instances($p, 'web');
is of($new), '2 current', 'a launch brings it';
is_deeply has($new), { 'a.txt' => "two\n" }, 'to be there from its start';
said($p, 'file delete a.txt');
$p->wait_for(sub { !%{ has($vm) } && !%{ has($new) } });
is_deeply [has($vm), has($new)], [{}, {}], 'deleted';
is $p->stop, 143, 'stops';

# --- no state-dir ---
my $bare = Weir->new(defaults => 'http', cfg => <<'CFG', env => { PERL => $^X });
provider local
	type process
	command /usr/bin/tail -f {files}
launch-config small
	provider local
scaling-group web
	launch-config small
	size 1 1
CFG
$bare->wait_for(sub { instances($bare, 'web') == 1 });
$bare->cli("file put x <<END\na\nEND\n");
my ($row) = grep { $_->{instance} } csv_rows($bare->cli('show files'));
is $row->{state}, 'refused: it needs a state-dir', 'without a state-dir';
is $bare->stop, 143, 'stops';
done_testing;
