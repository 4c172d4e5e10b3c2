/* SPDX-License-Identifier: BSD-2-Clause */
/* file.c: reading with a limit, replacing whole, listing a folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "tap.h"

static char dir[] = "/tmp/weir-file-XXXXXX";

static const char *
in_dir(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void
test_read_write(void)
{
	struct stat st;
	size_t len = 9;
	char *text;

	ok(file_write_atomic(in_dir("b.cfg"), "hello\0x", 7, 0640) == 0);
	ok(stat(in_dir("b.cfg"), &st) == 0 && (st.st_mode & 0777) == 0640);
	text = file_read(in_dir("b.cfg"), 7, &len);
	is_mem(text, len, "hello\0x", 7);
	ok(text != NULL && text[7] == '\0');
	free(text);
	ok(file_read(in_dir("b.cfg"), 6, &len) == NULL && errno == EFBIG);
	ok(file_read(in_dir("none"), 6, &len) == NULL && errno == ENOENT);
	ok(file_read(dir, 6, &len) == NULL && errno == EISDIR);
	is_u64(len, 7);
	ok(file_write_atomic(in_dir("b.cfg"), "", 0, 0600) == 0);
	text = file_read(in_dir("b.cfg"), 6, &len);
	is_str(text, "");
	free(text);
	/* No size to go by */
	text = file_read("/proc/self/status", 1 << 20, &len);
	ok(text != NULL && len > 100);
	free(text);
}

static int replacer_calls;

static int
failing_replacer(const char *path, const char *suffix, bool keep)
{
	char temp[256];

	replacer_calls++;
	if (keep) {
		errno = EIO;
		return -1;
	}
	snprintf(temp, sizeof(temp), "%s%s", path, suffix);
	return unlink(temp);
}

static int
denying_opener(const char *path, int flags, mode_t mode)
{
	(void)path;
	(void)mode;
	errno = flags & O_CLOEXEC ? EPERM : EINVAL;
	return -1;
}

static void
test_failures(void)
{
	char *text;

	ok(file_write_atomic(in_dir("no/x"), "x", 1, 0600) == -1);
	is_int(errno, ENOENT);
	file_write_atomic(in_dir("old.pem"), "old", 3, 0600);
	file_set_replacer(failing_replacer);
	ok(file_write_atomic(in_dir("old.pem"), "new", 3, 0600) == -1);
	is_int(errno, EIO);
	is_int(replacer_calls, 2);
	file_set_replacer(NULL);
	text = file_read(in_dir("old.pem"), 10, NULL);
	is_str(text, "old");
	free(text);
	file_set_opener(denying_opener);
	ok(file_open(in_dir("old.pem"), O_RDONLY, 0) == -1);
	is_int(errno, EPERM);
	file_set_opener(NULL);
}

static void
test_list(void)
{
	static const char *const want[] = { "B.cfg", "a.cfg", "b.cfg" };
	char **names = NULL;
	int n;

	file_write_atomic(in_dir("a.cfg"), "", 0, 0600);
	file_write_atomic(in_dir("B.cfg"), "", 0, 0600);
	file_write_atomic(in_dir(".c.cfg"), "", 0, 0600);
	n = file_list_dir(dir, ".cfg", &names);
	is_int(n, 3);
	for (int i = 0; i < n; i++) {
		is_str(names[i], in_dir(want[i]));
		free(names[i]);
	}
	free(names);
	n = file_list_dir(in_dir(""), NULL, &names);
	is_int(n, 4);		/* no temporary file was left */
	for (int i = 0; i < n; i++)
		free(names[i]);
	if (n > 0)
		free(names);
	ok(file_list_dir(in_dir("none"), NULL, &names) == -1);
	is_int(errno, ENOENT);
	ok(file_list_dir(in_dir("a.cfg"), NULL, &names) == -1);
	is_int(errno, ENOTDIR);
}

static void
clean_up(void)
{
	static const char *const names[] = { "a.cfg", "B.cfg", ".c.cfg",
		"b.cfg", "old.pem" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_dir(names[i]));
	ok(rmdir(dir) == 0);
}

int
main(void)
{
	umask(022);
	if (mkdtemp(dir) == NULL)
		tap_skip_all("no folder in /tmp");
	test_read_write();
	test_failures();
	test_list();
	clean_up();
	return tap_done();
}
