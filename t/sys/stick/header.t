# stickiness-header: which server answered and why, as clients see it; and what
# `show stickiness` says where nothing sticks.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a') });
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'fe2'], env => { SRV => $srv->addr },
    cfg => <<'CFG');
frontend f1
	bind "fd@${fe1}"
	stickiness-header
	use_backend hashed if { path_beg /h }
	default_backend be
frontend f2
	bind "fd@${fe2}"
	stickiness-header X-Why
	default_backend be
backend be
	http-request set-path /a
	use-server s2 if { hdr(x-rule) -m found }
	server s1 "${SRV}"
	server s2 "${SRV}" weight 0
backend hashed
	balance uri
	http-request set-path /a
	server s1 "${SRV}"
CFG
my $c = $w->http('fe1');
is $c->get('/a')->{h}{'x-stickiness'}, 'be/s1; reason=balance', 'balanced';
is $c->get('/h')->{h}{'x-stickiness'}, 'hashed/s1; reason=hash', 'hashed';
is $c->get('/a', 'X-Rule: 1')->{h}{'x-stickiness'}, 'be/s2; reason=rule', 'by use-server';
is $w->http('fe2')->get('/a')->{h}{'x-why'}, 'be/s1; reason=balance', 'under its own name';
$w->cli('disable server be/s2');
is $c->get('/a', 'X-Rule: 1')->{h}{'x-stickiness'}, 'be/s1; reason=balance',
    'a rule whose server is down did not choose';

like $w->cli('show stickiness nobody'), qr/^No such backend\.$/m, 'show stickiness: no backend';
like $w->cli('show stickiness be cookie x'), qr/^No cookie persistence in this backend\.$/m,
    'no cookie';
like $w->cli('show stickiness be key x'), qr/^No stick table in this backend\.$/m, 'no table';
like $w->cli('show stickiness be foo'), qr/^'show stickiness' expects/m, 'words';
like Weir->check("frontend f\n stickiness-header Content-Length\n")->{err},
    qr/is no name for a header of our own/, 'a name of HTTP itself is refused';
done_testing;
