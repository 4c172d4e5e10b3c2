/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are watched; see file_watch.h. The bytes of the first look are those that
 * the configuration was loaded with, so an instance launched right then has them. From
 * then on a job looks at all files each LOOK_US; one that has changed is read when it
 * looks the same twice, for its writer may not be ready. It goes by the real clock.
 *
 * A file that goes away or cannot be read leaves what was put before.
 *
 * Thread: control; looking is a job's.
 */
#include "ctl/file_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/list.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/files.h"
#include "ctl/group_conf.h"
#include "event/job.h"
#include "event/loop.h"
#include "proxy/log_target.h"

#define LOOK_US	300000u

/* What tells one state of a file from another. */
struct look {
	struct timespec	 changed;
	off_t		 size;
	ino_t		 inode;
};

struct watch {
	struct list	 node;
	char		*name, *path;	/* owned */
	struct look	 seen, taken;	/* of the last look; of what was put */
	bool		 is_wanted;	/* by the configuration in service */
	char		 error[160];
};

/* One look at one file, for the job. */
struct looking {
	char		*path;		/* owned */
	struct look	 seen, taken, now;
	int		 error;		/* errno */
	char		*text;		/* owned; NULL: nothing new */
	size_t		 len;
};

struct round {
	unsigned	 n;
	struct looking	 all[];
};

static struct list watches = { &watches, &watches };
static struct timer timer;
static bool is_looking;

#define WATCH_OF(n)	LIST_ITEM(n, struct watch, node)

static bool
is_same(const struct look *a, const struct look *b)
{
	return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
	    a->size == b->size && a->inode == b->inode;
}

/* ---- a job thread ---- */

static int
look_at(const char *path, struct look *ret)
{
	int fd = file_open(path, O_RDONLY | O_NONBLOCK, 0), error = 0;
	struct stat st;

	if (fd == -1)
		return errno;
	if (fstat(fd, &st) == -1)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EINVAL;
	else
		*ret = (struct look){ st.st_mtim, st.st_size, st.st_ino };
	close(fd);
	return error;
}

static void
look_at_all(void *arg)
{
	struct round *r = arg;

	for (unsigned i = 0; i < r->n; i++) {
		struct looking *l = &r->all[i];

		l->error = look_at(l->path, &l->now);
		if (l->error != 0 || is_same(&l->now, &l->taken) || !is_same(&l->now, &l->seen))
			continue;
		if ((l->text = file_read(l->path, FILE_BYTES_MAX, &l->len)) == NULL)
			l->error = errno;
	}
}

/* ---- control ---- */

static struct watch *
watch_find(const char *name)
{
	LIST_EACH(n, &watches)
		if (strcmp(WATCH_OF(n)->name, name) == 0)
			return WATCH_OF(n);
	return NULL;
}

static void
set_error(struct watch *w, const char *text)
{
	if (text[0] != '\0' && strcmp(w->error, text) != 0)
		log_event(NULL, LOG_L_WARNING, "sync-file %s: %s: %s", w->name, w->path, text);
	snprintf(w->error, sizeof w->error, "%s", text);
}

static void
put(struct watch *w, const char *text, size_t len)
{
	char *problem = files_put(w->name, text, len);

	set_error(w, problem != NULL ? problem : "");
	free(problem);
}

static void
take_look(struct watch *w, const struct looking *l)
{
	if (l->error != 0) {
		set_error(w, l->error == EINVAL ? "it is no plain file" : strerror(l->error));
		return;
	}
	w->seen = l->now;
	if (l->text != NULL) {
		put(w, l->text, l->len);
		w->taken = l->now;
	} else if (is_same(&w->seen, &w->taken) && strcmp(w->error, "") != 0)
		set_error(w, "");
}

static void
next_look(void)
{
	if (!list_is_empty(&watches))
		timer_set(&control_loop->wheel, &timer, clock_mono_us() + LOOK_US);
}

static void
on_looked(void *arg)
{
	struct round *r = arg;

	is_looking = false;
	for (unsigned i = 0; i < r->n; i++) {
		LIST_EACH(n, &watches)
			if (strcmp(WATCH_OF(n)->path, r->all[i].path) == 0)
				take_look(WATCH_OF(n), &r->all[i]);
		free(r->all[i].path);
		free(r->all[i].text);
	}
	free(r);
	next_look();
}

static void
on_time(struct timer *t)
{
	struct round *r;
	unsigned n = 0;

	timer_clear(t);
	if (is_looking)
		return;
	LIST_EACH(node, &watches)
		n++;
	r = xcalloc(1, sizeof *r + n * sizeof r->all[0]);
	LIST_EACH(node, &watches) {
		const struct watch *w = WATCH_OF(node);

		r->all[r->n++] = (struct looking){ .path = xstrdup(w->path), .seen = w->seen,
			.taken = w->taken };
	}
	is_looking = true;
	job_run(control_loop, look_at_all, on_looked, r);
}

const char *
file_watched(const char *name, const char **ret_error)
{
	const struct watch *w = watch_find(name);

	if (w == NULL)
		return NULL;
	*ret_error = w->error;
	return w->path;
}

/* ---- what the configuration says ---- */

static void
watch_free(struct watch *w)
{
	list_del(&w->node);
	free(w->name);
	free(w->path);
	free(w);
}

static void
want(const struct sync_conf *s)
{
	struct watch *w = watch_find(s->name);

	if (w != NULL && strcmp(w->path, s->path) != 0) {
		watch_free(w);
		w = NULL;
	}
	if (w == NULL) {
		w = xcalloc(1, sizeof *w);
		w->name = xstrdup(s->name);
		w->path = xstrdup(s->path);
		list_append(&watches, &w->node);
		put(w, s->text, s->len);
	}
	w->is_wanted = true;
}

static void
on_publish(struct snapshot *s)
{
	LIST_EACH(n, &watches)
		WATCH_OF(n)->is_wanted = false;
	OBJECT_EACH(o, s, OBJECT_LAUNCH) {
		const struct launch_conf *l = (const struct launch_conf *)(void *)o;

		for (unsigned i = 0; i < l->nsyncs; i++)
			want(&l->syncs[i]);
	}
	LIST_EACH_SAFE(n, tmp, &watches)
		if (!WATCH_OF(n)->is_wanted)
			watch_free(WATCH_OF(n));
	if (!is_looking && !timer_is_set(&timer))
		next_look();
}

static int
module_start(void)
{
	is_looking = false;
	timer_init(&timer, on_time);
	control_on_publish(on_publish);
	return 0;
}

static void
module_stop(void)
{
	timer_unlink(&control_loop->wheel, &timer);
	while (!list_is_empty(&watches))
		watch_free(WATCH_OF(watches.next));
}

const struct module mod_file_watch = {
	.name = "file_watch", .start = module_start, .stop = module_stop
};
