# Limits per second: what is over them waits in the kernel's queue and is served
# later, nothing is refused. And `grace`, the time before a soft stop closes.
use v5.36;
use Cert;
use RawHTTP;
use Time::HiRes qw(time clock_gettime CLOCK_MONOTONIC);
use Weir;
use Test::More;

my $GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

# 7 connections under a limit of 3 a second: all are served, over two turns of
# the second at least.
sub served_slowly ($words, $fe_words, $what) {
	my $w = Weir->new(defaults => 'http', binds => ['f'], cfg => <<"CFG");
global
	nbthread 1
	$words
frontend f
	bind "fd\@\${f}"
	$fe_words
	http-request return status 200
CFG
	my $start = time;
	my @c = map { RawHTTP->new(port => $w->port('f'), timeout => 15) } 1 .. 7;
	$_->send($GET) for @c;
	my $ok = grep { my $r = $_->read_response; $r && $r->{status} == 200 } @c;
	is $ok, 7, "$what: all are served";
	cmp_ok time - $start, '>', 1, "$what: not all in one second";
	$w->stop;
}

served_slowly('maxconnrate 3', '', 'maxconnrate');
served_slowly('maxsessrate 3', '', 'maxsessrate');
served_slowly('', 'rate-limit sessions 3', 'rate-limit sessions');

# Connections count once each: one by one, as many as the limit fit in a second.
{
	my $w = Weir->new(defaults => 'http', binds => ['f'], cfg => <<'CFG');
global
	nbthread 1
	maxconnrate 30
frontend f
	bind "fd@${f}"
	rate-limit sessions 12
	http-request return status 200
CFG
	ok $w->wait_for(sub { my $t = clock_gettime(CLOCK_MONOTONIC); $t - int $t < 0.1 }),
	    'a second begins';
	my $start = time;
	is scalar(grep { $w->http('f')->request($GET)->{status} == 200 } 1 .. 12), 12, 'all served';
	cmp_ok time - $start, '<', 0.8, 'in the same second';
	$w->stop;
}

# maxsslrate counts TLS listeners only
{
	my $dir = File::Temp->newdir;
	my $pem = Cert->self_signed("$dir/a.pem", cn => 'a');
	my $w = Weir->new(defaults => 'http', binds => [qw(tls plain)], cfg => <<"CFG");
global
	nbthread 1
	maxsslrate 2
frontend f
	bind "fd\@\${tls}" ssl crt $dir/a.pem
	bind "fd\@\${plain}"
	http-request return status 200
CFG
	my $port = $w->port('tls');
	my $start = time;
	my $out = join ' ', map { `curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1:$port/` }
	    1 .. 5;
	is $out, '200 200 200 200 200', 'maxsslrate: all are served';
	cmp_ok time - $start, '>', 1, 'maxsslrate: not all in one second';
	$start = time;
	my @r = map { RawHTTP->new(port => $w->port('plain'))->request($GET) } 1 .. 9;
	is scalar(grep { $_->{status} == 200 } @r), 9, 'plain connections do not count';
	$w->stop;
}

# grace: after SIGUSR1 new connections are taken for a while yet
{
	my $w = Weir->new(defaults => 'http', binds => ['f'], cfg => <<'CFG');
global
	grace 700ms
	tune.pipesize 64k
frontend f
	bind "fd@${f}"
	http-request return status 200
CFG
	is $w->http('f')->request($GET)->{status}, 200, 'served before';
	my $start = time;
	$w->signal('USR1');
	is $w->http('f')->request($GET)->{status}, 200, 'served within grace';
	is $w->wait_exit, 0, 'then it ends with 0';
	cmp_ok time - $start, '>=', 0.65, 'not before grace is over';
}

done_testing;
