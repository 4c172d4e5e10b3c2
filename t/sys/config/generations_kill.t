# weir is killed while it writes generations: those that are there are whole, and the
# link leads to one of them. As another user too, where the helper writes them.
use v5.36;
use File::Temp;
use JSON::PP;
use Weir;
use Test::More;

my $rounds = $ENV{WEIR_SLOW} ? 60 : 5;
my $dir = File::Temp->newdir;
my ($nobody, $nogroup) = (getpwnam 'nobody')[2, 3];
my $is_root = $> == 0 && defined $nobody;
chown $nobody, $nogroup, "$dir" if $is_root;
my $who = $is_root ? "\tuid $nobody\n\tgid $nogroup\n" : '';

sub cfg ($n) {
	return <<"CFG" . "# padding\n" x 2000;
global
	state-dir $dir
${who}defaults
	mode http
	timeout client 5s
	timeout connect 5s
	timeout server 5s
frontend f
	bind "fd@\${fe}"
	http-request return status 200 content-type text/plain string "n$n"
CFG
}

my $w = Weir->new(binds => ['fe'], keep => 1, cfg => cfg(0));

# Faults of all that lies there
sub faults () {
	my @faults;
	my %is_there;
	for my $folder (grep { m{/\d+\z} } glob "$dir/config/*") {
		$is_there{ $folder =~ s{.*/}{}r } = 1;
		my $meta = eval { open my $f, '<', "$folder/meta" or die $!; local $/; decode_json(<$f>) };
		push @faults, "$folder: no meta" and next unless $meta;
		my $bytes = 0;
		$bytes += -s "$folder/$_->{name}" // 0 for map { $_->{files}->@* } $meta->{args}->@*;
		push @faults, "$folder: $bytes of $meta->{bytes} bytes" if $bytes != $meta->{bytes};
	}
	my $current = readlink "$dir/config/current";
	push @faults, "current leads to $current" if defined $current && !$is_there{$current};
	return @faults;
}

my ($n, @faults) = (0);
for (1 .. $rounds) {
	my $pid = $w->pid;
	my $killer = fork // die;
	if ($killer == 0) {
		Weir::nap(0.01 + rand 0.05);
		kill 'KILL', $pid;
		POSIX::_exit(0);
	}
	while ($w->alive) {
		$w->write_file('t.cfg', cfg(++$n));
		last unless defined eval { $w->cli('reload') };
	}
	waitpid $killer, 0;
	$w->wait_exit;
	push @faults, faults();
	$w->start;
}
is "@faults", '', "$n texts, killed $rounds times: what is there is whole";
cmp_ok $n, '>=', $rounds, 'enough was under way';
ok $w->wait_for(sub { -l "$dir/config/current" }), 'one is in service';
ok $w->wait_for(sub { !(() = glob "$dir/config/*.new") }), 'nothing half made is left';
my ($first) = $w->cli('show config versions') =~ /^(\d+),/m;
like $w->cli("config rollback $first"), qr/^Success=1/, 'the oldest can be taken back';
is $w->stop, 143;
done_testing;
