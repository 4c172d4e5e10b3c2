# Clients that go away in the middle leave nothing behind.
use v5.36;
use Weir;
use Faults qw(:all);
use Test::More;

subtest '300 aborted uploads' => sub { aborted_uploads(300) };
subtest '4000 resets' => sub { resets(4000) };
done_testing;
