# Calls that have one place, or none.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

# A call, the files that may make it, why it has a place of its own
my @rules = (
	[qr/(?:open|openat|fopen|creat|opendir|scandir)/,
	    qr{^appliance/(base/file|event/(child|helper|keeper|program|program_files|program_folder|warden|cgroup|proc_sample|netns))\.c$},
	    'files are opened by file_open'],
	[qr/(?:fork|vfork|execl|execv|execve|execvp|execlp|posix_spawn|system|popen)/,
	    # process.c forks once, before any thread: for `daemon` and -D
	    # app_wish.c gives the terminal to an editor
	    qr{^appliance/(event/child|event/helper|event/keeper|event/warden|event/netns|process)\.c$
	    |^tui/app_wish\.c$}x,
	    'processes are started by event/child'],
	[qr/(?:printf|puts|putchar|vprintf)/,
	    # options.c prints help and version, rows.c --dump-rows; both then exit
	    qr{^appliance/(main|options|rows)\.c$|^tui/},
	    'stdout belongs to the command line'],
	[qr/(?:strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|strtok_r|alloca)/, undef,
	    'no unbounded or hidden-state string calls'],
	[qr/(?:atoi|atol|atoll|atof|rand|random|srand)/, undef,
	    'numbers are parsed by base/str, random ones made by base/rand'],
	[qr/(?:sleep|usleep|nanosleep)/, undef, 'nothing sleeps'],
	[qr/(?:malloc|calloc|realloc|strdup|strndup|asprintf|vasprintf)/,
	    qr{^appliance/base/}, 'memory comes from base'],
);

my %places;
for my $file (files(qr/\.[ch]$/, 'appliance', 'tui')) {
	my $n = 0;
	for my $line (code_lines($file)) {
		$n++;
		next if index($line, "(") < 0;
		for my $r (@rules) {
			my ($call, $where, $what) = @$r;
			next if defined $where && $file =~ $where;
			push @{ $places{$what} }, "$file:$n: $1"
			    if $line =~ /(?<![\w.>])($call)\s*\(/;
		}
	}
}
none($_->[2], @{ $places{ $_->[2] } // [] }) for @rules;

my @sleeps;
for my $file (files(qr/\.t$/, 't/sys', 't/tui', 't/lua')) {
	my $n = 0;
	for (split /\n/, slurp($file)) {
		$n++;
		next if /^\s*#/;
		push @sleeps, "$file:$n: $_"
		    if /\b(?:u?sleep|nanosleep)\b(?!['"])|select\s*\(?\s*undef,\s*undef,\s*undef/;
	}
}
none('system tests wait for conditions, they do not sleep', @sleeps);
done_testing;
