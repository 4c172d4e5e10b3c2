# The line of each change of a state: its words, its level in the logs, and the
# copy on stderr.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/hang' => HANG, '*' => response(200) });
my $w = Weir->new(defaults => 'http', binds => [qw(q fe)], env => { SRV => $srv->addr }, cfg => <<'CFG');
global
	log stderr format priority local0
defaults
	mode http
	log global
	timeout connect 1s
	timeout client 5s
	timeout server 5s
	timeout queue 5s
	default-server check inter 1h
backend be
	server s1 "${SRV}"
	server s2 "${SRV}"
	server spare "${SRV}" backup
listen q
	bind "fd@${q}"
	balance source
	server a "${SRV}" maxconn 1
	server b "${SRV}" maxconn 1
frontend fe
	bind "fd@${fe}"
	http-request return status 200
CFG

my $seen = 0;
# What the command makes weir say: lines of logs, and of stderr
sub said ($command, @want) {
	is $w->cli($command), '', $command;
	$w->wait_for(sub { (substr($w->stderr, $seen) =~ s/^(\[|<\d+>Connect).*\n//gmr) =~ tr/\n// > @want / 2 });
	my @lines = split /\n/, substr $w->stderr, $seen;
	$seen = length $w->stderr;
	my @logged = grep { /^</ && !/Command from|Connect from/ } @lines;
	my @copied = map { s/^(\[\w+\] +)\(\d+\) : /$1/r } grep { /^\[/ } @lines;
	is_deeply [@copied, @logged], \@want or diag explain \@lines;
}
# A line of a server, with its level in the logs
sub line ($level, $text) { return ("[WARNING]  $text", "<$level>$text") }
sub lines (@pairs) {
	my @l = map { [line(@$_)] } @pairs;
	return (map { $_->[0] } @l), map { $_->[1] } @l;
}
my ($ALERT, $NOTICE, $EMERG) = (129, 133, 128);
my $none = '0 sessions active, 0 requeued, 0 remaining in queue.';

said('set server be/s1 health down', lines([$ALERT, "Server be/s1 is DOWN, changed from CLI. 1 active and 1 backup servers left. $none"]));
said('set server be/s1 state maint', lines([$NOTICE, 'Server be/s1 was DOWN and now enters maintenance.']));
said('set server be/s1 state ready', lines([$NOTICE, 'Server be/s1 is UP/READY (leaving forced maintenance).']));
said('disable server be/s2', lines([$ALERT, "Server be/s2 is going DOWN for maintenance. 1 active and 1 backup servers left. $none"]));
said('set server be/s1 state drain', lines([$NOTICE, 'Server be/s1 enters drain state. 0 active and 1 backup servers online. Running on backup. 0 sessions requeued, 0 total in queue.']));
said('set server be/spare health stopping',
    '[WARNING]  Backup Server be/spare is stopping, changed from CLI. 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
    "[ALERT]    backend 'be' has no server available!",
    "<$NOTICE>Backup Server be/spare is stopping, changed from CLI. 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
    "<$EMERG>backend be has no server available!");
said('set server be/spare health down', lines([$NOTICE, "Backup Server be/spare is DOWN, changed from CLI. 0 active and 0 backup servers left. $none"]));
said('set server be/s1 state ready', lines([$NOTICE, 'Server be/s1 is UP (leaving forced drain).']));
said('set server be/spare health up', lines([$NOTICE, 'Backup Server be/spare is UP, changed from CLI. 1 active and 1 backup servers online. 0 sessions requeued, 0 total in queue.']));

# who waits is counted
sub begin () {
	my $c = $w->http('q');
	$c->send("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
	return $c;
}
my @c = map { begin() } 1 .. 3;
ok $w->wait_for(sub { $w->stat('q', 'BACKEND')->{qcur} + $w->stat('q', 'a')->{qcur} +
    $w->stat('q', 'b')->{qcur} == 2 }), 'two wait';
my ($of) = grep { $w->stat('q', $_)->{qcur} == 2 } qw(a b);
ok $of, 'at one server' or done_testing, exit;
said("set server q/$of health down", lines([$ALERT, "Server q/$of is DOWN, changed from CLI. 1 active and 0 backup servers left. 1 sessions active, 2 requeued, 0 remaining in queue."]));
is $w->stop, 143;
done_testing;
