/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generations of the configuration; see generation.h. A number is given at once, in the
 * control thread; the folders (generation_folder.c) are written one after the other.
 *
 * Threads: control; write_job and read_job in job threads.
 */
#include "ctl/generation.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/module.h"
#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/config_text.h"
#include "ctl/confirm.h"
#include "ctl/control.h"
#include "ctl/generation_folder.h"
#include "ctl/reload.h"
#include "ctl/row.h"
#include "ctl/store.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/sched.h"
#include "proxy/global.h"

#define KEPT		50u

struct list generations = { &generations, &generations };

static struct {
	char		*folder;	/* owned: state-dir/config; NULL: there is none */
	uint32_t	 last;		/* the highest number that was given */
	uint32_t	 current;
	unsigned	 nkept;
	struct list	 writes;	/* the first one is under way */
	struct loop_task begun;
} gen = { .writes = { &gen.writes, &gen.writes } };

uint32_t
generation_current(void)
{
	return gen.current;
}

struct generation *
generation_find(uint32_t number)
{
	LIST_EACH(n, &generations) {
		struct generation *g = LIST_ITEM(n, struct generation, node);

		if (g->number == number)
			return g;
	}
	return NULL;
}

static void
generation_free(struct generation *g)
{
	list_del(&g->node);
	gen.nkept--;
	free(g->by);
	free(g->comment);
	free(g);
}

static char *
folder_of(uint32_t number)
{
	return xasprintf("%s/%u", gen.folder, number);
}

/* ---- writing ---- */

struct write {
	struct list	 node;
	uint32_t	 number;
	char		*folder;	/* owned */
	char		*meta;		/* owned */
	struct config_text *text;	/* owned */
	char		*drop;		/* owned: one that is too old; NULL = none */
	int		 error;		/* errno; 0 = written */
};

static void
write_free(struct write *w)
{
	list_del(&w->node);
	config_text_free(w->text);
	free(w->folder);
	free(w->meta);
	free(w->drop);
	free(w);
}

static void
write_job(void *arg)
{
	struct write *w = arg;

	w->error = generation_write(w->folder, w->meta, w->text) ? 0 : errno;
	if (w->error == 0 && w->drop != NULL)
		(void)file_remove(w->drop);
}

static void
keep_row(const struct generation *g)
{
	struct outbuf b;
	char key[16];

	outbuf_init(&b, 0);
	outbuf_z(&b, "{");
	generation_put_row(&b, g);
	outbuf_z(&b, "}");
	snprintf(key, sizeof key, "%u", g->number);
	store_put(STORE_CONFIG, key, g->at_us, b.data, b.len);
	outbuf_fini(&b);
}

static void write_next(void);

static void
on_written(void *arg)
{
	struct write *w = arg;
	struct generation *g = generation_find(w->number);

	if (w->error == 0 && g != NULL) {
		g->is_written = true;
		keep_row(g);
	} else if (g != NULL) {
		log_alert("state-dir: cannot write %s: %s; `config rollback` will not find it",
		    w->folder, strerror(w->error));
		generation_free(g);
	}
	write_free(w);
	sched_busy_end();
	write_next();
}

static void
write_next(void)
{
	if (list_is_empty(&gen.writes))
		return;
	sched_busy_begin();
	job_run(control_loop, write_job, on_written,
	    LIST_ITEM(gen.writes.next, struct write, node));
}

static void
write_begin(const struct generation *g, struct config_text *text, char *drop)
{
	struct write *w = xcalloc(1, sizeof *w);
	bool is_first = list_is_empty(&gen.writes);

	w->number = g->number;
	w->folder = folder_of(g->number);
	w->meta = generation_meta(g, text);
	w->text = text;
	w->drop = drop;
	list_append(&gen.writes, &w->node);
	if (is_first)
		write_next();
}

/* The oldest, but for the one that comes back unless somebody confirms. */
static struct generation *
oldest(void)
{
	struct generation *g = LIST_ITEM(generations.next, struct generation, node);
	uint64_t left;

	if (g->number == confirm_back_to(&left))
		g = LIST_ITEM(g->node.next, struct generation, node);
	return g;
}

/* The path of what no longer has a place; owned by the caller. NULL: all have one. */
static char *
drop_oldest(void)
{
	struct generation *g;
	char *path, key[16];

	if (gen.nkept <= KEPT)
		return NULL;
	g = oldest();
	path = folder_of(g->number);
	snprintf(key, sizeof key, "%u", g->number);
	store_del(STORE_CONFIG, key);
	generation_free(g);
	return path;
}

static struct generation *
generation_add(uint32_t number, int64_t at_us, const char *by, const char *comment)
{
	struct generation *g = xcalloc(1, sizeof *g);

	g->number = number;
	g->at_us = at_us;
	g->by = xstrdup(by);
	g->comment = xstrdup(comment);
	list_append(&generations, &g->node);
	gen.nkept++;
	if (number > gen.last)
		gen.last = number;
	return g;
}

