# Numbers of proxies, listeners and servers: their places, unless they are written,
# as HAProxy counts; servers added later take the lowest one that is free.
use v5.36;
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', binds => [qw(fe1 fe2 fe3)], cfg => <<'CFG');
frontend a
	bind "fd@${fe1}"
	bind "fd@${fe2}" id 4
	bind "fd@${fe3}"
	option socket-stats
	default_backend b
backend b
	id 3
	server s1 127.0.0.1:1
	server s2 127.0.0.1:1 id 1
	server s3 127.0.0.1:1 id 7
	server s4 127.0.0.1:1
backend c
	server s1 127.0.0.1:1
backend d
	id 100
	server s1 127.0.0.1:1 id 2
	server-template t 2 127.0.0.1:2
backend e
CFG
my @rows = map { "$_->{pxname}/$_->{svname}=$_->{iid}.$_->{sid}" } $w->stat->@*;
is_deeply \@rows, [qw(a/FRONTEND=2.0 a/sock-1=2.1 a/sock-4=2.4 a/sock-3=2.3
    b/s1=3.2 b/s2=3.1 b/s3=3.7 b/s4=3.5 b/BACKEND=3.0 c/s1=4.1 c/BACKEND=4.0
    d/s1=100.2 d/t1=100.3 d/t2=100.4 d/BACKEND=100.0 e/BACKEND=6.0)], 'numbers';
is_deeply [map { join ' ', (split)[0 .. 3, 15, 16] } grep { /^\d+ / } split /\n/, $w->cli('show servers state')],
    ['3 b 2 s1 1 0', '3 b 1 s2 1 1', '3 b 7 s3 1 1', '3 b 5 s4 1 0', '4 c 1 s1 0 0',
    '100 d 2 s1 1 1', '100 d 3 t1 1 0', '100 d 4 t2 1 0'], 'which of them were written';
like $w->cli('show stat 3 4 7'), qr/^b,s3,/m, 'a filter by such numbers';
is $w->cli("add server b/new$_ 127.0.0.1:1"), 'New server registered.', 'one more' for 1, 2, 3;
is_deeply [map { $w->stat('b', $_)->{sid} } qw(new1 new2 new3 s1 s4)], [3, 4, 6, 2, 5], 'the lowest that are free';
done_testing;
