/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a program on a terminal of its own, reads what it draws, and tells what
 * that cost: pty COLSxROWS SECONDS KEYS program arguments...
 *
 * After the first picture KEYS (characters, one after another, four a second) are
 * typed in the first half of the time, and the time until something is drawn is
 * measured; CPU time, context switches and bytes are those of the whole of SECONDS,
 * counted from the first picture. Pictures are counted by the sequences that frame
 * them (CSI ? 2026 h). Then SIGTERM. The answer is one line of words=numbers.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEYS_MAX	4096

static double first_ms = -1, key_ms[KEYS_MAX];
static unsigned nkeys;
static unsigned long bytes, frames, biggest, in_frame;

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Sequences may be cut between two reads; the missed one is one frame of many. */
static void
count(const char *buf, size_t n)
{
	const char *p = buf, *end = buf + n, *at;

	bytes += n;
	while ((at = memmem(p, (size_t)(end - p), "\033[?2026h", 8)) != NULL) {
		in_frame += (unsigned long)(at - p);
		if (in_frame > biggest && frames > 1)
			biggest = in_frame;
		in_frame = 0;
		frames++;
		p = at + 8;
	}
	in_frame += (unsigned long)(end - p);
}

/* Reads for so long; until_drawn: until something comes. False: the end. */
static int
drain(int fd, double ms, int until_drawn)
{
	double end = now_ms() + ms, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[65536];
	ssize_t n;

	while ((left = end - now_ms()) > 0) {
		if (poll(&p, 1, (int)left + 1) <= 0)
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return 0;
		count(buf, (size_t)n);
		if (until_drawn)
			return 1;
	}
	return !until_drawn;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
quantile(double q)
{
	return nkeys == 0 ? -1 : key_ms[(unsigned)(q * (nkeys - 1) + 0.5)];
}

/* What a program has used so far. */
struct usage {
	double	 cpu_ms;
	long	 switches, rss_kb, calls;	/* voluntary; peak; reads and writes */
};

/* The sum of the lines `name: number` of a file below /proc that are asked for. */
static long
proc_sum(pid_t pid, const char *file, const char *a, const char *b)
{
	char path[64], line[512];
	long sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, a, strlen(a)) == 0 || strncmp(line, b, strlen(b)) == 0)
			sum += strtol(strchr(line, ':') + 1, NULL, 10);
	fclose(f);
	return sum;
}

static struct usage
usage_of(pid_t pid)
{
	struct usage u = { 0 };

	unsigned long ns;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	if ((f = fopen(path, "r")) != NULL) {
		if (fscanf(f, "%lu", &ns) == 1)
			u.cpu_ms = (double)ns / 1e6;
		fclose(f);
	}
	u.switches = proc_sum(pid, "status", "voluntary_ctxt_switches:", "\n");
	u.rss_kb = proc_sum(pid, "status", "VmHWM:", "\n");
	u.calls = proc_sum(pid, "io", "syscr:", "syscw:");
	return u;
}

/* One key every 250 ms: what else is drawn meanwhile is read before the next one. */
static int
type(int fd, const char *keys, double until)
{
	double begin;
	size_t i, n = strlen(keys);

	for (i = 0; n > 0 && now_ms() < until && nkeys < KEYS_MAX; i++) {
		if (!drain(fd, 250, 0))
			return 0;
		begin = now_ms();
		if (write(fd, &keys[i % n], 1) != 1)
			return 0;
		if (drain(fd, 200, 1))
			key_ms[nkeys++] = now_ms() - begin;
	}
	return 1;
}

int
main(int argc, char **argv)
{
	struct winsize w = { 0 };
	double start, begin, seconds;
	unsigned long bytes0, frames0;
	struct usage u0, u1;
	int cols, rows, fd, status;
	pid_t pid;

	if (argc < 5 || sscanf(argv[1], "%dx%d", &cols, &rows) != 2)
		return 2;
	w.ws_col = (unsigned short)cols;
	w.ws_row = (unsigned short)rows;
	seconds = strtod(argv[2], NULL);
	start = now_ms();
	pid = forkpty(&fd, NULL, NULL, &w);
	if (pid == 0) {
		execvp(argv[4], argv + 4);
		_exit(127);
	}
	while (frames < 2 && drain(fd, 5000, 1))
		;				/* the first picture is whole when another begins */
	first_ms = now_ms() - start;
	drain(fd, 2500, 0);			/* the past of what is shown has come */
	u0 = usage_of(pid);
	bytes0 = bytes;
	frames0 = frames;
	begin = now_ms();
	if (!type(fd, argv[3], begin + seconds * 500))
		fprintf(stderr, "pty: the program ended\n");
	drain(fd, begin + seconds * 1000 - now_ms(), 0);
	u1 = usage_of(pid);
	qsort(key_ms, nkeys, sizeof(key_ms[0]), by_size);
	printf("first_ms=%.0f cpu_ms=%.1f seconds=%.1f wakeups=%ld calls=%ld frames=%lu bytes=%lu "
	    "biggest=%lu rss_kb=%ld keys=%u key_p50_ms=%.2f key_p99_ms=%.2f\n", first_ms,
	    u1.cpu_ms - u0.cpu_ms, (now_ms() - begin) / 1e3, u1.switches - u0.switches,
	    u1.calls - u0.calls, frames - frames0, bytes - bytes0, biggest, u1.rss_kb, nkeys,
	    quantile(.5), quantile(.99));
	kill(pid, SIGTERM);
	drain(fd, 2000, 0);
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid ? 0 : 1;
}
