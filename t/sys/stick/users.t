# A thousand users on three servers, one of which dies and comes back, by cookies
# of both manners.
use v5.36;
use File::Temp;
use Weir;
use Test::More;

use constant BATCH => 100;

# Each is a process of weir that tells its name; /in sets the application's cookie.
my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
sub server ($name) {
	return Weir->new(defaults => 'http', env => { AT => "$dir/$name" }, cfg => <<"CFG");
frontend f
	bind "unix@\${AT}"
	http-request return status 200 content-type text/plain string $name hdr Set-Cookie "SID=%[uuid]; Path=/" if { path /in }
	http-request return status 200 content-type text/plain string $name
CFG
}
my %srv = map { $_ => server($_) } qw(a b c);
my $w = Weir->new(defaults => 'http', binds => ['insert', 'app', 'lb'],
    env => { map { (uc $_ => "unix\@$dir/$_") } keys %srv }, cfg => <<'CFG');
defaults
	mode http
	timeout client 10s
	timeout connect 1s
	timeout server 5s
	timeout queue 5s
	option redispatch 1
	balance roundrobin
	default-server check inter 20ms rise 1 fall 2 init-state fully-up
listen insert
	bind "fd@${insert}"
	cookie SRV insert indirect nocache
	server a "${A}" cookie va
	server b "${B}" cookie vb
	server c "${C}" cookie vc
listen app
	bind "fd@${app}"
	elb-cookie app SID
	server a "${A}"
	server b "${B}"
	server c "${C}"
listen lb
	bind "fd@${lb}"
	elb-cookie lb
	server a "${A}"
	server b "${B}"
	server c "${C}"
CFG

# Sends a request per user in batches down one connection; calls back with
# user, response.
sub visit ($bind, $path, $users, $code) {
	my $c = $w->http($bind);
	for (my $i = 0; $i < @$users; $i += BATCH) {
		my @some = @$users[$i .. ($i + BATCH > @$users ? $#$users : $i + BATCH - 1)];
		$c->send(join '', map {
			my $jar = $_->{jar};
			my $line = join '; ', map { "$_=$jar->{$_}" } sort keys %$jar;
			"GET $path HTTP/1.1\r\nHost: a\r\n" . (length $line ? "Cookie: $line\r\n" : '') . "\r\n";
		} @some);
		for my $u (@some) {
			my $r = $c->read_response or die "no answer: " . $c->error;
			$code->($u, $r);
		}
	}
}
sub keep ($u, $r) {
	my $n = 0;
	for (@{ $r->{headers} }) {
		next unless $_->[0] eq 'set-cookie' && $_->[1] =~ /^([^=]+)=([^;]*)/;
		$u->{jar}{$1} = $2;
		$n++ if $1 ne 'SID';
	}
	return $n;
}
sub count (@names) { my %n; $n{$_}++ for @names; return \%n }

# Everybody comes once: how many failed, changed server, got a cookie of ours
sub round ($bind, $users, $path = '/') {
	my %n = (failed => 0, moved => 0, cookies => 0);
	visit($bind, $path, $users, sub ($u, $r) {
		$n{failed}++ if $r->{status} != 200;
		$n{moved}++ if defined $u->{at} && $u->{at} ne $r->{body};
		$n{cookies} += keep($u, $r);
		$u->{at} = $r->{body};
	});
	return "failed $n{failed}, moved $n{moved}, cookies $n{cookies}";
}

for (['insert', 1000], ['lb', 300], ['app', 300]) {
	my ($bind, $most) = @$_;
	my @users = map { { jar => {} } } 1 .. $most;
	is round($bind, \@users, $bind eq 'app' ? '/in' : '/'), "failed 0, moved 0, cookies $most", "$bind: new";
	my $n = count(map { $_->{at} } @users);
	is scalar(grep { abs($_ - $most / 3) > 1 } values %$n), 0, "$bind: a third each";
	is round($bind, \@users), 'failed 0, moved 0, cookies 0', "$bind: they come back";

	my @of_b = grep { $_->{at} eq 'b' } @users;
	my @others = grep { $_->{at} ne 'b' } @users;
	my @first = splice @of_b, 0, 20;
	$srv{b}->stop('KILL');
	like round($bind, \@first), qr/^failed 0, moved 20, /, "$bind: a server dies: its next users move at once";
	$w->wait_status($bind, 'b', 'DOWN');
	my $cookies = $bind eq 'app' ? 0 : scalar @of_b;
	is round($bind, \@of_b), 'failed 0, moved ' . @of_b . ", cookies $cookies", "$bind: and all the others";
	is round($bind, \@others), 'failed 0, moved 0, cookies 0', "$bind: users of other servers notice nothing";
	$n = count(map { $_->{at} } @of_b);
	ok abs(($n->{a} // 0) - ($n->{c} // 0)) <= 1, "$bind: half of them each" or diag join " ", %$n;

	$srv{b} = server('b');
	$w->wait_status($bind, 'b', 'UP');
	is round($bind, \@users), 'failed 0, moved 0, cookies 0', "$bind: it is back: everybody stays where he is";
	my @new = map { { jar => {} } } 1 .. 30;
	round($bind, \@new);
	is count(map { $_->{at} } @new)->{b}, 10, "$bind: new users come to it again";

	# drained: its users stay, nobody new comes
	$w->cli("set server $bind/b state drain");
	is round($bind, [ grep { $_->{at} eq 'b' } @new ], '/'), $bind eq 'app' ? 'failed 0, moved 10, cookies 0' :
	    'failed 0, moved 0, cookies 0', "$bind: drained: it keeps its users";
	$w->cli("set server $bind/b state ready");
	$w->cli("set weight $bind/c 0");
	is round($bind, [ grep { $_->{at} eq 'c' } @others ]), 'failed 0, moved 0, cookies 0', "$bind: weight 0 too";
	$w->cli("set weight $bind/c 1");
}

done_testing;
