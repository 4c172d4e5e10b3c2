/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups and what is theirs over restarts; see group_keep.h.
 *
 * A process that starts finds instances as they were: those in service stay so and get
 * their servers again, what was leaving goes on to leave, a launch whose call may have
 * been made is looked for by its token before anything else is done.
 *
 * Thread: control.
 */
#include "ctl/group_keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/row.h"
#include "ctl/row_list.h"
#include "ctl/scaler_in.h"
#include "ctl/store.h"

static struct list groups_saved = { &groups_saved, &groups_saved };
static struct list instances_saved = { &instances_saved, &instances_saved };
static struct list operations_saved = { &operations_saved, &operations_saved };

/* ---- writing ---- */

static void
begin(struct outbuf *b)
{
	outbuf_init(b, 0);
	outbuf_z(b, "{");
}

static void
end(struct outbuf *b, enum store_table t, const char *key, uint64_t t_us)
{
	outbuf_z(b, "}");
	store_put(t, key, (int64_t)t_us, b->data, b->len);
	outbuf_fini(b);
}

static void
put_suspended(struct outbuf *b, const struct group *g)
{
	row_begin_list(b, "suspended_at");
	for (unsigned i = 0; i < GROUP_P_COUNT; i++)
		row_item_u64(b, (uint64_t)g->suspended_s[i]);
	row_end_list(b);
}

void
keep_group(const struct group *g)
{
	struct outbuf b;

	if (!store_is_there())
		return;
	begin(&b);
	row_put_u64(&b, "created", g->created_us);
	row_put_u64(&b, "min", g->min);
	row_put_u64(&b, "max", g->max);
	row_put_u64(&b, "desired", g->desired);
	row_put_hex(&b, "digest", g->digest);
	row_put_bool(&b, "overridden", g->is_overridden);
	row_put_bool(&b, "deleted", g->is_deleted);
	row_put_bool(&b, "deleting", g->is_deleting);
	row_put_u64(&b, "suspended", g->suspended);
	row_put_u64(&b, "suspended_by_us", g->suspended_by_us);
	put_suspended(&b, g);
	row_put_u64(&b, "failing", g->failing_us);
	row_put_u64(&b, "cooldown_until", g->cooldown_until_us);
	row_put_u64(&b, "cooldown", g->cooldown_us);
	row_put_u64(&b, "drain", g->drain_us);
	row_put_text(&b, "provider", g->provider != NULL ? g->provider : "");
	row_put_text(&b, "cause", g->cause_len > 0 ? g->cause : "");
	row_put_hex(&b, "launch_digest", g->launch_digest);
	row_put_text(&b, "back_to", g->back != NULL ? g->back->object.name : "");
	row_put_u64(&b, "back_version", g->back != NULL ? g->back->version : 0);
	row_begin_list(&b, "let_go");
	for (unsigned i = 0; i < g->nlet_go; i++)
		row_item_text(&b, g->let_go[i]);
	row_end_list(&b);
	end(&b, STORE_GROUP, g->name, g->created_us);
}

void
keep_group_not(const char *name)
{
	store_del(STORE_GROUP, name);
}

void
keep_instance(const struct instance *i)
{
	struct outbuf b;

	if (!store_is_there())
		return;
	begin(&b);
	row_put_text(&b, "group", i->group->name);
	row_put_u64(&b, "lifecycle", i->lifecycle);
	row_put_text(&b, "address", i->address);
	row_put_u64(&b, "port", i->port);
	row_put_text(&b, "zone", i->zone);
	row_put_text(&b, "token", i->token);
	row_put_text(&b, "launch", i->launch_name);
	row_put_u64(&b, "version", i->launch_version);
	row_put_u64(&b, "launched", i->launched_us);
	row_put_u64(&b, "in_service", i->in_service_us);
	row_put_bool(&b, "protected", i->is_protected);
	row_put_bool(&b, "passed", i->has_passed);
	row_put_bool(&b, "stays_out", i->stays_out);
	end(&b, STORE_INSTANCE, i->id, i->launched_us);
}

void
keep_instance_not(const char *id)
{
	store_del(STORE_INSTANCE, id);
}

void
keep_operation(const struct operation *op, void (*done)(void *arg, bool ok), void *arg)
{
	struct outbuf b;

	begin(&b);
	row_put_text(&b, "group", op->group->name);
	row_put_u64(&b, "count", op->count);
	row_put_text(&b, "zone", op->zone);
	row_put_text(&b, "launch", op->launch_name);
	row_put_u64(&b, "version", op->launch_version);
	row_put_text(&b, "cause", op->cause);
	outbuf_z(&b, "}");
	store_put_durable(STORE_OPERATION, op->token, sched_wall_s() * 1000000, b.data, b.len,
	    done, arg);
	outbuf_fini(&b);
}

