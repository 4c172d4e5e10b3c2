/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * History of alarms; see alarm_history.h. Rows hang in two lists, that of all and
 * that of their alarm, which stays when the alarm goes.
 *
 * Thread: control.
 */
#include "ctl/alarm_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ctl/alarm.h"
#include "ctl/store.h"

struct alarm_past {			/* of one alarm */
	struct list	 node;
	struct list	 rows;
	unsigned	 n;
	char		*alarm;	/* owned */
};

static struct {
	struct list	 rows, pasts;
	unsigned	 n;
	uint64_t	 next_id;
} history = { .rows = { &history.rows, &history.rows },
	.pasts = { &history.pasts, &history.pasts }, .next_id = 1 };

static const char *const items[ALARM_ITEMS] = { "ConfigurationUpdate", "StateUpdate", "Action" };

const char *
alarm_item_name(enum alarm_item type)
{
	return items[type];
}

static struct alarm_past *
past_of(const char *alarm)
{
	LIST_EACH(n, &history.pasts) {
		struct alarm_past *p = LIST_ITEM(n, struct alarm_past, node);

		if (strcmp(p->alarm, alarm) == 0)
			return p;
	}
	return NULL;
}

static void
row_free(struct alarm_row *r)
{
	struct alarm_past *p = r->past;

	list_del(&r->all);
	list_del(&r->own);
	history.n--;
	free(r->alarm);
	free(r->summary);
	free(r->data);
	free(r);
	if (--p->n > 0)
		return;
	list_del(&p->node);
	free(p->alarm);
	free(p);
}

static void
drop_oldest(void)
{
	row_free(LIST_ITEM(history.rows.next, struct alarm_row, all));
}

static struct alarm_past *
past_new(const char *alarm)
{
	struct alarm_past *p = xcalloc(1, sizeof *p);

	p->alarm = xstrdup(alarm);
	list_init(&p->rows);
	list_push(&history.pasts, &p->node);
	return p;
}

static struct alarm_row *
add(const char *alarm, uint64_t t_us, enum alarm_item type, const char *summary,
    const char *data)
{
	struct alarm_row *r = xcalloc(1, sizeof *r);
	struct alarm_past *p = past_of(alarm);

	if (p == NULL)
		p = past_new(alarm);
	r->past = p;
	r->t_us = t_us;
	r->type = type;
	r->alarm = xstrdup(alarm);
	r->summary = xstrdup(summary);
	r->data = xstrdup(data);
	list_append(&history.rows, &r->all);
	list_append(&p->rows, &r->own);
	history.n++;
	p->n++;
	return r;
}

static void
drop(struct alarm_row *r)
{
	alarm_keep_row_not(r);
	row_free(r);
}

void
alarm_history_add(const char *alarm, uint64_t t_us, enum alarm_item type, const char *summary,
    const char *data)
{
	struct alarm_row *r = add(alarm, t_us, type, summary, data);

	r->id = history.next_id++;
	alarm_keep_row(r);
	if (r->past->n > ALARM_HISTORY_EACH)
		drop(LIST_ITEM(r->past->rows.next, struct alarm_row, own));
	if (history.n > ALARM_HISTORY_MAX)
		drop(LIST_ITEM(history.rows.next, struct alarm_row, all));
}

void
alarm_history_restore(uint64_t id, const char *alarm, uint64_t t_us, enum alarm_item type,
    const char *summary, const char *data)
{
	struct alarm_row *r = add(alarm, t_us, type, summary, data);

	r->id = id;
	if (id >= history.next_id)
		history.next_id = id + 1;
}

const struct alarm_row *
alarm_history_newest(const char *alarm)
{
	struct alarm_past *p = alarm != NULL ? past_of(alarm) : NULL;

	if (alarm == NULL)
		return list_is_empty(&history.rows) ? NULL :
		    LIST_ITEM(history.rows.prev, struct alarm_row, all);
	return p != NULL ? LIST_ITEM(p->rows.prev, struct alarm_row, own) : NULL;
}

const struct alarm_row *
alarm_history_older(const struct alarm_row *row, bool of_all)
{
	if (of_all)
		return row->all.prev == &history.rows ? NULL :
		    LIST_ITEM(row->all.prev, struct alarm_row, all);
	return row->own.prev == &row->past->rows ? NULL :
	    LIST_ITEM(row->own.prev, struct alarm_row, own);
}

/* "Alarm updated from OK to ALARM": what came before, or what it came to. */
static bool
state_in(const struct alarm_row *r, bool is_before, enum alarm_state *ret)
{
	const char *from = strstr(r->summary, " from "), *to = strstr(r->summary, " to ");
	char name[32] = "";

	if (from == NULL || to == NULL || r->type != ALARM_STATE_UPDATE)
		return false;
	(void)sscanf(is_before ? from + strlen(" from ") : to + strlen(" to "), "%31s", name);
	return alarm_state_named(name, ret);
}

bool
alarm_history_state(const char *alarm, uint64_t t_us, enum alarm_state *ret,
    uint64_t *ret_since_us)
{
	const struct alarm_row *r = alarm_history_newest(alarm);
	bool is_known = false;

	for (; r != NULL; r = alarm_history_older(r, false)) {
		if (r->t_us <= t_us && state_in(r, false, ret)) {
			*ret_since_us = r->t_us;
			return true;
		}
		is_known |= state_in(r, true, ret);
	}
	*ret_since_us = 0;
	return is_known;
}

void
alarm_history_expire(uint64_t now_us)
{
	if (now_us <= ALARM_HISTORY_US)
		return;
	while (!list_is_empty(&history.rows) && LIST_ITEM(history.rows.next, struct alarm_row,
	    all)->t_us < now_us - ALARM_HISTORY_US)
		drop_oldest();
	store_del_older(STORE_HISTORY, (int64_t)(now_us - ALARM_HISTORY_US));
}

void
alarm_history_free(void)
{
	while (!list_is_empty(&history.rows))
		drop_oldest();
}
