# The worked examples of conf/examples do what their comments say. In a network
# namespace of its own, because their ports are fixed.
use v5.36;
use Netns;
use Backend ();
use Cert;
use File::Temp;
use Weir;
use Test::More;

my $dir = File::Temp->newdir('weir-t-XXXXXX', TMPDIR => 1);
my $ca = Cert->new($dir);
mkdir "$dir/certs";
for my $name (qw(app shop)) {
	$ca->issue($name, san => ["DNS:$name.example.com"]);
	rename "$dir/$name.pem", "$dir/certs/$name.pem" or die;
}
Cert::spew("$dir/503.http", "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n");
my @srv = map { my $n = $_; Backend->new(sub ($q, @) { Backend::response($q->{path} eq '/missing' ? 404 : 200, "$n " .
    join ',', map { "$_=$q->{h}{$_}" } grep { /^x-/ } sort keys $q->{h}->%*) },
    port => 9000 + $n) } 1 .. 3;

my $w;
sub start ($file) {
	$w->stop if $w;
	open my $f, '<', "conf/examples/$file" or die;
	local $/;
	$w = Weir->new(cfg => scalar <$f>,
	    env => { CERTS => "$dir/certs", PAGES => "$dir", WEIR_RUN => "$dir" });
}
sub curl (@args) { return $w->curl('--cacert', $ca->file, @args)->{out} }

start('http-two-servers.cfg');
my %n;
$n{ (split ' ', curl('http://127.0.0.1:8080/'))[0] }++ for 1 .. 9;
is_deeply \%n, { 1 => 3, 2 => 6 }, 'weights of 10 and 20';
like curl('http://127.0.0.1:8080/'), qr/x-forwarded-for=127\.0\.0\.1/, 'forwardfor';
$_->stop for @srv[0, 1];
ok Weir::poll(sub { curl('http://127.0.0.1:8080/') =~ /^3/ }, 10), 'the spare';
$_->start for @srv[0, 1];

start('tls-termination.cfg');
like curl('-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', '-H', 'Host: app.example.com',
    'http://127.0.0.1:8080/x'), qr{^301 https://app\.example\.com/x}, 'plain HTTP is sent to HTTPS';
for (['app', '[12]'], ['shop', '3']) {
	my ($name, $want) = @$_;
	like curl('--resolve', "$name.example.com:8443:127.0.0.1", '-i', '-H', 'X-Forwarded-For: 1.2.3.4',
	    "https://$name.example.com:8443/"),
	    qr{strict-transport-security: max-age.*\r\n\r\n$want }s, "the servers of $name";
}
my $seen = curl('--resolve', 'app.example.com:8443:127.0.0.1', '-H', 'X-Forwarded-For: 1.2.3.4',
    'https://app.example.com:8443/');
like $seen, qr/x-forwarded-for=127\.0\.0\.1,x-forwarded-proto=https,x-tls=TLSv1\.3 TLS_/,
    'what servers are told';

start('canary.cfg');
%n = ();
$n{ (split ' ', curl('http://127.0.0.1:8080/'))[0] }++ for 1 .. 20;
is_deeply \%n, { 1 => 18, 2 => 2 }, 'one in ten';
like curl('-H', 'X-Canary: always', 'http://127.0.0.1:8080/'), qr/^2/, 'always';
like curl('-i', '-H', 'X-Canary: never', 'http://127.0.0.1:8080/'), qr/x-version: old/i, 'never';
like curl('-H', 'Cookie: group=beta; id=4', 'http://127.0.0.1:8080/'), qr/^2/, 'even ids';
is $w->cli('set server app/new weight 0'), '', 'off';
unlike join(' ', map { curl('http://127.0.0.1:8080/') =~ s/ .*//sr } 1 .. 20), qr/2/, 'no canary';

start('sticky.cfg');
my ($cart) = curl('-i', 'http://127.0.0.1:8080/') =~ /set-cookie: (CART=\w\|\S+\|\S+); path=\/; HttpOnly/i;
my %to;
$to{ (split ' ', curl('-H', "Cookie: $cart", 'http://127.0.0.1:8080/'))[0] }++ for 1 .. 4;
is keys %to, 1, 'a user stays';
like curl('-i', '-H', "Cookie: $cart", 'http://127.0.0.1:8080/'), qr{x-why: shop/[ab]; reason=cookie; since=}i,
    'and is told why';
%to = ();
$to{ (split ' ', curl('-H', "Cookie: $cart", 'http://127.0.0.1:8080/static/'))[0] }++ for 1 .. 20;
is keys %to, 2, 'static pages are balanced';
unlike curl('-i', 'http://127.0.0.1:8080/app'), qr/AWSELB/, 'no session, no cookie';

start('hardened.cfg');
my @ours = ('-H', 'Host: www.example.com', '-o', '/dev/null', '-w', '%{http_code}');
my $url = 'http://127.0.0.1:8080';
is curl(@ours, "$url/"), 200, 'a good request';
is curl('-o', '/dev/null', '-w', '%{http_code}', "$url/"), 404, 'another name';
is curl(@ours, '-X', 'PATCH', "$url/"), 405, 'an unknown method';
is curl(@ours, "$url/a/.git/config"), 403, 'a guess';
is curl(@ours, '-H', 'Content-Length: 99999999', "$url/"), 413, 'too much';
unlike curl('-H', 'Host: www.example.com', '-H', 'X-Real-IP: 1.1.1.1', "$url/"), qr/x-real-ip/,
    'claims of clients';
$_->stop for @srv;
is curl(@ours, "$url/"), 503, 'the page of the site';
$_->start for @srv;

start('limits.cfg');
my @code = ('-o', '/dev/null', '-w', '%{http_code}');
my %user;
for my $n (1 .. 20) {
	my $id = $n % 4;
	$user{$id}{ (split ' ', curl('-H', "Cookie: session=$id", "$url/"))[0] }++;
}
is_deeply [map { scalar keys %$_ } values %user], [1, 1, 1, 1], 'users stay on their server';
is join(' ', map { curl(@code, "$url/missing") } 1 .. 10), '404 ' x 9 . '404', 'ten errors';
is curl(@code, "$url/"), 403, 'and a ban';
$w->cli('set table clients key 127.0.0.1 data.gpt0 0 data.http_err_rate 0 data.conn_rate 0');
my @open = map { RawHTTP->new(port => 8080) } 1 .. 20;
is $_->get('/')->{status}, 200, 'lifted' for $open[-1];
ok RawHTTP->new(port => 8080)->is_closed, 'one connection too many';
my %told;
$told{ $open[0]->get('/')->{status} }++ for 1 .. 120;
ok $told{200} && $told{429} && keys %told == 2, 'too many requests are told to wait';

# Only that it starts: its servers would have to speak TLS.
start('tcp-sni.cfg');
like $w->cli('show servers state web'), qr/web1/, 'tcp-sni.cfg';
my $c = RawHTTP->new(port => 8443);
$c->send("GET / HTTP/1.0\r\n\r\n");
ok $c->is_closed, 'what is no TLS is closed';
done_testing;
