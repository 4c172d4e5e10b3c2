# Reloads that are refused: the old configuration stays and the reason is told to
# who asked, on stderr and in the log. What needs a restart is named.
use v5.36;
use Backend qw(:all);
use Cert;
use SyslogSink;
use Weir;
use Test::More;

my $srv = Backend->new(response(200, "hello\n"));
my $log = SyslogSink->new;
my $GLOBAL = "\tlog @{[ $log->addr ]} local0 info\n\tnbthread 2\n";

sub text (%o) {
	return "global\n" . ($o{global} // $GLOBAL) .
	    ($o{kind} // 'frontend f') . "\n\t" . ($o{bind} // 'bind "fd@${http}"') . "\n" .
	    "\tdefault_backend be\n" . ($o{more} // '') .
	    "backend be\n\tserver s1 @{[ $srv->addr ]}\n";
}

my $w = Weir->new(defaults => 'http', binds => [qw(http spare)], keep => 1, cfg => text());
my $pem = Cert->self_signed($w->file('good.pem'));
my $c = $w->http('http');
is $c->get->{body}, "hello\n";

my @REFUSED = (
	[ { more => "\tbogus 1\n\tdefault_backend nope\n" },
	  qr/\[ALERT\] .* parsing \[\S+t\.cfg:7\] : unknown keyword 'bogus' in 'frontend' section/,
	  'an unknown word' ],
	[ { more => "\tuse_backend nope\n\tdefault_backend none\n" }, qr/'?none'?/, 'a missing backend' ],
	[ { bind => "bind \"fd\@\${http}\"\n\tbind 127.0.0.1:1" },
	  qr/t\.cfg:6\] : new address '127\.0\.0\.1:1': this needs a restart/, 'a new address' ],
	[ { bind => 'bind "fd@${spare}"' },
	  qr/t\.cfg:5\] : new address '\S+': this needs a restart/, 'another address' ],
	[ { bind => '# none' }, qr/an address .* is gone: this needs a restart/, 'an address gone' ],
	[ { kind => 'frontend g' }, qr/t\.cfg:5\] : address '\S+' belonged to frontend 'f': this needs/,
	  'a frontend of another name' ],
	[ { kind => 'listen f' }, qr/address '\S+' belonged to frontend 'f': this needs a restart/,
	  'a listen in its place' ],
	[ { global => "\tnbthread 3\n" }, qr/'nbthread' changed: this needs a restart/, 'nbthread' ],
	[ { global => "$GLOBAL\tchroot /\n" }, qr/'chroot' changed: this needs a restart/, 'chroot' ],
	[ { global => "$GLOBAL\tuser nobody\n" }, qr/'user' changed: this needs a restart/, 'user' ],
	[ { global => "$GLOBAL\tgroup nogroup\n" }, qr/'group' changed: this needs/, 'group' ],
	[ { global => "$GLOBAL\ttune.bufsize 32768\n" }, qr/'tune\.bufsize' changed/, 'tune.bufsize' ],
	[ { more => "backend x\n\tserver s 127.0.0.1:1 ssl verify required ca-file /nowhere/ca\n" },
	  qr{/nowhere/ca}, 'a missing file' ],
	[ { more => "backend x\n\terrorfile 400 \"\${DIR}/none.http\"\n" }, qr{none\.http},
	  'a missing errorfile' ],
);
for (@REFUSED) {
	my ($change, $why, $name) = @$_;
	$w->write_file('t.cfg', text(%$change));
	my $answer = $w->cli('reload');
	like $answer, qr/\ASuccess=0\n--\n/, "$name: refused";
	like $answer, $why, "$name: why";
	is $c->get->{body}, "hello\n", "$name: the client goes on";
}

# By signal: stderr and the log say it.
$w->write_file('t.cfg', text(more => "\tbogus by signal\n"));
$w->signal('HUP');
like $log->find(qr/bogus/) // '', qr/^<129>.*parsing \[\S+t\.cfg:7\] : unknown keyword 'bogus'/,
    'by signal: in the log';
ok $w->wait_for(sub { $w->stderr =~ /The running configuration stays/ }), 'and on stderr';
like $w->stderr, qr/^\[ALERT\]    \(\d+\) : config : parsing \[\S+t\.cfg:7\] : unknown keyword 'bogus'/m;
unlink $w->file('t.cfg');
like $w->cli('reload'), qr{Cannot open configuration file/directory \S+t\.cfg : No such file},
    'the file is gone';
is $c->get->{body}, "hello\n", 'and still it serves';

# Signals that come while a reload is under way are not lost.
for my $n (1 .. 5) {
	$w->write_file('t.cfg', text(more => "backend mark$n\n"));
	$w->signal('HUP') for 1 .. 3;
	$w->write_file('t.cfg', text(more => "backend last$n\n"));
	$w->signal('HUP');
	ok $w->wait_for(sub { $w->stat("last$n", 'BACKEND') }), 'the last state of the file rules';
}
is $c->get->{body}, "hello\n", 'the client of the beginning';
is $w->stop, 143;
done_testing;
