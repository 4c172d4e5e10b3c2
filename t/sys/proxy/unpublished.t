# Backends that no rule leads to: be-unpublished, publish and unpublish backend,
# disabled ones, and force-be-switch.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my %srv = map { my $n = $_; $n => Backend->new({ '/' => response(200, $n), map { $_ => response(200, $n) } '/two', '/dyn', '/off' }) }
    qw(one two three);
my $cfg = <<'CFG';
frontend fe
	bind "fd@${fe1}"
	force-be-switch if { req.hdr(x-test) yes }
	use_backend off if { path /off }
	use_backend two if { path /two }
	use_backend %[req.hdr(x-be)] if { path /dyn }
	default_backend one
frontend lone
	bind "fd@${fe2}"
	default_backend two
backend one
	server s "${ONE}"
backend two
	be-unpublished
	server s "${TWO}" check inter 20ms
backend off
	disabled
	use-server s if TRUE
	server s "${THREE}"
CFG
my $w = Weir->new(defaults => 'http', binds => [qw(fe1 fe2)], cfg => $cfg,
    env => { ONE => $srv{one}->addr, TWO => $srv{two}->addr, THREE => $srv{three}->addr });
my ($c, $lone) = map { $w->http($_) } qw(fe1 fe2);
sub who ($path, %h) {
	my $r = $c->request("GET $path HTTP/1.1\r\nHost: a\r\n" . join('', map { "$_: $h{$_}\r\n" } keys %h) . "\r\n");
	return $r->{status} == 200 ? $r->{body} : $r->{status};
}

is who('/'), 'one', 'the default';
is who('/two'), 'one', 'a rule for an unpublished backend is left out';
is who('/dyn', 'X-BE' => 'two'), 'one', 'one whose name is computed, too';
is who('/off'), 'one', 'and for a disabled one';
is $lone->get('/')->{status}, 503, 'as a default it is none';
ok $w->wait_status('two', 's', 'UP'), 'its servers are checked';
is who('/two', 'X-Test' => 'yes'), 'two', 'force-be-switch leads there';
is who('/dyn', 'X-Test' => 'yes', 'X-BE' => 'two'), 'two', 'by a name';
is who('/off', 'X-Test' => 'yes'), 'three', 'to a disabled one, too';
is who('/two', 'X-Test' => 'no'), 'one', 'when its condition holds';

is $w->cli('publish backend two'), 'Backend published.', 'published';
is who('/two'), 'two', 'rules lead there';
is $w->http('fe2')->get('/')->{body}, 'two', 'as a default, too';
like $w->cli('reload'), qr/Success=1/, 'reload';
is who('/two'), 'two', 'it stays published';
is $w->cli('unpublish backend one'), 'Backend unpublished.', 'unpublished';
is who('/'), 503, 'nothing is left';
$w->write_file('t.cfg', $cfg =~ s/^backend one\n\K/\tbe-unpublished\n/mr =~ s/^(backend two\n)\tbe-unpublished\n/$1/mr);
like $w->cli('reload'), qr/Success=1/, 'the configuration says the same now';
is who('/'), 503, 'no change';
is who('/two'), 'two', 'here neither';
$w->write_file('t.cfg', $cfg);
like $w->cli('reload'), qr/Success=1/, 'and now something else';
is_deeply [who('/'), who('/two')], ['one', 'one'], 'that holds';

is $w->cli('publish backend nope'), 'No such backend.', 'another name';
is $w->cli('unpublish backend off'), 'No effect on a disabled backend.', 'a disabled one';
like Weir->check("backend b\n\tforce-be-switch if TRUE\n")->{err}, qr/'force-be-switch' ignored/, 'of no use in a backend';
like Weir->check("frontend f\n\tbe-unpublished\n")->{err}, qr/'be-unpublished' ignored/, 'nor in a frontend';
for ("frontend f\n\tforce-be-switch", "defaults d\n\tbe-unpublished", "defaults d\n\tforce-be-switch if TRUE") {
	is Weir->check("$_\n")->{code}, 1, "refused: " . s/\n\t/ /r;
}
done_testing;
