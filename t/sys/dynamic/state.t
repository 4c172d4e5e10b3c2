# State files: written by command, read at start; what is restored and what is not.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my @srv = map { my $n = $_; Backend->new({ '/' => response(200, "s$n") }) } 1 .. 2;
my $cfg = <<'CFG';
global
	server-state-base "${DIR}"
	server-state-file all.state
defaults d
	mode http
	timeout connect 10s
	timeout client 10s
	timeout server 10s
	load-server-state-from-file global
frontend fe from d
	bind "fd@${fe1}"
	default_backend be
backend be from d
	balance roundrobin
	server s1 "${S1}" weight 10
	server s2 "${S2}" weight 10
	server s3 "${S1}" weight 10
	server s4 "${S1}" check inter 1h rise 9
	server s5 "${S1}" disabled
backend own from d
	load-server-state-from-file local
	server-state-file-name mine.state
	server o1 "${S1}"
backend own2 from d
	load-server-state-from-file local
	server-state-file-name use-backend-name
	server o1 "${S1}"
backend none from d
	load-server-state-from-file none
	server n1 "${S1}"
CFG
my %o = (binds => ['fe1'], cfg => $cfg, keep => 1,
    env => { S1 => $srv[0]->addr, S2 => $srv[1]->addr });
my $w = Weir->new(%o);
sub says ($command, $want) { is $w->cli($command), $want, $command }
sub row ($name, $be = 'be') {
	my ($line) = grep { / $be \d+ \Q$name\E / } split /\n/, $w->cli("show servers state $be");
	return $line ? [split / /, $line] : undef;
}
my $dir = $w->dir;
like $w->stderr, qr/Can't open global server state file '\Q$dir\E\/all\.state': No such file/, 'a missing file is told';
like $w->stderr, qr/Can't open backend server state file '\Q$dir\E\/own2'/, 'of a backend too';

my $a2 = $srv[1]->addr;
$w->cli($_) for 'set weight be/s1 3', 'set server be/s2 state maint', 'set server be/s3 state drain',
    'set server be/s4 health down', 'enable server be/s5', 'set weight own/o1 9',
    'set server own2/o1 state drain', 'set weight none/n1 5',
    "add server be/d1 $a2 weight 4 check", 'enable health be/d1', 'enable server be/d1',
    "add server be/d2 $a2", 'set server be/d2 addr 127.0.0.7', 'set weight be/d2 8',
    "add server own/x $a2", "add server none/x $a2", 'set server be/s1 addr 127.0.0.9';
says 'save servers state', '';
my $text = $w->read_file('all.state');
like $text, qr/\A1\n# be_id be_name /, 'the form of show servers state';
like $text, qr/^#\+ cli 6 be d1 \Q$a2\E weight 4 check$/m, 'with what was added';
unlike $text, qr/ none /, 'none is none';
like $w->read_file('mine.state'), qr/^#\+ cli 2 own x /m, 'a file of its own';
like $w->read_file('own2'), qr/ own2 1 o1 /, 'named like the backend';

# --- another process
is $w->stop, 143;
sub again ($change = sub ($text) { $text }) {
	$w->stop if $w->alive;
	$w->write_file('t.cfg', $change->($cfg));
	$w->listen_tcp('fe1') if !$w->{fds}{fe1};
	$w->start;
}
again();
is row('s1')->[7], 3, 'weight';
is row('s1')->[4], '127.0.0.1', 'an address that is written stays as it is written';
is row('s2')->[6] & 1, 1, 'maintenance';
is row('s3')->[6] & 8, 8, 'drain';
like $w->stat('be', 's4')->{status}, qr|^DOWN|, 'down by checks';
is row('s5')->[6], 5, 'disabled by the file, as it says now';
is row('o1', 'own')->[7], 9, 'a file of its own';
is row('o1', 'own2')->[6], 8, 'and another';
is row('n1', 'none')->[7], 1, 'none';
is_deeply [@{ row('d1') }[2, 5, 6, 7]], [6, 2, 0, 4], 'an added server with id, state, weight';
is row('d1')->[13] & 4, 4, 'its checks go on';
is_deeply [@{ row('d2') }[2, 4, 6, 7]], [7, '127.0.0.7', 1, 8], 'with the address it had';
is row('x', 'own')->[2], 2;
is row('x', 'none'), undef;
my %who = map { $w->http('fe1')->get('/')->{body} => 1 } 1 .. 20;
ok $who{s2}, 'it serves';
like $w->cli('reload'), qr/^Success=1/;
isnt row('d1'), undef, 'and a reload keeps it';

# --- another configuration
again(sub ($t) { $t =~ s/server s1 .*weight 10/server s1 "\${S1}" weight 20/r =~ s/(server s2.*)/$1\n\tserver d1 "\${S1}" weight 77/r });
is row('s1')->[7], 20, 'a weight that is written anew holds';
is_deeply [@{ row('d1') }[2, 7, 8]], [3, 77, 77], 'a name in the file wins';

# --- files from anywhere
$w->write_file('all.state', "1\n# x\nnonsense\n3 be 1 s1 127.0.0.1 2 0 300 10 2 15 3 4 6 0 0 0 - 80 - 0 0 - - 0\n" .
    "#+ cli 3 be z\n#+ cli 9 be y 127.0.0.1:9 weight %zz\n3 be 2 s2 127.0.0.1 2 8 7 10 2 15 3 4 6 0 0 0 - 80 - 0 0 - - 0");
again();
like $w->stderr, qr/4 lines of the global server state file .* make no sense/, 'lines that make no sense';
is row('s2')->[7], 7, 'do not hinder the others';
$w->write_file('all.state', "2\n");
again();
like $w->stderr, qr/Can't get version of the global server state file/, 'another version';
$w->write_file('all.state', '');
again();
like $w->stderr, qr/the global server state file '.*' is empty/, 'an empty one';

# --- words
like Weir->check("backend b\n\tload-server-state-from-file x\n")->{err} // '',
    qr/expects 'global', 'local' or 'none'\. Got 'x'/, 'a bad word';
again(sub ($t) { $t =~ s/server-state-file all.state//r =~ s/ local/ none/gr });
says 'save servers state', 'The configuration names no server state file.';
done_testing;
