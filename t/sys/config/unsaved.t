# show config unsaved: what runs and stands in no file.
use v5.36;
use Backend qw(:all);
use CLI;
use Weir;
use Test::More;

my $srv = Backend->new({ '*' => response(200) });
my $cfg = <<'CFG';
global
	maxconn 500
	api-may-override on
defaults
	mode http
	timeout client 5s
	timeout connect 5s
	timeout server 5s
frontend f
	bind "fd@${fe}"
	maxconn 100
	use_backend b if { src -f "${DIR}/list" }
	http-request return status 200 content-type text/plain lf-string "%[path,map(${DIR}/map)]"
backend b
	balance roundrobin
	server s1 "${SRV}" weight 10
	server s2 "${SRV}" disabled
	server s3 "${SRV}" check inter 1h
	server s4 "${SRV}"
provider p
	type test
launch-config l
	provider p
scaling-group g
	launch-config l
	backend b
	size 1 3
	policy up simple change +1
alarm a
	metric Latency balancer b
	threshold > 2s
	missing-data ignore
CFG
my $w = Weir->new(binds => ['fe'], cfg => $cfg, env => { SRV => $srv->addr },
    files => { list => "192.0.2.1\n", map => "/a 1\n" });

sub unsaved () {
	my $text = $w->cli('show config unsaved') =~ s/\n+\z//r;
	return $text eq '' ? '' : "$text\n";
}
is unsaved(), '', 'nothing at first';
$w->cli($_) for 'set maxconn global 400', 'set rate-limit sessions global 50',
    'set maxconn frontend f 60', 'disable frontend f', 'set weight b/s1 3', 'enable server b/s2',
    'set maxconn server b/s3 7', 'disable health b/s3', 'set server b/s4 state drain',
    'set server b/s4 addr 127.0.0.2 port 99', "add server b/dyn @{[$srv->addr]} weight 4",
    'unpublish backend b', "add map @{[$w->file('map')]} /b 2", "add acl @{[$w->file('list')]} 192.0.2.2",
    'group set-size g min 2 max 5', 'group suspend g AZRebalance', 'policy disable g/up',
    'alarm disable a', 'scaling pause reason maintenance';
my $srv_addr = $srv->addr;
my $dir = $w->dir;
is unsaved(), <<"END", 'what commands changed';
\@\@ global \@\@
-maxconn 500
+maxconn 400
+maxsessrate 50
\@\@ backend b \@\@
+server dyn $srv_addr weight 4
\@\@ frontend f \@\@
+disabled # paused
-maxconn 100
+maxconn 60
\@\@ backend b \@\@
+be-unpublished
-server s1 weight 10
+server s1 weight 3
-server s2 disabled
+server s3 maxconn 7
-server s3 check
+server s4 # state drain
+server s4 127.0.0.2:99
+server dyn disabled
\@\@ acl $dir/list \@\@
+# 2 entries, see 'show acl #0'
\@\@ map $dir/map \@\@
+# 2 entries, see 'show map #1'
\@\@ scaling-group g \@\@
-size 1 3
+size 2 5
+suspend AZRebalance
-policy up # disabled
\@\@ scaling \@\@
+# paused: maintenance
\@\@ alarm a \@\@
-actions on
+actions off
END
like $w->cli('show config unsaved version 1'), qr/There are no versions without 'state-dir'/;
like $w->cli('reload confirm 5m'), qr/'confirm' needs 'state-dir'/;

# the text itself, edited and not loaded
$w->write_file('t.cfg', $cfg =~ s/roundrobin/leastconn/r =~ s/(server s4.*\n)/$1\tserver s5 127.0.0.1:1\n/r);
like unsaved(), qr/^--- \S+t\.cfg\n\+\+\+ in service\n\@\@ -15 \+15 \@\@
-\tbalance leastconn\n\+\tbalance roundrobin\n\@\@ -20 \+19,0 \@\@\n-\tserver s5 127.0.0.1:1\n\@\@ global/,
    'the files were edited';
is $w->stop, 143;
done_testing;
