# Rooms: a file includes its own room and rooms before it (doc/ARROWS.md).
use v5.36;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Lint;
use Test::More;

my %rank = map { $ROOMS[$_] => $_ } 0 .. $#ROOMS;
# Libraries a room must not know
my %foreign = (base => qr{^(event2|openssl)/}, http => qr{^(event2|openssl)/|^sys/socket},
    cfg => qr{^(event2|openssl)/});
my (@up, @unrooted, @dotted, @unknown, @lib);

for my $file (files(qr/\.[ch]$/, 'appliance', 'tui')) {
	my $room = room_of($file);
	my $is_tui = $file =~ m{^tui/};
	push @unknown, $file if $room ne '' && !exists $rank{$room};
	my $n = 0;
	for (code_lines($file)) {
		$n++;
		/^\s*#\s*include\s*(["<])([^">]+)/ or next;
		my ($kind, $path) = ($1, $2);
		if ($kind eq '<') {
			push @lib, "$file:$n: <$path>"
			    if $foreign{$room} && $path =~ $foreign{$room};
			next;
		}
		push @dotted, "$file:$n: \"$path\"" if $path =~ m{\.\./};
		my ($to) = $path =~ m{^([^/]+)/};
		if ($is_tui) {
			push @up, "$file:$n: \"$path\"" if defined $to && $to !~ /^(base|tui)$/;
		} elsif ($room ne '') {
			push @unrooted, "$file:$n: \"$path\"" unless defined $to;
			push @up, "$file:$n: \"$path\"" if defined $to &&
			    ($rank{$to} // 99) > ($rank{$room} // -1);
		}
	}
}
none('each folder of appliance/ is a room', @unknown);
none('no include of a later room', @up);
none('includes begin with the room', @unrooted);
none('no ../ in an include', @dotted);
none('base, http and cfg know neither libevent nor OpenSSL', @lib);
done_testing;
