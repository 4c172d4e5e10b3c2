# option redis-check with a real Redis, open and asking for a password.
use v5.36;
use Weir;
use Test::More;

my ($bin) = grep { -x } map { "$_/redis-server" } qw(/usr/bin /usr/local/bin);
plan skip_all => 'no redis-server' if !defined $bin;
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my @pids;
sub redis ($name, @words) {
	my $pid = fork // die;
	if ($pid == 0) {
		open STDOUT, '>', "$dir/$name.out" or die;
		open STDERR, '>&', \*STDOUT or die;
		exec $bin, '--port', 0, '--unixsocket', "$dir/$name", '--save', '', '--dir', "$dir",
		    @words or die;
	}
	push @pids, $pid;
	return Weir::poll(sub { -S "$dir/$name" });
}
ok redis('open'), 'Redis is there';
ok redis('closed', '--requirepass', 'secret');
my $w = Weir->new(defaults => 'tcp', cfg => <<"CFG");
backend b
	option redis-check
	timeout check 1s
	default-server inter 200ms rise 1 fall 1
	server open unix\@$dir/open check
	server closed unix\@$dir/closed check
backend login
	option tcp-check
	timeout check 1s
	tcp-check send "AUTH secret\\r\\n"
	tcp-check expect string +OK
	tcp-check send "PING\\r\\n"
	tcp-check expect string +PONG
	server s unix\@$dir/closed check inter 200ms
CFG
my %want = ('b/open' => 'L7OK|Redis server is ok', 'b/closed' => 'L7STS|-NOAUTH Authentication required.',
	'login/s' => 'L7OK|(tcp-check)');
for my $name (sort keys %want) {
	my $got;
	ok $w->wait_for(sub {
		my $st = $w->stat(split '/', $name);
		$got = join '|', $st->{check_status} =~ s/^\* //r, $st->{last_chk};
		return $got eq $want{$name};
	}), "$name: $want{$name}" or diag $got;
}
$w->stop;
kill 'TERM', @pids;
waitpid $_, 0 for @pids;
done_testing;
