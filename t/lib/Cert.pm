# SPDX-License-Identifier: BSD-2-Clause
#
# Cert.pm: certificates for tests, by the openssl program (EC P-256, about 20 ms).
#
#	my $ca = Cert->new($dir);			# makes $dir/ca.pem
#	my $pem = $ca->issue('srv', san => ['DNS:a.test', 'DNS:*.w.test']);
#	my $own = Cert->self_signed("$dir/x.pem");	# one file, CN and SAN localhost
#	my $crl = $ca->crl('srv');			# revokes these
#
# issue writes NAME.crt, NAME.key and NAME.pem (certificate, then key) and returns
# the path of the last. Options: cn (NAME), san, client => 1, days (30), expired
# => 1, rsa => 2048, pkcs1 => 1 (the RSA key in its old form).
package Cert;

use v5.36;
use POSIX qw(strftime);

sub openssl (@args) {
	my $text = qx{@{[ join ' ', map { quotemeta } 'openssl', @args ]} 2>&1};
	die "openssl @args:\n$text" if $? != 0;
	return $text;
}

sub spew ($file, $text, $mode = 0644) {
	unlink $file;
	open my $f, '>:raw', $file or die "$file: $!";
	chmod $mode, $file;
	print $f $text;
	close $f or die "$file: $!";
}

sub slurp ($file) {
	open my $f, '<:raw', $file or die "$file: $!";
	local $/;
	return <$f>;
}

sub key_words (%o) {
	return $o{rsa} ? ('-newkey', "rsa:$o{rsa}")
	    : ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256');
}

sub self_signed ($class, $file, %o) {
	my $cn = $o{cn} // 'localhost';
	my $san = join ',', @{ $o{san} // ["DNS:$cn", 'IP:127.0.0.1'] };
	openssl('req', '-x509', key_words(%o), '-nodes', '-days', $o{days} // 30,
	    '-subj', "/CN=$cn", '-addext', "subjectAltName=$san",
	    '-keyout', "$file.key", '-out', "$file.crt");
	spew($file, slurp("$file.crt") . slurp("$file.key"), 0600);
	return $file;
}

sub new ($class, $dir, %o) {
	my $self = bless { dir => "$dir" }, $class;
	spew("$dir/ca.cnf", join "\n", '[ca]', 'default_ca = d', '[d]',
	    "database = $dir/index.txt", "serial = $dir/serial",
	    "crlnumber = $dir/crlnumber", "new_certs_dir = $dir",
	    "certificate = $dir/ca.pem", "private_key = $dir/ca.key",
	    'default_md = sha256', 'default_crl_days = 30', 'unique_subject = no',
	    'policy = p', '[p]', 'commonName = supplied', '');
	spew("$dir/index.txt", '');
	spew("$dir/$_", "1000\n") for qw(serial crlnumber);
	openssl('req', '-x509', key_words(), '-nodes', '-days', 30,
	    '-subj', '/CN=' . ($o{cn} // 'test CA'),
	    '-keyout', "$dir/ca.key", '-out', "$dir/ca.pem");
	return $self;
}

sub file ($self) { return "$self->{dir}/ca.pem" }

sub issue ($self, $name, %o) {
	my $base = "$self->{dir}/$name";
	openssl('req', '-new', key_words(%o), '-nodes', '-subj',
	    '/CN=' . ($o{cn} // $name), '-keyout', "$base.key", '-out', "$base.csr");
	openssl('rsa', '-traditional', '-in', "$base.key", '-out', "$base.key")
	    if $o{pkcs1};
	my $san = join ',', @{ $o{san} // [] };
	spew("$base.ext", "basicConstraints = CA:FALSE\nextendedKeyUsage = " .
	    ($o{client} ? 'clientAuth' : 'serverAuth') . "\n" .
	    ($san ne '' ? "subjectAltName = $san\n" : ''));
	my @when = map { strftime '%Y%m%d%H%M%SZ', gmtime time + 86400 * $_ }
	    $o{expired} ? (-20, -10) : (-1, $o{days} // 30);
	openssl('ca', '-batch', '-notext', '-config', "$self->{dir}/ca.cnf",
	    '-extfile', "$base.ext", '-startdate', $when[0], '-enddate', $when[1],
	    '-in', "$base.csr", '-out', "$base.crt");
	chmod 0600, "$base.key";
	spew("$base.pem", slurp("$base.crt") . slurp("$base.key"), 0600);
	return "$base.pem";
}

# A list in which these are revoked
sub crl ($self, @names) {
	my @config = ('-config', "$self->{dir}/ca.cnf");
	openssl('ca', @config, '-revoke', "$self->{dir}/$_.crt") for @names;
	openssl('ca', @config, '-gencrl', '-out', "$self->{dir}/crl.pem");
	return "$self->{dir}/crl.pem";
}

1;
