# The journey of doc/walkthrough.md, as it is written there: each configuration block
# is put into its file, each command is run, each answer compared. In the document
# `>` is a command for the stats socket, `$` one for a shell; a block named after a
# file is that file; in an answer … stands for any text, alone in a line for any lines.
use v5.36;
use utf8;
use File::Temp ();
use Fcntl qw(F_SETFD);
use IO::Socket::IP;
use Socket qw(SOCK_STREAM);
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
mkdir "$dir/$_" for qw(conf bin);
my $here = Weir::bin =~ m{^/} ? '' : `pwd` =~ s/\n/\//r;
symlink $here . Weir::bin, "$dir/bin/weir" or die "symlink: $!";
$ENV{PATH} = "$dir/bin:$ENV{PATH}";

# --- addresses: the document's are not ours ---

# Listening sockets that weir inherits: "the document's address" => socket
my %listens;
sub listens ($address, $host, $port = 0) {
	my $s = IO::Socket::IP->new(LocalHost => $host, LocalPort => $port,
	    Type => SOCK_STREAM, Listen => 64) or return 0;
	fcntl $s, F_SETFD, 0;
	$listens{$address} = $s;
	return $s->sockport;
}
# Instances serve at one port of three addresses.
my ($port, @boxes) = (0, map { "127.0.0.$_" } 1, 11, 12);
for (1 .. 20) {
	($port, %listens) = (0);
	$port = listens("$_:9000", $_, $port) || last for @boxes;
	last if keys %listens == @boxes;
}
plan skip_all => 'no port that three addresses have' if keys %listens != @boxes;
my %port = (9000 => $port, map { $_ => listens("127.0.0.1:$_", '127.0.0.1') } 8080, 8443, 8090);

# To what is ours, and back
sub ours ($text) {
	$text =~ s{\bbind (127\.0\.0\.\d+:\d+)}{'bind fd@' . fileno $listens{$1}}ge;
	$text =~ s{(?<![\d.])(8080|8443|8090|9000)(?!\d)}{$port{$1}}g;
	return $text =~ s{/tmp/walk\b}{$dir}gr;
}
my %back = reverse %port;
my $back = join '|', keys %back;
sub theirs ($text) {
	$text =~ s{(?<!\d)($back)(?!\d)}{$back{$1}}g;
	return $text =~ s{\Q$dir\E}{/tmp/walk}gr;
}

# --- what is run ---

my @weirs;
sub start (@args) {
	push @weirs, Weir->new(cfg => '', args => [map { ours($_) } @args]);
	return '';
}

sub socket_answers ($command) {
	my $c = CLI->new("$dir/weir.sock", 20 * $Weir::PATIENCE);
	return $c->ask(ours($command));
}

sub shell_answers ($command) {
	return start(split ' ', $1) if $command =~ /^weir (.*) &$/;
	my $r = Weir::run_command('sh', '-c', ours($command));
	return $r->{out} . $r->{err};
}

sub answer_of ($command) {
	my ($prompt, $rest) = $command =~ /^([\$>]) (.*)$/s;
	my $text = $prompt eq '>' ? socket_answers($rest) : shell_answers($rest);
	utf8::decode($text);
	return theirs($text) =~ s/\r//gr =~ s/\n*\z/\n/r;
}

# What only looks is asked again until it is as expected: checks and requests take a while.
sub answer ($command, $pattern) {
	my $only_looks = $command =~ /^> show|^\$ cat \S+$|^\$ .*\bcurl -si? (?!-Z)/;
	my $got;
	Weir::poll(sub { ($got = answer_of($command)) =~ $pattern || !$only_looks });
	return $got;
}

# --- the document ---

sub pattern ($expected) {
	my $p = join '', map { $_ eq '…' ? '(?:.*\n)*' :
	    join('.*?', map { quotemeta } split /…/, $_, -1) . '\n' } split /\n/, $expected;
	$p = '\n' if $p eq '';
	return qr/\A$p\z/;
}

# Commands with what is expected behind them; a payload belongs to its command.
sub commands ($block) {
	my (@all, $end);
	for my $line (split /\n/, $block) {
		if (defined $end) {
			$all[-1][0] .= "\n$line";
			undef $end if $line eq $end;
		} elsif ($line =~ /^[\$>] /) {
			push @all, [$line, ''];
			$end = $1 if $line =~ /<<(\S+)$/;
		} else {
			$all[-1][1] .= "$line\n";
		}
	}
	return @all;
}

sub run_block ($language, $name, $text) {
	if ($name ne '') {
		my $file = ours("/tmp/walk/$name");
		open my $f, '>', $file or die "$file: $!";
		print $f ours($text);
		close $f;
		return;
	}
	return if $language ne 'console';
	for (commands($text)) {
		my ($command, $expected) = @$_;
		my $pattern = pattern($expected);
		like answer($command, $pattern), $pattern, substr $command, 0, 76;
	}
}

open my $doc, '<:encoding(UTF-8)', 'doc/walkthrough.md' or plan skip_all => 'no walkthrough here';
my @steps = split /^(?=## )/m, do { local $/; <$doc> };
my $nblocks = 0;
for my $step (@steps) {
	my ($title) = $step =~ /^## (.*)$/m;
	while ($step =~ /^```(\w+)(?: (\S+))?\n(.*?)^```$/msg) {
		$nblocks++;
		subtest "$title" => sub { run_block($1, $2 // '', $3); pass('done') };
	}
}
cmp_ok $nblocks, '>', 10, 'blocks of the document';
done_testing;
