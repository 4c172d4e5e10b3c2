/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms and their history in the file of `state save`. A state that comes back does
 * nothing: no action runs, and the next evaluation may change it.
 *
 * Thread: control.
 */
#include <string.h>

#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/alarm.h"
#include "ctl/alarm_history.h"
#include "ctl/archive.h"
#include "ctl/feed.h"
#include "ctl/row.h"

#define PIECE	100u		/* rows of the history */

static unsigned nmerged;

/* ---- alarms ---- */

static bool
save_alarms(uint64_t *cursor)
{
	(void)cursor;
	ALARM_EACH(a)
		alarm_keep(a);
	return false;
}

static char *
check_alarm(const struct archive_row *r)
{
	enum alarm_state state;

	if (alarm_state_named(row_text(r->row, "state"), &state))
		return NULL;
	return xasprintf("alarm %s: there is no state '%s'", r->key, row_text(r->row, "state"));
}

static void
restore_alarm(const struct archive_row *r, struct outbuf *changes)
{
	struct alarm *a = alarm_find(r->key);
	const char *was;

	if (strncmp(r->key, ALARM_CONDITION_PREFIX, strlen(ALARM_CONDITION_PREFIX)) == 0)
		return;			/* weir itself tells them */
	if (a == NULL) {
		outbuf_fmt(changes, "alarm %s: left out, no file has it\n", r->key);
		return;
	}
	was = alarm_state_name(a->state);
	alarm_restore_row(a, r->row);
	alarm_keep(a);
	if (strcmp(was, alarm_state_name(a->state)) == 0)
		return;
	outbuf_fmt(changes, "alarm %s %s->%s\n", a->name, was, alarm_state_name(a->state));
	feed_emit(FEED_ALARM, a->name, was, alarm_state_name(a->state), "state restore");
}

/* ---- history ---- */

static bool
save_history(uint64_t *cursor)
{
	return alarm_history_walk((*cursor)++ == 0, PIECE, alarm_keep_row);
}

static bool
item_named(const char *name, enum alarm_item *ret)
{
	for (unsigned i = 0; i < ALARM_ITEMS; i++)
		if (strcmp(name, alarm_item_name((enum alarm_item)i)) == 0) {
			*ret = (enum alarm_item)i;
			return true;
		}
	return false;
}

static char *
check_history(const struct archive_row *r)
{
	enum alarm_item type;

	if (r->t_us > 0 && row_text(r->row, "alarm")[0] != '\0' &&
	    item_named(row_text(r->row, "type"), &type))
		return NULL;
	return xasprintf("history row %s: it is of no alarm, time or type", r->key);
}

static void
restore_history(const struct archive_row *r, struct outbuf *changes)
{
	struct alarm_row like = { .t_us = (uint64_t)r->t_us,
	    .alarm = (char *)(uintptr_t)row_text(r->row, "alarm"),
	    .summary = (char *)(uintptr_t)row_text(r->row, "summary"),
	    .data = (char *)(uintptr_t)row_text(r->row, "data") };

	(void)changes;
	if (item_named(row_text(r->row, "type"), &like.type))
		nmerged += alarm_history_merge(&like);
}

static void
end_history(struct outbuf *changes)
{
	alarm_history_merge_end();
	if (nmerged > 0)
		outbuf_fmt(changes, "history: %u rows\n", nmerged);
	nmerged = 0;
}

static struct archive_part of_alarms = { .name = "alarm", .save = save_alarms,
	.check = check_alarm, .restore = restore_alarm };
static struct archive_part of_history = { .name = "history", .save = save_history,
	.check = check_history, .restore = restore_history, .end = end_history };

static int
module_start(void)
{
	archive_register(&of_alarms);
	archive_register(&of_history);
	return 0;
}

const struct module mod_alarm_archive = { .name = "alarm_archive", .start = module_start };
