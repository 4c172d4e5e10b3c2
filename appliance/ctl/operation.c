/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations: the calls of providers that the scaler makes. A launch has a token,
 * `EPOCH:NUMBER`, under which the provider never launches twice; so when a call broke
 * and nobody knows what became of it, a description is asked for first, and if that
 * shows nothing of the token the launch is repeated with it.
 *
 * Thread: control.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/attach.h"
#include "ctl/epoch.h"
#include "ctl/group.h"
#include "ctl/group_keep.h"
#include "ctl/scaler.h"
#include "ctl/scaler_in.h"
#include "ctl/warm_pool.h"
#include "proxy/log_target.h"

#define BACK_OFF_US	10000000ull
#define BACK_OFF_MAX_US	300000000ull
#define MISSING_LOOKS	2

static uint64_t last_number;

const struct provider_conf *
scaler_provider(const struct group *g)
{
	const struct snapshot *s = snapshot_current();

	if (s == NULL || g->provider == NULL)
		return NULL;
	return object_find(s, OBJECT_PROVIDER, g->provider);
}

/* ---- trouble ---- */

static void
on_back_off(struct sched_timer *t)
{
	struct scaler *sc = LIST_ITEM(t, struct scaler, back_off);

	scaler_kick(sc->group);
}

static bool
is_for_good(enum provider_error e)
{
	return e == PROVIDER_INVALID || e == PROVIDER_AUTH || e == PROVIDER_STALE_EPOCH;
}

static void
note_failure(struct scaler *sc, const struct provider_call *call, const char *verb)
{
	uint64_t least = (uint64_t)call->retry_after_s * 1000000;

	snprintf(sc->trouble, sizeof sc->trouble, "%s: %s: %s", verb,
	    provider_error_name(call->error), call->message);
	if (is_for_good(call->error)) {
		sc->is_stopped = true;
		log_event(NULL, LOG_L_ERR, "group %s stands still until its configuration changes: "
		    "%s", sc->group->name, sc->trouble);
		return;
	}
	sc->back_off_us = sc->back_off_us == 0 ? BACK_OFF_US : 2 * sc->back_off_us;
	if (sc->back_off_us > BACK_OFF_MAX_US)
		sc->back_off_us = BACK_OFF_MAX_US;
	log_event(NULL, LOG_L_WARNING, "group %s: %s; again in %llu s", sc->group->name,
	    sc->trouble, (unsigned long long)(sc->back_off_us > least ? sc->back_off_us : least) /
	    1000000);
	sched_after(&sc->back_off, sc->back_off_us > least ? sc->back_off_us : least);
}

static void
note_success(struct scaler *sc)
{
	sc->back_off_us = 0;
	sc->trouble[0] = '\0';
	sched_cancel(&sc->back_off);
}

/* ---- operations ---- */

static void
operation_clear(struct operation *op)
{
	free(op->cause);
	free(op->activities);
	free(op->tags);
	free(op->launch_name);
	free(op->ids);
	free(op->id_list);
	*op = (struct operation){ .state = OP_NONE };
}

static void
operation_name(struct operation *op, struct group *g)
{
	op->group = g;
	op->number = ++last_number;
	snprintf(op->token, sizeof op->token, "%016llx:%llx", (unsigned long long)epoch_now(),
	    (unsigned long long)op->number);
}

static void
call_begin(struct operation *op, const struct provider_conf *conf, enum provider_verb verb,
    void (*done)(struct provider_call *))
{
	op->state = OP_CALLING;
	op->snap = snapshot_current();
	snapshot_hold(op->snap);
	op->call = (struct provider_call){ .conf = conf, .verb = verb, .group = op->group->name,
	    .token = op->token, .epoch = epoch_now(), .done = done, .arg = op };
}

static void
call_end(struct operation *op)
{
	snapshot_unhold(op->snap);
	op->snap = NULL;
}

/* ---- launching ---- */

/* A launch that waits until its row is safe. */
struct storing {
	char		*group;		/* owned */
	char		 token[PROVIDER_TOKEN_MAX + 1];
};

static void
launch_clear(struct operation *op)
{
	keep_operation_not(op);
	operation_clear(op);
}

static void
add_tag(struct operation *op, const char *key, const char *value)
{
	op->tags = xrealloc(op->tags, (op->call.ntags + 1) * sizeof *op->tags);
	op->tags[op->call.ntags++] = (struct provider_tag){ key, value };
	op->call.tags = op->tags;
}

