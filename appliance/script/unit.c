/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts that live; see unit.h.
 *
 * Thread: control.
 */
#include "script/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/alarm.h"
#include "ctl/control.h"
#include "ctl/feed.h"
#include "event/sched.h"
#include "script/ask.h"
#include "script/script_conf.h"
#include "script/unit_build.h"

#define OFF_ALARM	"Weir/LuaFunctionOff"

struct list script_units = { &script_units, &script_units };

struct script_unit *
script_unit_find(const char *name)
{
	SCRIPT_UNIT_EACH(u)
		if (u->is_there && strcmp(u->name, name) == 0)
			return u;
	return NULL;
}

struct script_live *
script_live_find(enum script_kind kind, const char *name)
{
	SCRIPT_UNIT_EACH(u) {
		if (!u->is_there)
			continue;
		SCRIPT_LIVE_EACH(f, u)
			if (f->kind == kind && strcmp(f->name, name) == 0 && f->fn != NULL)
				return f;
	}
	return NULL;
}

/* ---- functions ---- */

bool
script_live_is_on(const struct script_live *f)
{
	return f->fn != NULL && !f->is_off && !f->is_disabled;
}

const char *
script_live_state(const struct script_live *f)
{
	if (f->fn == NULL)
		return "gone";
	return f->is_disabled ? "disabled" : f->is_off ? "off" : "ok";
}

/* The alarm tells one of those that are off. */
static void
tell_off(void)
{
	SCRIPT_UNIT_EACH(u) {
		if (!u->is_there)
			continue;
		SCRIPT_LIVE_EACH(f, u)
			if (f->fn != NULL && f->is_off) {
				char *text = xasprintf("%s '%s' of %s: %u errors in a minute",
				    script_kind_name(f->kind), f->name, u->path,
				    SCRIPT_OFF_ERRORS);

				alarm_condition(OFF_ALARM, true, text);
				free(text);
				return;
			}
	}
	alarm_condition(OFF_ALARM, false, "all functions of scripts are on");
}

static void
switch_off(struct script_live *f)
{
	f->is_off = true;
	log_warnx("lua: %s '%s' is off: %u errors in a minute", script_kind_name(f->kind),
	    f->name, SCRIPT_OFF_ERRORS);
	feed_emit(FEED_LUA, f->name, "ok", "off", "10 errors in a minute");
	tell_off();
}

void
script_live_enable(struct script_live *f, bool is_enabled)
{
	const char *was = script_live_state(f);

	f->is_disabled = !is_enabled;
	if (is_enabled) {
		f->is_off = false;
		memset(f->recent_us, 0, sizeof f->recent_us);
	}
	feed_emit(FEED_LUA, f->name, was, script_live_state(f), "by command");
	unit_store_function(f);
	tell_off();
}

static void
keep_error(struct script_live *f, const char *text)
{
	struct script_unit *u = f->unit;

	if (u->nerrors == SCRIPT_ERRORS) {
		free(u->errors[0].function);
		free(u->errors[0].text);
		memmove(&u->errors[0], &u->errors[1], (SCRIPT_ERRORS - 1) * sizeof u->errors[0]);
		u->nerrors--;
	}
	u->errors[u->nerrors++] = (struct script_error){ sched_wall_us(), xstrdup(f->name),
	    xstrdup(text) };
}

void
script_live_ended(struct script_live *f, bool ok, uint64_t us, const char *text)
{
	uint64_t now = sched_wall_us(), *oldest;

	f->calls++;
	f->us_total += us;
	f->us_max = us > f->us_max ? us : f->us_max;
	(void)snprintf(f->last, sizeof f->last, "%s", text);
	if (ok)
		return;
	oldest = &f->recent_us[f->errors++ % SCRIPT_OFF_ERRORS];
	keep_error(f, text);
	log_warnx("lua: %s '%s': %s", script_kind_name(f->kind), f->name, text);
	*oldest = now;
	oldest = &f->recent_us[f->errors % SCRIPT_OFF_ERRORS];
	if (!f->is_off && *oldest != 0 && *oldest + SCRIPT_OFF_US >= now)
		switch_off(f);
}

static struct script_live *
live_of(struct script_unit *u, enum script_kind kind, const char *name)
{
	struct script_live *f;

	SCRIPT_LIVE_EACH(old, u)
		if (old->kind == kind && strcmp(old->name, name) == 0)
			return old;
	f = xcalloc(1, sizeof *f);
	f->unit = u;
	f->kind = kind;
	f->name = xstrdup(name);
	list_append(&u->functions, &f->node);
	unit_restore_function(f);
	return f;
}

