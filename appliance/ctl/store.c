/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store; see store.h. What is put waits in a list; as soon as no job of ours is
 * under way, one takes the whole list and writes it in one transaction, so the
 * busier it is the more goes into one. A transaction with something durable in it is
 * synced to the disk before it counts.
 *
 * What cannot be written (a full disk) stays in the list and is tried again; the
 * durable ones are told at once. A database that is no database is moved aside.
 *
 * Thread: control; writing: a job thread, one at a time.
 */
#include "ctl/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "ctl/alarm.h"
#include "ctl/control.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/sched.h"

#define SCHEMA		1
#define BUSY_MS		2000
#define RETRY_US	10000000u
#define WAITING_MAX	200000u		/* rows; beyond, what is not durable is dropped */

enum op_kind { OP_PUT, OP_DEL, OP_DEL_OLDER, OP_SYNC };

struct op {
	struct list	 node;
	enum op_kind	 kind;
	enum store_table table;
	bool		 is_durable;
	int64_t		 t_us;
	store_done_fn	*done;		/* NULL = nobody waits */
	void		*arg;
	size_t		 len;
	char		*data;		/* behind the key */
	char		 key[];
};

static struct {
	sqlite3		*db;		/* owned; NULL: no state-dir */
	sqlite3_stmt	*put[STORE_TABLE_COUNT], *del[STORE_TABLE_COUNT],
			*del_older[STORE_TABLE_COUNT];
	char		*path;
	struct list	 waiting, writing;
	unsigned	 nwaiting;
	uint64_t	 nputs;
	bool		 is_busy, is_failing;
	char		 problem[256];	/* of the job's last transaction; "" = none */
	store_row_fn	*divert;	/* NULL: into the database */
	void		*divert_arg;
	struct sched_timer retry;
	struct loop_task task;		/* at the end of this pass: what a turn puts is one
					 * transaction */
} store = {
	.waiting = { &store.waiting, &store.waiting },
	.writing = { &store.writing, &store.writing },
};

static const char *const tables[STORE_TABLE_COUNT] = {
#define X(id, name) #name,
	STORE_TABLES(X)
#undef X
};

bool
store_is_there(void)
{
	return store.db != NULL || store.divert != NULL;
}

void
store_divert(store_row_fn *fn, void *arg)
{
	store.divert = fn;
	store.divert_arg = arg;
}

uint64_t
store_puts(void)
{
	return store.nputs;
}

const char *
store_problem(void)
{
	return store.is_failing ? store.problem : NULL;
}

/* ---- writing: a job thread ---- */

static bool
run(const char *sql)
{
	char *text = NULL;

	if (sqlite3_exec(store.db, sql, NULL, NULL, &text) == SQLITE_OK)
		return true;
	snprintf(store.problem, sizeof store.problem, "%s", text != NULL ? text : "no memory");
	sqlite3_free(text);
	return false;
}

static bool
step(sqlite3_stmt *st)
{
	bool ok = sqlite3_step(st) == SQLITE_DONE;

	if (!ok)
		snprintf(store.problem, sizeof store.problem, "%s", sqlite3_errmsg(store.db));
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return ok;
}

static bool
write_op(const struct op *op)
{
	sqlite3_stmt *st;

	switch (op->kind) {
	case OP_PUT:
		st = store.put[op->table];
		sqlite3_bind_text(st, 1, op->key, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 2, op->t_us);
		sqlite3_bind_text(st, 3, op->data, (int)op->len, SQLITE_STATIC);
		return step(st);
	case OP_DEL:
		st = store.del[op->table];
		sqlite3_bind_text(st, 1, op->key, -1, SQLITE_STATIC);
		return step(st);
	case OP_DEL_OLDER:
		st = store.del_older[op->table];
		sqlite3_bind_int64(st, 1, op->t_us);
		return step(st);
	case OP_SYNC:
		break;
	}
	return true;
}

