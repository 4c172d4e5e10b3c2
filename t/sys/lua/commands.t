# show lua; lua check, load, reload, rollback, enable, disable, eval; errors that switch
# a function off; what is kept over a restart.
use v5.36;
use Weir;
use Scale;
use JSON::PP;
use Test::More;

sub script ($n, $more = '') {
	return "-- number $n\n\nweir.policy('size', { every = '5s' }, function(p)\n" .
	    "\tp.state.n = (p.state.n or 0) + 1\n\t$more\n\treturn p:hold('v$n ' .. p.state.n)\nend)\n";
}
my $w = Weir->new(files => { 'size.lua' => script(1) }, keep => 1,
    args => ['-T', '2013-02-15T16:30:00Z'], cfg => $SCALE_CONF . <<'CFG');
global
	state-dir "${DIR}"
	lua-policy "${DIR}/size.lua"
scaling-group web
	launch-config small
	size 1 3
	policy mixed lua size
CFG

sub lua ($kind = 'policy') {
	my ($r) = grep { $_->{kind} eq $kind } csv_rows($w->cli('show lua'));
	return $r;
}
sub with ($command, $text) { return said($w, "$command <<END\n${text}END") }
sub advance ($d) { $w->cli("clock advance $d") }

# --- listing ---
like $w->cli('show lua'), qr/^#name,kind,version,calls,errors,time_us_avg,time_us_max,mem,state,/, 'the columns';
is lua('script')->{state}, 'ok', 'a script';
advance('5s');
is lua->{said}, 'hold v1 1', 'a function';
is $w->cli('show lua size source') . "\n", join('', map { " $_\n" } split /\n/, script(1)), 'its source, behind blanks';
is decode_json(said($w, 'show lua size source json'))->{source}, script(1), 'exactly, as JSON';
is decode_json(said($w, 'show lua json'))->[1]{name}, 'size', 'all as JSON';
like said($w, 'show lua siez'), qr/There is no script 'siez', did you mean 'size'\?/, 'a name that is near';

# --- check ---
is with('lua check size', script(2)), 'ok', 'a text that is well';
like with('lua check size', "\nx =\n"), qr/size\.lua:3: unexpected symbol near <eof>/, 'one that is not';
like with('lua check size', script(2, 'local m = p:metric("Latncy", { balancer = "b" })')),
    qr{there is no metric 'Latncy' in AWS/ELB, did you mean 'Latency'\?}, 'an unknown metric';
like with('lua check size', script(2, 'while true do end')), qr/ran longer than 100 ms \(policy 'size', tried\)/, 'one that does not end';
is said($w, 'lua check size'), 'ok', 'the file';
is lua->{version}, 1, 'nothing is in force';

# --- load, rollback, reload ---
is with('lua load size if-version 1 comment a try', script(2)), 'size v2 active', 'a version';
is with('lua load size if-version 1', script(3)), 'version is now 2', 'no lost update';
advance('5s');
is lua->{said}, 'hold v2 2', 'it is in force, and what it kept is kept';
like with('lua load size', "error('no')\n"), qr/size\.lua:1: no/, 'one that is wrong';
is lua->{version}, 2, 'changes nothing';
my @versions = csv_rows($w->cli('show lua size versions'));
is join(' ', map { "$_->{version}:$_->{origin}:$_->{active}:$_->{comment}" } @versions),
    '2:command:1:a try 1:file:0:', 'versions';
is said($w, 'lua rollback size'), 'size v1 active', 'back';
is said($w, 'lua rollback size'), 'size has no older version', 'no further';
is said($w, 'lua rollback size to 2'), 'size v2 active', 'to a version';
is said($w, 'lua rollback size to 9'), 'size has no version 9', 'that is not there';
is with('lua load size reset-state', script(3)), 'size v3 active', 'without what was kept';
advance('5s');
is lua->{said}, 'hold v3 1', 'from the start';
like said($w, 'show lua size source version 1'), qr/number 1/, 'an old source';

# --- a restart ---
$w->stop;
$w->start;
is lua->{version}, 3, 'what was loaded stays over a restart';
is scalar(csv_rows($w->cli('show lua size versions'))), 3, 'and all versions';
advance('5s');
is lua->{said}, 'hold v3 2', 'and what it kept';
is said($w, 'lua reload'), 'size v4 active', 'the file again';
$w->write_file('size.lua', script(5));
like $w->cli('reload'), qr/Success=1/, 'a file that has changed';
is lua->{version}, 5, 'is the next version';
with('lua load size', script("x$_")) for 6 .. 24;
@versions = csv_rows($w->cli('show lua size versions'));
is scalar(@versions) . " $versions[0]{version} $versions[-1]{version}", '20 24 5', 'twenty are kept';

# --- errors ---
my $events = $w->cli_session;
$events->send("subscribe events kinds lua\n");
with('lua load size', script(25, 'if not p.simulated then error("as wanted") end'));
advance('45s');
is lua->{state}, 'ok', 'nine errors';
advance('5s');
is lua->{errors} . ' ' . lua->{state}, '10 off', 'the tenth in a minute is one too many' or diag $w->stderr;
like $w->cli('show alarms'), qr{^"?Weir/LuaFunctionOff"?,ALARM}m, 'an alarm tells it';
advance('30s');
is lua->{errors}, 10, 'it is not called any more';
my @errors = csv_rows($w->cli('show lua size errors'));
is scalar @errors, 10, 'errors are kept';
like $errors[0]{text}, qr/size\.lua:5: as wanted/, 'with their place';
is said($w, 'lua enable size'), '', 'enabled';
is lua->{state}, 'ok', 'it is on';
advance('5s');
is lua->{errors}, 11, 'and is called';
with('lua load size', script(26));
is said($w, 'lua disable size'), '', 'disabled';
advance('10s');
is lua->{state}, 'disabled', 'by a person';
is lua->{errors}, 11, 'no calls';
$w->stop;
$w->start;
is lua->{state}, 'disabled', 'over a restart';
said($w, 'lua enable size');
unlike $w->cli('show alarms'), qr{Weir/LuaFunctionOff"?,ALARM}, 'the alarm is over';

# --- slow ones ---
with('lua load size', script(27, 'if not p.simulated then local n = 0 while true do n = n + 1 end end'));
advance('5s');
like $w->cli('show lua size errors'), qr/ran longer than 100 ms/, 'stopped';

# --- eval ---
is with('lua eval', "= 1 + 1\n"), '2', 'a value';
is with('lua eval', "p.group.name, p.group.max, p:add(1, 'try')\n"), "web\t3\tdecision +1 try", 'of p';
like with('lua eval with size', "= p.state.n\n"), qr/^\d+$/, 'of what is kept';
is with('lua eval with size', "local x = 2\nprint('out', x)\nreturn x * 2\n"), "out\t2\n4", 'statements';
like with('lua eval', "error('oh')\n"), qr/eval:1: oh/, 'an error';
like with('lua eval', "while true do end\n"), qr/ran longer/, 'one that does not end';
is group($w, 'web')->{desired}, 1, 'nothing was done';

# --- levels ---
my $user = $w->cli_session;
like said($w, 'user; show lua size source'), qr/Permission denied/, 'the source is for operators';
like said($w, 'operator; lua load size'), qr/Permission denied/, 'loading is for admins';
done_testing;
