# option mysql-check with a real MariaDB: its greeting, a user without a password in
# the new and the old way to log in, one whom it does not know.
use v5.36;
use Peer;
use Weir;
use Test::More;

my $bin = Peer::need('mariadbd', '/usr/sbin');
my $p = Peer->new;
my $share = '/usr/share/mysql';
my ($data, $socket) = map { $p->file($_) } qw(data socket);
mkdir $data;
my @words = ('--no-defaults', '--user=' . getpwuid($>), "--datadir=$data", '--innodb=OFF',
    '--default-storage-engine=Aria');
my $sql = join '', "create database mysql;\nuse mysql;\n",
    "set \@auth_root_socket=NULL;\nset \@skip_auth_anonymous=1;\nset \@current_hostname='a';\n",
    (map { Cert::slurp("$share/$_.sql") } qw(mysql_system_tables mysql_system_tables_data)),
    "insert into global_priv values ('localhost', 'weir', '{\"plugin\":\"mysql_native_password\"}');\n";
$p->feed($p->write_file('boot.sql', $sql), $bin, @words, '--bootstrap');
$p->start($socket, $bin, @words, '--skip-networking', "--socket=$socket",
    '--pid-file=' . $p->file('pid'), '--max-connections=20');

my $w = Weir->new(defaults => 'tcp', cfg => <<"CFG");
defaults
	mode tcp
	timeout check 2s
	default-server inter 100ms rise 1 fall 1
backend greeting
	option mysql-check
	server s unix\@$socket check
backend known
	option mysql-check user weir
	server s unix\@$socket check
backend unknown
	option mysql-check user nobody-of-that-name
	server s unix\@$socket check
backend post
	option mysql-check user weir post-41
	server s unix\@$socket check
backend old
	option mysql-check user weir pre-41
	server s unix\@$socket check
CFG
checks_say($w, 'greeting/s' => 'L7OK|', 'known/s' => 'L7OK|', 'post/s' => 'L7OK|',
    'unknown/s' => [L7STS => qr/Access denied for user/]);
is $w->stat('unknown', 's')->{check_code}, 1045, 'and its number';
is $w->stat('unknown', 's')->{status}, 'DOWN', 'which takes the server down';
checks_say($w, 'old/s' => 'L7OK|');

$p->stop;
checks_say($w, 'known/s' => [L4CON => qr/ECONNREFUSED|ENOENT|No such file|refused/]);
unlike $p->output, qr/Aborted connection.*\(Got (?:an error|timeout)/, 'no login was broken off';
is $w->stop, 143;
done_testing;
