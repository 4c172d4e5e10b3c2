/* SPDX-License-Identifier: BSD-2-Clause */
/* program.c and the keepers: rows are frozen, values are checked, calls and children. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "event/child.h"
#include "event/program.h"
#include "tap.h"

static char folder[64] = "/tmp/weir-program-XXXXXX";

static int
row(const char *const *args, unsigned n)
{
	static const char *const env[] = { "WHO={id}" };

	return program_row(&(struct program){ .args = args, .nargs = n, .env = env, .nenv = 1,
	    .kill_after_ms = 1000 });
}

static int rows[6];
static bool has_taps;

static void
test_rows(void)
{
	static const char *const sh[] = { "/bin/sh", "-c", "cat; echo $WHO $0 >&2", "{id}x{no}" };
	static const char *const hang[] = { "/bin/sh", "-c", "trap '' TERM; read x; read y" };
	static const char *const none[] = { "/no/such/program" };
	static const char *const lives[] = { "/usr/bin/tail", "-f", "/dev/null" };

	rows[0] = row(sh, 4);
	rows[1] = row(hang, 3);
	rows[2] = row(none, 1);
	rows[3] = row(lives, 3);
	rows[4] = program_row(&(struct program){ .args = lives, .nargs = 3, .is_in_folder = true });
	rows[5] = program_row(&(struct program){ .args = lives, .nargs = 3, .is_tap = true,
	    .bridge = "wbr-t", .gateway = "10.9.2.1/24" });
	is_int(rows[0], 0);
	is_int(rows[1], 1);
	is_int(row(sh, 4), 0);	/* the same again */
	ok(program_is_value("a-b_c.d:e/f"));
	ok(!program_is_value("a b") && !program_is_value("") && !program_is_value("$(x)"));
}

static void
test_frozen(void)
{
	static const char *const other[] = { "/bin/false" };
	static const char *const sh[] = { "/bin/sh", "-c", "cat; echo $WHO $0 >&2", "{id}x{no}" };

	is_int(row(other, 1), -1);
	is_int(row(sh, 4), 0);
}

static struct program_run *
words(int n)
{
	struct program_run *r = program_run_new(n);

	ok(!program_run_value(r, "id", "no blank"));
	ok(program_run_value(r, "id", "i-1"));
	return r;
}

static struct program_result
result_of(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct program_result r = { .end = -1 };

	if (poll(&p, 1, 10000) == 1)
		(void)!recv(fd, &r, sizeof(r), 0);
	close(fd);
	return r;
}

static void
test_call(void)
{
	struct program_run *r = words(rows[0]);
	int in = memfd_create("in", 0), out = memfd_create("out", 0);
	struct program_result res;
	char text[32] = "";

	(void)!write(in, "hello", 5);
	lseek(in, 0, SEEK_SET);
	res = result_of(program_call(r, 5000, 100, in, out));
	is_int(res.end, PROGRAM_EXITED);
	is_int(res.value, 0);
	is_int(pread(out, text, sizeof(text) - 1, 0), 5);
	is_str(text, "hello");
	is_int(res.output_len, strlen("i-1 i-1x{no}\n"));
	ok(memcmp(res.output, "i-1 i-1x{no}\n", res.output_len) == 0);
	free(r);
	close(in);
	close(out);
}

static void
test_time(void)
{
	struct program_run *r = words(rows[1]);
	int in[2];
	struct program_result res;

	ok(pipe(in) == 0);
	res = result_of(program_call(r, 50, 50, in[0], -1));
	is_int(res.end, PROGRAM_TIMEOUT);
	free(r);
	r = words(rows[2]);
	res = result_of(program_call(r, 5000, 0, -1, -1));
	is_int(res.end, PROGRAM_NOT_RUN);
	is_int(res.value, ENOENT);
	free(r);
	r = program_run_new(99);
	is_int(program_call(r, 50, 0, -1, -1), -1);
	is_int(errno, EINVAL);
	free(r);
	close(in[0]);
	close(in[1]);
}

static bool
report_of(int fd, struct child_report *r, enum child_report_kind want)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, 10000) == 1) {
		if (recv(fd, r, sizeof(*r), 0) <= 0)
			return false;
		if (r->kind == (int)want)
			return true;
	}
	return false;
}

/* Its warden has tidied up, and is gone. */
static void
wait_for_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct child_report rep;

	while (poll(&p, 1, 10000) == 1 && recv(fd, &rep, sizeof(rep), 0) > 0)
		;
	close(fd);
}

/* A child, left alone, found again, sampled, ended. */
static void
test_child(void)
{
	struct program_run *r = words(rows[3]);
	int data = memfd_create("data", 0), fd;
	struct child_start s = { .id = "i-1", .meta = "me", .meta_len = 2, .data = { data, -1 } };
	struct child_report rep;
	char id[CHILD_ID_MAX + 1] = "";

	fd = program_spawn(r, &s);
	ok(fd != -1);
	ok(report_of(fd, &rep, CHILD_HELLO) && rep.pid > 0);
	close(fd);
	fd = program_adopt("", id);
	ok(fd != -1);
	is_str(id, "i-1");
	ok(report_of(fd, &rep, CHILD_HELLO) && rep.meta_len == 2 && memcmp(rep.meta, "me", 2) == 0);
	is_int(program_adopt("i-1", id), -1);
	is_int(errno, ENOENT);
	(void)!send(fd, &(struct child_order){ .kind = CHILD_KILL }, CHILD_ORDER_BYTES, 0);
	ok(report_of(fd, &rep, CHILD_EXITED));
	is_int(rep.end, PROGRAM_KILLED);
	wait_for_end(fd);
	s.id = "../evil";
	is_int(program_spawn(r, &s), -1);
	is_int(errno, EINVAL);
	free(r);
	close(data);
}

