# The provider qemu with a program in qemu's place, which speaks QMP well or badly: what
# it is given, how it is asked to end, what is told and done when it hangs, talks
# garbage or dies, and that a machine outlives a crash of weir.
use v5.36;
use Cwd qw(abs_path);
use JSON::PP;
use Scale;
use Weir;
use Test::More;

my $conf = <<'CFG';
global
	state-dir "${DIR}"
	log stdout format raw local0
provider vm
	type qemu
	golden "${DIR}/golden.qcow2"
	memory 128m
	cpus 2
	port 8080
	kill-after 300ms
	command "${FAKE}/qemu-system-x86_64" -snapshot "${DIR}/mode"
provider absent
	type qemu
	golden "${DIR}/golden.qcow2"
	command "${DIR}/none/qemu"
launch-config l
	provider vm
	user-data "who are you?"
launch-config none
	provider absent
backend app
scaling-group web
	launch-config l
	backend app
	size 0 1
frontend f
	bind "fd@${http}"
	http-request return status 200
CFG
my $w = Weir->new(defaults => 'http', binds => ['http'], keep => 1, cfg => $conf,
    env => { FAKE => abs_path('t/data/qemu/fake') }, files => { 'golden.qcow2' => "QFI\xfb", mode => 'good' });
my $n = 0;
sub mode ($text) { $w->write_file('mode', $text) }
sub call ($verb, $words = '') { return decode_json($w->cli("provider call vm $verb $words", 20)) }
sub told ($a) { return $a->{error} ? "$a->{error}{code}: $a->{error}{message}" : scalar @{ $a->{instances} } }
sub launch () { return call('launch', 'launch-config l token t' . ++$n)->{instances}[0]{id} }
sub state_of ($id) { return (map { $_->{state} } grep { $_->{id} eq $id } @{ call('describe')->{instances} })[0] // 'gone' }
sub wait_state ($id, $state) { return $w->wait_for(sub { state_of($id) eq $state }) }
sub spoken ($id) { open my $f, '<', $w->file("mode.$id") or return ''; local $/; return <$f> // '' }
sub wait_state_in_group () { return $w->wait_for(sub { in_service($w, 'web') }) }
sub files () { opendir my $d, $w->dir . '/instances' or return; return grep { !/^\./ } readdir $d }

# --- one machine ---
mode('good');
my $id = launch();
ok wait_state($id, 'running'), 'runs as QMP tells';
ok $w->wait_for(sub { spoken($id) =~ /config: .*\n/ }), 'speaks';
my $said = spoken($id);
like $said, qr/^args: -name $id .*-accel tcg,thread=multi.* -m 128 -smp 2 .*-snapshot \S+\/mode$/m, 'its words';
like $said, qr/hostfwd=tcp:127\.0\.0\.1:\d+-:8080 /, 'a port of its own';
like $said, qr/^disk: create -q -f qcow2 -b \S+\/golden\.qcow2 -F qcow2 $id\.qcow2$/m, 'a disk over the golden one';
like $said, qr/^seed: \d+ cidata instance-id: $id$/m, 'a seed';
like $said, qr/^weir-group: 'by-hand'$/m, 'with its group';
like $said, qr/^config: who are you\?$/m, 'user data by fw_cfg';
is join(' ', sort(files())), "$id.child $id.qcow2 $id.qmp", 'its files';

# --- a crash of weir: it goes on, the next one has it ---
$w->stop('KILL');
$w->write_file("instances/$_", '') for 'i-0123456789abcdef0.qcow2', 'notes.txt';
$w->start;
is state_of($id), 'running', 'it goes on';
ok $w->wait_for(sub { my $a = call('terminate', "id $id"); state_of($id) eq 'terminated' }), 'ends';
like spoken($id), qr/power button/, 'asked to by its button';
ok $w->wait_for(sub { join(' ', files()) eq 'notes.txt' }), 'nothing is left of it, nor of one that never came';
unlink $w->file('instances/notes.txt');

# --- one that does not listen to its button, a bad one, a broken one ---
mode('deaf');
$id = launch();
wait_state($id, 'running');
call('terminate', "id $id");
ok wait_state($id, 'terminated'), 'killed after a while';
for (['garbage', qr/its monitor: no JSON: /], ['endless', qr/its monitor: a line without end/]) {
	my ($mode, $want) = @$_;
	mode($mode);
	$id = launch();
	ok $w->wait_for(sub { $w->stdout =~ $want }), "$mode is told";
	is state_of($id), 'pending', 'nobody says that it runs';
	call('terminate', "id $id");
	ok wait_state($id, 'terminated'), 'ends by a signal';
}
mode('hangs');
$id = launch();
is state_of($id), 'pending', 'hangs';
call('terminate', "id $id");
ok wait_state($id, 'terminated'), 'ends';
mode('paused');
$id = launch();
ok $w->wait_for(sub { $w->stdout =~ /instance $id of group by-hand: its machine is paused/ }), 'paused is told';
mode('guest-panicked');
$id = launch();
ok wait_state($id, 'terminated'), 'one that has panicked is ended';
mode('dies');
$id = launch();
ok wait_state($id, 'terminated'), 'dies';
like spoken($id), qr/cannot allocate memory/, 'its last words';

# --- of a group: its console is kept ---
mode('good');
$w->cli('group set-desired web 1');
ok $w->wait_for(sub { ($id) = map { $_->{id} } instances($w, 'web'); $id }), 'of a group';
ok $w->wait_for(sub { said($w, "show instance $id console") =~ /^config: who are you\?/m }), 'its console';
wait_state_in_group();
$w->cli('group set-desired web 0');
ok $w->wait_for(sub { !instances($w, 'web') }), 'it goes';
ok $w->wait_for(sub { said($w, "show instance $id console") =~ /^power button/m }), 'its last output is kept';

# --- what cannot be ---
mode('full');
like told(call('launch', 'launch-config l token full')),
    qr/^capacity: \S+ cannot be run: exit status 1: qemu-img: no space left$/, 'no overlay';
mode('floods');
like told(call('launch', 'launch-config l token floods')), qr/exit status 1: \\x1b0{50,160}$/, 'an error without a line end';
ok $w->wait_for(sub { !grep { /qcow2/ && !-e $w->file("instances/$_" =~ s/qcow2$/child/r) } files() }), 'half a disk goes';
like $w->cli('provider call absent launch launch-config none'), qr/"code":"invalid".*No such file/, 'no qemu';
my ($p) = grep { $_->{name} eq 'absent' } csv_rows($w->cli('show providers'));
like $p->{missing}, qr/none\/qemu: No such file or directory$/, 'missing';

# --- an orderly stop, even when monitors are not there yet ---
mode('good');
$id = launch();
wait_state($id, 'running');
$w->stop('KILL');
$w->start;
is $w->stop, 143, 'stops';
is join(' ', files()), '', 'nothing is left';
done_testing;
