/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms that live; see alarm.h.
 *
 * Thread: control.
 */
#include "ctl/alarm.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/alarm_history.h"
#include "ctl/alarm_rule.h"
#include "ctl/control.h"
#include "ctl/feed.h"
#include "ctl/notify.h"
#include "proxy/log_target.h"

#define EXPIRE_US	(3600ull * 1000000)
#define REPEAT_US	59000000u	/* scaling again; a minute, less what timers are late */
#define BUCKETS		1024u

struct list alarms = { &alarms, &alarms };
static struct alarm *buckets[BUCKETS];
static uint32_t nreads;		/* of the configuration */
static struct sched_timer expire_timer;

static struct alarm **
place_of(const char *name)
{
	struct alarm **at = &buckets[str_hash(str_of(name)) % BUCKETS];

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next_in_bucket;
	return at;
}

struct alarm *
alarm_find(const char *name)
{
	return *place_of(name);
}

const char *
alarm_owner(const struct alarm *a)
{
	return a->own != NULL ? "weir" : "file";
}

static void
set_text(char **at, const char *text)
{
	char *copy = text != NULL ? xstrdup(text) : NULL;

	free(*at);
	*at = copy;
}

/* ---- changes of state ---- */

static void look_at_rules(const char *child, uint64_t at_us);

static void
record_update(const struct alarm *a, const struct alarm_saying *from,
    const struct alarm_saying *to, uint64_t at_us)
{
	struct outbuf summary, data;

	outbuf_init(&summary, 0);
	outbuf_init(&data, 0);
	outbuf_fmt(&summary, "Alarm updated from %s to %s", alarm_state_name(from->state),
	    alarm_state_name(to->state));
	alarm_put_update(&data, from, to);
	alarm_history_add(a->name, at_us, ALARM_STATE_UPDATE, summary.data, data.data);
	outbuf_fini(&summary);
	outbuf_fini(&data);
}

/* brief: for the feed; "" = the reason */
static void
change(struct alarm *a, const struct alarm_saying *to, const char *brief, uint64_t at_us)
{
	char *reason = a->reason, *data = a->data;
	struct alarm_turn t = { .at_us = at_us, .from = { a->state, reason, data } };
	const char *from = alarm_state_name(a->state), *name = alarm_state_name(to->state);

	record_update(a, &t.from, to, at_us);
	a->state = to->state;
	a->reason = xstrdup(to->reason);
	a->data = to->data != NULL ? xstrdup(to->data) : NULL;
	a->since_us = a->acted_us = at_us;
	told_forget(&a->told);
	set_text(&a->acked_by, NULL);
	set_text(&a->ack_comment, NULL);
	log_notice("alarm %s %s->%s %s", a->name, from, name, a->reason);
	log_event(NULL, LOG_L_NOTICE, "alarm %s %s->%s %s", a->name, from, name, a->reason);
	notify_forget(a->name);
	feed_emit(FEED_ALARM, a->name, from, name, brief[0] != '\0' ? brief : a->reason);
	alarm_act(a, &t);
	free(reason);
	free(data);
	alarm_keep(a);
	look_at_rules(a->name, at_us);
}

/* It stays: what scales does so again. */
static void
stay(struct alarm *a, uint64_t at_us, bool is_fresh)
{
	struct alarm_turn t = { .at_us = at_us, .is_repeat = true,
		.from = { a->state, a->reason, a->data } };

	if (!is_fresh || !alarm_has_scaling(a) ||
	    (alarm_step_s(a->conf) < 60 && at_us < a->acted_us + REPEAT_US))
		return;
	a->acted_us = at_us;
	alarm_act(a, &t);
	alarm_keep(a);		/* what was used is not used again after a restart */
}

/* ---- evaluation ---- */

static void
change_by_points(struct alarm *a, const struct alarm_look *l)
{
	struct alarm_words w;

	alarm_words_init(&w, a->conf, l, a->points, a->evaluated_us);
	change(a, &(struct alarm_saying){ l->verdict.state, w.reason.data, w.data.data },
	    w.brief.len > 0 ? w.brief.data : "", a->evaluated_us);
	alarm_words_fini(&w);
}