static void
add_tags(struct operation *op, const struct group_conf *conf)
{
	op->call.ntags = 0;
	add_tag(op, "weir:group", op->group->name);
	add_tag(op, "weir:token", op->token);
	add_tag(op, "aws:autoscaling:groupName", op->group->name);
	for (unsigned i = 0; i < conf->ntags; i++)
		if (conf->tags[i].propagates)
			add_tag(op, conf->tags[i].key, conf->tags[i].value);
}

static void
begin_activities(struct operation *op)
{
	struct group *g = op->group;

	for (unsigned i = 0; i < op->count; i++) {
		struct activity *a = activity_begin(g, ACTIVITY_LAUNCH, "", op->cause);

		if (op->begins_cooldown) {
			a->begins_cooldown = true;
			g->ncooling++;
		}
		op->activities[i] = a;
	}
}

static void
fail_activities(struct operation *op, enum activity_status status, const char *message)
{
	for (unsigned i = 0; i < op->count; i++)
		if (op->activities[i] != NULL)
			activity_end(op->activities[i], status, message);
	memset(op->activities, 0, op->count * sizeof *op->activities);
}

static bool
is_good_id(const char *id)
{
	size_t n = 0;

	for (; id[n] != '\0'; n++)
		if (!isalnum((unsigned char)id[n]) && strchr("._-", id[n]) == NULL)
			return false;
	return n > 0;
}

/* One that this launch made; the next of its activities is about it. */
static void
take_launched(struct operation *op, const struct provider_instance *p, unsigned k)
{
	struct instance *i = instance_find(p->id);

	if (!is_good_id(p->id) || (i != NULL && i->group != op->group)) {
		log_event(NULL, LOG_L_WARNING, "group %s: its provider launched '%s', which is "
		    "no id or another group's", op->group->name, p->id);
		return;
	}
	if (i == NULL) {
		i = instance_new(op->group, p, op->launch_name, op->launch_version);
		i->seen_looks = op->group->scaler->looks;
		memcpy(i->token, op->token, sizeof i->token);
		if (i->zone[0] == '\0')
			memcpy(i->zone, op->zone, sizeof i->zone);
		if (op->is_warm)
			instance_to_pool(i);
	}
	if (op->activities[k] != NULL && i->activity == NULL) {
		i->activity = op->activities[k];
		op->activities[k] = NULL;
		activity_set_instance(i->activity, i->id, i->zone);
		activity_set(i->activity, ACTIVITY_PRE_SERVICE, 30);
	}
	instance_told(i, p);
}

static void
launch_ended(struct scaler *sc, const struct provider_instance *all, unsigned n)
{
	struct operation *op = &sc->launch;

	for (unsigned k = 0; k < n && k < op->count; k++)
		take_launched(op, &all[k], k);
	fail_activities(op, ACTIVITY_FAILED, "fewer instances were launched than asked for");
	launch_clear(op);
	note_success(sc);
	group_launches_well(sc->group);
	sc->failed_zone[0] = '\0';
}

static void
launch_failed(struct scaler *sc, const struct provider_call *call)
{
	struct operation *op = &sc->launch;

	memcpy(sc->failed_zone, op->zone, sizeof sc->failed_zone);
	fail_activities(op, ACTIVITY_FAILED, call->message);
	note_failure(sc, call, "launch");
	group_launch_failed(sc->group);
	if (call->error != PROVIDER_INTERNAL) {
		launch_clear(op);
		return;
	}
	op->state = OP_UNKNOWN;
	op->failed_look = sc->looks;
	operation_describe(sc);
}

static void
on_launched(struct provider_call *call)
{
	struct operation *op = call->arg;
	struct scaler *sc = op->group->scaler;

	scaler_enter(sc);
	call_end(op);
	if (call->error == PROVIDER_OK && call->ninstances == 0) {
		call->error = PROVIDER_CAPACITY;
		snprintf(call->message, sizeof call->message, "no instance was launched");
	}
	if (call->error == PROVIDER_OK)
		launch_ended(sc, call->instances, call->ninstances);
	else
		launch_failed(sc, call);
	operation_describe(sc);
	scaler_leave(sc);
}

/* The version that it was begun with, so that a launch that is made again under its token
 * is the same one; what nobody knows any more is the group's. */
static const struct launch_conf *
launch_of_operation(const struct operation *op)
{
	const struct launch_conf *now = group_launch(op->group), *l;

	if (op->launch_version == launch_version(now) &&
	    strcmp(op->launch_name, now->object.name) == 0)
		return now;
	l = launch_kept(op->launch_name, op->launch_version);
	return l != NULL && l->provider != NULL ? l : now;
}

