# subscribe events, subscribe requests, show audit, levels by credentials,
# severity-output.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/no' => response(404, 'n') });
my $w = Weir->new(defaults => 'http', binds => ['fe1', 'fe2'], unix => ['mine', 'other'],
    env => { SRV => $srv->addr, ME => $>, MYGROUP => $) + 0 }, cfg => <<'CFG');
global
	stats socket "fd@${mine}" level user level-user "${ME}" admin severity-output number
	stats socket "fd@${other}" level user level-user 4242 admin level-group "${MYGROUP}" operator
frontend fe
	bind "fd@${fe1}"
	default_backend be
frontend fe2
	bind "fd@${fe2}"
	default_backend be
backend be
	server s1 "${SRV}"
	server s2 127.0.0.1:1 disabled
CFG

# A stream, line by line
package Stream {
	sub new ($class, $path, $command) {
		my $c = CLI->new($path);
		$c->send("$command\n");
		return bless { c => $c }, $class;
	}
	# waits until a line matches; returns it
	sub line ($self, $pattern) {
		my $end = Time::HiRes::time() + 8 * $Weir::PATIENCE;
		while (1) {
			while ($self->{c}{buf} =~ s/^([^\n]*)\n//) {
				my $l = $1;
				return $l if $l =~ $pattern;
			}
			$self->{c}->fill($end) or return undef;
		}
	}
}
package main;
my $path = $w->path('WEIR_T_STATS');

# --- levels by who connects
my $on = sub ($name, $q) { CLI->new($w->path($name))->ask($q) };
is $on->('mine', 'show cli level'), 'admin', 'level-user';
is $on->('other', 'show cli level'), 'operator', 'level-group';
is $on->('mine', 'set weight be/x 1'), '[3]: No such server.', 'severity-output of a socket';
like $on->('mine', 'show cli sockets'), qr/^fd@\d+ user all$|^unix@\S+ user all$/m, 'the level of a socket';
my $bad = Weir->check("global\n\tstats socket /tmp/x level-user nobody-here admin\n");
like $bad->{err}, qr/'level-user' : unknown user 'nobody-here'/, 'an unknown user';
$bad = Weir->check("global\n\tstats socket /tmp/x level-group 5 root severity-output loud\n");
like $bad->{err}, qr/'level-group' only supports the levels/, 'an unknown level';
like $bad->{err}, qr/'severity-output' expects one of/, 'an unknown form';

