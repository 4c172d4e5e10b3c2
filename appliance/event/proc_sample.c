/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child's CPU, memory and I/O from /proc, over its whole tree. What has ended and
 * was waited for counts in its parent (cutime) or, as the warden is the reaper of
 * the rest, in the warden's own children; so the sum never shrinks.
 *
 * Process: a warden.
 */
#include "event/proc_sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEPTH_MAX	16

static bool
read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Fields 14 to 17 and 24 of stat, behind the name in brackets. */
static void
add_stat(const char *text, struct child_sample *s)
{
	const char *p = strrchr(text, ')');
	unsigned long long utime, stime;
	long long cutime, cstime, rss;
	uint64_t us = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);

	if (p == NULL || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu "
	    "%lld %lld %*d %*d %*d %*d %*u %*u %lld", &utime, &stime, &cutime, &cstime, &rss) != 5)
		return;
	s->cpu_us += (utime + stime + (unsigned long long)(cutime + cstime)) * us;
	if (rss > 0)
		s->memory_bytes += (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
add_io(const char *text, struct child_sample *s)
{
	unsigned long long v[6];

	if (sscanf(text, "rchar: %llu wchar: %llu syscr: %llu syscw: %llu read_bytes: %llu "
	    "write_bytes: %llu", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]) != 6)
		return;
	s->has_io = 1;
	s->read_ops += v[2];
	s->write_ops += v[3];
	s->read_bytes += v[4];
	s->write_bytes += v[5];
}

static void
add_tree(pid_t pid, int depth, struct child_sample *s)
{
	char text[4096], *p = text, name[48];

	if (read_proc(pid, "stat", text, sizeof(text)))
		add_stat(text, s);
	if (read_proc(pid, "io", text, sizeof(text)))
		add_io(text, s);
	snprintf(name, sizeof(name), "task/%d/children", (int)pid);
	if (depth == DEPTH_MAX || !read_proc(pid, name, text, sizeof(text)))
		return;
	for (long child; (child = strtol(p, &p, 10)) > 0; )
		add_tree((pid_t)child, depth + 1, s);
}

/* All interfaces but lo: "eth0: bytes packets ... (8 of receive) bytes ..." */
static void
add_network(const char *text, struct child_sample *s)
{
	unsigned long long in, out;

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		const char *colon;

		line += *line == '\n';
		colon = strchr(line, ':');
		if (colon == NULL)
			break;
		if (colon - line >= 2 && memcmp(colon - 2, "lo", 2) == 0)
			continue;
		if (sscanf(colon + 1, "%llu %*u %*u %*u %*u %*u %*u %*u %llu", &in, &out) != 2)
			continue;
		s->has_net = 1;
		s->net_in += in;
		s->net_out += out;
	}
}

static uint64_t
reaped_us(void)
{
	struct rusage ru;

	if (getrusage(RUSAGE_CHILDREN, &ru) == -1)
		return 0;
	return (uint64_t)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000 +
	    (uint64_t)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}

void
proc_sample(pid_t pid, bool has_network, struct child_sample *ret)
{
	char text[4096];
	const char *p;

	*ret = (struct child_sample){ .cpu_us = reaped_us() };
	add_tree(pid, 0, ret);
	if (!has_network || !read_proc(pid, "net/dev", text, sizeof(text)))
		return;
	if ((p = strchr(text, '\n')) != NULL && (p = strchr(p + 1, '\n')) != NULL)
		add_network(p, ret);
}