static void
evaluate_points(struct alarm *a, uint64_t at_us)
{
	struct alarm_look l;

	if (a->points == NULL)
		a->points = xcalloc(alarm_slots(a->conf->test.n), sizeof *a->points);
	l = alarm_look(a->conf, a->state, a->used_s, at_us, a->points, NULL);
	a->from_s = l.from_s;
	a->verdict = l.verdict;
	a->is_fresh = l.is_fresh;
	a->evaluated_us = at_us;
	a->has_value = l.has_value;
	a->value = l.has_value ? l.value : a->value;
	a->is_idle = l.verdict.real == 0 && alarm_is_idle(a->conf, a->from_s);
	if (l.verdict.state != a->state)
		change_by_points(a, &l);
	else
		stay(a, at_us, l.is_fresh);
}

/* ---- rules ---- */

static bool
state_of(const char *name, enum alarm_state *ret, void *arg)
{
	const struct alarm *a = alarm_find(name);

	(void)arg;
	if (a != NULL)
		*ret = a->state;
	return a != NULL;
}

static int64_t
newest_of_children(const struct alarm *a)
{
	const char *name;
	int64_t newest = 0;

	for (unsigned i = 0; (name = alarm_rule_child(a->conf->rule, i)) != NULL; i++) {
		const struct alarm *child = alarm_find(name);

		for (unsigned s = 0; child != NULL && s < ALARM_STATES; s++)
			newest = child->used_s[s] > newest ? child->used_s[s] : newest;
	}
	return newest;
}

static void
evaluate_rule(struct alarm *a, uint64_t at_us)
{
	bool holds = alarm_rule_holds(a->conf->rule, state_of, NULL);
	enum alarm_state to = holds ? ALARM_ALARM : ALARM_OK;
	int64_t newest_s = newest_of_children(a);
	bool fresh = newest_s > a->used_s[to];
	struct outbuf reason;

	a->evaluated_us = at_us;
	a->is_fresh = fresh;
	if (fresh)
		a->used_s[to] = newest_s;
	if (to == a->state) {
		stay(a, at_us, fresh);
		return;
	}
	outbuf_init(&reason, 0);
	alarm_put_rule(&reason, a->conf, holds, state_of, NULL);
	change(a, &(struct alarm_saying){ to, reason.data, NULL }, "", at_us);
	outbuf_fini(&reason);
}

static bool
names_child(const struct alarm *a, const char *child)
{
	const char *name;

	if (a->conf->source != ALARM_OF_RULE)
		return false;
	for (unsigned i = 0; (name = alarm_rule_child(a->conf->rule, i)) != NULL; i++)
		if (strcmp(name, child) == 0)
			return true;
	return false;
}

/* A state has changed: rules over it are looked at in the same turn. There are no
 * circles, that was seen to when the configuration was read. */
static void
look_at_rules(const char *child, uint64_t at_us)
{
	ALARM_EACH(a)
		if (names_child(a, child))
			evaluate_rule(a, at_us);
}

/* ---- kinds ---- */

static void
evaluate_kind(struct alarm *a, uint64_t at_us)
{
	if (a->is_asked) {
		a->skipped++;
		return;
	}
	a->is_asked = true;
	a->conf->kind->evaluate(a->name, a->conf, at_us);
}

void
alarm_answer(const char *alarm, const struct alarm_saying *to)
{
	struct alarm *a = alarm_find(alarm);

	if (a == NULL || a->conf->source != ALARM_OF_KIND)
		return;
	a->is_asked = false;
	a->evaluated_us = sched_wall_us();
	if (to == NULL)
		return;
	a->used_s[to->state] = sched_wall_s();
	if (to->state != a->state)
		change(a, to, "", a->evaluated_us);
	else
		stay(a, a->evaluated_us, true);
}

/* ---- turns ---- */

uint64_t
alarm_turn_after(const struct alarm_conf *conf, const char *name, uint64_t t_us)
{
	uint64_t step = alarm_step_s(conf) * 1000000ull;
	uint64_t phase = conf->has_phase ? conf->phase_us :
	    str_hash(str_of(name)) % (step / 1000) * 1000;

	return t_us - (t_us + step - phase) % step + step;
}