static bool
write_list(void)
{
	bool is_durable = false, ok;

	LIST_EACH(n, &store.writing)
		is_durable |= LIST_ITEM(n, struct op, node)->is_durable;
	ok = run(is_durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL") &&
	    run("BEGIN IMMEDIATE");
	if (!ok)
		return false;
	LIST_EACH(n, &store.writing)
		ok = ok && write_op(LIST_ITEM(n, struct op, node));
	if (ok && run("COMMIT"))
		return true;
	(void)sqlite3_exec(store.db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

static void
write_job(void *arg)
{
	*(bool *)arg = write_list();
}

/* ---- the lists: control ---- */

static void begin(void);

static void
op_free(struct op *op)
{
	list_del(&op->node);
	free(op);
}

static void
tell(struct op *op, bool ok)
{
	store_done_fn *done = op->done;

	op->done = NULL;
	if (done != NULL)
		done(op->arg, ok);
}

static void
list_move(struct list *to, struct list *from)
{
	struct list *n;

	while ((n = list_pop(from)) != NULL)
		list_append(to, n);
}

/* To the log and as an alarm, once each way. */
static void
set_failing(bool is_failing)
{
	char text[400];

	if (store.is_failing == is_failing)
		return;
	store.is_failing = is_failing;
	if (is_failing) {
		snprintf(text, sizeof text, "cannot write %s: %s; it is tried again every %u s",
		    store.path, store.problem, RETRY_US / 1000000);
		log_alert("state-dir: %s", text);
	} else {
		snprintf(text, sizeof text, "%s can be written again", store.path);
		log_notice("state-dir: %s", text);
	}
	alarm_condition("Weir/StoreFailing", is_failing, text);
}

static void
written_all(void)
{
	LIST_EACH_SAFE(n, tmp, &store.writing) {
		struct op *op = LIST_ITEM(n, struct op, node);

		tell(op, true);
		op_free(op);
	}
	set_failing(false);
}

/* Back to the front of the line; nobody waits for what may take hours. */
static void
written_none(void)
{
	set_failing(true);
	LIST_EACH(n, &store.writing) {
		tell(LIST_ITEM(n, struct op, node), false);
		store.nwaiting++;
	}
	list_move(&store.writing, &store.waiting);
	list_move(&store.waiting, &store.writing);
	sched_after(&store.retry, RETRY_US);
}

static void
on_written(void *arg)
{
	bool ok = *(bool *)arg;

	free(arg);
	store.is_busy = false;
	if (ok)
		written_all();
	else
		written_none();
	sched_busy_end();
	if (ok)
		begin();
}

static void
begin(void)
{
	if (store.is_busy || list_is_empty(&store.waiting) || sched_is_set(&store.retry))
		return;
	store.is_busy = true;
	store.nwaiting = 0;
	list_move(&store.writing, &store.waiting);
	sched_busy_begin();
	job_run(control_loop, write_job, on_written, xcalloc(1, sizeof(bool)));
}

static void
on_task(struct loop_task *t)
{
	(void)t;
	begin();
}

static void
on_retry(struct sched_timer *t)
{
	(void)t;
	begin();
}

/* The oldest that nobody was promised anything for. */
static void
drop_one(void)
{
	LIST_EACH(n, &store.waiting) {
		struct op *op = LIST_ITEM(n, struct op, node);

		if (op->is_durable)
			continue;
		op_free(op);
		store.nwaiting--;
		return;
	}
}

static void
add(enum op_kind kind, enum store_table t, const char *key, int64_t t_us, const char *data,
    size_t len, store_done_fn *done, void *arg)
{
	size_t key_bytes = strlen(key) + 1;
	struct op *op;

	if (store.divert != NULL && kind == OP_PUT) {
		store.divert(key, t_us, data, len, store.divert_arg);
		return;
	}
	if (store.db == NULL) {
		if (done != NULL)
			done(arg, true);
		return;
	}
	if (store.nwaiting >= WAITING_MAX)
		drop_one();
	op = xmalloc(sizeof *op + key_bytes + len);
	*op = (struct op){ .kind = kind, .table = t, .t_us = t_us, .len = len,
	    .done = done, .arg = arg };
	memcpy(op->key, key, key_bytes);
	op->data = op->key + key_bytes;
	if (len > 0)
		memcpy(op->data, data, len);
	list_append(&store.waiting, &op->node);
	store.nwaiting++;
	store.nputs += kind != OP_SYNC;
	if (store.is_failing && done != NULL)	/* it would not hear for long */
		tell(op, false);
	loop_ready(control_loop, &store.task);
}

void
store_put(enum store_table t, const char *key, int64_t t_us, const char *data, size_t len)
{
	add(OP_PUT, t, key, t_us, data, len, NULL, NULL);
}

void
store_put_durable(enum store_table t, const char *key, int64_t t_us, const char *data,
    size_t len, store_done_fn *done, void *arg)
{
	add(OP_PUT, t, key, t_us, data, len, done, arg);
	if (store.db != NULL && !list_is_empty(&store.waiting))
		LIST_ITEM(store.waiting.prev, struct op, node)->is_durable = true;
}

void
store_del(enum store_table t, const char *key)
{
	add(OP_DEL, t, key, 0, NULL, 0, NULL, NULL);
}

void
store_del_older(enum store_table t, int64_t t_us)
{
	add(OP_DEL_OLDER, t, "", t_us, NULL, 0, NULL, NULL);
}

void
store_sync(store_done_fn *done, void *arg)
{
	add(OP_SYNC, 0, "", 0, NULL, 0, done, arg);
}

/* ---- opening ---- */

static bool
prepare(sqlite3_stmt **ret, const char *before, enum store_table t, const char *behind)
{
	char sql[256];

	snprintf(sql, sizeof sql, "%s %s %s", before, tables[t], behind);
	if (sqlite3_prepare_v3(store.db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) ==
	    SQLITE_OK)
		return true;
	snprintf(store.problem, sizeof store.problem, "%s", sqlite3_errmsg(store.db));
	return false;
}

static bool
make_table(enum store_table t)
{
	char sql[256];

	snprintf(sql, sizeof sql, "CREATE TABLE IF NOT EXISTS %s (key TEXT PRIMARY KEY, "
	    "t INTEGER NOT NULL, data TEXT NOT NULL) WITHOUT ROWID; "
	    "CREATE INDEX IF NOT EXISTS %s_t ON %s (t)", tables[t], tables[t], tables[t]);
	return run(sql);
}

/* PRAGMA user_version; a newer weir's is not touched. */
static bool
check_version(void)
{
	sqlite3_stmt *st = NULL;
	int v = -1;

	if (sqlite3_prepare_v2(store.db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int(st, 0);
	else
		snprintf(store.problem, sizeof store.problem, "%s", sqlite3_errmsg(store.db));
	sqlite3_finalize(st);
	if (v > SCHEMA)
		snprintf(store.problem, sizeof store.problem,
		    "it was written by a newer weir (schema %d, this one knows %d)", v, SCHEMA);
	return v >= 0 && v <= SCHEMA;
}

static bool
set_up(void)
{
	char sql[64];
	bool ok = run("PRAGMA journal_mode=WAL") && check_version();

	for (unsigned t = 0; ok && t < STORE_TABLE_COUNT; t++)
		ok = make_table(t) &&
		    prepare(&store.put[t], "INSERT INTO", t, "VALUES (?1, ?2, ?3) "
			"ON CONFLICT (key) DO UPDATE SET t = ?2, data = ?3") &&
		    prepare(&store.del[t], "DELETE FROM", t, "WHERE key = ?1") &&
		    prepare(&store.del_older[t], "DELETE FROM", t, "WHERE t < ?1");
	snprintf(sql, sizeof sql, "PRAGMA user_version=%d", SCHEMA);
	return ok && run(sql);
}

static void
db_close(void)
{
	for (unsigned t = 0; t < STORE_TABLE_COUNT; t++) {
		sqlite3_finalize(store.put[t]);
		sqlite3_finalize(store.del[t]);
		sqlite3_finalize(store.del_older[t]);
		store.put[t] = store.del[t] = store.del_older[t] = NULL;
	}
	sqlite3_close(store.db);
	store.db = NULL;
}

/* SQLite's result code; SQLITE_OK: store.db is ready. */
static int
db_open(void)
{
	int rc = sqlite3_open_v2(store.path, &store.db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		snprintf(store.problem, sizeof store.problem, "%s", sqlite3_errmsg(store.db));
	else {
		sqlite3_busy_timeout(store.db, BUSY_MS);
		if (!set_up())
			rc = sqlite3_errcode(store.db) != SQLITE_OK ?
			    sqlite3_errcode(store.db) : SQLITE_ERROR;
	}
	if (rc != SQLITE_OK)
		db_close();
	return rc;
}

static void
move_aside(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	for (unsigned i = 0; i < ARRAY_LEN(suffixes); i++) {
		char *from = xasprintf("%s%s", store.path, suffixes[i]);
		char *to = xasprintf("%s.bad%s", store.path, suffixes[i]);

		if (rename(from, to) != 0 && errno != ENOENT)
			log_warn("state-dir: cannot move %s aside", from);
		free(from);
		free(to);
	}
	log_alert("state-dir: %s is damaged (%s): moved to %s.bad, a new one is begun",
	    store.path, store.problem, store.path);
}

int
store_open(const char *dir)
{
	int rc;

	sched_timer_init(&store.retry, on_retry);
	loop_task_init(&store.task, on_task);
	store.path = xasprintf("%s/weir.db", dir);
	rc = db_open();
	if (rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT) {
		move_aside();
		rc = db_open();
	}
	if (rc == SQLITE_OK)
		return 0;
	log_alert("state-dir: cannot open %s: %s", store.path, store.problem);
	free(store.path);
	store.path = NULL;
	return -1;
}

void
store_each(enum store_table t, store_row_fn *fn, void *arg)
{
	sqlite3_stmt *st = NULL;
	int rc;

	if (store.db == NULL)
		return;
	if (!prepare(&st, "SELECT key, t, data FROM", t, "ORDER BY t, key")) {
		log_alert("state-dir: %s: %s", store.path, store.problem);
		return;
	}
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		fn((const char *)sqlite3_column_text(st, 0), sqlite3_column_int64(st, 1),
		    (const char *)sqlite3_column_text(st, 2), (size_t)sqlite3_column_bytes(st, 2),
		    arg);
	if (rc != SQLITE_DONE)
		log_alert("state-dir: %s: %s", store.path, sqlite3_errmsg(store.db));
	sqlite3_finalize(st);
}

/* ---- start and stop ---- */

void
store_close(void)
{
	if (store.db == NULL)
		return;
	sched_cancel(&store.retry);
	loop_task_cancel(&store.task);
	list_move(&store.writing, &store.waiting);	/* job threads are gone */
	if (!list_is_empty(&store.writing) && !write_list())
		log_alert("state-dir: the last changes could not be written to %s: %s",
		    store.path, store.problem);
	LIST_EACH_SAFE(n, tmp, &store.writing) {
		struct op *op = LIST_ITEM(n, struct op, node);

		tell(op, !store.is_failing);
		op_free(op);
	}
	db_close();
	free(store.path);
	store.path = NULL;
	store.nwaiting = 0;
}
