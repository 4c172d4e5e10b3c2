# weirtop for scripts: tables, CSV, JSON, checks; from recordings, and from bad input.
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp;
use IO::Socket::UNIX;
use JSON::PP;
use Weir;
use Weirtop;
use Test::More;

my $data = "$FindBin::Bin/../data";
sub replay ($file, @args) { return weirtop('--replay', "$data/$file.wrec", @args) }

# --- a table
my $r = replay('healthy', '--once');
is $r->{code}, 0, 'a table';
is $r->{out} =~ s/^# .*\n//r, <<'TABLE', 'as a person reads it';
NAME     STATE  UP/W  REQ/S  P50  P99  5XX%  QUEUE  CONN  CHECK     CHG
www      OPEN      -    224    -    -   0.0      -    24  -           -
app      UP      3/3    224  1.7   27   0.0      0    24  -         25h
  app-1  UP      100     88  1.6   25   0.0      0     9  L7OK 200  25h
  app-2  UP      100     63  1.4   22   0.0      0     7  L7OK 200  25h
  app-3  UP      100     73  1.4   23   0.0      0     8  L7OK 200  25h
TABLE
is replay('healthy')->{out}, $r->{out}, 'without --once too, when stdout is no terminal';
unlike $r->{out}, qr/\e/, 'and no escape sequence';
$r = replay('states', '--once', '--filter', 'state:maint', '--cols', 'name,state');
is $r->{out} =~ s/^# .*\n//r, "NAME          STATE\nsearch/web-6  MAINT\n", 'columns, a filter';
like replay('stall', '--once')->{out}, qr/^# \S+ lb1 \S+: no answer for 5 s$/m, 'one that is lost';

# --- CSV, JSON
$r = replay('states', '--csv', '--filter', 'backend:search');
my ($head, @lines) = split /\n/, $r->{out};
like $head, qr/^time,host,proxy,server,type,state,/, 'a header';
is scalar(@lines), 9, 'a line each';
like $lines[4], qr/^2026-11-22T05:58:41Z,lb1,search,web-5,server,UP 2\/3,50,/, 'with its values';
$r = replay('states', '--json');
is $r->{out} =~ tr/\n//, 1, 'an object on one line';
my $host = decode_json($r->{out})->{hosts}[0];
is $host->{total}{critical}, 1, 'sums';
is_deeply [map { $_->{name} } grep { $_->{state} eq 'ALARM' } @{ $host->{alarms} }],
    ['HighLatency', 'BillingDown'], 'alarms';
is Weirtop::row($host, 'search', 'web-5')->{fields}{check_code}, 503, 'fields as they came';
is $host->{groups}[0]{desired}, 8, 'groups';
$r = replay('states', '--json', '--cols', 'proxy,p99', '--filter', 'server:web-5');
is_deeply decode_json($r->{out})->{hosts}[0]{rows}, [{ proxy => 'search', p99 => 893.61 }], 'chosen columns';
$host = decode_json(replay('restart', '--json')->{out})->{hosts}[0];
is $host->{restarts}, 1, 'a restart';

# --- checks
$r = replay('states', '--check');
is $r->{code}, 3, 'alarms and backends without servers';
is $r->{out}, "lb1: alarm HighLatency is in ALARM\nlb1: alarm BillingDown is in ALARM\n"
    . "lb1: billing/BACKEND has no usable server (0 of 2)\n", 'each told';
$r = replay('healthy', '--check');
is "$r->{code}$r->{out}", 0, 'all is well';
is replay('states', '--check=p99>500')->{code}, 3, 'an expression that is met';
is replay('states', '--check=p99>5000')->{code}, 0, 'one that is not';

# --- wrong usage
for my $args (['--cols', 'zork'], ['--filter', '(a'], ['--check=p99>'], ['--zork'], ['-i', 'x']) {
	$r = weirtop(@$args, '--once');
	is $r->{code}, 2, "wrong usage: @$args";
	like $r->{err}, qr/^weirtop: /, 'told';
}

# --- a reader that goes is no error
my $dir = File::Temp->newdir;
is system("$FindBin::Bin/record-fixtures", 'big', 1000, "$dir/big.wrec"), 0, 'a thousand servers';
$r = Weir::run_command('sh', '-c', '"$1" --replay "$2" --csv | head -1; echo "${PIPESTATUS:-}$?"', 'x',
    top_bin(), "$dir/big.wrec");
unlike $r->{err}, qr/./, 'nothing is said to a reader that goes';
is weirtop('--replay', "$dir/big.wrec", '--csv')->{out} =~ tr/\n//, 1012, 'all rows';

# --- names that mean no good
my $evil = "\e]0;x\a\e[2J";
my $text = "# pxname,svname,status,type,req_tot,\n\"a$evil,b\",\"s\x{c2}\x{9b}2J\",UP,2,1,\n";
open my $f, '>:raw', "$dir/evil.wrec" or die;
printf $f "@%d h %d show stat\n%s\n", 1795327121000, length $text, $text;
close $f;
for my $form ('--once', '--csv', '--json') {
	$r = weirtop('--replay', "$dir/evil.wrec", $form);
	ok length $r->{out} && $r->{out} !~ /[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/, "$form writes no controls"
	    or diag $r->{out};
}
$r = weirtop('--replay', "$dir/nowhere.wrec", '--once');
is $r->{code}, 1, 'no recording';
like $r->{err}, qr/nowhere\.wrec: No such file/, 'told';

# --- no socket at all
{
	local $ENV{WEIR_SOCKET} = "$dir/none.sock";
	chdir $dir;
	$r = weirtop('--once');
	chdir "$FindBin::Bin/../..";
	if ($r->{code} == 1) {
		like $r->{err}, qr{Tried:\n  \Q$dir\E/none\.sock +is not there\n  /run/weir/weir\.sock +is}, 'what was tried';
		like $r->{err}, qr/stats socket \S+ mode 660 level admin/, 'and how to have one';
	} else {
		pass 'a socket is there' for 1 .. 2;
	}
	my $nobody = IO::Socket::UNIX->new(Local => "$dir/none.sock", Listen => 1);
	close $nobody;
	$r = weirtop('--once', '--timeout', '0.3', "$dir/none.sock");
	is $r->{code}, 1, 'nobody listens';
	like $r->{err}, qr/none\.sock: Connection refused/, 'told';
}
# --- One proxy
{
	my $r = weirtop('--replay', 't/data/states.wrec', '--csv', '--cols', 'proxy', '-p', 'app');
	is_deeply [sort keys %{{ map { $_ => 1 } split /\n/, $r->{out} }}], [qw(app proxy)], '-p: that proxy only';
}
like weirtop('--replay', 't/data/restart.wrec', '--at', '1795327110', '--once')->{out},
    qr/^# 2026-11-22T05:58:30Z/, '--at: a recording as it was then';
# --- Values that are none
for (['--at=25:00', 'expected HH:MM'], ['--at=x', 'expected HH:MM'], ['--at=05:56x', 'expected HH:MM'],
    ['--keys=j Foo', "there is no key 'Foo'"], ['--theme=x', 'there are auto, default']) {
	my $r = weirtop($_->[0]);
	is $r->{code}, 2, $_->[0];
	like $r->{err}, qr/\Q$_->[1]\E/, 'and what is expected';
}
done_testing;
