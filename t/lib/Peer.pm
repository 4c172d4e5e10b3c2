# SPDX-License-Identifier: BSD-2-Clause
#
# Peer.pm: servers that others wrote, each started by its test in a folder of its
# own, for health checks to meet.
#
#	use Peer;
#	my $bin = Peer::need('slapd', '/usr/sbin');	# its path, or the test is skipped
#	my $p = Peer->new;
#	$p->write_file('slapd.conf', $text);
#	$p->start($p->file('ldapi'), $bin, '-h', ...);	# waits for that socket
#	$p->run(@command);				# to its end; dies if it fails
#	checks_say($w, 'b/s' => 'L7OK|text', 'b/x' => [L7STS => qr/denied/]);
#
# Unix sockets, so no port is known or taken. What insists on not being root runs
# as nobody (as => 'nobody'). All are ended at END, by pid, folders with them.
package Peer;

use v5.36;
use Cert ();
use Exporter 'import';
use File::Temp ();
use POSIX ();
use Test::More ();
use Weir ();

our @EXPORT = qw(checks_say);
my $owner = $$;
my @all;

sub need ($name, @folders) {
	my ($bin) = grep { -x } map { "$_/$name" } @folders, '/usr/bin', '/usr/sbin';
	Test::More::plan(skip_all => "no $name here") unless defined $bin;
	return $bin;
}

sub new ($class, %o) {
	my $self = bless { dir => File::Temp->newdir('weir-p-XXXXXX', TMPDIR => 1), pids => [], %o },
	    $class;
	my $id = $self->id;
	chmod 0755, $self->dir;
	chown $id->[0], $id->[1], $self->dir if $id;
	push @all, $self;
	return $self;
}

sub dir ($self) { return "$self->{dir}" }
sub file ($self, $name) { return $self->dir . "/$name" }
sub output ($self) { return -e $self->file('out') ? Cert::slurp($self->file('out')) : '' }

sub write_file ($self, $name, $text) {
	Cert::spew($self->file($name), $text);
	return $self->file($name);
}

# (uid, gid) to become, when we are root and are asked to be nobody
sub id ($self) {
	return undef unless $> == 0 && defined $self->{as};
	return [(getpwnam $self->{as})[2, 3]];
}

# The pid of a child that runs the command; its input is a file
sub spawn ($self, $in, @cmd) {
	my $id = $self->id;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	open STDIN, '<', $in;
	open STDOUT, '>>', $self->file('out');
	open STDERR, '>&', \*STDOUT;
	chdir $self->dir;
	if ($id) {
		$) = "$id->[1] $id->[1]";
		POSIX::setgid($id->[1]);
		POSIX::setuid($id->[0]);
	}
	exec { $cmd[0] } @cmd or print STDERR "$cmd[0]: $!\n";
	POSIX::_exit(127);
}

sub run ($self, @cmd) { return $self->feed('/dev/null', @cmd) }

sub feed ($self, $in, @cmd) {
	waitpid $self->spawn($in, @cmd), 0;
	die "@cmd: $?\n", $self->output if $? != 0;
}

# True when the socket is there
sub start ($self, $socket, @cmd) {
	my $pid = $self->spawn('/dev/null', @cmd);
	push @{ $self->{pids} }, $pid;
	my $is_there = Weir::poll(sub { -S $socket || waitpid($pid, POSIX::WNOHANG()) }, 20);
	Test::More::diag($self->output) unless -S $socket;
	return Test::More::ok(-S $socket, "$cmd[0] is there");
}

sub stop ($self) {
	kill 'TERM', @{ $self->{pids} };
	for my $pid (@{ $self->{pids} }) {
		Weir::poll(sub { waitpid($pid, POSIX::WNOHANG()) != 0 }, 5) or kill 'KILL', $pid;
	}
	$self->{pids} = [];
}

# What the last check of each server is: "STATUS|text" of show stat, or the status
# and a pattern for the text
sub checks_say ($w, %want) {
	for my $name (sort keys %want) {
		my ($status, $text) = ref $want{$name} ? @{ $want{$name} } : split /\|/, $want{$name}, 2;
		my ($st, $is);
		$w->wait_for(sub {
			$st = $w->stat(split '/', $name);
			$st->{check_status} =~ s/^\* //;
			$is = $st->{check_status} eq $status &&
			    (ref $text ? $st->{last_chk} =~ $text : $st->{last_chk} eq $text);
			return $is;
		}, 10, "$name: $status");
		Test::More::ok($is, "$name: $status")
		    or Test::More::diag("$st->{check_status}|$st->{last_chk}");
	}
}

END {
	if ($$ == $owner) {
		my $code = $?;
		$_->stop for @all;
		@all = ();
		$? = $code;
	}
}

1;
