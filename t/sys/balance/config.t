# `balance` in configurations: what is accepted, what is said of mistakes.
use v5.36;
use Weir;
use Test::More;

sub backend ($words, $mode = 'http') {
	return Weir->check("defaults\n\tmode $mode\n" .
	    join('', map { "\ttimeout $_ 1s\n" } qw(client server connect)) .
	    "backend b\n\tbalance $words\n\tserver s 127.0.0.1:1 maxconn 9\n");
}

for my $words (qw(roundrobin static-rr leastconn first random random(3) source uri peak-ewma),
    'uri len 9 depth 2 whole path-only', 'url_param id', 'hdr(Host) use_domain_only',
    'hash hdr(host),lower', 'peak-ewma decay 5s') {
	my $r = backend($words);
	is $r->{code}, 0, $words or diag $r->{err};
}

my %errors = (
	'rdp-cookie' => qr/does not read RDP/,
	'url_param x check_post' => qr/'check_post' is not supported/,
	'url_param' => qr/requires an URL parameter name/,
	'random(0)' => qr/an integer from 1 to 100 but got '0'/,
	'peak-ewma decay' => qr/nothing or 'decay <time>'/,
	'peak-ewma decay 0' => qr/a decay of more than 0/,
	'hdr()' => qr/requires a header field name/,
	'hash' => qr/requires a sample expression/,
	'uri len' => qr/'balance uri len' expects a number/,
	'roundrobin foo' => qr/unexpected argument 'foo'/,
);
for my $words (sort keys %errors) {
	my $r = backend($words);
	isnt $r->{code}, 0, "$words: refused";
	like $r->{err}, $errors{$words}, "$words: why";
}
like backend('uri', 'tcp')->{err}, qr/needs 'mode http'.*Falling back to round robin/,
    'keys of HTTP need HTTP';
done_testing;
