/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap.c: the harness tests itself: a child process whose checks fail in known
 * ways, its output and exit code looked at here.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

/* What a test that fails looks like */
static int
failing_test(void)
{
	ok(1 + 1 == 2);
	is_int(-1, 1);
	is_u64(UINT64_MAX, 0);
	is_str("abc", "abd");
	is_str(NULL, "");
	is_mem("a\0b", 3, "a\0c", 3);
	ok_named(false, "name with %d hash #", 1);
	tap_skip("not %s", "here");
	return tap_done();
}

/* Runs fn in a child, both outputs into buf; its exit code. */
static int
run_child(int (*fn)(void), char *buf, size_t size)
{
	int fds[2], status = -1;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		return -1;
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		_exit(fn());
	}
	close(fds[1]);
	while (used < size - 1 &&
	    (n = read(fds[0], buf + used, size - 1 - used)) > 0)
		used += (size_t)n;
	buf[used] = '\0';
	close(fds[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
broken_plan(void)
{
	tap_plan(2);
	ok(true);
	return tap_done();
}

int
main(void)
{
	static char out[8192], plan[1024];
	/* Both before the first check here: a child inherits the counts. */
	int code = run_child(failing_test, out, sizeof(out));
	int plan_code = run_child(broken_plan, plan, sizeof(plan));

	is_int(code, 1);
	ok(strncmp(out, "ok 1 - 1 + 1 == 2\n", 18) == 0);
	ok(strstr(out, "not ok 2 - -1 is 1\n") != NULL);
	ok(strstr(out, "#        got: -1\n#   expected: 1\n") != NULL);
	ok(strstr(out, "#        got: 18446744073709551615 ") != NULL);
	ok(strstr(out, "got: \"abc\" (3 bytes)") != NULL);
	ok(strstr(out, "first difference at byte 2") != NULL);
	ok(strstr(out, "got: NULL") != NULL);
	ok(strstr(out, "\"a\\x00b\" (3 bytes)") != NULL);
	ok(strstr(out, "not ok 7 - name with 1 hash  \n") != NULL);
	ok(strstr(out, "ok 8 # skip not here\n") != NULL);
	ok(strstr(out, "#   at t/unit/tap.c:") != NULL);
	ok(strstr(out, "\n1..8\n") != NULL);
	ok(strstr(out, "# 6 of 8 checks failed\n") != NULL);

	is_int(plan_code, 1);
	ok(strstr(plan, "# planned 2 checks, made 1\n") != NULL);
	return tap_done();
}
