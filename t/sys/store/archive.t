# state save, state restore: alarms, their history, groups and scripts in one file, to
# another weir.
use v5.36;
use Scale;
use Weir;
use Test::More;

my $script = "weir.policy('size', { every = '1h' }, function(p) return p:hold('one') end)\n";
my $conf = $SCALE_CONF . <<'CFG';
global
	state-dir "${DIR}"
	api-may-override on
	lua-policy "${DIR}/size.lua"
scaling-group web
	launch-config small
	size 1 3
	policy mixed lua size
	policy up simple change +1
alarm busy
	metric Latency balancer web
	threshold > 2s
	missing-data ignore
	on alarm policy web/up
alarm calm
	metric Latency balancer web
	threshold < 1s
	missing-data ignore
CFG

sub weir () {
	my $w = Weir->new(args => ['-T', '2013-02-15T16:30:00Z'], cfg => $conf,
	    files => { 'size.lua' => $script });
	return $w;
}
sub states ($w) {
	return join ' ', map { "$_->{name}=$_->{state}" } csv_rows($w->cli('show alarms'));
}

my $w = weir();
$w->cli($_) for 'alarm set-state calm OK reason fine', 'clock advance 1s',
    'alarm set-state calm ALARM reason what', 'clock advance 1s',
    'alarm set-state busy OK reason quiet', 'alarm ack calm comment seen', 'alarm disable busy',
    'group set-size web min 1 max 5', 'group set-desired web 4', 'group suspend web AZRebalance';
is said($w, "lua load size comment two <<END\n" . $script =~ s/one/two/r . "END"), 'size v2 active';
my $history = $w->cli('show alarm calm history');
like said($w, 'state save one.state'), qr/^\d+ bytes, \d+\.\d{3} s$/, 'state save';
my $text = $w->read_file('one.state');
like $text, qr/^\{"weir-state":1,.*\n(?:.*\n)+\{"rows":\d+\}\n\z/, 'a line for each row';
is +(stat $w->file('one.state'))[2] & 0777, 0600, 'for nobody else';
like said($w, 'state save /proc/no/x'), qr{/proc/no/x: }, 'where nothing can be written';
is said($w, 'state restore one.state'), 'Nothing is other than in the file.', 'where it came from';

my $other = weir();
$other->cli('clock advance 5s');
unlike states($other), qr/ALARM/, 'another weir knows nothing';
$other->write_file('one.state', $text);
my $said = said($other, 'state restore one.state');
is $said, <<'END' =~ s/\n\z//r, 'state restore tells what it changed';
alarm busy INSUFFICIENT_DATA->OK
alarm calm INSUFFICIENT_DATA->ALARM
group web suspend AZRebalance
group web size 1 3->1 5
group web desired 1->4
lua size: version 2 is v2
lua size v2 active
history: 3 rows
END
is states($other), states($w), 'the states of alarms';
my ($calm) = grep { $_->{name} eq 'calm' } csv_rows($other->cli('show alarms'));
ok $calm->{acked_by}, 'with who saw to them';
my ($busy) = grep { $_->{name} eq 'busy' } csv_rows($other->cli('show alarms'));
is $busy->{enabled}, 0, 'and what is disabled';
my @rows = split /\n/, $history;
like $other->cli('show alarm calm history'), qr/^\Q$_\E$/m, 'history: ' . substr $_, 0, 60
    for grep { /StateUpdate/ } @rows;
is group($other, 'web')->{desired}, 4, 'capacity';
is group($other, 'web')->{suspended}, 'AZRebalance', 'what is suspended';
like $other->cli('show lua size source'), qr/two/, 'the script';
$other->wait_for(sub { $other->cli('clock advance 1s'); group($other, 'web')->{inservice} == 4 }, 5,
    'instances come from the provider');
is said($other, 'state restore one.state'), 'Nothing is other than in the file.', 'a second time';

# --- what is bad changes nothing
sub replaced ($from, $to, $like, $name) {
	$other->write_file('bad.state', $text =~ s/$from/$to/r);
	like said($other, 'state restore bad.state'), $like, $name;
}
$other->cli('group set-desired web 2');
replaced(qr/\{"rows":\d+\}\n\z/, '', qr/it ends too early/, 'cut off');
replaced(qr/.*"part":"alarm".*\n/, '', qr/rows are missing/, 'a row is missing');
replaced(qr/\n\{/, "\n{{", qr/line 2 is damaged/, 'damaged');
replaced(qr/weir-state":1/, 'weir-state":9', qr/no file of 'state save'/, 'of another weir');
replaced(qr/"max":5/, '"max":0', qr/group web: min 1, max 0 is no size.*Nothing was changed/s, 'a bad size');
replaced(qr/"state":"ALARM"/, '"state":"RED"', qr/alarm calm: there is no state 'RED'/, 'a bad state');
replaced(qr/return p:hold\('two'\)/, 'return p:', qr/lua size: version 2: \S+size\.lua:1:/, 'a bad script');
like said($other, 'state restore none'), qr{/none: No such file}, 'no file';
is group($other, 'web')->{desired}, 2, 'nothing was changed';
$other->write_file('t.cfg', $conf =~ s/alarm calm.*\z//sr);
$other->cli('reload');
like said($other, 'state restore one.state'), qr/alarm calm: left out, no file has it/, 'gone from the files';
is $_->stop, 143 for $w, $other;
done_testing;
