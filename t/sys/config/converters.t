# Converters: fixed inputs and outputs, all in one answer; and what they refuse.
use v5.36;
use Weir;
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha1_hex sha256_hex sha384_hex sha512_hex);
use Test::More;

sub hash32 ($step, $h, $text) {
	$h = $step->($h, ord) & 0xffffffff for split //, $text;
	return $h;
}
my $sdbm = hash32(sub ($h, $c) { $c + ($h << 6) + ($h << 16) - $h }, 0, 'abc');
my $djb2 = hash32(sub ($h, $c) { ($h << 5) + $h + $c }, 5381, 'abc');
my ($md5, $sha1) = map { uc } md5_hex('abc'), sha1_hex('abc');
my ($s256, $s384, $s512) = map { uc } sha256_hex('abc'), sha384_hex('abc'), sha512_hex('abc');

my @rows = map { [split /\s*=>\s?/, $_, 2] } split /\n/, <<"ROWS";
str(AbC),lower => abc
str(AbC),upper => ABC
str(abc),hex => 616263
str(ff),hex2i => 255
str(abc),length => 3
str(abcdef),bytes(2) => cdef
str(abcdef),bytes(1,3) => bcd
str(a.b..c),field(3,.) => 
str(a.b..c),field(4,.) => c
str(a.b..c),field(-1,.) => c
str(a.b.c.d),field(2,.,2) => b.c
str(a.b..c),word(3,.) => c
str(..a.b),word(1,.) => a
str(a),concat(-,txn.v,-) => a-value-
str(value),strcmp(txn.v) => 0
bool(true),iif(yes,no) => yes
bool(false),iif(yes,no) => no
str(kept),set-var(txn.w) => kept
var(txn.w),upper => KEPT
str(a%20b%2Fc),url_dec => a b/c
str(a b/c),url_enc => a%20b%2Fc
str(a-b-b),regsub(b,x) => a-x-b
str(a-b-B),regsub(b,x,gi) => a-x-x
str(host:81),host_only => host
str([::1]:81),host_only => [::1]
str(host:81),port_only => 81
str(host),port_only => 0
str(aab),ltrim(a) => b
str(baa),rtrim(a) => b
int(784111777),http_date => Sun, 06 Nov 1994 08:49:37 GMT
int(5),add(3) => 8
int(5),add(txn.n) => 12
int(5),sub(8) => -3
int(-5),mul(3) => -15
int(-7),div(2) => -3
int(7),mod(4) => 3
int(12),and(10) => 8
int(12),or(3) => 15
int(12),xor(10) => 6
int(12),neg => -12
int(12),cpl => -13
int(0),not => 1
int(7),bool => 1
int(4),even => 1
int(4),odd => 0
ipv4(192.0.2.129),ipmask(24) => 192.0.2.0
ipv4(192.0.2.129),ipmask(255.255.0.0) => 192.0.0.0
ipv6(2001:db8::ffff),ipmask(24,32) => 2001:db8::
str(abc?>),base64 => YWJjPz4=
str(YWJjPz4=),b64dec => abc?>
str(abc?>),ub64enc => YWJjPz4
str(YWJjPz4),ub64dec => abc?>
str(abc),md5,hex => $md5
str(abc),sha1,hex => $sha1
str(abc),sha2,hex => $s256
str(abc),sha2(384),hex => $s384
str(abc),sha2(512),hex => $s512
str(123456789),crc32 => 3421780262
str(123456789),crc32c => 3808858755
str(abc),sdbm => $sdbm
str(abc),djb2 => $djb2
str(abc),xxh32 => 852579327
str(abc),xxh64 => 4952883123889572249
str(abc),xxh3 => 8696274497037089104
ROWS

my $lines = join '', map { "%[$_->[0]]\\n" } @rows;
my $w = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<"CFG");
frontend f
	bind "fd\@\${fe}"
	http-request set-var(txn.v) str(value)
	http-request set-var(txn.n) int(7)
	http-request return status 200 content-type text/plain lf-string "$lines"
CFG
my @got = split /\n/, $w->http('fe')->get('/')->{body}, -1;
is $got[$_], $rows[$_][1], $rows[$_][0] for 0 .. $#rows;

sub check ($expr) {
	return Weir->check("frontend f\n\tmode http\n\thttp-request set-header x %[$expr]\n");
}
my %errors = (
	'str(a),nonsense' => qr/nonsense/,
	'str(a),lowerr' => qr/'lower'/,
	'str(a),sha2(100)' => qr/sha2/,
	'int(1),add()' => qr/add/,
	'str(a),regsub([,x)' => qr{regex '\[' is invalid},
);
for (sort keys %errors) {
	my $r = check($_);
	is $r->{code}, 1, "$_: refused";
	like $r->{err}, $errors{$_}, 'with a reason';
}
done_testing;
