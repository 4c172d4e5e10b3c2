/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading and reloading; see reload.h. What cannot change without a restart is
 * refused by name: listeners, threads, user, group, chroot, buffer sizes.
 *
 * Threads: config_load anywhere (a job thread for reloads), the rest control.
 */
#include "ctl/reload.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "event/job.h"
#include "event/loop.h"
#include "net/listen.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"

#define MAX_THREADS	64

static struct {
	char		**paths;	/* borrowed: argv */
	int		 npaths;
	void		(*adjust)(struct snapshot *s);
	unsigned	 count, failed;
	bool		 busy;
	bool		 again;		/* a signal came while one was under way */
} state;

void
config_set_paths(char **paths, int npaths)
{
	state.paths = paths;
	state.npaths = npaths;
}

void
config_set_adjust(void (*fn)(struct snapshot *s))
{
	state.adjust = fn;
}

struct snapshot *
config_load(struct diag *d, bool is_reload)
{
	struct snapshot *s = snapshot_new(MAX_THREADS);
	struct cfg c = { .snap = s, .arena = s->arena, .diag = d, .is_reload = is_reload };

	if (is_reload)
		s->nthreads = ndthreads;
	(void)global_of(&c);
	if (cfg_load(&c, state.paths, state.npaths) == 0 && d->nerrors == 0) {
		if (state.adjust != NULL)
			state.adjust(s);
		return s;
	}
	snapshot_free(s);
	return NULL;
}

/* ---- what a running process cannot change ---- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
check_word(struct diag *d, bool same, const char *word)
{
	if (!same)
		diag_plain(d, LOG_L_ALERT, "config : '%s' changed: this needs a restart.", word);
}

static void
check_global(struct diag *d, const struct global *old, const struct global *new)
{
	check_word(d, old->nbthread == new->nbthread, "nbthread");
	check_word(d, same_text(old->user, new->user) && old->uid == new->uid, "user");
	check_word(d, same_text(old->group, new->group) && old->gid == new->gid, "group");
	check_word(d, same_text(old->chroot, new->chroot), "chroot");
	check_word(d, old->bufsize == new->bufsize, "tune.bufsize");
	check_word(d, old->maxrewrite == new->maxrewrite, "tune.maxrewrite");
	check_word(d, old->maxhdr == new->maxhdr, "tune.http.maxhdr");
}

/* Each address must have its listener, of the same frontend, and the other way. A
 * listener holds the cell of its frontend, which a `listen` does not share with a
 * `frontend` of its name. */
static unsigned
adopt_binds(struct diag *d, struct bind_conf *b, const struct proxy *px)
{
	unsigned n = 0;

	for (; b != NULL; b = b->next) {
		struct listener *l = listener_find(&b->addr);
		struct proxy_live *live = l != NULL ? l->live : NULL;

		if (l == NULL)
			diag_plain(d, LOG_L_ALERT,
			    "config : parsing [%s:%d] : new address '%s': this needs a restart.",
			    b->file, b->line, b->text);
		else if (live != NULL && px != NULL &&
		    (live->cap != px->cap || strcmp(live->name, px->name) != 0))
			diag_plain(d, LOG_L_ALERT, "config : parsing [%s:%d] : address '%s' "
			    "belonged to %s '%s': this needs a restart.", b->file, b->line, b->text,
			    live->cap & CAP_BACKEND ? "listen" : "frontend", live->name);
		b->listener = l;
		n += l != NULL;
	}
	return n;
}

static void
check_listeners(struct diag *d, struct snapshot *s)
{
	unsigned have = 0, used = 0;

	LIST_EACH(n, &listeners)
		have++;
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		if (!px->set.disabled)		/* as at the start: not opened */
			used += adopt_binds(d, px->binds, px);
	used += adopt_binds(d, s->global->stats_binds, NULL);
	if (used < have && d->nerrors == 0)
		diag_plain(d, LOG_L_ALERT,
		    "config : an address of the running process is gone: this needs a restart.");
}

/* ---- reload ---- */

struct reload {
	struct diag	 diag;
	struct snapshot	*snap;
	reload_done_fn	*done;
	void		*arg;
};

static void
work(void *arg)
{
	struct reload *r = arg;

	(void)malloc_trim(0);		/* what earlier generations left, off the loops */
	r->snap = config_load(&r->diag, true);
	if (r->snap == NULL)
		return;
	check_global(&r->diag, snapshot_current()->global, r->snap->global);
	check_listeners(&r->diag, r->snap);
	if (r->diag.nerrors == 0)
		live_attach(r->snap);
}

/* Also for the log: in the background nobody reads stderr. */
static void
log_failure(const struct diag *d)
{
	const struct diag_item *i = d->first;

	for (; i != NULL; i = i->next)
		if (i->level == LOG_L_ALERT && i->file != NULL)
			log_event(NULL, LOG_L_ALERT, "config : parsing [%s:%d] : %s", i->file,
			    i->line, i->text);
		else if (i->level == LOG_L_ALERT)
			log_event(NULL, LOG_L_ALERT, "%s", i->text);
}

static void
finish(void *arg)
{
	struct reload *r = arg;
	bool ok = r->snap != NULL && r->diag.nerrors == 0;
	char *text;

	state.busy = false;
	if (ok) {
		state.count++;
		control_publish(r->snap);
		diag_plain(&r->diag, LOG_L_NOTICE, "Loading success.");
	} else {
		state.failed++;
		snapshot_free(r->snap);
		diag_plain(&r->diag, LOG_L_ALERT, "The running configuration stays.");
		log_failure(&r->diag);
	}
	text = diag_text(&r->diag);
	if (r->done != NULL)
		r->done(r->arg, ok, text);
	free(text);
	diag_fini(&r->diag);
	free(r);
	if (state.again) {
		state.again = false;
		(void)reload_request(NULL, NULL);
	}
}

int
reload_request(reload_done_fn *done, void *arg)
{
	struct reload *r;

	if (state.busy) {
		/* a signal is not lost: the files may have changed since */
		state.again |= done == NULL;
		return -1;
	}
	state.busy = true;
	r = xcalloc(1, sizeof *r);
	diag_init(&r->diag, done == NULL);
	r->done = done;
	r->arg = arg;
	job_run(control_loop, work, finish, r);
	return 0;
}

unsigned
reload_count(void)
{
	return state.count;
}

unsigned
reload_failed(void)
{
	return state.failed;
}
