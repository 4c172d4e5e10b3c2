# Notifiers of type exec: the program reads the message; its exit status says what
# became of it.
use v5.36;
use JSON::PP;
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', args => ['-T', '2013-02-15T16:31:56Z'],
    env => { PERL => $^X }, files => { 'tell.pl' => <<'PL' }, cfg => <<'CFG');
my ($file, $status, $hangs) = @ARGV;
<STDIN> while $hangs && kill 'STOP', $$;
open my $f, '>>', $file or exit 1;
print $f join '', <STDIN>;
print $f "env ", join(' ', sort keys %ENV), "\n";
exit $status;
PL
backend b
	server s 127.0.0.1:1
notifier good
	type exec
	command "${PERL}" "${DIR}/tell.pl" "${DIR}/good" 0
notifier later
	type exec
	command "${PERL}" "${DIR}/tell.pl" "${DIR}/later" 75
notifier bad
	type exec
	command "${PERL}" "${DIR}/tell.pl" "${DIR}/bad" 3
notifier slow
	type exec
	timeout 200ms
	command "${PERL}" "${DIR}/tell.pl" "${DIR}/slow" 0 hangs
notifier gone
	type exec
	command /nowhere/at/all
alarm one
	metric Latency balancer b
	threshold > 2s
	missing-data ignore
	on alarm notify good
CFG

sub cli ($command) { return $w->cli($command) =~ s/\n+\z//r }
sub last_of () { my (undef, $row) = split /\n/, cli('show outbox'); return [split /,/, $row] }

cli('alarm set-state one ALARM reason because');
cli('clock advance 1s');
is last_of()->[6], 'sent', 'exit status 0: sent';
my ($message, $env) = split /\n/, $w->read_file('good');
my $body = decode_json($message);
is_deeply [@$body{qw(kind source state id)}], ['alarm', 'one', 'ALARM', last_of()->[0]],
    'it has read the message';
is $env, 'env LANG PATH', 'in a clean environment';
for (['later', 'pending', qr/exit status 75/], ['bad', 'failed', qr/exit status 3/],
    ['slow', 'pending', qr/200 ms/], ['gone', 'pending', qr/./]) {
	my ($name, $status, $error) = @$_;
	cli("notifier test $name");
	cli('clock advance 1s');
	is last_of()->[6], $status, "$name: $status";
	like last_of()->[9], $error, 'which says why';
}
for (["type exec", qr/of type exec needs a 'command'/],
    ["type exec\n\tcommand bin/x", qr/'bin\/x' is no absolute path/],
    ["type syslog\n\tcommand /bin/x", qr/'command' is a word of notifiers of type exec/]) {
	my ($text, $error) = @$_;
	like Weir->check("notifier n\n\t$text\n")->{err}, $error, $text =~ s/\n\t/, /gr;
}
done_testing;
