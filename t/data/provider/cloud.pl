#!/usr/bin/perl
# A cloud in a folder: a program for the provider `exec` that keeps the contract,
# and breaks it on demand. cloud.pl VERB FOLDER
#
# FOLDER/db.json     what there is
# FOLDER/brings-files  if it is there: it knows the verb file
# FOLDER/mode        what it does wrong: see below
# FOLDER/log         each call: verb, environment
# FOLDER/most        with mode `parallel N`: how many calls ran at the same time
use v5.36;
use Fcntl qw(:flock);
use JSON::PP;
use POSIX qw(strftime);

my ($verb, $dir) = @ARGV;
my $json = JSON::PP->new->canonical;
my $in = do { local $/; <STDIN> } // '';
my $q = decode_json($in);

sub slurp ($name) { open my $f, '<', "$dir/$name" or return ''; local $/; return <$f> // '' }
# whole or not at all
sub spit ($name, $text) {
	open my $f, '>', "$dir/$name.new" or die;
	print $f $text;
	close $f;
	rename "$dir/$name.new", "$dir/$name";
}
sub answer (%a) { print $json->encode(\%a), "\n"; exit 0 }
sub refuse ($code, $message, %more) { answer(error => { code => $code, message => $message, %more }) }

my $mode = slurp('mode');
# calls that run at the same time, and the most there were
if ($mode =~ /^parallel/ && $verb ne 'capabilities') {
	open my $f, '>', "$dir/run-$$";
	my $n = () = glob "$dir/run-*";
	open my $most, '>>', "$dir/most";
	print $most "$n\n";
	select undef, undef, undef, 0.1;
	unlink "$dir/run-$$";
}
open my $lock, '>', "$dir/lock" or die "no folder\n";
flock $lock, LOCK_EX;
{
	open my $log, '>>', "$dir/log";
	print $log join(' ', $verb, map { "$_=$ENV{$_}" } sort keys %ENV), "\n";
}

if ($mode =~ /^(\w+) (\S+)/ && $1 eq $verb) {
	my $what = $2;
	spit('mode', '') if $mode =~ /once/;
	say '{"instances":[' if $what eq 'half';
	say 'I am no JSON' if $what eq 'garbage';
	say '{"instances":[]}{"instances":[]}' if $what eq 'two';
	print 'x' x 100_000 if $what eq 'flood';
	print STDERR "first line\nsecond \e[1mline\n" if $what eq 'noise';
	exit 3 if $what eq 'status';
	kill 'KILL', $$ if $what eq 'killed';
	if ($what eq 'hang') { flock $lock, LOCK_UN; $SIG{TERM} = 'IGNORE'; 1 while select undef, undef, undef, 60 }
	answer(instances => [{ id => '../etc', state => 'running' }]) if $what eq 'id';
	answer(instances => [{ id => 'a', state => 'happy' }]) if $what eq 'state';
	answer(instances => [map { { id => 'a', state => 'running' } } 1, 2]) if $what eq 'twice';
	answer(instances => [map { { id => "a$_", state => 'running' } } 1 .. 9]) if $what eq 'many';
	refuse('capacity', 'no host left', retry_after => 30) if $what eq 'capacity';
	refuse('auth', 'who are you') if $what eq 'auth';
	refuse('strange', "a\tmessage") if $what eq 'strange';
	exit 0 if $what !~ /^(noise|late)$/;
}

answer(version => 1, verbs => [qw(launch terminate describe), -e "$dir/brings-files" ? 'file' : ()], idempotent => JSON::PP::true,
    max_parallel => $mode =~ /^parallel (\S+)/ ? $1 + 0 : 4, states => [qw(pending running shutting-down terminated)])
    if $verb eq 'capabilities';

my $db = decode_json(slurp('db.json') || '{"all":{},"epoch":{}}');
my $all = $db->{all};
refuse('invalid', 'no such version') unless $q->{version} == 1;
if ($verb ne 'describe' && $verb ne 'file') {
	refuse('stale_epoch', 'an older master') if $q->{epoch} < ($db->{epoch}{ $q->{group} } // 0);
	$db->{epoch}{ $q->{group} } = $q->{epoch};
}
my @told;
if ($verb eq 'launch') {
	my @made = grep { $_->{group} eq $q->{group} && $_->{tags}{'weir:token'} eq $q->{token} } values %$all;
	refuse('invalid', 'another count for this token') if @made && @made != $q->{count};
	for (@made ? () : 1 .. $q->{count}) {
		my $i = { id => 'vm-' . ++$db->{n}, group => $q->{group}, state => 'pending', address => undef,
		    port => undef, az => $q->{az}[0] // 'a', launched_at => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime),
		    subnets => $q->{subnets}, tags => $q->{tags}, user_data => length($q->{user_data} // ''), attrs => $q->{launch_config}{attrs} };
		$i->{files}{ $_->{name} } = $_->{data} for @{ $q->{files} // [] };
		push @made, $all->{ $i->{id} } = $i;
	}
	@told = @made;
} elsif ($verb eq 'terminate') {
	delete $all->{$_} for @{ $q->{ids} };
	@told = map { { id => $_, state => 'terminated' } } @{ $q->{ids} };
} elsif ($verb eq 'file') {
	my $i = $all->{ $q->{ids}[0] } or refuse('invalid', 'no such instance');
	my $f = $q->{file};
	defined $f->{data} ? ($i->{files}{ $f->{name} } = $f->{data}) : delete $i->{files}{ $f->{name} };
} else {
	my %want = map { $_ => 1 } @{ $q->{ids} // [] };
	@told = grep { $_->{group} eq $q->{group} && (!%want || $want{ $_->{id} }) } values %$all;
	@$_{qw(state address port)} = ('running', '127.0.0.1', 9) for @told;
}
spit('db.json', $json->encode($db));
answer(instances => \@told);
