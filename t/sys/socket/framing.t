# How the stats socket speaks: one line, prompt mode, payloads, levels, limits.
use v5.36;
use CLI;
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', binds => ['fe1'], unix => ['user1', 'oper1'],
    cfg => <<'CFG');
global
	stats socket "fd@${user1}" level user
	stats socket "fd@${oper1}"
	stats maxconn 8
frontend f
	bind "fd@${fe1}"
backend be
	server s1 127.0.0.1:1 weight 10
CFG

# bytes out, all bytes back
sub raw ($bytes, $name = 'WEIR_T_STATS') {
	my $c = CLI->new($w->path($name));
	$c->send($bytes);
	return $c->read_all;
}

# One line is answered, then the connection ends
is raw("show cli level\n"), "admin\n\n", 'an answer ends with one empty line';
is raw("show cli level\r\n"), "admin\n\n", 'CRLF';
is raw("show cli level;show cli level\nshow cli level\n"), "admin\n\nadmin\n\n",
    'the first line only, each command has its answer';
is raw("  show   cli\tlevel  \n"), "admin\n\n", 'blanks';
is raw("\n"), "\n", 'an empty line';
is raw("quit;show cli level\n"), '', 'quit says nothing';
is raw("echo a\\;b  c\\ d\n"), "a;b c d\n\n", 'escapes';
my $c = $w->cli_session;
$c->send('show cli level');
$c->shut;
is $c->read_all, "admin\n\n", 'a last line without its end';
$c = $w->cli_session;
$c->send('show cl');
$w->cli('show info');
$c->send("i level\n");
is $c->read_all, "admin\n\n", 'a line in two pieces';
is scalar(split /\n\n/, raw("show info;show stat\r\n")), 2, 'two parts between empty lines';

# Prompt mode
$c = $w->cli_session;
$c->send("prompt\n");
is $c->read_to_prompt, "\n> ", 'prompt';
$c->send("show cli level\n");
is $c->read_to_prompt, "admin\n\n> ", 'an answer';
$c->send("\n");
is $c->read_to_prompt, "\n> ", 'nothing asked';
$c->send("set weight be/s1 3\n");
is $c->read_to_prompt, "\n> ", 'silence is success';
is $c->prompted('get weight be/s1'), '3 (initial 10)', 'and it is done';
$c->send("show cli level;show cli level\n");
is $c->read_to_prompt(qr/> .*> $/s), "admin\n\n> admin\n\n> ", 'two commands';
$c->send("get weight be/s1 <<\n");
is $c->read_to_prompt(qr/\+ $/), '+ ', 'a payload is asked for';
$c->send("one\n");
is $c->read_to_prompt(qr/\+ $/), '+ ', 'line by line';
$c->send("\n");
is $c->read_to_prompt, "3 (initial 10)\n\n> ", 'the end of the payload';
$c->send("prompt timed\n");
like $c->read_to_prompt, qr/^\n\[\d+:\d\d:\d\d:\d\d\]> $/, 'prompt timed';
$c->send("prompt i\n");
is $c->read_to_prompt(qr/\n$/), "\n", 'interactive without a prompt';
$c->send("show cli level\n");
is $c->read_to_prompt(qr/\n\n$/), "admin\n\n", 'stays open';
$c->send("prompt n\n");
is $c->read_all, "\n", 'prompt n: this was the last one';
is raw("prompt x\nquit\n"), "'prompt' expects 'n', 'i', 'p' or 'timed'.\n\n", 'no such mode';
$c = $w->cli_session;
$c->send("prompt p\n" . "show cli level\n" x 100 . "quit\n");
is $c->read_all, "\n> " . "admin\n\n> " x 100, '100 lines at once';

# Payloads over a limit, lines over a limit
like raw("get weight be/s1 <<EOF\n" . "x" x 200 . "\nEOF\n"), qr/^3 \(initial 10\)\n\n$/,
    'a pattern ends it, whoever takes none drops it';
like raw('x' x 20_000 . "\n"), qr/^The line is too long\.\n\n$/, 'a line of 20,000 bytes';
$c = CLI->new($w->path('user1'));
$c->send("get weight be/s1 <<\n");
$c->send('x' x 1000 . "\n") or last for 1 .. 140;
like $c->read_all, qr/^The payload is too large\.\n\n$/, 'a payload of 140 kB for a user';
like raw(join(' ', ('x') x 70) . "\n"), qr/^Too many words\.\n\n$/, '70 words';

