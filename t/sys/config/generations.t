# Generations of the configuration: written at start and at each reload that changes
# something, shown, taken back, confirmed or not.
use v5.36;
use File::Temp;
use Weir;
use Test::More;

my $dir = File::Temp->newdir;

sub cfg ($text) {
	return <<"CFG";
global
	state-dir "\${DIR}"
	setenv MY_TOKEN geheim
userlist u
	user anna insecure-password geheim
	# user old password geheim
defaults
	mode http
	timeout client 5s
	timeout connect 5s
	timeout server 5s
frontend f
	bind "fd@\${fe}"
	stats auth "admin:geheim"
	http-request set-header Authorization "Bearer geheim" if FALSE
	http-request return status 200 content-type text/plain string "$text"
CFG
}

my $w = Weir->new(binds => ['fe'], keep => 1, args => ['-T', '2013-02-15T16:31:56Z'],
    env => { DIR => "$dir" }, cfg => cfg('one'));

sub body () { return $w->http('fe')->get->{body} }
sub edit ($text) { $w->write_file('t.cfg', cfg($text) =~ s/\$\{DIR\}/$dir/r) }
sub versions () {
	my ($head, @rows) = split /\n/, $w->cli('show config versions') =~ s/\n+\z//r;
	return map { my %r; @r{split /,/, $head =~ s/^#\s*//r} = split /,/, $_, -1; \%r } @rows;
}
sub linked ($n) {
	return $w->wait_for(sub { (readlink("$dir/config/current") // '') eq $n }, 5, "current $n");
}

is body(), 'one';
linked(1);
my ($v) = versions();
is "$v->{version} $v->{by} $v->{files} $v->{state}", '1 start 2 current', 'the start is version 1';
is $v->{time}, '1360945916.000', 'its time is the schedule clock\'s';
my ($file) = glob "$dir/config/1/001-t.cfg";
like do { open my $fh, '<', $file or die; local $/; <$fh> }, qr/string "one"/, 'its text is there';
is +(stat $file)[2] & 0777, 0600, 'for nobody else';

like $w->cli('reload'), qr/Success=1/;
is scalar versions(), 1, 'the same text is no new version';

edit('two');
like $w->cli('reload check'), qr/^Success=1\n--\n.*It could be put into service; nothing was changed/s,
    'reload check';
is body(), 'one', 'nothing has changed';
like $w->cli('show config file'), qr/string "two"/, 'show config file: what is on disk';
like $w->cli('show config running'), qr/string "one"/, 'show config running: what is in service';
unlike $w->cli($_), qr/geheim/, "$_: no secret" for 'show config running', 'show config file',
    'show config file version 1';
like $w->cli('show config running'), qr/user anna insecure-password <hidden>/, 'they are hidden';
like $w->cli('reload comment the second one'), qr/Success=1/;
is body(), 'two';
linked(2);
is +(versions())[1]{comment}, 'the second one', 'with its comment';
like +(versions())[1]{by}, qr/^uid \d+ pid \d+$/, 'and who it was';

edit('broken" "');
like $w->cli('reload check'), qr/^Success=0\n--\n.*could not be put into service/s, 'a bad file';
like $w->cli('reload'), qr/^Success=0/;
is scalar versions(), 2, 'is no version';

edit('two');
my $said = $w->cli('config rollback 1');
like $said, qr/^Success=1\n/, 'rollback';
like $said, qr/Version 1 is in service; the files are as they were/, 'says that the files differ';
is body(), 'one', 'the old text serves';
like $w->cli('show config file'), qr/string "two"/, 'the file was not touched';
linked(3);
is +(versions())[2]{comment}, 'rollback to 1', 'it is a version again';
like $w->cli('show config running version 2'), qr/string "two"/, 'any version can be read';
like $w->cli('reload'), qr/Success=1/;
is body(), 'two', 'a reload reads the files';
like $w->cli('config rollback 99'), qr/^Success=0\n--\nThere is no such version/;
like $w->cli('config rollback x'), qr/expects a version/;
like $w->cli('config confirm'), qr/^Success=0\n--\nThere is nothing to confirm/;

# confirm
linked(4);
edit('three');
like $w->cli('reload confirm 300'), qr/'confirm' expects a duration with a unit/;
like $w->cli('reload confirm 5m'), qr/Success=1.*Version 4 comes back unless/s, 'reload confirm';
is body(), 'three';
linked(5);
is join(',', map { $_->{state} } (versions())[3, 4]), 'comes back,unconfirmed', 'versions tell it';
like $w->cli('config confirm'), qr/^Success=1\n--\nVersion 5 stays\.\n*$/, 'config confirm';
$w->cli('clock advance 6m');
is body(), 'three', 'confirmed: it stays';
edit('four');
$w->cli('reload confirm 5m');
is body(), 'four';
$w->cli('clock advance 4m');
is body(), 'four', 'not yet';
$w->cli('clock advance 61s');
$w->wait_for(sub { body() eq 'three' }, 5, 'version 5 again');
pass 'not confirmed: the version before is back';
like +(versions())[-1]{comment}, qr/was not confirmed/;
like $w->cli('config rollback 1 confirm 5m'), qr/Success=1/, 'rollback confirm';
is body(), 'one';
linked(8);
$w->signal('KILL');
$w->wait_exit;

# over a restart
edit('one');
$w->{args}[1] = '2013-02-15T17:31:56Z';
$w->start;
$w->cli('clock advance 1s');
$w->wait_for(sub { body() eq 'three' }, 5, 'the confirmation is still missing');
my @v = versions();
is "@{[map { $_->{version} } @v]}", '1 2 3 4 5 6 7 8 9 10', 'versions are known after a restart';

# 50 are kept, and the one that may come back is among them
edit('n0');
$w->cli('reload confirm 5m');
for my $n (1 .. 50) {
	edit("n$n");
	$w->cli('reload');
}
linked(61);
is "@{[map { $_->{version} } (versions())[0, 1, -1]]}", '10 13 61', '50 are kept';
is +(versions())[0]{state}, 'comes back', 'it may come back';
like $w->cli('config confirm'), qr/Version 61 stays/;
ok Weir::poll(sub { (my @n = glob "$dir/config/[0-9]*") == 50 }), 'and no other folder';
is $w->stop, 143;

# what could not be removed goes at the next start
system('cp', '-r', "$dir/config/61", "$dir/config/$_") for 1 .. 3;
$w->start;
is "@{[map { $_->{version} } (versions())[0, -1]]}", '10 61', 'the newest 50';
is scalar(my @n = glob "$dir/config/[0-9]*"), 50, 'the others are removed';
is $w->stop, 143;

# what is no plain file is kept as no version, so there is none to come back to
my $other = File::Temp->newdir;
my $x = Weir->new(binds => ['fe'], env => { DIR => "$other" }, cfg => cfg('one'), args => ['-f', '/dev/null']);
like $x->cli('reload confirm 5m'), qr/^'confirm' needs a version to go back to/, 'nothing to come back';
unlike $x->cli('show config versions'), qr/^\d/m, 'no version';
done_testing;
