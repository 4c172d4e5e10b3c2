# The statistics page: where it is, what it shows, who may see it, who may act.
use v5.36;
use Backend qw(:all);
use JSON::PP;
use MIME::Base64;
use SyslogSink;
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/hang' => HANG });
my $log = SyslogSink->new;
my $w = Weir->new(binds => [qw(fe1 locked plain)], env => { SRV => $srv->addr, LOG => $log->addr },
    cfg => <<'CFG');
global
	log "${LOG}" local0
	node box1
	description "<Shop> & more"
defaults
	mode http
	log global
	timeout client 2s
	timeout server 2s
	timeout connect 2s
frontend www
	option httplog
	bind "fd@${fe1}"
	description "all \"users\""
	http-request deny if { path /stats/denied }
	stats enable
	stats uri /stats
	stats refresh 30s
	stats show-node
	stats show-desc
	stats show-legends
	stats show-modules
	stats admin if { src 127.0.0.0/8 } !{ hdr(x-user) guest }
	default_backend app
backend app
	server s1 "${SRV}" check inter 10s
	server s2 127.0.0.1:1 disabled
	server s3 127.0.0.1:1 weight 3
	server s4 "${SRV}" agent-check agent-port 1 agent-inter 10s
frontend locked
	option httplog
	bind "fd@${locked}"
	stats auth me:secret
	stats auth you:se:cret
	stats realm "Keep \"out\""
	stats scope .
	stats hide-version
	default_backend paged
backend paged
	stats enable
	stats uri /paged
	server s1 "${SRV}"
listen tcp
	mode tcp
	bind "fd@${plain}"
	server s1 "${SRV}"
CFG
$w->wait_status('app', 's1', 'UP');
my $c = $w->http('fe1');
is $c->get('/a')->{status}, 200, 'traffic goes to servers';

# --- the page
my $r = $c->get('/stats');
is $r->{status}, 200, 'the page';
is_deeply [map { $r->{h}{$_} } qw(content-type cache-control transfer-encoding)],
    ['text/html; charset=utf-8', 'no-cache', 'chunked'], 'its head';
like $r->{h}{'content-security-policy'}, qr/default-src 'none'.*frame-ancestors 'none'/,
    'nothing else is loaded, nobody frames it';
my $page = $r->{body};
like $page, qr{HAProxy version 3\.3\.0-weir\S+, released \d{4}/\d\d/\d\d}, 'version and date';
like $page, qr{uptime = (</b>)?\d+d \d+h\d\dm\d\ds}, 'uptime';
like $page, qr/on box1/, 'show-node';
like $page, qr/&lt;Shop&gt; &amp; more/, 'show-desc, escaped';
like $page, qr/all &quot;users&quot;/, "a section's description";
like $page, qr/<meta http-equiv=refresh content="30;url=\/stats">/, 'refresh';
like $page, qr/name=viewport/, 'for phones';
like $page, qr/prefers-color-scheme:dark/, 'for the night';
unlike $page, qr/<(script|link|img)|\bsrc=|url\(/, 'and needs no other file';
like $page, qr/addr: \Q@{[ $srv->addr ]}\E/, 'show-legends';
like $page, qr/p99\.9/, 'show-modules';
is_deeply [$page =~ /<section id="([^"]+)"/g], [qw(www app locked paged tcp)], 'all sections';
is_deeply [$page =~ /type=checkbox name=s value="([^"]+)"/g], [qw(s1 s2 s3 s4 s1 s1)],
    'boxes for who may act';
like $page, qr/<b class="pill maint">MAINT</, 'a state';
like $c->get('/stats;norefresh')->{body}, qr/Start refreshing/, ';norefresh';
unlike $c->get('/stats;norefresh')->{body}, qr/http-equiv=refresh/, 'and does not';
unlike $c->get('/stats;up')->{body}, qr/value="s2"/, ';up hides what is not';
is_deeply [$c->get('/stats;scope=ap')->{body} =~ /<section id="([^"]+)"/g], ['app'], ';scope=';
like $c->get('/stats;st=DENY')->{body}, qr/Action denied/, 'the result of an action';
unlike $c->get('/stats;st=EVIL;scope=%22EVIL')->{body}, qr/"EVIL|>EVIL/,
    'but no other text';
is $c->get('/stats/denied')->{status}, 403, 'after the rules of its section';