# --- events
my $ev = Stream->new($path, 'subscribe events');
like $ev->line(qr/^#events/), qr/^#events v=1 next=\d+$/, 'the header';
my $health = Stream->new($path, 'subscribe events kinds health');
$health->line(qr/^#events/);
$w->cli('set server be/s1 state drain');
like $ev->line(qr/,health,/), qr{^\d+,\d{10}\.\d{3},health,be/s1,UP,DRAIN,.*Server be/s1 enters drain},
    'a change of state';
like $ev->line(qr/,command,/), qr{^\d+,[\d.]+,command,"\d+,\d+,unix",,ok,set server be/s1 state drain$},
    'a command';
$w->cli('reload');
my $line = $ev->line(qr/,config,/);
like $line, qr/^\d+,[\d.]+,config,reload,,ok,/, 'a reload';
my ($id) = $line =~ /^(\d+)/;
$w->cli('set server be/s1 state ready');
like $health->line(qr/^\d/), qr/DRAIN/, 'kinds: only these';
like $health->line(qr/^\d/), qr/,health,be\/s1,DRAIN,UP,/, 'and nothing else between';
my $again = Stream->new($path, "subscribe events since $id");
is $again->line(qr/^\d/), $line, 'since: from that one on';
like $again->line(qr/^\d/), qr/,command,.*,ok,reload$/, 'and what came after';
SKIP: {
	skip 'takes five seconds: WEIR_SLOW', 1 unless $ENV{WEIR_SLOW};
	is $again->line(qr/^#alive/), '#alive', 'a sign of life';
}
is $w->cli('subscribe events kinds weather'),
    "There are no events of kind 'weather': there are health, config, command, alarm, group and lua.", 'unknown kind';
is $w->cli('subscribe events since x'), "'since' expects the id of an event.", 'no id';
like $w->cli('subscribe events bla'), qr/^Unknown word 'bla'/, 'unknown word';
$ev->{c}->send("quit\n");
is $ev->line(qr/^never/), undef, 'quit ends a stream';

# --- requests
my $all = Stream->new($path, 'subscribe requests');
my $some = Stream->new($path, 'subscribe requests filter { status 404 } || { path_beg /x }');
my $bare = Stream->new($path, 'subscribe requests filter path_end o');
my $fe2 = Stream->new($path, 'subscribe requests frontend fe2');
my $tenth = Stream->new($path, 'subscribe requests sample 10');
is $all->line(qr/^#t,/), '#t,frontend,backend,server,client,method,target,status,bytes_in,' .
    'bytes_out,tr_ms,tw_ms,tc_ms,tresp_ms,ta_ms,term', 'names of the fields';
$_->line(qr/^#t/) for $some, $bare, $fe2, $tenth;
$w->http('fe1')->get('/a?b=1,2');
like $all->line(qr/^\d/), qr{^\d{10}\.\d{3},fe,be,s1,127\.0\.0\.1:\d+,GET,"/a\?b=1,2",200,\d+,\d+,\d+,\d+,\d+,\d+,\d+,--$},
    'a request';
$w->http('fe2')->get('/a');
$w->http('fe1')->get('/no');
like $some->line(qr/^\d/), qr{,/no,404,}, 'a filter leaves the rest out';
like $bare->line(qr/^\d/), qr{,/no,404,}, 'a filter without braces';
like $fe2->line(qr/^\d/), qr{,fe2,be,s1,.*,/a,200,}, 'of one frontend';
$w->http('fe1')->get("/n$_") for 1 .. 8;
like $tenth->line(qr/^\d/), qr{/a\?b}, 'a sample';
# Of two threads one may count the end of its request after the other's next one.
like $tenth->line(qr/^\d/), qr{/n[678],}, 'is one of ten';
is $w->cli('subscribe requests sample 0'), "'sample' expects a number: one request of N.", 'bad sample';
is $w->cli('subscribe requests frontend x'), 'No such frontend.', 'unknown frontend';
like $w->cli('subscribe requests filter foo 1'), qr/unknown fetch method 'foo'/, 'bad filter';
like $w->cli('subscribe requests filter nbsrv(be) gt 1'), qr/names of proxies/, 'no names in it';
$_->{c}->close for $all, $some, $bare, $fe2, $tenth;
# the process sees that they are gone: its eight taps are free again
my @eight;
ok $w->wait_for(sub {
	@eight = map { Stream->new($path, 'subscribe requests') } 1 .. 8;
	my $n = grep { ($_->line(qr/./) // '') =~ /^#requests/ } @eight;
	$_->{c}->close for @eight;
	$n == 8;
}), 'closed streams make room';

# a reader that does not read
my $slow = Stream->new($path, 'subscribe requests');
$slow->line(qr/^#t/);
my $c = $w->http('fe1');
my $long = 'x' x 900;
for (1 .. 1400) {
	$c->get("/$long");
}
ok $slow->line(qr/^#lost \d+|^\d/), 'reads on';
is $w->http('fe1')->get('/a')->{status}, 200, 'nobody waits for it';
$slow->{c}->close;

# --- audit
my @audit = split /\n/, $w->cli('show audit');
is $audit[0], '#time,uid,pid,source,command,result', 'show audit';
like $audit[1], qr{^\d+\.\d{3},$>,$$,unix,set weight be/x 1,No such server\.$}, 'a command that failed';
like $audit[2], qr{,unix,set server be/s1 state drain,ok$}, 'one that did not';
is scalar(split /\n/, $w->cli('show audit max 1')), 2, 'the latest';
is $w->cli('show audit from 2099-01-01 to 2100-01-01') =~ tr/\n//, 0, 'none in that time' ;
like $on->('other', 'set weight be/s1 1'), qr/Permission denied/, 'a refused command';
like $w->cli('show audit max 1'), qr{,set weight be/s1 1,Permission denied$}, 'is in it as well';
is $w->cli('show audit max x'), "'max' expects a number.", 'no number';
done_testing;
