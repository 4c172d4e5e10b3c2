/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The overlay; see overlay.h. Lists belong to the control thread, which does not
 * touch them while a build is under way: then the job thread reads them. Changes
 * wait in `queue`, the ones of the build under way are in `batch`. When a build of
 * several fails, they are built one by one, so each gets its own answer.
 *
 * Removed and changed servers of the files are remembered by name until the files
 * are read again: a reload takes them as they are written.
 *
 * Threads: control; overlay_parse a job thread.
 */
#include "ctl/overlay.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file_keep.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/reload.h"
#include "event/loop.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/server_cfg.h"

#define REFERENCED	"This server cannot be removed at runtime due to other configuration " \
			"elements pointing to it."

enum change_kind { CHANGE_ADD, CHANGE_DEL, CHANGE_TLS, CHANGE_NAME, CHANGE_FILES };

struct change {
	struct list	 node;
	enum change_kind kind;
	char		*backend, *name;	/* owned */
	char		*to;			/* CHANGE_NAME: owned */
	bool		 is_on;			/* CHANGE_TLS */
	struct overlay_server *server;		/* CHANGE_ADD: owned until it is in service */
	struct overlay_file *files;		/* CHANGE_FILES: owned, their members too */
	int		 nfiles;
	overlay_done_fn	*done;
	void		*arg;
};

static struct {
	struct list	 servers, edits, queue, batch;
	bool		 is_building, one_by_one;
} overlay = {
	.servers = { &overlay.servers, &overlay.servers },
	.edits = { &overlay.edits, &overlay.edits },
	.queue = { &overlay.queue, &overlay.queue },
	.batch = { &overlay.batch, &overlay.batch },
};

/* ---- objects ---- */

static struct overlay_server *
server_new(const char *backend, char *const *words, int n, enum overlay_origin origin)
{
	struct overlay_server *s = xcalloc(1, sizeof *s);

	list_init(&s->node);
	s->backend = xstrdup(backend);
	s->words = xcalloc((size_t)n + 1, sizeof *s->words);
	for (int i = 0; i < n; i++)
		s->words[i] = xstrdup(words[i]);
	s->n = n;
	s->origin = origin;
	return s;
}

static void
server_free(struct overlay_server *s)
{
	if (s == NULL)
		return;
	list_del(&s->node);
	for (int i = 0; i < s->n; i++)
		free(s->words[i]);
	free(s->words);
	free(s->backend);
	free(s);
}

/* There may be keys in them. */
static void
files_free(struct overlay_file *files, int n)
{
	for (int i = 0; i < n; i++) {
		char *data = (char *)(uintptr_t)files[i].data;

		if (data != NULL)
			explicit_bzero(data, files[i].len);
		free(data);
		free((char *)(uintptr_t)files[i].path);
	}
	free(files);
}

static void
change_free(struct change *ch)
{
	list_del(&ch->node);
	server_free(ch->server);
	files_free(ch->files, ch->nfiles);
	free(ch->backend);
	free(ch->name);
	free(ch->to);
	free(ch);
}

static void
edit_free(struct overlay_edit *e)
{
	list_del(&e->node);
	free(e->backend);
	free(e->name);
	free(e->to);
	free(e);
}

static struct overlay_server *
server_named(const char *backend, const char *name)
{
	LIST_EACH(n, &overlay.servers) {
		struct overlay_server *s = LIST_ITEM(n, struct overlay_server, node);

		if (strcmp(s->words[0], name) == 0 && strcmp(s->backend, backend) == 0)
			return s;
	}
	return NULL;
}

/* The edit of a server that now has this name. */
static struct overlay_edit *
edit_named(const char *backend, const char *name)
{
	LIST_EACH(n, &overlay.edits) {
		struct overlay_edit *e = LIST_ITEM(n, struct overlay_edit, node);

		if (!e->is_gone && strcmp(e->to != NULL ? e->to : e->name, name) == 0 &&
		    strcmp(e->backend, backend) == 0)
			return e;
	}
	return NULL;
}

