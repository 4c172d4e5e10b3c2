# Signals that do not end the process: pause and resume, memory pools.
use v5.36;
use SyslogSink;
use Weir;
use Test::More;

my $log = SyslogSink->new;
my $w = Weir->new(defaults => 'http', binds => [qw(a b)], env => { LOG => $log->addr },
    cfg => <<'CFG');
global
	log "${LOG}" local0
frontend a
	log global
	bind "fd@${a}"
	http-request return status 200
frontend b
	log global
	bind "fd@${b}"
	http-request return status 204
CFG

sub states () { return join ' ', map { $w->stat($_, 'FRONTEND')->{status} } qw(a b) }
my $early = $w->http('a');
is $early->get('/')->{status}, 200;
is $w->cli('disable frontend b'), '', 'one is paused already';

$w->signal('TTOU');
ok $w->wait_for(sub { states() eq 'PAUSED PAUSED' }), 'SIGTTOU pauses all';
like $log->find(qr/Paused frontend a/), qr/Paused frontend a\.$/, 'and says so';
is $early->get('/')->{status}, 200, 'a client that is there is served';
my $late = $w->http('a');		# the kernel takes it
$late->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
is $w->stat('a', 'FRONTEND')->{conn_tot}, 1, 'a new one waits in the kernel';

$w->signal('TTIN');
ok $w->wait_for(sub { states() eq 'OPEN OPEN' }), 'SIGTTIN resumes all';
like $log->find(qr/Resumed frontend b/), qr/Resumed frontend b\.$/, 'and says so';
is $late->read_response->{status}, 200, 'who waited is served';

$w->signal('QUIT');
ok $w->wait_for(sub { $w->stderr =~ /^Total: \d+ pools/m }), 'SIGQUIT prints the pools';
like $w->stderr, qr/^  - Pool session \(\d+ bytes\) : \d+ allocated \(\d+ bytes\), 2 used, 0 failures, \d+ users$/m;
my ($total) = $w->cli('show pools') =~ /^(Total: \d+ pools, \d+ bytes allocated, \d+ used\.)$/m;
like $w->cli('show pools'), qr/\ADumping pools usage\.\n(  - Pool \w+ .* used, \d+ failures, \d+ users\n)+\Q$total\E\z/,
    'show pools is the same';
is $w->stop, 143;
done_testing;
