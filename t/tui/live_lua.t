# weirtop on a terminal, a live weir behind it: a policy in Lua is edited, checked, tried,
# compared, applied and rolled back; a version that somebody else loaded is not lost.
use v5.36;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(strftime);
use Scale;
use Weir;
use Tmux;
use Test::More;

plan skip_all => 'no tmux here' if !-x '/usr/bin/tmux';
my $script = <<'LUA';
-- the size of web
weir.policy("size", { every = "60s" }, function(p)
	local m = p:metric("Load", { namespace = "Lab", dimensions = { Host = "all" } })
	if (m.value or 0) > 80 then
		return p:add(1, "busy")
	end
	return p:hold("easy")
end)
LUA
my $w = Weir->new(args => ['-T', strftime('%FT%TZ', gmtime)], files => { 'size.lua' => $script },
    keep => 1, cfg => $SCALE_CONF . <<'CFG');
global
	state-dir "${DIR}"
	lua-policy "${DIR}/size.lua"
scaling-group web
	launch-config small
	size 1 6
	default-cooldown 0s
	policy p lua size
CFG
sub lua () { return +(grep { $_->{kind} eq 'script' } csv_rows($w->cli('show lua')))[0] }

# An editor that puts another number in the place of 80
my $editor = $w->write_file('editor', <<"SH");
#!/bin/sh
n=\$(cat ${\$w->file('number')})
sed "s/> [0-9]* then/> \$n then/" "\$1" > "\$1.new" && cat "\$1.new" > "\$1" && rm "\$1.new"
SH
chmod 0755, $editor;
sub edit ($number) { $w->write_file('number', $number) }

for my $v (40, 60, 70, 50) {
	$w->cli("put metric Load value $v namespace Lab dimension Host=all");
	$w->cli('clock advance 60s');
}

my $t = Tmux->top('-i', '0.25', '-m', 'lua', 'lb1=' . $w->path('WEIR_T_STATS'),
    { w => 150, env => { EDITOR => $editor, TMPDIR => $w->dir } });
$t->sees_row([qr/\bsize\b/, qr/\bv1\b/], 'the script');
$t->sees(qr/weir\.policy\("size"/, 'its text');
$t->keys('F8');
$t->sees(qr/there is no draft/, 'nothing to apply');

# --- edit, check
edit(65);
$t->keys('^E');
$t->sees(qr/draft, not applied/, 'a draft');
$t->sees(qr/check: ok/, 'weir finds it well');
$t->sees(qr/> 65 then/, 'its text is shown');
is_deeply [glob $w->file('weirtop-*')], [], 'the editor\'s file is gone';
is lua->{version}, 1, 'nothing is applied';

# --- dry run, difference
$t->keys('F5');
$t->sees(qr/active v1 .*changes=0/, 'what the policy did');
$t->sees(qr/draft .*changes=1/, 'what the draft would have done');
$t->keys('F6');
$t->sees(qr/- \s*if \(m\.value or 0\) > 80 then/, 'the line that goes');
$t->sees(qr/\+ \s*if \(m\.value or 0\) > 65 then/, 'the line that comes');
$t->keys('Esc');

# --- apply: the group's name is asked for
$t->keys('F8');
$t->sees(qr/lua load size if-version 1/, 'the very command');
$t->sees(qr/type web and Enter/, 'the name of the group is wanted');
$t->keys('y', 'Enter');
$t->sees(qr/Enter: y/, 'y is not enough');
is lua->{version}, 1, 'not sent';
$t->keys('^U');
$t->type('web');
$t->keys('Enter');
$t->sees(qr/size v2 active|lua load size.*ok/, 'applied');
$t->sees_row([qr/\bsize\b/, qr/\bv2 /], 'version 2 is in service');
is lua->{version}, 2, 'so says weir';
$t->sees_no(qr/draft, not applied/, 'the draft is no draft any more');

# --- a version of somebody else
edit(61);
$t->keys('^E');
$t->sees(qr/draft, not applied/, 'another draft, of version 2');
$w->cli("lua load size <<END\n" . $script =~ s/> 80/> 99/r . 'END');
$t->sees_row([qr/\bsize\b/, qr/\bv3\*/], 'somebody loads a version 3');
$t->keys('F8');
$t->sees(qr/if-version 2/, 'the draft is of version 2');
$t->type('web');
$t->keys('Enter');
$t->sees(qr/version is now 3/, 'refused, and why');
is lua->{version}, 3, 'nothing is lost';
$t->keys('F9');
$t->sees(qr/the draft is dropped/, 'the draft goes first');

# --- and back
$t->keys('F9');
$t->sees(qr/lua rollback size/, 'a version back');
$t->sees(qr/type web and Enter/, 'asked as for applying');
$t->type('web');
$t->keys('Enter');
$t->sees_row([qr/\bsize\b/, qr/\bv2\b/], 'version 2 again');
is lua->{version}, 2, 'so says weir';

# --- a draft that is wrong
$w->write_file('editor', "#!/bin/sh\necho 'x =' >> \"\$1\"\n");
$t->keys('^E');
$t->sees(qr/check: .*size\.lua:\d+: unexpected symbol/, 'a mistake is told');
$t->keys('F4');
$t->sees(qr/lua> /, 'the console');
$t->type('=1 + 41');
$t->keys('Enter');
$t->sees(qr/^.*│ *42 *│/m, 'what it says');
$t->keys('Esc', 'q');
$t->sees(qr/the draft of size is not applied: q again quits without it/, 'a draft is not lost by a q');
$t->keys('q');
is $t->status, 0, 'by another one it is';
done_testing;
