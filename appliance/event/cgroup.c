/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control groups of version 2: one folder per child below a folder that an operator
 * has given to weir (`cgroup PATH`). Limits are files in it, and so are the counters,
 * which are better than what /proc tells: nothing that has ended is lost. A container
 * often has no such folder, or one without controllers; then the child runs without,
 * and what is missing is said.
 *
 * Process: a warden, or the helper.
 */
#include "event/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC	0x63677270
#define PERIOD_US	100000u

static void __attribute__((format(printf, 3, 4)))
add(char *text, size_t size, const char *fmt, ...)
{
	size_t n = strlen(text);
	va_list ap;

	if (n > 0 && n + 2 < size)
		n += (size_t)snprintf(text + n, size - n, "; ");
	va_start(ap, fmt);
	vsnprintf(text + n, size - n, fmt, ap);
	va_end(ap);
}

static int
write_file(int dir, const char *name, const char *value)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC), saved;
	ssize_t n;

	if (fd == -1)
		return -1;
	n = write(fd, value, strlen(value));
	saved = errno;
	close(fd);
	errno = saved;
	return n == (ssize_t)strlen(value) ? 0 : -1;
}

static bool
read_file(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The folder of all children; -1 after a word on why not. */
static int
open_top(const struct program *row, char *missing, size_t size)
{
	struct statfs fs;
	int dir;

	(void)mkdir(row->cgroup, 0755);
	dir = open(row->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		add(missing, size, "cgroup %s: %s", row->cgroup, strerror(errno));
	else if (fstatfs(dir, &fs) == -1 || fs.f_type != CGROUP2_MAGIC) {
		add(missing, size, "cgroup %s: no folder of cgroup version 2", row->cgroup);
		close(dir);
		dir = -1;
	}
	return dir;
}

/* Whether a list of words with blanks between has it: `cpu` is none of `cpuset io`. */
static bool
has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = text; (p = strstr(p, word)) != NULL; p += len)
		if ((p == text || p[-1] == ' ') && strchr(" \n", p[len]) != NULL)
			return true;	/* or the end of the text */
	return false;
}

static void
need_controller(int top, const char *name, char *missing, size_t size)
{
	char text[256], order[16];

	snprintf(order, sizeof(order), "+%s", name);
	if (!read_file(top, "cgroup.controllers", text, sizeof(text)) || !has_word(text, name))
		add(missing, size, "limit %s: the cgroup has no controller for it", name);
	else if (write_file(top, "cgroup.subtree_control", order) == -1)
		add(missing, size, "limit %s: %s", name, strerror(errno));
}

static int
open_checked(const struct program *row, char *missing, size_t size)
{
	int top;

	missing[0] = '\0';
	if (row->cgroup == NULL) {
		if (row->cpu_pct > 0 || row->memory_bytes > 0)
			add(missing, size, "limit: needs a cgroup, which is not written");
		return -1;
	}
	if ((top = open_top(row, missing, size)) == -1)
		return -1;
	if (row->cpu_pct > 0)
		need_controller(top, "cpu", missing, size);
	if (row->memory_bytes > 0)
		need_controller(top, "memory", missing, size);
	return top;
}

void
cgroup_probe(const struct program *row, char *missing, size_t size)
{
	int top = open_checked(row, missing, size);

	if (top != -1)
		close(top);
}

/* A file that is not there is a controller's that is missing, which was said. */
static void
set_limit(int dir, const char *file, const char *value, char *missing, size_t size)
{
	if (write_file(dir, file, value) == -1 && errno != ENOENT)
		add(missing, size, "limit: %s: %s", file, strerror(errno));
}

static void
set_limits(int dir, const struct program *row, char *missing, size_t size)
{
	char text[64];

	if (row->cpu_pct > 0) {
		snprintf(text, sizeof(text), "%llu %u",
		    (unsigned long long)row->cpu_pct * PERIOD_US / 100, PERIOD_US);
		set_limit(dir, "cpu.max", text, missing, size);
	}
	if (row->memory_bytes > 0) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)row->memory_bytes);
		set_limit(dir, "memory.max", text, missing, size);
		set_limit(dir, "memory.swap.max", "0", missing, size);
	}
}

int
cgroup_make(const struct program *row, const char *id, char *missing, size_t size)
{
	int top = open_checked(row, missing, size), dir = -1;

	if (top == -1)
		return -1;
	if (mkdirat(top, id, 0755) == -1 && errno != EEXIST)
		add(missing, size, "cgroup %s: %s", row->cgroup, strerror(errno));
	else
		dir = openat(top, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir != -1)
		set_limits(dir, row, missing, size);
	close(top);
	return dir;
}

void
cgroup_remove(const struct program *row, const char *id, int dir)
{
	char path[512];

	if (dir == -1)
		return;
	(void)write_file(dir, "cgroup.kill", "1");
	close(dir);
	snprintf(path, sizeof(path), "%s/%s", row->cgroup, id);
	for (int i = 0; i < 50 && rmdir(path) == -1 && errno == EBUSY; i++)
		poll(NULL, 0, 10);
}

/* The number behind a word of a flat file, or `none`. */
static uint64_t
number_of(const char *text, const char *word, uint64_t none)
{
	const char *p = strstr(text, word);

	return p != NULL ? strtoull(p + strlen(word), NULL, 10) : none;
}

/* All devices: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..." */
static uint64_t
sum_of(const char *text, const char *word)
{
	uint64_t sum = 0;

	for (const char *p = text; (p = strstr(p, word)) != NULL; p += strlen(word))
		sum += strtoull(p + strlen(word), NULL, 10);
	return sum;
}

void
cgroup_sample(int dir, struct child_sample *ret)
{
	char text[4096];

	if (dir == -1)
		return;
	if (read_file(dir, "cpu.stat", text, sizeof(text)))
		ret->cpu_us = number_of(text, "usage_usec ", ret->cpu_us);
	if (read_file(dir, "memory.current", text, sizeof(text)))
		ret->memory_bytes = strtoull(text, NULL, 10);
	if (!read_file(dir, "io.stat", text, sizeof(text)))
		return;
	ret->has_io = 1;
	ret->read_bytes = sum_of(text, "rbytes=");
	ret->write_bytes = sum_of(text, "wbytes=");
	ret->read_ops = sum_of(text, "rios=");
	ret->write_ops = sum_of(text, "wios=");
}
