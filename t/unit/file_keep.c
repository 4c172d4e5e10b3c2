/* SPDX-License-Identifier: BSD-2-Clause */
/* file_keep.c: what was read once is read again as it was. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_keep.h"
#include "tap.h"

static char dir[] = "/tmp/weir-keep-XXXXXX";
static char one[64], two[64], none[64];

static void
put(const char *path, const char *text)
{
	ok(file_write_atomic(path, text, strlen(text), 0640) == 0);
}

static void
reads(const char *path, const char *want)
{
	size_t len = 0;
	char *text = file_read(path, 1000, &len);

	if (want == NULL)
		ok(text == NULL && errno == ENOENT);
	else
		is_str(text != NULL ? text : "(none)", want);
	free(text);
}

static void
lists(int want)
{
	char **names = NULL;
	int n = file_list_dir(dir, ".cfg", &names);

	ok(n == want);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void
copied(struct file_keep *k, const char *path, const char *want)
{
	size_t len = 0;
	char *p = file_keep_copy(k, path, &len);

	ok(want != NULL ? p != NULL && strcmp(p, want) == 0 && len == strlen(want) : p == NULL);
	free(p);
}

/* What a command changes holds when the build with it came into service. */
static void
other_bytes(struct file_keep *k)
{
	file_keep_use(k, FILE_KEEP_REPLAY);
	file_keep_change(one, "tried", 5);
	reads(one, "tried");
	copied(k, one, "first");
	file_keep_settle(k, false);
	reads(one, "first");
	file_keep_change(one, "other", 5);
	file_keep_change(two, NULL, 0);
	file_keep_change(none, "made", 4);
	reads(two, NULL);
	reads(none, "made");
	file_keep_settle(k, true);
	file_keep_use(NULL, FILE_KEEP_OFF);
	copied(k, one, "other");
	copied(k, two, NULL);
	copied(k, none, "made");
	copied(k, "/not/kept", NULL);
	is_u64(file_keep_bytes(k), 9);
	reads(one, "changed");		/* the file itself is as it was */
}

/* What was given is read in place of the files, the others are recorded. */
static void
test_seeded(void)
{
	char *names[] = { one };
	struct file_keep *k = file_keep_new();

	put(one, "disk");
	put(two, "beside");
	file_keep_put(k, one, "given", 5);
	file_keep_put_names(k, dir, ".cfg", names, 1);
	file_keep_use(k, FILE_KEEP_SEEDED);
	reads(one, "given");
	reads(two, "beside");
	lists(1);
	file_keep_use(NULL, FILE_KEEP_OFF);
	copied(k, one, "given");
	copied(k, two, "beside");
	file_keep_free(k);
}

int
main(void)
{
	struct file_keep *k = file_keep_new();
	struct stat st;
	int fd;

	ok(mkdtemp(dir) != NULL);
	snprintf(one, sizeof one, "%s/1.cfg", dir);
	snprintf(two, sizeof two, "%s/2.cfg", dir);
	snprintf(none, sizeof none, "%s/3.cfg", dir);
	put(one, "first");

	file_keep_use(k, FILE_KEEP_RECORD);
	reads(one, "first");
	reads(none, NULL);
	lists(1);
	file_keep_use(NULL, FILE_KEEP_OFF);
	is_u64(file_keep_bytes(k), 5);
	put(one, "changed");
	put(two, "second");
	put(none, "there");
	reads(one, "changed");

	file_keep_use(k, FILE_KEEP_REPLAY);
	ok(file_keep_mode() == FILE_KEEP_REPLAY);
	reads(one, "first");
	reads(none, NULL);		/* what was not there is not there */
	lists(1);
	fd = file_open(one, O_RDONLY, 0);
	ok(fd >= 0 && fstat(fd, &st) == 0);
	is_u64(st.st_mode & 0777, 0640);	/* secrets are known by it */
	close(fd);
	reads(two, "second");		/* a new one is taken up */
	put(two, "third");
	reads(two, "second");
	file_keep_use(NULL, FILE_KEEP_OFF);
	reads(two, "third");
	other_bytes(k);
	file_keep_free(k);
	test_seeded();
	unlink(one), unlink(two), unlink(none);
	rmdir(dir);
	return tap_done();
}
