/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications; see notify.h. Here: who gets what, and reminders: a notifier with
 * `repeat` is told again of an alarm for as long as it stays as it is and nobody has
 * acknowledged it. What must be told again is kept in the store too.
 *
 * Thread: control.
 */
#include "ctl/notify.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/list.h"
#include "base/log.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "ctl/control.h"
#include "ctl/outbox.h"
#include "ctl/store.h"
#include "event/sched.h"

struct reminder {
	struct list	 node;
	char		*notifier;	/* owned */
	struct notice	 notice;	/* owned texts */
	struct sched_timer timer;
};

static struct list reminders = { &reminders, &reminders };

static const char *const kinds[NOTICE_KIND_COUNT] = {
#define X(id, word) word,
	NOTICE_KINDS(X)
#undef X
};

/* ---- words ---- */

int
notice_kind_named(const char *word)
{
	for (int i = 0; i < NOTICE_KIND_COUNT; i++)
		if (strcmp(kinds[i], word) == 0)
			return i;
	return -1;
}

uint32_t
notice_kinds_parse(struct cfg *c, const char *list, const char **ret_bad)
{
	uint32_t bits = 0;
	char **words;
	int n;

	*ret_bad = list;
	if (cfg_split_args(c, str_of(list), &words, &n) != 0)
		return 0;
	for (int i = 0; i < n; i++) {
		int kind = notice_kind_named(words[i]);

		*ret_bad = words[i];
		if (kind < 0)
			return 0;
		bits |= 1u << kind;
	}
	return bits;
}

const struct notifier_conf *
notifier_find(const char *notifier_or_arn)
{
	const struct snapshot *s = snapshot_current();
	const struct notifier_conf *n = object_find(s, OBJECT_NOTIFIER, notifier_or_arn);

	if (n != NULL)
		return n;
	OBJECT_EACH(o, s, OBJECT_NOTIFIER) {
		n = (const struct notifier_conf *)(void *)o;
		if (n->arn != NULL && strcmp(n->arn, notifier_or_arn) == 0)
			return n;
	}
	return NULL;
}

/* ---- reminders ---- */

static char *
reminder_key(const char *notifier, const char *source)
{
	return xasprintf("reminder/%s/%s", notifier, source);
}

static void
notice_copy(struct notice *to, const struct notice *n)
{
	to->kind = xstrdup(n->kind);
	to->source = xstrdup(n->source);
	to->subject = xstrdup(n->subject);
	to->state = xstrdup(n->state);
	to->json = xstrdup(n->json);
	to->is_repeat = true;
}

static void
notice_free(struct notice *n)
{
	free((char *)(uintptr_t)n->kind);
	free((char *)(uintptr_t)n->source);
	free((char *)(uintptr_t)n->subject);
	free((char *)(uintptr_t)n->state);
	free((char *)(uintptr_t)n->json);
}

static void
reminder_free(struct reminder *r)
{
	sched_cancel(&r->timer);
	list_del(&r->node);
	free(r->notifier);
	notice_free(&r->notice);
	free(r);
}

static void
reminder_end(struct reminder *r)
{
	char *key = reminder_key(r->notifier, r->notice.source);

	store_del(STORE_SETTING, key);
	free(key);
	reminder_free(r);
}

static void
on_reminder(struct sched_timer *t)
{
	struct reminder *r = CONTAINER_OF(t, struct reminder, timer);
	const struct notifier_conf *n = notifier_find(r->notifier);

	if (n == NULL || n->repeat_us == 0) {
		reminder_end(r);
		return;
	}
	outbox_add(r->notifier, &r->notice, n->group_us, NULL);
	sched_after(&r->timer, n->repeat_us);
}

static struct reminder *
reminder_new(const char *notifier, const struct notice *n)
{
	struct reminder *r = xcalloc(1, sizeof *r);

	r->notifier = xstrdup(notifier);
	notice_copy(&r->notice, n);
	sched_timer_init(&r->timer, on_reminder);
	list_append(&reminders, &r->node);
	return r;
}

static void
reminder_keep(const struct reminder *r)
{
	const struct notice *n = &r->notice;
	json_t *j = json_pack("{ss ss ss ss ss ss}", "notifier", r->notifier, "kind", n->kind,
	    "source", n->source, "subject", n->subject, "state", n->state, "json", n->json);
	char *key = reminder_key(r->notifier, n->source);
	char *text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL;

	if (text != NULL)
		store_put(STORE_SETTING, key, (int64_t)sched_wall_us(), text, strlen(text));
	free(text);
	free(key);
	json_decref(j);
}

/* What was told before of that source is over. */
static void
forget(const char *notifier, const char *source)
{
	LIST_EACH_SAFE(node, tmp, &reminders) {
		struct reminder *r = LIST_ITEM(node, struct reminder, node);

		if (strcmp(r->notice.source, source) == 0 &&
		    (notifier == NULL || strcmp(r->notifier, notifier) == 0))
			reminder_end(r);
	}
}

void
notify_forget(const char *source)
{
	forget(NULL, source);
}

static void
remind(const struct notifier_conf *n, const struct notice *told)
{
	struct reminder *r;

	forget(n->object.name, told->source);
	if (n->repeat_us == 0 || strcmp(told->state, "ALARM") != 0)
		return;
	r = reminder_new(n->object.name, told);
	sched_after(&r->timer, n->repeat_us);
	reminder_keep(r);
}

bool
notify_send(const char *notifier_or_arn, const struct notice *n)
{
	const struct notifier_conf *to = notifier_find(notifier_or_arn);
	int kind = notice_kind_named(n->kind);

	if (to == NULL)
		return false;
	if (kind >= 0 && !(to->kinds & 1u << kind))
		return true;		/* it does not want to hear of these */
	outbox_add(to->object.name, n, to->group_us, NULL);
	if (kind == NOTICE_ALARM)
		remind(to, n);
	return true;
}

/* ---- start and stop ---- */

static void
restore_reminder(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	struct notice n = { 0 };
	const char *notifier;
	struct reminder *r;
	json_t *j;

	(void)arg, (void)t_us;
	if (strncmp(key, "reminder/", 9) != 0 || (j = json_loadb(data, len, 0, NULL)) == NULL)
		return;
	if (json_unpack(j, "{ss ss ss ss ss ss}", "notifier", &notifier, "kind", &n.kind,
	    "source", &n.source, "subject", &n.subject, "state", &n.state, "json",
	    &n.json) == 0) {
		r = reminder_new(notifier, &n);
		sched_after(&r->timer, 60000000);	/* soon: how long it was is not known */
	}
	json_decref(j);
}

static int
notify_start(void)
{
	store_each(STORE_SETTING, restore_reminder, NULL);
	return 0;
}

static void
notify_stop(void)
{
	LIST_EACH_SAFE(node, tmp, &reminders)
		reminder_free(LIST_ITEM(node, struct reminder, node));
}

const struct module mod_notify = {
	.name = "notify", .start = notify_start, .stop = notify_stop
};
