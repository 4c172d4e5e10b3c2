# What is known by name or number without a file: lists of ACLs with -u, virt@ and opt@
# maps and ACLs, variables that the global section sets.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $srv = Backend->new({ '/a' => response(200, 'a') });
my $cfg = <<'CFG';
global
	set-var proc.prio int(100)
	set-var proc.limit int(200),sub(proc.prio)
	set-var-fmt proc.text "at %[var(proc.limit)] of %[str(x)]"
	set-var proc.none var(proc.unknown)
defaults
	mode http
	timeout client 5s
	timeout connect 5s
	timeout server 5s
frontend fe
	bind "fd@${fe1}"
	acl first path -u 3 /first
	acl auto path /auto
	acl filed path -u 7 -f virt@paths
	acl later path -f "opt@${DIR}/missing.acl"
	acl agents req.hdr(user-agent) -i -f virt@agents
	http-request set-var(proc.prio) int(7) if { path /set }
	http-request return status 200 hdr m "%[path,map(virt@names,none)]" hdr b "%[path,map_beg(virt@names,none)]" hdr o "%[path,map(\"opt@${DIR}/missing.map\",none)]" hdr prio "%[var(proc.prio)]" hdr text "%[var(proc.text)]" if !first !filed !later !agents !auto
	http-request deny status 403 if first
	http-request deny status 405 if filed
	http-request deny status 410 if later
	http-request deny status 429 if agents
	http-request deny status 404
backend be
	server s1 "${SRV}"
CFG
my $w = Weir->new(binds => ['fe1'], env => { SRV => $srv->addr }, cfg => $cfg);
my $c = $w->http('fe1');
sub get ($path, %h) {
	return $c->request("GET $path HTTP/1.1\r\nHost: a\r\n" . join('', map { "$_: $h{$_}\r\n" } keys %h) . "\r\n");
}

# --- numbers of lists
my $dir = $w->dir;
my %list = map { /^(\d+) \(([^)]*)\)(?: acl '(\w+)')?/ ? ($1 => "$2|" . ($3 // '')) : () }
    split /\n/, $w->cli('show acl');
is $list{3}, '|path', '-u gives a number';
is $list{7}, '|path', 'also beside a file, which stays known by its name';
my @order = $w->cli('show acl') =~ /^(\d+) /mg;
is "@order", join(' ', sort { $a <=> $b } @order), 'in order of numbers';
is scalar(keys %list), scalar(@order), 'each number once';
is get('/b')->{status}, 200, 'nothing denied';
is get('/first')->{status}, 403, 'a list by its number';
is $w->cli('add acl #3 /b'), '', 'one more';
is get('/b')->{status}, 403, 'is in force';
$w->cli('add acl #7 /inline');
is get('/inline')->{status}, 405, 'the list beside the file';
is $w->cli('get acl #3 /b') =~ /match=yes/, 1, 'found there';
for (['-u 3 /x', qr/the id is already used/], ['-u x /y', qr/the argument of -u must be an integer/],
    ['-u', qr/the argument of -u must be an integer/]) {
	my $r = Weir->check("frontend f\n\tmode http\n\tbind 127.0.0.1:1\n\ttimeout client 1s\n\tacl a path -u 3 /a\n\tacl b path $_->[0]\n");
	like $r->{err}, $_->[1], "acl $_->[0]";
	is $r->{code}, 1, 'refused';
}
is Weir->check("frontend f\n\tmode http\n\tbind 127.0.0.1:1\n\ttimeout client 1s\n\tacl a path /a\n\tacl b path -u 0 /b\n")->{code},
    0, 'an id that would have been given in order';

# --- lists without a file
is get('/k')->{h}{m}, 'none', 'an empty map';
is $w->cli('add map virt@names /k v1'), '', 'it takes entries';
is_deeply [get('/k')->{h}->@{qw(m b)}], ['v1', 'v1'], 'for each of its uses';
is get('/kk')->{h}{b}, 'v1', 'by beginnings too';
is $w->cli("add map virt\@names <<\n/p1 one\n/p2 two\n\n"), '', 'many at once';
like $w->cli('show map virt@names'), qr/^0x\w+ \/p2 two$/m, 'shown by its name';
like $w->cli('show map'), qr/^\d+ \(virt\@names\) /m, 'in the list of maps';
is $w->cli('set map virt@names /k v2'), '', 'changed';
is get('/k')->{h}{m}, 'v2', 'in force';
is $w->cli('del map virt@names /k'), '', 'removed';
is get('/k')->{h}{m}, 'none', 'in force';
like $w->cli('prepare map virt@names'), qr/New version created: (\d+)/, 'a version';
$w->cli('add map @1 virt@names /v versioned');
is $w->cli('commit map @1 virt@names'), '', 'put into force';
is get('/v')->{h}{m}, 'versioned', 'whole';
is get('/p1')->{h}{m}, 'none', 'without the old entries';
is $w->cli('add acl virt@paths /virtual'), '', 'an ACL';
is get('/virtual')->{status}, 405, 'in force';
$w->cli('add acl virt@agents Crawler');
is get('/a', 'User-Agent' => 'crawler')->{status}, 429, 'without letter case';
is get('/a', 'User-Agent' => 'other')->{status}, 200, 'others pass';
is $w->cli("add acl opt\@$dir/missing.acl /late") =~ /Unknown ACL identifier/, 1, 'opt@ is not part of the name';
is $w->cli("add acl $dir/missing.acl /late"), '', 'a file that was not there';
is get('/late')->{status}, 410, 'in force';
$w->cli("add map $dir/missing.map /o here");
is get('/o')->{h}{o}, 'here', 'a map that was not there';
$w->write_file('missing.map', "/o file\n");
like $w->cli('reload'), qr/Success=1/, 'reload';
is get('/o')->{h}{o}, 'file', 'opt@ reads a file that is there now';

# --- variables
is $w->cli('get var proc.prio'), "proc.prio: type=sint value=<100>", 'set-var';
is $w->cli('get var proc.limit'), "proc.limit: type=sint value=<100>", 'lines in their order';
is get('/x')->{h}{text}, 'at 100 of x', 'set-var-fmt';
like $w->cli('get var proc.none'), qr/Variable not found/, 'no value, no variable';
get('/set');
is get('/x')->{h}{prio}, 7, 'a rule changes it';
like $w->cli('reload'), qr/Success=1/, 'reload';
is get('/x')->{h}{prio}, 7, 'and it stays';
$w->cli('add server be/dyn 127.0.0.1:1');
is get('/x')->{h}{prio}, 7, 'when a server is added, too';
$w->write_file('t.cfg', $cfg =~ s/prio int\(100\)/prio int(50)/r);
like $w->cli('reload'), qr/Success=1/, 'another value';
is get('/x')->{h}{prio}, 50, 'is set';
for (['set-var txn.a int(5)', qr/'set-var': cannot set variable 'txn\.a', only scope 'proc' is permitted/],
    ['set-var proc.a', qr/'set-var' requires a process-wide variable name \('proc\.<name>'\) and a sample expression/],
    ['set-var-fmt proc.a', qr/'set-var-fmt' requires a process-wide variable name \('proc\.<name>'\) and a format string/],
    ['set-var proc.a src', qr/src/], ['set-var-fmt proc.a %[path]', qr/path/]) {
	my $r = Weir->check("global\n\t$_->[0]\n");
	like $r->{err}, $_->[1], $_->[0];
	is $r->{code}, 1, 'refused';
}
done_testing;
