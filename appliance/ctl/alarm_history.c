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

#include "base/str.h"
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
	struct list	*walked;	/* in rows: the latest that was walked over, or rows */
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

	if (history.merged == &r->all)
		history.merged = NULL;
	if (history.walked == &r->all)
		history.walked = r->all.prev;
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

/* Behind `after`, the newest of its alarm. */
static struct alarm_row *
add(struct list *after, const char *alarm, uint64_t t_us, enum alarm_item type,
    const char *summary, const char *data)
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
	list_add_after(after, &r->all);
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
	struct alarm_row *r = add(history.rows.prev, alarm, t_us, type, summary, data);

	r->id = history.next_id++;
	alarm_keep_row(r);
	drop_surplus(r->past);
}

void
alarm_history_restore(uint64_t id, const char *alarm, uint64_t t_us, enum alarm_item type,
    const char *summary, const char *data)
{
	struct alarm_row *r = add(history.rows.prev, alarm, t_us, type, summary, data);

	r->id = id;
	if (id >= history.next_id)
		history.next_id = id + 1;
}

/* ---- merging ---- */

/* Digests of all rows, while some are merged. */
static struct {
	uint64_t	*slot;		/* owned; 0 = free */
	size_t		 cap, n;	/* cap: a power of two, half full at most */
} seen;

static struct alarm_row *
in_all(struct list *n)
{
	return LIST_ITEM(n, struct alarm_row, all);
}

static uint64_t
digest_of(const struct alarm_row *r)
{
	uint64_t h = str_hash(str_of(r->alarm));

	h = h * 31 + str_hash(str_of(r->summary));
	h = h * 31 + str_hash(str_of(r->data));
	h = (h * 31 + r->t_us) * 31 + (uint64_t)r->type;
	return h != 0 ? h : 1;
}

/* False: it is there. */
static bool
slot_take(uint64_t digest)
{
	size_t i = (digest ^ digest >> 32) & (seen.cap - 1);

	while (seen.slot[i] != 0 && seen.slot[i] != digest)
		i = (i + 1) & (seen.cap - 1);
	if (seen.slot[i] == digest)
		return false;
	seen.slot[i] = digest;
	seen.n++;
	return true;
}

static bool
see(uint64_t digest)
{
	uint64_t *old = seen.slot;
	size_t cap = seen.cap;

	if (2 * seen.n >= cap) {
		seen.cap = cap > 0 ? 2 * cap : 1024;
		seen.n = 0;
		seen.slot = xcalloc(seen.cap, sizeof *seen.slot);
		for (size_t i = 0; i < cap; i++)
			if (old[i] != 0)
				slot_take(old[i]);
		free(old);
	}
	return slot_take(digest);
}

static void
see_all(void)
{
	LIST_EACH(n, &history.rows)
		see(digest_of(in_all(n)));
}

/* The last one that is not newer, or the head. */
static struct list *
find_place(uint64_t t_us)
{
	struct list *at = history.merged;

	if (at == NULL || at == &history.rows || in_all(at)->t_us > t_us)
		at = &history.rows;
	while (at->next != &history.rows && in_all(at->next)->t_us <= t_us)
		at = at->next;
	return at;
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
	struct alarm_row *r;

	if (seen.slot == NULL)
		see_all();
	if (!see(digest_of(like)))
		return false;
	r = add(find_place(like->t_us), like->alarm, like->t_us, like->type, like->summary,
	    like->data);
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
	free(seen.slot);
	seen.slot = NULL;
	seen.cap = seen.n = 0;
	while (history.n > ALARM_HISTORY_MAX)
		drop(in_all(history.rows.next));
	LIST_EACH_SAFE(n, tmp, &history.pasts) {
		struct alarm_past *p = LIST_ITEM(n, struct alarm_past, node);

		while (p->n > ALARM_HISTORY_EACH)
			drop(LIST_ITEM(p->rows.next, struct alarm_row, own));
	}
}

bool
alarm_history_walk(bool is_first, unsigned most, void (*fn)(const struct alarm_row *))
{
	if (is_first)
		history.walked = &history.rows;
	for (; most > 0 && history.walked->next != &history.rows; most--) {
		history.walked = history.walked->next;
		fn(in_all(history.walked));
	}
	return history.walked->next != &history.rows;
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