static void
arm(struct alarm *a)
{
	sched_at(&a->timer, alarm_turn_after(a->conf, a->name, sched_wall_us()));
}

static void
on_turn(struct sched_timer *t)
{
	struct alarm *a = CONTAINER_OF(t, struct alarm, timer);
	uint64_t now = sched_wall_us();

	arm(a);
	switch (a->conf->source) {
	case ALARM_OF_METRIC:
	case ALARM_OF_MATH:
		evaluate_points(a, now);
		break;
	case ALARM_OF_RULE:
		evaluate_rule(a, now);
		break;
	case ALARM_OF_KIND:
		evaluate_kind(a, now);
		break;
	case ALARM_OF_CONDITION:
	case ALARM_OF_NOTHING:
		break;
	}
}

static void
on_jump(int64_t by_us)
{
	if (by_us > 0)
		alarm_gap(sched_wall_s() - by_us / 1000000, sched_wall_s());
	ALARM_EACH(a)
		if (a->conf->source != ALARM_OF_CONDITION)
			arm(a);
}

/* ---- coming and going ---- */

static void
record_change(const struct alarm *a, enum alarm_change what)
{
	struct outbuf summary, data;

	outbuf_init(&summary, 0);
	outbuf_init(&data, 0);
	outbuf_fmt(&summary, "Alarm \"%s\" %s", a->name, alarm_change_name(what));
	alarm_put_change(&data, what, a->conf);
	alarm_history_add(a->name, sched_wall_us(), ALARM_CONFIGURATION, summary.data, data.data);
	feed_emit(FEED_ALARM, a->name, "", alarm_state_name(a->state), summary.data);
	outbuf_fini(&summary);
	outbuf_fini(&data);
}

static struct alarm *
alarm_new(const char *name)
{
	struct alarm *a = xcalloc(1, sizeof *a);
	struct list *at = alarms.next;

	a->name = xstrdup(name);
	a->reason = xstrdup(ALARM_REASON_NEW);
	a->state = ALARM_INSUFFICIENT;
	a->since_us = a->configured_us = sched_wall_us();
	a->is_enabled = true;
	sched_timer_init(&a->timer, on_turn);
	while (at != &alarms && strcmp(LIST_ITEM(at, struct alarm, node)->name, name) < 0)
		at = at->next;
	list_append(at, &a->node);
	*place_of(name) = a;
	return a;
}

static void
alarm_free(struct alarm *a)
{
	sched_cancel(&a->timer);
	list_del(&a->node);
	*place_of(a->name) = a->next_in_bucket;
	told_forget(&a->told);
	free(a->name);
	free(a->own);
	free(a->reason);
	free(a->data);
	free(a->acked_by);
	free(a->ack_comment);
	free(a->points);
	free(a);
}

/* What it has from its text; it is evaluated anew. */
static void
follow(struct alarm *a, const struct alarm_conf *conf)
{
	bool was_off = a->conf != NULL && a->conf->actions_off;

	if (a->conf == NULL || was_off != conf->actions_off)
		a->is_enabled = !conf->actions_off;
	a->conf = conf;
	a->digest = conf->object.digest;
	a->configured_us = sched_wall_us();
	a->is_asked = a->is_idle = a->has_value = false;
	free(a->points);
	a->points = NULL;
	free(a->own);
	a->own = NULL;
	sched_cancel(&a->timer);
	if (conf->source != ALARM_OF_CONDITION)
		arm(a);
}

static void
keep_metrics(const struct alarm_conf *conf)
{
	if (conf->source == ALARM_OF_METRIC)
		metric_keep_long(&conf->query.key);
	for (const struct alarm_input *in = conf->inputs; in != NULL; in = in->next)
		metric_keep_long(&in->query.key);
}

static void
adopt(const struct alarm_conf *conf)
{
	struct alarm *a = alarm_find(conf->object.name);
	enum alarm_restored restored;
	bool is_new = a == NULL;

	if (is_new)
		a = alarm_new(conf->object.name);
	a->read = nreads;
	if (!is_new && a->own == NULL && a->digest == conf->object.digest) {
		a->conf = conf;
		return;
	}
	follow(a, conf);
	keep_metrics(conf);
	restored = is_new ? alarm_restore(a) : ALARM_RESTORED_OTHER;
	if (is_new && restored != ALARM_RESTORED_NOT)		/* nothing was measured meanwhile */
		alarm_gap(0, sched_wall_s());
	if (restored != ALARM_RESTORED)
		record_change(a, restored == ALARM_RESTORED_NOT ? ALARM_CREATED : ALARM_UPDATED);
	alarm_keep(a);
}

