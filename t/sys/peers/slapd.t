# option ldap-check with OpenLDAP: one that takes binds without a name, one that
# does not.
use v5.36;
use Peer;
use Weir;
use Test::More;

my $bin = Peer::need('slapd', '/usr/sbin');
my $p = Peer->new;
my %extra = (open => '', closed => "disallow bind_anon\n");
my %socket;
for my $name (sort keys %extra) {
	my $conf = $p->write_file("$name.conf", "pidfile @{[ $p->file(qq($name.pid)) ]}\n$extra{$name}");
	$socket{$name} = $p->file("$name.sock");
	my $url = 'ldapi://' . $socket{$name} =~ s{/}{%2F}gr;
	$p->start($socket{$name}, $bin, '-h', $url, '-f', $conf, '-d', 256);
}
my $w = Weir->new(defaults => 'tcp', cfg => <<"CFG");
backend b
	mode tcp
	option ldap-check
	timeout check 2s
	default-server inter 100ms rise 1 fall 1
	server open unix\@$socket{open} check
	server closed unix\@$socket{closed} check
CFG
checks_say($w, 'b/open' => 'L7OK|', 'b/closed' => [L7STS => qr/^See RFC: /]);
is $w->stat('b', 'closed')->{check_code}, 48, 'inappropriateAuthentication';
is $w->stat('b', 'closed')->{status}, 'DOWN', 'which takes the server down';
like $p->output, qr/BIND dn="" method=128/, 'a bind without a name';
unlike $p->output, qr/ber_get_next|decoding error/, 'which it understands';
is $w->stop, 143;
done_testing;
