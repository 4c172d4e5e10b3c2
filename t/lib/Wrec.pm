# Recordings for weirtop: answers as weir and haproxy send them, from rows that say how
# things are. The same ones each time: what varies comes from a counter.
package Wrec;
use v5.36;
use Exporter 'import';
use File::Basename qw(dirname);
use POSIX ();

our @EXPORT = qw(iso);

# The header of weir's show stat.
our @COLUMNS = do {
	my $path = dirname(__FILE__) . '/../../appliance/base/stat_fields.def';
	open my $f, '<', $path or die "$path: $!";
	map { /^STAT_[CHV]\((\w+)/ ? $1 : () } <$f>;
};

sub iso ($t) { return POSIX::strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime $t) }

sub new ($class, $path) {
	open my $f, '>', $path or die "$path: $!";
	return bless { f => $f }, $class;
}

sub frame ($self, $t, $host, $command, $text) {
	printf { $self->{f} } "@%.0f %s %d %s\n%s\n", $t * 1000, $host, length $text, $command, $text;
	return;
}

sub close ($self) { return close $self->{f} }

# Between 0 and 1, the same for the same numbers.
sub wave ($row, $t) {
	my $h = 0;
	$h = ($h * 31 + ord) % 1009 for split //, "$row->{px}/$row->{name}";
	return 0.5 + 0.28 * sin($t / 47 + $h) + 0.17 * sin($t / 13 + $h * 2) + 0.05 * sin($t / 3 + $h * 3);
}

# When recordings end, and how many ten minutes before that t is.
our $END = 1795327121;
sub ago ($t) { return ($END - $t) / 600 }

# The day's load: it comes and goes, and is 1 at the end.
sub load ($t) { return 0.75 + 0.25 * cos(10.7 * ago($t)) - 0.1 * sin(27 * ago($t)) }

# Requests a second at that time: around the rate, or the sum of those that serve it.
sub rate_at ($row, $t) {
	return $row->{rate} * load($t) * (0.7 + 0.6 * wave($row, $t)) unless $row->{servers};
	my $sum = 0;
	$sum += rate_at($_, $t) for @{ $row->{servers} };
	return $sum;
}

# From 05:55:10 on, search is slow.
sub is_bad ($row, $t) { return $row->{px} eq 'search' && $t >= 1795326905 }

sub p99_at ($row, $t) {
	return undef unless defined $row->{p99} && $row->{rate} > 0;
	my $drift = ($row->{px} eq 'search' ? 0.8 : 0.3) * sin(8.8 * ago($t) + 0.5);
	my $p = is_bad($row, $t) ? $row->{p99} * (1 + 0.6 * exp((1795326905 - $t) / 40)) :
	    ($row->{px} eq 'search' ? 48000 : $row->{p99}) * exp($drift);
	return int $p * (0.85 + 0.3 * wave($row, $t));
}

