# elb-check: targets, limits, exact 200 received in full, the first passed check
# brings a new server in, thresholds, states of instances.
use v5.36;
use Backend qw(:all);
use Cert;
use Time::HiRes qw(time);
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $pem = Cert->self_signed("$dir/x.pem");
my $tls = Weir->new(defaults => 'http', binds => ['fe'], cfg => <<"CFG");
frontend f
	bind "fd\@\${fe}" ssl crt $pem
	http-request return status 200 content-type text/plain string hi
CFG
my %answers = (
	ok => response(200, 'x' x 50000), chunks => chunked(200, 'a', 'b'), empty => response(200),
	s204 => "HTTP/1.1 204 No\r\n\r\n", s301 => response(301), bad => response(503),
	close => ["HTTP/1.1 200 OK\r\n\r\nbody", CLOSE],
	cut => ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", CLOSE],
	hang => ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", HANG],
);
my $flag = "$dir/bad";
my %b = map { $_ => Backend->new($answers{$_}) } keys %answers;
$b{turn} = Backend->new(sub ($) { -e $flag ? response(500) : response(200) });
my $t = $tls->port('fe');
my $cfg = join '', map { <<"CFG" } sort keys %b;
backend $_
	elb-check HTTP:@{[ $b{$_}->port ]}/a%20b?c=%d interval 5s timeout 2s healthy 2
	server s 127.0.0.1:1 check inter 10ms rise 1 fall 1
CFG
my $w = Weir->new(defaults => 'http', cfg => <<"CFG");
$cfg
backend tcp
	mode tcp
	elb-check TCP:@{[ $b{ok}->port ]}
	server s 127.0.0.1:1 ssl verify none send-proxy check
	server s2 127.0.0.1:1 check disabled
	server s3 127.0.0.1:1
backend refused
	elb-check TCP:@{[ Weir->refused_port ]}
	server s 127.0.0.1:1 check
backend ssl
	elb-check SSL:$t
	server s 127.0.0.1:1 check
backend verified
	elb-check SSL:$t
	server s 127.0.0.1:1 check ssl verify required ca-file /etc/ssl/certs/ca-certificates.crt
backend https
	elb-check HTTPS:$t/x
	server s 127.0.0.1:1 check
backend undone
	elb-check HTTP:1/
	no elb-check
	server s 127.0.0.1:@{[ $b{ok}->port ]} check
CFG

my %want = (
	ok => 'L7OK|200|', chunks => 'L7OK|200|', empty => 'L7OK|200|', turn => 'L7OK|200|',
	s204 => 'L7STS|204|No', s301 => 'L7STS|301|Status', bad => 'L7STS|503|Service Unavailable',
	close => 'L7RSP||The response has neither a length nor chunks',
	cut => 'L7RSP||The response was cut short', hang => 'L7TOUT||',
	tcp => 'L4OK||', ssl => 'L6OK||', https => 'L7OK|200|', undone => 'L4OK||',
	refused => 'L4CON||ECONNREFUSED returned by OS (Connection refused)',
);
for my $be (sort keys %want) {
	my ($got, $st);
	ok $w->wait_for(sub {
		$st = $w->stat($be, 's');
		$got = join '|', $st->{check_status} =~ s/^\* //r, @$st{qw(check_code last_chk)};
		return $got eq $want{$be};
	}), "$be: $want{$be}" or diag $got;
	like $st->{status}, $want{$be} =~ /OK/ ? qr/^UP/ : qr/^DOWN/;
}
ok $w->wait_for(sub { $w->stat('verified', 's')->{check_status} eq 'L6RSP' }), 'verify required';
cmp_ok $w->stat('hang', 's')->{check_duration}, '>=', 2000, 'the timeout is of all';
my ($r) = $b{ok}->requests;
is $r->{raw}, "GET /a%20b?c=%d HTTP/1.1\r\nhost: 127.0.0.1:1\r\nconnection: close\r\n" .
    "User-Agent: ELB-HealthChecker/1.0\r\n\r\n", 'request';