/* A stream socket ID.qmp in the folder; a link there leads nowhere. */
static void
test_connect(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char link[128];

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/i-2.qmp", folder);
	snprintf(link, sizeof(link), "%s/i-3.qmp", folder);
	ok(bind(s, (struct sockaddr *)&un, sizeof(un)) == 0 && listen(s, 1) == 0);
	ok(symlink(un.sun_path, link) == 0);
	fd = program_connect("i-2", ".qmp");
	ok(fd != -1);
	close(fd);
	is_int(program_connect("i-3", ".qmp"), -1);
	is_int(program_connect("i-4", ".qmp"), -1);
	is_int(errno, ENOENT);
	is_int(program_connect("../i-2", ".qmp"), -1);
	is_int(errno, EINVAL);
	close(s);
	unlink(link);
	unlink(un.sun_path);
}

/* Files of children that are not there go when a process asks for children first. */
static void
test_sweep(void)
{
	static const char *const names[] = { "i-5.qcow2", "i-5.qmp", "notes.txt" };
	char path[128], id[CHILD_ID_MAX + 1];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	is_int(program_adopt("", id), -1);
	is_int(errno, ENOENT);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		is_int(access(path, F_OK), i == 2 ? 0 : -1);
	}
	unlink(path);
}

/* The queue of a warden that is busy is full: its socket stays. A dead one's goes. */
static void
test_adopt(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX }, dead = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), first, fds[16];
	int d = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char id[CHILD_ID_MAX + 1];
	unsigned n = 0;

	snprintf(dead.sun_path, sizeof(dead.sun_path), "%s/i-1.child", folder);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/i-2.child", folder);
	ok(bind(s, (struct sockaddr *)&un, sizeof(un)) == 0 && listen(s, 1) == 0);
	ok(bind(d, (struct sockaddr *)&dead, sizeof(dead)) == 0);
	close(d);
	first = program_adopt("", id);
	ok(first != -1);
	is_str(id, "i-2");
	is_int(access(dead.sun_path, F_OK), -1);
	while (n < 16 && (fds[n] = program_adopt("i-1", id)) != -1)
		n++;
	ok(n > 0 && n < 16);
	is_int(errno, ENOENT);
	is_int(access(un.sun_path, F_OK), 0);
	while (n > 0)
		close(fds[--n]);
	close(first);
	close(s);
	unlink(un.sun_path);
}

/* What was made for a child that never was goes; of one that is there all stays. */
static void
test_forget(void)
{
	static const char *const names[] = { "i-6.qcow2", "i-7.qcow2", "i-7.child" };
	char path[3][128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%s", folder, names[i]);
		close(open(path[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	is_int(program_forget("i-6"), 0);
	is_int(program_forget("i-7"), -1);
	is_int(errno, EBUSY);
	is_int(program_forget("../i-7"), -1);
	is_int(errno, EINVAL);
	is_int(access(path[0], F_OK), -1);
	is_int(access(path[1], F_OK), 0);
	unlink(path[1]);
	unlink(path[2]);
}

static int
spawn_as(int n, const char *id, const char *value)
{
	struct child_start s = { .id = id, .meta = "", .data = { -1, -1 } };
	struct program_run *r = program_run_new(n);
	int fd;

	ok(program_run_value(r, "id", value));
	fd = program_spawn(r, &s);
	free(r);
	return fd;
}

/* In the folder {id} is a file's name, and a child's is its own. */
static void
test_ids(void)
{
	struct program_run *r = program_run_new(rows[4]);

	is_int(spawn_as(rows[3], "i-8", "i-9"), -1);
	is_int(errno, EINVAL);
	ok(program_run_value(r, "id", "../../etc/x"));
	is_int(program_call(r, 5000, 0, -1, -1), -1);
	is_int(errno, EINVAL);
	free(r);
}

/* An interface that is there already is not the child's, and does not go with it. */
static void
test_tap(void)
{
	struct child_report rep = { .end = -1 };
	int fd;

	if (!has_taps) {
		ok(true);
		return;
	}
	ok(system("/sbin/ip link show wg-other >/dev/null 2>&1") == 0);
	fd = spawn_as(rows[5], "g-other", "g-other");
	ok(fd != -1);
	ok(report_of(fd, &rep, CHILD_EXITED));
	is_int(rep.end, PROGRAM_NOT_RUN);
	wait_for_end(fd);
	ok(system("/sbin/ip link show wg-other >/dev/null 2>&1") == 0);
}

int
main(void)
{
	has_taps = unshare(CLONE_NEWNET) == 0 && system("/sbin/ip tuntap add dev wg-other mode tap "
	    "2>/dev/null") == 0;
	test_rows();
	if (mkdtemp(folder) == NULL)
		return 1;
	program_set_folder(folder);
	if (helper_start() != 0)
		return 1;
	test_frozen();
	test_call();
	test_time();
	test_child();
	test_connect();
	test_sweep();
	test_adopt();
	test_forget();
	test_ids();
	test_tap();
	helper_stop();
	(void)rmdir(folder);
	return tap_done();
}