/* ---- versions ---- */

const struct script_version *
script_unit_version(const struct script_unit *u, unsigned n)
{
	for (unsigned i = 0; i < u->nversions; i++)
		if (u->versions[i].n == n)
			return &u->versions[i];
	return NULL;
}

/* The one in service is never too old. */
static void
make_room(struct script_unit *u)
{
	unsigned oldest = u->versions[0].n == u->version ? 1 : 0;
	struct script_version v = u->versions[oldest];

	if (u->nversions < SCRIPT_VERSIONS)
		return;
	unit_store_version_not(u, v.n);
	free(v.text);
	free(v.origin);
	free(v.comment);
	u->nversions--;
	memmove(&u->versions[oldest], &u->versions[oldest + 1],
	    (u->nversions - oldest) * sizeof v);
}

unsigned
script_unit_keep(struct script_unit *u, const struct script_text *t, uint64_t at_us)
{
	unsigned n = u->nversions > 0 ? u->versions[u->nversions - 1].n + 1 : 1;
	struct script_version *v;

	make_room(u);
	v = &u->versions[u->nversions++];
	*v = (struct script_version){ .n = n, .text = xstrndup(t->text, t->len), .len = t->len,
	    .at_us = at_us, .origin = xstrdup(t->origin), .comment = xstrdup(t->comment) };
	unit_store_version(u, v);
	return n;
}

static unsigned
add_version(struct script_unit *u, const struct script_text *t)
{
	return script_unit_keep(u, t, sched_wall_us());
}

/* Takes over the caller's hold. */
static void
activate(struct script_unit *u, struct script *s, unsigned version)
{
	char from[16], to[16];

	SCRIPT_LIVE_EACH(f, u)
		f->fn = NULL;
	for (unsigned i = 0; i < s->nfns; i++) {
		struct script_live *f = live_of(u, s->fns[i].kind, s->fns[i].name);

		f->fn = &s->fns[i];
		f->is_off = false;
		memset(f->recent_us, 0, sizeof f->recent_us);
	}
	script_unref(u->script);
	u->script = s;
	(void)snprintf(from, sizeof from, "v%u", u->version);
	(void)snprintf(to, sizeof to, "v%u", version);
	u->version = version;
	unit_store_unit(u);
	feed_emit(FEED_LUA, u->name, from, to, "active");
	tell_off();
}

struct script_source
script_unit_source(const struct script_unit *u, const char *text, size_t len)
{
	struct script_source src = { .file = u->path, .text = text, .len = len };

	if (u->conf != NULL) {
		src.args = u->conf->args;
		src.nargs = u->conf->nargs;
	}
	return src;
}

struct script *
script_unit_build(const struct script_unit *u, const char *text, size_t len, char **ret_error)
{
	struct script_source src = script_unit_source(u, text, len);

	return script_new(&src, sched_wall_us(), ret_error);
}

char *
script_unit_twice(const struct script_unit *u, const struct script *s)
{
	for (unsigned i = 0; i < s->nfns; i++) {
		const struct script_live *f = script_live_find(s->fns[i].kind, s->fns[i].name);

		if (f != NULL && f->unit != u)
			return xasprintf("%s: the %s '%s' is defined by '%s' already", u->path,
			    script_kind_name(f->kind), f->name, f->unit->path);
	}
	return NULL;
}

static struct script *
build_alone(const struct script_unit *u, const char *text, size_t len, char **ret_error)
{
	struct script *s = script_unit_build(u, text, len, ret_error);

	if (s == NULL || ((*ret_error = script_unit_twice(u, s)) == NULL &&
	    (*ret_error = script_try(s)) == NULL))
		return s;
	script_unref(s);
	return NULL;
}

char *
script_unit_check(const struct script_unit *u, const char *text, size_t len)
{
	char *error = NULL;

	script_unref(build_alone(u, text, len, &error));
	return error;
}

void
script_unit_take(struct script_building *b, const char *origin, const char *comment)
{
	struct script_text t = { b->text, b->len, origin, comment };

	activate(b->unit, b->script, add_version(b->unit, &t));
	b->script = NULL;
}

