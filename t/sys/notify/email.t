# Notifiers of type email, to a mail server that writes down what it is told.
use v5.36;
use Backend qw(:all);
use MIME::Base64;
use Weir;
use Test::More;

my %in_data;
my $smtp = Backend->new(undef, on_accept => "220 test ESMTP\r\n", tcp => sub ($bytes, $c) {
	my $answer = '';
	for my $line ($bytes =~ /([^\n]*\n)/g) {
		if ($in_data{$c}) {
			next if $line ne ".\r\n";
			$in_data{$c} = 0;
			$answer .= "250 kept\r\n";
		} elsif ($line =~ /^DATA/) {
			$in_data{$c} = 1;
			$answer .= "354 go on\r\n";
		} elsif ($line =~ /^RCPT TO:<nobody/) {
			$answer .= "550 no such user\r\n";
		} elsif ($line =~ /^RCPT TO:<later/) {
			$answer .= "450 not now\r\n";
		} else {
			$answer .= "250 ok\r\n";
		}
	}
	return $answer;
});
my $w = Weir->new(defaults => 'http', args => ['-T', '2013-02-15T16:31:56Z'],
    env => { SMTP => $smtp->addr }, cfg => <<'CFG');
backend b
	server s 127.0.0.1:1
notifier ops
	type email
	smtp "smtp://${SMTP}"
	from weir@example.org
	to ops@example.org more@example.org
notifier wrong
	type email
	smtp "smtp://${SMTP}"
	from weir@example.org
	to nobody@example.org
notifier later
	type email
	smtp "smtp://${SMTP}"
	from weir@example.org
	to later@example.org
alarm one
	metric Latency balancer b
	threshold > 2s
	missing-data ignore
	on alarm notify ops
CFG

sub cli ($command) { return $w->cli($command) =~ s/\n+\z//r }
sub outbox () { my (undef, @rows) = split /\n/, cli('show outbox'); return [split /,/, $rows[0]] }

cli('alarm set-state one ALARM reason because');
cli('clock advance 1s');
is outbox()->[6], 'sent', 'an alarm is mailed';
my $mail = $smtp->received;
like $mail, qr/MAIL FROM:<weir\@example\.org>/, 'from whom';
like $mail, qr/RCPT TO:<ops\@example\.org>.*RCPT TO:<more\@example\.org>/s, 'to both';
my $id = outbox()->[0];
like $mail, qr/^Message-ID: <\Q$id\E\@example\.org>\r$/m, 'the Message-ID is the delivery\'s';
my ($subject) = $mail =~ /^Subject: =\?UTF-8\?B\?(\S+?)\?=\r$/m;
is decode_base64($subject), 'ALARM: "one" in us-east-1', 'the subject is an encoded word';
my ($body) = $mail =~ /\r\n\r\n([A-Za-z0-9+\/=\r\n]+)\r\n\.\r\n/;
like decode_base64($body), qr/"NewStateReason":"because"/, 'the body has it all';

cli('notifier test wrong');
cli('clock advance 1s');
is_deeply [@{ outbox() }[6, 7]], ['failed', 1], '550 is final';
cli('notifier test later');
cli('clock advance 1s');
is_deeply [@{ outbox() }[6, 7]], ['pending', 1], '450 is tried again';

for (
	["type webhook\n\turl ftp://x", qr/'url' begins with http:\/\/ or https:\/\/, but is 'ftp:\/\/x'/],
	['type webhook', qr/notifier 'n' of type webhook needs a 'url'/],
	['type email', qr/notifier 'n' of type email needs 'smtp'/],
	["type email\n\turl http://x", qr/'url' is a word of notifiers of type webhook, this one is of type email/],
	['url http://x', qr/'url': 'type' must be the first line of a notifier/],
	['type web', qr/'type' expects one of webhook, email, exec, syslog.* but got 'web'/],
	["type syslog\n\tretry 10s 5s for 1h", qr/pauses from 1s on, the shortest first/],
	["type syslog\n\tretry 10s 50s of 1h", qr/there is 'of' where 'for' should be/],
	["type syslog\n\trepeat 4", qr/'repeat 4': say 4s or 4ms/],
	["type syslog\n\tsend alarm,sun", qr/'send' expects a list of .* but got 'sun'/],
	["type webhook\n\turl http://x\n\tsign-key-file /nowhere", qr/'sign-key-file': cannot read '\/nowhere'/],
	["type webhook\n\turl http://x\n\tformat xml", qr/expects weir, sns or alertmanager but got 'xml'/],
) {
	my ($text, $error) = @$_;
	like Weir->check("notifier n\n\t$text\n")->{err}, $error, $text =~ s/\n\t/, /gr;
}
for (['user me', qr/has a 'user' and no 'password-file'/],
    ["user me\n\tpassword-file /nowhere", qr/'password-file': cannot read/],
    ['timeout 1ms', qr/'timeout' expects a time from 100ms/],
    ['ca-file x', qr/'ca-file' is a word of notifiers of type webhook/],
    ['group on', qr/'group' expects a duration/], ['arn', qr/'arn' expects/]) {
	my ($text, $error) = @$_;
	like Weir->check("notifier n\n\ttype email\n\tsmtp smtp://x\n\tfrom a\@b\n\tto c\@d\n\t$text\n")
	    ->{err}, $error, $text =~ s/\n\t/, /gr;
}
done_testing;
