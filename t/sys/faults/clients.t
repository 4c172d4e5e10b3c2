# Clients that go away, in short: t/faults has them long.
use v5.36;
use Weir;
use Faults qw(:all);
use Test::More;

aborted_uploads(60);
resets(300);
done_testing;
