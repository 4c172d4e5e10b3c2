/* SPDX-License-Identifier: BSD-2-Clause */
/* child.c: what the helper opens, what it refuses, and that it lets go. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/thread.h"
#include "event/child.h"
#include "tap.h"

static char top[64] = "/tmp/weir-child-XXXXXX";

static const char *
at(const char *name)
{
	static _Thread_local char path[4][160];
	static _Thread_local unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", top, name);
	return path[turn];
}

static void
put(const char *name)
{
	file_write_atomic(at(name), name, strlen(name), 0644);
}

static void
make_tree(void)
{
	static const char *const folders[] = { "certs", "private", "state",
		"secret", "certs/sub" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		mkdir(at(folders[i]), 0755);
	put("certs/a.pem");
	put("certs/sub/b.pem");
	put("private/key.pem");
	put("secret/x");
	put("one.cfg");
	put("one.cfg2");
	ok(symlink("../private/key.pem", at("certs/to-private")) == 0);
	ok(symlink("../secret/x", at("certs/to-secret")) == 0);
	ok(symlink("a.pem", at("certs/to-a")) == 0);
	ok(symlink("../secret", at("certs/to-folder")) == 0);
	ok(symlink("nowhere", at("certs/to-nowhere")) == 0);
	ok(symlink(at("secret"), at("state/out")) == 0);
	ok(mkfifo(at("certs/fifo"), 0600) == 0);
}

/* The errno of an open, 0 when it worked. */
static int
try_open(const char *path, int flags)
{
	int fd = file_open(path, flags, 0600);

	if (fd == -1)
		return errno;
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	return 0;
}

static void
test_opens(void)
{
	char *text;
	size_t len;

	text = file_read(at("certs/a.pem"), 100, &len);
	is_str(text, "certs/a.pem");
	free(text);
	is_int(try_open(at("certs"), O_RDONLY | O_DIRECTORY), 0);
	is_int(try_open(at("certs/sub/b.pem"), O_RDONLY), 0);
	is_int(try_open(at("certs//sub/./b.pem"), O_RDONLY), 0);
	is_int(try_open(at("certs/to-private"), O_RDONLY), 0);
	is_int(try_open(at("certs/to-a"), O_RDONLY), 0);
	is_int(try_open(at("one.cfg"), O_RDONLY), 0);
	is_int(try_open("one.cfg", O_RDONLY), 0);	/* cwd at the start */
	is_int(try_open("/dev/null", O_RDONLY), 0);
	is_int(try_open(at("certs/none"), O_RDONLY), ENOENT);
	is_int(try_open(at("certs/fifo"), O_RDONLY), 0);	/* no hang */
}

static void
test_tree(void)
{
	char target[16] = "";

	is_int(file_make_folder(at("state/new")), 0);
	is_int(file_make_folder(at("state/new")), 0);
	is_int(try_open(at("state/new/x"), O_WRONLY | O_CREAT), 0);
	is_int(file_link(at("state/link"), "new"), 0);
	is_int(file_link(at("state/link"), "newer"), 0);	/* in its place */
	is_int(readlink(at("state/link"), target, sizeof(target) - 1), 5);
	is_str(target, "newer");
	is_int(file_remove(at("state/new")), 0);		/* with x in it */
	is_int(file_remove(at("state/new")), 0);
	is_int(file_remove(at("state/link")), 0);
	is_int(access(at("state/new"), F_OK), -1);
	/* not outside of what may be written, and not by a link */
	is_int(file_make_folder(at("certs/new")), -1);
	is_int(errno, EPERM);
	is_int(file_remove(at("certs/a.pem")), -1);
	is_int(file_remove(at("state/out/x")), -1);
	is_int(file_link(at("state/x"), "../secret"), -1);
	is_int(access(at("secret/x"), F_OK), 0);
	is_int(access(at("certs/a.pem"), F_OK), 0);
}

static void
test_refusals(void)
{
	char long_path[5000];

	is_int(try_open(at("secret/x"), O_RDONLY), EPERM);
	is_int(try_open("/etc/passwd", O_RDONLY), EPERM);
	is_int(try_open(at("one.cfg2"), O_RDONLY), EPERM);
	is_int(try_open(at("certs2"), O_RDONLY), EPERM);
	is_int(try_open(at("certs/../secret/x"), O_RDONLY), EPERM);
	is_int(try_open(at("certs/.."), O_RDONLY), EPERM);
	is_int(try_open(at("certs/to-secret"), O_RDONLY), EPERM);
	is_int(try_open(at("certs/to-folder/x"), O_RDONLY), EPERM);
	is_int(try_open(at("certs/to-nowhere"), O_RDONLY), ENOENT);
	is_int(try_open(at("state/out/x"), O_RDONLY), EPERM);
	is_int(try_open(at("state/out/y"), O_WRONLY | O_CREAT), EPERM);
	is_int(try_open(at("certs/a.pem"), O_WRONLY), EPERM);
	is_int(try_open(at("certs/new"), O_WRONLY | O_CREAT), EPERM);
	is_int(try_open(at("certs/a.pem"), O_RDONLY | O_TRUNC), EPERM);
	is_int(try_open(at("certs/a.pem"), O_RDONLY | O_PATH), EINVAL);
	is_int(try_open("", O_RDONLY), ENOENT);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	is_int(try_open(long_path, O_RDONLY), ENAMETOOLONG);
}