void
keep_operation_not(const struct operation *op)
{
	store_del(STORE_OPERATION, op->token);
}

void
keep_activity(const struct activity *a)
{
	struct outbuf b;

	if (!store_is_there())
		return;
	begin(&b);
	row_put_text(&b, "group", a->group);
	row_put_u64(&b, "kind", a->kind);
	row_put_u64(&b, "status", a->status);
	row_put_u64(&b, "progress", a->progress);
	row_put_u64(&b, "start", a->start_us);
	row_put_u64(&b, "end", a->end_us);
	row_put_text(&b, "instance", a->instance);
	row_put_text(&b, "zone", a->zone);
	row_put_text(&b, "description", a->description);
	row_put_text(&b, "cause", a->cause);
	if (a->message != NULL)
		row_put_text(&b, "message", a->message);
	end(&b, STORE_ACTIVITY, a->id, a->start_us);
}

void
keep_activity_not(const struct activity *a)
{
	store_del(STORE_ACTIVITY, a->id);
}

void
keep_launch(const char *name, uint32_t version, uint64_t digest, uint64_t age,
    const char *text)
{
	struct outbuf b;
	char key[OBJECT_NAME_MAX + 32];

	if (!store_is_there())
		return;
	snprintf(key, sizeof key, "launch/%u/%s", version, name);
	begin(&b);
	row_put_hex(&b, "digest", digest);
	row_put_text(&b, "text", text != NULL ? text : "");
	end(&b, STORE_SETTING, key, age);
}

void
keep_pause(bool is_paused, const char *reason)
{
	struct outbuf b;

	if (!is_paused) {
		store_del(STORE_SETTING, "scaling-paused");
		return;
	}
	begin(&b);
	row_put_text(&b, "reason", reason);
	end(&b, STORE_SETTING, "scaling-paused", 1);
}

/* ---- reading ---- */

static void
take_setting(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	json_t *row = json_loadb(data, len, 0, NULL);
	unsigned version;
	int at = 0;

	(void)t_us, (void)arg;
	if (strcmp(key, "scaling-paused") == 0)
		scaling_pause(true, row_text(row, "reason"));
	else if (sscanf(key, "launch/%u/%n", &version, &at) == 1 && at > 0)
		launch_restore(key + at, version, row_hex(row, "digest"),
		    row_text(row, "text"));
	json_decref(row);
}

static void
take_activity(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	json_t *row = json_loadb(data, len, 0, NULL);

	(void)t_us, (void)arg;
	if (json_is_object(row))
		activity_restore(key, row);
	json_decref(row);
}

void
kept_read(void)
{
	if (!store_is_there())
		return;
	store_each(STORE_SETTING, take_setting, NULL);
	saved_rows_read(&groups_saved, STORE_GROUP, "");
	saved_rows_read(&instances_saved, STORE_INSTANCE, "");
	saved_rows_read(&operations_saved, STORE_OPERATION, "");
	store_each(STORE_ACTIVITY, take_activity, NULL);
}

/* ---- restoring ---- */

static enum lifecycle
lifecycle_after(uint64_t was)
{
	switch ((enum lifecycle)was) {
	case LIFE_IN_SERVICE: case LIFE_STANDBY: case LIFE_WARMED_PENDING_PROCEED:
	case LIFE_WARMED_RUNNING: case LIFE_WARMED_STOPPED:
		return (enum lifecycle)was;
	case LIFE_ENTERING_STANDBY:
		return LIFE_STANDBY;
	case LIFE_TERMINATING: case LIFE_TERMINATING_WAIT: case LIFE_TERMINATING_PROCEED:
		return LIFE_TERMINATING_PROCEED;
	case LIFE_WARMED_PENDING: case LIFE_WARMED_PENDING_WAIT:
		return LIFE_WARMED_PENDING;
	case LIFE_WARMED_TERMINATING: case LIFE_WARMED_TERMINATING_WAIT:
	case LIFE_WARMED_TERMINATING_PROCEED:
		return LIFE_WARMED_TERMINATING_PROCEED;
	default:
		return LIFE_PENDING;
	}
}

