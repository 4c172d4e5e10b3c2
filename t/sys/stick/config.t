# What is wrong with lines on cookies, in HAProxy's words where it has some.
use v5.36;
use Weir;
use Test::More;

my $BE = "backend b\n mode http\n";
my $FE = "frontend f\n mode http\n bind 127.0.0.1:1\n";
my @ERRORS = (
	[$BE, 'cookie', "'cookie' expects <cookie_name> as argument."],
	[$BE, 'cookie "a b" insert', "'a b' is not a valid cookie name"],
	[$BE, 'cookie A foo', "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options."],
	[$BE, 'cookie A rewrite insert', "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible."],
	[$BE, 'cookie A insert prefix', "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible."],
	[$BE, 'cookie A rewrite indirect', "cookie 'rewrite' and 'indirect' modes are incompatible."],
	[$BE, 'cookie A preserve', "cookie 'preserve' requires at least 'insert' or 'indirect'."],
	[$BE, 'cookie A insert domain', "'domain' expects <domain> as argument."],
	[$BE, 'cookie A insert domain a/b', "character '/' is not permitted in domain name 'a/b'."],
	[$BE, 'cookie A insert domain foo', "domain 'foo' contains no embedded dot, this configuration may not work properly (see RFC6265#5.2.3)."],
	[$BE, 'cookie A insert maxidle', "'maxidle' expects <idletime> in seconds as argument."],
	[$BE, 'cookie A insert maxlife x', "'maxlife'"],
	[$BE, 'cookie A insert attr', "'attr' expects <value> as argument."],
	[$BE, 'cookie A insert attr "a;b"', "character '%x3B' is not permitted in attribute value."],
	["backend b\n mode tcp\n", 'cookie A insert', "cookie will be ignored for backend 'b' (needs 'mode http')."],
	[$BE, 'server s 127.0.0.1:80 cookie "a b"', "holds bytes that no cookie may have"],
	[$BE, 'force-persist', "'force-persist' requires either 'if' or 'unless' followed by a condition."],
	[$BE, 'ignore-persist when x', "'ignore-persist' requires either 'if' or 'unless' followed by a condition."],
	[$BE, 'ignore-persist if foo', "no such ACL : 'foo'"],
	["defaults\n", 'force-persist if TRUE', "'force-persist' not allowed in 'defaults' section."],
	[$BE, 'dynamic-cookie-key', "'dynamic-cookie-key' expects <secret_key> as argument."],
	[$FE, 'cookie A', "'cookie' ignored because frontend 'f' has no backend capability."],
	[$FE, 'capture cookie', "'capture' expects 'cookie' <cookie_name> 'len' <len>."],
	[$FE, 'capture cookie a len 100', "truncating capture length to 63 bytes for frontend 'f'."],
	["defaults\n", 'capture cookie a len 5', "'capture cookie' not allowed in 'defaults' section."],
	[$BE, 'elb-cookie', "'elb-cookie'"],
	[$BE, 'elb-cookie web', "'elb-cookie' expects 'lb' [<name>] or 'app' <name of the application's cookie>."],
	[$BE, 'elb-cookie app', "'elb-cookie' expects 'lb' [<name>] or 'app' <name of the application's cookie>."],
	[$BE, 'elb-cookie app a period 5', "'elb-cookie' supports 'name', 'key' and, with 'lb', 'period' (got 'period')."],
	[$BE, 'elb-cookie lb period', "'elb-cookie' : 'period' expects a value."],
);
for (@ERRORS) {
	my ($section, $line, $text) = @$_;
	like Weir->check("$section $line\n")->{err}, qr/\Q$text\E/, $line;
}
for my $line ('elb-cookie lb', 'elb-cookie lb MINE period 60', 'elb-cookie lb period 1h key k',
    'elb-cookie app PHPSESSID name MINE key k', 'cookie A insert indirect nocache maxidle 30m maxlife 8h') {
	is Weir->check("defaults\n mode http\n timeout connect 1s\n timeout server 1s\nbackend b\n $line\n server s 127.0.0.1:1 cookie v\n")->{err}, '', $line;
}
done_testing;
