# A server connection that speaks for one client (NTLM, a PROXY header) never
# serves another, not even one whose session lies where the first one's lay.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;

my $srv = Backend->new(sub ($req) {
	return response(401, '', 'WWW-Authenticate: NTLM abc') if $req->{path} eq '/login';
	return response(200, "conn $req->{conn}");
});
my $pp = Backend->new(sub ($req) { response(200, $req->{proxy} // '') }, proxy => 1);
my $w = Weir->new(binds => ['fe', 'fp'], defaults => 'http',
    env => { SRV => $srv->addr, PP => $pp->addr }, cfg => <<'CFG');
global
	nbthread 1
listen l
	bind "fd@${fe}"
	server s1 "${SRV}"
listen p
	bind "fd@${fp}"
	http-reuse always
	server s1 "${PP}" send-proxy
CFG
my $login = $w->http('fe');
is $login->get('/login')->{status}, 401, 'a connection is authenticated';
my $conn = $login->get('/x')->{body};
$login->close;
$w->wait_for(sub { $w->stat('l', 'FRONTEND')->{scur} == 0 });
my $next = $w->http('fe');
isnt $next->get('/y')->{body}, $conn, 'its client has gone: not for the next';
isnt $next->get('/z')->{body}, $conn, 'nor for its second request';
my $c = $w->http('fp');
like $c->get('/')->{body}, qr/^PROXY TCP4 127.0.0.1 127.0.0.1 @{[$c->local_port]} /, 'PROXY header';
$c->close;
$w->wait_for(sub { $w->stat('p', 'FRONTEND')->{scur} == 0 });
my $d = $w->http('fp');
like $d->get('/')->{body}, qr/^PROXY TCP4 127.0.0.1 127.0.0.1 @{[$d->local_port]} /,
    "PROXY header: its own, request $_" for 1, 2;
done_testing;
