/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generations of the configuration; see generation.h. A folder is written as N.new,
 * synced and renamed, so whoever looks finds whole ones. Its number is given at once,
 * in the control thread; the folders are written one after the other.
 *
 * Threads: control; write_job and read_job in job threads.
 */
#include "ctl/generation.h"

#include <errno.h>
#include <inttypes.h>
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
#include "ctl/control.h"
#include "ctl/reload.h"
#include "ctl/row.h"
#include "ctl/store.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/sched.h"
#include "proxy/global.h"

#define KEPT		50u
#define FILE_BYTES_MAX	(256u << 20)
#define META_BYTES_MAX	(1u << 20)

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

/* ---- meta ---- */

static char *
file_name(unsigned i, const char *path)
{
	const char *slash = strrchr(path, '/');

	return xasprintf("%03u-%.200s", i + 1, slash != NULL ? slash + 1 : path);
}

static void
put_files(struct outbuf *b, const struct config_text *t, unsigned at, unsigned n)
{
	for (unsigned i = at; i < at + n; i++) {
		char *name = file_name(i, t->files[i].path);

		outbuf_z(b, i > at ? ",{\"path\":" : "{\"path\":");
		outbuf_json(b, t->files[i].path);
		outbuf_z(b, ",\"name\":");
		outbuf_json(b, name);
		outbuf_z(b, "}");
		free(name);
	}
}

static void
put_args(struct outbuf *b, const struct config_text *t)
{
	unsigned at = 0;

	for (unsigned i = 0; i < t->nargs; i++) {
		const struct config_arg *a = &t->args[i];

		outbuf_z(b, i > 0 ? ",{\"path\":" : "{\"path\":");
		outbuf_json(b, a->path);
		outbuf_fmt(b, ",\"folder\":%s,\"files\":[", a->is_folder ? "true" : "false");
		put_files(b, t, at, a->nfiles);
		outbuf_z(b, "]}");
		at += a->nfiles;
	}
}

static void
put_row(struct outbuf *b, const struct generation *g)
{
	outbuf_fmt(b, "\"at_us\":%" PRId64 ",\"by\":", g->at_us);
	outbuf_json(b, g->by);
	outbuf_z(b, ",\"comment\":");
	outbuf_json(b, g->comment);
	outbuf_fmt(b, ",\"nfiles\":%u,\"bytes\":%zu,\"digest\":\"%" PRIx64 "\"", g->nfiles,
	    g->bytes, g->digest);
}

static char *
meta_of(const struct generation *g, const struct config_text *t)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_z(&b, "{");
	put_row(&b, g);
	outbuf_z(&b, ",\"args\":[");
	put_args(&b, t);
	outbuf_z(&b, "]}\n");
	return b.data;
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

static bool
write_file(const char *folder, const char *name, const char *data, size_t len)
{
	char *path = xasprintf("%s/%s", folder, name);
	int rc = file_write_atomic(path, data, len, 0600), saved = errno;

	free(path);
	errno = saved;
	return rc == 0;
}

static bool
write_files(const struct write *w, const char *folder)
{
	bool ok = true;

	for (unsigned i = 0; ok && i < w->text->nfiles; i++) {
		const struct config_file *f = &w->text->files[i];
		char *name = file_name(i, f->path);

		ok = write_file(folder, name, f->data, f->len);
		free(name);
	}
	return ok && write_file(folder, "meta", w->meta, strlen(w->meta));
}

static bool
write_folder(const struct write *w)
{
	char *fresh = xasprintf("%s.new", w->folder), *link, number[16];
	bool ok;
	int saved;

	(void)file_remove(fresh);	/* of one that was killed */
	ok = file_make_folder(gen.folder) == 0 && file_make_folder(fresh) == 0 &&
	    write_files(w, fresh) && file_settle(w->folder, ".new") == 0;
	saved = errno;
	if (!ok)
		(void)file_remove(fresh);
	free(fresh);
	errno = saved;
	if (!ok)
		return false;
	link = xasprintf("%s/current", gen.folder);
	snprintf(number, sizeof number, "%u", w->number);
	ok = file_link(link, number) == 0;
	saved = errno;
	free(link);
	errno = saved;
	return ok;
}

static void
write_job(void *arg)
{
	struct write *w = arg;

	w->error = write_folder(w) ? 0 : errno;
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
	put_row(&b, g);
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
	w->meta = meta_of(g, text);
	w->text = text;
	w->drop = drop;
	list_append(&gen.writes, &w->node);
	if (is_first)
		write_next();
}

/* The path of what no longer has a place; owned by the caller. NULL: all have one. */
static char *
drop_oldest(void)
{
	struct generation *g;
	char *path, key[16];

	if (gen.nkept <= KEPT)
		return NULL;
	g = LIST_ITEM(generations.next, struct generation, node);
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

static bool
read_file(struct reading *r, const json_t *file)
{
	char *path = xasprintf("%s/%s", r->folder, row_text(file, "name"));
	size_t len;
	char *data = file_read(path, FILE_BYTES_MAX, &len);

	if (data == NULL)
		r->error = xasprintf("%s: %s", path, strerror(errno));
	else
		config_text_file(r->text, row_text(file, "path"), data, len);
	free(path);
	return data != NULL;
}

static void
read_args(struct reading *r, const json_t *meta)
{
	const json_t *arg, *file;
	size_t i, j;

	r->text = config_text_new();
	json_array_foreach(json_object_get(meta, "args"), i, arg) {
		config_text_arg(r->text, row_text(arg, "path"),
		    json_is_true(json_object_get(arg, "folder")));
		json_array_foreach(json_object_get(arg, "files"), j, file)
			if (!read_file(r, file))
				return;
	}
}

static json_t *
read_meta(const char *folder, char **ret_error)
{
	char *path = xasprintf("%s/meta", folder), *text;
	json_t *meta = NULL;
	size_t len;

	text = file_read(path, META_BYTES_MAX, &len);
	if (text != NULL)
		meta = json_loadb(text, len, 0, NULL);
	if (!json_is_object(meta)) {
		*ret_error = xasprintf("%s: %s", path,
		    text == NULL ? strerror(errno) : "it is damaged");
		json_decref(meta);
		meta = NULL;
	}
	free(text);
	free(path);
	return meta;
}

static void
read_job(void *arg)
{
	struct reading *r = arg;
	json_t *meta = read_meta(r->folder, &r->error);

	if (meta == NULL)
		return;
	read_args(r, meta);
	json_decref(meta);
}

static void
on_read(void *arg)
{
	struct reading *r = arg;

	if (r->error != NULL) {
		config_text_free(r->text);
		r->text = NULL;
	}
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
	json_t *meta = read_meta(folder, &error);
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
