# Notifiers of type webhook: forms, signature, attempts and pauses on the schedule
# clock, what is final, what is collected, reminders, and the outbox over a kill.
use v5.36;
use Backend qw(:all);
use Digest::SHA qw(hmac_sha256_hex);
use File::Temp;
use JSON::PP;
use Weir;
use Test::More;

my %status = (a => 200);
my $srv = Backend->new({ '/ok' => response(200), '/down' => response(503),
    '/final' => response(403), '/flaky' => sub ($req) { response($req->{n} > 9 ? 200 : 503) },
    '*' => response(204) });
my $dir = File::Temp->newdir;
open my $f, '>', "$dir/key" or die;
print $f "secret\nmore\n";
close $f;

sub start (%o) {
	return Weir->new(defaults => 'http', args => ['-T', '2013-02-15T16:31:56Z'],
	    env => { SRV => $srv->addr, DIR => "$dir" }, cfg => <<'CFG', %o);
global
	state-dir "${DIR}"
backend b
	server s 127.0.0.1:1
notifier plain
	type webhook
	url "http://${SRV}/ok"
	sign-key-file "${DIR}/key"
	repeat 4h
notifier topic
	type webhook
	arn arn:aws:sns:us-east-1:123456789012:yourTopic
	url "http://${SRV}/ok"
	format sns
notifier am
	type webhook
	url "http://${SRV}/ok"
	format alertmanager
	group 30s
notifier down
	type webhook
	url "http://${SRV}/down"
	retry 10s 60s for 5m
notifier final
	type webhook
	url "http://${SRV}/final"
notifier deaf
	type webhook
	url "http://${SRV}/ok"
	send launch,terminate
notifier log
	type syslog
alarm one
	metric Latency balancer b
	threshold > 2s
	missing-data ignore
	on alarm notify plain
	on alarm arn arn:aws:sns:us-east-1:123456789012:yourTopic
	on alarm notify am
	on alarm notify deaf
	on alarm notify log
alarm two
	metric Latency balancer b
	threshold > 3s
	missing-data ignore
	on alarm notify am
CFG
}

my $w = start();
sub cli ($command) { return $w->cli($command) =~ s/\n+\z//r }
sub rows ($command) {
	my ($head, @lines) = split /\n/, cli($command);
	my @names = split /,/, $head =~ s/^#//r;
	return map { my %r; @r{@names} = split /,/, $_, -1; \%r } @lines;
}
sub delivery ($id) { my ($r) = grep { $_->{id} eq $id } rows('show outbox'); return $r }
sub posts ($path) { return grep { $_->{path} eq $path } $srv->requests }
sub settle () { return cli('clock advance 1s') }	# waits for what is on its way

# One message, by hand
my $id = cli('notifier test plain');
like $id, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'the answer is an id';
settle();
my ($post) = posts('/ok');
is $post->{method}, 'POST', 'it is posted';
is $post->{h}{'x-weir-delivery'}, $id, 'with its id';
is $post->{h}{'content-type'}, 'application/json', 'as JSON';
is $post->{h}{'x-weir-signature'}, 'sha256=' . hmac_sha256_hex($post->{body}, 'secret'),
    'signed by the first line of the key file';
my $body = decode_json($post->{body});
is_deeply [@$body{qw(version id time kind source repeat data)}],
    [1, $id, '2013-02-15T16:31:56.000Z', 'test', 'plain', JSON::PP::false, { test => JSON::PP::true }],
    'weir\'s own form';
is delivery($id)->{status}, 'sent', 'the outbox knows';
is cli('notifier test nobody'), "No such notifier: 'nobody'.", 'an unknown one';

# An alarm: to all that it names
my $before = () = posts('/ok');
cli('alarm set-state one ALARM reason because');
settle();
my @posts = posts('/ok');
is @posts - $before, 2, 'two are told at once, one collects, one does not want alarms';
my ($sns) = grep { ($_->{h}{'x-amz-sns-message-type'} // '') eq 'Notification' } @posts;
my $envelope = decode_json($sns->{body});
is $envelope->{TopicArn}, 'arn:aws:sns:us-east-1:123456789012:yourTopic', 'SNS: the topic';
is $envelope->{Subject}, 'ALARM: "one" in us-east-1', 'the subject';
my $message = decode_json($envelope->{Message});
is_deeply [@$message{qw(AlarmName NewStateValue NewStateReason)}], [qw(one ALARM because)],
    'the message is the alarm\'s, as JSON in JSON';
like $w->stderr . $w->stdout, qr/notifier log: ALARM: "one" in us-east-1/, 'syslog: a line';
cli('alarm set-state two ALARM reason too');
cli('clock advance 30s');
my ($am) = map { decode_json($_->{body}) } grep { $_->{body} =~ /"alerts"/ } posts('/ok');
is_deeply [map { $_->{labels}{alertname} } $am->{alerts}->@*], [qw(one two)],
    'what comes within 30 s is one message of Alertmanager\'s form';
is_deeply [@$am{qw(version status receiver)}, $am->{alerts}[0]{endsAt}],
    ['4', 'firing', 'am', '0001-01-01T00:00:00Z'], 'which is firing';

# Reminders
cli('clock advance 4h');
my ($again) = grep { $_->{repeat} } map { decode_json($_->{body}) }
    grep { $_->{body} =~ /"version":1,/ } posts('/ok');
is $again->{source}, 'one', 'told again after four hours';
$before = () = posts('/ok');
cli('alarm ack one comment mine');
cli('clock advance 8h');
is scalar(() = posts('/ok')), $before, 'not when somebody looks after it';

# Attempts: pauses of 10, 20, 40, 60, 60 s fit into five minutes
$id = cli('notifier test down');
settle();
is delivery($id)->{status}, 'pending', '503: it is tried again';
is delivery($id)->{error}, 'it answered 503', 'and says why';
is delivery($id)->{next_s}, 9, 'ten seconds after the first';
cli('clock advance 10m');
is_deeply [@{ delivery($id) }{qw(status attempts)}], ['failed', 7], 'not for ever';
is scalar(() = posts('/down')), 7, 'seven attempts were seen';
$id = cli('notifier test final');
settle();
is_deeply [@{ delivery($id) }{qw(status attempts error)}], ['failed', 1, 'it answered 403'],
    '403 is final';
my ($counts) = grep { $_->{name} eq 'final' } rows('show notifiers');
is_deeply [@$counts{qw(type sent failed pending last_error)}],
    ['webhook', 0, 1, 0, 'it answered 403'], 'show notifiers counts';
is decode_json(cli('show notifiers json'))->[0]{name}, 'plain', 'as JSON too';
is scalar decode_json(cli('show outbox json'))->@*, scalar(() = rows('show outbox')),
    'and the outbox';

# Killed with one on its way: it is there again, with the same id
$id = cli('notifier test down');
settle();
my $pending = delivery($id)->{status};
$w->signal('KILL');
$w->wait_exit;
my $sent = () = posts('/ok');
$w = start();
is $pending, 'pending', 'one is pending when weir is killed';
is delivery($id)->{status}, 'pending', 'and after the start';
settle();
my @tried = grep { $_->{h}{'x-weir-delivery'} eq $id } posts('/down');
is @tried, 2, 'and is tried again, with the same id';
is scalar(() = posts('/ok')), $sent, 'what was sent is not sent again';
done_testing;
