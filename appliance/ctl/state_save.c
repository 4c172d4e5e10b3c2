/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State files: writing; see state_file.h. A command writes all of them. The one
 * in state-dir is weir's own: it is written when the process has started, at most
 * every ten seconds while servers change, and at the end. What has changed is
 * seen from the backends' epochs, so a look at 1,000 backends reads 1,000 words.
 *
 * A process that took over (-sf) writes the file before it tells the old one to
 * go; so at its end a process leaves a file alone that it has not written itself.
 *
 * Threads: control; files are written in a job thread, but at start and end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/log.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/overlay.h"
#include "ctl/server_state.h"
#include "ctl/state_file.h"
#include "event/job.h"
#include "event/loop.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define LOOK_US		1000000u
#define EVERY_US	10000000u

/* ---- the text ---- */

struct wanted {
	const struct snapshot *snap;
	struct outbuf	 b;
	const char	*own;		/* NULL: of all that use the file of all */
};

static void
put_added(const struct overlay_server *s, void *arg)
{
	struct wanted *w = arg;
	const struct proxy *px = proxy_find(w->snap, s->backend, CAP_BACKEND);

	/* those of scaling groups come with their instances */
	if (s->origin != OVERLAY_SCALER && px != NULL && state_file_is_for(px, w->own))
		server_state_put_added(&w->b, s);
}

static struct outbuf
compose(const struct snapshot *snap, const char *own)
{
	struct wanted w = { .snap = snap, .own = own };

	outbuf_init(&w.b, 0);
	server_state_put_header(&w.b);
	overlay_each(put_added, &w);
	for (const struct proxy *px = snap->proxies; px != NULL; px = px->next)
		if (state_file_is_for(px, own))
			for (const struct server *s = px->server_list; s != NULL; s = s->next)
				server_state_put(&w.b, s);
	return w.b;
}

/* ---- one writing ---- */

struct to_write {
	struct to_write	*next;
	char		*path;		/* owned */
	struct outbuf	 text;
};

struct save {
	const struct snapshot *snap;	/* borrowed: while files are added */
	struct to_write	*files;		/* owned */
	int		 error;
	const char	*failed;	/* borrowed: of files */
	state_saved_fn	*done;
	void		*arg;
};

static void
save_add(const char *path, const char *own, void *arg)
{
	struct save *s = arg;
	struct to_write *f = xcalloc(1, sizeof *f);

	f->path = xstrdup(path);
	f->text = compose(s->snap, own);
	f->next = s->files;
	s->files = f;
}

static struct save *
save_new(const struct snapshot *snap)
{
	struct save *s = xcalloc(1, sizeof *s);

	s->snap = snap;
	return s;
}

static void
save_free(struct save *s)
{
	struct to_write *f;

	while ((f = s->files) != NULL) {
		s->files = f->next;
		free(f->path);
		outbuf_fini(&f->text);
		free(f);
	}
	free(s);
}

static void
write_all(void *arg)
{
	struct save *s = arg;

	for (const struct to_write *f = s->files; f != NULL; f = f->next)
		if (file_write_atomic(f->path, f->text.data, f->text.len, 0640) != 0) {
			s->error = errno;
			s->failed = f->path;
			return;
		}
}

/* ---- the file in state-dir ---- */

/* The file that this process wrote last. */
struct stamp {
	ino_t		 inode;
	struct timespec	 time;
};

static struct {
	struct timer	 timer;
	char		*path;		/* owned */
	uint64_t	 seen;		/* changes() of what is written, or under way */
	uint64_t	 publishings;
	uint64_t	 saved_us;
	struct stamp	 mine;
	bool		 is_on, is_failing;
} kept;

static struct stamp
stamp_now(void)
{
	struct stamp ret = { 0 };
	struct stat st;
	int fd = file_open(kept.path, O_RDONLY, 0);

	if (fd == -1)
		return ret;
	if (fstat(fd, &st) == 0)
		ret = (struct stamp){ st.st_ino, st.st_mtim };
	close(fd);
	return ret;
}

