/*
 * load: the load generator of the benchmark. Raw epoll, one thread or more,
 * closed loop or fixed rate; HTTP/1.1 and TCP, plain or TLS 1.3.
 *
 * Every answer is checked (status 200, the right length); an error makes the
 * run worthless and the exit status 1. The main thread is the clock: after
 * the warm-up it reads the workers' counters and the CPU time of the watched
 * processes, at the end it reads them again, and one line of JSON has the
 * differences. A run is bounded by seconds and, if wanted, by requests.
 *
 * --idle opens connections, has --each requests answered on each, says
 * {"held":N} and keeps them until standard input closes.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <arpa/inet.h>

#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

struct options	 opt = { .conns = 64, .threads = 1, .each = 1, .seconds = 3,
		    .size = 128 };
atomic_bool	 measuring, stopping;

static struct worker	*workers;
static struct watch	 watches[WATCH_MAX];
static int		 nwatches;

/* What the window is measured by. */
struct sample {
	uint64_t	 time_ns, self_ns;
	uint64_t	 requests, bytes, handshakes, resumed, errors;
	struct watch	 watches[WATCH_MAX];
};

static void
usage(void)
{
	fprintf(stderr,
"usage: load --connect IP:PORT [--proto http|tcp|bulk] [--tls] [--new]\n"
"    [--resume] [--idle] [--each N] [--conns N] [--threads N] [--requests N]\n"
"    [--seconds S] [--warmup S] [--rate R] [--size N] [--path PATH]\n"
"    [--watch NAME=PID,PID]...\n"
"http: GET PATH (/N of --size N) keep-alive; tcp: N bytes there and back;\n"
"bulk: N bytes per connection from the server. --new: a connection each.\n");
	exit(2);
}

static uint64_t
number(const char *s)
{
	char *end;
	uint64_t v = strtoull(s, &end, 10);

	if (*end == 'k')
		v <<= 10, end++;
	else if (*end == 'm')
		v <<= 20, end++;
	if (end == s || *end != '\0')
		errx(2, "not a number: %s", s);
	return v;
}

static double
real(const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end != '\0' || v < 0 || v > 1e9)
		errx(2, "not a number: %s", s);
	return v;
}

static void
address(char *s)
{
	char *colon = strrchr(s, ':');

	if (colon == NULL)
		errx(2, "--connect wants IP:PORT");
	*colon = '\0';
	opt.addr.sin_family = AF_INET;
	opt.addr.sin_port = htons((uint16_t)number(colon + 1));
	if (inet_pton(AF_INET, s, &opt.addr.sin_addr) != 1)
		errx(2, "not an IPv4 address: %s", s);
}

static void
proto(const char *s)
{
	if (strcmp(s, "http") == 0)
		opt.proto = P_HTTP;
	else if (strcmp(s, "tcp") == 0)
		opt.proto = P_TCP;
	else if (strcmp(s, "bulk") == 0)
		opt.proto = P_BULK;
	else
		usage();
}

/* The bytes of a request, made once. */
static void
request_make(const char *path)
{
	char *buf, def[32];
	int len;

	if (opt.proto == P_HTTP) {
		snprintf(def, sizeof(def), "/%" PRIu64, opt.size);
		len = asprintf(&buf, "GET %s HTTP/1.1\r\nHost: bench.example\r\n"
		    "User-Agent: weir-bench/1\r\nAccept: */*\r\n%s\r\n",
		    path ? path : def, opt.fresh ? "Connection: close\r\n" : "");
	} else {
		len = opt.proto == P_BULK ? 1 : (int)opt.size;
		if ((buf = malloc((size_t)len)) != NULL)
			memset(buf, 'q', (size_t)len);
	}
	if (len < 0 || buf == NULL)
		err(2, "malloc");
	opt.request = buf;
	opt.request_len = (size_t)len;
}

static void
options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "connect", 1, NULL, 'a' }, { "proto", 1, NULL, 'p' },
		{ "tls", 0, NULL, 't' }, { "new", 0, NULL, 'n' },
		{ "resume", 0, NULL, 'r' }, { "idle", 0, NULL, 'i' },
		{ "each", 1, NULL, 'e' }, { "conns", 1, NULL, 'c' },
		{ "threads", 1, NULL, 'T' }, { "requests", 1, NULL, 'R' },
		{ "seconds", 1, NULL, 's' }, { "warmup", 1, NULL, 'w' },
		{ "rate", 1, NULL, 'f' }, { "size", 1, NULL, 'S' },
		{ "path", 1, NULL, 'P' }, { "watch", 1, NULL, 'W' },
		{ NULL, 0, NULL, 0 } };
	const char *path = NULL;
	int ch;

	while ((ch = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (ch) {
		case 'a': address(optarg); break;
		case 'p': proto(optarg); break;
		case 't': opt.tls = true; break;
		case 'n': opt.fresh = true; break;
		case 'r': opt.resume = opt.tls = opt.fresh = true; break;
		case 'i': opt.idle = true; break;
		case 'e': opt.each = (int)number(optarg); break;
		case 'c': opt.conns = (int)number(optarg); break;
		case 'T': opt.threads = (int)number(optarg); break;
		case 'R': opt.requests = number(optarg); break;
		case 's': opt.seconds = real(optarg); break;
		case 'w': opt.warmup = real(optarg); break;
		case 'f': opt.rate = real(optarg); break;
		case 'S': opt.size = number(optarg); break;
		case 'P': path = optarg; break;
		case 'W':
			if (nwatches == WATCH_MAX)
				usage();
			watch_parse(&watches[nwatches++], optarg);
			break;
		default: usage();
		}
	}
	if (optind != argc || opt.addr.sin_port == 0 || opt.size == 0 ||
	    opt.conns < 1 || opt.threads < 1 || opt.threads > THREADS_MAX ||
	    opt.conns < opt.threads)
		usage();
	if (opt.fresh && opt.proto == P_BULK)
		opt.fresh = false;		/* it is so anyway */
	request_make(path);
}

