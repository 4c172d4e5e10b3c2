# SPDX-License-Identifier: BSD-2-Clause
#
# Nginx.pm: nginx of Debian as a real server behind weir.
#
#	use Nginx;			# plans skip_all when there is none
#	my $ng = Nginx->new(listen => ['a'], unix => ['u'], http => <<'CONF');
#	server { listen @a@; location / { root @DIR@; } }
#	CONF
#	server s1 @{[ $ng->addr('a') ]}
#	$ng->write_file('x.txt', $bytes);
#	$ng->reload($text);		# SIGHUP to the master, with another http text
#	my @lines = $ng->log(3);	# of the access log, as soon as there are three
#
# No port numbers: the sockets are opened here and inherited, in the way in which
# an nginx hands them to its successor; so nothing waits for its start. @name@ is
# a socket's address, @DIR@ the folder of everything it writes. Each line of the
# access log is as `format` says. stop, and the end of the test, end it by pid.
package Nginx;

use v5.36;
use Cert ();
use Fcntl qw(F_SETFD);
use File::Temp ();
use IO::Socket::IP;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_STREAM SOMAXCONN);
use Test::More ();
use Weir ();

my $BIN = '/usr/sbin/nginx';
my $owner = $$;
my @all;

sub import ($class, @) {
	Test::More::plan(skip_all => "no nginx here: $BIN") unless -x $BIN;
}

# http: what stands in http { }; listen, unix: names of sockets; format: of the
# access log; workers: 1
sub new ($class, %o) {
	my $self = bless { workers => 1, format => '$request_method $uri $status', %o,
		dir => File::Temp->newdir('nginx-t-XXXXXX', TMPDIR => 1),
		socket => {}, addr => {} }, $class;
	chmod 0755, $self->dir;
	$self->open_socket($_, LocalHost => '127.0.0.1') for @{ $o{listen} // [] };
	$self->open_socket($_, Local => $self->file("$_.sock")) for @{ $o{unix} // [] };
	$self->write_config($o{http});
	push @all, $self;
	return $self->start;
}

sub open_socket ($self, $name, @where) {
	my $class = $where[0] eq 'Local' ? 'IO::Socket::UNIX' : 'IO::Socket::IP';
	my $s = $class->new(@where, Type => SOCK_STREAM, Listen => SOMAXCONN)
	    // die "listen: $@ $!";
	$s->blocking(0);	# nginx does not do that itself to inherited ones
	$self->{socket}{$name} = $s;
	$self->{addr}{$name} = $where[0] eq 'Local' ? $where[1]
	    : '127.0.0.1:' . $s->sockport;
}

sub dir ($self) { return "$self->{dir}" }
sub file ($self, $name) { return $self->dir . "/$name" }
sub pid ($self) { return $self->{pid} }
# The address for a server line
sub addr ($self, $name) { return $self->{addr}{$name} // die "no socket $name" }

sub write_file ($self, $name, $text) {
	Cert::spew($self->file($name), $text);
	return $self->file($name);
}

sub write_config ($self, $http) {
	my ($dir, $addr) = ($self->dir, $self->{addr});
	$http =~ s/\@DIR\@/$dir/g;
	$http =~ s{\@(\w+)\@}{my $a = $self->addr($1); $a =~ m{^/} ? "unix:$a" : $a}ge;
	my $user = $> == 0 ? 'user root;' : '';
	my $temp = join "\n", map { "${_}_temp_path $dir/tmp-$_;" }
	    qw(client_body proxy fastcgi uwsgi scgi);
	$self->write_file('nginx.conf', <<"CONF");
$user daemon off; worker_processes $self->{workers};
pid $dir/nginx.pid; error_log $dir/error.log;
events { worker_connections 512; }
http {
$temp
types { text/plain txt; application/octet-stream bin; }
default_type text/plain; client_max_body_size 0;
log_format t '$self->{format}'; access_log $dir/access.log t;
$http
}
CONF
}

sub start ($self) {
	$self->{pid} = fork // die "fork: $!";
	if ($self->{pid} == 0) {
		my @s = values %{ $self->{socket} };
		fcntl $_, F_SETFD, 0 for @s;
		$ENV{NGINX} = join '', map { fileno($_) . ';' } @s;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $self->file('out');
		open STDERR, '>>', $self->file('out');
		exec $BIN, '-p', $self->dir, '-c', $self->file('nginx.conf'),
		    '-e', $self->file('error.log') or POSIX::_exit(127);
	}
	$self->{socket} = {};
	return $self;
}

sub reload ($self, $http = undef) {
	$self->write_config($http) if defined $http;
	return kill 'HUP', $self->{pid};
}

# Lines of the access log; with n: waits until there are as many, undef if never
sub log ($self, $n = 0) {
	my @lines;
	Weir::poll(sub {
		@lines = split /\n/, -f $self->file('access.log')
		    ? Cert::slurp($self->file('access.log')) : '';
		return @lines >= $n;
	});
	return @lines;
}

sub forget ($self) { truncate $self->file('access.log'), 0 }

sub complaints ($self) {
	my $text = join '', map { -f $_ ? Cert::slurp($_) : '' }
	    $self->file('out'), $self->file('error.log');
	return $text =~ s/^.*(?:using inherited|ignore long locked).*\n//gmr;
}

sub stop ($self) {
	my $pid = delete $self->{pid} or return;
	kill 'TERM', $pid;
	return if Weir::poll(sub { waitpid($pid, POSIX::WNOHANG) == $pid });
	kill 'KILL', $pid;
	waitpid $pid, 0;
}

END {
	if ($$ == $owner) {
		my $code = $?;
		for my $ng (@all) {
			$ng->stop;
			Test::More::diag("nginx:\n", $ng->complaints)
			    if $code || !Test::More->builder->is_passing;
		}
		@all = ();
		$? = $code;
	}
}

1;
