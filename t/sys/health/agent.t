# agent-check: what an agent says becomes weight, maxconn, state and health, and
# is shown; commands change where and how it is asked.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $dir = File::Temp->newdir;
sub say_line ($text) {
	open my $f, '>', "$dir/new" or die;
	print $f $text;
	close $f;
	rename "$dir/new", "$dir/answer" or die;
}
sub agent (%o) {
	my $answer = sub {
		open my $f, '<', "$dir/answer" or return CLOSE;
		local $/;
		return (<$f>, CLOSE);
	};
	return Backend->new('', $o{sent} ? (tcp => sub ($bytes, $conn) {
		return $bytes eq $o{sent} ? $answer->() : CLOSE;
	}) : (on_accept => sub ($conn) { $answer->() }));
}
say_line("up\n");
my $srv = Backend->new(response(200));
my ($agent, $other) = (agent(), agent(sent => 'ping'));
my $w = Weir->new(defaults => 'http', env => { SRV => $srv->addr, AGENT => $agent->port }, cfg => <<'CFG');
backend b
	balance roundrobin
	server s "${SRV}" check inter 30ms weight 10 agent-check agent-port "${AGENT}" agent-inter 20ms
	server plain "${SRV}"
CFG

sub row () { return $w->stat('b', 's') }
sub saw ($col, $want) {
	return $w->wait_for(sub { my $v = row()->{$col}; ref $want ? $v =~ $want : $v eq $want },
	    5, "$col to be $want");
}

ok saw(last_agt => 'via agent : up'), 'asked';
my $r = row();
like $r->{agent_status}, qr/^(\* )?L7OK$/;
is $r->{agent_desc}, 'Layer7 check passed';
is $r->{$_->[0]}, $_->[1], "$_->[0] $_->[1]"
    for [agent_code => 0], [agent_rise => 1], [agent_fall => 1], [agent_health => 1];
like $r->{agent_duration}, qr/^\d+$/;
is $w->stat('b', 'plain')->{$_}, '', "$_: none without an agent"
    for qw(agent_status agent_health last_agt);

say_line("75%\r\n");
ok saw(weight => 7), 'a percentage of the configured weight, rounded down';
is row()->{status}, 'UP', 'no word of health changes nothing';
say_line("weight:20, maxconn:33\n");
ok saw(weight => 20);
ok saw(slim => 33);
say_line("weight:50% 100%\n");
ok saw(weight => 10), 'the last one of a kind wins';
say_line("weight:999\n");
ok saw(last_agt => 'agent warns : Absolute weight can only be between 0 and 256 inclusive.');
is row()->{weight}, 10;

say_line("down # disk is full\n");
ok saw(status => 'DOWN (agent)');
is row()->{last_agt}, 'via agent : down (disk is full)';
like $w->stderr, qr/Server b\/s is DOWN, reason: Layer7 wrong status, code: 0, info: "via agent : down \(disk is full\)", check duration: \d+ms\. 1 active and 0 backup/;
say_line("fail#now\n");
ok saw(last_agt => 'via agent : fail (now)');
is row()->{status}, 'DOWN (agent)', 'its health check does not bring it up';
say_line("UP\tbogus\n");
ok saw(status => 'UP');
like $w->stderr, qr/Server b\/s is UP, reason: Layer7 check passed, code: 0, info: "via agent : UP \(bogus\)", check duration: \d+ms\. 2 active/;
say_line("nonsense\n");
ok saw(last_agt => 'agent reports an error : nonsense');
like row()->{agent_status}, qr/CHECKED/;

say_line("drain\n");
ok saw(status => 'DRAIN (agent)');
say_line("maint\n");
ok saw(status => 'MAINT');
is row()->{agent_health}, 1, 'asked in maintenance too';
say_line("ready up\n");
ok saw(status => 'UP');
like $w->stderr, qr/Server b\/s is UP\/READY \(leaving forced maintenance\)/;

say_line("no end");
ok saw(last_agt => qr/^agent's line has no end : no end$/);
say_line('x' x 5000);
ok saw(last_agt => "agent's line is too long"), 'a flood is cut';
is row()->{status}, 'UP';
say_line("metric:cpu=75.5% metric:=1 up\n");
ok saw(last_agt => 'via agent : up (metric not understood)');

# commands
like $w->cli('show servers state b'), qr/^\d+ b 1 s 127\.0\.0\.1 2 0 10 10 \d+ 6 3 4 [67] 2[23] 0 0 - \d+ - 0 0 - - ${\$agent->port}$/m;
is $w->cli('set server b/s agent-port ' . $other->port), '', 'agent-port';
is $w->cli('set server b/s agent-send ping'), '', 'agent-send';
is $w->cli('set server b/s agent-addr 127.0.0.1'), '', 'agent-addr';
say_line("up # from the other\n");
ok saw(last_agt => 'via agent : up (from the other)');
like $w->cli('show servers state b'), qr/ 127\.0\.0\.1 ${\$other->port}$/m;
is $w->cli('set server b/s agent-addr 127.0.0.1 port ' . $agent->port), '';
is $w->cli('set server b/s agent down'), '', 'agent down';
say_line("75%\n");
is $w->cli('set server b/s agent down'), '';
ok saw(status => 'DOWN (agent)'), 'holds until the agent speaks of health';
is $w->cli('set server b/s agent up'), '';
ok saw(status => 'UP');
is $w->cli('disable agent b/s'), '';
is row()->{agent_status}, '', 'disabled: nothing is shown';
is $w->cli('set server b/s agent up'), 'agent checks are not enabled on this server.';
is $w->cli('enable agent b/s'), '';
is $w->cli('enable agent b/plain'), 'Agent was not configured on this server, cannot enable.';
is $w->cli('set server b/s agent x'), "'set server <srv> agent' expects 'up' or 'down'.";
is $w->cli('set server b/s agent-addr'), 'set server <b>/<s> agent-addr requires an address and optionally a port.';
is $w->cli('set server b/s agent-addr no..where'), "invalid addr 'no..where'";
is $w->cli('set server b/s agent-port'), 'set server <b>/<s> agent-port requires a port.';
is $w->cli('set server b/s agent-port x'), 'provided port is not an integer';
is $w->cli('set server b/s agent-port 99999'), 'provided port is invalid';

# an agent that is gone changes nothing
$agent->stop;
ok saw(agent_status => qr/L4CON/);
is row()->{status}, 'UP';
is $w->stop, 143;
done_testing;
