# option smtpchk with a real mail server (aiosmtpd): greeting, HELO or EHLO, QUIT;
# one that refuses, one that ends in the middle.
use v5.36;
use Peer;
use Weir;
use Test::More;

my $bin = Peer::need('python3');
Weir::run_command($bin, '-c', 'import aiosmtpd.controller')->{code} == 0
    or plan skip_all => 'no python3-aiosmtpd here';
my $p = Peer->new;
my ($good, $bad) = map { $p->file($_) } qw(good bad);
my $program = $p->write_file('smtp.py', <<'PY');
import signal, sys
from aiosmtpd.controller import UnixSocketController
from aiosmtpd.smtp import SMTP

class Handler:
    async def handle_HELO(self, server, session, envelope, hostname):
        print('HELO', hostname, flush=True)
        session.host_name = hostname
        return '250 a.test'
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        print('EHLO', hostname, flush=True)
        session.host_name = hostname
        return responses
    async def handle_QUIT(self, server, session, envelope):
        print('QUIT', flush=True)
        return '221 Bye'

class Refuses(SMTP):
    async def smtp_HELO(self, hostname):
        await self.push('521 5.7.0 no mail here')

class Bad(UnixSocketController):
    def factory(self):
        return Refuses(self.handler)

all = [c(Handler(), unix_socket=s) for c, s in zip((UnixSocketController, Bad), sys.argv[1:])]
for c in all:
    c.start()
signal.sigwait([signal.SIGTERM])
for c in all:
    c.stop()
PY
$p->start($bad, $bin, $program, $good, $bad);

my $w = Weir->new(defaults => 'tcp', cfg => <<"CFG");
defaults
	mode tcp
	timeout check 2s
	default-server inter 100ms rise 1 fall 1
backend helo
	option smtpchk
	server good unix\@$good check
	server bad unix\@$bad check
backend ehlo
	option smtpchk EHLO mx.a.test
	server good unix\@$good check
CFG
checks_say($w, 'helo/good' => 'L7OK|Bye', 'ehlo/good' => 'L7OK|Bye',
    'helo/bad' => 'L7STS|5.7.0 no mail here');
is $w->stat('helo', 'good')->{check_code}, 221, 'the code of the last reply';
is $w->stat('helo', 'bad')->{check_code}, 521, 'and of a refusal';
ok $w->wait_for(sub { (() = $p->output =~ /^QUIT$/mg) >= 4 }), 'each check ends by QUIT';
like $p->output, qr/^HELO localhost$/m, 'HELO with its name';
like $p->output, qr/^EHLO mx\.a\.test$/m, 'EHLO with the one that is written';
is $w->stop, 143;
done_testing;
