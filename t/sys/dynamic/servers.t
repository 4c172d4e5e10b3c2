# add server, del server, wait: their texts, what a new server begins with, ids,
# what a reload makes of them.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my @srv = map { my $n = $_; Backend->new({ '/' => response(200, "s$n") }) } 1 .. 3;
my $cfg = <<'CFG';
frontend fe
	bind "fd@${fe1}"
	default_backend be
backend be
	balance roundrobin
	default-server weight 7
	server s1 "${S1}" weight 10
	server s2 "${S2}" weight 10
	use-server s2 if { path /two }
	http-request deny if { path /up } { srv_is_up(be/s4) }
	server s3 "${S1}" check weight 0
	server s4 "${S1}" weight 0
	server s5 "${S1}" weight 10
backend static
	balance static-rr
	server s1 "${S1}"
backend empty
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe1'], cfg => $cfg,
    env => { S1 => $srv[0]->addr, S2 => $srv[1]->addr });
my ($a1, $a3) = ($srv[0]->addr, $srv[2]->addr);

sub says ($command, $want) { is $w->cli($command), $want, $command }
sub who () { return $w->http('fe1')->get('/')->{body} }
sub row ($name, $be = 'be') {
	my ($line) = grep { / $be \d+ \Q$name\E / } split /\n/, $w->cli("show servers state $be");
	return $line ? [split / /, $line] : undef;
}

# --- refused
says 'add server d1', "Require 'backend/server'.";
says 'add server nix/d1 127.0.0.1:80', 'No such backend.';
says 'add server be/d1', "'server' expects <name> and <addr>[:<port>] as arguments.";
says 'add server be/s1 127.0.0.1:80', 'Already exists a server with the same name in backend.';
says 'add server static/d1 127.0.0.1:80', "backend 'static' uses a non dynamic load balancing method";
says 'add server be/d1 127.0.0.1:80 foo', "unknown keyword 'foo'.";
says 'add server be/d1 127.0.0.1:80 weight 300', 'weight of server d1 is not within 0 and 256 (300).';
says 'add server be/d1 127.0.0.1:80 from nix', "'from' expects 'default' or the name of a server of backend 'be'.";
says 'add server be/d1 127.0.0.1 check',
    "server 'be/d1' has neither service port nor check port, so it cannot be checked.";
like $w->cli('add server help'), qr/^List of keywords supported for dynamic servers:\n.*^weight$/ms, 'help';
is row('d1'), undef, 'nothing was added';
is $w->info->{Uptime_sec} >= 0, 1;

# --- added
says "add server be/d1 $a3", 'New server registered.';
is_deeply [@{ row('d1') }[2, 5, 6, 7, 13]], [6, 0, 1, 1, 8], 'id, stopped, in maintenance, own weight';
is $w->stat('be', 'd1')->{status}, 'MAINT', 'show stat';
isnt who(), 's3' for 1 .. 4;
says "add server be/d2 $a3 from default", 'New server registered.';
is row('d2')->[7], 7, 'from default: its options';
says "add server be/d3 $a3 from s5 check", 'New server registered.';
is row('d3')->[7], 10, 'from s5: its options';
is row('d3')->[13], 10, 'its checks wait';
says "enable health be/d3", '';
says 'enable health be/d1', 'Health check was not configured on this server, cannot enable.';
says 'enable server be/d1', '';
is $w->stat('be', 'd1')->{status}, 'no check', 'in service';
my %who = map { who() => 1 } 1 .. 30;
ok $who{s3}, 'and serves';
says 'enable server be/d3', '';
$w->wait_for(sub { $w->stat('be', 'd3')->{check_status} eq 'L4OK' });

# --- show default-server
like $w->cli('show default-server'), qr/^# backend default-server\nbe weight 7\nstatic -\nempty -$/m, 'all';
says 'show default-server be', "# backend default-server\nbe weight 7";
says 'show default-server nix', "Can't find backend.";