static void
launch_go(struct operation *op)
{
	struct group *g = op->group;
	const struct launch_conf *l = launch_of_operation(op);

	op->state = OP_CALLING;
	call_begin(op, l->provider, PROVIDER_LAUNCH, on_launched);
	op->call.count = op->count;
	op->call.launch = l;
	op->call.zone = op->zone;
	op->call.subnets = (const char *const *)g->conf->subnets;
	op->call.nsubnets = g->conf->nsubnets;
	add_tags(op, g->conf);
	provider_start(&op->call);
}

/* The row is safe, or the disk is full, and then the call is made all the same. */
static void
on_stored(void *arg, bool ok)
{
	struct storing *st = arg;
	struct group *g = group_find(st->group);
	struct operation *op = g != NULL ? &g->scaler->launch : NULL;

	(void)ok;
	sched_busy_end();
	if (op != NULL && op->state == OP_STORING && strcmp(op->token, st->token) == 0) {
		scaler_enter(g->scaler);
		if (g->conf != NULL)
			launch_go(op);
		else {
			fail_activities(op, ACTIVITY_CANCELLED, "the group is gone");
			launch_clear(op);
		}
		scaler_leave(g->scaler);
	}
	free(st->group);
	free(st);
}

static void
launch_call(struct scaler *sc)
{
	struct operation *op = &sc->launch;
	struct storing *st = xcalloc(1, sizeof *st);

	st->group = xstrdup(sc->group->name);
	memcpy(st->token, op->token, sizeof st->token);
	begin_activities(op);
	op->state = OP_STORING;
	sched_busy_begin();
	keep_operation(op, on_stored, st);
}

bool
operation_launch(struct scaler *sc, const struct launch_order *o)
{
	const struct launch_conf *l = group_launch(sc->group);
	struct operation *op = &sc->launch;

	if (op->state != OP_NONE)
		return false;
	operation_name(op, sc->group);
	op->count = o->count;
	snprintf(op->zone, sizeof op->zone, "%s", o->zone);
	op->cause = xstrdup(o->cause);
	op->begins_cooldown = o->begins_cooldown;
	op->is_warm = o->is_warm;
	op->activities = xcalloc(o->count, sizeof *op->activities);
	op->launch_name = xstrdup(l->object.name);
	op->launch_version = launch_version(l);
	launch_call(sc);
	return true;
}

void
operation_relaunch(struct scaler *sc)
{
	WEIR_ASSERT(sc->launch.state == OP_UNKNOWN);
	launch_call(sc);
}

void
operation_give_up(struct scaler *sc)
{
	WEIR_ASSERT(sc->launch.state == OP_UNKNOWN);
	launch_clear(&sc->launch);
}

/* ---- terminating ---- */

static const struct provider_instance *
told_of(const struct provider_call *call, const char *id)
{
	for (unsigned i = 0; i < call->ninstances; i++)
		if (strcmp(call->instances[i].id, id) == 0)
			return &call->instances[i];
	return NULL;
}

/* One that takes its time is ended by a description. */
static void
terminate_ended(struct operation *op, const struct provider_call *call)
{
	for (unsigned k = 0; k < op->count; k++) {
		struct instance *i = instance_find(op->ids[k]);
		const struct provider_instance *p = told_of(call, op->ids[k]);

		if (i == NULL)
			continue;
		if (p == NULL || p->state == INSTANCE_TERMINATED)
			instance_gone(i);
		else
			i->state = p->state;
	}
}

static void
on_terminated(struct provider_call *call)
{
	struct operation *op = call->arg;
	struct scaler *sc = op->group->scaler;

	scaler_enter(sc);
	call_end(op);
	if (call->error == PROVIDER_OK) {
		terminate_ended(op, call);
		note_success(sc);
	} else {
		for (unsigned k = 0; k < op->count; k++) {
			struct instance *i = instance_find(op->ids[k]);

			if (i != NULL)
				i->is_in_call = false;
		}
		note_failure(sc, call, "terminate");
	}
	operation_clear(op);
	operation_describe(sc);
	scaler_leave(sc);
}

static void
take_id(struct operation *op, const struct instance *i)
{
	memcpy(op->ids[op->count], i->id, sizeof op->ids[0]);
	op->id_list[op->count] = op->ids[op->count];
	op->count++;
}

