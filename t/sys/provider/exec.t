# The provider exec: what its program is given, and everything that it may do wrong:
# garbage, floods, silence, signals, errors of its own.
use v5.36;
use Cwd qw(abs_path);
use File::Temp;
use JSON::PP;
use Weir;
use Test::More;

my $state = File::Temp->newdir;
my $w = Weir->new(defaults => 'http', binds => ['http'], env => { PERL => $^X, STATE => "$state",
    CLOUD => abs_path('t/data/provider/cloud.pl') }, cfg => <<'CFG');
global
	log stdout format raw local0
provider direct
	type exec
	command "${CLOUD}" "${STATE}"
	describe-timeout 1s
	terminate-timeout 1s
provider narrow
	type exec
	command "${CLOUD}" "${STATE}" narrow
provider odd
	type exec
	command "${CLOUD}" "${STATE}" odd
provider none
	type exec
	command /no/such/program
launch-config l
	provider direct
	image img-1
	instance-type small
	key k
	security-group a b
	attribute rack 7
	user-data hi there
frontend f
	bind "fd@${http}"
	http-request return status 200
CFG
sub call ($verb, %o) {
	my @words = map { ($_, $o{$_}) } sort keys %o;
	my $provider = 'direct';
	return decode_json($w->cli("provider call $provider $verb @words", 20));
}
sub mode ($text) { open my $f, '>', "$state/mode" or die; print $f $text; close $f }
sub told ($a) { return $a->{error} ? "$a->{error}{code}: $a->{error}{message}" : scalar @{ $a->{instances} } }
sub launch (%o) { return told(call('launch', 'launch-config' => 'l', token => 't', %o)) }

is told(call('describe')), 0, 'nothing yet';
is launch(subnet => 'subnet-1'), 1, 'launch';
my ($i) = @{ call('describe')->{instances} };
is_deeply $i, { id => 'vm-1', state => 'running', address => '127.0.0.1', port => 9, zone => 'a',
    token => 't' }, 'describe';
open my $log, '<', "$state/log";
my @calls = <$log>;
is join('', map { /^(\S+)/ } @calls), 'capabilitiesdescribelaunchdescribe', 'capabilities are asked once';
is $calls[2], "launch LANG=C PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin WEIR_GROUP=by-hand " .
    "WEIR_VERB=launch\n", 'a clean environment';
open my $db, '<', "$state/db.json";
my $vm = decode_json(join '', <$db>)->{all}{'vm-1'};
is $vm->{user_data}, 12, 'user data in base64';
is_deeply $vm->{subnets}, ['subnet-1'], 'subnets';
is_deeply $vm->{attrs}, { rack => '7' }, 'attributes';
is_deeply $vm->{tags}, { 'weir:group' => 'by-hand', 'weir:token' => 't' }, 'tags';

# --- what it may do wrong ---
for (
	['half', qr/^internal: launch: no JSON: /],
	['garbage', qr/^internal: launch: no JSON: /],
	['two', qr/^internal: launch: no JSON: end of file expected/],
	['silence', qr/^internal: launch: no JSON: /],
	['flood', qr/^internal: launch: more than 65536 bytes of output$/],
	['status', qr/^internal: launch: exit status 3$/],
	['killed', qr/^internal: launch: killed by signal 9 \(Killed\)$/],
	['id', qr/^internal: launch: instance 1 is none, or there twice$/],
	['state', qr/^internal: launch: instance 1 is none/],
	['twice', qr/^internal: launch: instance 2 is none, or there twice$/],
	['many', qr/^internal: launch: more instances than were asked for$/],
	['capacity', qr/^capacity: no host left$/],
	['auth', qr/^auth: who are you$/],
	['strange', qr/^internal: a\tmessage$/],
) {
	my ($what, $want) = @$_;
	mode("launch $what");
	like launch(token => "bad-$what"), $want, $what;
}
mode('launch capacity');
is call('launch', 'launch-config' => 'l', token => 'x')->{error}{retry_after}, 30, 'retry after';
mode('describe hang');
like told(call('describe')), qr/^internal: (describe: )?no answer within 1000 ms$/, 'a hang ends';
mode('launch noise');
is launch(token => 'noise'), 1, 'noise on stderr is no harm';
$w->wait_for(sub { $w->stdout =~ /second/ });
like $w->stdout, qr/provider direct, group by-hand, launch: first line$/m, 'it is in the log';
like $w->stdout, qr/launch: second \\x1b\[1mline$/m, 'as text';
mode('');
is launch(token => 'noise'), 1, 'goes on as if nothing had been';
is told(call('describe')), 2, 'nothing was made twice';

my $r = decode_json($w->cli('provider call none describe'));
like told($r), qr/^invalid: capabilities: cannot be run: No such file or directory$/, 'no program';
like $w->cli('show provider none'), qr/^state: failing$/m, 'failing';
like $w->cli('provider call none describe group no(such'), qr/"code":"/, 'a group that is no word';
# --- as many calls at a time as its program says ---
for ([2, 'narrow'], [0, 'odd']) {
	my ($n, $name) = @$_;
	mode("parallel $n");
	my @all = map { $w->cli_session } 1 .. 6;
	$_->send("provider call $name describe\n") for @all;
	my @said = map { $_->read_all } @all;
	is scalar(grep { /"instances":/ } @said), $n > 0 ? 6 : 0, "max_parallel $n" or diag "@said";
	like $said[0], qr/invalid.*its max_parallel is no number from 1 to 100/, 'is none' if $n == 0;
}
open my $most, '<', "$state/most";
my @most = map { $_ + 0 } <$most>;
cmp_ok((sort { $b <=> $a } @most)[0], '<=', 2, 'two at a time') or diag "@most";
is scalar(grep { $_ == 2 } @most) > 0, 1, 'not one by one' or diag "@most";
mode('');
is $w->stop, 143, 'stops';
done_testing;