static void
restore_instance(struct group *g, const struct saved_row *s)
{
	struct provider_instance p = { .state = INSTANCE_RUNNING,
	    .port = (uint16_t)row_u64(s->row, "port"), .launched_us = row_u64(s->row, "launched") };
	struct instance *i;

	snprintf(p.id, sizeof p.id, "%s", s->key);
	snprintf(p.address, sizeof p.address, "%s", row_text(s->row, "address"));
	snprintf(p.zone, sizeof p.zone, "%s", row_text(s->row, "zone"));
	snprintf(p.token, sizeof p.token, "%s", row_text(s->row, "token"));
	if (instance_find(p.id) != NULL)
		return;
	i = instance_new(g, &p, row_text(s->row, "launch"),
	    (uint32_t)row_u64(s->row, "version"));
	i->is_protected = row_bool(s->row, "protected");
	i->in_service_us = row_u64(s->row, "in_service");
	i->stays_out = row_bool(s->row, "stays_out");
	instance_restore(i, lifecycle_after(row_u64(s->row, "lifecycle")));
}

static bool
is_of(const struct saved_row *s, const struct group *g)
{
	return strcmp(row_text(s->row, "group"), g->name) == 0;
}

static void
restore_operation(struct group *g, const struct saved_row *s)
{
	struct operation *op = &g->scaler->launch;

	if (op->state != OP_NONE)
		return;
	op->group = g;
	op->state = OP_UNKNOWN;
	snprintf(op->token, sizeof op->token, "%s", s->key);
	op->count = (unsigned)row_u64(s->row, "count");
	snprintf(op->zone, sizeof op->zone, "%s", row_text(s->row, "zone"));
	op->cause = xstrdup(row_text(s->row, "cause"));
	op->launch_name = xstrdup(row_text(s->row, "launch"));
	op->launch_version = (uint32_t)row_u64(s->row, "version");
	op->activities = xcalloc(op->count + 1, sizeof *op->activities);
}

static void
restore_let_go(struct group *g, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_is_string(json_array_get(list, i)))
			group_let_go(g, json_string_value(json_array_get(list, i)));
}

static void
restore_suspended(struct group *g, const json_t *list)
{
	for (unsigned i = 0; i < GROUP_P_COUNT; i++)
		g->suspended_s[i] = json_integer_value(json_array_get(list, i));
}

static void
restore_group(struct group *g, const json_t *row)
{
	uint64_t until = row_u64(row, "cooldown_until"), now = sched_wall_us();

	g->created_us = row_u64(row, "created");
	g->digest = row_hex(row, "digest");
	g->min = (uint32_t)row_u64(row, "min");
	g->max = (uint32_t)row_u64(row, "max");
	g->desired = (uint32_t)row_u64(row, "desired");
	g->is_overridden = row_bool(row, "overridden");
	g->is_deleted = row_bool(row, "deleted");
	g->is_deleting = row_bool(row, "deleting");
	g->suspended = (unsigned)row_u64(row, "suspended");
	g->suspended_by_us = (unsigned)row_u64(row, "suspended_by_us");
	restore_suspended(g, json_object_get(row, "suspended_at"));
	g->failing_us = row_u64(row, "failing");
	g->cooldown_us = row_u64(row, "cooldown");
	/* the clock may have been set back since */
	g->cooldown_until_us = until > now + g->cooldown_us ? now + g->cooldown_us : until;
	g->drain_us = row_u64(row, "drain");
	g->provider = xstrdup(row_text(row, "provider"));
	g->launch_digest = row_hex(row, "launch_digest");
	g->back = launch_kept(row_text(row, "back_to"), (uint32_t)row_u64(row, "back_version"));
	g->cause_len = (size_t)snprintf(g->cause, sizeof g->cause, "%s", row_text(row, "cause"));
	restore_let_go(g, json_object_get(row, "let_go"));
}

bool
kept_restore(struct group *g)
{
	struct saved_row *s = saved_row_find(&groups_saved, g->name);

	if (s == NULL)
		return false;
	restore_group(g, s->row);
	saved_row_free(s);
	activities_own(g);
	SAVED_ROWS_EACH(i, &instances_saved)
		if (is_of(i, g))
			restore_instance(g, i);
	SAVED_ROWS_EACH(op, &operations_saved)
		if (is_of(op, g))
			restore_operation(g, op);
	return true;
}

static bool
has_instances(const char *name)
{
	SAVED_ROWS_EACH(i, &instances_saved)
		if (strcmp(row_text(i->row, "group"), name) == 0)
			return true;
	return false;
}

const char *
kept_left(void)
{
	SAVED_ROWS_EACH(s, &groups_saved) {
		if (has_instances(s->key))
			return s->key;
		keep_group_not(s->key);
		saved_row_free(s);
	}
	return NULL;
}

void
kept_drop(void)
{
	saved_rows_free(&groups_saved);
	saved_rows_free(&instances_saved);
	saved_rows_free(&operations_saved);
	activities_settle();
}