static struct overlay_edit *
edit_get(const char *backend, const char *name)
{
	struct overlay_edit *e = edit_named(backend, name);

	if (e != NULL)
		return e;
	e = xcalloc(1, sizeof *e);
	e->backend = xstrdup(backend);
	e->name = xstrdup(name);
	e->tls = -1;
	list_append(&overlay.edits, &e->node);
	return e;
}

static void
add_word(struct overlay_server *s, const char *word)
{
	s->words = xrealloc(s->words, ((size_t)s->n + 2) * sizeof *s->words);
	s->words[s->n++] = xstrdup(word);
	s->words[s->n] = NULL;
}

/* ---- while a configuration is built; job thread ---- */

static char **
words_in(struct arena *a, const struct overlay_server *s)
{
	char **words = arena_calloc(a, (size_t)s->n + 1, sizeof *words);

	for (int i = 0; i < s->n; i++)
		words[i] = arena_strdup(a, s->words[i]);
	return words;
}

static void
set_tls(struct server *srv, bool is_on)
{
	srv->had_tls |= (srv->flags & SRV_SSL) != 0;
	if (is_on)
		srv->flags |= SRV_SSL;
	else
		srv->flags &= ~SRV_SSL;
}

static void
set_name(struct cfg *c, struct server *srv, const char *name)
{
	server_index_drop(srv->backend, srv);
	srv->was = srv->name;
	srv->name = arena_strdup(c->arena, name);
	srv->name_hash = (uint32_t)str_hash(str_of(srv->name));
	server_index_add(c->arena, srv->backend, srv);
}

static struct server *
find_server(const struct cfg *c, const char *backend, const char *name)
{
	const struct proxy *px = proxy_find(c->snap, backend, CAP_BACKEND);

	return px != NULL ? server_find(px, name) : NULL;
}

static void
parse_edits(struct cfg *c)
{
	LIST_EACH(n, &overlay.edits) {
		const struct overlay_edit *e = LIST_ITEM(n, struct overlay_edit, node);
		struct server *srv = find_server(c, e->backend, e->name);

		if (srv == NULL)
			continue;
		srv->is_gone = e->is_gone;
		if (e->tls >= 0)
			set_tls(srv, e->tls);
		if (e->to != NULL) {
			set_name(c, srv, e->to);
			srv->was = NULL;	/* its cell has the new name already */
		}
	}
}

/* `from SERVER`; while a new one is added the error is its own. */
static bool
has_lost_model(const struct proxy *px, const struct overlay_server *s)
{
	return s->id != 0 && s->n >= 4 && strcmp(s->words[2], "from") == 0 &&
	    strcmp(s->words[3], "default") != 0 && server_find(px, s->words[3]) == NULL;
}

/* False: it has no place in these files. */
static bool
parse_one(struct cfg *c, const struct overlay_server *s)
{
	struct proxy *px = proxy_find(c->snap, s->backend, CAP_BACKEND);
	struct server *other;

	if (px == NULL) {
		diag_plain(c->diag, LOG_L_WARNING, "config : server '%s/%s', which was added at "
		    "run time, goes: its backend is gone.", s->backend, s->words[0]);
		return false;
	}
	if (has_lost_model(px, s)) {
		diag_plain(c->diag, LOG_L_WARNING, "config : server '%s/%s', which was added at "
		    "run time, goes: server '%s', which it is like, is gone.", s->backend,
		    s->words[0], s->words[3]);
		return false;
	}
	other = server_find(px, s->words[0]);
	if (other != NULL && !other->is_gone) {
		diag_plain(c->diag, LOG_L_WARNING, "config : server '%s/%s', which was added at "
		    "run time, is the one of %s:%d from now on.", s->backend, s->words[0],
		    other->file != NULL ? other->file : "", other->line);
		return false;
	}
	if (server_cfg_add(c, px, words_in(c->arena, s), s->n, s->id) == 0)
		server_find(px, s->words[0])->is_scaled = s->origin == OVERLAY_SCALER;
	return true;
}

