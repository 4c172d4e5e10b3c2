# Maps of many entries: a change is compiled by a job, its answer comes when it is in
# force; a second change of the same map meanwhile is refused, anything else goes on.
use v5.36;
use IO::Socket::UNIX;
use Weir;
use Test::More;

my $N = 20_000;
my $w = Weir->new(defaults => 'http', binds => ['fe'], files => {
    'long.map' => join('', map { "/p$_ v$_\n" } 1 .. $N),
    're.map' => join('', map { "^/p$_\$ v$_\n" } 1 .. 1100) }, cfg => <<'CFG');
frontend f
	bind "fd@${fe}"
	http-request return status 200 hdr a "%[path,map(\"${DIR}/long.map\",none)]" hdr r "%[path,map_reg(\"${DIR}/re.map\",none)]"
backend b
CFG
my ($long, $re) = map { $w->dir . "/$_.map" } qw(long re);
sub found ($path) { return join ' ', @{ $w->http('fe')->get($path)->{h} }{qw(a r)} }
sub entries ($file) { return $w->cli('show map') =~ /\Q$file\E.*entry_cnt=(\d+)/ ? $1 : -1 }

is found('/p7'), 'v7 v7', 'as the files say';
is $w->cli("add map $long /new one"), q{}, 'add';
is found('/new'), 'one none', 'is in force when it is answered';
is $w->cli("set map $long /p7 seven"), q{}, 'set';
is found('/p7'), 'seven v7', 'likewise';
is $w->cli("del map $long /new"), q{}, 'delete';
is found('/new'), 'none none', 'likewise';
is entries($long), $N, 'all the others are there';

# What cannot be compiled changes nothing
like $w->cli("add map $re ([ x"), qr/regex/, 'an expression that is none';
is entries($re), 1100, 'is not kept';
is found('/p7'), 'seven v7', 'the others stay in force';
like $w->cli("prepare map $re"), qr/created: 1/, 'a version';
$w->cli("add map \@1 $re $_ x") for '([', '^/b$';
like $w->cli("commit map \@1 $re"), qr/regex/, 'that cannot be compiled';
is found('/b') . ' ' . found('/p8'), 'none none v8 v8', 'is not put into force';
$w->cli("clear map \@1 $re");
$w->cli("add map \@1 $re ^/b\$ x");
is $w->cli("commit map \@1 $re"), q{}, 'mended it is';
is found('/b') . ' ' . found('/p8'), 'none x v8 none', 'and the old entries went';

# Two at once, and a server that is added meanwhile
my $refused = 0;
for my $i (1 .. 5) {
	my @s = map { IO::Socket::UNIX->new($w->path('WEIR_T_STATS')) } 1 .. 3;
	$s[$_]->syswrite("add map $long /both$i-$_ x\n") for 0, 1;
	$s[2]->syswrite("add server b/s$i 127.0.0.1:1\n");
	my @said = map { local $/; my $s = $_; $s->shutdown(1); <$s> } @s;
	$refused += grep { /^Another change of this map is under way/ } @said;
	like $said[2], qr/New server registered/, 'a server is added';
	is scalar(grep { found("/both$i-$_") =~ /^x/ } 0, 1),
	    scalar(grep { $_ eq "\n" } @said[0, 1]), 'what was answered well is in force';
}
note "$refused were refused";
is found('/p7'), 'seven v7' =~ s/v7$/none/r, 'changes stay when servers are added';

# A client that leaves before its answer
{
	my $s = IO::Socket::UNIX->new($w->path('WEIR_T_STATS'));
	$s->syswrite("add map $long /left x\n");
}
ok Weir::poll(sub { found('/left') =~ /^x/ }), 'a change whose client has gone';
is $w->cli("clear map $long"), q{}, 'clear';
is found('/p7'), 'none none', 'is empty';
$w->stop;
done_testing;