static uint64_t
self_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void
sample(struct sample *s)
{
	int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < nwatches; i++) {
		s->watches[i] = watches[i];
		watch_sample(&s->watches[i]);
	}
	s->self_ns = self_ns();
	s->time_ns = now_ns();
	for (i = 0; i < opt.threads; i++) {
		s->requests += atomic_load(&workers[i].requests);
		s->bytes += atomic_load(&workers[i].bytes);
		s->handshakes += atomic_load(&workers[i].handshakes);
		s->resumed += atomic_load(&workers[i].resumed);
		s->errors += atomic_load(&workers[i].errors);
	}
}

static bool
all_ended(void)
{
	int i;

	for (i = 0; i < opt.threads && atomic_load(&workers[i].ended); i++)
		;
	return i == opt.threads;
}

/* Until then, or until there is nothing left to do. */
static void
wait_until(uint64_t end_ns)
{
	uint64_t now;

	while ((now = now_ns()) < end_ns && !all_ended()) {
		uint64_t left = end_ns - now;
		struct timespec ts = { 0, (long)(left < 20000000 ? left :
		    20000000) };

		nanosleep(&ts, NULL);
	}
}

/* Open all, say so, keep them until standard input ends. */
static void
hold(void)
{
	const uint64_t end_ns = now_ns() + (uint64_t)(opt.seconds * 1e9);
	struct pollfd pfd = { .fd = 0, .events = POLLIN };
	uint64_t held = 0;
	char c;
	int i;

	while (held < (uint64_t)opt.conns && now_ns() < end_ns &&
	    !all_ended()) {
		wait_until(now_ns() + 5000000);
		for (held = 0, i = 0; i < opt.threads; i++)
			held += atomic_load(&workers[i].held);
	}
	printf("{\"held\":%" PRIu64 "}\n", held);
	fflush(stdout);
	while (poll(&pfd, 1, -1) < 0 || read(0, &c, 1) > 0)
		;
}

static void
report(const struct sample *a, const struct sample *b, uint64_t errors)
{
	static struct hist all;
	const char *why = NULL;
	double seconds = (double)(b->time_ns - a->time_ns) / 1e9;
	int i;

	for (i = 0; i < opt.threads; i++) {
		hist_merge(&all, &workers[i].hist);
		if (why == NULL)
			why = atomic_load(&workers[i].first_error);
	}
	printf("{\"requests\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"error\":"
	    "\"%s\",\"seconds\":%.4f,\"rps\":%.1f,\"p50_us\":%.1f,"
	    "\"p99_us\":%.1f,\"p999_us\":%.1f,\"bytes\":%" PRIu64
	    ",\"handshakes\":%" PRIu64 ",\"resumed\":%" PRIu64
	    ",\"self_ns\":%" PRIu64, b->requests - a->requests, errors,
	    why ? why : "", seconds,
	    (double)(b->requests - a->requests) / (seconds > 0 ? seconds : 1),
	    hist_quantile_us(&all, .5), hist_quantile_us(&all, .99),
	    hist_quantile_us(&all, .999), b->bytes - a->bytes,
	    b->handshakes - a->handshakes, b->resumed - a->resumed,
	    b->self_ns - a->self_ns);
	for (i = 0; i < nwatches; i++)
		printf(",\"%s_ns\":%" PRIu64 ",\"%s_stat_ns\":%" PRIu64,
		    watches[i].name,
		    b->watches[i].sched_ns - a->watches[i].sched_ns,
		    watches[i].name,
		    b->watches[i].stat_ns - a->watches[i].stat_ns);
	printf("}\n");
}

static void
workers_make(void)
{
	const uint64_t n = (uint64_t)opt.threads;
	uint64_t i;

	if ((workers = calloc(n, sizeof(*workers))) == NULL)
		err(2, "malloc");
	for (i = 0; i < n; i++)
		worker_init(&workers[i], opt.conns / opt.threads +
		    ((int)i < opt.conns % opt.threads),
		    opt.requests / n + (i < opt.requests % n),
		    opt.rate / opt.threads);
}

static void
workers_start(void)
{
	int i, rc;

	for (i = 0; i < opt.threads; i++) {
		rc = pthread_create(&workers[i].thread, NULL, worker_run,
		    &workers[i]);
		if (rc != 0)
			errx(2, "pthread_create: %s", strerror(rc));
	}
}

int
main(int argc, char **argv)
{
	struct sample before, after, end;
	struct rlimit rl;
	int i;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	options(argc, argv);
	if (opt.warmup <= 0)
		atomic_store(&measuring, true);
	workers_make();
	sample(&before);
	workers_start();
	if (opt.warmup > 0) {
		wait_until(now_ns() + (uint64_t)(opt.warmup * 1e9));
		sample(&before);
		atomic_store(&measuring, true);
	}
	if (opt.idle)
		hold();
	else
		wait_until(now_ns() + (uint64_t)(opt.seconds * 1e9));
	sample(&after);
	atomic_store(&stopping, true);
	for (i = 0; i < opt.threads; i++)
		pthread_join(workers[i].thread, NULL);
	sample(&end);
	report(&before, &after, end.errors);
	for (i = 0; i < opt.threads; i++)
		worker_fini(&workers[i]);
	return end.errors > 0;
}
