# User lists: http-request auth asks, http_auth and http_auth_group decide.
use v5.36;
use Backend qw(:all);
use MIME::Base64;
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a') });
my $hash = crypt 'tiger', '$6$rounds=1000$abcdefgh$';
my $w = Weir->new(defaults => 'http', binds => ['fe1'], env => { SRV => $srv->addr, HASH => $hash },
    cfg => <<'CFG');
userlist staff
	group admins users ann
	group readers
	user ann insecure-password "s:cret word" groups readers
	user bob password "${HASH}" groups readers
	user nobody
frontend www
	bind "fd@${fe1}"
	http-request return status 200 hdr x-user %[http_auth_user] hdr x-pass %[http_auth_pass] hdr x-type %[http_auth_type] hdr x-token "%[http_auth_bearer]" if { path /say }
	http-request auth realm "The \"Shop\"" if { path_beg /admin } !{ http_auth_group(staff) admins }
	http-request auth if !{ http_auth(staff) }
	http-request set-header X-Groups %[http_auth_group(staff)]
	default_backend be
backend be
	server s1 "${SRV}"
CFG
my $c = $w->http('fe1');
sub as ($path, $pair) {
	return $c->get($path, 'Authorization: Basic ' . encode_base64($pair, ''));
}
my $r = $c->get('/a');
is $r->{status}, 401, 'nobody knows you';
is $r->{h}{'www-authenticate'}, 'Basic realm="www"', 'the realm is the section';
is as('/a', 'ann:s:cret word')->{status}, 200, 'a plain password';
is as('/a', 'bob:tiger')->{status}, 200, 'a hashed one';
is as('/a', 'bob:tiger')->{status}, 200, 'again, from memory';
is as('/a', 'bob:lion')->{status}, 401, 'which takes no other';
is as('/a', 'bob:' . $hash)->{status}, 401, 'nor the hash';
is as('/a', $_)->{status}, 401, "not $_"
    for 'ann:s:cret', 'ann', 'zoe:tiger', 'nobody:', 'ann:' . 'x' x 600, "ann\0:s:cret word";
is $c->get('/a', "Authorization: $_")->{status}, 401, "not $_"
    for 'Basic', 'Basic !!!!', 'Basic YW5', 'Digest YTpi', 'Bearer YTpi';
is as('/admin', 'bob:tiger')->{h}{'www-authenticate'}, 'Basic realm="The \"Shop\""', 'a group';
is as('/admin/x', 'ann:s:cret word')->{status}, 404, 'and its member';
$r = as('/say', 'me:my pass');
is_deeply [@{ $r->{h} }{qw(x-user x-pass x-type)}], ['me', 'my pass', 'Basic'], 'what a client says';
$r = $c->get('/say', 'Authorization: Bearer abc.def');
is_deeply [@{ $r->{h} }{qw(x-type x-token)}], ['Bearer', 'abc.def'], 'or a token';
cmp_ok $w->stat('www', 'FRONTEND')->{dreq}, '>', 10, 'refusals are counted';

# --- a slow hash is computed once for each password, right or wrong
my $slow = crypt 'panther', '$6$rounds=200000$abcdefgh$';
my $s = Weir->new(defaults => 'http', binds => ['fe1'], env => { SRV => $srv->addr, HASH => $slow },
    cfg => <<'CFG');
userlist staff
	user eve password "${HASH}"
frontend www
	bind "fd@${fe1}"
	http-request auth if !{ http_auth(staff) }
	http-request return status 200
CFG
# Nanoseconds of CPU that weir takes for some requests with this pair
sub cpu () {
	my $sum = 0;
	for my $file (glob '/proc/' . $s->pid . '/task/*/schedstat') {
		open my $f, '<', $file or next;
		$sum += (split ' ', <$f> // '0')[0];
	}
	return $sum;
}
my $conn = $s->http('fe1');
sub cost ($pair, $want, $n = 1) {
	my $before = cpu();
	for (1 .. $n) {
		my $got = $conn->get('/', 'Authorization: Basic ' . encode_base64($pair, ''))->{status};
		is $got, $want, "$pair: $want" if $got != $want || $_ == 1;
	}
	return cpu() - $before;
}
SKIP: {
	skip "no schedstat", 5 if !cpu();
	my $once = cost('eve:panther', 200);
	cmp_ok cost('eve:panther', 200, 10), '<', $once, 'the right password ten times more';
	cost('eve:lion', 401);
	cmp_ok cost('eve:lion', 401, 10), '<', $once, 'a wrong one';
	$s->cli('reload');
	my $after = cost('eve:panther', 200, 3) + cost('eve:lion', 401, 3);
	cmp_ok $after, '<', $once, 'and both after a reload';
}

my $head = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";
like Weir->check("$head$_->[0]\n")->{err}, $_->[1], $_->[0] =~ s/\n.*//sr for
    ["userlist l\n user a password plain", qr/'plain' is no hash of crypt/],
    ["userlist l\n user a groups g", qr/no such group 'g' specified in user 'a'/],
    ["userlist l\n group g users z", qr/no such user 'z' specified in group 'g'/],
    ["userlist l\n user a\n user a", qr/user 'a' is already defined/],
    ["userlist l\nuserlist l", qr/userlist 'l' already exists/],
    ["frontend f\n bind :1\n http-request auth if { http_auth(none) }",
    qr/unable to find userlist 'none'/];
done_testing;