# --- CSV and JSON
$r = $c->get('/stats;csv');
is $r->{h}{'content-type'}, 'text/plain', ';csv';
my ($head, @rows) = split /\n/, $r->{body};
is $head, (split /\n/, $w->cli('show stat'))[0], 'as on the socket';
is_deeply [map { join '/', (split /,/)[0, 1] } @rows],
    [qw(www/FRONTEND app/s1 app/s2 app/s3 app/s4 app/BACKEND locked/FRONTEND paged/s1 paged/BACKEND
    tcp/FRONTEND tcp/s1 tcp/BACKEND)], 'all rows';
is scalar(grep { tr/,// != ($head =~ tr/,//) } @rows), 0, 'each as wide as the head';
is scalar(@{ decode_json($c->get('/stats;json')->{body}) }), 12, ';json';
is scalar(split /\n/, $c->get('/stats;csv;up')->{body}), 12, ';csv;up';

# --- clients of all kinds
my $one = RawHTTP->new(port => $w->port('fe1'));
$one->send("GET /stats;csv HTTP/1.0\r\n\r\n");
like $one->read_until_close, qr{^HTTP/1\.1 200 OK\r\n(?!.*chunked).*connection: close\r\n\r\n\# pxname.*\n\z}s,
    'HTTP/1.0: until the close';
$r = $c->request("HEAD /stats HTTP/1.1\r\nHost: a\r\n\r\n", head => 1);
is $r->{status} . $r->{body}, '200', 'HEAD';
my $intercepted = $w->stat('www', 'FRONTEND')->{intercepted};
cmp_ok $intercepted, '>', 8, 'intercepted is counted';
my @gone = map { my $x = RawHTTP->new(port => $w->port('fe1'));
    $x->send("GET /stats HTTP/1.1\r\nHost: a\r\n\r\n" x 3); $x->reset; 1 } 1 .. 20;
is $c->get('/stats;csv')->{status}, 200, 'others left in the middle';

# --- passwords
my $l = $w->http('locked');
sub basic ($pair) { return "Authorization: Basic " . encode_base64($pair, '') }
$r = $l->get('/haproxy?stats');
is $r->{status}, 401, 'no password';
is $r->{h}{'www-authenticate'}, 'Basic realm="Keep \"out\""', 'its realm';
is $l->get('/haproxy?stats', basic($_))->{status}, 401, "not with $_" for 'me:', 'me:secret2', 'x:y';
is $l->get('/haproxy?stats;csv', basic($_))->{status}, 200, "with $_" for 'me:secret', 'you:se:cret';
$page = $l->get('/haproxy?stats', basic('me:secret'))->{body};
is_deeply [$page =~ /<section id="([^"]+)"/g], ['locked'], 'scope .';
unlike $page, qr/HAProxy version/, 'hide-version';
unlike $page, qr/checkbox name=s/, 'no form without stats admin';
is $l->get('/paged;csv')->{status}, 200, "a backend's page";

# --- actions
sub post ($form, %o) {
	my $to = $o{to} // $c;
	return $to->request(join "\r\n", "POST " . ($o{path} // '/stats') . " HTTP/1.1", 'Host: lb.test',
	    'Content-Length: ' . length $form, @{ $o{fields} // [] }, '', $form);
}
sub code ($r) {
	is $r->{status}, 303, 'a redirection';
	return ($r->{h}{location} =~ /;st=(\w+)/)[0];
}
my $iid = $w->stat('app', 'BACKEND')->{iid};
$r = post("s=s1&s=s3&action=maint&b=%23$iid");
is $r->{h}{location}, '/stats;st=DONE', 'maint of two';
is $w->stat('app', $_)->{status}, 'MAINT', "$_ is" for 's1', 's3';
$log->find(qr/Statistics page used from 127\.0\.0\.1: maint app\/s3/);
is post('s=s1&action=drain&b=app', path => '/stats;up;norefresh')->{h}{location},
    '/stats;st=DONE;up;norefresh', 'drain; the wishes stay';
like $w->stat('app', 's1')->{status}, qr/^DRAIN/, 'it is';
is code(post('s=s1&s=s2&s=s3&action=ready&b=app')), 'DONE', 'ready';
is $w->stat('app', 's2')->{status}, 'no check', 'it is';
is code(post('s=s1&action=hdown&b=app')), 'DONE', 'hdown';
like $w->stat('app', 's1')->{status}, qr/^DOWN/, 'it is';
is code(post('s=s1&action=hnolb&b=app')), 'DONE', 'hnolb';
like $w->stat('app', 's1')->{status}, qr/^NOLB/, 'it is';
is code(post('s=s1&action=hrunn&b=app')), 'DONE', 'hrunn';
is $w->stat('app', 's1')->{status}, 'UP', 'it is';
is code(post('s=s1&action=dhlth&b=app')), 'DONE', 'dhlth';
is $w->stat('app', 's1')->{status}, 'no check', 'it is';
is code(post('s=s1&action=ehlth&b=app')), 'DONE', 'ehlth';
is code(post('s=s1&s=s3&action=hdown&b=app')), 'PART', 's3 has no check';
is code(post('s=s3&action=hdown&b=app')), 'IVAL', 'nor does it alone';
is code(post('s=s1&action=hrunn&b=app')), 'DONE', 'up again';
is code(post("s=s4&action=$_&b=app")), 'DONE', $_ for qw(dagent eagent adown);
like $w->stat('app', 's4')->{status}, qr/^DOWN/, 'an agent said so';
is code(post('s=s4&action=arunn&b=app')), 'DONE', 'arunn';
like $w->stat('app', 's4')->{status}, qr/^(UP|no check)/, 'it is';
is code(post('s=s3&action=dagent&b=app')), 'IVAL', 's3 has no agent';
is code(post('action=maint&b=app')), 'NONE', 'no server named';
is code(post('')), 'NONE', 'an empty form';
is code(post($_)), 'ERRP', "bad: $_"
    for 's=s1&action=fly&b=app', 's=s1&action=maint&b=none', 's=s1&action=maint', 's=%zz&action=maint&b=app';
is code(post('s=s1&action=maint&b=app', fields => ['X-User: guest'])), 'DENY', 'not an admin';
is code(post('s=s1&action=maint&b=app', to => $l, path => '/paged')), 'DENY', 'no stats admin';
is code(post('s=s1&action=maint&b=app', fields => [$_])), 'DENY', "from elsewhere: $_"
    for 'Origin: http://evil.test', 'Origin: null', 'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: same-site', 'Referer: http://evil.test/lb.test';
is code(post('s=s3&action=ready&b=app', fields => [$_])), 'DONE', "from here: $_"
    for 'Origin: http://lb.test', 'Referer: http://LB.test/stats', 'Sec-Fetch-Site: same-origin';
is $w->stat('app', 's1')->{status}, 'UP', 'nothing of that was done';

# sessions of a server end
my $held = RawHTTP->new(port => $w->port('fe1'));
is code(post('s=s2&s=s3&s=s4&action=maint&b=app')), 'DONE', 'only s1 is left';
$held->send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
$w->wait_for(sub { $w->stat('app', 's1')->{scur} == 1 });
is code(post('s=s1&action=shutdown&b=app')), 'DONE', 'shutdown';
my $killed = $held->read_response;
is $killed->{status}, 502, 'its request has ended';
$w->wait_for(sub { $w->stat('app', 's1')->{scur} == 0 });
is code(post('s=s2&s=s3&s=s4&action=ready&b=app')), 'DONE', 'all are back';

# a long form; one that says more than it sends; one that waits to be asked
my $big = RawHTTP->new(port => $w->port('fe1'));
$r = $big->request("POST /stats HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" . 's=' x 10000);
is code($r), 'EXCD', 'too long';
my $cut = RawHTTP->new(port => $w->port('fe1'));
$cut->send("POST /stats HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\ns=s1&ac");
$cut->reset;
my $expect = RawHTTP->new(port => $w->port('fe1'));
$expect->send("POST /stats HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 24\r\n\r\n");
is $expect->read_bytes(25), "HTTP/1.1 100 Continue\r\n\r\n", '100 Continue';
is code($expect->request('s=s3&action=ready&b=app&')), 'DONE', 'then its form';

# --- the log line
like $log->find(qr{"GET /stats;csv HTTP/1\.1"}), qr{ www/<STATS> \d+/-1/-1/-1/\d+ 200 .* LR-- },
    'the log names the service' or diag join "\n", $log->all;
like $log->find(qr{ 401 .*"GET /haproxy}), qr/ locked\/<NOSRV> .* PR-- /, 'and a refusal';
done_testing;
