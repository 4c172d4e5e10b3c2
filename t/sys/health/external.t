# option external-check: what programs are given, how they end, and that those that
# hang, flood, fork or flee are contained.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
chmod 0755, $dir;
sub script ($name, $text) {
	open my $f, '>', "$dir/$name" or die;
	print $f "#!/bin/sh\n$text\n";
	close $f;
	chmod 0755, "$dir/$name";
	return "$dir/$name";
}
my $pids = "$dir/pids";
mkdir $pids;
chmod 0777, $pids;
my %programs = (
	good => 'exit 0', bad => 'echo nothing works; exit 3', killed => 'kill -9 $$',
	hang => "touch $pids/hang-\$\$\nwhile :; do read x; tail -f /dev/null; done",
	flood => "touch $pids/flood-\$\$\nexec yes weir",
	fork => "for i in 1 2 3; do tail -f /dev/null & touch $pids/fork-\$!; done\nexit 0",
	flee => "setsid sh -c 'touch $pids/flee-\$\$; tail -f /dev/null' >/dev/null 2>&1 &\ntail -f /dev/null",
	told => 'echo "$@"; env | sort; pwd; ls /proc/self/fd; exit 0',
);
my %path = map { $_ => script($_, $programs{$_}) } keys %programs;
open my $f, '>', "$dir/noexec" or die;
close $f;
$path{noexec} = "$dir/noexec";
my $flag = "$dir/flag";
$path{turn} = script('turn', "test ! -e $flag");
my $cfg = join '', map { <<"CFG" } sort keys %path;
backend $_
	option external-check
	external-check command $path{$_}
	server s 127.0.0.1:1 check maxconn 7
CFG

local $ENV{SECRET} = 'x';
my $w = Weir->new(defaults => 'http', binds => [], cfg => <<"CFG");
global
	external-check
	insecure-fork-wanted
defaults
	mode http
	timeout client 1s
	timeout connect 1s
	timeout server 1s
	timeout check 300ms
	default-server inter 500ms fastinter 20ms downinter 20ms rise 1 fall 1
$cfg
listen inet
	bind $dir/front.sock
	option external-check
	external-check command $path{told}
	external-check path /bin:/usr/bin:/opt
	server s 127.0.0.1:1 check
healthcheck ext
	type external-check
	external-check command $path{bad}
backend section
	server s 127.0.0.1:1 check healthcheck ext
CFG

my %want = (
	good => 'PROCOK|0|', told => 'PROCOK|0|', fork => 'PROCOK|0|', bad => 'PROCERR|3|',
	killed => 'PROCERR|0|killed by signal 9 (Killed)', hang => 'PROCTOUT|0|',
	flee => 'PROCTOUT|0|', flood => 'PROCERR|0|wrote more than 65536 bytes',
	noexec => 'PROCERR|0|cannot be run: Permission denied', section => 'PROCERR|3|',
);
for my $name (sort keys %want) {
	my $got;
	ok $w->wait_for(sub {
		my $st = $w->stat($name, 's');
		$got = join '|', $st->{check_status} =~ s/^\* //r, @$st{qw(check_code last_chk)};
		return $got eq $want{$name};
	}), "$name: $want{$name}" or diag $got;
}
is $w->stat('bad', 's')->{check_desc}, 'External check error';
is $w->stat('hang', 's')->{check_desc}, 'External check timeout';
is $w->stat('good', 's')->{check_desc}, 'External check passed';
cmp_ok $w->stat('hang', 's')->{check_duration}, '>=', 300, 'timeout check';

# What a program is told, and nothing else
my $told = $w->cli('show check told/s');
like $told, qr/^Check: external-check$/m;
like $told, qr/^< NOT_USED NOT_USED 127\.0\.0\.1 1$/m, 'arguments';
my @env = $told =~ /^< (\w+=.*)$/mg;
is_deeply [grep { !/^(?:_|PWD|OLDPWD|SHLVL)=/ } @env], ['HAPROXY_PROXY_ADDR=',
    'HAPROXY_PROXY_ID=' . $w->stat('told', 'BACKEND')->{iid}, 'HAPROXY_PROXY_NAME=told',
    'HAPROXY_PROXY_PORT=', 'HAPROXY_SERVER_ADDR=127.0.0.1', 'HAPROXY_SERVER_CURCONN=0',
    'HAPROXY_SERVER_ID=1', 'HAPROXY_SERVER_MAXCONN=7', 'HAPROXY_SERVER_NAME=s',
    'HAPROXY_SERVER_PORT=1', 'HAPROXY_SERVER_PROTO=h1', 'HAPROXY_SERVER_SSL=0',
    'PATH=/usr/bin:/bin'], 'environment';
like $told, qr{^< /$}m, 'its folder is /';
like $told, qr/^< 0\n< 1\n< 2\n< 3\n*\z/m, 'three descriptors, and that of ls';
ok $w->wait_for(sub { $w->cli('show check inet/s') =~ /^< PATH=.*:\/opt$/m }), 'external-check path';
like $w->cli('show check inet/s'), qr/^< \Q$dir\E\/front.sock NOT_USED 127\.0\.0\.1 1$/m, 'address of the listener';
like $w->cli('show check bad/s'), qr/^Code: 3\n.*^< nothing works$/ms, 'what it wrote';

# It decides
ok $w->wait_status('turn', 's', 'UP');
open $f, '>', $flag or die;
close $f;
ok $w->wait_status('turn', 's', 'DOWN'), 'down';
unlink $flag;
ok $w->wait_status('turn', 's', 'UP'), 'and up';

# Nobody is left of those that were started
sub alive () {
	return grep { /-(\d+)$/ && kill 0, $1 } glob "$pids/*";
}
ok((grep { m{/fork-} } glob "$pids/*"), 'some have forked');
ok((grep { m{/flee-} } glob "$pids/*"), 'some have fled');
ok $w->wait_for(sub { (grep { m{/fork-} } alive) == 0 }), 'nobody is left of them';
like $w->stderr, qr/Server killed\/s is DOWN, reason: External check error, code: 0, info: "killed by signal 9 \(Killed\)"/;
$w->stop;
ok Weir::poll(sub { alive() == 0 }), 'nobody survives weir' or diag join ' ', alive();
done_testing;
