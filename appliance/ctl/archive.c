/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state in one file; see archive.h. Rows are caught on their way to the store
 * (store_divert). What is long is put in pieces, so that nothing else waits.
 *
 * Threads: control; write_job and read_job in job threads.
 */
#include "ctl/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/list.h"
#include "base/module.h"
#include "base/out.h"
#include "base/str.h"
#include "base/version.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/row.h"
#include "ctl/store.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/sched.h"

#define FILE_BYTES_MAX	(512u << 20)
#define ERRORS_MAX	20u
#define PIECE_US	500u		/* so long rows are taken up in one go */

static struct archive_part *parts;	/* in order of names */

/* Of either way; one at a time. */
static struct {
	bool		 is_busy;
	char		*path;		/* owned */
	archive_done_fn	*done;
	void		*arg;
	uint64_t	 begun_us;
	struct loop_task task;		/* the next piece */
	struct outbuf	 text;		/* to be written, or what is told */
	/* saving */
	struct archive_part *part;
	uint64_t	 cursor, nrows;
	int		 error;		/* errno */
	/* restoring */
	json_t		*rows;		/* owned: an array of objects */
	size_t		 at, nbad;
	char		*problem;	/* owned */
} job;

void
archive_register(struct archive_part *p)
{
	struct archive_part **at = &parts;

	while (*at != NULL && strcmp((*at)->name, p->name) < 0)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

static struct archive_part *
part_named(const char *name)
{
	struct archive_part *p = parts;

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

static void
begin(const char *path, archive_done_fn *done, void *arg)
{
	job.is_busy = true;
	job.path = xstrdup(path);
	job.done = done;
	job.arg = arg;
	job.begun_us = clock_mono_us();
	job.error = 0;
	outbuf_init(&job.text, FILE_BYTES_MAX);
	sched_busy_begin();
}

static void
end(bool ok, const char *text)
{
	job.done(job.arg, ok, text);
	outbuf_fini(&job.text);
	free(job.path);
	free(job.problem);
	json_decref(job.rows);
	job.path = job.problem = NULL;
	job.rows = NULL;
	job.is_busy = false;
	sched_busy_end();
}

/* ---- saving ---- */

static void
on_row(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	outbuf_z(&job.text, "{\"part\":");
	outbuf_json(&job.text, arg);
	outbuf_z(&job.text, ",\"key\":");
	outbuf_json(&job.text, key);
	outbuf_fmt(&job.text, ",\"t\":%" PRId64 ",\"row\":", t_us);
	outbuf_mem(&job.text, data, len);
	outbuf_z(&job.text, "}\n");
	job.nrows++;
}

static void
write_job(void *arg)
{
	(void)arg;
	job.error = file_write_atomic(job.path, job.text.data, job.text.len, 0600) == 0 ? 0 :
	    errno;
}

static void
on_written(void *arg)
{
	uint64_t us = clock_mono_us() - job.begun_us;
	char *text;

	(void)arg;
	if (job.error == 0)
		text = xasprintf("%zu bytes, %" PRIu64 ".%03" PRIu64 " s", job.text.len,
		    us / 1000000, us / 1000 % 1000);
	else
		text = xasprintf("%s: %s", job.path, strerror(job.error));
	end(job.error == 0, text);
	free(text);
}

static void
on_piece(struct loop_task *t)
{
	bool more = true;

	if (job.part != NULL) {
		store_divert(on_row, (char *)(uintptr_t)job.part->name);
		more = job.part->save(&job.cursor);
		store_divert(NULL, NULL);
		if (!more) {
			job.part = job.part->next;
			job.cursor = 0;
		}
		loop_ready(control_loop, t);
		return;
	}
	outbuf_fmt(&job.text, "{\"rows\":%" PRIu64 "}\n", job.nrows);
	if (job.text.overflow) {
		end(false, "It is more than a file may hold.");
		return;
	}
	job_run(control_loop, write_job, on_written, &job);
}

int
archive_save(const char *path, archive_done_fn *done, void *arg)
{
	if (job.is_busy)
		return -1;
	begin(path, done, arg);
	outbuf_fmt(&job.text, "{\"weir-state\":1,\"version\":\"%s\",\"at\":%" PRIu64 "}\n",
	    WEIR_VERSION, sched_wall_us());
	job.part = parts;
	job.cursor = job.nrows = 0;
	loop_task_init(&job.task, on_piece);
	loop_ready(control_loop, &job.task);
	return 0;
}

/* ---- reading ---- */

static bool
is_row(const json_t *o)
{
	return json_is_string(json_object_get(o, "part")) &&
	    json_is_string(json_object_get(o, "key")) &&
	    json_is_integer(json_object_get(o, "t")) && json_is_object(json_object_get(o, "row"));
}

static char *
take_line(json_t *o, unsigned line, bool *is_end)
{
	const json_t *rows = json_object_get(o, "rows");

	if (line == 1)
		return json_integer_value(json_object_get(o, "weir-state")) == 1 ? NULL :
		    xstrdup("this is no file of 'state save', or one of another weir");
	if (rows != NULL) {
		*is_end = (size_t)json_integer_value(rows) == json_array_size(job.rows);
		return *is_end ? NULL : xstrdup("rows are missing");
	}
	if (!is_row(o))
		return xasprintf("line %u is no row", line);
	json_array_append(job.rows, o);
	return NULL;
}

static char *
take_text(const char *text, size_t len)
{
	bool is_end = false;
	char *problem = NULL;

	for (unsigned line = 1; len > 0 && problem == NULL && !is_end; line++) {
		const char *lf = memchr(text, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - text) : len;
		json_t *o = json_loadb(text, n, 0, NULL);

		problem = json_is_object(o) ? take_line(o, line, &is_end) :
		    xasprintf("line %u is damaged", line);
		json_decref(o);
		n += lf != NULL;
		text += n;
		len -= n;
	}
	if (problem == NULL && !is_end)
		problem = xstrdup("it ends too early");
	return problem;
}

static void
read_job(void *arg)
{
	size_t len;
	char *text = file_read(job.path, FILE_BYTES_MAX, &len);

	(void)arg;
	job.rows = json_array();
	job.problem = text == NULL ? xstrdup(strerror(errno)) : take_text(text, len);
	free(text);
}

/* ---- restoring ---- */

static struct archive_row
row_of(const json_t *o, struct archive_part **ret_part)
{
	*ret_part = part_named(row_text(o, "part"));
	return (struct archive_row){ row_text(o, "key"),
	    json_integer_value(json_object_get(o, "t")), json_object_get(o, "row") };
}

/* Of the rows from job.at on those that PIECE_US allows, for one may be a whole script;
 * false: they were the last. */
static bool
piece(void (*fn)(const struct archive_part *p, const struct archive_row *r))
{
	uint64_t until = clock_mono_us() + PIECE_US;
	size_t n = json_array_size(job.rows);
	struct archive_part *p;

	for (; job.at < n && clock_mono_us() < until; job.at++) {
		struct archive_row r = row_of(json_array_get(job.rows, job.at), &p);

		if (p != NULL)
			fn(p, &r);
	}
	return job.at < n;
}

static void
check_row(const struct archive_part *p, const struct archive_row *r)
{
	char *wrong = p->check != NULL ? p->check(r) : NULL;

	if (wrong != NULL && job.nbad++ < ERRORS_MAX)
		outbuf_fmt(&job.text, "%s\n", wrong);
	free(wrong);
}

static void
restore_row(const struct archive_part *p, const struct archive_row *r)
{
	p->restore(r, &job.text);
}

static void
on_restore(struct loop_task *t)
{
	if (piece(restore_row)) {
		loop_ready(control_loop, t);
		return;
	}
	for (const struct archive_part *p = parts; p != NULL; p = p->next)
		if (p->end != NULL)
			p->end(&job.text);
	end(true, job.text.len > 0 ? job.text.data : "");
}

static void
on_check(struct loop_task *t)
{
	if (piece(check_row)) {
		loop_ready(control_loop, t);
		return;
	}
	if (job.nbad > 0) {
		outbuf_z(&job.text, "Nothing was changed.");
		end(false, job.text.data);
		return;
	}
	job.at = 0;
	loop_task_init(t, on_restore);
	loop_ready(control_loop, t);
}

static void
on_read(void *arg)
{
	char *text;

	(void)arg;
	if (job.problem != NULL) {
		text = xasprintf("%s: %s.", job.path, job.problem);
		end(false, text);
		free(text);
		return;
	}
	job.at = job.nbad = 0;
	loop_task_init(&job.task, on_check);
	loop_ready(control_loop, &job.task);
}

int
archive_restore(const char *path, archive_done_fn *done, void *arg)
{
	if (job.is_busy)
		return -1;
	begin(path, done, arg);
	job_run(control_loop, read_job, on_read, &job);
	return 0;
}

static void
module_stop(void)
{
	if (!job.is_busy)
		return;
	loop_task_cancel(&job.task);
	end(false, "weir ends.");
}

const struct module mod_archive = { .name = "archive", .stop = module_stop };
