# elb-cookie: stickiness as behind Elastic Load Balancing, by a cookie of the
# balancer's own, and by following an application's cookie.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

# The application: /login sets its cookie, /logout takes it away, others do nothing.
my @srv = map { my $name = $_;
	Backend->new({
		'/login' => response(200, $name, 'Set-Cookie: JSESSIONID=' . $name . '1; Path=/my_app; HttpOnly; ' .
		    'SameSite=Lax; Priority=High', 'Set-Cookie: OTHER=1; Path=/other'),
		'/php' => response(200, $name, 'Set-Cookie: PHPSESSID=x; Domain=a.test; Max-Age=60; Secure; Version=1'),
		'/logout' => response(200, $name, 'Set-Cookie: JSESSIONID=; Path=/my_app; Max-Age=0'),
		'*' => response(200, $name),
	}) } 'a', 'b';
my $cfg = <<'CFG';
frontend f
	bind "fd@${fe1}"
	stickiness-header
	use_backend app if { path_beg /login /logout /app }
	use_backend php if { path_beg /php }
	use_backend keyed if { path_beg /keyed }
	use_backend other if { path_beg /other }
	default_backend lb
frontend f2
	bind "fd@${fe2}"
	stickiness-header
	default_backend lb
defaults
	mode http
	timeout client 5s
	timeout connect 1s
	timeout server 5s
	balance roundrobin
backend lb
	elb-cookie lb period 1h
	server a "${A}"
	server b "${B}"
backend other
	elb-cookie lb MINE
	server a "${A}"
	server b "${B}"
backend app
	elb-cookie app JSESSIONID
	server a "${A}"
	server b "${B}"
backend php
	elb-cookie app PHPSESSID name STICKY
	server a "${A}"
backend keyed
	elb-cookie lb key secret
	server a "${A}"
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'fe2'],
    env => { A => $srv[0]->addr, B => $srv[1]->addr }, cfg => $cfg);
my $c = $w->http('fe1');

# body, and the Set-Cookie lines
sub ask ($path, @lines) {
	my $r = $c->get($path, @lines);
	return ($r->{body}, map { $_->[1] } grep { $_->[0] eq 'set-cookie' } @{ $r->{headers} });
}
sub why ($path, @lines) { return $c->get($path, @lines)->{h}{'x-stickiness'} }
# The same from the socket, in the header's form.
sub told ($be, @words) {
	my @f = split /,/, (split /\n/, $w->cli("show stickiness $be @words"))[1], -1;
	return "$be/$f[1]; reason=$f[2]" . ($f[3] ? "; since=$f[3]" : '') . ($f[4] ? "; until=$f[4]" : '');
}
my $HEX = qr/[0-9A-F]{120}/;
my $DATE = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/;

# --- the balancer's own cookie ------------------------------------------------

my ($who, @set) = ask('/');
is scalar @set, 1, 'lb: one cookie';
like $set[0], qr/^AWSELB=$HEX;PATH=\/;MAX-AGE=3600$/, 'lb: its form';
my ($lb) = $set[0] =~ /($HEX)/;
for (1 .. 4) {
	my ($again, @more) = ask('/', "Cookie: x=1; AWSELB=$lb");
	is "$again@more", $who, 'lb: the same server, no new cookie';
}
isnt join('', map { (ask('/'))[0] } 1 .. 2), $who x 2, 'lb: others are balanced';
like why('/'), qr{^lb/[ab]; reason=cookie-insert; since=$DATE; until=$DATE$}, 'lb: the header, set now';
like why('/', "Cookie: AWSELB=$lb"), qr{^lb/$who; reason=cookie; since=$DATE; until=$DATE$}, 'lb: and known';
like $w->http('fe2')->get('/', "Cookie: AWSELB=$lb")->{h}{'x-stickiness'}, qr{^lb/$who; reason=cookie},
    'lb: the other listener of the balancer knows it';
like((ask('/other'))[1], qr/^MINE=$HEX;PATH=\/$/, 'lb: another name, until the browser ends');

# for CORS
(undef, @set) = ask('/', 'Origin: http://x.test');
is scalar @set, 2, 'CORS: two cookies';
like $set[1], qr/^AWSELBCORS=$HEX;PATH=\/;MAX-AGE=3600;SECURE;SAMESITE=None$/, 'CORS: the twin';
is((ask('/', "Cookie: AWSELBCORS=$lb"))[0], $who, 'CORS: the twin alone counts too');

# what was not made here leads nowhere
for my $bad ('x', '0' x 120, substr($lb, 0, 119), lc $lb, $lb . '0', '', $who) {
	like why('/', "Cookie: AWSELB=$bad"), qr/reason=cookie-insert/, 'lb: ignored: ' . substr $bad, 0, 8;
}
my ($q, $id) = ('[0-9A-F]{64}', substr $lb, 0, 64);
like $w->cli("show stickiness lb cookie $lb"), qr/^# key,server,reason,since,expires\n$lb,$who,cookie,$DATE,$DATE$/,
    'lb: show stickiness';
is why('/', "Cookie: AWSELB=$id" . '0' x 56), "lb/$who; reason=cookie", 'lb: who knows a server\'s id reaches it';
like $w->cli("show stickiness lb cookie $id" . '0' x 56), qr/,$who,cookie,,$/, 'lb: and the socket tells the same';
like $w->cli('show stickiness lb cookie x'), qr/^x,,not a cookie of this balancer,,$/m, 'lb: not one at all';

