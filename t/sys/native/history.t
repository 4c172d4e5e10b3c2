# show snapshot, show history, show histogram, show balancers.
use v5.36;
use Backend qw(:all);
use JSON::PP;
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a'), '/no' => response(404, 'n') });
my $w = Weir->new(defaults => 'http', binds => ['fe1'], unix => ['user1'],
    env => { SRV => $srv->addr }, files => { 'more.cfg' => '' }, cfg => <<'CFG');
global
	stats socket "fd@${user1}" level user
	metrics-memory 4m
	default-zone eu-1a
frontend fe
	bind "fd@${fe1}"
	default_backend be
frontend other
	balancer shop
	bind "unix@${DIR}/o.sock"
frontend lonely
	bind "unix@${DIR}/l.sock"
backend be
	balancer shop
	slo p99.9 250ms
	server s1 "${SRV}"
	server s2 127.0.0.1:1 disabled zone eu-1b
backend quiet
CFG

# --- show balancers
is $w->cli('show balancers'), "#name,frontends,backend,zones,owner\n" .
    "shop,fe other,be,eu-1a eu-1b,file\nquiet,,quiet,,file", 'show balancers';

# --- show snapshot
sub snapshot ($q) {
	my @l = split /\n/, $w->cli($q);
	my %s = (rows => {}, gone => []);
	$s{head} = { map { split /=/, $_, 2 } split / /, $l[0] =~ s/^#snapshot //r };
	$s{end} = pop @l;
	my @names;
	for (@l[1 .. $#l]) {
		@names = split /,/, substr $_, 6 if /^#stat,/;
		push @{ $s{gone} }, $1 if /^-stat,(.*)/;
		next unless s/^stat,//;
		my @f = map { s/^"|"$//gr } /("(?:[^"]|"")*"|[^,]*),/g;
		is scalar(@f), scalar(@names), "a row is as wide as its header" if @f != @names;
		my %r;
		@r{@names} = @f;
		$s{rows}{"$r{pxname}/$r{svname}"} = \%r;
	}
	return \%s;
}
my $s = snapshot('show snapshot');
is $s->{head}{v}, 1, 'a version';
is $s->{head}{full}, 1, 'the first one is full';
is $s->{head}{pid}, $w->pid, 'the pid';
like $s->{head}{now}, qr/^\d{10}\.\d{3}$/, 'the time';
is_deeply [sort keys %{ $s->{rows} }], [qw(be/BACKEND be/s1 be/s2 fe/FRONTEND lonely/FRONTEND
    other/FRONTEND quiet/BACKEND)], 'all rows';
is $s->{end}, '#end rows=7', 'the end';
$s = snapshot("show snapshot since $s->{head}{gen}");
is_deeply [$s->{head}{full}, $s->{end}], [0, '#end rows=0'], 'nothing changed';
my $gen = $s->{head}{gen};
my $before = $gen;

$w->http('fe1')->get('/a') for 1 .. 20;
$w->http('fe1')->get('/no');
$s = snapshot("show snapshot since $gen");
is_deeply [sort keys %{ $s->{rows} }], [qw(be/BACKEND be/s1 fe/FRONTEND)], 'what changed';
is $s->{rows}{'be/s1'}{stot}, 21, 'with its values';
ok $w->wait_for(sub {
	$s = snapshot("show snapshot since $before");
	($s->{rows}{'be/s1'} // {})->{p99_us};
}), 'percentiles come with the tick';
ok $s->{head}{gen} > $before, 'a generation a tick';
my ($p50, $p90, $p99) = @{ $s->{rows}{'be/s1'} }{qw(p50_us p90_us p99_us)};
ok $p50 > 0 && $p50 <= $p90 && $p90 <= $p99, "p50 $p50, p90 $p90, p99 $p99";
is $s->{rows}{'fe/FRONTEND'}{p50_us}, '', 'a frontend has none';
is_deeply [@{ $s->{rows}{'be/BACKEND'} }{qw(slo_us slo_percentile)}], [250000, 99.9], 'slo';
like $w->cli('show snapshot only info'),
    qr/\n#info,Name,Version,.*,\ninfo,weir,.*\n#end rows=1$/, 'the process';
like $w->cli('show snapshot only info,stat'), qr/\ninfo,.*\n#stat,/, 'both';
is $w->cli('show snapshot only policies'), "There are no 'policies' rows: 'only' takes stat, info, "
    . 'group, instance, alarm, policy, lua.',
    'what there is not';
is $w->cli('show snapshot since x'), "'since' expects a generation.", 'no generation';
like $w->cli('show snapshot bla'), qr/^Unknown word 'bla'/, 'another word';
is snapshot('show snapshot since 5')->{head}{full}, 1, 'a generation of another process';
is snapshot('show snapshot since 99999999999')->{head}{full}, 1, 'one to come';
my $user = CLI->new($w->path('user1'))->ask('show snapshot');
unlike $user, qr/127\.0\.0\.1/, 'a user sees no addresses';

# a server that goes
$gen = snapshot('show snapshot')->{head}{gen};
$w->write_file('t.cfg', $w->read_file('t.cfg') =~ s/^\s+server s2.*\n//mr);
like $w->cli('reload'), qr/^Success=1/, 'reload';
ok $w->wait_for(sub {
	$s = snapshot("show snapshot since $gen");
	"@{ $s->{gone} }" eq 'be,s2';
}), 'a row that is gone';

# --- show history
my @rows;
ok $w->wait_for(sub {
	@rows = split /\n/, $w->cli('show history be');
	grep { /^\d+,[^,]*[1-9]/ } @rows;
}), 'history of a backend';
is $rows[0], '#t,req_rate,rate,scur,qcur,bin,bout,hrsp_2xx,hrsp_4xx,hrsp_5xx,errors,p50_us,p99_us',
    'the named dozen';
is scalar(grep { tr/,// != 12 } @rows), 0, 'each row is as wide';
my @t = map { /^(\d+)/ ? $1 : () } @rows;
is_deeply \@t, [$t[0] .. $t[-1]], 'a row a second, no second left out';
my ($sum, $no, $peak) = (0, 0, 0);
for (@rows[1 .. $#rows]) {
	my @f = split /,/, $_, -1;
	$sum += $f[7] || 0;
	$no += $f[8] || 0;
	$peak ||= $f[11];
}
ok abs($sum - 20) <= 3 || $sum == 0, "requests a second, about 20 in all ($sum)";
ok $w->wait_for(sub { $w->cli('show history be s1 fields scur,p99_us,bout.max') =~ /^\#t,scur,p99_us,bout\.max\n/ }),
    'chosen fields of a server';
my $j = decode_json($w->cli('show history fe FRONTEND fields req_rate from -10m json'));
is_deeply [@$j{qw(proxy server step)}, $j->{fields}], ['fe', 'FRONTEND', 1, ['t', 'req_rate']], 'as JSON';
ok @{ $j->{rows} } > 0, 'with rows';
like $w->cli('show history be fields bla'), qr/^Unknown field 'bla': there are req_rate, rate, scur/, 'unknown field';
is $w->cli('show history nobody'), 'No such proxy.', 'unknown proxy';
is $w->cli('show history be nobody'), 'No such server.', 'unknown server';
is $w->cli('show history be step 7s'), "'step' is one of 1s, 10s, 60s, 300s and 3600s.", 'odd step';
like $w->cli('show history be from yesterday'), qr/^'from' expects a time/, 'odd time';
like $w->cli('show history be from -1m to -2m'), qr/later/, 'backwards';
like $w->cli('show history be from 2020-01-01T00:00:00Z to 2020-01-02'), qr/^#t,\S+$/, 'nothing was then';
like $w->cli('show history be step 3600s'), qr/^#t,\S+$/, 'no hour is over yet';

# --- show histogram
like $w->cli('show histogram be phase connect'),
    qr/^#histogram v=1 unit=us lo=64 hi=64000000 sub=8 n=160 phase=connect(?:\n|$)/, 'the header';
is $w->cli('show histogram be s1 phase queue'), 'A server has the phase total only.', 'of a server';
is $w->cli('show histogram fe FRONTEND'), 'A frontend has no histograms.', 'of a frontend';
like $w->cli('show histogram be phase x'), qr/^'phase' is one of/, 'odd phase';
SKIP: {
	skip 'takes ten seconds: WEIR_SLOW', 2 unless $ENV{WEIR_SLOW};
	my $h;
	ok $w->wait_for(sub { ($h = $w->cli('show histogram be')) =~ /\n/ }, 15), 'a slot is over';
	my ($n, $b) = $h =~ /^\d+,(\d+),(.*)$/m;
	my $in = 0;
	$in += $1 while $b =~ /\d+:(\d+)/g;
	is $in, $n, 'the buckets have them all';
}
done_testing;
