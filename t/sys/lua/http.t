# core.httpclient of notifiers: requests to real servers over HTTP and HTTPS, what
# comes back, what is refused, what takes too long; weir answers meanwhile.
use v5.36;
use Backend qw(:all);
use Cert;
use File::Temp;
use Scale;
use Time::HiRes qw(time);
use Weir;
use Test::More;

my $dir = File::Temp->newdir;
my $ca = Cert->new("$dir");
my $pem = $ca->issue('srv', san => ['DNS:localhost', 'IP:127.0.0.1']);
chmod 0600, $pem;
# Who answers is another weir.
my $s = Weir->new(defaults => 'http', binds => [qw(http https)], env => { PEM => $pem }, cfg => <<'CFG');
defaults
	mode http
	timeout client 5s
frontend f
	bind "fd@${http}"
	bind "fd@${https}" ssl crt "${PEM}"
	http-request return status 404 if { path /missing }
	http-request redirect location /else if { path /moved }
	http-request return status 200 content-type text/plain hdr X-Two a hdr X-Two b lf-string "%[method] %[path] %[req.hdr(x-a)] %[req.hdr(content-type)] %[req.hdr(content-length)] %[ssl_fc]"
CFG
my $slow = Backend->new(undef, tcp => sub { '' });	# says nothing
my ($http, $https, $hang) = (map({ "127.0.0.1:" . $s->port($_) } qw(http https)), $slow->addr);

