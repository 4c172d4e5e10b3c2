# show table, set table, clear table: texts, filters, keys of all types, levels, and
# a table that is larger than a piece of the answer.
use v5.36;
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', cfg => <<'CFG');
frontend f
	stick-table type ip size 1k expire 10m store http_req_rate(10s),gpc(2),gpc_rate(2,5s),conn_cnt,bytes_in_cnt,gpt(1),conn_cur
	http-request return status 200
backend s
	stick-table type string len 40 size 1k store http_req_cnt
backend b
	stick-table type binary len 8 size 1k store http_req_cnt
backend i
	stick-table type integer size 100k expire 1h store gpc0,server_id,server_key
backend v6
	stick-table type ipv6 size 1k store gpc0,gpt0
peers p
	table t type ip size 64 store gpc0
CFG

sub says ($command, $want, $name = $command) {
	my $got = $w->cli($command);
	$got =~ s/^0x[0-9a-f]+: /PTR: /mg;
	$got =~ s/ exp=[1-9]\d*/ exp=N/g;
	is $got =~ s/\n+\z//r, $want =~ s/\n+\z//r, $name;
}

says 'show table', <<'TEXT';
# table: p/t, type: ip, size:64, used:0
# table: v6, type: ipv6, size:1024, used:0
# table: i, type: integer, size:102400, used:0
# table: b, type: binary, size:1024, used:0
# table: s, type: string, size:1024, used:0
# table: f, type: ip, size:1024, used:0

TEXT

my $data = 'conn_cnt=5 conn_cur=0 http_req_rate(10000)=7 bytes_in_cnt=9876543210 gpt0=0 gpc0=0 ' .
    'gpc1=3 gpc0_rate(5000)=0 gpc1_rate(5000)=4';
says 'set table f key 192.0.2.1 data.conn_cnt 5 data.http_req_rate 7 data.gpc[1] 3 ' .
    'data.gpc_rate[1] 4 data.bytes_in_cnt 9876543210', "\n", 'set table: silence is success';
says 'show table f', "# table: f, type: ip, size:1024, used:1\n" .
    "PTR: key=192.0.2.1 use=0 exp=N shard=0 $data\n\n";
says 'show table f key 192.0.2.1', "# table: f, type: ip, size:1024, used:1\n" .
    "PTR: key=192.0.2.1 use=0 exp=N shard=0 $data\n\n";
says 'show table f key 192.0.2.9', "\n", 'no such key';

# Keys
$w->cli("set table v6 key $_ data.gpt0 7") for '2001:db8::1', '192.0.2.1';
like $w->cli('show table v6 key 2001:db8::1'), qr/key=2001:db8::1 use=0 exp=0 shard=0 gpt0=7 gpc0=0$/m;
like $w->cli('show table v6'), qr/key=::ffff:192\.0\.2\.1 /, 'mapped';
$w->cli('set table s key a\ =\\\\b data.http_req_cnt 1');
like $w->cli('show table s'), qr/key=a\\ \\=\\\\b /, 'text is escaped';
$w->cli('set table i key 5 data.server_id 3 data.server_key srv3 data.gpc0 1');
like $w->cli('show table i'), qr/key=5 use=0 exp=\d+ shard=0 server_id=3 gpc0=1 server_key=srv3$/m;
$w->cli('set table p/t key 192.0.2.1 data.gpc0 4294967296');
like $w->cli('show table p/t'), qr/gpc0=4294967295$/m, 'what is too large is cut';

# Filters: all must hold
$w->cli("set table f key 192.0.2.$_ data.conn_cnt $_ data.gpc 1") for 2 .. 9;
sub found ($filter) {
	return join ' ', sort map { /key=192\.0\.2\.(\d+)/ ? $1 : () }
	    split /\n/, $w->cli("show table f $filter");
}
is found('data.conn_cnt eq 5'), '1 5';
is found('data.conn_cnt ne 5'), '2 3 4 6 7 8 9';
is found('data.conn_cnt le 3'), '2 3';
is found('data.conn_cnt ge 8'), '8 9';
is found('data.conn_cnt lt 3'), '2';
is found('data.conn_cnt gt 8'), '9';
is found('data.conn_cnt gt 4 data.gpc eq 1 data.conn_cnt lt 7'), '5 6';
is found('data.gpc[1] eq 3'), '1';
says 'clear table f data.conn_cnt gt 4 data.gpc eq 1', "\n";
is found('data.conn_cnt gt 0'), '1 2 3 4', 'cleared by filter';
says 'clear table f key 192.0.2.2', "\n";
is found(''), '1 3 4', 'cleared by key';
says 'clear table f', "\n";
is found(''), '', 'all cleared';

# A long answer
my %seen;
for my $from (map { $_ * 100 } 0 .. 29) {
	$w->cli(join ';', map { "set table i key @{[ $from + $_ ]} data.gpc0 1" } 0 .. 99);
}
my $all = $w->cli('show table i');
$seen{$_}++ for $all =~ /key=(\d+)/g;
is scalar(keys %seen), 3000, 'a long answer has all';
is scalar(grep { $_ > 1 } values %seen), 0, 'once';
like $all, qr/^# table: i, type: integer, size:102400, used:3000\n/;

# Errors
for (split /\n/, <<'ROWS') {
show table nope|No such table
set table nope key 1|No such table
clear table nope|No such table
show table f foo|Optional argument only supports "data.<store_data_type>" <operator> <value> and key <key>
clear table f foo|Optional argument only supports "data.<store_data_type>" <operator> <value> and key <key>
show table f key|Key value expected
show table f key zz|Invalid key
show table f data.gpx eq 1|Filter entry #1: Unknown data type
show table f data.gpc0 eq 1|Filter entry #1: Data type not stored in this table
show table f data.gpc[7] eq 1|Filter entry #1: Data type not stored in this table
show table f data.conn_cnt xx 1|Filter entry #1: Require and operator among "eq", "ne", "le", "ge", "lt", "gt"
show table f data.conn_cnt gt 1 data.conn_cnt|Filter entry #2: Require and operator among "eq", "ne", "le", "ge", "lt", "gt"
show table f data.conn_cnt gt zz|Filter entry #1: Require a valid integer value to compare against
clear table|Required arguments: <table> "data.<store_data_type>" <operator> <value> or <table> key <key>
set table|Required arguments: <table> key <key> [data.<store_data_type> <value>]*
set table f key 192.0.2.1 foo 3|"data.<type>" followed by a value expected
set table f key 192.0.2.1 data.gpc0 5|Data type not stored in this table
set table f key 192.0.2.1 data.conn_cnt|Require a valid integer value to store
set table f key 192.0.2.1 data.conn_cnt x|Require a valid integer value to store
set table f key zz data.conn_cnt 1|Invalid key
set table i key x|Invalid key
set table b key abc data.http_req_cnt 3|Inserting keys into tables of type other than ip, ipv6, string and integer is not supported
clear table b key abc|Removing keys from tables of type other than ip, ipv6, string and integer is not supported
show table b key abc|Showing keys from tables of type other than ip, ipv6, string and integer is not supported
ROWS
	my ($command, $want) = split /\|/, $_, 2;
	says $command, "$want\n\n";
}
says 'user;show table p/t', "\n" . "# table: p/t, type: ip, size:64, used:1\n" .
    "PTR: key=192.0.2.1 use=0 exp=0 shard=0 gpc0=4294967295\n\n", 'a user may look';
like $w->cli('operator;set table f key 192.0.2.1'), qr/Permission denied/, 'but not set';
like $w->cli('operator;clear table f'), qr/Permission denied/, 'nor clear';
done_testing;
