# At a limit of connections clients wait in the kernel's queue; whichever thread
# closes a connection, one of them gets in.
use v5.36;
use lib 't/lib';
use Weir;
use Test::More;
use Time::HiRes qw(time);

for my $where (qw(global frontend bind)) {
	my %max = map { $_ => $_ eq $where ? 'maxconn 1' : '' } qw(global frontend bind);
	my $w = Weir->new(binds => ['fe'], defaults => 'http', cfg => <<"CFG");
global
	nbthread 4
	$max{global}
frontend f
	$max{frontend}
	bind "fd@\${fe}" $max{bind}
	http-request return status 200
CFG
	my $first = $w->http('fe');
	is $first->get->{status}, 200, "$where: the first is served";
	my ($served, $began) = (0, time);
	for (1 .. 60) {
		my $next = $w->http('fe');
		$next->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		is $next->fill_now, undef, "$where: the next one waits" if $_ == 1;
		$first->close;
		my $r = $next->read_response or last;
		$served += $r->{status} == 200;
		$first = $next;
	}
	is $served, 60, "$where: one after the other is served";
	note sprintf '%.2f ms each', (time - $began) / 60 * 1000;
	is $w->stat('f', 'FRONTEND')->{smax}, 1, "$where: never two";
	is $w->stop, 143;
}
done_testing;
