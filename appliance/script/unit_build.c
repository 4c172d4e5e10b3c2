/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building scripts; see unit_build.h. The unit may meet another configuration while a
 * job loads: a script that was made with other arguments is not taken.
 *
 * Thread: control; loading is a job's.
 */
#include "script/unit_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/job.h"
#include "event/sched.h"
#include "script/ask.h"
#include "script/script_conf.h"
#include "script/unit.h"

static struct list waiting = { &waiting, &waiting };
static struct script_building *under_way;
static bool is_stopping;

static void load_next(void);
static void try_next(struct script_building *b);

static void
building_free(struct script_building *b)
{
	list_del(&b->node);
	script_unref(b->script);
	for (int i = 0; i < b->nargs; i++)
		free(b->args[i]);
	free(b->args);
	free(b->path);
	free(b->text);
	free(b->error);
	free(b);
}

/* ---- a job thread ---- */

static void
load(void *arg)
{
	struct script_building *b = arg;
	struct script_source src = { .file = b->path, .args = b->args, .nargs = b->nargs };

	if (b->text == NULL && (b->text = file_read(b->path, SCRIPT_BYTES_MAX, &b->len)) == NULL) {
		b->error = xasprintf("%s: %s", b->path, strerror(errno));
		return;
	}
	src.text = b->text;
	src.len = b->len;
	b->script = script_new(&src, b->now_us, &b->error);
}

/* ---- control ---- */

static void
finish(struct script_building *b)
{
	under_way = NULL;
	sched_busy_end();
	if (b->error != NULL) {
		script_unref(b->script);
		b->script = NULL;
	}
	b->done(b);
	building_free(b);
	load_next();
}

static bool
has_other_words(const struct script_building *b)
{
	const struct script_conf *conf = b->unit->conf;
	int n = conf != NULL ? conf->nargs : 0;

	if (!b->unit->is_there || n != b->nargs)
		return true;
	for (int i = 0; i < n; i++)
		if (strcmp(conf->args[i], b->args[i]) != 0)
			return true;
	return false;
}

static void
on_tried(struct script_ask *a)
{
	struct script_building *b = a->arg;
	const struct script_fn *f = a->fn;

	if (!a->ok)
		b->error = xasprintf("%s (%s '%s', tried)", a->error, script_kind_name(f->kind),
		    f->name);
	try_next(b);
}

/* The next function that somebody asks for, or the end. */
static void
try_next(struct script_building *b)
{
	while (b->error == NULL && !b->is_untried && b->next < b->script->nfns) {
		struct script_ask *a = script_try_of(b->script, &b->script->fns[b->next++]);

		if (a == NULL)
			continue;
		a->is_simulated = true;
		a->arg = b;
		a->done = on_tried;
		script_ask_start(a);
		return;
	}
	if (b->error == NULL && has_other_words(b))
		b->error = xasprintf("%s: the configuration has changed meanwhile", b->path);
	finish(b);
}

static void
on_loaded(void *arg)
{
	struct script_building *b = arg;

	if (b->script != NULL && !b->is_untried)
		b->error = script_unit_twice(b->unit, b->script);
	try_next(b);
}

static void
load_next(void)
{
	struct list *n;

	if (is_stopping || under_way != NULL || (n = list_pop(&waiting)) == NULL)
		return;
	under_way = LIST_ITEM(n, struct script_building, node);
	sched_busy_begin();
	job_run(control_loop, load, on_loaded, under_way);
}

struct script_building *
script_build(struct script_unit *u, const char *text, size_t len, script_built_fn *done, void *arg)
{
	struct script_building *b = xcalloc(1, sizeof *b);

	b->unit = u;
	b->done = done;
	b->arg = arg;
	b->now_us = sched_wall_us();
	b->path = xstrdup(u->path);
	b->nargs = u->conf != NULL ? u->conf->nargs : 0;
	b->args = xcalloc((size_t)b->nargs + 1, sizeof *b->args);
	for (int i = 0; i < b->nargs; i++)
		b->args[i] = xstrdup(u->conf->args[i]);
	if (text != NULL) {
		b->text = xmalloc(len + 1);
		memcpy(b->text, text, len);
		b->text[len] = '\0';
		b->len = len;
	}
	list_append(&waiting, &b->node);
	load_next();
	return b;
}

/* Tries that run were freed by script_asks_stop; jobs have ended by now. Who waits is
 * told, and may begin another one, which ends here too. */
void
script_builds_stop(void)
{
	struct list *n;

	is_stopping = true;
	if (under_way != NULL)
		list_append(&waiting, &under_way->node);
	while ((n = list_pop(&waiting)) != NULL) {
		struct script_building *b = LIST_ITEM(n, struct script_building, node);

		free(b->error);
		b->error = xstrdup("weir stops");
		if (b != under_way)
			sched_busy_begin();
		finish(b);
	}
	is_stopping = false;
}
