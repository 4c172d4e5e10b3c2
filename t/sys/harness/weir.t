# The test library itself: Weir.pm, RawHTTP.pm, CLI.pm (also runs with
# WEIR_BIN=/usr/sbin/haproxy).
use v5.36;
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', binds => ['fe1'], unix => ['u1'],
    files => { 'page.txt' => 'x' x 5000 }, cfg => <<'CFG');
frontend f
	bind "fd@${fe1}"
	bind "fd@${u1}"
	http-request return status 200 content-type text/plain file "${DIR}/page.txt" if { path /page }
	http-request return status 200 content-type text/plain string hello
CFG
ok $w->alive, 'weir runs';

my $c = $w->http('fe1');
my $r = $c->get('/');
is $r->{status}, 200, 'status';
is $r->{body}, 'hello', 'body';
is $r->{h}{'content-type'}, 'text/plain', 'a header';
$c->send_bytewise("GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
is length $c->read_response->{body}, 5000, 'byte by byte, on the same connection';
$r = $c->request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
is $r->{status}, 200, 'HEAD';
$c->send_split("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 3, 30);
is $c->read_response->{status}, 200, 'first of two pipelined';
is $c->read_response->{h}{connection}, 'close', 'second of two';
ok $c->is_closed, 'closed after the last one';
is $c->ended, 'fin', 'by FIN';

is $w->http('u1')->get('/')->{body}, 'hello', 'over a unix socket';
$c = $w->http('fe1');
is $c->request("BAD\r\n\r\n")->{status}, 400, 'an answer to garbage';
is $w->curl($w->url('fe1', '/page'))->{out}, 'x' x 5000, 'curl';

like $w->info->{Pid}, qr/^\d+$/, 'show info';
my $s = $w->stat('f', 'FRONTEND');
is $s->{status}, 'OPEN', 'show stat, one row';
cmp_ok $s->{req_tot}, '>=', 6, 'requests are counted';
ok scalar @{ $w->stat } >= 1, 'show stat, all rows';
like $w->cli('no-such-command'), qr/Unknown command/, 'a CLI error';
my $cli = $w->cli_session;
$cli->send("prompt\n");
$cli->read_to_prompt;
like $cli->prompted('show info'), qr/^Pid: /m, 'prompt mode';
ok $w->wait_for(sub { $w->stat('f', 'FRONTEND')->{stot} > 0 }), 'wait_for';
is $w->stop, 143, 'ends by the signal';

$r = Weir->check("frontend f\n\tbogus\n");
is $r->{code}, 1, 'check: code';
like $r->{err}, qr/\Q$r->{file}\E:2/, 'check: file and line';
done_testing;
