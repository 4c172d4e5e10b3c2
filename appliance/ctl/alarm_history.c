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
	struct list	*merged;	/* in rows: where the latest was merged; NULL = nowhere */
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
	list_add_after(history.merged != NULL ? history.merged : history.rows.prev, &r->all);
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

static void
drop_surplus(struct alarm_past *p)
{
	if (p->n > ALARM_HISTORY_EACH)
		drop(LIST_ITEM(p->rows.next, struct alarm_row, own));
	if (history.n > ALARM_HISTORY_MAX)
		drop(LIST_ITEM(history.rows.next, struct alarm_row, all));
}

void
alarm_history_add(const char *alarm, uint64_t t_us, enum alarm_item type, const char *summary,
    const char *data)
{
	struct alarm_row *r = add(alarm, t_us, type, summary, data);

	r->id = history.next_id++;
	alarm_keep_row(r);
	drop_surplus(r->past);
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

/* ---- merging ---- */

static bool
is_like(const struct alarm_row *a, const struct alarm_row *b)
{
	return a->t_us == b->t_us && a->type == b->type && strcmp(a->alarm, b->alarm) == 0 &&
	    strcmp(a->summary, b->summary) == 0 && strcmp(a->data, b->data) == 0;
}

static struct alarm_row *
in_all(struct list *n)
{
	return LIST_ITEM(n, struct alarm_row, all);
}

/* The last one that is not newer, or the head; false: it is there. */
static bool
find_place(const struct alarm_row *like, struct list **ret)
{
	struct list *at = history.merged;

	if (at == NULL || at == &history.rows || in_all(at)->t_us >= like->t_us)
		at = &history.rows;
	while (at->next != &history.rows && in_all(at->next)->t_us <= like->t_us) {
		at = at->next;
		if (is_like(in_all(at), like))
			return false;
	}
	*ret = at;
	return true;
}

/* From the end of its alarm's to its place. */
static void
sort_own(struct alarm_row *r)
{
	struct list *head = &r->past->rows, *at;

	list_del(&r->own);
	at = head->prev;
	while (at != head && LIST_ITEM(at, struct alarm_row, own)->t_us > r->t_us)
		at = at->prev;
	list_add_after(at, &r->own);
}

bool
alarm_history_merge(const struct alarm_row *like)
{
	struct list *place;
	struct alarm_row *r;

	if (!find_place(like, &place))
		return false;
	history.merged = place;
	r = add(like->alarm, like->t_us, like->type, like->summary, like->data);
	history.merged = &r->all;
	sort_own(r);
	r->id = history.next_id++;
	alarm_keep_row(r);
	return true;
}

void
alarm_history_merge_end(void)
{
	history.merged = NULL;
	while (history.n > ALARM_HISTORY_MAX)
		drop(in_all(history.rows.next));
	LIST_EACH_SAFE(n, tmp, &history.pasts) {
		struct alarm_past *p = LIST_ITEM(n, struct alarm_past, node);

		while (p->n > ALARM_HISTORY_EACH)
			drop(LIST_ITEM(p->rows.next, struct alarm_row, own));
	}
}

unsigned
alarm_history_unsaved(unsigned archive, unsigned most, void (*fn)(const struct alarm_row *))
{
	unsigned n_given = 0;

	LIST_EACH(n, &history.rows) {
		if (in_all(n)->saved == archive)
			continue;
		if (n_given++ == most)
			break;
		in_all(n)->saved = archive;
		fn(in_all(n));
	}
	return n_given;
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
