# weirtop on a terminal, Debian's haproxy behind it: a server by key and back; the balancer
# goes and comes back; a weir beside it.
use v5.36;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use HAProxy;
use Weir;
use Tmux;
use Test::More;

plan skip_all => 'no tmux here' if !-x '/usr/bin/tmux';
my $w = Weir->new(defaults => 'http', cfg => <<'CFG');
backend local
	server solo 127.0.0.1:1
CFG
my $path = $w->file('h.sock');
$w->write_file('h.cfg', <<"CFG");
global
	stats socket $path level admin
ring reqs
	format raw
	size 65536
defaults
	mode http
	timeout client 5s
	timeout server 5s
	timeout connect 1s
frontend web
	log ring\@reqs local0
	option httplog
	bind fd\@\${web}
	default_backend back
backend back
	server one "127.0.0.1:\${PORT_own}" check inter 100 weight 20
	server two "127.0.0.1:\${PORT_own}" check inter 100 weight 20
	server three "127.0.0.1:\${PORT_own}" check inter 100 weight 20
frontend own
	bind fd\@\${own}
	http-request return status 200 content-type text/plain string hi
CFG
sub haproxy () {
	my $h = HAProxy->new(file => $w->file('h.cfg'), binds => [qw(web own)]) // return undef;
	return $w->wait_for(sub { (eval { CLI->new($path)->ask('show info') } // '') =~ /^Pid: /m }) && $h;
}
my $peer = haproxy() or plan skip_all => 'no haproxy here';
sub row_of ($name) {
	my ($head, @rows) = split /\n/, CLI->new($path)->ask('show stat');
	my ($row) = grep { /^back,$name,/ } @rows;
	my %row;
	@row{ split /,/, $head =~ s/^# //r } = split /,/, $row, -1;
	return \%row;
}

my $t = Tmux->top('-i', '0.25', '-m', 'servers', "edge=$path");
$t->sees(qr/weirtop.*edge.*haproxy 2/, 'a haproxy');
sub state_of ($name, $state, $what) {
	return $t->sees_row([qr/\b$name\b/, qr/\b$state\b/], $what);
}
state_of('one', 'UP', 'its server');
$t->keys('/');
$t->type('name=one');
$t->keys('Enter');
$t->sees_no(qr/\bthree\b/, 'one alone');
$t->keys('G', 'd');
$t->sees(qr/set server back\/one state drain/, 'the very command');
like row_of('one')->{status}, qr/^UP/, 'not sent before it is confirmed';
$t->keys('y');
state_of('one', 'DRAIN', 'it drains');
like row_of('one')->{status}, qr/DRAIN/, 'so says haproxy';
$t->keys('u');
$t->sees(qr/set server back\/one state ready/, 'the way back');
$t->keys('Enter');
state_of('one', 'UP', 'up again');
$t->keys('w');
$t->sees(qr/weight/, 'a weight');
$t->keys('^U');
$t->type('50%');
$t->keys('Enter');
$t->sees(qr/set server back\/one weight (?:50%|10)/, 'the command');
$t->keys('Enter');
ok $w->wait_for(sub { row_of('one')->{weight} == 10 }), 'half of it';
$t->keys('u');
$t->sees(qr/set server back\/one weight (?:100%|20)/, 'and back');
$t->keys('Enter');
ok $w->wait_for(sub { row_of('one')->{weight} == 20 }), 'all of it';

# --- what only weir has
$t->keys('Esc', '4');
$t->sees(qr/only weir has alarms/, 'no alarms here');
$t->keys('5');
$t->sees(qr/only weir has scaling groups/, 'no groups');
$t->keys('6');
$t->sees(qr/only weir has policies in Lua/, 'no Lua');

# --- requests and latencies from its log, which is in a ring
$t->keys('7');
sub get ($path) { return $w->curl('127.0.0.1:' . $peer->port('web') . $path) }
ok $t->wait_for(sub ($s) { get('/hello'); $s =~ m{/hello} }), 'requests';
$t->sees_row([qr{back/\w+}, qr/\b200\b/, qr{/hello}], 'who answered');
$t->keys('3');
$t->sees(qr/Latency back .*source: from ring/, 'latencies');
$t->sees_row([qr/[░▒▓█]/, qr/\d/], 'as a heat map');
$t->keys('2');

# --- it goes, another one comes
undef $peer;
$t->sees(qr/edge: .* retry in \d s/, 'it is gone');
state_of('three', 'UP', 'the picture stays');
$peer = haproxy();
$t->sees_no(qr/retry in/, 'it is back');
state_of('three', 'UP', 'as it was');
$t->keys('q');
is $t->status, 0, 'the end';

# --- both at once
$t = Tmux->top('-i', '0.25', '-m', 'servers', "edge=$path", 'lb1=' . $w->path('WEIR_T_STATS'), { w => 150 });
$t->sees_row([qr/NAME/, qr/HOST/], 'with a column of hosts');
$t->sees_row([qr/\bthree\b/, qr/\bedge\b/], 'a server of one');
$t->sees_row([qr/\bsolo\b/, qr/\blb1\b/], 'and of the other');
$t->keys('/');
$t->type('host:lb1');
$t->keys('Enter');
$t->sees_no(qr/\bthree\b/, 'one of them alone');
$t->keys('Esc', '3');
$t->sees(qr/Latency (?:edge back|lb1 local) /, 'latencies of one, by name');
$t->keys('/', '^U');
$t->type('path:/both');
$t->keys('Enter', '7');
ok $t->wait_for(sub ($s) { get('/both'); $s =~ m{edge .*/both} }), 'a request, and whose it is';
$t->keys('Esc', '2');
undef $peer;
$t->sees(qr/edge: .* retry in \d s/, 'one is gone');
$t->sees_row([qr/\bsolo\b/, qr/\blb1\b/], 'the other one does not mind');
$t->keys('F10');
is $t->status, 0, 'the end';
done_testing;
