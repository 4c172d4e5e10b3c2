# A certificate and its CA are replaced again and again while clients shake hands:
# no handshake fails, and no connection that is there is lost.
use v5.36;
use Weir;
use Cert;
use File::Temp;
use IO::Handle;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
$ca->issue($_, cn => 'a', san => ['DNS:a.test']) for qw(a a2);
$ca->issue('me', client => 1);
chmod 0600, glob "$dir/*.pem";

my $w = Weir->new(defaults => 'http', binds => [qw(tls srv plain)], env => { C => "$dir" },
    cfg => <<'CFG');
frontend f
	bind "fd@${tls}" ssl crt "${C}/a.pem" verify optional ca-file "${C}/ca.pem"
	default_backend up
backend up
	server s "127.0.0.1:${PORT_srv}" ssl ca-file "${C}/ca.pem" sni str(a.test) crt "${C}/me.pem" check inter 100ms
frontend srv
	bind "fd@${srv}" ssl crt "${C}/a.pem" verify required ca-file "${C}/ca.pem"
	http-request return status 200 content-type text/plain string hi
frontend plain
	bind "fd@${plain}"
	http-request set-header x y
	default_backend up
CFG

sub with ($command, $file) {
	my $s = $w->cli_session;
	$s->send("$command <<\n" . Cert::slurp($file) . "\n");
	return $s->read_all =~ s/\n\n\z//r;
}
sub serial () {
	my $port = $w->port('tls');
	return qx{openssl s_client -connect 127.0.0.1:$port -servername a.test </dev/null 2>/dev/null | openssl x509 -noout -serial};
}

# Two clients, a connection and a full handshake for each request
my $n = 100;
my $port = $w->port('tls');
my @load = map {
	open my $f, '-|', 'curl', '-sS', '--cacert', $ca->file, '--resolve', "a.test:$port:127.0.0.1",
	    '--no-sessionid', '-H', 'Connection: close', '-o', '/dev/null', '--max-time', 60,
	    '--write-out', '%{http_code} %{num_connects}\n', "https://a.test:$port/[1-$n]"
	    or die "curl: $!";
	$f;
} 1 .. 2;
my $stays = $w->http('plain');
is $stays->get('/')->{body}, 'hi', 'a connection';

my ($before, $commits, %failed) = (serial(), 0);
my $end = time + 60;
my @seen = ('') x 2;
my $open = 2;
while ($open > 0 && time < $end) {
	my $which = $commits++ % 2 ? 'a' : 'a2';
	for my $what (["cert $dir/a.pem", "$dir/$which.pem"], ["ca-file $dir/ca.pem", $ca->file]) {
		my ($words, $file) = @$what;
		my $set = with("set ssl $words", $file);
		$failed{$set}++ unless $set =~ /^transaction created/i;
		my $done = $w->cli("commit ssl $words", 20);
		$failed{$done}++ unless $done =~ /Success!$/;
		my $r = $stays->get('/') // {};
		$failed{'a request on the connection'}++ unless ($r->{body} // '') eq 'hi';
	}
	my $r = '';
	vec($r, fileno $_, 1) = 1 for grep { defined } @load;
	next unless select $r, undef, undef, 0.02;
	for my $i (grep { defined $load[$_] && vec $r, fileno $load[$_], 1 } 0 .. 1) {
		next if sysread $load[$i], $seen[$i], 65536, length $seen[$i];
		$load[$i] = undef;
		$open--;
	}
}
is_deeply \%failed, {}, 'each commit succeeds, the connection goes on';
cmp_ok $commits, '>', 5, "commits under load ($commits)";
for (@seen) {
	my %answers;
	$answers{$_}++ for split /\n/;
	is_deeply \%answers, { '200 1' => $n }, "$n handshakes, none failed" or diag explain \%answers;
}
is $w->stat('up', 's')->{status}, 'UP', 'the server was checked all the time';
is $w->stat('up', 's')->{chkdown}, 0, 'and never down';
with("set ssl cert $dir/a.pem", "$dir/a2.pem");
like $w->cli("commit ssl cert $dir/a.pem"), qr/Success!$/, 'the last one';
isnt serial(), $before, 'is in service';
done_testing;
