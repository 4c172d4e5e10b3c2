# `make install` puts everything in its place, also below DESTDIR and for another
# PREFIX; what is installed works, and an old configuration is kept.
use v5.36;
use Weir;
use Cert;
use File::Find ();
use File::Temp;
use Test::More;

plan skip_all => 'no make here' if system('command -v make >/dev/null') != 0;
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my ($variant) = Weir::bin() =~ m{build/(\w+)/weir$} or plan skip_all => 'no build of ours';

# The build is as it is: -o all keeps make from doing it again.
sub install (@words) {
	return Weir::run_command('make', '-s', '-o', 'all', "VARIANT=$variant", 'install', @words);
}
my $r = install("DESTDIR=$dir", 'PREFIX=/usr');
is $r->{code}, 0, 'make install' or diag $r->{err};
my %mode;
File::Find::find(sub { $mode{ substr $File::Find::name, length $dir } =
    sprintf '%o', (stat)[2] & 07777 if -f }, "$dir");
is_deeply \%mode, {
	'/usr/sbin/weir' => 755, '/usr/bin/weirtop' => 755,
	'/usr/share/bash-completion/completions/weirtop' => 644,
	'/usr/share/zsh/vendor-completions/_weirtop' => 644, '/usr/lib/weir/make-cert' => 755,
	'/usr/lib/systemd/system/weir.service' => 644,
	'/etc/weir/weir.cfg' => 644,
	(map { m{(\w+)$}; ("/usr/share/man/man$1/$_" => 644) } map { s{doc/}{}r } glob 'doc/*.[1-8]'),
	(map { ("/usr/share/doc/weir/$_" => 644) } qw(LICENSE README.md), map { s{doc/}{}r } glob 'doc/*.md'),
	(map { ("/usr/share/doc/weir/examples/" . s{.*/}{}r => 644) }
	    'conf/instance.cfg', glob 'conf/examples/*.cfg'),
	(map { ("/usr/share/doc/weir/providers/" . s{.*/}{}r => /\.md$/ ? 644 : 755) }
	    glob 'conf/providers/*'),
}, 'every file with its mode';
is sprintf('%o', (stat "$dir/var/lib/weir")[2] & 07777), 750, 'the folder of state';

is Weir::run_command("$dir/usr/lib/weir/make-cert", "$dir/var/lib/weir")->{code}, 0, 'make-cert';
my $pem = "$dir/var/lib/weir/weir.pem";
is sprintf('%o', (stat $pem)[2] & 07777), 600, 'its key is private';
my $made = Cert::slurp($pem);
is Weir::run_command("$dir/usr/lib/weir/make-cert", "$dir/var/lib/weir")->{code}, 0, 'again';
is Cert::slurp($pem), $made, 'keeps the certificate';
{
	local @ENV{qw(WEIR_RUN WEIR_STATE)} = ("$dir", "$dir/var/lib/weir");
	$r = Weir::run_command("$dir/usr/sbin/weir", '-c', '-f', "$dir/etc/weir/weir.cfg");
	is "$r->{code}$r->{err}", '0', 'the installed configuration is valid';
}

my $unit = Cert::slurp("$dir/usr/lib/systemd/system/weir.service");
like $unit, qr{^ExecStart=/usr/sbin/weir -db -f /etc/weir/weir\.cfg$}m, 'the unit knows PREFIX';
unlike $unit, qr{/usr/local}, 'and nothing else';
SKIP: {
	skip 'no systemd-analyze here', 1 if system('command -v systemd-analyze >/dev/null') != 0;
	$r = Weir::run_command('systemd-analyze', 'verify', '--man=no', 'conf/weir.service');
	my @bad = grep { !/is not executable/ } grep { /weir\.service/ } split /\n/, "$r->{out}$r->{err}";
	is_deeply \@bad, [], 'systemd understands it';
}

Cert::spew("$dir/etc/weir/weir.cfg", "# mine\n");
is install("DESTDIR=$dir", 'PREFIX=/usr')->{code}, 0, 'once more';
is Cert::slurp("$dir/etc/weir/weir.cfg"), "# mine\n", 'keeps a configuration';
done_testing;
