# Every row of bad_requests.txt over a socket: what is refused reaches no server
# and ends its connection, what is served leaves weir in canonical form, and a
# clean request works after each.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Strict qw(rows);
use Test::More;

my $srv = Backend->new(sub ($req) { response(200, "hello\n") });
my $w = Weir->new(defaults => 'http', binds => ['fe'],
    env => { SRV => $srv->addr }, cfg => <<'CFG');
listen l
	bind "fd@${fe}"
	server s1 "${SRV}"
CFG

# Bytes that the server got since the last call
my $seen = 0;
sub news () {
	my @events = $srv->events;
	my @new = @events[$seen .. $#events];
	$seen = @events;
	if ($seen > 500) {
		$srv->forget;
		$seen = 0;
	}
	my %by_conn;
	my @order;
	for (grep { $_->[0] eq 'D' } @new) {
		push @order, $_->[1] unless exists $by_conn{ $_->[1] };
		$by_conn{ $_->[1] } .= $_->[2];
	}
	return join '', @by_conn{@order};
}

my $n = 0;
my $SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

# A clean request on a connection of its own: what the server saw besides it
sub clean ($name) {
	my $path = '/clean' . ++$n;
	my $c = $w->http('fe');
	my $r = $c->request("GET $path HTTP/1.1\r\nHost: clean\r\nConnection: close\r\n\r\n");
	is $r && $r->{status}, 200, "$name: a clean request works" or diag $c->error;
	my $got = news();
	ok $got =~ s{GET \Q$path\E HTTP/1\.1\r\nhost: clean\r\n\r\n}{}, "$name: and arrived"
	    or diag $got;
	return $got;
}

sub refused ($name, $status, $bytes, %o) {
	my $c = $w->http('fe');
	$c->send($bytes . ($o{alone} ? '' : $SMUGGLED));
	my $r = $c->read_response;
	my @bad;
	if (!$r) {
		push @bad, $c->error;
	} else {
		push @bad, "status $r->{status}" unless $r->{status} == $status;
		push @bad, 'no connection: close' if ($r->{h}{connection} // '') ne 'close';
		push @bad, 'does not close' unless $c->is_closed;
		push @bad, 'bytes behind the answer' if $c->pending ne '';
		push @bad, "ended by $c->{ended}" if $c->ended ne 'fin';
	}
	is "@bad", '', "$name: $status and close";
	$c->close;
	is clean($name), '', "$name: nothing reached the server" unless $o{body};
	clean($name) if $o{body};
}

# What follows the row's bytes so that the message is whole, and other statuses
my %REST = (
	'Content-Length on GET' => 'hello', 'Content-Length, blanks' => 'hello',
	'TE on GET' => "0\r\n\r\n",
);
my %STATUS = (
	CONNECT => 405, 'CONNECT, Host without port' => 405,
	TRACE => 405,
);
my %HUGE = map { $_ => 1 } 'Content-Length 2^63-1';

sub served ($name, $bytes) {
	my $c = $w->http('fe');
	$c->send($bytes . ($REST{$name} // ''));
	my $want = $STATUS{$name} // 200;
	if ($HUGE{$name}) {
		ok $w->wait_for(sub { ($w->stat('l', 's1') // {})->{scur} }), "$name: goes on";
		$c->reset;
		return clean($name);
	}
	my $r = $c->read_response;
	is $r && $r->{status}, $want, "$name: $want" or diag $c->error;
	my $got = clean($name);
	is_deeply [Strict::requests($got)], [], "$name: canonical" or diag $got;
	is $got, '', "$name: not forwarded" if $want != 200;
	if ($r && ($r->{h}{connection} // '') ne 'close' && $bytes !~ m{HTTP/1\.0\r}) {
		is +($c->get('/again') // {})->{status}, 200, "$name: the connection goes on"
		    or diag $c->error;
		news();
	} else {
		ok $c->is_closed, "$name: closed";
	}
	return $got;
}

for (rows('t/data/bad_requests.txt')) {
	my ($name, $status, $bytes) = @$_;
	if ($status == 200) {
		served($name, $bytes);
	} else {
		refused($name, $status, $bytes);
	}
}

subtest 'what is forwarded, byte for byte' => sub {
	news();
	my %path = map { $_ => $_ } '//admin', '/./admin', '/x/../admin', '/x/..;a=b/admin',
	    '/%61dmin', '/%2e%2e/admin', '/admin%00', '/%zz', '/a[b]=c', '/?q=~:@!$&\'()*+,;=/?';
	for (sort keys %path) {
		$w->http('fe')->get($_);
		my ($target) = news() =~ /^GET (\S+) /;
		is $target, $_, $_;
	}
	my %head = (
		"Content-Length: 00005\r\n\r\nhello" => qr/\r\ncontent-length: 5\r\n/,
		"Connection: content-length\r\nContent-Length: 5\r\n\r\nhello" =>
		    qr/\r\ncontent-length: 5\r\n/,
		"Connection: host\r\nContent-Length: 0\r\n\r\n" => qr/\r\nhost: a\r\n/,
		"X:  \tv \t\r\nContent-Length: 0\r\n\r\n" => qr/\r\nx: v\r\n/,
		"transfer-encoding:CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n" =>
		    qr/\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n$/,
	);
	for (sort keys %head) {
		$w->http('fe')->request("POST / HTTP/1.1\r\nHost: a\r\n$_");
		like news(), $head{$_}, s/\r\n.*//sr;
	}
};

subtest 'absolute form: Host is the target\'s' => sub {
	my $r = $w->http('fe')->request("GET HTTP://A:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
	is $r->{status}, 200, 'served';
	my $got = news();
	is scalar(() = $got =~ /^host:/mg), 1, 'one Host';
	is_deeply [Strict::requests($got)], [], 'canonical' or diag $got;
	$w->http('fe')->request("GET http://b/ HTTP/1.0\r\n\r\n");
	like news(), qr/^host: b\r$/m, '1.0 without Host: of the target';
};

# ---- chunks: 400 when nothing was forwarded yet, else a cut both sides ----

my @CHUNKS = (
	'size with words' => "5 abc\r\nhello\r\n0\r\n\r\n", 'size and SP' => "5 \r\nhello\r\n0\r\n\r\n",
	'SP and size' => " 5\r\nhello\r\n0\r\n\r\n", 'size and tab' => "5\t\r\nhello\r\n0\r\n\r\n",
	'; and LF' => "5;\nhello\r\n0\r\n\r\n", 'size and LF' => "5\nhello\r\n0\r\n\r\n",
	'0x5' => "0x5\r\nhello\r\n0\r\n\r\n", '+5' => "+5\r\nhello\r\n0\r\n\r\n",
	'-5' => "-5\r\nhello\r\n0\r\n\r\n", '5h' => "5h\r\nhello\r\n0\r\n\r\n",
	'empty size' => "\r\nhello\r\n0\r\n\r\n", 'G' => "G\r\nhello\r\n0\r\n\r\n",
	'5,5' => "5,5\r\nhello\r\n0\r\n\r\n", '17 digits' => "00000000000000005\r\nhello\r\n0\r\n\r\n",
	'all F' => "FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
	'wraps to 5' => "10000000000000005\r\nhello\r\n0\r\n\r\n",
	'2^63' => "8000000000000000\r\nhello\r\n0\r\n\r\n",
	'10,000 zeros' => '0' x 10000 . "5\r\nhello\r\n0\r\n\r\n",
	'CR in the size line' => "5\rx\r\nhello\r\n0\r\n\r\n",
	'extension with NUL' => "5;a=\0\r\nhello\r\n0\r\n\r\n",
	'extension with CR' => "5;a=\rb\r\nhello\r\n0\r\n\r\n",
	'extension with LF' => "5;a=b\nhello\r\n0\r\n\r\n",
	'unclosed quote' => "5;a=\"b\r\nhello\r\n0\r\n\r\n",
	'64 KiB extension' => '5;a=' . 'x' x 65536 . "\r\nhello\r\n0\r\n\r\n",
	'00 as last chunk' => "00\r\n\r\n", '0000 as last chunk' => "0000\r\n\r\n",
	'trailer folded' => "0\r\nA: b\r\n c\r\n\r\n", 'trailer without colon' => "0\r\nA\r\n\r\n",
	'trailer with NUL' => "0\r\nA: \0\r\n\r\n",
	'10,000 trailers' => "0\r\n" . "a: b\r\n" x 10000 . "\r\n",
	'trailer, SP before colon' => "0\r\nA : b\r\n\r\n",
);
my @LATE = (
	'data longer' => "5\r\nhelloX\r\n0\r\n\r\n", 'data shorter' => "5\r\nhell\r\n0\r\n\r\n",
	'no CRLF after data' => "5\r\nhello5\r\nhello\r\n0\r\n\r\n",
	'LF after data' => "5\r\nhello\n0\r\n\r\n",
	'bad size after data' => "5\r\nhello\r\nzz\r\n\r\n",
	'00 as last chunk, after data' => "5\r\nhello\r\n00\r\n\r\n",
	'last chunk without its end' => "5\r\nhello\r\n0\r\n",
	'a million tiny chunks with extensions' => "1;aaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n" x 4000,
);
my $POST = "POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
while (my ($name, $body) = splice @CHUNKS, 0, 2) {
	refused("chunks: $name", 400, $POST . $body, body => 1);
}
is scalar(grep { $_->{path} =~ m{^/(?:chunks|smuggled)} } $srv->requests), 0,
    'the server saw no such request whole';
while (my ($name, $body) = splice @LATE, 0, 2) {
	my $c = $w->http('fe');
	$c->send($POST . $body . $SMUGGLED);
	my $r = $c->read_response;
	ok !$r || $r->{status} == 400, "chunks: $name: refused or cut" or diag $r->{raw};
	ok $c->ended || $c->is_closed, "chunks: $name: and closed";
	$c->close;
	unlike clean("chunks: $name"), qr/smuggled/, "chunks: $name: nothing smuggled"
	    unless $name =~ /without its end/;
}
is scalar(grep { $_->{path} eq '/smuggled' } $srv->requests), 0, 'nothing was smuggled';

subtest 'chunks that are valid' => sub {
	my %ok = ("5\r\nhello\r\n0\r\n\r\n" => 'hello', "0\r\n\r\n" => '',
	    "5;a=b;c=\"d;\\\"e\"\r\nhello\r\n0;x\r\nT: u\r\n\r\n" => 'hello',
	    "0000000000000005\r\nhello\r\n0\r\n\r\n" => 'hello', "A\r\n0123456789\r\n0\r\n\r\n" => '0123456789',
	    "5 ;a=b\r\nhello\r\n0\r\n\r\n" => 'hello');
	for (sort keys %ok) {
		$srv->forget;
		my $c = $w->http('fe');
		my $r = $c->request($POST . $_);
		is $r && $r->{status}, 200, 'served' or diag $_;
		my ($q) = $srv->requests;
		is $q->{body}, $ok{$_}, 'its body';
		is_deeply [Strict::requests($q->{raw})], [], 'canonical';
		unlike $q->{raw}, qr/;|^t:/m, 'without extension and trailer';
		is +($c->get('/') // {})->{status}, 200, 'the connection goes on';
	}
	$seen = $srv->events;
};

# ---- sizes ----

sub size ($name, $status, $bytes) { refused("size: $name", $status, $bytes, alone => 1) }

size('64 KiB target', 414, 'GET /' . 'a' x 65536 . " HTTP/1.1\r\nHost: a\r\n\r\n");
size('64 KiB method', 414, 'G' x 65536);
size('64 KiB value', 431, "GET / HTTP/1.1\r\nHost: a\r\nX: " . 'v' x 65536 . "\r\n\r\n");
size('64 KiB name', 431, "GET / HTTP/1.1\r\nHost: a\r\n" . 'x' x 65536 . ": 1\r\n\r\n");
size('1,000 cookies', 431, "GET / HTTP/1.1\r\nHost: a\r\n" . "Cookie: a=b\r\n" x 1000 . "\r\n");
size('100,000 fields', 431, "GET / HTTP/1.1\r\nHost: a\r\n" . "X: 1\r\n" x 100000 . "\r\n");
size('endless empty lines', 431, "\r\n" x 40000);
for (269, 300, 65536 + 14) {
	my $bytes = "GET / HTTP/1.1\r\nHost: a\r\n" . 'x' x $_ . ": 1\r\n\r\n";
	$_ < 16384 ? served("size: name of $_", $bytes) : size("name of $_", 431, $bytes);
}

# ---- a head cut by FIN: 400 or nothing, the server sees nothing ----

for my $head ("GET / HTTP/1.1\r\nHost: a\r\n", 'GET', "GET / HTTP/1.1\r\nHost: a\r\n\r") {
	my $c = $w->http('fe');
	$c->send($head);
	$c->shut;
	my $r = $c->read_response;
	ok $r ? $r->{status} == 400 : $c->ended eq 'fin', 'a head cut by FIN';
	is clean('cut head'), '', 'the server saw nothing';
}

subtest 'a refused client that stays' => sub {
	ok $w->wait_for(sub { $w->stat('l', 'FRONTEND')->{scur} == 0 }), 'nobody is there';
	my @stay = map { $w->http('fe') } 1 .. 20;
	$_->send("BAD\r\n\r\n") for @stay;
	is +($_->read_response // {})->{status}, 400, 'refused' for @stay;
	ok $w->wait_for(sub { $w->stat('l', 'FRONTEND')->{scur} == 0 }, 3), 'is let go of after 1 s';
};

is $w->stat('l', 's1')->{econ}, 0, 'no failed connection';
is $w->stat('l', 's1')->{eresp}, 0, 'no failed response';
done_testing;