bool
script_unit_return(struct script_building *b, unsigned n)
{
	if (script_unit_version(b->unit, n) == NULL)
		return false;
	activate(b->unit, b->script, n);
	b->script = NULL;
	return true;
}

static unsigned
version_before(const struct script_unit *u)
{
	unsigned before = 0;

	for (unsigned i = 0; i < u->nversions; i++)
		if (u->versions[i].n < u->version)
			before = u->versions[i].n;
	return before;
}

const struct script_version *
script_unit_older(const struct script_unit *u, unsigned to, char **ret_error)
{
	const struct script_version *v =
	    script_unit_version(u, to != 0 ? to : version_before(u));

	if (v == NULL)
		*ret_error = to != 0 ? xasprintf("%s has no version %u", u->name, to) :
		    xasprintf("%s has no older version", u->name);
	return v;
}

char *
script_unit_rollback(struct script_unit *u, unsigned to)
{
	char *error = NULL;
	const struct script_version *v = script_unit_older(u, to, &error);
	struct script *s;

	if (v == NULL)
		return error;
	s = build_alone(u, v->text, v->len, &error);
	if (s != NULL)
		activate(u, s, v->n);
	return error;
}

/* ---- files ---- */

bool
script_unit_has(const struct script_unit *u, const char *text, size_t len)
{
	const struct script_version *v = script_unit_version(u, u->version);

	return v != NULL && v->len == len && memcmp(v->text, text, len) == 0;
}

static struct script_unit *
unit_new(const struct script_conf *conf)
{
	struct script_unit *u = xcalloc(1, sizeof *u);

	u->name = xstrdup(conf->name);
	u->path = xstrdup(conf->path);
	list_init(&u->functions);
	list_append(&script_units, &u->node);
	unit_restore(u);
	return u;
}

static struct script_unit *
unit_of(const struct script_conf *conf)
{
	SCRIPT_UNIT_EACH(u)
		if (strcmp(u->name, conf->name) == 0)
			return u;
	return unit_new(conf);
}

/* The version in service is put into service again, after a restart. */
static bool
resume_version(struct script_unit *u)
{
	const struct script_version *v = script_unit_version(u, u->version);
	char *error = NULL;
	struct script *s;

	if (v == NULL)
		return false;
	s = script_unit_build(u, v->text, v->len, &error);
	if (s != NULL)
		activate(u, s, v->n);
	else
		log_warnx("lua: version %u of %s: %s; the file's is taken", v->n, u->name, error);
	free(error);
	return s != NULL;
}

static void
follow(struct script_unit *u, const struct script_conf *conf)
{
	struct script_text t = { conf->text, conf->len, "file", "" };

	free(u->path);
	u->path = xstrdup(conf->path);
	u->conf = conf;
	u->is_there = true;
	if (u->file_digest == conf->digest && (u->script != NULL || resume_version(u)))
		return;
	u->file_digest = conf->digest;
	script_ref(conf->script);
	activate(u, conf->script, script_unit_has(u, conf->text, conf->len) ? u->version :
	    add_version(u, &t));
}

static void
on_publish(struct snapshot *s)
{
	SCRIPT_UNIT_EACH(u) {
		u->is_there = false;
		u->conf = NULL;
	}
	for (const struct script_conf *c = script_confs(s); c != NULL; c = c->next)
		follow(unit_of(c), c);
	tell_off();
}

/* ---- start and stop ---- */

static void
unit_free(struct script_unit *u)
{
	LIST_EACH_SAFE(n, tmp, &u->functions) {
		struct script_live *f = LIST_ITEM(n, struct script_live, node);

		free(f->name);
		free(f);
	}
	for (unsigned i = 0; i < u->nversions; i++) {
		free(u->versions[i].text);
		free(u->versions[i].origin);
		free(u->versions[i].comment);
	}
	for (unsigned i = 0; i < u->nerrors; i++) {
		free(u->errors[i].function);
		free(u->errors[i].text);
	}
	script_unref(u->script);
	list_del(&u->node);
	free(u->name);
	free(u->path);
	free(u);
}

static int
start(void)
{
	unit_store_start();
	control_on_publish(on_publish);
	return 0;
}

static void
stop(void)
{
	script_builds_stop();
	LIST_EACH_SAFE(n, tmp, &script_units)
		unit_free(LIST_ITEM(n, struct script_unit, node));
	unit_store_stop();
}

const struct module mod_script = { .name = "script", .start = start, .stop = stop };