# show history: n points of `step` seconds up to t.
sub history ($row, $t, $step, $n) {
	my $text = "#t,req_rate,rate,scur,qcur,bin,bout,hrsp_2xx,hrsp_4xx,hrsp_5xx,errors,p50_us,p99_us\n";
	for my $i (reverse 1 .. $n) {
		my $at = $t - $i * $step;
		my $r = rate_at($row, $at);
		my $p = p99_at($row, $at);
		my $e5 = ($row->{e5} // 0) / 100 * $r * ($row->{px} eq 'search' && !is_bad($row, $at) ? 0.05 : 1);
		$text .= sprintf "%d,%d,%d,%d,%s,%d,%d,%d,%d,%d,%d,%s,%s\n", $at, $r, $r / 4, $r / 9,
		    $row->{type} == 0 ? '' : is_bad($row, $at) ? int 17 * wave($row, $at) : 0, $r * 900, $r * 9000,
		    $r, $r * ($row->{e4} // 0) / 100, $e5, $e5 / 8, $row->{type} == 0 || !defined $p ? ('', '') :
		    (int $p / 16, $p);
	}
	return $text;
}

# A bucket of the coarse histogram.
sub bucket ($us) {
	return 0 if $us < 64;
	my $octave = int log($us) / log 2;
	my $n = ($octave - 6) * 8 + int(($us / 2 ** $octave - 1) * 8);
	return $n > 159 ? 159 : $n;
}

# show histogram: most requests around the median, a tail up to the 99th percentile.
sub histogram ($row, $t, $step, $n) {
	my $text = "#histogram v=1 unit=us lo=64 hi=64000000 sub=8 n=160 phase=total\n";
	for my $i (reverse 0 .. $n - 1) {
		my $at = $t - $t % $step - $i * $step;
		my $p99 = p99_at($row, $at) // next;
		my $all = int rate_at($row, $at) * $step;
		my $mid = $row->{px} eq 'search' && is_bad($row, $at) ? $p99 / 20 : $p99 / 16;
		my %count;
		for my $k (0 .. 23) {		# exp(k/6 - 2) of the median, a bell
			$count{ bucket($mid * exp($k / 6 - 2)) } += int $all * 0.97 * exp(-(($k - 12) / 4) ** 2) / 7.08;
		}
		for my $k (0 .. 9) {
			$count{ bucket($mid * 4 + ($p99 * 1.3 - $mid * 4) * $k / 10) } += 1 + int $all * 0.004 * (1 - $k / 11);
		}
		$text .= sprintf "%d,%d,%s\n", $at, $all, join ' ', map { "$_:$count{$_}" }
		    sort { $a <=> $b } grep { $count{$_} } keys %count;
	}
	return $text;
}

# One row of show stat by column.
sub stat_values ($row, $t, $c) {
	my $r = rate_at($row, $t);
	my $p = p99_at($row, $t);
	my %v = (pxname => $row->{px}, svname => $row->{name}, type => $row->{type}, pid => 1,
	    status => $row->{status}, mode => $row->{mode} // 'http', scur => int $r / 9, smax => int $row->{rate} / 3,
	    stot => int $c->{req} / 4, bin => int $c->{req} * 900, bout => int $c->{req} * 9000, rate => int $r / 4,
	    req_tot => int $c->{req}, hrsp_2xx => int $c->{req} * 0.96, hrsp_4xx => int $c->{e4},
	    hrsp_5xx => int $c->{e5}, iid => 2, sid => 0, slim => $row->{slim});
	if ($row->{type} == 0) {
		$v{req_rate} = int $r;
		return %v;
	}
	%v = (%v, qcur => is_bad($row, $t) && $row->{type} == 1 ? $row->{q} : 0, econ => int $c->{e5} / 9, eresp => 0,
	    weight => $row->{weight}, act => $row->{status} =~ /^(UP|no)/ ? 1 : 0, bck => 0, lastchg => int $t - $row->{since},
	    qtime => is_bad($row, $t) ? 38 : 0, ctime => 1, rtime => defined $p ? int $p / 8000 : 0,
	    ttime => defined $p ? int $p / 7000 : 0, algo => $row->{algo}, addr => $row->{addr},
	    uweight => $row->{weight}, p50_us => defined $p ? int $p / 16 : undef,
	    p90_us => defined $p ? int $p / 4 : undef, p99_us => $p);
	@v{qw(p50_us p90_us)} = ($row->{p50}, $row->{p90}) if defined $row->{p50} && is_bad($row, $t);
	if ($row->{type} == 2 && ($row->{check} // '') ne '') {
		my $ok = $row->{check} =~ /OK/;
		%v = (%v, check_status => $row->{check}, check_code => $ok ? 200 : $row->{check} eq 'L7STS' ? 503 : undef,
		    check_duration => $ok ? 1 : 0, chkfail => $ok ? 0 : 3, chkdown => $ok ? 0 : 1, check_rise => 2, check_fall => 3,
		    check_health => $ok ? 4 : $row->{check} eq 'L7STS' ? 3 : 0,
		    last_chk => { L4CON => 'Connection refused', L7STS => 'Service Unavailable' }->{ $row->{check} });
	}
	if ($row->{type} == 1) {
		%v = (%v, act => $row->{up}, weight => 100 * ($row->{up} // 0));
	}
	return %v;
}

# --- what a poll has counted so far

package Poll;
use v5.36;

sub new ($class, $record, $host, @more) {
	return bless { r => $record, host => $host, c => {}, more => [@more] }, $class;
}

# Counters up to t; a backend knows how many servers can be used.
sub values_at ($self, $rows, $t) {
	my (@all, %up);
	for my $row (@$rows) {
		my $c = $self->{c}{"$row->{px}/$row->{name}"} //= { req => $row->{rate} * 1000, e4 => $row->{rate} * 9,
		    e5 => $row->{rate} };
		my $dt = defined $self->{last} ? $t - $self->{last} : 0;
		my $n = Wrec::rate_at($row, $t) * $dt;
		$c->{req} += $n;
		$c->{e4} += $n * ($row->{e4} // 0) / 100;
		$c->{e5} += $n * ($row->{e5} // 0) / 100;
		$row->{since} //= $t - ($row->{age} // 0);
		$up{ $row->{px} }++ if $row->{type} == 2 && $row->{status} =~ /^(UP|no check)/;
		$row->{up} = $up{ $row->{px} } // 0 if $row->{type} == 1;
		push @all, { Wrec::stat_values($row, $t, $c) };
	}
	$self->{last} = $t;
	return @all;
}

sub csv ($v) {
	return '' unless defined $v;
	return $v =~ /[",]/ ? '"' . $v =~ s/"/""/gr . '"' : $v;
}

# --- weir: show snapshot since ...

package WeirPoll;
use v5.36;
our @ISA = ('Poll');

my %heads = (
	group => 'name,min,desired,max,inservice,pending,terminating,standby,cooldown_left_s,cooldown_s,'
	    . 'suspended,last_activity,launch_config,owner',
	instance => 'id,group,zone,lifecycle,health,serving,server,address,launch_config,version,protected,age_s',
	alarm => 'name,state,idle,since,acked_by,silenced_until,enabled,metric,stat,period_s,m,n,op,threshold,unit,'
	    . 'value,owner',
	policy => 'group,name,type,adjustment,cooldown_s,alarms,last_time,last_result,last_reason,arn',
	lua => 'name,kind,version,calls,errors,time_us_avg,time_us_max,mem,state,skipped,script,said',
);

sub new ($class, $record, $host, $pid, $t) {
	my $self = Poll::new($class, $record, $host);
	@$self{qw(pid gen objects)} = ($pid, $t, {});
	return $self;
}

sub objects ($self, %o) { $self->{objects} = \%o; return }
sub info ($self, %i) { $self->{info} = \%i; return }

sub tick ($self, $rows, $t) {
	my $since = $self->{since} // 0;
	my ($text, $n) = ('', 0);
	my $i = $self->{info};

	$text .= "#info,Name,Version,Pid,Uptime_sec,Maxconn,CurrConns,node,\n" . join ',', 'info', 'weir', '3.3.0-weir0.1',
	    $self->{pid}, $i->{uptime}++, $i->{maxconn}, $i->{conns}, "$i->{node},\n";
	$n++;
	my @values = $self->values_at($rows, $t);
	$text .= join(',', '#stat', @Wrec::COLUMNS, '-', qw(p50_us p90_us p99_us)) . ",\n";
	for my $i (0 .. $#values) {
		my $v = $values[$i];
		next if $since && !$rows->[$i]{rate};
		$text .= join(',', 'stat', map({ Poll::csv($v->{$_}) } @Wrec::COLUMNS), '-',
		    map { $v->{$_} // '' } qw(p50_us p90_us p99_us)) . ",\n";
		$n++;
	}
	for my $kind ($since ? () : qw(group instance alarm policy lua)) {
		my @l = split /\n/, $self->{objects}{$kind} // '';
		$text .= "#$kind,$heads{$kind}\n" . join '', map { "$kind,$_\n" } @l if @l;
		$n += @l;
	}
	my $head = sprintf "#snapshot v=1 gen=%d since=%d full=%d pid=%d now=%.3f\n", $t, $since, !$since, $self->{pid}, $t;
	$self->{r}->frame($t, $self->{host},
	    "show snapshot since $since only info,stat,group,instance,alarm,policy,lua", $head . $text . "#end rows=$n\n");
	$self->{since} = $t;
	return;
}

# --- haproxy: show info, show stat

package HaproxyPoll;
use v5.36;
our @ISA = ('Poll');

sub tick ($self, $rows, $t) {
	my @columns = grep { !/^(?:p\d|reqb|resb|h\dreq|h\dsess|priv|proto|sess_other|req_other|srid|cache_hint)/ } @Wrec::COLUMNS;
	my $n = ++$self->{n};

	$self->{r}->frame($t, $self->{host}, 'show info', "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 4711\n"
	    . "Uptime_sec: $n\nMaxconn: 2000\nCurrConns: 31\nnode: edge\n");
	$self->{r}->frame($t, $self->{host}, 'show stat', '# ' . join(',', @columns, '-', 'h1_open_streams') . ",\n"
	    . join('', map { my $v = $_; join(',', map({ Poll::csv($v->{$_}) } @columns), '-', 0) . ",\n" }
	    $self->values_at($rows, $t)) . "\n");
	return;
}

1;
