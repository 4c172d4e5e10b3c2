/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.c: rows come back after the end, the newest of a key, in order; the durable
 * ones tell; what is no database is moved aside, a newer one is not touched.
 */
#include "ctl/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/sched.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

static void
drop(enum log_level level, const char *text)
{
	(void)level, (void)text;
}

static char dir[] = "/tmp/weir-store-XXXXXX";
static unsigned ndone, nfailed;

static void
on_done(void *arg, bool ok)
{
	(void)arg;
	ndone++;
	nfailed += !ok;
}

static void
put(enum store_table t, const char *key, int64_t t_us, const char *data)
{
	store_put(t, key, t_us, data, strlen(data));
}

static void
wait_done(unsigned n)
{
	while (ndone < n)
		loop_once(control_loop, true);
}

static char seen[512];

static void
on_row(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	size_t n = strlen(seen);

	(void)arg;
	snprintf(seen + n, sizeof seen - n, "%s@%lld=%.*s ", key, (long long)t_us, (int)len, data);
}

static const char *
rows(enum store_table t)
{
	seen[0] = '\0';
	store_each(t, on_row, NULL);
	return seen;
}

static void
test_rows(void)
{
	is_int(store_open(dir), 0);
	ok(store_is_there());
	is_str(rows(STORE_ALARM), "");
	put(STORE_ALARM, "b", 20, "{\"state\":\"OK\"}");
	put(STORE_ALARM, "a", 10, "1");
	put(STORE_ALARM, "a", 30, "2");
	put(STORE_ALARM, "gone", 5, "x");
	store_del(STORE_ALARM, "gone");
	put(STORE_HISTORY, "1", 100, "old");
	put(STORE_HISTORY, "2", 200, "");
	put(STORE_HISTORY, "3", 300, "it's \"quoted\"");
	store_del_older(STORE_HISTORY, 200);
	store_put_durable(STORE_OUTBOX, "o", 1, "mail", 4, on_done, NULL);
	store_sync(on_done, NULL);
	ok_named(ndone == 0, "a promise is kept later");
	wait_done(2);
	is_int(nfailed, 0);
	is_str(rows(STORE_ALARM), "b@20={\"state\":\"OK\"} a@30=2 ");
	put(STORE_ALARM, "late", 40, "written at the end");
	store_close();
	is_int(store_open(dir), 0);
	is_str(rows(STORE_ALARM), "b@20={\"state\":\"OK\"} a@30=2 late@40=written at the end ");
	is_str(rows(STORE_HISTORY), "2@200= 3@300=it's \"quoted\" ");
	is_str(rows(STORE_OUTBOX), "o@1=mail ");
	store_close();
}

static void
test_without(void)
{
	ndone = 0;
	put(STORE_ALARM, "a", 1, "1");
	store_put_durable(STORE_ALARM, "a", 1, "1", 1, on_done, NULL);
	ok_named(ndone == 1, "without a state-dir it is done at once");
	is_str(rows(STORE_ALARM), "");
}

static void
test_bad(void)
{
	char *path = xasprintf("%s/weir.db", dir), *aside = xasprintf("%s.bad", path);
	sqlite3 *db;
	FILE *f;

	f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", f);
	fclose(f);
	is_int(store_open(dir), 0);
	ok_named(access(aside, F_OK) == 0, "moved aside");
	put(STORE_ALARM, "a", 1, "new");
	store_close();
	is_int(sqlite3_open(path, &db), 0);
	is_int(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), 0);
	sqlite3_close(db);
	is_int(store_open(dir), -1);
	ok(!store_is_there());
	remove(path);
	is_int(store_open("/nowhere"), -1);
	remove(aside);
	free(path);
	free(aside);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	log_set_sink(drop);
	control_loop = loop_self = loop_new(0);
	sched_start(control_loop, 0);
	job_start(1);
	test_rows();
	test_without();
	test_bad();
	job_stop();
	sched_stop();
	loop_free(control_loop);
	rmdir(dir);
	return tap_done();
}
