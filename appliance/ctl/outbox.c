/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outbox; see outbox.h.
 *
 *	add -> (collect) -> write to the store -> try -> sent
 *	                                     ^     | again: after a pause
 *	                                     +-----+-> failed: for good, or too long
 *
 * A pause doubles from the notifier's shortest to its longest. What was being tried
 * when the process died is tried again: only then may something come twice, with the
 * same id.
 *
 * Thread: control.
 */
#include "ctl/outbox.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/feed.h"
#include "ctl/store.h"

#define KEPT_US		(14ull * 86400 * 1000000)	/* of what has ended */
#define LOST_RETRY_US	60000000u	/* its notifier is not there at the moment */

static struct list all = { &all, &all };
static unsigned nall;

struct list *
outbox_all(void)
{
	return &all;
}

/* ---- memory ---- */

static void
posted_free(struct posted *p)
{
	list_del(&p->node);
	free((char *)(uintptr_t)p->notice.kind);
	free((char *)(uintptr_t)p->notice.source);
	free((char *)(uintptr_t)p->notice.subject);
	free((char *)(uintptr_t)p->notice.state);
	free((char *)(uintptr_t)p->notice.json);
	free(p);
}

static void
trial_clear(struct delivery *d)
{
	free(d->body);
	free(d->scratch);
	d->body = d->scratch = NULL;
	d->is_trying = false;
}

static void
delivery_free(struct delivery *d)
{
	LIST_EACH_SAFE(n, tmp, &d->notices)
		posted_free(LIST_ITEM(n, struct posted, node));
	trial_clear(d);
	sched_cancel(&d->timer);
	list_del(&d->node);
	nall--;
	free(d->notifier);
	free(d->error);
	free(d);
}

static void try_now(struct sched_timer *t);

static struct delivery *
delivery_new(const char *notifier)
{
	struct delivery *d = xcalloc(1, sizeof *d);

	d->notifier = xstrdup(notifier);
	list_init(&d->notices);
	sched_timer_init(&d->timer, try_now);
	list_append(&all, &d->node);
	nall++;
	return d;
}

static void
add_notice(struct delivery *d, const struct notice *n, uint64_t at_us)
{
	struct posted *p = xcalloc(1, sizeof *p);

	p->at_us = at_us;
	p->notice = (struct notice){ xstrdup(n->kind), xstrdup(n->source), xstrdup(n->subject),
	    xstrdup(n->state), xstrdup(n->json), n->is_repeat };
	list_append(&d->notices, &p->node);
	d->nnotices++;
}

/* ---- the store ---- */

static const char *const status_names[] = { "pending", "sent", "failed" };

const char *
delivery_status_name(enum delivery_status s)
{
	return status_names[s];
}

static json_t *
pack_notices(const struct delivery *d)
{
	json_t *list = json_array();

	LIST_EACH(node, &d->notices) {
		const struct posted *p = LIST_ITEM(node, struct posted, node);
		const struct notice *n = &p->notice;

		json_array_append_new(list, json_pack("{ss ss ss ss ss sb sI}", "kind", n->kind,
		    "source", n->source, "subject", n->subject, "state", n->state, "json", n->json,
		    "repeat", n->is_repeat, "at", (json_int_t)p->at_us));
	}
	return list;
}

/* Owned by the caller. */
static char *
pack(const struct delivery *d)
{
	json_t *j = json_pack("{ss ss sI sI si ss* so}", "notifier", d->notifier, "status",
	    status_names[d->status], "ended", (json_int_t)d->ended_us, "first",
	    (json_int_t)d->first_try_us, "attempts", (int)d->attempts, "error", d->error,
	    "notices", pack_notices(d));
	char *text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL;

	json_decref(j);
	return text != NULL ? text : xstrdup("{}");
}

