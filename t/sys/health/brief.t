# What a check costs: plain ones never become a connection that the server accepts;
# requests are written behind the connect, short and long ones, once and again, and
# none waits for an ACK.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my ($plain, $once, $lingers) = map { Backend->new(undef, tcp => sub ($, $) { '' }) } 1 .. 3;
my $echo = Backend->new(undef, tcp => sub ($bytes, $) { $bytes });
my $http = Backend->new(response(200));
my $full = Weir->blackhole_port;
my $refused = Weir->refused_port;
my $long = 'y' x 1500;
my $w = Weir->new(defaults => 0, cfg => <<"CFG");
defaults
	mode tcp
	timeout connect 2s
	timeout client 2s
	timeout server 2s
	default-server inter 50ms rise 1 fall 1
backend plain
	server s 127.0.0.1:@{[ $plain->port ]} check
backend lingers
	option tcp-check
	tcp-check connect linger
	server s 127.0.0.1:@{[ $lingers->port ]} check
backend twice
	option tcp-check
	tcp-check connect
	tcp-check send abc
	tcp-check expect string abc
	tcp-check send def
	tcp-check send ghi
	tcp-check expect string defghi
	server s 127.0.0.1:@{[ $echo->port ]} check
backend long
	option tcp-check
	tcp-check connect
	tcp-check send $long
	tcp-check expect string $long min-recv 1500
	tcp-check connect
	tcp-check send abc
	tcp-check expect string abc
	server s 127.0.0.1:@{[ $echo->port ]} check
backend web
	option httpchk GET /
	server s 127.0.0.1:@{[ $http->port ]} check
	server six [::1]:$refused check
	server full 127.0.0.1:$full check
	server refused 127.0.0.1:$refused check
CFG

sub result ($be, $srv = 's') {
	my $st;
	Weir::poll(sub {
		$st = $w->stat($be, $srv);
		return $st->{check_status} !~ /^\*|^INI/;
	});
	return join ' ', $st->{check_status}, $st->{last_chk};
}

is result('plain'), 'L4OK ', 'a plain check';
is result('lingers'), 'L4OK (tcp-check)', 'one that ends with a FIN';
is result($_), 'L7OK (tcp-check)', "requests over one connection: $_" for qw(twice long);
is result('web'), 'L7OK ', 'over HTTP';
is result('web', $_), 'L4CON ECONNREFUSED returned by OS (Connection refused)', "refused: $_"
    for qw(six refused);
ok Weir::poll(sub { $http->requests >= 3 }), 'again and again';
ok Weir::poll(sub { $lingers->opened > 0 }), 'a FIN comes behind a whole handshake';
is $plain->opened, 0, 'a plain check is never accepted';
is result('web', 'full'), 'L4TOUT ', 'a server with a full backlog';

# 40 ms is what a delayed ACK takes
ok Weir::poll(sub { $w->stat($_, 's')->{check_duration} < 35 }), "soon: $_" for qw(twice long);
is_deeply [grep { $_->{raw} ne "GET / HTTP/1.0\r\n\r\n" } $http->requests], [], 'written once';
$w->stop;
done_testing;
