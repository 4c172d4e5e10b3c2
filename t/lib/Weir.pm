# SPDX-License-Identifier: BSD-2-Clause
#
# Weir.pm: starts weir for a system test and speaks to it.
#
#	use Weir;
#	my $w = Weir->new(binds => ['fe1'], defaults => 'http', cfg => <<'CFG');
#	frontend f
#		bind "fd@${fe1}"
#		http-request return status 200 content-type text/plain string hi
#	CFG
#	my $r = $w->http('fe1')->request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
#	is $r->{status}, 200;
#	is $w->stat('f', 'FRONTEND')->{req_tot}, 1;
#	is $w->stop, 143;
#
# No port numbers: listening sockets are opened here, on port 0, and inherited;
# the configuration learns their descriptors from the environment. The stats
# socket is handed over in the same way, connected to before weir has started:
# its first answer is the sign that weir is ready, so nothing polls.
#
# Everything started is ended at END, by pid; what weir wrote on stderr is shown
# when the test failed, and a sanitizer's report or a crash fails the test.
package Weir;

use v5.36;
use CLI;
use Fcntl qw(F_SETFD);
use File::Temp ();
use IO::Socket::IP;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h);
use RawHTTP;
use Socket qw(SOCK_STREAM SOMAXCONN);
use Test::More ();
use Time::HiRes qw(time);

