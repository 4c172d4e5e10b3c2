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

#include "base/clock.h"
#include "base/diag.h"
#include "base/file_keep.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/config_text.h"
#include "ctl/control.h"
#include "ctl/feed.h"
#include "ctl/generation.h"
#include "ctl/overlay.h"
#include "ctl/state_file.h"
#include "event/job.h"
#include "event/loop.h"
#include "net/listen.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/map.h"
#include "proxy/proxy.h"

#define MAX_THREADS	64
#define TRIM_EVERY	64

static struct {
	char		**paths;	/* borrowed: argv */
	int		 npaths;
	void		(*adjust)(struct snapshot *s);
	unsigned	 count, failed;
	bool		 busy;
	bool		 again;		/* a signal came while one was under way */
	struct build	*under_way, *waiting;	/* a reload waits for a rebuild only */
	struct timer	 later;		/* a rebuild waits for changes of maps */
	struct file_keep *keep;		/* owned: the files of the configuration in service */
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

/* What a former process has saved comes first. */
static void
first_tail(struct cfg *c)
{
	state_files_read(c);
	overlay_parse(c);
}

static struct snapshot *
load(struct diag *d, bool is_reload, struct file_keep *keep, enum file_keep_mode mode)
{
	struct snapshot *s = snapshot_new(MAX_THREADS);
	struct cfg c = { .snap = s, .arena = s->arena, .diag = d, .is_reload = is_reload,
	    .tail = is_reload ? overlay_parse : first_tail };
	int r;

	if (is_reload)
		s->nthreads = ndthreads;
	(void)global_of(&c);
	file_keep_use(keep, mode);
	r = cfg_load(&c, state.paths, state.npaths);
	file_keep_use(NULL, FILE_KEEP_OFF);
	if (r == 0 && d->nerrors == 0) {
		if (state.adjust != NULL)
			state.adjust(s);
		return s;
	}
	snapshot_free(s);
	return NULL;
}

struct snapshot *
config_load(struct diag *d, bool is_reload)
{
	file_keep_free(state.keep);
	state.keep = file_keep_new();
	return load(d, is_reload, state.keep, FILE_KEEP_RECORD);
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
	check_word(d, same_text(old->state_dir, new->state_dir), "state-dir");
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

/* ---- builds ---- */

struct build {
	struct diag	 diag;
	struct snapshot	*snap;
	struct file_keep *keep;		/* owned: what a reload reads; NULL: a rebuild */
	bool		 is_check, is_seeded;
	char		*by, *comment;	/* owned; of a reload */
	reload_done_fn	*done;
	void		*arg;
};

static void
work(void *arg)
{
	struct build *b = arg;

	/* what earlier generations left, off the loops; small changes come in rows */
	if (b->keep != NULL || snapshot_current()->generation % TRIM_EVERY == 0)
		(void)malloc_trim(0);
	if (b->keep != NULL)
		b->snap = load(&b->diag, true, b->keep,
		    b->is_seeded ? FILE_KEEP_SEEDED : FILE_KEEP_RECORD);
	else
		b->snap = load(&b->diag, true, state.keep, FILE_KEEP_REPLAY);
	if (b->snap == NULL)
		return;
	check_global(&b->diag, snapshot_current()->global, b->snap->global);
	check_listeners(&b->diag, b->snap);
	if (b->diag.nerrors == 0)
		live_attach(b->snap);
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

/* Nothing has changed. */
static void
looked(struct build *b, bool ok)
{
	char *text;

	diag_plain(&b->diag, ok ? LOG_L_NOTICE : LOG_L_ALERT, ok ?
	    "It could be put into service; nothing was changed." :
	    "It could not be put into service.");
	text = diag_text(&b->diag);
	b->done(b->arg, ok, text);
	free(text);
}

static void
reloaded(struct build *b, bool ok)
{
	char *text;

	if (ok) {
		state.count++;
		file_keep_free(state.keep);
		state.keep = b->keep;
		b->keep = NULL;
		generation_loaded(b->by, b->comment);
		diag_plain(&b->diag, LOG_L_NOTICE, "Loading success.");
	} else {
		state.failed++;
		diag_plain(&b->diag, LOG_L_ALERT, "The running configuration stays.");
		log_failure(&b->diag);
	}
	text = diag_text(&b->diag);
	feed_emit(FEED_CONFIG, "reload", "", ok ? "ok" : "failed", text);
	if (b->done != NULL)
		b->done(b->arg, ok, text);
	free(text);
}

static void build_start(struct build *b);

static void
build_free(struct build *b)
{
	file_keep_free(b->keep);
	diag_fini(&b->diag);
	free(b->by);
	free(b->comment);
	free(b);
}

static void
next_build(void)
{
	struct build *b = state.waiting;

	if (control_loop->stopping)
		return;
	state.waiting = NULL;
	if (b != NULL)
		build_start(b);
	else if (state.again) {
		state.again = false;
		(void)reload_request(NULL, NULL);
	} else
		overlay_idle();
}

static void finish(void *arg);

static void
on_later(struct timer *t)
{
	(void)t;
	finish(state.under_way);
}

/* A map whose change is being compiled is not taken over meanwhile. */
static void
finish(void *arg)
{
	struct build *b = arg;
	bool ok, is_rebuild = b->keep == NULL;

	if (is_rebuild && map_refs_are_busy(snapshot_current()->global->maps)) {
		timer_init(&state.later, on_later);
		timer_set(&control_loop->wheel, &state.later, clock_now_us + 1);
		return;
	}
	if (b->snap != NULL && b->diag.nerrors == 0)
		control_check(b->snap, &b->diag);
	ok = b->snap != NULL && b->diag.nerrors == 0;
	state.busy = false;
	state.under_way = NULL;
	if (is_rebuild)
		file_keep_settle(state.keep, ok);
	if (is_rebuild && ok)
		map_refs_carry(snapshot_current()->global->maps, b->snap->global->maps);
	if (ok && !b->is_check)
		control_publish(b->snap);
	else
		snapshot_free(b->snap);
	overlay_built(ok && !b->is_check, is_rebuild, &b->diag);
	if (b->is_check)
		looked(b, ok);
	else if (!is_rebuild)
		reloaded(b, ok);
	build_free(b);
	next_build();
}

static void
build_start(struct build *b)
{
	state.busy = true;
	state.under_way = b;
	job_run(control_loop, work, finish, b);
}

static struct build *
build_of(const struct reload_how *how)
{
	struct build *b = xcalloc(1, sizeof *b);

	b->is_check = how->is_check;
	b->is_seeded = how->seed != NULL;
	b->keep = how->seed != NULL ? how->seed : file_keep_new();
	b->by = xstrdup(how->by != NULL ? how->by : "");
	b->comment = xstrdup(how->comment != NULL ? how->comment : "");
	return b;
}

int
reload_request(reload_done_fn *done, void *arg)
{
	static const struct reload_how how = { .by = "signal" };

	return reload_request_how(&how, done, arg);
}

int
reload_request_how(const struct reload_how *how, reload_done_fn *done, void *arg)
{
	bool waits_only = state.busy && state.under_way->keep == NULL && state.waiting == NULL;
	struct build *b;

	if (state.busy && !waits_only) {
		/* a signal is not lost: the files may have changed since */
		state.again |= done == NULL;
		file_keep_free(how->seed);
		return -1;
	}
	b = build_of(how);
	diag_init(&b->diag, done == NULL);
	b->done = done;
	b->arg = arg;
	if (waits_only)
		state.waiting = b;
	else
		build_start(b);
	return 0;
}

int
config_rebuild(void)
{
	struct build *b;

	if (state.busy)
		return -1;
	b = xcalloc(1, sizeof *b);
	diag_init(&b->diag, false);
	build_start(b);
	return 0;
}

size_t
config_kept_bytes(void)
{
	return state.keep != NULL ? file_keep_bytes(state.keep) : 0;
}

struct config_text *
config_text_now(char **ret_missing)
{
	return config_text_kept(state.keep, state.paths, state.npaths, ret_missing);
}

void
config_changed_each(void (*fn)(const char *path, void *arg), void *arg)
{
	if (state.keep != NULL)
		file_keep_each_changed(state.keep, fn, arg);
}

char *const *
config_paths(int *ret_n)
{
	*ret_n = state.npaths;
	return state.paths;
}

char *
config_file(const char *path, size_t *ret_len)
{
	return state.keep != NULL ? file_keep_copy(state.keep, path, ret_len) : NULL;
}

int
config_folder(const char *dir, char ***ret_names)
{
	return state.keep != NULL ? file_keep_names(state.keep, dir, NULL, ret_names) : -1;
}

static void
module_stop(void)
{
	if (state.waiting != NULL)
		build_free(state.waiting);
	state.waiting = NULL;
	file_keep_free(state.keep);
	state.keep = NULL;
	overlay_fini();
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

const struct module mod_reload = { .name = "reload", .stop = module_stop };
