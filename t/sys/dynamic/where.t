# set server addr, check-addr, check-port, ssl, name: texts, and that traffic and
# checks follow at once.
use v5.36;
use Backend qw(:all);
use Cert;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $pem = Cert->self_signed("$dir/x.pem");
my @srv = map { my $n = $_; Backend->new({ '/' => response(200, "s$n") }) } 1 .. 2;
my $cfg = <<'CFG';
frontend fe
	bind "fd@${fe1}"
	default_backend be
frontend tls
	bind "fd@${fe2}" ssl crt "${PEM}"
	http-request return status 200 content-type text/plain string tls
backend be
	balance roundrobin
	http-reuse always
	server s1 "${S1}" check inter 20ms
backend plain
	server p 127.0.0.1
backend secure
	server t 127.0.0.1:${PORT_fe2} ssl verify none check
	server u 127.0.0.1:9
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'fe2'], cfg => $cfg,
    env => { S1 => $srv[0]->addr, PEM => $pem });
my $refused = Weir->refused_port;
my ($p1, $p2) = map { $_->port } @srv;

sub says ($command, $want) { is $w->cli($command), $want, $command }
my $c = $w->http('fe1');
sub who () { return $c->get('/')->{body} }
sub row ($name, $be = 'be') {
	my ($line) = grep { / $be \d+ \Q$name\E / } split /\n/, $w->cli("show servers state $be");
	return $line ? [split / /, $line] : undef;
}
my $by = " by 'stats socket command'";

# --- addr
says 'set server be/s1 addr', 'set server <b>/<s> addr requires an address and optionally a port.';
says 'set server be/s1 addr bogus', "Invalid addr 'bogus'$by";
says 'set server be/s1 addr 127.0.0.1:80', "Invalid addr '127.0.0.1:80'$by";
says 'set server be/s1 addr 127.0.0.1 port 80x', "problem converting port '80x' to an int$by";
says 'set server be/s1 addr 127.0.0.1 port 70000', "problem converting port '70000' to an int$by";
says 'set server be/s1 addr 127.0.0.1', "no need to change the addr$by";
is who(), 's1', 'a connection to keep';
says "set server be/s1 addr 127.0.0.1 port $p2",
    "no need to change the addr, port changed from '$p1' to '$p2'$by";
is who(), 's2', 'traffic goes there, idle connections or not';
is $w->stat('be', 's1')->{addr}, "127.0.0.1:$p2", 'show stat';
is_deeply [@{ row('s1') }[4, 18]], ['127.0.0.1', $p2], 'show servers state';
like $w->cli('show servers conn be'), qr/^be\/s1 \S+ 127\.0\.0\.1 $p2 /m, 'show servers conn';
says "set server be/s1 addr 127.0.0.2 port $p1",
    "IP changed from '127.0.0.1' to '127.0.0.2', port changed from '$p2' to '$p1'$by";
says 'set server be/s1 addr ::1', "IP changed from '127.0.0.2' to '::1'$by";
says "set server be/s1 addr 127.0.0.1 port $p1",
    "IP changed from '::1' to '127.0.0.1', no need to change the port$by";
is who(), 's1', 'back';
says 'set server plain/p addr 127.0.0.9', "IP changed from '127.0.0.1' to '127.0.0.9'$by";
is row('p', 'plain')->[18], 0, 'without a port as before';

# --- checks follow
says 'set server be/s1 addr 127.0.0.1 port ' . $refused,
    "no need to change the addr, port changed from '$p1' to '$refused'$by";
ok $w->wait_status('be', 's1', 'DOWN'), 'checks follow the server';
says "set server be/s1 check-port x", 'provided port is not an integer';
says "set server be/s1 check-port 70000", 'provided port is not valid';
says "set server be/s1 check-port $p2", '';
ok $w->wait_status('be', 's1', 'UP'), 'or go to their own port';
is row('s1')->[21], $p2, 'srv_check_port';
says "set server plain/p check-port 80", 'health checks are not enabled on this server';
says 'set server be/s1 check-addr', 'set server <b>/<s> check-addr requires an address and optionally a port.';
says 'set server be/s1 check-addr x', "invalid addr 'x'";
says "set server be/s1 check-addr 127.0.0.1 port $p1", '';
is_deeply [@{ row('s1') }[21, 22]], [$p1, '127.0.0.1'], 'srv_check_addr';

# --- reloads
like $w->cli('reload'), qr/^Success=1/;
is row('s1')->[18], $refused, 'a reload keeps the address';
$w->write_file('t.cfg', $cfg =~ s/"\$\{S1\}"/127.0.0.1:$p2/r);
like $w->cli('reload'), qr/^Success=1/;
is row('s1')->[18], $p2, 'unless the file says another one';
is who(), 's2';
says 'set server be/s1 fqdn a.b', 'set server be/s1 fqdn failed because no resolution is configured.';
says 'set server be/s1 fqdn', 'set server <b>/<s> fqdn requires a FQDN.';

# --- ssl
says 'set server secure/u ssl on', "'set server <srv> ssl' cannot be set.  default-server should define ssl settings";
says 'set server secure/t ssl x', "'set server <srv> ssl' expects 'on' or 'off'.";
says 'set server secure/t ssl on', '';
is row('t', 'secure')->[20], 1;
says 'set server secure/t ssl off', '';
is row('t', 'secure')->[20], 0, 'off';
says 'set server secure/t ssl on', '';
is row('t', 'secure')->[20], 1, 'and on';
ok $w->wait_status('secure', 't', 'UP');
says "add server be/a 127.0.0.1:@{[ $w->port('fe2') ]} ssl verify none", 'New server registered.';
says 'set server be/a ssl off; set server be/a ssl on', '';
is row('a')->[20], 1, 'of an added server';

# --- name
says 'set server be/a name', 'set server <b>/<s> name requires a new name.';
says 'set server be/a name a/b', "character '/' is not permitted in server name 'a/b'.";
says 'set server be/a name s1', 'Already exists a server with the same name in backend.';
says 'set server be/s1 name s2', 'Only servers in maintenance mode can be renamed.';
says 'set weight be/a 50%; set weight be/a 33', '';
says 'set server be/a name b', 'Server name updated.';
is row('a'), undef, 'no more';
is_deeply [@{ row('b') }[2, 6, 7]], [2, 1, 33], 'id, state and weight stay';
says 'disable server be/s1; set server be/s1 name s9', "\nServer name updated.";
my $tot = $w->stat('be', 's9')->{stot};
cmp_ok $tot, '>', 0, 'counters stay';
says 'set server be/s9 name s8', 'Server name updated.';
is $w->stat('be', 's8')->{stot}, $tot, 'renamed twice';
says "add server be/s1 127.0.0.1:$p1", 'New server registered.';
is $w->stat('be', 's1')->{stot}, 0, 'the old name is free';
says 'enable server be/s8', '';
is who(), 's2', 'it serves';
is row('b')->[7], 33, 'all there';
done_testing;
