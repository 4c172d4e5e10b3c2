/* SPDX-License-Identifier: BSD-2-Clause */
/* ctl/files.c: names, versions, limits of files for instances. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/module.h"
#include "ctl/control.h"
#include "ctl/files.h"
#include "ctl/store.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/sched.h"
#include "tap.h"

extern const struct module mod_files;

static unsigned nchanges;

static void
on_change(struct kept_file *f)
{
	(void)f;
	nchanges++;
}

static void
test_names(void)
{
	char long_name[FILE_NAME_MAX + 2];

	memset(long_name, 'a', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	ok(file_is_name("a"));
	ok(file_is_name("App_1.conf-x"));
	ok(!file_is_name(""));
	ok(!file_is_name(".a"));
	ok(!file_is_name("-a"));
	ok(!file_is_name(".."));
	ok(!file_is_name("a/b"));
	ok(!file_is_name("a b"));
	ok(!file_is_name("a\n"));
	ok(!file_is_name(long_name));
	ok(file_is_name(long_name + 1));
}

static void
test_versions(void)
{
	ok(files_put("b", "1", 1) == NULL);
	is_int(files_find("b")->version, 1);
	ok(files_put("b", "1", 1) == NULL);
	is_int(files_find("b")->version, 1);
	is_int(nchanges, 1);
	ok(files_put("b", "\0\xff", 2) == NULL);
	is_int(files_find("b")->version, 2);
	is_int(files_find("b")->text->len, 2);
	ok(files_put("a", "", 0) == NULL);
	is_str(KEPT_FILE_OF(kept_files.next)->name, "a");	/* by name */
	ok(!files_drop("c"));
	ok(files_drop("b"));
	ok(!files_drop("b"));
	ok(files_find("b")->text == NULL);
	ok(files_put("b", "2", 1) == NULL);
	is_int(files_find("b")->version, 4);
	is_int(nchanges, 5);
}

/* A version that somebody reads stays while it does. */
static void
test_held(void)
{
	struct file_text *t = file_text_ref(files_find("b")->text);

	ok(files_put("b", "other", 5) == NULL);
	is_str(t->data, "2");
	file_text_unref(t);
}

static bool
is_refused(const char *name, size_t len, const char *want)
{
	char *data = calloc(1, len + 1), *problem = files_put(name, data, len);
	bool is_so = problem != NULL && strstr(problem, want) != NULL;

	if (!is_so)
		tap_diag("%s: %s", name, problem != NULL ? problem : "taken");
	free(problem);
	free(data);
	return is_so;
}

static void
test_limits(void)
{
	char name[16];
	static char mib[FILE_BYTES_MAX];

	ok(is_refused("big", FILE_BYTES_MAX + 1, "1048577 bytes are too many"));
	ok(files_find("big") == NULL);
	for (unsigned i = 0; i < 15; i++) {
		snprintf(name, sizeof name, "m%u", i);
		ok(files_put(name, mib, sizeof mib) == NULL);
	}
	ok(files_put("m15", mib, sizeof mib - 100) == NULL);
	ok(is_refused("m16", 1000, "all files together would have"));
	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof name, "m%u", i);
		ok(files_drop(name));
	}
	for (unsigned i = 0; i < FILES_MAX - 2; i++) {		/* a and b are there */
		snprintf(name, sizeof name, "n%u", i);
		free(files_put(name, "x", 1));
	}
	ok(is_refused("one", 1, "there are 100 files already"));
	ok(files_put("a", "it may change", 13) == NULL);
	for (unsigned i = 0; i < FILES_MAX - 2; i++) {
		snprintf(name, sizeof name, "n%u", i);
		ok(files_drop(name));
	}
	ok(files_find("m0") == NULL);		/* of 114 deleted ones the first were forgotten */
	ok(files_find("n97") != NULL);
}

const struct module *const modules[] = { NULL };

static unsigned nwarnings;

static void
count_warning(enum log_level level, const char *text)
{
	(void)level;
	nwarnings += strstr(text, "is damaged and left out") != NULL;
}

static void
put_row(const char *name, const char *row)
{
	store_put(STORE_FILE, name, 1, row, strlen(row));
}

/* A row whose bytes cannot be read is no deleted file, which would go from instances. */
static void
test_rows(void)
{
	char dir[] = "/tmp/weir-files-XXXXXX", path[64];
	static const char *const ends[] = { "", "-wal", "-shm" };

	if (mkdtemp(dir) == NULL)
		return;
	control_loop = loop_self = loop_new(0);
	sched_start(control_loop, 0);
	job_start(1);
	is_int(store_open(dir), 0);
	put_row("bad", "{\"version\":3,\"data\":\"@@\"}");
	put_row("none", "{\"version\":0,\"data\":\"YQ==\"}");
	put_row("gone", "{\"version\":7}");
	put_row("good", "{\"version\":2,\"data\":\"YQBi\"}");
	store_close();
	is_int(store_open(dir), 0);
	log_set_sink(count_warning);
	mod_files.start();
	log_set_sink(NULL);
	is_int(nwarnings, 2);
	ok(files_find("bad") == NULL && files_find("none") == NULL);
	ok(files_find("gone") != NULL && files_find("gone")->text == NULL);
	ok(files_find("good") != NULL && files_find("good")->text->len == 3);
	ok(memcmp(files_find("good")->text->data, "a\0b", 3) == 0);
	mod_files.stop();
	store_close();
	job_stop();
	sched_stop();
	loop_free(control_loop);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/weir.db%s", dir, ends[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

int
main(void)
{
	test_rows();
	mod_files.start();
	files_on_change(on_change);
	test_names();
	test_versions();
	test_held();
	test_limits();
	mod_files.stop();
	ok(kept_files.next == &kept_files);
	return tap_done();
}
