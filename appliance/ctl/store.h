/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What outlives the process: rows of (table, key, time, JSON) in an SQLite database
 * below state-dir. Control's memory is the truth; the store is read once at start
 * and written behind by one job, in the order of the calls. Without a state-dir
 * puts are dropped and durable ones are done at once.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_STORE_H
#define WEIR_CTL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_TABLES(X) \
	X(SETTING, setting)	/* single values: scaling pause, clocks */ \
	X(OBJECT, object)	/* objects made through commands or the API */ \
	X(GROUP, grp)		/* desired capacity, suspensions, cooldown */ \
	X(INSTANCE, instance) \
	X(OPERATION, operation)	/* calls of providers, before they are made */ \
	X(ACTIVITY, activity) \
	X(ALARM, alarm)		/* state, ack, silence */ \
	X(HISTORY, history)	/* of alarms */ \
	X(OUTBOX, outbox) \
	X(LUA, lua)		/* scripts' versions and states */ \
	X(AUDIT, audit) \
	X(CONFIG, config)	/* index of the generations */ \
	X(FILE, file)		/* that instances are to have */

enum store_table {
#define X(id, name) STORE_##id,
	STORE_TABLES(X)
#undef X
	STORE_TABLE_COUNT
};

typedef void store_done_fn(void *arg, bool ok);
typedef void store_row_fn(const char *key, int64_t t_us, const char *data, size_t len,
    void *arg);

bool	store_is_there(void);
/* Replaces the row of that key. t_us orders rows and bounds their age. */
void	store_put(enum store_table t, const char *key, int64_t t_us, const char *data,
	    size_t len);
/* The same, safe against power loss before done is called (in this thread, maybe at
 * once); ok false: it could not be written (disk full), what was said is logged. */
void	store_put_durable(enum store_table t, const char *key, int64_t t_us, const char *data,
	    size_t len, store_done_fn *done, void *arg);
/* Done when everything that was put until now is in the database (safe against the
 * end of the process): before a command's success is told. */
void	store_sync(store_done_fn *done, void *arg);
void	store_del(enum store_table t, const char *key);
void	store_del_older(enum store_table t, int64_t t_us);
/* What is put goes to fn instead, and the store seems to be there; NULL: as ever. For a
 * turn of the control thread. */
void	store_divert(store_row_fn *fn, void *arg);
/* How many changes were put so far, syncs aside. */
uint64_t store_puts(void);
/* Why it cannot be written at the moment; NULL = all is well. */
const char *store_problem(void);
/* At start only, before anything is put: all rows, the oldest first. */
void	store_each(enum store_table t, store_row_fn *fn, void *arg);

/* start-up and shutdown: for run.c and tests. 0, or -1 with a message. close writes
 * what still waits. */
int	store_open(const char *state_dir);
void	store_close(void);

#endif
