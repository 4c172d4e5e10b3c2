# option abortonclose: a FIN while the answer is awaited ends the transaction, also
# one that came with the request; without the option it is a half-close.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;

my $srv = Backend->new(sub ($req) { $req->{path} eq '/hold' ? HANG : response(200, 'x') });
my $w = Weir->new(binds => [qw(fe half)], defaults => 'http', env => { SRV => $srv->addr }, cfg => <<'CFG');
global
	nbthread 1
listen l
	bind "fd@${fe}"
	option abortonclose
	server s "${SRV}" maxconn 1
listen h
	bind "fd@${half}"
	server s "${SRV}"
CFG

# weir finds all of it at once when it goes on
sub at_once ($code) {
	$w->signal('STOP');
	my $c = $code->();
	$w->signal('CONT');
	return $c;
}

sub used ($name) {
	my $c = $w->http($name);
	is $c->get('/a')->{status}, 200, 'a connection that was used before';
	return $c;
}

my $HOLD = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";
my $POST = "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
my %LEAVE = (
	'later' => sub { my $c = used('fe'); my $n = $srv->requests; $c->send($HOLD);
	    $w->wait_for(sub { $srv->requests > $n }); $c->shut; return $c },
	'with the head' => sub { my $c = used('fe'); at_once(sub { $c->send($HOLD); $c->shut; $c }) },
	'with the body' => sub { my $c = used('fe'); at_once(sub { $c->send("${POST}abc"); $c->shut; $c }) },
	'with the rest of the body' => sub { my $c = used('fe'); $c->send($POST);
	    $w->wait_for(sub { $w->stat('l', 's')->{scur} == 1 });
	    at_once(sub { $c->send('abc'); $c->shut; $c }) },
	'with a first request' => sub { at_once(sub { my $c = $w->http('fe'); $c->send($HOLD); $c->shut; $c }) },
);
my $n = 0;
for my $name (sort keys %LEAVE) {
	$n++;
	my $c = $LEAVE{$name}->();
	ok $w->wait_for(sub { $w->stat('l', 'BACKEND')->{cli_abrt} == $n }), "a FIN $name";
	ok $w->wait_for(sub { $w->stat('l', 's')->{scur} == 0 }), 'and its slot is free';
}

my $c = used('half');
at_once(sub { $c->send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n"); $c->shut });
is $c->read_response->{status}, 200, 'half-closed: answered';
ok $c->is_closed, 'then closed';
is $w->stop, 143;
done_testing;
