# Map files and ACL lists: converters, and their commands on the socket.
use v5.36;
use Weir;
use Test::More;

my $w = Weir->new(defaults => 'http', binds => ['fe1'], files => {
    'hosts.map' => "# names\nwww.example.com   app one\nexample.com other\n",
    'paths.map' => "/ root\n/a A\n/ab AB\n/a/long/one\tdeep\n",
    'nets.map' => "10.0.0.0/8 ten\n10.1.0.0/16 ten-one\n::1 six\n127.0.0.0/8 80\n",
    'ends.map' => ".jpg image\n.html text\n", 'subs.map' => "x yes\n", 'codes.map' => "200:299 ok\n404 none\n",
    're.map' => "^/r[0-9]+\$ number\n^/r word\n", 'ips.map' => "a 1.2.3.4\n",
    'bad.acl' => "/evil\n/worse\n" }, cfg => <<'CFG');
frontend fe
	bind "fd@${fe1}"
	acl bad path -f "${DIR}/bad.acl"
	acl known path -M -f "${DIR}/paths.map"
	acl inline path /in1 /in2
	use_backend one if { path /ub/1 }
	use_backend two if { path /ub/2 }
	use_backend three if { path /ub/3 }
	use_backend three if { path /ub/5 }
	default_backend rest
	http-request deny if bad
	http-request return status 200 hdr known yes if { path /ab } known
	http-request return status 200 hdr inline yes if inline
	http-request return status 200 hdr str "%[req.hdr(host),map(\"${DIR}/hosts.map\",none)]" hdr str2 "%[req.hdr(host),map_str(\"${DIR}/hosts.map\")]" hdr str3 "%[req.hdr(host),map_str_str(\"${DIR}/hosts.map\")]" if { path /str }
	http-request return status 200 hdr beg "%[path,map_beg(\"${DIR}/paths.map\",none)]" hdr beg2 "%[path,map_beg_str(\"${DIR}/paths.map\",none)]" hdr end "%[path,map_end(\"${DIR}/ends.map\",none)]" hdr end2 "%[path,map_end_str(\"${DIR}/ends.map\",none)]" hdr sub "%[path,map_sub(\"${DIR}/subs.map\",no)]" hdr reg "%[path,map_reg(\"${DIR}/re.map\",no)]" hdr dir "%[path,map_dir(\"${DIR}/subs.map\",no)]" hdr dom "%[path,map_dom(\"${DIR}/subs.map\",no)]" hdr ip "%[req.hdr(x-ip),map_ip(\"${DIR}/nets.map\",none)]" hdr port "%[src,map_ip_int(\"${DIR}/nets.map\",1),add(1)]" hdr code "%[url_param(c),map_int(\"${DIR}/codes.map\",bad)]" hdr addr "%[url_param(k),map_str_ip(\"${DIR}/ips.map\",9.9.9.9),ipmask(16)]" unless { path_beg /ub }
backend one
	http-request return status 200 hdr backend one
backend two
	http-request return status 200 hdr backend two
backend three
	http-request return status 200 hdr backend three
backend rest
	http-request return status 200 hdr backend rest
CFG
my $dir = $w->dir;
my $c = $w->http('fe1');
sub head ($path, @lines) {
	my $r = $c->request(join "\r\n", "GET $path HTTP/1.1", @lines, '', '');
	return $r->{h};
}

# --- converters
my $h = head('/str', 'Host: www.example.com');
is_deeply [@$h{qw(str str2 str3)}], [('app one') x 3], 'a string, its value has a blank';
$h = head('/str', 'Host: nobody');
is $h->{str}, 'none', 'a default';
is $h->{str2} // '', '', 'no default';
$h = head('/abc', 'Host: a', 'X-IP: 10.1.2.3');
is_deeply [@$h{qw(beg beg2 ip)}], ['AB', 'AB', 'ten-one'], 'the longest beginning, the smallest network';
is $h->{port}, 81, 'an integer';
$h = head('/a/long/one/x.jpg?c=250&k=a', 'Host: a', 'X-IP: 10.9.2.3');
is_deeply [@$h{qw(beg end end2 sub ip code)}], ['deep', 'image', 'image', 'yes', 'ten', 'ok'], 'others';
is $h->{addr}, '1.2.0.0', 'an address';
$h = head('/r15?c=404&k=z', 'Host: a', 'X-IP: ::1');
is_deeply [@$h{qw(reg ip code addr)}], ['number', 'six', 'none', '9.9.0.0'], 'the first expression that matches';
$h = head('/y/x/z?c=1', 'Host: a', 'X-IP: nonsense');
is_deeply [@$h{qw(dir dom ip code)}], ['yes', 'yes', 'none', 'bad'], 'components';
is head('/ab', 'Host: a')->{known}, 'yes', 'an ACL with the keys of a map';

