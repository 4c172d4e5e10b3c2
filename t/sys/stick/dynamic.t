# Dynamic cookies: values by address and key, what the commands change, and that
# a reload keeps it. (That values are HAProxy's: cookie.t.)
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/' => response(200, 'a') });
my $cfg = <<'CFG';
frontend f
	bind "fd@${fe1}"
	default_backend be
backend be
	cookie SRV insert indirect dynamic
	dynamic-cookie-key one
	server s1 "${SRV}"
	server s2 127.0.0.2:80 weight 0
	server s3 127.0.0.2:80 weight 0 cookie fixed
backend plain
	cookie SRV insert
	server s1 "${SRV}"
backend none
	server s1 "${SRV}" cookie x
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe1'], env => { SRV => $srv->addr }, cfg => $cfg);

sub cookie (@lines) { return $w->http('fe1')->get('/', @lines)->{h}{'set-cookie'} // '' }
sub value ($be, $s) { return $w->stat($be, $s)->{cookie} }

my $first = value('be', 's1');
like $first, qr/^[0-9a-f]{16}$/, 'a value of 16 digits';
isnt $first, value('be', 's2'), 'another address, another value';
is value('be', 's3'), 'fixed', 'what is written wins';
is value('none', 's1'), 'x', 'shown without a cookie line too';
is cookie(), "SRV=$first; path=/", 'sent to the client';
is cookie("Cookie: SRV=$first"), '', 'and known again';

is $w->cli('set dynamic-cookie-key backend be two'), '', 'another key';
my $second = value('be', 's1');
isnt $second, $first, 'another value';
is cookie("Cookie: SRV=$first"), "SRV=$second; path=/", 'the old one is unknown';
is value('be', 's3'), 'fixed', 'a written one stays';
like $w->cli('reload'), qr/Success=1/, 'reload';
is value('be', 's1'), $second, 'a reload keeps the key';
is cookie("Cookie: SRV=$second"), '', 'and the users';

# Another address
my $there = Backend->new({ '/' => response(200, 'there') });
like $w->cli('set server be/s1 addr 127.0.0.1 port ' . $there->port), qr/port changed/, 'another port';
my $third = value('be', 's1');
isnt $third, $second, 'another value';
is cookie("Cookie: SRV=$third"), '', 'which is known';
like $w->cli('reload'), qr/Success=1/, 'reload';
is value('be', 's1'), $third, 'a reload keeps address and value';
like $w->cli('set server be/s1 addr 127.0.0.1 port ' . $srv->port), qr/port changed/, 'back';
is value('be', 's1'), $second, 'the old value';

is $w->cli('disable dynamic-cookie backend be'), '', 'off';
is value('be', 's1'), '', 'no value';
is value('be', 's3'), 'fixed', 'a written one stays';
is cookie(), 'SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/', 'a server without one';
like $w->cli('reload'), qr/Success=1/, 'reload';
is value('be', 's1'), '', 'still off';
is $w->cli('enable dynamic-cookie backend be'), '', 'on';
is value('be', 's1'), $second, 'the value is back';
is $w->cli('enable dynamic-cookie backend plain'), '', 'without a key';
is value('plain', 's1'), '', 'nothing to make a value of';
is $w->cli('set dynamic-cookie-key backend plain k'), '', 'a key';
like value('plain', 's1'), qr/^[0-9a-f]{16}$/, 'now there is one';

is $w->cli('set dynamic-cookie-key backend be'), 'String value expected.', 'no key';
is $w->cli("$_ dynamic-cookie backend nope"), 'No such backend.', "$_: no such backend"
    for 'enable', 'disable';
is $w->cli('set dynamic-cookie-key backend nope x'), 'No such backend.', 'set: no such backend';
done_testing;
