# nginx as the server: connections are kept and used again; an nginx that closes
# them after few requests, or is reloaded under load, loses nothing.
use v5.36;
use Load;
use Nginx;
use Weir;
use Test::More;

sub text ($words) {
	return <<"CONF";
keepalive_requests 100000;
server { listen \@keep\@; location / { return 200 "\$connection \$connection_requests\\n"; } }
server {
	listen \@few\@; keepalive_requests 3; root \@DIR\@;
	location / { return 200 "hello\\n"; }
	location /up/ { dav_methods PUT; create_full_put_path on; }
}
server { listen \@once\@; keepalive_timeout 0; location / { return 200 "hello\\n"; } }
server { listen \@short\@; keepalive_timeout 4ms; location / { return 200 "hello\\n"; } }
server { listen \@live\@; location / { return 200 "hello\\n"; } location /words { return 200 "$words"; } }
CONF
}
my $ng = Nginx->new(listen => [qw(keep few once short live)], workers => 2, http => text('old'));
my $w = Weir->new(defaults => 'http', binds => [qw(keep few once short live)],
    env => { map { uc $_ => $ng->addr($_) } qw(keep few once short live) },
    cfg => "global\n\tnbthread 2\n" . join '', map { <<"CFG" } qw(keep few once short live));
listen $_
	bind "fd\@\${$_}"
	http-reuse always
	server s "\${\U$_\E}"
CFG

# One connection of nginx serves one client, then the next on the same thread
my $c = $w->http('keep');
my (%conns, $most);
for (1 .. 50) {
	my ($conn, $n) = $c->get->{body} =~ /^(\d+) (\d+)$/;
	$conns{$conn}++;
	$most = $n;
}
is_deeply [values %conns, $most], [50, 50], 'one client: 50 requests, one connection';
for (1 .. 50) {
	my ($conn) = $w->http('keep')->get('/', 'Connection: close')->{body} =~ /^(\d+)/;
	$conns{$conn}++;
}
cmp_ok scalar(keys %conns), '<=', 2, '50 more clients: at most one a thread'
    or diag explain \%conns;
my $s = $w->stat('keep', 's');
is $s->{connect} + $s->{reuse}, 100, 'counted';
cmp_ok $s->{connect}, '<=', 2, 'as connections';

# 500 requests while nginx closes after each third, or each
for my $name (qw(few once)) {
	my $load = Load->new(port => $w->port($name), conns => 8, requests => 500, body => "hello\n");
	$load->wait_ok(500, 10 * $Weir::PATIENCE);
	my $r = $load->stop;
	is_deeply [@$r{qw(ok lost ka)}], [500, 0, 0], "$name: 500 requests, none lost"
	    or diag explain $r;
}
$s = $w->stat('few', 's');
cmp_ok $s->{connect}, '>=', 160, 'few: a new connection for each three';
cmp_ok $s->{reuse}, '>=', 300, 'the rest on old ones' or diag explain $s;
is $s->{eresp}, 0, 'no error of the server';

# Idle ones are closed at about the time when they are wanted.
my $short = Load->new(port => $w->port('short'), conns => 4, requests => 300, rate => 800,
    body => "hello\n");
$short->wait_ok(300, 10 * $Weir::PATIENCE);
is_deeply [@{ $short->stop }{qw(ok lost ka)}], [300, 0, 0], 'short: 300 requests, none lost'
    or diag explain $short->stop;

# Bodies cannot be sent again at will: those must not be lost either
$c = $w->http('few');
my %status;
for (1 .. 60) {
	my $r = $c->request("PUT /up/f$_ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
	$status{ $r ? $r->{status} : $c->error }++;
}
is_deeply \%status, { 201 => 60 }, '60 uploads';

# Five reloads of nginx under load: old workers close what is idle
my $load = Load->new(port => $w->port('live'), conns => 8, rate => 1500, body => "hello\n");
ok $load->wait_ok(50), 'the load runs';
my $silent = 0;
sub words () {
	my $r = $w->http('live')->get('/words');
	$silent++ unless $r;
	return $r ? $r->{body} : '';
}
for my $i (1 .. 5) {
	$ng->reload(text("words$i"));
	ok $w->wait_for(sub { words() eq "words$i" }), "reload $i";
	$load->wait_ok(30);
}
is $silent, 0, 'new clients were answered';
my $r = $load->stop;
is_deeply [@$r{qw(lost ka)}], [0, 0], 'none lost' or diag explain $r;
cmp_ok $r->{ok}, '>=', 200, 'of many';
is $w->stat('live', 'BACKEND')->{hrsp_5xx}, 0, 'no 5xx';
is $w->stop, 143;
done_testing;