static void
parse_change(struct cfg *c, struct change *ch)
{
	struct server *srv;

	if (ch->kind == CHANGE_ADD) {
		(void)parse_one(c, ch->server);
		return;
	}
	for (int i = 0; i < ch->nfiles; i++)
		file_keep_change(ch->files[i].path, ch->files[i].data, ch->files[i].len);
	if (ch->kind == CHANGE_FILES)
		return;
	srv = find_server(c, ch->backend, ch->name);
	if (srv == NULL)		/* a reload was faster */
		diag_plain(c->diag, LOG_L_ALERT, "No such server.");
	else if (ch->kind == CHANGE_DEL)
		srv->is_gone = true;
	else if (ch->kind == CHANGE_TLS)
		set_tls(srv, ch->is_on);
	else
		set_name(c, srv, ch->to);
}

static bool
has_gone(const struct proxy *px)
{
	const struct server *srv = px->server_list;

	while (srv != NULL && !srv->is_gone)
		srv = srv->next;
	return srv != NULL;
}

void
overlay_parse(struct cfg *c)
{
	bool is_rebuild = file_keep_mode() == FILE_KEEP_REPLAY;

	if (is_rebuild)
		parse_edits(c);
	LIST_EACH(n, &overlay.servers) {
		struct overlay_server *s = LIST_ITEM(n, struct overlay_server, node);

		s->is_lost = !parse_one(c, s);
	}
	if (!is_rebuild)
		return;
	LIST_EACH(n, &overlay.batch)
		parse_change(c, LIST_ITEM(n, struct change, node));
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		if (has_gone(px))
			proxy_drop_gone(c, px);
}

/* ---- when it was built ---- */

static void
keep_id(struct overlay_server *s)
{
	const struct proxy *px = proxy_find(snapshot_current(), s->backend, CAP_BACKEND);
	const struct server *srv = px != NULL ? server_find(px, s->words[0]) : NULL;

	if (srv != NULL)
		s->id = srv->id;
}

static void
delete_applied(struct change *ch)
{
	struct overlay_server *s = server_named(ch->backend, ch->name);

	live_server_retire(ch->backend, ch->name);
	if (s != NULL)
		server_free(s);
	else
		edit_get(ch->backend, ch->name)->is_gone = true;
}

static void
tls_applied(struct change *ch)
{
	struct overlay_server *s = server_named(ch->backend, ch->name);

	if (s != NULL)
		add_word(s, ch->is_on ? "ssl" : "no-ssl");
	else
		edit_get(ch->backend, ch->name)->tls = ch->is_on;
}

static void
name_applied(struct change *ch)
{
	struct overlay_server *s = server_named(ch->backend, ch->name);
	char **name = s != NULL ? &s->words[0] : &edit_get(ch->backend, ch->name)->to;

	free(*name);
	*name = xstrdup(ch->to);
}

static void
applied(struct change *ch)
{
	switch (ch->kind) {
	case CHANGE_ADD:
		keep_id(ch->server);
		list_append(&overlay.servers, &ch->server->node);
		ch->server = NULL;
		break;
	case CHANGE_DEL:
		delete_applied(ch);
		break;
	case CHANGE_TLS:
		tls_applied(ch);
		break;
	case CHANGE_NAME:
		name_applied(ch);
		break;
	case CHANGE_FILES:		/* ctl/reload has taken them */
		break;
	}
}

/* What went wrong, without the places of files that have nothing to do with it. */
static char *
reasons(const struct diag *d, const struct change *ch)
{
	char *prefix = xasprintf("'server %s/%s' : ", ch->backend, ch->name);
	struct outbuf b;

	outbuf_init(&b, 0);
	for (const struct diag_item *i = d->first; i != NULL; i = i->next) {
		const char *text = i->text;

		if (i->level != LOG_L_ALERT || strncmp(text, "config : Error(s)", 17) == 0)
			continue;
		if (strncmp(text, prefix, strlen(prefix)) == 0)
			text += strlen(prefix);
		outbuf_fmt(&b, "%s%s", b.len > 0 ? "\n" : "", text);
	}
	free(prefix);
	prefix = xstrdup(b.len > 0 ? b.data : "It could not be done.");
	outbuf_fini(&b);
	return prefix;
}

/* What failed without this server is what names it. */
static bool
is_missed(const struct change *ch)
{
	const struct proxy *px = proxy_find(snapshot_current(), ch->backend, CAP_BACKEND);

	return ch->kind == CHANGE_DEL && px != NULL && server_find(px, ch->name) != NULL;
}

