# Tunnels that begin under one configuration live on under the next ones: no old
# snapshot stays for them, and the log line at the end is right.
use v5.36;
use Backend qw(:all);
use Cert;
use SyslogSink;
use Weir;
use WSClient;
use Test::More;

my $ROUNDS = 40;
my $ws_server = WSClient::echo_server();
my $http = Backend->new(sub ($req) { [$ws_server->($req)] });
my $echo = Backend->echo;
my $log = SyslogSink->new;

# Ballast of some 500 KiB makes a snapshot that is kept visible in memory.
sub text ($i, $servers = "\tserver e @{[ $echo->addr ]}\n", $mark = 'M') {
	return "global\n\tlog \"\${LOG}\" local0\nfrontend web\n\tbind \"fd\@\${web}\"\n" .
	    "\tlog global\n\tlog-format \"$mark$i %b/%s %[var(txn.mine)] %ts %U %B\"\n" .
	    "\thttp-request set-var(txn.mine) str(kept)\n" .
	    join('', map { "\thttp-request deny if { path_beg /ballast$i/$_ }\n" } 1 .. 400) .
	    "\tdefault_backend be\n" .
	    "backend be\n\tserver s1 @{[ $http->addr ]}\n" .
	    "listen t\n\tmode tcp\n\tlog global\n\tlog-format \"T$i %b/%s %ts %U %B\"\n" .
	    "\tbind \"fd\@\${tcp}\"\n$servers";
}
my $w = Weir->new(defaults => 'http', binds => [qw(web tcp)],
    env => { LOG => $log->addr }, cfg => text(0));
sub reload ($text) { $w->write_file('t.cfg', $text); return $w->cli('reload') =~ /^Success=1/ }
sub rss_kib () { return Cert::slurp("/proc/@{[ $w->pid ]}/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0 }

my (@ws, @tcp, $rss);
sub open_both () {
	push @ws, WSClient->new(port => $w->port('web'));
	push @tcp, $w->http('tcp');
	$tcp[-1]->send('a');
	return $tcp[-1]->read_bytes(1) eq 'a';
}
my $reloads = 0;
for my $i (1 .. $ROUNDS) {
	open_both() or last;
	$reloads += reload(text($i)) ? 1 : 0;
	$rss = rss_kib() if $i == 8;
}
is $reloads, $ROUNDS, "$ROUNDS reloads, two new tunnels before each";
SKIP: {
	skip 'memory of a sanitizer', 1 if ($ENV{VARIANT} // '') =~ /asan|tsan/;
	ok $w->wait_for(sub { reload(text($ROUNDS)); rss_kib() - $rss < 8192 }),
	    'no old snapshot stays for them' or diag rss_kib() - $rss, ' KiB more';
}
my @words = map { $_->send_text("w$_"); $_->read_text } @ws;
is_deeply \@words, [map { "w$_" } @ws], 'all WebSockets are alive';
$_->send('b') for @tcp;
is_deeply [map { $_->read_bytes(1) } @tcp], [('b') x @tcp], 'all tunnels too';

# Their ends, in the words of the latest configuration
$log->forget;
(shift @tcp)->shut;
like $log->find(qr/ T\d+ /), qr{ T$ROUNDS t/e -- 2 2$}, 'a line of a tunnel';
my $first = shift @ws;
$first->close;
is +($first->read_frame)->[0], 8, 'a WebSocket is closed as it should be';
undef $first;			# no byte unread: an end, not a reset
like $log->find(qr/ M\d+ /), qr{ M$ROUNDS be/s1 kept -- \d+ \d+$}, 'and of a WebSocket';

# A server that is gone: its tunnels keep what they need and go on
ok reload(text(99, "\tserver other 127.0.0.1:9\n")), 'the server is gone';
$_->send('c') for @tcp;
is_deeply [map { $_->read_bytes(1) } @tcp], [('c') x @tcp], 'its tunnels are there';
is $w->stat('t', 'other')->{scur}, 0, 'and not the other one\'s';
$log->forget;
(shift @tcp)->shut;
like $log->find(qr/ T\d+ /), qr{ T$ROUNDS t/e -- 3 3$}, 'its line is the old one';
is $w->stop, 143;
done_testing;
