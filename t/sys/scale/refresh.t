# Instance refresh: how many go at once, launching first, warm-up, checkpoints,
# protected instances, cancel, on-change.
use v5.36;
use Weir;
use Scale;
use Test::More;

my $conf = $SCALE_CONF . <<'CFG';
scaling-group web
	launch-config small
	size 1 20 desired 10
	refresh min-healthy 70% warmup 60s
scaling-group one
	launch-config small
	size 1 3
	refresh min-healthy 100% max-healthy 200%
scaling-group steps
	launch-config small
	size 1 20 desired 4
	refresh min-healthy 50% checkpoint 50 100 wait 10m
scaling-group auto
	launch-config small
	size 1 9 desired 2
	on-change refresh
CFG
my $w = Weir->new(cfg => $conf, keep => 1, args => ['-T', '2013-02-15T16:30:00Z']);
sub progress ($group) {
	my ($text) = $w->cli("show group $group") =~ /^refresh: \S+ (.*)$/m;
	return $text;
}
sub ids ($group) { return map { $_->{id} } instances($w, $group) }
sub kept ($group, @ids) {
	my %now = map { $_ => 1 } ids($group);
	return scalar grep { $now{$_} } @ids;
}

# --- 70 % of ten stay ---
my @old = ids('web');
my $id = said($w, 'group refresh web');
like $id, qr/^[0-9a-f]{8}-/, 'an id';
$w->cli('clock advance 1s');
is kept('web', @old), 7, 'three went at once';
is in_service($w, 'web'), 10, 'others came';
is progress('web'), 'InProgress 30%: 3 of 10 replaced', 'how far it is';
like said($w, 'group refresh web'), qr/^An Instance Refresh is already in progress/, 'one at a time';
ok +(grep { $_->{cause} =~ /taken out of service in response to an instance refresh\.$/ } activities($w, 'web')), 'the cause';
$w->cli('clock advance 58s');
is kept('web', @old), 7, 'the new ones warm up';
$w->cli('clock advance 3s');
is kept('web', @old), 4, 'the next three';
is said($w, 'group cancel-refresh web'), $id, 'cancelled';
$w->cli('clock advance 5m');
is kept('web', @old), 4, 'the others stay';
is progress('web'), 'Cancelled 60%: 6 of 10 replaced, as told', 'said so';
like said($w, 'group cancel-refresh web'), qr/^No in progress or pending Instance Refresh/, 'none is there';

# --- launch first ---
@old = ids('one');
$w->cli('group refresh one');
is in_service($w, 'one'), 2, 'the new one comes first';
is group($w, 'one')->{desired}, 1, 'desired is as it was';
$w->cli('clock advance 2s');
is kept('one', @old), 0, 'then the old one goes';
is in_service($w, 'one'), 1, 'one is left';
$w->cli('clock advance 2s');
is progress('one'), 'Successful 100%: 1 of 1 replaced', 'done';

# --- checkpoints, protected ones ---
@old = ids('steps');
$w->cli("instance protect $old[3]");
$w->cli('group refresh steps');
$w->cli('clock advance 5s');
is kept('steps', @old), 2, 'half of them';
is progress('steps'), 'InProgress 50%: 2 of 4 replaced, waiting at a checkpoint', 'and a rest';
$w->cli('clock advance 590s');
is kept('steps', @old), 2, 'as long as it says';
$w->cli('clock advance 10s');
is kept('steps', @old), 1, 'on, but for the protected one';
$w->cli("instance unprotect $old[3]");
$w->cli('clock advance 5s');
is kept('steps', @old), 0, 'until it is not any more';
$w->cli('clock advance 10m');
like progress('steps'), qr/^Successful/, 'done';

# --- stuck ---
$w->cli('group refresh steps min-healthy 90% warmup 2h');
$w->cli('clock advance 1m');
like progress('steps'), qr/^InProgress 25%/, 'one went';
$w->cli('clock advance 1h');
like progress('steps'), qr/^Failed 25%: 1 of 4 replaced, no progress for an hour/, 'stuck';

# --- on change ---
@old = ids('auto');
$w->write_file('t.cfg', $conf =~ s/image img-1/image img-2/r);
like $w->cli('reload'), qr/^Success=1/, 'another image';
$w->cli('clock advance 5s');
is kept('auto', @old), 0, 'replaced by itself';
is join(' ', map { $_->{version} } instances($w, 'auto')), '2 2', 'by the new version';
is join(' ', map { $_->{version} } instances($w, 'one')), '1', 'other groups keep theirs';
like said($w, 'group refresh auto min-healthy 120%'), qr/^'min-healthy' expects a percentage/, 'a bad percentage';
like said($w, 'group refresh auto often'), qr/^Unknown word 'often'/, 'a bad word';

sub bad ($text, $want) {
	my $out = Weir->check($SCALE_CONF . "scaling-group g\n\tlaunch-config small\n\tsize 1 3\n\trefresh $text\n");
	like $out->{err}, $want, $want;
}
bad('min-healthy 101%', qr/'min-healthy' expects a percentage up to 100%, not '101%'/);
bad('max-healthy 90%', qr/'max-healthy' expects a percentage from 100% to 200%/);
bad('checkpoint 50 20 wait 5m', qr/percentages have to rise/);
bad('checkpoint 50', qr/'checkpoint' expects <percent>\.\.\. wait <time>/);
bad('rollback 5', qr/unexpected '5'; expects .* or rollback/);
done_testing;