my $w = Weir->new(files => { 'n.lua' => <<'LUA' }, env => { HTTP => $http, HTTPS => $https, HANG => $hang,
local http, https, hang, none = ...
local function show(r)
	local two = r.headers["x-two"] and table.concat(r.headers["x-two"], "+") or "-"
	return ("%d|%s|%s|%s"):format(r.status, r.reason, two, r.body)
end
local turns = {
	get = function(c) return c:get{ url = "http://" .. http .. "/a", headers = { ["X-A"] = "1" } } end,
	lists = function(c) return c:get{ url = "http://" .. http .. "/a", headers = { ["X-A"] = { "1", "2" } } } end,
	post = function(c) return c:post{ url = "http://" .. http .. "/b", body = "some text" } end,
	typed = function(c) return c:put{ url = "http://" .. http .. "/c", body = "{}",
	    headers = { ["Content-Type"] = "application/json" } } end,
	empty = function(c) return c:post{ url = "http://" .. http .. "/d" } end,
	delete = function(c) return c:delete{ url = "http://" .. http .. "/e" } end,
	head = function(c) return c:head{ url = "http://" .. http .. "/f" } end,
	missing = function(c) return c:get{ url = "http://" .. http .. "/missing" } end,
	moved = function(c) return c:get{ url = "http://" .. http .. "/moved" } end,
	tls = function(c) return c:get{ url = "https://" .. https .. "/s" } end,
	refused = function(c) return c:get{ url = "http://" .. none .. "/" } end,
	hang = function(c) return c:get{ url = "http://" .. hang .. "/", timeout = 600 } end,
	two = function(c)
		local a = c:get{ url = "http://" .. http .. "/1" }
		local b = c:get{ url = "http://" .. http .. "/2" .. #a.body }
		return b
	end,
	many = function(c) for i = 1, 11 do c:get{ url = "http://" .. http .. "/" } end end,
	scheme = function(c) return c:get{ url = "file:///etc/passwd" } end,
	blank = function(c) return c:get{ url = "http://" .. http .. "/a b" } end,
	word = function(c) return c:get{ url = "http://" .. http .. "/", dst = "x" } end,
	header = function(c) return c:get{ url = "http://" .. http .. "/", headers = { ["X-A"] = "1\r\nX-B: 2" } } end,
	length = function(c) return c:post{ url = "http://" .. http .. "/", headers = { ["content-length"] = "3" } } end,
	large = function(c) return c:post{ url = "http://" .. http .. "/", body = ("x"):rep(65536) .. ("x"):rep(65536) .. "x" } end,
	patient = function(c) return c:get{ url = "http://" .. http .. "/", timeout = 90000 } end,
	inner = function(c) return coroutine.wrap(function() return c:get{ url = "http://" .. http .. "/" } end)() end,
	caught = function(c)
		local ok, e = pcall(c.get, c, { url = "gopher://x" })
		return { status = ok and 1 or 0, reason = e, headers = {}, body = "" }
	end,
	protected = function(c)
		local ok, r = pcall(c.get, c, { url = "http://" .. http .. "/p" })
		return r
	end,
}
local names = {}
for name in pairs(turns) do
	weir.notifier(name, function(n)
		weir.log("notice", "<" .. name .. ":" .. show(turns[name](core.httpclient())) .. ">")
		return true
	end)
end
weir.policy("asks", { every = "60s" }, function(p)
	core.httpclient():get{ url = "http://" .. http .. "/" }
	return p:hold("never")
end)
LUA
    NONE => '127.0.0.1:' . Weir->refused_port, CA => "$dir/ca.pem" }, cfg => <<'CFG' . join('', map { my $n = $_;
global
	lua-policy "${DIR}/n.lua" "${HTTP}" "${HTTPS}" "${HANG}" "${NONE}"
provider local
	type test
launch-config small
	provider local
scaling-group web
	launch-config small
	size 0 1
	policy p lua asks
notifier trusting
	type lua
	function tls
	ca-file "${CA}"
	retry 1s 1s for 1h
CFG
    "notifier $n\n\ttype lua\n\tfunction $n\n\tretry 1s 1s for 1h\n" } qw(get lists post typed empty delete head missing
    moved tls refused hang two many scheme blank word header length large patient inner caught protected)));

sub said_by ($name, $function = $name) {
	my $from = length $w->stderr;
	$w->cli("notifier test $name");
	$w->wait_for(sub { substr($w->stderr, $from) =~ /<\Q$function\E:|notifier $name: delivery/ }, 10);
	my $new = substr $w->stderr, $from;
	return $new =~ /<\Q$function\E:(.*)>/ ? $1 : $new =~ /notifier $name: delivery \S+: (.*); again/ ? "error $1" : $new;
}
for (
	['get', '200|OK|a+b|GET /a 1   0'],
	['lists', '200|OK|a+b|GET /a 2   0'],
	['post', '200|OK|a+b|POST /b   9 0'],
	['typed', '200|OK|a+b|PUT /c  application/json 2 0'],
	['empty', '200|OK|a+b|POST /d   0 0'],
	['delete', '200|OK|a+b|DELETE /e    0'],
	['head', '200|OK|a+b|'],
	['moved', qr/^302\|Found\|-\|$/],
	['missing', qr/^404\|Not Found\|-\|/],
	['tls', qr/^0\|.*certificate.*\|-\|$/i],
	['refused', qr/^0\|.*(refused|connect).*\|-\|$/i],
	['two', '200|OK|a+b|GET /2' . length('GET /1    0') . '    0'],
	['protected', '200|OK|a+b|GET /p    0'],
	['caught', qr/^0\|.*url: http:\/\/\.\.\. or https:\/\/\.\.\. is expected/],
	['many', qr/^error \S+n\.lua:\d+: more than 10 requests$/],
	['scheme', qr/^error \S+n\.lua:\d+: url: http:\/\/\.\.\. or https:\/\/\.\.\. is expected$/],
	['blank', qr/^error .*url: up to 2048 characters without blanks are expected$/],
	['word', qr/^error .*unknown word 'dst': url, body, headers and timeout are known$/],
	['header', qr/^error .*headers: the value of 'X-A' has a control character$/],
	['length', qr/^error .*headers: 'content-length' cannot be set$/],
	['large', qr/^error .*body: more than 131072 bytes$/],
	['patient', qr/^error .*timeout: 1 to 60000 milliseconds are expected$/],
	['inner', qr/^error .*cannot wait in a coroutine of the script's own$/],
) {
	my ($name, $want) = @$_;
	ref $want ? like(said_by($name), $want, $name) : is(said_by($name), $want, $name);
}
is said_by('trusting', 'tls'), '200|OK|a+b|GET /s    1', 'HTTPS with its authority';

# --- waiting holds nobody up ---
my $from = time;
$w->cli('notifier test hang');
$w->cli('show info') for 1 .. 5;
cmp_ok time - $from, '<', 0.5, 'commands are answered meanwhile';
$w->wait_for(sub { $w->stderr =~ /<hang:0\|.*>/ });
like $w->stderr, qr/<hang:0\|.*timed? ?out.*\|-\|>/i, 'and it ends';

# --- what decides must not wait ---
like $w->cli('policy execute web/p'), qr/core\.httpclient is for notifiers: what decides must not wait/, 'a policy';
my $user = Weir->check(<<'CFG');
notifier n
	type email
	smtp smtp://127.0.0.1:25
	from a@b
	to c@d
	ca-file /x
CFG
like $user->{err}, qr/'ca-file' is a word of notifiers of type webhook/, 'not of mails';
$w->cli('notifier test hang');
is $w->stop, 143, 'stops while one waits';
is $s->stop, 143, 'stops';
done_testing;