# Levels
is raw("show cli level\n", 'user1'), "user\n\n", 'level user';
is raw("show cli level\n", 'oper1'), "operator\n\n", 'level operator is the default';
is raw("set weight be/s1 4\n", 'user1'), "Permission denied\n\n", 'a user may not change';
is raw("set weight be/s1 4\n", 'oper1'), "Permission denied\n\n", 'nor an operator';
is raw("clear counters\n", 'oper1'), "\n", 'who may clear counters';
is raw("clear counters\n", 'user1'), "Permission denied\n\n", '... a user may not';
is raw("operator;show cli level;user;show cli level;operator\n"),
    "\noperator\n\n\nuser\n\nPermission denied\n\n", 'levels go down only';
unlike raw("help\n", 'user1'), qr/set weight/, 'help shows what the level may';
my $row = (split /\n/, raw("show stat be 4 -1\n", 'user1'))[1];
unlike $row, qr/127\.0\.0\.1/, 'a user sees no addresses';
like raw("show stat be 4 -1\n", 'oper1'), qr/127\.0\.0\.1:1/, 'an operator does';
like raw("show cli sockets\n"), qr/^# socket lvl processes\n(\S+ user all\n)(\S+ operator all\n)(\S+ admin all\n)\n$/,
    'show cli sockets';

# Severity, modes, timeouts, environment
is raw("set severity-output number;get weight x/y\n"), "\n[3]: No such backend.\n\n", 'number';
is raw("set severity-output string;get weight x/y\n"), "\n[err]: No such backend.\n\n", 'string';
is raw("set severity-output none;get weight x/y\n"), "\nNo such backend.\n\n", 'none';
is raw("set severity-output x\n"),
    "one of 'none', 'number', 'string' is a required argument\n\n", 'another word';
is raw("expert-mode\n"), "expert-mode is OFF\n\n", 'expert-mode';
is raw("experimental-mode on;experimental-mode\n"), "\nexperimental-mode is ON\n\n",
    'experimental-mode';
is raw("set timeout cli\n"), "Expects an integer value.\n\n", 'set timeout cli';
is raw("set timeout cli x\n"), "Invalid timeout value.\n\n", '... of what';
is raw("set timeout\n"), "'set timeout' only supports 'cli'.\n\n", 'set timeout';
$c = $w->cli_session;
$c->send("prompt i;set timeout cli 50ms\n");
is $c->read_all, "\n\n", 'an idle connection ends';
like raw("show version\n"), qr/^3\.3\.0\S*\n\n$/, 'show version';
like raw("show env DIR\n"), qr/^DIR=\S+\n\n$/, 'show env';
is raw("show env NOPE\n"), "Variable not found\n\n", '... of none';

# Unknown commands, help
my $last = join '', map { "  $_\n" }
    'help [<command>]                        : list matching or all commands',
    'prompt [n|i|p|timed]*                   : toggle interactive mode with prompt',
    'quit                                    : disconnect';
my $unknown = raw("foo bar\n");
like $unknown, qr/^Unknown command: 'foo', but maybe one of the following ones is a better match:\n(  .{40,}: .*\n){8}\n$/,
    'five hints and three lines more';
like $unknown, qr/\Q$last\E\n$/, 'which are help, prompt, quit';
like raw("show sta\n"), qr/^Unknown command: 'show'.*\n(?:  .*\n)*  show stat /, 'words match whole';
is raw("help get weight\n"), "The following commands are valid at this level:\n" .
    "  get weight <bk>/<srv>                   : report the weight of a server\n$last\n", 'help get weight';
like raw("help\n"), qr/^The following.*\n(  .+\n)+\n$/, 'help';

# Limits of connections: the ninth waits until one ends
my @open = map { $w->cli_session } 1 .. 8;
$_->send("prompt\n") for @open;
$_->read_to_prompt for @open;
my $late = $w->cli_session;
$late->send("show cli level\n");
my $early = eval { local $late->{seconds} = 0.05; $late->fill(Time::HiRes::time() + 0.05); 1 };
ok !$early, 'stats maxconn: one more is not served';
$open[0]->send("quit\n");
is $late->read_all, "admin\n\n", '... until another leaves';
done_testing;