/* With room for all instances of the group. */
static void
begin_list(struct operation *op, struct group *g)
{
	unsigned n = 0;

	operation_name(op, g);
	LIST_EACH(node, &g->instances)
		n++;
	op->ids = xcalloc(n + 1, sizeof *op->ids);
	op->id_list = xcalloc(n + 1, sizeof *op->id_list);
}

static void
call_list(struct operation *op, const struct provider_conf *conf, enum provider_verb verb,
    void (*done)(struct provider_call *))
{
	call_begin(op, conf, verb, done);
	op->call.ids = op->id_list;
	op->call.nids = op->count;
	provider_start(&op->call);
}

void
operation_terminate(struct scaler *sc)
{
	const struct provider_conf *conf = scaler_provider(sc->group);
	struct operation *op = &sc->terminate;

	if (op->state != OP_NONE || conf == NULL)
		return;
	begin_list(op, sc->group);
	LIST_EACH(node, &sc->group->instances) {
		struct instance *i = LIST_ITEM(node, struct instance, node);

		if (!i->is_ready || i->is_in_call)
			continue;
		i->is_in_call = true;
		take_id(op, i);
	}
	call_list(op, conf, PROVIDER_TERMINATE, on_terminated);
}

/* ---- stopping and starting ---- */

static void
on_powered(struct provider_call *call)
{
	struct operation *op = call->arg;
	struct scaler *sc = op->group->scaler;

	scaler_enter(sc);
	call_end(op);
	for (unsigned k = 0; k < op->count; k++) {
		struct instance *i = instance_find(op->ids[k]);
		const struct provider_instance *p = told_of(call, op->ids[k]);

		if (i != NULL && call->error == PROVIDER_OK)
			i->asked_look = sc->looks;	/* not again before the next description */
		if (i != NULL && p != NULL)
			instance_told(i, p);
	}
	if (call->error == PROVIDER_OK)
		note_success(sc);
	else
		note_failure(sc, call, provider_verb_name(call->verb));
	operation_clear(op);
	operation_describe(sc);
	scaler_leave(sc);
}

static unsigned
take_powered(struct operation *op, const struct scaler *sc, enum provider_verb verb)
{
	enum provider_verb wanted;

	LIST_EACH(node, &sc->group->instances) {
		const struct instance *i = LIST_ITEM(node, struct instance, node);

		if (instance_wants_power(i, &wanted) && wanted == verb &&
		    (i->asked_look == 0 || sc->seen_look > i->asked_look))
			take_id(op, i);
	}
	return op->count;
}

/* Those that are to serve come first. */
void
operation_power(struct scaler *sc)
{
	const struct provider_conf *conf = scaler_provider(sc->group);
	struct operation *op = &sc->power;
	enum provider_verb verb = PROVIDER_START;

	if (op->state != OP_NONE || conf == NULL)
		return;
	begin_list(op, sc->group);
	if (take_powered(op, sc, verb) == 0)
		(void)take_powered(op, sc, verb = PROVIDER_STOP);
	if (op->count > 0)
		call_list(op, conf, verb, on_powered);
	else
		operation_clear(op);
}

/* ---- describing ---- */

static void
adopt(struct scaler *sc, const struct provider_instance *p)
{
	struct group *g = sc->group;
	struct operation *op = &sc->launch;
	bool is_own = op->state == OP_UNKNOWN && strcmp(p->token, op->token) == 0;
	bool is_stopped = p->state == INSTANCE_STOPPED || p->state == INSTANCE_STOPPING;
	struct instance *i;

	if (p->state == INSTANCE_TERMINATED || p->state == INSTANCE_SHUTTING_DOWN ||
	    (is_stopped && !warm_pool_stops(g)) || !is_good_id(p->id) || g->conf == NULL ||
	    g->is_deleting || group_has_let_go(g, p->id) || attach_names(p->id))
		return;
	/* the answer of a launch under way is not here yet */
	if (op->state == OP_CALLING && strcmp(p->token, op->token) == 0)
		return;
	i = instance_new(g, p, is_own ? op->launch_name : group_launch(g)->object.name,
	    is_own ? op->launch_version : launch_version(group_launch(g)));
	i->seen_looks = sc->looks;
	if (is_stopped || (is_own && op->is_warm))
		instance_to_pool(i);
	log_event(NULL, LOG_L_NOTICE, "group %s: instance %s is adopted", g->name, i->id);
	instance_told(i, p);
}

/* Those that the provider did not name. */
static void
note_missing(struct scaler *sc, uint64_t look)
{
	LIST_EACH_SAFE(n, tmp, &sc->group->instances) {
		struct instance *i = LIST_ITEM(n, struct instance, node);

		if (i->told_look == look || i->seen_looks >= look)
			continue;
		if (++i->missing_looks < MISSING_LOOKS)
			continue;
		if (i->is_ready)
			instance_gone(i);
		else
			instance_judge(i);
	}
}