# --- what there is
my $maps = $w->cli('show map');
like $maps, qr{^# id \(file\) description\n}, 'show map';
like $maps, qr{^\d+ \(\Q$dir\E/hosts\.map\) pattern loaded from file '\Q$dir\E/hosts\.map' used by map at file '\S+' line \d+\. curr_ver=0 next_ver=0 entry_cnt=2$}m,
    'a map';
my $acls = $w->cli('show acl');
like $acls, qr{^(\d+) \(\Q$dir\E/bad\.acl\) pattern loaded from file '.*' used by acl at file '\S+' line \d+\. curr_ver=0 next_ver=0 entry_cnt=2$}m,
    'show acl';
my ($inline) = $acls =~ /^(\d+) \(\) acl 'path' file '\S+' line \d+\. curr_ver=0 next_ver=0 entry_cnt=2$/m;
ok defined $inline, 'patterns on a line';
like $w->cli("show map $dir/hosts.map"), qr/^0x[0-9a-f]+ www\.example\.com app one\n0x[0-9a-f]+ example\.com other$/, 'entries';
like $w->cli("get map $dir/paths.map /abx"), qr/^type=beg, case=sensitive, found=yes, idx=tree, key="\/ab", value="AB", type="str"$/m,
    'get map';
is $w->cli("get map $dir/hosts.map zzz") =~ /^type=str, case=sensitive, found=no$/m, 1, 'not found';
is $w->cli("get acl $dir/bad.acl /evil"), 'type=str, case=sensitive, match=yes, idx=tree, pattern="/evil"', 'get acl';
is $w->cli("get acl $dir/bad.acl /good"), 'type=str, case=sensitive, match=no', 'no match';

# --- changes
is $w->cli("add map $dir/hosts.map new.example.com fresh"), '', 'add map';
is head('/str', 'Host: new.example.com')->{str}, 'fresh', 'is in force';
is $w->cli("set map $dir/hosts.map new.example.com other"), '', 'set map';
is head('/str', 'Host: new.example.com')->{str}, 'other', 'is in force';
is $w->cli("del map $dir/hosts.map new.example.com"), '', 'del map';
is head('/str', 'Host: new.example.com')->{str}, 'none', 'is in force';
is $w->cli("add acl $dir/bad.acl /new"), '', 'add acl';
is $c->get('/new')->{status}, 403, 'is in force';
is $w->cli("add acl #$inline /in3"), '', 'by id';
is head('/in3', 'Host: a')->{inline}, 'yes', 'is in force';
is $w->cli("del acl $dir/bad.acl /new"), '', 'del acl';
is $c->get('/new')->{status}, 200, 'is in force';
my ($ref) = $w->cli("show acl $dir/bad.acl") =~ /^(0x[0-9a-f]+) \/worse$/m;
is $w->cli("del acl $dir/bad.acl #$ref"), '', 'by reference';
is $c->get('/worse')->{status}, 200, 'is in force';
{
	my $s = $w->cli_session;
	$s->send("add map $dir/hosts.map <<\nk1 v1\nk2 v two\n\n");
	is $s->read_all, "\n", 'a payload';
}
is head('/str', 'Host: k2')->{str}, 'v two', 'is in force';
is $w->cli("clear acl $dir/bad.acl"), '', 'clear acl';
is $c->get('/evil')->{status}, 200, 'is in force';

# --- versions
is $w->cli("prepare map $dir/hosts.map"), 'New version created: 1', 'prepare map';
is $w->cli("add map \@1 $dir/hosts.map k1 newer; add map \@1 $dir/hosts.map k3 v3"), '', 'its entries';
is head('/str', 'Host: k1')->{str}, 'v1', 'are not in force';
like $w->cli("show map \@1 $dir/hosts.map"), qr/^0x\S+ k1 newer\n0x\S+ k3 v3$/, 'but shown';
is $w->cli("commit map \@1 $dir/hosts.map"), '', 'commit map';
is_deeply [map { head('/str', "Host: $_")->{str} } qw(k1 k2 k3)], ['newer', 'none', 'v3'], 'all at once';
like $w->cli('show map'), qr/hosts\.map' .*curr_ver=1 next_ver=1 entry_cnt=2/, 'the version';
is $w->cli("prepare acl $dir/bad.acl; add acl \@1 $dir/bad.acl /v; commit acl \@1 $dir/bad.acl"),
    'New version created: 1', 'prepare and commit acl';
is $c->get('/v')->{status}, 403, 'is in force';
is $w->cli("prepare map $dir/hosts.map; clear map \@2 $dir/hosts.map; commit map \@2 $dir/hosts.map"),
    'New version created: 2', 'an empty one';
is head('/str', 'Host: k1')->{str}, 'none', 'is empty';

# --- a run of use_backend rules that is passed over at once sees changes, too
is head('/ub/4', 'Host: a')->{backend}, 'rest', 'none of a run';
my ($ub) = grep { $w->cli("show acl #$_") =~ m{ /ub/2$} } $w->cli('show acl') =~ /^(\d+) /mg;
is $w->cli("add acl #$ub /ub/4"), '', 'a pattern is added';
is head('/ub/4', 'Host: a')->{backend}, 'two', 'and found';

# --- errors
my $big = 'Unknown map identifier. Please use #<id> or <file>.';
is $w->cli('show map #99'), $big, 'unknown';
is $w->cli('show map /nope'), $big, 'by file';
is $w->cli('get acl #99 x'), 'Unknown ACL identifier. Please use #<id> or <file>.', 'unknown ACL';
is $w->cli('get map'), 'Missing map identifier and/or key.', 'no key';
is $w->cli("add map $dir/hosts.map k"), "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload", 'no value';
is $w->cli("add acl $dir/bad.acl"), "'add acl' expects two parameters: ACL identifier and pattern.", 'no pattern';
is $w->cli("del map $dir/hosts.map"), 'This command expects two parameters: map identifier and key.', 'no key to delete';
is $w->cli("del map $dir/hosts.map nope"), 'Key not found.', 'key not there';
is $w->cli("set map $dir/hosts.map nope v"), 'entry not found.', 'entry not there';
is $w->cli("set map $dir/hosts.map nope"), "'set map' expects three parameters: map identifier, key and value.", 'no value to set';
is $w->cli("commit map \@9 $dir/hosts.map"), "Version number in the future, please use 'prepare map' before.", 'a version to come';
is $w->cli("commit map $dir/hosts.map"), 'Missing version number.', 'no version';
is $w->cli('clear map'), 'Missing map identifier.', 'nothing named';
like $w->cli("add map $dir/nets.map 1.2.3.4.5 v"), qr/'1\.2\.3\.4\.5' is not a valid IPv4 or IPv6 address/, 'a key that is none';
like $w->cli("show map $dir/nets.map"), qr/::1 six/, 'changes nothing';
unlike $w->cli("show map $dir/nets.map"), qr/1\.2\.3\.4\.5/, 'at all';

# --- a server that is added changes nothing of it
is $w->cli("add map $dir/hosts.map stays here"), '', 'an entry';
like $w->cli("prepare map $dir/hosts.map"), qr/^New version created: (\d+)/, 'a version';
my ($version) = $w->cli("prepare map $dir/hosts.map") =~ /(\d+)$/;
like $w->cli('add server one/new 127.0.0.1:1'), qr/^New server registered\./, 'a server';
like $w->cli("show map $dir/hosts.map"), qr/ stays here$/m, 'the entry is there';
is head('/str', 'Host: stays')->{str}, 'here', 'and is found';
is $w->cli("add map \@$version $dir/hosts.map k v"), '', 'the version too';

# --- a reload reads the files again
like $w->cli('reload'), qr/^Success=1/, 'reload';
is $c->get('/evil')->{status}, 403, 'the file counts';
like Weir->check("defaults\n\tmode http\nfrontend f\n\tbind :0\n\thttp-request set-header x %[path,map(/nope)]\n")->{err},
    qr{failed to open pattern file </nope>}, 'a file that is not there';
# --- all of them are taken
my @all = qw(map map_str map_str_str map_str_int map_str_ip map_beg map_beg_str map_beg_int map_beg_ip
    map_end map_end_str map_end_int map_end_ip map_sub map_sub_str map_sub_int map_sub_ip
    map_dir map_dir_str map_dir_int map_dir_ip map_dom map_dom_str map_dom_int map_dom_ip
    map_reg map_reg_str map_reg_int map_reg_ip map_int map_int_str map_int_int map_int_ip
    map_ip map_ip_str map_ip_int map_ip_ip);
my $each = join '', map { "\thttp-request set-header x %[" .
    (/^map_int/ ? 'req.hdr_cnt(a)' : /^map_ip/ ? 'src' : 'path') . ",$_($dir/" .
    (/^map_int/ ? 'codes' : /^map_ip/ ? 'nets' : /^map_reg/ ? 're' : 'ips') . ".map,1)]\n" } @all;
is Weir->check("defaults\n\tmode http\n\ttimeout client 5s\nfrontend f\n\tbind unix\@/tmp/weir-t\n$each")->{err}, '',
    'all converters';
done_testing;
