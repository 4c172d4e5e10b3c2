# SPDX-License-Identifier: BSD-2-Clause
#
# Conform.pm: what every provider of instances must do, whatever it is made of.
#
#	conform('process', "\ttype process\n\tcommand ...\n", %o);
#
# %o: env, files      for Weir.pm
#     launch          more lines of the launch configuration
#     keeps_epoch     0: it cannot refuse an old epoch
#     keeps_ended     0: one that has ended is not told of any more
#     stops           1: it can stop an instance and start it again
#     adopts          0: it cannot hand an instance to another group
#     slow            a file that the provider's program waits for, if there is one
# Calls are made by hand (`provider call`), so that tokens and epochs are the test's.
package Conform;

use v5.36;
use Exporter 'import';
use JSON::PP;
use Test::More;
use Weir;

our @EXPORT = qw(conform);

my $w;

sub call ($verb, %o) {
	my @words = map { ref $o{$_} ? map { ('id', $_) } @{ $o{$_} } : ($_, $o{$_}) } sort keys %o;
	my $text = $w->cli("provider call p $verb @words", 30);
	return eval { decode_json($text) } // { error => { code => 'no-json', message => $text } };
}
sub launch (%o) { return call('launch', 'launch-config' => 'l', %o) }
sub ids ($answer) { return join ' ', sort map { $_->{id} } @{ $answer->{instances} // [] } }
sub alive (%o) { return { instances => [grep { $_->{state} =~ /pending|running/ }
    @{ call('describe', %o)->{instances} }] } }
sub code ($answer) { return $answer->{error}{code} // 'ok' }

sub instances_are_right ($answer, $n) {
	my @all = @{ $answer->{instances} // [] };
	is scalar(@all), $n, "$n launched" or diag explain $answer;
	is scalar(grep { $_->{id} !~ /^[A-Za-z0-9._-]{1,64}$/ } @all), 0, 'good ids';
	is scalar(grep { $_->{state} !~ /^(pending|running)$/ } @all), 0, 'pending or running';
}

sub all_running ($n) {
	$w->wait_for(sub { $n == grep { $_->{state} eq 'running' && $_->{address} }
	    @{ call('describe')->{instances} } }, 30);
	return alive();
}

sub state_of ($id) { return (map { $_->{state} } @{ call('describe', id => [$id])->{instances} })[0] // '' }

sub stop_and_start ($id, $can) {
	my $stop = call('stop', id => [$id]);
	if (!$can) {
		like $stop->{error}{message} // '', qr/cannot stop an instance/, 'it cannot stop one';
		return;
	}
	is code($stop), 'ok', 'stop' or diag explain $stop;
	like $stop->{instances}[0]{state}, qr/^stopp(ing|ed)$/, 'it stops';
	ok $w->wait_for(sub { state_of($id) eq 'stopped' }, 30), 'stopped';
	is code(call('stop', id => [$id])), 'ok', 'stopped again';
	is state_of($id), 'stopped', 'is so still';
	is code(call('start', id => [$id])), 'ok', 'start';
	ok $w->wait_for(sub { state_of($id) eq 'running' }, 30), 'it runs again';
	is code(call('start', id => [$id])), 'ok', 'started again';
	is call('stop', id => ['i-unknown'])->{instances}[0]{state}, 'terminated', 'one that nobody knows';
}

sub hand_over ($id, $can) {
	my $answer = call('adopt', group => 'other', id => [$id]);
	if (!$can) {
		like $answer->{error}{message} // '', qr/cannot adopt an instance/, 'it cannot hand one over';
		return;
	}
	is code($answer) . ' ' . ids($answer), "ok $id", 'adopt' or diag explain $answer;
	is ids(alive(group => 'other')), $id, 'it is the other group\'s';
	ok index(ids(alive()), $id) < 0, 'and not this one\'s any more';
	is code(call('adopt', group => 'other', id => [$id, 'i-unknown'])), 'invalid', 'all are known, or none goes';
	is ids(call('adopt', id => [$id])), $id, 'back';
	is ids(alive(group => 'other')), '', 'the other one has none';
}

sub conform ($name, $provider, %o) {
	subtest $name => sub { conform_one($provider, %o) };
	undef $w;
}

sub conform_one ($provider, %o) {
	my $launch = "launch-config l\n\tprovider p\n\tinstance-port 80\n" . ($o{launch} // '');
	$w = Weir->new(env => $o{env} // {}, files => $o{files} // {}, binds => ['http'],
	    defaults => 'http', cfg => ($o{before} // '') . "provider p\n$provider$launch" .
	    "frontend f\n\tbind \"fd\@\${http}\"\n\thttp-request return status 200\n");
	is code(my $none = call('describe')), 'ok', 'describe';
	is ids($none), '', 'nothing yet';

	# --- one, and again ---
	my $one = launch(token => 't1');
	instances_are_right($one, 1);
	is ids(alive()), ids($one), 'described';
	is ids(launch(token => 't1')), ids($one), 'the same token: the same instance';
	is ids(alive()), ids($one), 'and no new one';
	is code(launch(token => 't1', count => 2)), 'invalid', 'another count for that token';
	is ids(all_running(1)), ids($one), 'running, with an address';
	my ($i) = @{ alive()->{instances} };
	is $i->{token}, 't1', 'tagged with its token';
	is $i->{zone}, $o{zone} // 'z1', 'in its zone' if defined $o{zone};

	# --- more, none ---
	my $three = launch(token => 't2', count => 3);
	instances_are_right($three, 3);
	all_running(4);
	is ids(alive()), join(' ', sort split(/ /, ids($one)), split(/ /, ids($three))), 'four';
	my $zero = launch(token => 't3', count => 0);
	is code($zero) . ids($zero), 'ok', 'a launch of none';
	is ids(alive(id => [split ' ', ids($one)])), ids($one), 'described by id';
	is ids(alive(group => 'other')), '', 'not of another group';

	# --- stopped and started, if it can ---
	stop_and_start((split ' ', ids($three))[0], $o{stops} // 0);

	# --- another group's, and back ---
	hand_over((split ' ', ids($three))[0], $o{adopts} // 1);

	# --- ended, twice, unknown ---
	my $id = ids($one);
	my $end = call('terminate', token => 't4', id => [$id]);
	is code($end), 'ok', 'terminate';
	like $end->{instances}[0]{state} // '', qr/^(shutting-down|terminated)$/, 'it goes';
	$w->wait_for(sub { index(ids(alive()), $id) < 0 }, 30);
	is ids(alive()), ids($three), 'gone';
	is code(call('terminate', token => 't5', id => [$id])), 'ok', 'ended again';
	is code(call('terminate', token => 't6', id => ['i-unknown'])), 'ok', 'one that nobody knows';
	is ids(alive()), ids($three), 'the others live';

	# --- an old master ---
	if ($o{keeps_epoch} // 1) {
		is code(launch(token => 't7', epoch => '1000000000000000000')), 'ok', 'a new epoch';
		is code(launch(token => 't8', epoch => '999999999999999999')), 'stale_epoch', 'an old one: launch';
		is code(call('terminate', epoch => '999999999999999999', id => [split ' ', ids($three)])), 'stale_epoch',
		    'terminate';
		is code(call('describe', epoch => '999999999999999999')), 'ok', 'describe may';
		all_running(4);
	}

	# --- all of them ---
	my @all = map { $_->{id} } @{ alive()->{instances} };
	is code(call('terminate', epoch => '1000000000000000000', id => \@all)), 'ok', 'all';
	$w->wait_for(sub { ids(alive()) eq '' }, 30);
	is ids(alive()), '', 'all gone';
	$o{after}->($w) if $o{after};
	$w->stop;
}

1;
