# SPDX-License-Identifier: BSD-2-Clause
#
# Tmux.pm: a program on a terminal of its own, in a private server of tmux.
#
#	my $t = Tmux->top("lb1=$socket", { w => 120, h => 40 });	# undef: no tmux here
#	$t->sees(qr/Backends/, 'the overview');		# a test; the screen when it fails
#	$t->keys('d', 'y', '^E', 'F8', 'Esc');		# names as weirtop has them
#	$t->type('web');
#	$t->sees_no(qr/DRAIN/, 'gone again');
#	$t->row(qr/web-1/);				# the line of the screen; '' without
#	is $t->status, 0;				# once the program has ended
#
# Nothing sleeps for a while and hopes: what is looked for is asked for every 50 ms.
package Tmux;

use v5.36;
use Cwd qw(getcwd);
use File::Temp ();
use Weir;
use Weirtop;

my $BIN = '/usr/bin/tmux';
my %running;			# by name, the folder of each

# Words of a command line, quoted for sh
sub quoted (@words) { return join ' ', map { "'" . s/'/'\\''/gr . "'" } @words }

# weirtop with these arguments; the last may be { w, h, env }
sub top ($class, @args) {
	my $o = ref $args[-1] ? pop @args : {};
	return $class->new([Weirtop::top_bin(), @args], %$o);
}

sub new ($class, $command, %o) {
	return undef if !-x $BIN;
	my $dir = File::Temp->newdir('weir-tmux-XXXXXX', TMPDIR => 1);
	my $self = bless { owner => $$, dir => "$dir" }, $class;
	$running{$dir} = $dir;
	my %env = (PATH => '/usr/bin:/bin', LC_ALL => 'C.UTF-8', HOME => $self->{dir}, %{ $o{env} // {} });
	$self->tmux('start-server', ';', 'set', '-s', 'escape-time', 0, ';', 'set', '-g', 'status', 'off', ';',
	    'set', '-g', 'default-terminal', $o{term} // 'tmux-256color', ';', 'new-session', '-d', '-s', 'top',
	    '-x', $o{w} // 120, '-y', $o{h} // 40, '-c', getcwd(),
	    quoted('env', map { "$_=$env{$_}" } keys %env) . ' ' . quoted(@$command) . '; echo RC=$?; read x');
	return $self;
}

sub tmux ($self, @words) {
	my $pid = open my $out, '-|';
	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		%ENV = (PATH => '/usr/bin:/bin', LC_ALL => 'C.UTF-8', HOME => $self->{dir});
		exec { $BIN } $BIN, '-u', '-S', "$self->{dir}/s", '-f', '/dev/null', @words
		    or POSIX::_exit(127);
	}
	binmode $out, ':utf8';
	local $/;
	return (readline($out) // '', close($out))[0];
}

# --- What is on the screen -----------------------------------------------------

sub screen ($self, @more) { return $self->tmux('capture-pane', '-p', @more, '-t', '=top:') }

sub row ($self, $pattern) {
	my ($row) = grep { /$pattern/ } split /\n/, $self->screen;
	return $row // '';
}

# Waits until code, given the screen, is true; its value
sub wait_for ($self, $code, $seconds = 5) {
	my $end = time + $seconds * $Weir::PATIENCE;
	while (1) {
		my $value = $code->($self->{last} = $self->screen);
		return $value if $value || time > $end;
		Weir::nap(0.05);
	}
}

sub check ($self, $code, $name) {
	my $value = $self->wait_for($code);
	local $Test::Builder::Level = $Test::Builder::Level + 2;
	Test::More::ok($value, $name) or Test::More::diag($self->{last} =~ s/\n+\z//r);
	return $value;
}

sub sees ($self, $pattern, $name) {
	return $self->check(sub ($s) { $s =~ $pattern }, $name);
}

sub sees_no ($self, $pattern, $name) {
	return $self->check(sub ($s) { $s =~ /\S/ && $s !~ $pattern }, $name);
}

# A line that has all of these
sub sees_row ($self, $patterns, $name) {
	return $self->check(sub ($s) {
		grep { my $l = $_; !grep { $l !~ $_ } @$patterns } split /\n/, $s;
	}, $name);
}

# The exit status, once the program has ended; undef: it runs
sub status ($self) {
	my ($n) = $self->wait_for(sub ($s) { $s =~ /^RC=(\d+)/m }) ? $self->{last} =~ /^RC=(\d+)/m : ();
	return $n;
}

# --- What is done to it ----------------------------------------------------------

my %names = (Esc => 'Escape', 'S-Tab' => 'BTab', PgUp => 'PPage', PgDn => 'NPage');

sub keys ($self, @keys) {
	$self->tmux('send-keys', '-t', '=top:', map { $names{$_} // s/^\^(.)/'C-' . lc $1/er =~ s/;$/\\;/r } @keys);
	return;
}

sub type ($self, $text) {
	$self->tmux('send-keys', '-t', '=top:', '-l', '--', $text =~ s/;$/\\;/r);
	return;
}

sub resize ($self, $w, $h) {
	$self->tmux('resize-window', '-t', '=top:', '-x', $w, '-y', $h);
	return;
}

# Whoever waits for it may be gone: one that has ended counts as gone too.
sub runs ($pid) {
	open my $f, '<', "/proc/$pid/stat" or return 0;
	return (readline($f) // '') !~ /\) [ZX] |^\z/;
}

sub end ($self) {
	return if $$ != $self->{owner} || !$running{ $self->{dir} };
	local ($?, $!);
	my @pids = split ' ', $self->tmux('display-message', '-p', '-t', '=top:', '#{pid} #{pane_pid}');
	$self->tmux('kill-server');
	Weir::poll(sub { !grep { runs($_) } @pids }, 2);
	delete $running{ $self->{dir} };
}

sub DESTROY ($self) { $self->end if ${^GLOBAL_PHASE} eq 'RUN'; return }

my $owner = $$;
END { (bless { dir => $_, owner => $owner }, 'Tmux')->end for CORE::keys %running }

1;