static void
test_writing(void)
{
	struct stat st;
	char *text;

	ok(file_write_atomic(at("state/servers"), "one", 3, 0600) == 0);
	ok(file_write_atomic(at("state/servers"), "two", 3, 0600) == 0);
	ok(stat(at("state/servers"), &st) == 0 && (st.st_mode & 0777) == 0600);
	text = file_read(at("state/servers"), 100, NULL);
	is_str(text, "two");
	free(text);
	ok(file_write_atomic(at("certs/a.pem"), "x", 1, 0600) == -1);
	is_int(errno, EPERM);
	ok(helper_replace(at("certs/a.pem"), "", false) == -1);
	is_int(errno, EINVAL);
	ok(helper_replace(at("state/servers"), "./../x", false) == -1);
	is_int(errno, EINVAL);
	ok(helper_replace(at("state/servers"), ".none", true) == -1);
	is_int(errno, ENOENT);
	/* A link swapped in for the named folder's file is not followed out */
	unlink(at("state/servers"));
	ok(symlink(at("secret/x"), at("state/servers")) == 0);
	is_int(try_open(at("state/servers"), O_WRONLY), EPERM);
	unlink(at("state/servers"));
}

static void
test_listing(void)
{
	char **names = NULL;
	int n = file_list_dir(at("certs"), ".pem", &names);

	is_int(n, 1);
	is_str(n > 0 ? names[0] : NULL, at("certs/a.pem"));
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void *
opener_main(void *arg)
{
	unsigned *bad = arg;

	for (int i = 0; i < 50; i++) {
		size_t len;
		char *text = file_read(at(i % 2 ? "certs/a.pem" : "one.cfg"),
		    100, &len);

		if (text == NULL || strcmp(text,
		    i % 2 ? "certs/a.pem" : "one.cfg") != 0)
			++*bad;
		free(text);
	}
	return NULL;
}

static void
test_threads(void)
{
	unsigned bad[3] = { 0, 0, 0 };
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		thread_start(&t[i], "opener", opener_main, &bad[i]);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], NULL);
		is_u64(bad[i], 0);
	}
}

static void
test_signals(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		kill(helper_pid(), sigs[i]);
	is_int(try_open(at("one.cfg"), O_RDONLY), 0);
}

/* The helper's descriptors: 0 to 3 only. */
static void
test_descriptors(void)
{
	char path[64];
	unsigned open_fds = 0;

	/* An answer comes before the helper closes its copy; one more answer,
	 * without a descriptor, says that it has. */
	is_int(try_open("/etc/passwd", O_RDONLY), EPERM);
	for (int fd = 0; fd < 64; fd++) {
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d",
		    (int)helper_pid(), fd);
		if (lstat(path, &st) == 0)
			open_fds |= fd < 32 ? 1u << fd : 1u << 31;
	}
	is_u64(open_fds, 0xf);
}

/* When its parent is killed the helper ends: its end of a pipe closes. */
static void
test_parent_death(void)
{
	int fds[2], status;
	pid_t pid;
	char c;

	if (pipe(fds) == -1)
		return;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);	/* the helper keeps this one */
		close(fds[0]);
		close(fds[1]);
		if (helper_start() == 0)
			raise(SIGKILL);
		_exit(1);
	}
	close(fds[1]);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status));
	is_int(read(fds[0], &c, 1), 0);
	close(fds[0]);
}

static void
clean_up(void)
{
	static const char *const names[] = { "certs/a.pem", "certs/sub/b.pem",
		"certs/sub", "certs/to-private", "certs/to-secret",
		"certs/to-a", "certs/to-folder", "certs/to-nowhere",
		"certs/fifo", "private/key.pem", "secret/x", "one.cfg",
		"one.cfg2", "state/out", "certs", "private", "secret", "state",
		"" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (remove(at(names[i])) == -1)
			fail("remove %s: %s", names[i], strerror(errno));
}

int
main(void)
{
	if (mkdtemp(top) == NULL || chdir(top) == -1)
		tap_skip_all("no folder in /tmp");
	test_parent_death();
	make_tree();
	ok(!helper_is_running());
	helper_allow(at("certs"));
	helper_allow(at("private/"));
	helper_allow_write(at("state"));
	helper_allow(at("one.cfg"));
	helper_allow("/dev/null");
	ok(helper_start() == 0);
	ok(helper_is_running() && helper_pid() > 0);
	ok(chdir("/") == 0);
	test_opens();
	test_refusals();
	test_tree();
	test_writing();
	test_listing();
	test_threads();
	test_signals();
	test_descriptors();
	helper_stop();
	ok(!helper_is_running());
	is_int(try_open(at("secret/x"), O_RDONLY), 0);
	clean_up();
	return tap_done();
}