/* A launch that broke: what it made is there by now, or it is tried again. */
static void
settle_unknown(struct scaler *sc, const struct provider_call *call, uint64_t look)
{
	struct operation *op = &sc->launch;
	unsigned n = 0;

	if (op->state != OP_UNKNOWN || look <= op->failed_look)
		return;
	for (unsigned i = 0; i < call->ninstances; i++)
		n += strcmp(call->instances[i].token, op->token) == 0;
	if (n > 0) {
		launch_clear(op);
		note_success(sc);
	}
}

/* Those that were detached and have ended since. */
static void
forget_let_go(struct group *g, const struct provider_call *call)
{
	for (unsigned i = g->nlet_go; i > 0; i--)
		if (told_of(call, g->let_go[i - 1]) == NULL)
			group_take_back(g, g->let_go[i - 1]);
}

static void
described(struct scaler *sc, const struct provider_call *call)
{
	uint64_t look = sc->looks;

	for (unsigned k = 0; k < call->ninstances; k++) {
		const struct provider_instance *p = &call->instances[k];
		struct instance *i = instance_find(p->id);

		if (i == NULL)
			adopt(sc, p);
		else if (i->group == sc->group) {
			i->told_look = look;
			instance_told(i, p);
		}
	}
	note_missing(sc, look);
	forget_let_go(sc->group, call);
	settle_unknown(sc, call, look);
}

static void
on_describe_timer(struct sched_timer *t)
{
	struct scaler *sc = LIST_ITEM(t, struct scaler, describe_timer);

	operation_describe(sc);
}

static void
describe_later(struct scaler *sc)
{
	const struct provider_conf *conf = scaler_provider(sc->group);
	uint64_t us = conf != NULL ? conf->describe_every_us : BACK_OFF_US;

	sched_after(&sc->describe_timer, us);
}

static void
on_described(struct provider_call *call)
{
	struct scaler *sc = call->arg;

	scaler_enter(sc);
	sc->is_describing = false;
	snapshot_unhold(sc->describe_snap);
	if (call->error == PROVIDER_OK)
		described(sc, call);
	if (call->error == PROVIDER_OK)
		sc->seen_look = sc->looks;
	else
		log_event(NULL, LOG_L_WARNING, "group %s: describe: %s: %s", sc->group->name,
		    provider_error_name(call->error), call->message);
	if (sc->describes_again)
		operation_describe(sc);
	else
		describe_later(sc);
	sc->is_dirty = true;
	scaler_leave(sc);
}

void
operation_describe(struct scaler *sc)
{
	const struct provider_conf *conf = scaler_provider(sc->group);

	sched_cancel(&sc->describe_timer);
	if (sc->is_describing) {
		sc->describes_again = true;
		return;
	}
	if (conf == NULL || sc->group->is_deleted) {
		describe_later(sc);
		return;
	}
	sc->is_describing = true;
	sc->describes_again = false;
	sc->looks++;
	sc->describe_snap = snapshot_current();
	snapshot_hold(sc->describe_snap);
	sc->describe = (struct provider_call){ .conf = conf, .verb = PROVIDER_DESCRIBE,
	    .group = sc->group->name, .token = "", .epoch = epoch_now(), .done = on_described,
	    .arg = sc };
	provider_start(&sc->describe);
}

/* ---- begin and end ---- */

/* An instance ended by itself: no need to wait for the next look. */
static void
on_news(const char *name)
{
	struct group *g = group_find(name);

	if (g != NULL && g->scaler != NULL)
		operation_describe(g->scaler);
}

void
operations_begin(struct scaler *sc)
{
	provider_on_news(on_news);
	sched_timer_init(&sc->describe_timer, on_describe_timer);
	sched_timer_init(&sc->back_off, on_back_off);
}

static void
cancel(struct operation *op)
{
	if (op->state == OP_CALLING) {
		provider_cancel(&op->call);
		call_end(op);
	}
	operation_clear(op);
}

void
operations_cancel(struct scaler *sc)
{
	cancel(&sc->launch);
	cancel(&sc->terminate);
	cancel(&sc->power);
	if (sc->is_describing) {
		provider_cancel(&sc->describe);
		snapshot_unhold(sc->describe_snap);
	}
	sched_cancel(&sc->describe_timer);
	sched_cancel(&sc->back_off);
}
