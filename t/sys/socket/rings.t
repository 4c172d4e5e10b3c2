# ring sections, `log ring@NAME`, show events with -w and -n.
use v5.36;
use Backend qw(:all);
use Time::HiRes ();
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', binds => ['fe1', 'fe2'], cfg => <<'CFG');
global
	log ring@events local0 notice
ring requests
	description "the latest requests"
	format raw
	size 4096
	maxlen 100
ring events
frontend fe
	bind "fd@${fe1}"
	log ring@requests local0
	log ring@buf0 format rfc5424 local0
	log-format "%HM %HU"
	http-request return status 200
frontend fe2
	bind "fd@${fe2}"
	log ring@requests local0
	log-format "%HU"
	http-request return status 200
backend be
	server s1 127.0.0.1:1
CFG

is $w->cli('show events'), <<'TEXT' =~ s/\n\z//r, 'show events';
Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop
    buf0       : type=buffer, 0 dropped, buf0
    events     : type=buffer, 0 dropped, events
    requests   : type=buffer, 0 dropped, the latest requests
TEXT
is $w->cli('show events requests'), '', 'nothing yet';
my $http = $w->http('fe1');
$http->get("/$_") for 1 .. 3;
ok $w->wait_for(sub { $w->cli('show events requests') eq "GET /1\nGET /2\nGET /3" }), 'lines in order';
like $w->cli('show events buf0'), qr/^<134>1 \S+ - \S+ \d+ - - GET \/1$/m, 'another format in another ring';
$http->get('/' . 'x' x 200);
ok $w->wait_for(sub { $w->cli('show events requests') =~ /^GET \/x{95}$/m }), 'maxlen';

# -w: what is there, then what comes; any key ends it
sub stream ($command) {
	my $c = CLI->new($w->path('WEIR_T_STATS'));
	$c->send("$command\n");
	return $c;
}
sub line ($c) {
	my $end = Time::HiRes::time() + 5 * $Weir::PATIENCE;
	while ($c->{buf} !~ /\n/) {
		$c->fill($end) or return;
	}
	(my $l, $c->{buf}) = split /\n/, $c->{buf}, 2;
	return $l;
}
my $all = stream('show events requests -w');
is line($all), 'GET /1', '-w: from the oldest';
my $new = stream('show events requests -wn');
my $both = stream('show events requests -w -n');
# both have been read when a later connection is answered
is $w->cli('show events requests -n'), '', '-n alone: nothing yet';
my $http2 = $w->http('fe2');
$http2->get('/new');
is line($new), '/new', '-wn: what comes';
is line($both), '/new', '-w -n';
line($all) for 1 .. 3;
is line($all), '/new', '-w: goes on';
$all->send("q");
is $all->read_all, "\n", 'any key ends it';

# full: the oldest go
$http2->get("/fill/$_") for 1 .. 400;
ok $w->wait_for(sub { $w->cli('show events requests') =~ m{^/fill/400$}m }), 'the last one is there';
my @l = split /\n/, $w->cli('show events requests');
like $l[0], qr{^/fill/\d+$}, 'the first ones are not';
is scalar(@l), 400 - ($l[0] =~ m{(\d+)})[0] + 1, 'none between is missing';

# the process's own
$w->cli('set server be/s1 state maint');
ok $w->wait_for(sub { $w->cli('show events events') =~
    /^<133>\w{3} +\d+ [\d:]{8} \S+\[\d+\]: Command from uid \d+ pid \d+: set server be\/s1 state maint$/m }),
    'the default format is local';

is $w->cli('show events nobody'), 'No such event sink', 'an unknown ring';
is $w->cli('show events requests -x'), "unknown option '-x'", 'an unknown option';
like $w->cli('reload'), qr/^Success=1/, 'reload';
is scalar(split /\n/, $w->cli('show events requests')), scalar(@l), 'keeps the lines';

my $bad = Weir->check(<<'CFG');
ring r
	size 10
	maxlen 5
	format nice
	backing-file /x
	server s 127.0.0.1:1
	timeout connect 5s
	timeout server 5s
CFG
like $bad->{err}, qr/$_/, $_ for "'size' is from 4k", 'maxlen', "unknown log format 'nice'",
    'a ring lives in memory', 'it is not sent anywhere';
like Weir->check("global\n\tlog ring\@nobody local0\n")->{err}, qr/unknown ring 'nobody'/, 'an unknown ring';
done_testing;
