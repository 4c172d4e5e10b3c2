# A thousand checked servers: what the checks cost, how long show stat takes, and
# how small the news of a quiet second are.
use v5.36;
use POSIX ();
use Weir;
use Test::More;
use Time::HiRes qw(time);

use constant SERVERS => 1000;

# They are one listener of another weir, which answers at once.
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $srv = Weir->new(defaults => 'http', cfg => <<"CFG");
frontend f
	bind unix\@$dir/s backlog 4096
	http-request return status 200
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe'],
    cfg => "defaults\n\tmode http\n\toption httpchk GET /up\n\tdefault-server check inter 1s\n"
    . "listen l\n\tbind \"fd\@\${fe}\"\n"
    . join '', map { "\tserver s$_ unix\@$dir/s\n" } 1 .. SERVERS);

sub rows () { return grep { $_->{pxname} eq 'l' && $_->{svname} =~ /^s\d/ } @{ $w->stat } }
ok $w->wait_for(sub { !grep { $_->{check_status} ne 'L7OK' } rows() }, 10), 'all are checked';
is scalar(grep { $_->{status} eq 'UP' } rows()), SERVERS, 'and up';

# Processor time of weir in a time that has seen so many checks
sub cpu_us () {
	open my $f, '<', '/proc/' . $w->pid . '/stat' or die;
	my @f = split ' ', <$f> =~ s/^.*\) //r;
	return ($f[11] + $f[12]) * 1e6 / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}
sub checks () { return ($srv->stat('f', 'FRONTEND') // {})->{req_tot} }
my ($from, $cpu, $n, $done) = (time, cpu_us(), checks());
$srv->wait_for(sub { ($done = checks() - $n) >= SERVERS }, 10, 'checks to be made');
my $cost = (cpu_us() - $cpu) / ($done || 1);
my $rate = $done / (time - $from);
diag sprintf '%.0f us of processor a check, %.0f checks/s', $cost, $rate;
cmp_ok $rate, '>', 0.7 * SERVERS, 'each server once a second';
cmp_ok $cost, '<', 500 * $Weir::PATIENCE, 'a check costs little';

# The best of some, for the machine is not ours alone
my ($ms, $bytes) = (1e9);
for (1 .. 50) {
	my $at = time;
	$bytes = length $w->cli('show stat');
	my $took = 1000 * (time - $at);
	$ms = $took if $took < $ms;
	last if $_ >= 8 && $ms < 10;
}
diag sprintf 'show stat: %.1f ms, %.0f bytes', $ms, $bytes;
cmp_ok $ms, '<', 10 * $Weir::PATIENCE, 'show stat takes less than 10 ms';

# Nobody asks anything of the servers, and their checks say what they said
my $is_quiet;
$w->wait_for(sub {
	my ($gen) = $w->cli('show snapshot only stat') =~ /(?:gen|since)\D*(\d+)/;
	my $end = time + 1.2;
	$w->wait_for(sub { time > $end }, 5);
	$bytes = length $w->cli("show snapshot since $gen");
	return $is_quiet = $bytes < 2048;
}, 10, 'a quiet second');
diag "show snapshot since: $bytes bytes in a quiet second";
ok $is_quiet, 'a quiet second is told in less than 2 KiB';
is $w->stop, 143;
done_testing;
