/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A group of its own for a child: where this machine has cgroups of version 2 that we
 * may write to. Which controllers there are is the machine's matter: a limit whose
 * controller is there is in force, one whose controller is not is named.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "event/cgroup.h"
#include "tap.h"

static char top[256];

static bool
find_top(void)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		char file[300];

		snprintf(top, sizeof(top), "%s/cgroup.controllers", mounts[i]);
		if (access(top, R_OK) == -1)
			continue;
		snprintf(top, sizeof(top), "%s/weir-test-%d", mounts[i], (int)getpid());
		if (mkdir(top, 0755) == -1)
			continue;
		snprintf(file, sizeof(file), "%s/cgroup.procs", top);
		if (access(file, W_OK) == 0)
			return true;
		rmdir(top);
	}
	return false;
}

static bool
reads(const char *dir, const char *name, char *text, size_t size)
{
	char path[400];
	FILE *f;
	bool is_read;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	is_read = fgets(text, (int)size, f) != NULL;
	fclose(f);
	return is_read;
}

static bool
has_controller(const char *name)
{
	char text[256] = "", list[260], word[20];

	(void)reads(top, "cgroup.controllers", text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	snprintf(list, sizeof(list), " %s ", text);
	snprintf(word, sizeof(word), " %s ", name);
	return strstr(list, word) != NULL;
}

static void
check_limit(const char *name, const char *file, const char *want, const char *missing)
{
	char dir[300], text[64] = "", said[100];

	snprintf(dir, sizeof(dir), "%s/a", top);
	snprintf(said, sizeof(said), "limit %s: the cgroup has no controller for it", name);
	if (has_controller(name)) {
		ok(strstr(missing, name) == NULL);
		ok(reads(dir, file, text, sizeof(text)));
		text[strcspn(text, "\n")] = '\0';
		is_str(text, want);
	} else {
		ok(strstr(missing, said) != NULL);
		ok(!reads(dir, file, text, sizeof(text)));
	}
}

static pid_t
start_in(const char *dir)
{
	char procs[400];
	int fd;
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(procs, sizeof(procs), "%s/cgroup.procs", dir);
		fd = open(procs, O_WRONLY | O_CLOEXEC);
		if (fd == -1 || write(fd, "0", 1) != 1)
			_exit(1);
		close(fd);
		for (volatile unsigned long n = 0; n < 20000000; n++)
			;
		for (;;)
			pause();
	}
	return pid;
}

static bool
has_used_time(int dir)
{
	struct child_sample s = { 0 };

	for (int i = 0; i < 200 && s.cpu_us == 0; i++) {
		usleep(10000);
		cgroup_sample(dir, &s);
	}
	return s.cpu_us > 0;
}

static void
test_group(void)
{
	struct program row = { .cgroup = top, .cpu_pct = 50, .memory_bytes = 64u << 20 };
	char missing[256], probed[256], dir[300];
	int fd = cgroup_make(&row, "a", missing, sizeof(missing)), status = 0;
	pid_t pid;

	ok(fd != -1);
	check_limit("cpu", "cpu.max", "50000 100000", missing);
	check_limit("memory", "memory.max", "67108864", missing);
	cgroup_probe(&row, probed, sizeof(probed));
	is_str(probed, missing);
	snprintf(dir, sizeof(dir), "%s/a", top);
	pid = start_in(dir);
	ok(pid > 0);
	ok(has_used_time(fd));
	cgroup_remove(&row, "a", fd);	/* ends all in it */
	ok(waitpid(pid, &status, 0) == pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	if (access(dir, F_OK) == 0)	/* the last one was a zombie until now */
		rmdir(dir);
	ok(access(dir, F_OK) == -1);
}

static void
test_refusals(void)
{
	struct program none = { .cpu_pct = 50 }, odd = { .cgroup = "/tmp" };
	char missing[256];

	is_int(cgroup_make(&none, "a", missing, sizeof(missing)), -1);
	is_str(missing, "limit: needs a cgroup, which is not written");
	is_int(cgroup_make(&odd, "a", missing, sizeof(missing)), -1);
	is_str(missing, "cgroup /tmp: no folder of cgroup version 2");
}

int
main(void)
{
	test_refusals();
	if (find_top()) {
		test_group();
		rmdir(top);
	} else
		tap_skip("no cgroup of version 2 that may be written");
	return tap_done();
}
