# Every provider does what a scaling group relies on: launch by token, describe,
# terminate, epochs, user data of any size. Those that this machine refuses are
# skipped with the reason.
use v5.36;
use Conform;
use Cwd qw(abs_path);
use File::Temp;
use Golden;
use Weir;
use Test::More;

my $data = join '', map { chr(32 + $_ % 90) } 1 .. 65536;
my %big = (files => { data => $data }, launch => "\tuser-data-file \"\${DIR}/data\"\n");

conform('test', "\ttype test\n", %big, stops => 1);
conform('process', "\ttype process\n\tcommand /usr/bin/tail -f /dev/null\n", %big);
my $folder = File::Temp->newdir;
conform('exec', "\ttype exec\n\tcommand \"\${CLOUD}\" \"\${STATE}\"\n", %big, adopts => 0,
    env => { STATE => "$folder", CLOUD => abs_path('t/data/provider/cloud.pl') });

# Machines whose disk is empty: nothing boots, but they are there.
SKIP: {
	skip 'qemu: ' . no_qemu(), 1 if no_qemu();
	conform('qemu', "\ttype qemu\n\tgolden \"\${GOLDEN}\"\n\tmemory 32m\n\tkill-after 200ms\n", %big,
	    before => "global\n\tstate-dir \"\${DIR}\"\n", env => { GOLDEN => empty_image("$folder/empty.qcow2") });
}
done_testing;
