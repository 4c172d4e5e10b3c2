# Scripts that take their time to be loaded, validated or tried hold nobody up: other
# commands are answered meanwhile, and no turn of the control thread is long.
use v5.36;
use Time::HiRes qw(time);
use Weir;
use Test::More;

my $start = <<'LUA';
weir.policy("p", {}, function(p) return p:hold("so it is") end)
LUA
my $w = Weir->new(defaults => 'http', files => { 'n.lua' => $start }, cfg => <<'CFG');
global
	lua-policy "${DIR}/n.lua"
provider local
	type test
launch-config small
	provider local
scaling-group web
	launch-config small
	size 0 1
	policy p lua p every 1h
CFG
# So much that 50 ms of a processor do not suffice (100 are the limit)
my $burn = "local e = 0 for i = 1, 2000000000 do e = e + 1 end\n";
my %slow = (
	loaded => $burn . $start,
	validated => $start . "weir.validate(function() $burn return true end)\n",
	tried => "weir.policy('p', {}, function(p) $burn return p:hold('so it is') end)\n",
);
for my $what (sort keys %slow) {
	for my $command ('lua check n', 'lua load n') {
		my $c = $w->cli_session;
		my $from = time;
		$c->send("$command <<END\n$slow{$what}END\n");
		my $n = 0;
		while (time < $from + 10) {
			$w->cli('show lua n');
			$n++;
			vec(my $r = '', fileno $c->{s}, 1) = 1;
			last if select $r, undef, undef, 0.005;
		}
		like $c->read_all, qr/ran longer than 100 ms|ran for/, "$command: $what";
		cmp_ok $n, '>=', 3, "$n commands were answered meanwhile";
	}
}
like $w->cli('show lua n versions'), qr/\A#.*\n1,[^\n]*\n*\z/, 'nothing of that is in service';

# --- two at once: the second one lost ---
my @c = map { $w->cli_session } 1 .. 2;
my $slower = "local e = 0 for i = 1, 100000 do e = e + 1 end\n$start";
$_->send("lua load n if-version 1 <<END\n${slower}END\n") for @c;
is join('|', sort map { $_->read_all =~ s/\n//gr } @c), 'n v2 active|version is now 2', 'a lost update is refused';
is $w->cli('lua rollback n to 1') =~ s/\n+//r, 'n v1 active', 'rollback';
is $w->cli('lua rollback n to 7') =~ s/\n+//r, 'n has no version 7', 'to none';
$w->write_file('n.lua', "-- other\n$start");
is $w->cli('lua reload') =~ s/\n+//r, 'n v3 active', 'reload';
is $w->cli('lua reload') =~ s/\n+//r, 'n v3 active', 'nothing new';
unlink $w->file('n.lua');
like $w->cli('lua reload'), qr/n\.lua: No such file or directory/, 'no file';
like $w->cli('lua check n'), qr/n\.lua: No such file or directory/, 'no file';
is $w->cli("lua eval with n <<END\n= 1 + 1\nEND\n") =~ s/\n+//r, '2', 'eval, on a copy';

# --- a draft of a function whose script gets another version meanwhile ---
my $draft = $w->cli_session;
$draft->send("policy test lua p group web <<END\nlocal e = 0 for i = 1, 1000000 do e = e + 1 end\n${start}END\n");
like $w->cli("lua load n <<END\n-- another\n${start}END\n"), qr/^n v4 active/, 'another version';
like $draft->read_all, qr/^#total changes=0 .*desired=0/m, 'the draft is tried';

# --- an end in the middle of it ---
my $c = $w->cli_session;
$c->send("lua check n <<END\n$slow{tried}END\n");
is $w->stop, 143, 'stops';
done_testing;
