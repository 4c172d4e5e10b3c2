# weirtop against Debian's haproxy, by path and by TCP, with a ring, and a weir beside it.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Weir;
use Weirtop;
use HAProxy;
use Test::More;

plan skip_all => 'no haproxy here' unless -x '/usr/sbin/haproxy';
my $w = Weir->new(cfg => "defaults\n\tmode http\n\ttimeout client 1s\nbackend app\n\tserver s 127.0.0.1:1\n");
$w->write_file('h.cfg', <<"CFG");
global
	stats socket ${\$w->file('h.sock')} level operator
	stats socket fd\@\${tcp} level user
ring reqs
	format raw
	size 65536
defaults
	mode http
	timeout client 5s
	timeout server 5s
	timeout connect 1s
	log ring\@reqs local0
	option httplog
frontend web
	bind fd\@\${web}
	default_backend back
backend back
	server s "127.0.0.1:\${PORT_own}" check inter 100
frontend own
	bind fd\@\${own}
	http-request return status 200 content-type text/plain string hi
CFG
my $peer = HAProxy->new(file => $w->file('h.cfg'), binds => [qw(web own tcp)]);
$w->wait_for(sub { -S $w->file('h.sock') });
my $t = Weirtop->follow('-i', '0.25', 'edge=' . $w->file('h.sock'), '127.0.0.1:' . $peer->port('tcp'),
    'lb1=' . $w->path('WEIR_T_STATS'));
my $h = $t->wait_for(sub ($h) { $h->{state} eq 'up' && @{ $h->{rows} } });
is $h->{kind}, 'haproxy', 'a haproxy';
like $h->{version}, qr/^[2-9]\.\d+/, 'its version';
is $h->{latency}, 'from ring', 'latencies from its log';
$w->curl('127.0.0.1:' . $peer->port('web') . "/$_") for 1 .. 3;
ok $t->wait_for(sub ($h) { defined Weirtop::row($h, 'back', 's')->{p99_ms} }), 'percentiles of a server';
ok $t->wait_for(sub ($h) { (Weirtop::row($h, 'web', 'FRONTEND')->{req_s} // 0) > 0 ||
    Weirtop::row($h, 'web', 'FRONTEND')->{fields}{req_tot} == 3 }), 'its counters';
$h = $t->wait_for(sub ($h) { $h->{state} eq 'up' && @{ $h->{rows} } }, 1);
is $h->{kind}, 'haproxy', 'the same by TCP';
$h = $t->wait_for(sub ($h) { $h->{state} eq 'up' && @{ $h->{rows} } }, 2);
is $h->{kind}, 'weir', 'and weir beside it';
undef $peer;
ok $t->wait_for(sub ($h) { $h->{state} eq 'lost' }), 'one is gone';
is $t->tick->{hosts}[2]{state}, 'up', 'the other one does not mind';
undef $t;
done_testing;