static void
keep(const struct delivery *d)
{
	char *text = pack(d);

	store_put_durable(STORE_OUTBOX, d->id, (int64_t)d->made_us, text, strlen(text), NULL, NULL);
	free(text);
}

static void
unpack_notices(struct delivery *d, const json_t *list)
{
	json_t *j;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, j) {
		struct notice n = { 0 };
		json_int_t at;
		int repeat;

		if (json_unpack(j, "{ss ss ss ss ss sb sI}", "kind", &n.kind, "source", &n.source,
		    "subject", &n.subject, "state", &n.state, "json", &n.json, "repeat", &repeat,
		    "at", &at) != 0)
			continue;
		n.is_repeat = repeat != 0;
		add_notice(d, &n, (uint64_t)at);
	}
}

static enum delivery_status
status_named(const char *word)
{
	enum delivery_status s = DELIVERY_FAILED;

	while (s > 0 && strcmp(status_names[s], word) != 0)
		s--;
	return s;
}

static void
restore(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	const char *notifier, *status, *error = NULL;
	json_t *j = json_loadb(data, len, 0, NULL), *list;
	json_int_t ended, first;
	struct delivery *d;
	int attempts;

	(void)arg;
	if (j == NULL || strlen(key) != UUID_TEXT - 1 || json_unpack(j,
	    "{ss ss sI sI si s?s so}", "notifier", &notifier, "status", &status, "ended", &ended,
	    "first", &first, "attempts", &attempts, "error", &error, "notices", &list) != 0) {
		log_warnx("outbox: a row of the store is not readable: %s", key);
		json_decref(j);
		return;
	}
	d = delivery_new(notifier);
	memcpy(d->id, key, UUID_TEXT);
	d->made_us = (uint64_t)t_us;
	d->status = status_named(status);
	d->ended_us = (uint64_t)ended;
	d->first_try_us = (uint64_t)first;
	d->attempts = (unsigned)attempts;
	d->error = error != NULL ? xstrdup(error) : NULL;
	unpack_notices(d, list);
	json_decref(j);
	if (d->nnotices == 0)
		delivery_free(d);
	else if (d->status == DELIVERY_PENDING)
		sched_after(&d->timer, 0);
}

/* ---- trying ---- */

static void
end(struct delivery *d, enum delivery_status status)
{
	d->status = status;
	d->ended_us = sched_wall_us();
	keep(d);
	if (status == DELIVERY_FAILED)
		log_alert("notifier %s: delivery %s failed after %u attempts: %s", d->notifier,
		    d->id, d->attempts, d->error);
}

static uint64_t
pause_us(const struct delivery *d, const struct notifier_conf *n)
{
	unsigned doublings = d->attempts - 1 < 30 ? d->attempts - 1 : 30;
	uint64_t us = n->retry_min_us << doublings;

	return us < n->retry_max_us ? us : n->retry_max_us;
}

void
outbox_done(struct delivery *d, bool ok, bool again, const char *text)
{
	const struct notifier_conf *n = notifier_find(d->notifier);
	uint64_t us;

	trial_clear(d);
	free(d->error);
	d->error = ok ? NULL : xstrdup(text);
	if (ok) {
		end(d, DELIVERY_SENT);
		return;
	}
	us = n != NULL ? pause_us(d, n) : LOST_RETRY_US;
	if (!again || (n != NULL &&
	    sched_mono_us() + us > d->first_try_us + n->retry_for_us)) {
		end(d, DELIVERY_FAILED);
		return;
	}
	log_warnx("notifier %s: delivery %s: %s; again in %llu s", d->notifier, d->id, text,
	    (unsigned long long)(us / 1000000));
	keep(d);
	sched_after(&d->timer, us);
}

static void
try_now(struct sched_timer *t)
{
	struct delivery *d = CONTAINER_OF(t, struct delivery, timer);
	const struct notifier_conf *n = notifier_find(d->notifier);

	if (d->attempts == 0)
		d->first_try_us = sched_mono_us();
	d->attempts++;
	d->is_trying = true;
	if (n == NULL)
		outbox_done(d, false, true, "there is no such notifier now");
	else
		n->kind->send(d, n);
}

