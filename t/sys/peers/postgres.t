# option pgsql-check with a real PostgreSQL: trust, a password wanted, a user who is
# rejected.
use v5.36;
use Peer;
use Weir;
use Test::More;

my $folder = (sort glob '/usr/lib/postgresql/*/bin')[-1] // '/none';
my $bin = Peer::need('postgres', $folder);
my $p = Peer->new(as => 'nobody');
my $data = $p->file('data');
$p->run("$folder/initdb", '--no-sync', '-A', 'trust', '-U', 'weir', '-D', $data, '--no-locale');
Cert::spew("$data/pg_hba.conf", "local all secret scram-sha-256\nlocal all bad reject\n"
    . "local all all trust\n");
$p->start($p->file('.s.PGSQL.5432'), $bin, '-D', $data, '-h', '', '-k', $p->dir, '-F');
my $socket = $p->file('.s.PGSQL.5432');

my $w = Weir->new(defaults => 'tcp', cfg => <<"CFG");
defaults
	mode tcp
	timeout check 2s
	default-server inter 100ms rise 1 fall 1
@{[ map { "backend $_\n\toption pgsql-check user $_\n\tserver s unix\@$socket check\n" }
    qw(weir secret bad) ]}
CFG
my $ok = 'L7OK|PostgreSQL server is ok';
checks_say($w, 'weir/s' => $ok, 'secret/s' => $ok, 'bad/s' => 'L7RSP|FATAL');
like $p->output, qr/pg_hba.conf rejects connection for host .*user "bad"/, 'which it says too';
unlike $p->output, qr/incomplete|invalid length|startup packet/, 'our packets are whole';
$p->stop;
checks_say($w, 'weir/s' => [L4CON => qr/ECONNREFUSED|ENOENT|No such file|refused/]);
is $w->stop, 143;
done_testing;