static void
answer_all(bool ok, const struct diag *d)
{
	LIST_EACH_SAFE(n, tmp, &overlay.batch) {
		struct change *ch = LIST_ITEM(n, struct change, node);
		char *text = ok ? NULL : is_missed(ch) ? xstrdup(REFERENCED) : reasons(d, ch);

		if (ok)
			applied(ch);
		if (ch->done != NULL)
			ch->done(ch->arg, ok, text);
		free(text);
		change_free(ch);
	}
}

static void
back_to_queue(void)
{
	while (!list_is_empty(&overlay.batch)) {
		struct list *last = overlay.batch.prev;

		list_del(last);
		list_push(&overlay.queue, last);
	}
}

/* The files were read again: what they say holds. */
static void
forget_lost(void)
{
	LIST_EACH_SAFE(n, tmp, &overlay.servers) {
		struct overlay_server *s = LIST_ITEM(n, struct overlay_server, node);

		if (!s->is_lost)
			continue;
		log_event(NULL, LOG_L_WARNING, "Server %s/%s, added at run time, has no place in "
		    "the new configuration.", s->backend, s->words[0]);
		server_free(s);
	}
	LIST_EACH_SAFE(n, tmp, &overlay.edits)
		edit_free(LIST_ITEM(n, struct overlay_edit, node));
	LIST_EACH(n, &overlay.servers)
		keep_id(LIST_ITEM(n, struct overlay_server, node));
}

void
overlay_built(bool ok, bool is_rebuild, const struct diag *d)
{
	if (!is_rebuild) {
		if (ok)
			forget_lost();
		return;
	}
	overlay.is_building = false;
	if (!ok && overlay.batch.next != overlay.batch.prev) {
		overlay.one_by_one = true;
		back_to_queue();
		return;
	}
	answer_all(ok, d);
}

/* ---- the queue ---- */

static bool
is_in_batch(const struct change *ch)
{
	LIST_EACH(n, &overlay.batch) {
		const struct change *other = LIST_ITEM(n, struct change, node);

		if (strcmp(other->name, ch->name) == 0 && strcmp(other->backend, ch->backend) == 0)
			return true;
	}
	return false;
}

static void
take_batch(void)
{
	LIST_EACH_SAFE(n, tmp, &overlay.queue) {
		struct change *ch = LIST_ITEM(n, struct change, node);

		/* renames may meet any name */
		if (!list_is_empty(&overlay.batch) && (overlay.one_by_one ||
		    ch->kind == CHANGE_NAME || is_in_batch(ch)))
			return;
		list_del(n);
		list_append(&overlay.batch, n);
		if (ch->kind == CHANGE_NAME)
			return;
	}
	if (list_is_empty(&overlay.queue))
		overlay.one_by_one = false;
}

void
overlay_idle(void)
{
	if (overlay.is_building || control_loop->stopping || list_is_empty(&overlay.queue))
		return;
	take_batch();
	if (config_rebuild() == 0)
		overlay.is_building = true;
	else
		back_to_queue();	/* called again when that has ended */
}

static struct change *
change_new(enum change_kind kind, const char *backend, const char *name,
    overlay_done_fn *done, void *arg)
{
	struct change *ch = xcalloc(1, sizeof *ch);

	list_init(&ch->node);
	ch->kind = kind;
	ch->backend = xstrdup(backend);
	ch->name = xstrdup(name);
	ch->done = done;
	ch->arg = arg;
	return ch;
}

static void
submit(struct change *ch)
{
	list_append(&overlay.queue, &ch->node);
	overlay_idle();
}

void
overlay_add(const char *backend, char *const *words, int n, enum overlay_origin origin,
    overlay_done_fn *done, void *arg)
{
	struct change *ch = change_new(CHANGE_ADD, backend, words[0], done, arg);

	ch->server = server_new(backend, words, n, origin);
	submit(ch);
}

void
overlay_del(const struct server *srv, overlay_done_fn *done, void *arg)
{
	submit(change_new(CHANGE_DEL, srv->backend->name, srv->name, done, arg));
}