# --- removed
says 'del server be/nix', 'No such server.';
says 'del server be/d1', 'Only servers in maintenance mode can be deleted.';
says 'del server be/s2', 'This server cannot be removed at runtime due to other configuration elements pointing to it.';
says 'wait 1s srv-removable be/d1', 'Failed. Only servers in maintenance mode can be deleted.';
says 'wait 1s srv-removable be/nix', 'No such server.';
says 'wait 1s foo', "Unknown condition 'foo': expects srv-removable <bk>/<srv>.";
says 'wait x', 'Expects a duration in milliseconds.';
says 'wait 1', '';
like $w->cli('wait -h'), qr/srv-removable/, 'wait -h';
says 'disable server be/d1', '';
says 'wait 2s srv-removable be/d1', 'Done.';
says 'del server be/d1', 'Server deleted.';
is row('d1'), undef, 'gone';
says "add server be/e1 $a3", 'New server registered.';
is row('e1')->[2], 6, 'the lowest free id';
is row('d2')->[2], 7, 'the others keep theirs';
says 'disable server be/s1; wait 2s srv-removable be/s1; del server be/s1', "\nDone.\n\nServer deleted.";
is row('s1'), undef, 'one of the file is gone too';
is row('s2')->[2], 2, 'and the ids behind it stay';

# --- who is needed
says 'add server be/t1 127.0.0.1:80 track be/s3', 'New server registered.';
says 'add server be/t2 127.0.0.1:80 track be/t1', 'unable to use be/t1 for tracking as it was added at run time.';
my $needed = 'This server cannot be removed at runtime due to other configuration elements pointing to it.';
says 'disable server be/s3; del server be/s3', "\n$needed";
says 'disable server be/s4; del server be/s4', "\n$needed";
says 'add server be/c1 127.0.0.1:80 from e1', 'New server registered.';
says 'del server be/e1', $needed;
says 'set server be/e1 name e9', 'This server cannot be renamed at runtime due to other configuration elements pointing to it.';
says 'del server be/c1', 'Server deleted.';
says 'del server be/t1', 'Server deleted.';
says 'enable server be/s3; enable server be/s4', '';

# --- a reload
like $w->cli('reload'), qr/^Success=1/, 'reload';
is row('s1')->[2], 1, 'servers of the file are back';
is row('e1')->[2], 6, 'added ones stay';
is row('d3')->[5], 2, 'with their state';
$w->write_file('t.cfg', $cfg =~ s/\tuse-server/\tserver d2 "\${S1}" weight 3\n$&/r);
like $w->cli('reload'), qr/'be\/d2', which was added at run time, is the one of .*t\.cfg:9/, 'a name in the file wins';
is row('d2')->[8], 3, 'with what is written there';
is row('d2')->[6], 1, 'in the state it has';
says "add server empty/x1 $a3", 'New server registered.';
$w->write_file('t.cfg', $cfg =~ s/backend empty\n//r);
like $w->cli('reload'), qr/'empty\/x1', which was added at run time, goes: its backend is gone/,
    'a backend that is gone takes its servers along';
$w->write_file('t.cfg', $cfg);
like $w->cli('reload'), qr/^Success=1/;
is row('x1', 'empty'), undef, 'for good';

# --- files that are edited meanwhile
$w->write_file('t.cfg', "nonsense\n");
says "add server be/f1 $a3", 'New server registered.';
isnt row('f1'), undef, 'a broken file does not hinder';
$w->write_file('t.cfg', $cfg =~ s/server s1/server other/r);
says "add server be/f2 $a3", 'New server registered.';
is row('other'), undef, 'an edited one is not taken up';

# --- many at once
my @cli = map { $w->cli_session } 1 .. 8;
$cli[$_]->send("add server be/m$_ $a3" . ($_ == 5 ? " weight x\n" : "\n")) for 0 .. 7;
my @said = map { $_->read_all } @cli;
is scalar(grep { /^New server registered/ } @said), 7, 'added together';
like $said[5], qr/^'weight' expects|invalid|weight/, 'and one has its own fault';
is scalar(grep { row("m$_") } 0 .. 7), 7;
done_testing;