void
generation_loaded(const char *by, const char *comment)
{
	struct generation *g = generation_find(gen.current);
	char *missing = NULL;
	struct config_text *t;

	if (gen.folder == NULL)
		return;
	t = config_text_now(&missing);
	if (t == NULL) {
		log_warnx("state-dir: %s is no plain file: this configuration is not kept as a "
		    "generation", missing);
		free(missing);
		gen.current = 0;
		return;
	}
	if (g != NULL && g->digest == config_text_digest(t)) {
		config_text_free(t);
		return;
	}
	g = generation_add(gen.last + 1, (int64_t)sched_wall_us(), by, comment);
	g->nfiles = t->nfiles;
	g->bytes = config_text_bytes(t);
	g->digest = config_text_digest(t);
	gen.current = g->number;
	write_begin(g, t, drop_oldest());
}

/* ---- reading one ---- */

struct reading {
	char		*folder;	/* owned */
	generation_read_fn *done;
	void		*arg;
	struct config_text *text;
	char		*error;		/* owned */
};

static void
read_job(void *arg)
{
	struct reading *r = arg;

	r->text = generation_text(r->folder, &r->error);
}

static void
on_read(void *arg)
{
	struct reading *r = arg;

	r->done(r->arg, r->text, r->error);
	free(r->error);
	free(r->folder);
	free(r);
}

void
generation_read(uint32_t number, generation_read_fn *done, void *arg)
{
	const struct generation *g = generation_find(number);
	struct reading *r;

	if (gen.folder == NULL || g == NULL || !g->is_written) {
		done(arg, NULL, gen.folder == NULL ? "There are no versions without 'state-dir'" :
		    g == NULL ? "There is no such version" : "It is being written just now");
		return;
	}
	r = xcalloc(1, sizeof *r);
	r->folder = folder_of(number);
	r->done = done;
	r->arg = arg;
	job_run(control_loop, read_job, on_read, r);
}

/* ---- start ---- */

static void
take_folder(uint32_t number)
{
	char *folder = folder_of(number), *error = NULL;
	json_t *meta = generation_read_meta(folder, &error);
	struct generation *g;

	if (meta == NULL) {
		log_warnx("state-dir: %s", error);
		free(error);
	} else {
		g = generation_add(number, (int64_t)row_u64(meta, "at_us"), row_text(meta, "by"),
		    row_text(meta, "comment"));
		g->nfiles = (unsigned)row_u64(meta, "nfiles");
		g->bytes = (size_t)row_u64(meta, "bytes");
		g->digest = strtoull(row_text(meta, "digest"), NULL, 16);
		g->is_written = true;
	}
	if (number > gen.last)
		gen.last = number;
	json_decref(meta);
	free(folder);
}

/* One that was too old, when it could not be removed. */
static void
remove_folder(uint32_t number)
{
	char *folder = folder_of(number);

	(void)file_remove(folder);
	free(folder);
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
take_folders(void)
{
	char **names = NULL;
	int n = file_list_dir(gen.folder, NULL, &names);
	uint32_t *numbers = xcalloc((size_t)(n > 0 ? n : 0) + 1, sizeof *numbers);
	size_t nnumbers = 0;
	uint64_t v;

	for (int i = 0; i < n; i++) {
		if (str_to_u64(str_of(strrchr(names[i], '/') + 1), &v) && v > 0 && v < UINT32_MAX)
			numbers[nnumbers++] = (uint32_t)v;
		free(names[i]);
	}
	free(names);
	qsort(numbers, nnumbers, sizeof *numbers, by_number);
	for (size_t i = 0; i < nnumbers; i++)
		if (i + KEPT < nnumbers)
			remove_folder(numbers[i]);
		else
			take_folder(numbers[i]);
	free(numbers);
}

/* Rows of folders that are gone; the others are as they should be or get theirs. */
static void
look_at_row(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	uint64_t v;

	(void)t_us, (void)data, (void)len, (void)arg;
	if (!str_to_u64(str_of(key), &v) || generation_find((uint32_t)v) == NULL)
		store_del(STORE_CONFIG, key);
}

static void
on_begun(struct loop_task *t)
{
	(void)t;
	generation_loaded("start", "");
}

static void
on_publish(struct snapshot *s)
{
	static bool is_begun;

	if (is_begun)
		return;
	is_begun = true;
	if (s->global->state_dir == NULL)
		return;
	gen.folder = xasprintf("%s/config", s->global->state_dir);
	take_folders();
	store_each(STORE_CONFIG, look_at_row, NULL);
	LIST_EACH(n, &generations)
		keep_row(LIST_ITEM(n, struct generation, node));
	gen.current = gen.last;		/* a folder that cannot be read has no digest to equal */
	loop_task_init(&gen.begun, on_begun);
	loop_ready(control_loop, &gen.begun);
}

static int
module_start(void)
{
	control_on_publish(on_publish);
	return 0;
}

static void
module_stop(void)
{
	LIST_EACH_SAFE(n, tmp, &gen.writes)
		write_free(LIST_ITEM(n, struct write, node));
	LIST_EACH_SAFE(n, tmp, &generations)
		generation_free(LIST_ITEM(n, struct generation, node));
	free(gen.folder);
	gen.folder = NULL;
}

const struct module mod_generation = {
	.name = "generation", .start = module_start, .stop = module_stop
};
