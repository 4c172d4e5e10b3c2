# `stick on` with a thousand users and three servers: each user keeps his server;
# when one dies its users move and stay where they went, the others never notice;
# when it is back nobody moves. A reload keeps all of it.
use v5.36;
use Weir;
use Backend qw(:all);
use Test::More;

my @srv = map { my $n = $_; Backend->new(sub ($) { response(200, "s$n") }) } 1 .. 3;
my $cfg = <<'CFG';
frontend f
	bind "fd@${fe}"
	stickiness-header
	default_backend b
backend b
	balance roundrobin
	option redispatch
	retries 1
	stick-table type string len 20 size 2k expire 1h
	stick on hdr(x-user)
	default-server check inter 20ms fastinter 20ms downinter 20ms rise 1 fall 1
	server s1 "${S1}"
	server s2 "${S2}"
	server s3 "${S3}"
CFG
my $w = Weir->new(defaults => 'http', binds => ['fe'], cfg => $cfg,
    env => { map { ("S$_", $srv[$_ - 1]->addr) } 1 .. 3 });
my $c = $w->http('fe');
my ($bad, %home) = 0;

sub visit ($user) {
	my $r = $c->get("/", "X-User: $user");
	$bad++ if $r->{status} != 200;
	return $r->{body};
}
sub visits () { return map { $_ => visit($_) } map { "user$_" } 1 .. 1000 }
sub count_of (%h) { my %n; $n{$_}++ for values %h; return \%n }
sub moved ($from, $to) { return grep { $from->{$_} ne $to->{$_} } keys %$from }

$w->wait_status('b', "s$_", 'UP') for 1 .. 3;
%home = visits();
is_deeply count_of(%home), { s1 => 334, s2 => 333, s3 => 333 }, 'spread evenly';
is_deeply [moved(\%home, { visits() })], [], 'each comes back to his server';
like $w->cli('show table b'), qr/^# table: b, type: string, size:2048, used:1000$/m, 'all known';
like $w->cli('show table b key user7'),
    qr/^0x\w+: key=user7 use=0 exp=3\d+ shard=0 server_id=\d server_key=$home{user7}$/m,
    'an entry has number and name of the server';

$srv[1]->stop;
$w->wait_status('b', 's2', 'DOWN');
my %then = visits();
is_deeply [grep { $home{$_} ne 's2' } moved(\%home, \%then)], [], 'others stay when one dies';
is scalar(moved(\%home, \%then)), 333, 'its users move';
is_deeply [moved(\%then, { visits() })], [], 'and stay where they went';

$srv[1]->start;
$w->wait_status('b', 's2', 'UP');
is_deeply [moved(\%then, { visits() })], [], 'nobody moves when it is back';
is visit('new1'), 's2', 'new users find it' if visit('new0') ne 's2' && visit('new2') ne 's2';

$w->write_file('t.cfg', $cfg =~ s/expire 1h/expire 2h/r);
like $w->cli('reload'), qr/Success/i, 'reload';
is_deeply [moved(\%then, { visits() })], [], 'entries stay over a reload';
like $w->cli('show table b key user7'), qr/ exp=7\d{6} /, 'with the new time';

like $w->cli('show stickiness b key user7'), qr/^user7,$then{user7},table,\d{4}-[^,]+Z,\d{4}-/m,
    'show stickiness';
like $c->get('/', 'X-User: user7')->{h}{'x-stickiness'},
    qr{^b/$then{user7}; reason=table; since=\d{4}-\S+Z; until=\d{4}-\S+Z$}, 'as clients see it';
like $w->cli('show stickiness b key nobody'), qr/^Key not found\.$/m, 'of nobody';
is scalar(grep { /^user\d+,s\d,table,/ } split /\n/, $w->cli('show stickiness b max 1200')), 1000,
    'all users';

# a server that is added at run time
my $more = Backend->new(sub ($) { response(200, 's9') });
like $w->cli('add server b/s9 ' . $more->addr), qr/registered/, 'add server';
$w->cli('enable server b/s9');
$w->wait_for(sub { visit('more' . rand) eq 's9' });
my ($entry) = grep { /server_key=s9$/ } split /\n/, $w->cli('show table b');
like $entry, qr/ key=more0\.\d+ .* server_id=4 server_key=s9$/, 'is remembered by its name';
is visit($entry =~ s/^\S+ key=(\S+).*/$1/r), 's9', 'and found again';
$w->cli('clear table b data.server_id eq 4; disable server b/s9');
like $w->cli('wait 2s srv-removable b/s9; del server b/s9'), qr/deleted|Server/, 'and goes';

# moved back by hand, to a name that a later server has
$w->cli('set table b key user7 data.server_id 3 data.server_key s3');
is visit('user7'), 's3', 'set table moves a user';
$w->write_file('t.cfg', $cfg =~ s/server s1/server s0 "\${S1}"\n\tserver s1/r);
like $w->cli('reload'), qr/Success/i, 'a server before the others';
is visit('user7'), 's3', 'servers are known by name';

$w->write_file('t.cfg', $cfg =~ s/size 2k/size 3k/r);
like $w->cli('reload'), qr/Success/i, 'another size';
like $w->cli('show table b'), qr/size:3072, used:0$/m, 'is a new table';
like $w->stderr, qr/stick-table 'b': its size changed.*; 100\d entries of the old one are lost/,
    'and the log says what was lost';
is $bad, 0, 'no request failed';
done_testing;
