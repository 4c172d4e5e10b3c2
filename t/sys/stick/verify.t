# Stickiness one can verify: what the header and `show stickiness` say of cookies,
# with dates, dead servers and added ones; and redispatch in the log.
use v5.36;
use Backend qw(:all);
use SyslogSink;
use Weir;
use Test::More;

my $srv = Backend->new({ '/' => response(200, 'a'), '/get' => response(200, 'a') });
my $log = SyslogSink->new;
my $w = Weir->new(defaults => 'http', binds => ['fe1'],
    env => { SRV => $srv->addr, NO => '127.0.0.1:' . Weir->refused_port, LOG => $log->addr }, cfg => <<'CFG');
frontend f
	bind "fd@${fe1}"
	log "${LOG}" local0
	log-format "%tsc %s %rc"
	stickiness-header
	use_backend get if { path /get }
	default_backend be
backend be
	balance roundrobin
	option redispatch
	retries 1
	timeout connect 50ms
	cookie SRV insert indirect maxidle 30m maxlife 8h
	server s1 "${SRV}" cookie one
	server s2 "${SRV}" cookie two weight 0
	server gone "${NO}" cookie gone weight 0
backend get
	cookie SRV insert
	option persist
	server s1 "${SRV}" cookie one
	server s2 "${SRV}" cookie two disabled
CFG
my $c = $w->http('fe1');
my $DATE = qr/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)/;
sub why (@lines) { return $c->get('/', @lines)->{h}{'x-stickiness'} }
sub asked ($value, $be = 'be') { return (split /\n/, $w->cli("show stickiness $be cookie $value"))[1] // '' }

my @B64 = ('A' .. 'Z', 'a' .. 'z', 0 .. 9, '+', '/');
sub date ($age) {
	my $v = (time - $age) >> 2;
	return join '', map { $B64[$v >> 6 * $_ & 63] } reverse 0 .. 4;
}
sub seconds ($iso) {
	require Time::Local;
	my ($y, $m, $d, $h, $min, $s) = $iso =~ /\d+/g;
	return Time::Local::timegm($s, $min, $h, $d, $m - 1, $y);
}

# --- dates ----------------------------------------------------------------------

like why(), qr{^be/s1; reason=cookie-insert; since=$DATE; until=$DATE$}, 'a new user';
my ($since, $until) = why() =~ /$DATE.*$DATE/;
is seconds($until) - seconds($since), 1800, 'for as long as maxidle';
ok abs(seconds($since) - time) < 10, 'since now';

my $v = 'two|' . date(100) . '|' . date(7 * 3600);
like why("Cookie: SRV=$v"), qr{^be/s2; reason=cookie; since=$DATE; until=$DATE$}, 'a known user';
($since, $until) = why("Cookie: SRV=$v") =~ /$DATE.*$DATE/;
ok abs(time - seconds($since) - 7 * 3600) < 10, 'since his first visit';
ok abs(seconds($until) - time - 1800) < 10, 'the visit counts: 30 minutes more';
($since, $until) = asked($v) =~ /^\Q$v\E,s2,cookie,$DATE,$DATE$/;
ok defined $until && abs(seconds($until) - time - 1700) < 10, 'the value alone: 30 minutes from his last one';
my $near = 'two|' . date(100) . '|' . date(8 * 3600 - 60);
($until) = asked($near) =~ /$DATE$/;
ok abs(seconds($until) - time - 60) < 10, 'not beyond maxlife';
like asked('two|' . date(3600)), qr/,,expired,/, 'too long ago';
is asked('two'), 'two,s2,cookie,,', 'without dates';
is asked('nobody'), 'nobody,,unknown value,,', 'of no server';
is asked('"a,b'), '"""a,b",,unknown value,,', 'quoted as in all tables';

# --- a server that is down ----------------------------------------------------------

$log->forget;
like why('Cookie: SRV=gone'), qr{^be/s1; reason=cookie-moved; since=$DATE; until=$DATE$}, 'refused: another one';
like $log->find(qr/ s1 /), qr/ --DI s1 \+1$/, 'the log tells';
$w->cli('disable server be/s2');
is asked('two'), 'two,s2,"server down, next request is balanced",,', 'show stickiness: down';
like why('Cookie: SRV=two'), qr{^be/s1; reason=cookie-moved}, 'and so it is';
is asked('two', 'get'), 'two,s2,"cookie, server down",,', 'option persist: still his';
is $c->get('/get', 'Cookie: SRV=two')->{h}{'x-stickiness'}, 'get/s2; reason=cookie', 'and so it is';
$w->cli('enable server be/s2');

# --- a server that was added ----------------------------------------------------------

like $w->cli('add server be/new ' . $srv->addr . ' cookie three'), qr/New server registered/, 'add server';
is asked('three'), 'three,new,"server down, next request is balanced",,', 'in maintenance yet';
$w->cli('enable server be/new');
is asked('three'), 'three,new,cookie,,', 'it has its cookie';
like why('Cookie: SRV=three'), qr{^be/new; reason=cookie;}, 'and its users';
like $w->cli('reload'), qr/Success=1/, 'reload';
is asked('three'), 'three,new,cookie,,', 'which a reload keeps';
$w->cli('disable server be/new');
$w->cli('wait 2s srv-removable be/new; del server be/new');
$w->cli('wait 5s srv-removable be/new');
like $w->cli('del server be/new'), qr/deleted|No such server/, 'del server';
is asked('three'), 'three,,unknown value,,', 'and it is gone';
done_testing;