our $LIMIT_S = $ENV{WEIR_TEST_LIMIT} // ($ENV{WEIR_SLOW} ? 3600 : 120);
# Sanitizers and valgrind make everything slower.
our $PATIENCE = { asan => 4, cov => 4, tsan => 10 }->{$ENV{VARIANT} // ''} // 1;

my %DEFAULTS = (
	http => "defaults\n\tmode http\n",
	tcp  => "defaults\n\tmode tcp\n",
);
my $TIMEOUTS = join '', map { "\ttimeout $_ 10s\n" }
    qw(connect client server http-request);
my @all;
my $owner = $$;

sub import ($class, @) {
	my $bin = bin();
	Test::More::plan(skip_all => "no weir here: $bin") unless -x $bin;
	$SIG{ALRM} = sub { die "the test took more than $LIMIT_S s\n" };
	$SIG{PIPE} = 'IGNORE';
	alarm $LIMIT_S;
	$RawHTTP::TIMEOUT_S = 5 * $PATIENCE;
}

# The binary under test
sub bin () { return $ENV{WEIR_BIN} // 'build/debug/weir' }

# Waits a moment: for the loops in this library, not for tests.
sub nap ($s = 0.005) { select undef, undef, undef, $s }

# Calls code until it returns something true or seconds have passed; returns it.
sub poll ($code, $seconds = 5) {
	my $end = time + $seconds * $PATIENCE;
	while (1) {
		my $v = $code->();
		return $v if $v || time > $end;
		nap();
	}
}

# --- Starting ----------------------------------------------------------------

# cfg       text of the configuration, written unchanged to DIR/t.cfg
# defaults  'http' or 'tcp': a file before it with mode and timeouts of 10 s
# binds     names of TCP listeners on 127.0.0.1: `bind "fd@${name}"`, ->port(name),
#           "${PORT_name}" in the configuration
# unix      names of unix listeners DIR/name.sock: `bind "fd@${name}"`, ->path(name)
# files     { name => text }: written to DIR first; in cfg "${DIR}/name"
# env, args more environment, more words on the command line
# stats     0: no stats socket (then nothing waits for the start)
# level     of the stats socket, admin unless given
# limits    { nofile => N }: the soft and hard limit of weir
sub new ($class, %o) {
	my $self = bless {
		%o, dir => File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1),
		fds => {}, ports => {},
	}, $class;
	chmod 0755, $self->dir;
	$self->write_file($_, $o{files}{$_}) for keys %{ $o{files} // {} };
	$self->listen_tcp($_) for @{ $o{binds} // [] };
	$self->listen_unix($_) for @{ $o{unix} // [] };
	$self->write_file('t.cfg', $o{cfg} // '');
	push @all, $self;
	$self->start;
	return $self;
}

sub dir ($self) { return "$self->{dir}" }
sub pid ($self) { return $self->{pid} }
sub port ($self, $name) { return $self->{ports}{$name} // die "no bind $name" }
sub path ($self, $name) { return $self->dir . "/$name.sock" }
sub file ($self, $name) { return $self->dir . "/$name" }

sub url ($self, $name, $path = '/') {
	return 'http://127.0.0.1:' . $self->port($name) . $path;
}

sub write_file ($self, $name, $text) {
	my $file = $self->file($name);
	open my $f, '>:raw', $file or die "$file: $!";
	print $f $text;
	close $f or die "$file: $!";
	return $file;
}

sub read_file ($self, $name) {
	open my $f, '<:raw', $self->file($name) or return '';
	local $/;
	return <$f> // '';
}

sub listen_tcp ($self, $name) {
	my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
	    Type => SOCK_STREAM, Listen => SOMAXCONN) or die "listen: $@";
	$self->{ports}{$name} = $s->sockport;
	$self->{fds}{$name} = $s;
}

sub listen_unix ($self, $name) {
	$self->{fds}{$name} = IO::Socket::UNIX->new(Type => SOCK_STREAM,
	    Local => $self->path($name), Listen => 64) or die "listen: $!";
}

sub command ($self) {
	my @files;
	if (my $mode = $self->{defaults}) {
		push @files, $self->write_file('0.cfg', $DEFAULTS{$mode} . $TIMEOUTS);
	}
	push @files, $self->file('t.cfg');
	if ($self->{stats} // 1) {
		my $level = $self->{level} // 'admin';
		push @files, $self->write_file('z.cfg', "global\n" .
		    "\tstats socket \"fd\@\${WEIR_T_STATS}\" level $level\n" .
		    "\tstats timeout 30s\n");
		$self->listen_unix('WEIR_T_STATS');
	}
	return (bin(), '-db', (map { ('-f', $_) } @files), @{ $self->{args} // [] });
}

# Also to start again after wait_exit: listeners are kept with `keep => 1` only.
sub start ($self) {
	unlink $self->path('WEIR_T_STATS');
	my @cmd = $self->command;
	my $pid = fork // die "fork: $!";
	$self->exec_weir(@cmd) if $pid == 0;
	@$self{qw(pid status reaped)} = ($pid, undef, 0);
	delete $self->{fds}{WEIR_T_STATS};
	$self->{fds} = {} unless $self->{keep};
	return unless $self->{stats} // 1;
	my $info = eval { $self->cli('show info', 15 * $PATIENCE) } // '';
	$self->{ready} = $info =~ /^Pid: /m;
	return if $self->{ready} || $self->{may_fail};
	$self->wait_exit(1);
	die "weir did not start:\n", $self->stderr, $@ ? "($@)\n" : '';
}

sub exec_weir ($self, @cmd) {
	open STDIN, '<', '/dev/null';
	open STDOUT, '>>', $self->file('stdout');
	open STDERR, '>>', $self->file('stderr');
	$ENV{DIR} = $self->dir;
	%ENV = (%ENV, %{ $self->{env} // {} });
	for my $name (keys %{ $self->{fds} }) {
		my $s = $self->{fds}{$name};
		fcntl $s, F_SETFD, 0;
		$ENV{$name} = fileno $s;
		$ENV{"PORT_$name"} = $self->{ports}{$name} // '';
	}
	my $n = ($self->{limits} // {})->{nofile};
	@cmd = ('prlimit', "--nofile=$n:$n", @cmd) if $n;
	exec { $cmd[0] } @cmd or print STDERR "$cmd[0]: $!\n";
	POSIX::_exit(127);
}

# --- Asking ------------------------------------------------------------------

# One command on a connection of its own: the answer without its empty line
sub cli ($self, $command, $seconds = 5 * $PATIENCE) {
	return CLI->new($self->path('WEIR_T_STATS'), $seconds)->ask($command);
}

# A connection for raw bytes, payloads, prompt mode: see CLI.pm
sub cli_session ($self) { return CLI->new($self->path('WEIR_T_STATS')) }

# `show info` as a hash
sub info ($self) {
	return { map { /^([^:]+): ?(.*)$/ ? ($1, $2) : () }
	    split /\n/, $self->cli('show info') };
}

# `show stat`: all rows as hashes, or the row of one proxy and name
sub stat ($self, $px = undef, $sv = undef) {
	my ($head, @rows) = split /\n/, $self->cli('show stat');
	my @names = split /,/, $head =~ s/^# //r;
	my @stats;
	for (@rows) {
		my %row;
		my @f = map { s/^"|"$//gr =~ s/""/"/gr } /("(?:[^"]|"")*"|[^,]*),/g;
		@row{@names} = @f;
		push @stats, \%row;
	}
	return \@stats unless defined $px;
	my ($row) = grep { $_->{pxname} eq $px && $_->{svname} eq $sv } @stats;
	return $row;
}

# Waits until code returns something true; each round asks weir once, which keeps
# the rounds apart by what weir needs to answer. False (and said) after seconds.
sub wait_for ($self, $code, $seconds = 5, $what = 'a condition') {
	my $end = time + $seconds * $PATIENCE;
	while (1) {
		my $v = $code->();
		return $v if $v;
		last if time > $end || !$self->alive;
		eval { $self->cli('show info') };
		nap(0.002);
	}
	Test::More::diag("waited in vain for $what");
	return 0;
}

# Waits for a server's status as `show stat` writes it (a string or a pattern)
sub wait_status ($self, $be, $sv, $want, $seconds = 5) {
	return $self->wait_for(sub {
		my $s = ($self->stat($be, $sv) // {})->{status} // '';
		return ref $want ? $s =~ $want : $s eq $want;
	}, $seconds, "$be/$sv to be $want");
}

# --- Talking to its listeners ------------------------------------------------

# A strict HTTP client on a new connection: see RawHTTP.pm
sub http ($self, $name, %o) {
	return RawHTTP->new(port => $self->port($name), %o) if $self->{ports}{$name};
	return RawHTTP->new(path => $self->path($name), %o);
}

# curl's exit code and output
sub curl ($self, @args) {
	return run_command('curl', '-sS', '--max-time', 10 * $PATIENCE, @args);
}

# --- Ending ------------------------------------------------------------------

sub stderr ($self) { return $self->read_file('stderr') }
sub stdout ($self) { return $self->read_file('stdout') }

sub signal ($self, $name) { return kill $name, $self->{pid} }

# Runs code while weir stands still: it meets all that happens then at once.
sub while_stopped ($self, $code) {
	$self->signal('STOP');
	poll(sub {
		open my $f, '<', "/proc/$self->{pid}/stat" or return 0;
		return <$f> =~ /\) T /;
	}) or die 'weir does not stop';
	$code->();
	$self->signal('CONT');
}

sub alive ($self) {
	return 0 if $self->{reaped} || !$self->{pid};
	return 1 if waitpid($self->{pid}, WNOHANG) == 0;
	@$self{qw(status reaped)} = ($?, 1);
	return 0;
}

# The exit code as a shell shows it (128 + signal), undef if it still runs.
sub wait_exit ($self, $seconds = 5) {
	poll(sub { !$self->alive }, $seconds) or return undef;
	my $s = $self->{status};
	return $s & 127 ? 128 + ($s & 127) : $s >> 8;
}

sub stop ($self, $signal = 'TERM') {
	my $was_alive = $self->alive;
	$self->{stopping} = 1 if $was_alive;
	$self->signal($signal) if $was_alive;
	my $code = $self->wait_exit(10);
	return $code if defined $code;
	Test::More::diag("weir did not end after SIG$signal");
	$self->signal('KILL');
	return $self->wait_exit;
}

# Faults that a test did not look for
sub complaint ($self) {
	return 'a sanitizer complains' if $self->stderr =~
	    /(Address|Thread|Leak|UndefinedBehavior)Sanitizer|runtime error:/;
	my $signal = ($self->{status} // 0) & 127;
	return "weir died by signal $signal"
	    if $signal && grep { $signal == $_ } 4, 6, 7, 8, 11;
	return;
}

# --- Without a running weir --------------------------------------------------

# Runs a program to its end: { code, out, err }
sub run_command (@cmd) {
	my ($out, $err) = map { File::Temp->new } 1, 2;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>&', $out;
		open STDERR, '>&', $err;
		exec { $cmd[0] } @cmd or print STDERR "$cmd[0]: $!\n";
		POSIX::_exit(127);
	}
	my $ended = poll(sub { waitpid($pid, WNOHANG) == $pid }, 30);
	my $status = $?;
	if (!$ended) {
		kill 'KILL', $pid;
		waitpid $pid, 0;
		$status = $?;
	}
	my %r = (code => $status & 127 ? 128 + ($status & 127) : $status >> 8);
	for ([out => $out], [err => $err]) {
		open my $f, '<:raw', $_->[1]->filename or die;
		local $/;
		$r{ $_->[0] } = <$f> // '';
	}
	return \%r;
}

# weir with these words: { code, out, err }
sub run ($class, @args) { return run_command(bin(), @args) }

# `weir -c` over a text: { code, out, err, file }; other words may follow
sub check ($class, $cfg, @args) {
	my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
	open my $f, '>:raw', "$dir/t.cfg" or die;
	print $f $cfg;
	close $f;
	return { %{ $class->run('-c', '-f', "$dir/t.cfg", @args) },
		file => "$dir/t.cfg" };
}

# --- Odd ports ---------------------------------------------------------------

my @held;

# Refuses connections for as long as the test runs: bound, not listening
sub refused_port ($class) {
	my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
	    Type => SOCK_STREAM) or die "bind: $@";
	push @held, $s;
	return $s->sockport;
}

# Never answers a connection: a listener whose backlog is full
sub blackhole_port ($class) {
	my $s = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
	    Type => SOCK_STREAM, Listen => 1) or die "listen: $@";
	push @held, $s;
	for (1 .. 4) {
		push @held, IO::Socket::IP->new(PeerHost => '127.0.0.1',
		    PeerPort => $s->sockport, Type => SOCK_STREAM,
		    Blocking => 0);
	}
	return $s->sockport;
}

# Test::More's own END comes after this one and keeps an exit code that is set.
END {
	if ($$ == $owner) {
		my $code = $?;
		for my $w (@all) {
			$w->stop if $w->alive;
			my $why = $w->complaint;
			Test::More::diag($why) if $why;
			$code ||= 1 if $why;
			my $err = $w->stderr;
			Test::More::diag("stderr of weir:\n$err") if $err ne ''
			    && ($code || !Test::More->builder->is_passing);
		}
		@all = ();
		$? = $code;
	}
}

1;
