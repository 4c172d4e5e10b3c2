# A disabled section has no listener, at a reload neither.
use v5.36;
use lib 't/lib';
use Weir;
use Test::More;

my $w = Weir->new(binds => ['fe'], defaults => 'http', cfg => <<'CFG');
frontend f
	bind "fd@${fe}"
	http-request return status 200
frontend off
	disabled
	bind 127.0.0.1:1
	http-request return status 200
CFG
like $w->cli('reload'), qr/Loading success/, 'reloaded';
is $w->http('fe')->get->{status}, 200, 'and serves';
is $w->stop, 143;
done_testing;
