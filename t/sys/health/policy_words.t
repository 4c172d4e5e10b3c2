# agent-check, observe, on-marked-*, track: what is accepted, and what is said of
# mistakes.
use v5.36;
use Weir;
use Test::More;

my $HEAD = "defaults\n\tmode http\n\ttimeout connect 1s\n\ttimeout server 1s\n\ttimeout client 1s\n";

sub servers (@lines) {
	return Weir->check($HEAD . join '', map { "$_\n" } "backend b", map { "\tserver $_" } @lines);
}

my $other = 'o 127.0.0.1:1 check';
for ('agent-check agent-port 1', 'agent-check agent-addr 127.0.0.2 agent-port 1 agent-inter 1s',
    'agent-check agent-addr 127.0.0.2:7', 'agent-check agent-port 1 agent-send "hello\n"',
    'agent-check no-agent-check', 'check observe layer4', 'check observe none',
    (map { "check observe layer7 error-limit 1 on-error $_" }
        qw(fastinter fail-check sudden-death mark-down)),
    'check on-marked-down shutdown-sessions', 'check on-marked-up shutdown-backup-sessions',
    'track o', 'track b/o', 'track o agent-check agent-port 1') {
	my $r = servers("s 127.0.0.1:1 $_", $other);
	is $r->{code}, 0, $_ or diag $r->{err};
	is $r->{err}, '', 'and nothing is said';
}
is servers('s1 127.0.0.1:1 track s2', 's2 127.0.0.1:1 track s3', "s3 127.0.0.1:1 agent-check agent-port 1")
    ->{code}, 0, 'a chain, and an agent at its end';

my %errors = (
	'agent-check' => qr/server s does not have agent port/,
	'agent-check agent-port 70000' => qr/agent-port/, 'agent-check agent-inter 0' => qr/agent-inter/,
	'agent-addr a..b' => qr/parsing agent-addr failed. Check if 'a\.\.b' is correct address/,
	'observe layer5' => qr/'observe' expects one of 'none', 'layer4', 'layer7' but got 'layer5'/,
	'error-limit 0' => qr/error-limit/,
	'on-error x' => qr/'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got 'x'/,
	'on-marked-down x' => qr/'on-marked-down' expects 'shutdown-sessions' but got 'x'/,
	'on-marked-up x' => qr/'on-marked-up' expects 'shutdown-backup-sessions' but got 'x'/,
	'check track o' => qr/unable to enable checks and tracking at the same time!/,
	'track nobody' => qr/unable to find required server 'nobody' for tracking/,
	'track x/o' => qr/unable to find required proxy 'x' for tracking/,
	'track s' => qr/unable to track b\/s as it belongs to a tracking chain looping back to b\/s/,
	'track p' => qr/unable to use b\/p for tracking as it does not have any check nor agent enabled/,
);
for (sort keys %errors) {
	my $r = servers("s 127.0.0.1:1 $_", $other, 'p 127.0.0.1:1');
	is $r->{code}, 1, "$_: refused";
	like $r->{err}, qr/t\.cfg:7\] : .*$errors{$_}/, 'with a reason';
}
like servers('s1 127.0.0.1:1 track s2', 's2 127.0.0.1:1 track s3', 's3 127.0.0.1:1 track s1')->{err},
    qr/looping back to b\/s/, 'a loop of three';
like servers('s 127.0.0.1:1 observe layer4')->{err}, qr/\[WARNING\].*there is no 'check'/;
like Weir->check("${HEAD}backend b\n\tmode tcp\n\tserver s 127.0.0.1:1 check observe layer7\n")->{err},
    qr/'layer7' can only be used in http proxies/;
done_testing;
