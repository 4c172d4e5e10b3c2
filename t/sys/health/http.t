# option httpchk: which answers pass, what is sent, what is said of failures.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $flag = "$dir/bad";
my $turning = Backend->new(sub ($) { -e $flag ? response(500) : response(200) });
my %answers = (
	redirect => response(302), teapot => response(418), gone => response(503),
	junk => "SSH-2.0-OpenSSH\r\n", none => [CLOSE], hang => [HANG], half => ["HTTP/1.1 2", CLOSE],
	slow => ["HTTP/1.1 200 OK\r\nX: ", PAUSE(0.03), "y\r\n\r\n", CLOSE],
	early => "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" .
	    response(200),
	endless => join('', ("HTTP/1.1 100 Continue\r\n\r\n") x 20),
	huge => "HTTP/1.1 200 OK\r\nX: " . 'x' x 40000 . "\r\n\r\n",
	old => ["HTTP/1.0 204 No Content\r\n\r\n", CLOSE],
	reason => "HTTP/1.1 500 a \"b\", c\r\n\r\n",
);
my %srv = map { $_ => Backend->new($answers{$_}) } keys %answers;
my $servers = join '', map { "\tserver $_ 127.0.0.1:@{[ $srv{$_}->port ]} check\n" } sort keys %srv;
my %req = map { $_ => Backend->new(response(200)) } qw(plain uri meth full v11 old send body inherit);
my $e200 = Backend->new(response(200));
my $e404 = Backend->new(response(404));
sub srv ($b) { return "server s 127.0.0.1:@{[ $b->port ]} check" }

my $w = Weir->new(defaults => 'http', cfg => <<"CFG");
defaults
	mode http
	timeout connect 1s
	timeout server 1s
	timeout check 200ms
	default-server inter 300ms fastinter 20ms downinter 20ms fall 2
backend turn
	option httpchk GET /health
	server s 127.0.0.1:@{[ $turning->port ]} check
backend all
	option httpchk
$servers
backend plain
	option httpchk
	@{[ srv $req{plain} ]}
backend uri
	option httpchk /only
	@{[ srv $req{uri} ]}
backend meth
	option httpchk HEAD /h
	@{[ srv $req{meth} ]}
backend full
	option httpchk GET /v HTTP/1.0
	@{[ srv $req{full} ]}
backend v11
	option httpchk GET /v HTTP/1.1
	@{[ srv $req{v11} ]}
backend old
	option httpchk GET /o HTTP/1.1\\r\\nHost:\\ old.test\\r\\nX-A:\\ b
	@{[ srv $req{old} ]}
backend send
	option httpchk
	http-check send meth PUT uri "/s?q=1" ver HTTP/1.1 hdr Host h.test hdr X-Two "2 3"
	@{[ srv $req{send} ]}
backend body
	option httpchk
	http-check send meth POST uri / hdr Content-Length 99 body "a=b"
	@{[ srv $req{body} ]}
backend e404
	option httpchk
	http-check expect status 404,500-503
	@{[ srv $e404 ]}
backend e200
	option httpchk
	http-check expect ! status 200
	@{[ srv $e200 ]}
backend off
	option httpchk
	no option httpchk
	server s 127.0.0.1:@{[ $srv{gone}->port ]} check
defaults d2
	mode http
	timeout connect 1s
	timeout server 1s
	option httpchk GET /from-defaults
	http-check send hdr X-D 1
backend inherit from d2
	@{[ srv $req{inherit} ]}
CFG

# A server turns bad and good again.
ok $w->wait_status('turn', 's', 'UP');
is $w->stat('turn', 's')->{check_code}, 200;
open my $f, '>', $flag or die;
close $f;
ok $w->wait_status('turn', 's', 'DOWN'), '500 takes it down';
my $st = $w->stat('turn', 's');
is_deeply [@$st{qw(check_code check_desc last_chk)}],
    [500, 'Layer7 wrong status', 'Internal Server Error'];
like $st->{check_status}, qr/^(\* )?L7STS$/;
unlink $flag;
ok $w->wait_status('turn', 's', 'UP'), '200 brings it back';
like $w->stderr, qr/Server turn\/s is DOWN, reason: Layer7 wrong status, code: 500, info: "Internal Server Error", check duration: \d+ms\. 0 active and 0 backup servers left\./;
like $w->stderr, qr/backend 'turn' has no server available!/;
like $w->stderr, qr/Server turn\/s is UP, reason: Layer7 check passed, code: 200, check duration: \d+ms\. 1 active and 0 backup servers online\./;

# What answers mean
my %want = (
	redirect => ['L7OK', 302], old => ['L7OK', 204], early => ['L7OK', 200],
	slow => ['L7OK', 200],
	teapot => ['L7STS', 418, 'Status'], gone => ['L7STS', 503, 'Service Unavailable'],
	reason => ['L7STS', 500, 'a "b", c'],
	junk => ['L7RSP', ''], none => ['L7RSP', ''], half => ['L7RSP', ''],
	endless => ['L7RSP', ''], huge => ['L7RSP', ''], hang => ['L7TOUT', ''],
);
for (sort keys %want) {
	my ($status, $code, $last) = @{ $want{$_} };
	my $up = $status eq 'L7OK';
	ok $w->wait_status('all', $_, $up ? 'UP' : 'DOWN'), "$_: " . ($up ? 'up' : 'down')
	    or diag $w->stat('all', $_)->{status};
	$st = $w->stat('all', $_);
	is $st->{check_status} =~ s/^\* //r, $status, "$_: $status" or diag $st->{last_chk};
	is $st->{check_code}, $code;
	is $st->{last_chk}, $last // '';
}
cmp_ok $w->stat('all', 'hang')->{check_duration}, '>=', 200, 'timeout check';

# What is sent
sub sent ($name) {
	my $r;
	$w->wait_for(sub { ($r) = $req{$name}->requests; $r });
	return ($r // {})->{raw} // '';
}
my %host = map { $_ => '127.0.0.1:' . $req{$_}->port } keys %req;
is sent('plain'), "OPTIONS / HTTP/1.0\r\n\r\n";
is sent('uri'), "OPTIONS /only HTTP/1.0\r\n\r\n";
is sent('meth'), "HEAD /h HTTP/1.0\r\n\r\n";
is sent('full'), "GET /v HTTP/1.0\r\n\r\n";
is sent('v11'), "GET /v HTTP/1.1\r\nhost: $host{v11}\r\nconnection: close\r\n\r\n";
is sent('old'), "GET /o HTTP/1.1\r\nconnection: close\r\nHost: old.test\r\nX-A: b\r\n\r\n";
is sent('send'), "PUT /s?q=1 HTTP/1.1\r\nconnection: close\r\nHost: h.test\r\nX-Two: 2 3\r\n\r\n";
is sent('body'), "POST / HTTP/1.0\r\ncontent-length: 3\r\n\r\na=b";
is sent('inherit'), "GET /from-defaults HTTP/1.0\r\nX-D: 1\r\n\r\n";

ok $w->wait_for(sub { $w->stat('e404', 's')->{check_status} eq 'L7OK' }), 'expect status';
is $w->stat('e404', 's')->{check_code}, 404;
ok $w->wait_status('e200', 's', 'DOWN'), 'expect ! status';
ok $w->wait_for(sub { $w->stat('off', 's')->{check_status} eq 'L4OK' }), 'no option httpchk';
is $w->stop, 143;
done_testing;
