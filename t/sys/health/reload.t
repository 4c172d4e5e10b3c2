# A reload keeps what is known of servers; new ones are checked, gone ones are not.
use v5.36;
use Backend qw(:all);
use Weir;
use Test::More;

my $up = Backend->new(response(200));
my $late = Backend->new(response(200));
my $refused = Weir->refused_port;
my $head = <<'CFG';
defaults
	mode http
	timeout connect 1s
	timeout server 1s
	default-server inter 200ms fastinter 20ms downinter 20ms
CFG
my $up_line = "\tserver up 127.0.0.1:@{[ $up->port ]} check\n";
my $down_line = "\tserver down 127.0.0.1:$refused check\n";
my $w = Weir->new(defaults => 'http', cfg => "${head}backend b\n$up_line$down_line");

# Each configuration has a backend of its own name: the sign that it is in force.
my $n = 0;
sub reload ($lines) {
	$n++;
	$w->write_file('t.cfg', "${head}backend b\n${lines}backend mark$n\n");
	$w->signal('HUP');
	ok $w->wait_for(sub { $w->stat("mark$n", 'BACKEND') }), 'reloaded';
}

ok $w->wait_status('b', 'up', 'UP');
ok $w->wait_status('b', 'down', 'DOWN');
reload("$up_line$down_line\tserver late 127.0.0.1:@{[ $late->port ]} check\n" .
    "\tserver new 127.0.0.1:$refused check\n");
is $w->stat('b', 'down')->{status}, 'DOWN', 'a server that was down is down';
is $w->stat('b', 'down')->{chkdown}, 1, 'and was not down twice';
ok $w->wait_status('b', 'late', 'UP'), 'a new one is checked';
ok $w->wait_status('b', 'new', 'DOWN'), 'and a new one that does not answer';
reload("$up_line\tserver down 127.0.0.1:@{[ $up->port ]} check\n");
ok $w->wait_status('b', 'down', 'UP'), 'another address is checked at once';
ok !$w->stat('b', 'late'), 'one that is gone is gone';
my $opened = $late->opened;
reload("$up_line\tserver down 127.0.0.1:@{[ $up->port ]}\n");
is $w->stat('b', 'down')->{status}, 'no check';
ok $w->wait_for(sub { $w->stat('b', 'up')->{check_status} eq 'L4OK' });
is $late->opened, $opened, 'and is not checked';
reload($up_line) for 1 .. 20;
ok $w->wait_status('b', 'up', 'UP'), 'after 20 reloads';
unlike $w->stderr, qr/b\/up is DOWN/;
is $w->stop, 143;
done_testing;
