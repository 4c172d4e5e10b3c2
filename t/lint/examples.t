# Configurations that the project ships or shows pass `weir -c` without a warning.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use File::Temp;
use Test::More;
use Weir;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 " .
    "-subj /CN=localhost -keyout $dir/key -out $dir/crt 2>/dev/null && " .
    "umask 077 && cat $dir/crt $dir/key >$dir/weir.pem") == 0 or die 'openssl';
mkdir "$dir/certs";
system("cp $dir/weir.pem $dir/certs/a.pem && printf 'HTTP/1.1 503 No\\r\\n\\r\\n' >$dir/503.http") == 0
    or die;
@ENV{qw(WEIR_RUN WEIR_STATE WEIR_PORT CERTS PAGES)} =
    ("$dir", "$dir", 8081, "$dir/certs", "$dir");
for my $file (files(qr/\.cfg$/, 'conf')) {
	my $r = Weir->run('-c', '-f', $file);
	is "$r->{code} $r->{err}", '0 ', $file;
}
# The example of the README, and that of weir.cfg(5)
my ($readme) = slurp('README.md') =~ /^## A configuration\n\n((?:    .*\n|\n)+)/m;
$readme =~ s{/etc/weir/certs}{$dir/certs};
my ($page) = slurp('doc/weir.cfg.5') =~ /^\.Sh EXAMPLES\n\.Bd.*\n((?s:.*?))^\.Ed/m;
for (['README.md', $readme =~ s/^    //gmr], ['doc/weir.cfg.5', $page]) {
	my $r = Weir->check($_->[1]);
	is "$r->{code} $r->{err}", '0 ', $_->[0];
}
done_testing;
