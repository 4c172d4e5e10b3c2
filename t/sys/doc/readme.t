# The configuration that the README shows is one that weir takes; only the program
# of the instances is not there.
use v5.36;
use Cert;
use File::Temp ();
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
mkdir "$dir/certs";
Cert->self_signed("$dir/a.pem");
rename "$dir/a.pem", "$dir/certs/a.pem" or die;
my ($part) = Cert::slurp('README.md') =~ /^## A configuration\n(.*?)^## /ms;
my $text = join '', map { s/^    //r } grep { /^    / } split /^/, $part;
$text =~ s{/etc/weir/certs}{$dir/certs}g;
like $text, qr/^scaling-group app\n/m, 'a group is in it';
my $r = Weir->check($text);
is $r->{code}, 0, 'it is taken' or diag $r->{err};
is_deeply [grep { /^\[/ && !m{there is no '/usr/local/bin/app' yet} } split /\n/, $r->{err}], [],
    'nothing is warned of';
done_testing;
