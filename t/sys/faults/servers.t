# Servers that fail under load, in short: t/faults has them long.
use v5.36;
use Weir;
use Backend qw(:all);
use Faults qw(:all);
use Test::More;

my $bad = Backend->new(sub ($req) { $req->{path} eq '/health' ? $GOOD : RST });
no_loss('accept, then RST', two_servers(bad => $bad->addr, during => served(200)));
$bad->stop;

flapping(2, (sub ($load) { $load->wait_ok(60) }) x 2);
racing(200);
down_and_back(20);
done_testing;
