# Idle connections to a server count for its maxconn: a new one closes the one that
# is idle longest, whichever thread has it.
use v5.36;
use lib 't/lib';
use Weir;
use Backend qw(:all);
use Test::More;

my $srv = Backend->new(response(200, 'x'));
for my $threads (1, 4) {
	my $w = Weir->new(binds => ['fe'], defaults => 'http', env => { SRV => $srv->addr }, cfg => <<"CFG");
global
	nbthread $threads
listen l
	bind "fd\@\${fe}"
	http-reuse safe
	server s "\${SRV}" maxconn 2 pool-purge-delay 1h
CFG
	$srv->forget;
	my @c = map { $w->http('fe') } 1 .. 12;
	is scalar(grep { $_->get('/')->{status} == 200 } @c), 12, "$threads threads: all served";
	is $srv->opened, 12, 'a first request has a connection of its own';
	ok $w->wait_for(sub { $srv->closed >= 10 }), 'no more than maxconn stay';
	is $w->stat('l', 's')->{scur}, 0, 'none of them in use';
	is $w->stop, 143;
}
done_testing;