/* ---- adding ---- */

/* One of this notifier that still collects. */
static struct delivery *
collecting(const char *notifier)
{
	for (struct list *n = all.prev; n != &all; n = n->prev) {
		struct delivery *d = LIST_ITEM(n, struct delivery, node);

		if (d->status == DELIVERY_PENDING && d->attempts == 0 && !d->is_trying &&
		    strcmp(d->notifier, notifier) == 0)
			return d;
	}
	return NULL;
}

/* Room for one more: the oldest that has ended goes, else the oldest. */
static void
make_room(void)
{
	struct delivery *victim = NULL;

	if (nall < OUTBOX_MAX)
		return;
	LIST_EACH(n, &all) {
		struct delivery *d = LIST_ITEM(n, struct delivery, node);

		if (d->is_trying)
			continue;
		if (victim == NULL || d->status != DELIVERY_PENDING)
			victim = d;
		if (d->status != DELIVERY_PENDING)
			break;
	}
	if (victim == NULL)
		return;
	if (victim->status == DELIVERY_PENDING)
		log_alert("notifier %s: delivery %s is dropped: %u wait already",
		    victim->notifier, victim->id, nall);
	store_del(STORE_OUTBOX, victim->id);
	delivery_free(victim);
}

static void
drop_old(void)
{
	uint64_t now = sched_wall_us();

	LIST_EACH_SAFE(n, tmp, &all) {
		struct delivery *d = LIST_ITEM(n, struct delivery, node);

		if (d->made_us + KEPT_US >= now)
			break;
		if (d->status == DELIVERY_PENDING)
			continue;
		store_del(STORE_OUTBOX, d->id);
		delivery_free(d);
	}
}

void
outbox_add(const char *notifier, const struct notice *n, uint64_t collect_us, char *ret_id)
{
	struct delivery *d = collect_us > 0 ? collecting(notifier) : NULL;

	if (d == NULL) {
		drop_old();
		make_room();
		d = delivery_new(notifier);
		uuid_random(d->id);
		d->made_us = sched_wall_us();
		sched_after(&d->timer, collect_us);
	}
	add_notice(d, n, sched_wall_us());
	keep(d);
	if (ret_id != NULL)
		memcpy(ret_id, d->id, UUID_TEXT);
}

struct notifier_counts
outbox_counts(const char *notifier)
{
	struct notifier_counts c = { 0 };

	LIST_EACH(n, &all) {
		const struct delivery *d = LIST_ITEM(n, struct delivery, node);

		if (strcmp(d->notifier, notifier) != 0)
			continue;
		c.sent += d->status == DELIVERY_SENT;
		c.failed += d->status == DELIVERY_FAILED;
		c.pending += d->status == DELIVERY_PENDING;
		if (d->error != NULL || d->ended_us != 0) {
			c.last_us = d->ended_us != 0 ? d->ended_us : c.last_us;
			c.last_error = d->error;
		}
	}
	return c;
}

/* ---- start and stop ---- */

static int
outbox_start(void)
{
	store_each(STORE_OUTBOX, restore, NULL);
	return 0;
}

static void
cancel(struct delivery *d)
{
	const struct notifier_conf *n = notifier_find(d->notifier);

	if (d->is_trying && n != NULL && n->kind->cancel != NULL)
		n->kind->cancel(d);
	transfer_cancel(&d->transfer);
}

static void
outbox_stop(void)
{
	LIST_EACH_SAFE(n, tmp, &all) {
		struct delivery *d = LIST_ITEM(n, struct delivery, node);

		cancel(d);
		delivery_free(d);
	}
}

const struct module mod_outbox = {
	.name = "outbox", .start = outbox_start, .stop = outbox_stop
};