static bool
is_mine(void)
{
	struct stamp now = stamp_now();

	return now.inode == kept.mine.inode && now.time.tv_sec == kept.mine.time.tv_sec &&
	    now.time.tv_nsec == kept.mine.time.tv_nsec;
}

/* Another number whenever a server has changed, came or went. */
static uint64_t
changes(const struct snapshot *s)
{
	uint64_t sum = kept.publishings << 32;

	for (const struct proxy *px = s->proxies; px != NULL; px = px->next)
		sum += atomic_load(&px->live->epoch);
	return sum;
}

/* After each writing that was for this file too. */
static void
note_written(const struct save *s)
{
	if (!kept.is_on)
		return;
	if (s->failed == NULL) {
		kept.mine = stamp_now();
	} else {
		kept.seen = UINT64_MAX;		/* once more */
		if (!kept.is_failing)
			log_warnx("cannot write '%s': %s", s->failed, strerror(s->error));
	}
	kept.is_failing = s->failed != NULL;
}

static void
on_kept(void *arg)
{
	note_written(arg);
	save_free(arg);
}

static struct save *
save_of_kept(const struct snapshot *snap)
{
	struct save *s = save_new(snap);

	kept.seen = changes(snap);
	save_add(kept.path, NULL, s);
	return s;
}

static void
write_now(const struct snapshot *snap)
{
	struct save *s = save_of_kept(snap);

	write_all(s);
	on_kept(s);
}

static void
look(struct timer *t)
{
	const struct snapshot *snap = snapshot_current();

	if (atomic_load(&limits.stopping))
		return;
	if (changes(snap) != kept.seen && clock_now_us - kept.saved_us >= EVERY_US) {
		kept.saved_us = clock_now_us;
		job_run(control_loop, write_all, on_kept, save_of_kept(snap));
	}
	timer_set(&control_loop->wheel, t, clock_now_us + LOOK_US);
}

static void
on_publish(struct snapshot *s)
{
	kept.publishings++;
	if (kept.is_on || !state_file_is_kept(s->global))
		return;
	kept.is_on = true;
	kept.path = state_file_of_all(s->global);
	write_now(s);
	timer_init(&kept.timer, look);
	timer_set(&control_loop->wheel, &kept.timer, clock_now_us + LOOK_US);
}

static void
module_stop(void)
{
	if (!kept.is_on)
		return;
	timer_unlink(&control_loop->wheel, &kept.timer);
	if (is_mine())
		write_now(snapshot_current());
	free(kept.path);
	kept.is_on = false;
}

/* ---- by command ---- */

static void
written(void *arg)
{
	struct save *s = arg;
	char *text = NULL;

	note_written(s);
	if (s->failed != NULL)
		text = xasprintf("Cannot write '%s': %s.", s->failed, strerror(s->error));
	s->done(s->arg, text);
	free(text);
	save_free(s);
}

int
state_files_save(state_saved_fn *done, void *arg)
{
	struct save *s = save_new(snapshot_current());

	s->done = done;
	s->arg = arg;
	state_files_each(s->snap, save_add, s);
	if (s->files == NULL) {
		save_free(s);
		return -1;
	}
	job_run(control_loop, write_all, written, s);
	return 0;
}

/* ---- rows ---- */

static int
parse_state_dir(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	int fd = file_open(args[0], O_RDONLY | O_DIRECTORY, 0);

	(void)nargs;
	if (fd == -1) {
		diag_error(c->diag, "'%s' : cannot open the folder '%s': %s.", row->name, args[0],
		    strerror(errno));
		return -1;
	}
	close(fd);
	global_of(c)->state_dir = args[0];
	return 0;
}

static const struct kw_row rows[] = {
	{ "state-dir", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_state_dir, 0, "<folder>",
	    "Where weir itself keeps the states of servers over restarts." },
	{ 0 }
};

static int
module_start(void)
{
	control_on_publish(on_publish);
	return 0;
}

const struct module mod_state_save = {
	.name = "state_save", .cfg = rows, .start = module_start, .stop = module_stop
};