# States of instances
my $new = 'OutOfService ELB Instance registration is still in progress.';
my $gone = 'OutOfService ELB Instance is not currently registered with the LoadBalancer.';
is $w->cli('show check tcp'), "# server check state reason description\n" .
    "tcp/s L4OK InService N/A N/A\ntcp/s2 INI $gone\ntcp/s3 - InService N/A N/A";
is +($w->cli('show check bad') =~ /^bad\/s L7STS (.*)/m)[0], $new, 'a failure of a new one';
like $w->cli('show check ok/s'), qr/^Check: elb-check\n.*^Health: 3\/3\n.*^Instance_state: InService\n/ms;
$w->cli('set server ok/s state drain');
is +($w->cli('show check ok') =~ /^ok\/s L7OK (.*)/m)[0], $gone, 'drained';
is $w->cli('show check nobody'), 'No such backend.';

SKIP: {
	skip 'WEIR_SLOW', 8 unless $ENV{WEIR_SLOW};
	is +($w->cli('show check turn') =~ /^turn\/s L7OK (.*)/m)[0], 'InService N/A N/A';
	open my $f, '>', $flag or die;
	close $f;
	ok $w->wait_status('turn', 's', 'UP 1/2', 10), 'one failure';
	ok $w->wait_status('turn', 's', 'DOWN', 10), 'two failures';
	my $failed = 'OutOfService Instance Instance has failed at least the UnhealthyThreshold ' .
	    'number of health checks consecutively.';
	is +($w->cli('show check turn') =~ /^turn\/s L7STS (.*)/m)[0], $failed;
	is +($w->cli('show check bad') =~ /^bad\/s L7STS (.*)/m)[0], $failed, 'a new one failed twice';
	unlink $flag;
	ok $w->wait_status('turn', 's', 'DOWN 1/2', 10), 'one passed';
	is +($w->cli('show check turn') =~ /^turn\/s L7OK (.*)/m)[0], 'OutOfService Instance Instance has ' .
	    'not passed the configured HealthyThreshold number of health checks consecutively.';
	ok $w->wait_status('turn', 's', 'UP', 10), 'two passed';
}
$_->stop for $w, $tls;

# Words
sub said ($words) {
	return Weir->check("defaults\n\ttimeout connect 1s\n\ttimeout server 1s\nbackend b\n" .
	    "\telb-check $words\n")->{err};
}
is said('TCP:80'), '';
is said('https:443/x interval 300s timeout 1m healthy 10 unhealthy 10'), '';
my %errors = (
	'' => qr/expects TCP:port/, 'TCP' => qr/expects TCP:port.*got 'TCP'/,
	'UDP:80' => qr/got 'UDP:80'/, 'TCP:0' => qr/got 'TCP:0'/, 'TCP:65536' => qr/expects TCP/,
	'HTTP:80' => qr/expects TCP/, 'TCP:80/x' => qr/expects TCP/,
	'HTTP:80/' . 'x' x 1024 => qr/at most 1024 characters/, '"HTTP:80/a b"' => qr/is no path/,
	'TCP:1 interval 30' => qr/'interval 30': say 30s or 30m/,
	'TCP:1 interval 4s' => qr/'interval' is from 5s to 300s/,
	'TCP:1 timeout 61s' => qr/'timeout' is from 2s to 60s/,
	'TCP:1 interval 5s' => qr/the timeout must be less than the interval/,
	'TCP:1 healthy 1' => qr/healthy/, 'TCP:1 unhealthy 11' => qr/unhealthy/,
	'TCP:1 unhealthy' => qr/'unhealthy' expects a value/, 'TCP:1 what 1' => qr/got 'what'/,
);
like said($_), $errors{$_}, "elb-check $_" for sort keys %errors;
done_testing;