void
overlay_set_tls(const struct server *srv, bool is_on, overlay_done_fn *done, void *arg)
{
	struct change *ch = change_new(CHANGE_TLS, srv->backend->name, srv->name, done, arg);

	ch->is_on = is_on;
	submit(ch);
}

void
overlay_rename(const struct server *srv, const char *name, overlay_done_fn *done, void *arg)
{
	struct change *ch = change_new(CHANGE_NAME, srv->backend->name, srv->name, done, arg);

	ch->to = xstrdup(name);
	submit(ch);
}

void
overlay_files(const struct overlay_file *files, int n, overlay_done_fn *done, void *arg)
{
	struct change *ch = change_new(CHANGE_FILES, "", files[0].path, done, arg);

	ch->files = xcalloc((size_t)n, sizeof *ch->files);
	ch->nfiles = n;
	for (int i = 0; i < n; i++) {
		ch->files[i].path = xstrdup(files[i].path);
		ch->files[i].len = files[i].len;
		if (files[i].data != NULL)
			ch->files[i].data = memcpy(xmalloc(files[i].len + 1), files[i].data,
			    files[i].len);
	}
	submit(ch);
}

void
overlay_restore(const char *backend, char *const *words, int n, int id,
    enum overlay_origin origin)
{
	struct overlay_server *s;

	if (server_named(backend, words[0]) != NULL)
		return;
	s = server_new(backend, words, n, origin);
	s->id = id;
	list_append(&overlay.servers, &s->node);
}

/* ---- questions ---- */

/* Servers that were added `from` it would not know any more what they are. */
static bool
is_model(const struct server *srv)
{
	LIST_EACH(n, &overlay.servers) {
		const struct overlay_server *s = LIST_ITEM(n, struct overlay_server, node);

		if (s->n >= 4 && strcmp(s->words[2], "from") == 0 &&
		    strcmp(s->words[3], srv->name) == 0 &&
		    strcmp(s->backend, srv->backend->name) == 0)
			return true;
	}
	return false;
}

static bool
is_referenced(const struct server *srv)
{
	if (srv->trackers != NULL || is_model(srv))
		return true;
	for (const struct use_server *us = srv->backend->use_servers; us != NULL; us = us->next)
		if (us->server == srv)
			return true;
	return false;
}

const char *
overlay_refusal(const struct server *srv, bool *ret_later)
{
	const struct server_live *l = srv->live;

	*ret_later = false;
	if (is_referenced(srv))
		return REFERENCED;
	if (!(atomic_load(&l->admin) & SRV_ADM_MAINT))
		return "Only servers in maintenance mode can be deleted.";
	*ret_later = true;
	if (gauge_get(&l->inflight) > 0 || gauge_get(&l->idle) > 0 ||
	    atomic_load(&l->queue.len) > 0)
		return "Server still has connections attached to it, cannot remove it.";
	return NULL;
}

const char *
overlay_origin_name(enum overlay_origin origin)
{
	static const char *const names[] = { "cli", "scaler", "dns" };

	return names[origin];
}

void
overlay_each(void (*fn)(const struct overlay_server *s, void *arg), void *arg)
{
	LIST_EACH(n, &overlay.servers)
		fn(LIST_ITEM(n, struct overlay_server, node), arg);
}

void
overlay_each_edit(void (*fn)(const struct overlay_edit *e, void *arg), void *arg)
{
	LIST_EACH(n, &overlay.edits)
		fn(LIST_ITEM(n, struct overlay_edit, node), arg);
}

void
overlay_fini(void)
{
	LIST_EACH_SAFE(n, tmp, &overlay.servers)
		server_free(LIST_ITEM(n, struct overlay_server, node));
	LIST_EACH_SAFE(n, tmp, &overlay.edits)
		edit_free(LIST_ITEM(n, struct overlay_edit, node));
	LIST_EACH_SAFE(n, tmp, &overlay.queue) {
		struct change *ch = LIST_ITEM(n, struct change, node);

		if (ch->done != NULL)
			ch->done(ch->arg, false, "weir stops.");
		change_free(ch);
	}
}