like $w->cli('reload'), qr/Success=1/, 'reload';
is((ask('/', "Cookie: AWSELB=$lb"))[0], $who, 'lb: a reload keeps the key');
is told('lb', 'cookie', $lb), why('/', "Cookie: AWSELB=$lb"), 'lb: header and socket tell the same';

# its server goes down: balanced, and a new cookie
my $other = $who eq 'a' ? 'b' : 'a';
$w->cli("set server lb/$who state maint");
my ($next, $new) = ask('/', "Cookie: AWSELB=$lb");
is $next, $other, 'lb: the other server';
like $new, qr/^AWSELB=$HEX;PATH/, 'lb: a new cookie';
isnt substr($new, 7, 64), $id, 'lb: with another value';
like why('/', "Cookie: AWSELB=$lb"), qr/reason=cookie-moved; since/, 'lb: the header tells';
like $w->cli("show stickiness lb cookie $lb"), qr/^$lb,$who,"server down, next request is balanced",/m, 'lb: and the socket';
$w->cli("set server lb/$who state ready");

# --- the application's cookie ---------------------------------------------------

my ($first, @none) = ask('/app');
is "@none", '', 'app: no cookie before the application sets its own';
($who, @set) = ask('/login');
is scalar(@set), 3, 'app: one more cookie beside the two of the application';
like $set[2], qr{^AWSELB=$HEX;PATH=/my%5Fapp;HTTPONLY;SAMESITE=Lax$}, 'app: with its attributes';
my ($elb) = $set[2] =~ /($HEX)/;
my @both = ("Cookie: JSESSIONID=${who}1; AWSELB=$elb");
for (1 .. 4) {
	my ($again, @more) = ask('/app', @both);
	is "$again@more", $who, 'app: the same server, no cookie';
}
isnt join('', map { (ask('/app', "Cookie: AWSELB=$elb"))[0] } 1 .. 2), $who x 2,
    'app: without the application\'s cookie it does not count';
isnt join('', map { (ask('/app', "Cookie: JSESSIONID=${who}1"))[0] } 1 .. 2), $who x 2,
    'app: nor does the application\'s alone';
like((ask('/logout', @both))[2], qr{^AWSELB=$HEX;PATH=/my%5Fapp;MAX-AGE=0$}, 'app: it goes with it');
like((ask('/php'))[2], qr{^STICKY=$HEX;DOMAIN=a\.test;MAX-AGE=60;SECURE;VERSION=1$}, 'app: PHPSESSID alike');
(undef, @set) = ask('/php', 'Origin: null');
like $set[2], qr{^STICKYCORS=$HEX;DOMAIN=a\.test;MAX-AGE=60;VERSION=1;SECURE;SAMESITE=None$}, 'app: the twin';

# its server fails: the other one, for good
$other = $who eq 'a' ? 'b' : 'a';
$w->cli("disable server app/$who");
my ($moved, @more) = ask('/app', @both);
is "$moved@more", $other, 'app: the other server, and no cookie';
$w->cli("enable server app/$who");
is((ask('/app', @both))[0], $other, 'app: he stays there') for 1 .. 3;
like why('/app', @both), qr{^app/$other; reason=cookie; since=$DATE$}, 'app: the header';
my @his = ('cookie', $elb, 'app', "${who}1");
is told('app', @his), why('/app', @both), 'app: the socket tells the same of who had to move';
is told('app', 'cookie', $elb), why('/app', @both), 'app: without his other cookie too';
my @twin = ("Cookie: JSESSIONID=twin; AWSELB=$elb");
like why('/app', @twin), qr{^app/$who; reason=cookie; since=$DATE$}, 'app: not a user who came in the same second';
is told('app', 'cookie', $elb, 'app', 'twin'), why('/app', @twin), 'app: and the socket knows both';
like $w->cli('reload'), qr/Success=1/, 'reload';
is((ask('/app', @both))[0], $other, 'app: a reload does not move him back');
is told('app', @his), why('/app', @both), 'app: on the socket neither';
$w->cli("disable server app/$other");
is told('app', @his), why('/app', @both), 'app: the new one is down, the old one serves: both tell it';
$w->cli("disable server app/$who");
like $w->cli("show stickiness app @his"), qr/^$elb,$who,"server down, next request is balanced",$DATE,$/m, 'app: both down';
$w->cli("enable server app/$_") for $who, $other;
like $w->cli("show stickiness lb cookie $lb app x"), qr/^This backend follows no cookie of the application/m, 'app: no such cookie';
my ($whom, @set2) = ask('/login', @both);
is $whom, $other, 'app: he logs in there';
my ($elb2) = $set2[2] =~ /($HEX)/;
is((ask('/app', "Cookie: JSESSIONID=x; AWSELB=$elb2"))[0], $other, 'app: with a cookie of that server');

# --- a secret that outlives the process -------------------------------------------

my ($keyed) = (ask('/keyed'))[1] =~ /($HEX)/;
is $w->stop, 143;
my $v = Weir->new(defaults => 'http', binds => ['fe1', 'fe2'],
    env => { A => $srv[0]->addr, B => $srv[1]->addr }, cfg => $cfg);
$c = $v->http('fe1');
like why('/keyed', "Cookie: AWSELB=$keyed"), qr/^keyed\/a; reason=cookie; since/, 'key: known after a restart';
like why('/', "Cookie: AWSELB=$lb"), qr/reason=cookie-insert/, 'without: not';
done_testing;