/* A condition that no file speaks of any more. */
static void
own(struct alarm *a)
{
	sched_cancel(&a->timer);
	a->own = xcalloc(1, sizeof *a->own);
	a->own->object.name = a->name;
	a->own->source = ALARM_OF_CONDITION;
	a->own->description = "";
	a->own->query.period_s = 60;
	a->own->test.m = a->own->test.n = 1;
	a->conf = a->own;
}

static void
retire(struct alarm *a)
{
	if (a->conf->source == ALARM_OF_CONDITION) {
		own(a);
		return;
	}
	record_change(a, ALARM_DELETED);
	alarm_keep_not(a);
	alarm_free(a);
}

/* It went from the files while weir was not running. */
static void
on_forgotten(const char *name)
{
	char *summary = xasprintf("Alarm \"%s\" deleted", name);

	alarm_history_add(name, sched_wall_us(), ALARM_CONFIGURATION, summary,
	    "{\"version\":\"1.0\",\"type\":\"Delete\"}");
	free(summary);
}

static void
on_publish(struct snapshot *s)
{
	nreads++;
	OBJECT_EACH(o, s, OBJECT_ALARM)
		adopt(alarm_conf_of(o));
	LIST_EACH_SAFE(n, tmp, &alarms) {
		struct alarm *a = LIST_ITEM(n, struct alarm, node);

		if (a->own == NULL && a->read != nreads)
			retire(a);
	}
	alarm_restore_end(on_forgotten);
}

/* ---- by people and programs ---- */

void
alarm_set_state(struct alarm *a, const struct alarm_saying *to)
{
	if (to->state != a->state)
		change(a, to, "", sched_wall_us());
}

void
alarm_ack(struct alarm *a, const char *by, const char *comment)
{
	set_text(&a->acked_by, by);
	set_text(&a->ack_comment, comment);
	notify_forget(a->name);
	alarm_keep(a);
}

void
alarm_silence(struct alarm *a, uint64_t until_us)
{
	a->silenced_until_us = until_us;
	if (until_us != 0)
		notify_forget(a->name);
	alarm_keep(a);
}

bool
alarm_is_silenced(const struct alarm *a)
{
	return a->silenced_until_us > sched_wall_us();
}

void
alarm_enable(struct alarm *a, bool is_enabled)
{
	a->is_enabled = is_enabled;
	alarm_keep(a);
}

void
alarm_condition(const char *name, bool is_on, const char *text)
{
	struct alarm *a = alarm_find(name);

	WEIR_ASSERT(strncmp(name, ALARM_CONDITION_PREFIX, strlen(ALARM_CONDITION_PREFIX)) == 0);
	if (a == NULL && !is_on)
		return;
	if (a == NULL) {
		a = alarm_new(name);
		own(a);
		(void)alarm_restore(a);
	}
	if (a->conf->source == ALARM_OF_CONDITION)
		alarm_set_state(a, &(struct alarm_saying){ is_on ? ALARM_ALARM : ALARM_OK, text,
			NULL });
}

/* ---- life ---- */

static void
on_expire(struct sched_timer *t)
{
	alarm_history_expire(sched_wall_us());
	sched_after(t, EXPIRE_US);
}

static int
start(void)
{
	alarm_keep_start();
	control_on_publish(on_publish);
	sched_on_jump(on_jump);
	sched_timer_init(&expire_timer, on_expire);
	sched_after(&expire_timer, EXPIRE_US);
	return 0;
}

static void
stop(void)
{
	sched_cancel(&expire_timer);
	LIST_EACH_SAFE(n, tmp, &alarms)
		alarm_free(LIST_ITEM(n, struct alarm, node));
	alarm_history_free();
	alarm_keep_stop();
}

const struct module mod_alarm = { .name = "alarm", .start = start, .stop = stop };
