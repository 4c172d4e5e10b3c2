# use_backend: the first rule that holds chooses, also in long runs of rules on
# one value, which are passed over at once when none of them holds.
use v5.36;
use Weir;
use Test::More;

my @WORDS = map { sprintf 'p%02d', $_ } 1 .. 70;	# more than one run
my $backends = join '', map { "backend $_\n\thttp-request return status 200 content-type text/plain string $_\n" }
    @WORDS, qw(other exact long named upper last);
my $rules = join '', map { "\tuse_backend $_ if { path_beg /$_/ }\n" } @WORDS;
my $w = Weir->new(defaults => 'http', binds => ['fe1'], cfg => <<"CFG");
frontend f
	bind "fd@\${fe1}"
	acl named path_beg /named/
	use_backend long if { path_beg /a/b/ }
	use_backend p01 if { path_beg /a/ }
	use_backend named if named
	use_backend upper if { path_beg -i /UP/ }
$rules
	use_backend exact if { path /x } or { path /y }
	use_backend exact if { path /one }
	use_backend exact if { path /two }
	use_backend exact if { path /three }
	use_backend last if !{ path_beg /z/ } { path_beg /last }
	default_backend other
$backends
CFG
my $c = $w->http('fe1');
my %want = ((map { ("/$_/x" => $_) } @WORDS), '/' => 'other', '/p01' => 'other', '/a/b/c' => 'long',
    '/a/c' => 'p01', '/a' => 'other', '/named/' => 'named', '/up/' => 'upper', '/x' => 'exact',
    '/y' => 'exact', '/one' => 'exact', '/two' => 'exact', '/three' => 'exact', '/three/' => 'other',
    '/last' => 'last', '/z/last' => 'other', '/p7/' => 'other');
my @bad = grep { ($c->get($_)->{body} // '') ne $want{$_} } sort keys %want;
is "@bad", '', scalar(keys %want) . ' paths';
done_testing;
