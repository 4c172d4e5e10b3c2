/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers that were added, removed or changed at run time, and files that commands
 * gave other bytes: an overlay over the configuration files. Snapshots stay
 * immutable, so a change is a new snapshot, built from the files as they were last
 * loaded and from the overlay, as if its lines stood at the end of their backends.
 * Changes that arrive while one is built wait and are built together.
 *
 * A reload keeps what was added; what the files say wins: a server of that name
 * takes its place, a backend that is gone takes its servers along, and changed files
 * are as they stand on disk.
 */
#ifndef WEIR_CTL_OVERLAY_H
#define WEIR_CTL_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct cfg;
struct diag;
struct server;

enum overlay_origin { OVERLAY_CLI, OVERLAY_SCALER, OVERLAY_DNS };

/* Called once, in the control thread; text: what is wrong, or NULL. */
typedef void overlay_done_fn(void *arg, bool ok, const char *text);

struct overlay_server {
	struct list	 node;
	char		*backend;	/* owned */
	char		**words;	/* owned: name, address, options; words[n] is NULL */
	int		 n;
	int		 id;		/* 0 until it was in service once */
	enum overlay_origin origin;
	bool		 is_lost;	/* by the build under way: files have no place for it */
};

/* A server of the files that is not as they say. */
struct overlay_edit {
	struct list	 node;
	char		*backend, *name;	/* owned; as in the files */
	char		*to;			/* owned; NULL = not renamed */
	bool		 is_gone;
	int8_t		 tls;			/* -1 = as written */
};

/* A file that commands give other bytes, until the files are read again. */
struct overlay_file {
	const char	*path;
	const void	*data;		/* NULL: it is not there any more */
	size_t		 len;
};

/* control thread */
/* All or none of them; copied. */
void	overlay_files(const struct overlay_file *files, int n, overlay_done_fn *done, void *arg);
/* words: name, address, [from SERVER|default], options; copied. */
void	overlay_add(const char *backend, char *const *words, int n,
	    enum overlay_origin origin, overlay_done_fn *done, void *arg);
void	overlay_del(const struct server *srv, overlay_done_fn *done, void *arg);
void	overlay_set_tls(const struct server *srv, bool is_on, overlay_done_fn *done, void *arg);
void	overlay_rename(const struct server *srv, const char *name, overlay_done_fn *done,
	    void *arg);
/* Why it cannot be removed now (or renamed: idle connections may stay), or NULL.
 * *ret_later: it can when its connections have ended. */
const char *overlay_refusal(const struct server *srv, bool *ret_later);
const char *overlay_origin_name(enum overlay_origin origin);
/* All that are there now, in order. */
void	overlay_each(void (*fn)(const struct overlay_server *s, void *arg), void *arg);
void	overlay_each_edit(void (*fn)(const struct overlay_edit *e, void *arg), void *arg);
/* Start-up, before the configuration is loaded again with it: as saved. */
void	overlay_restore(const char *backend, char *const *words, int n, int id,
	    enum overlay_origin origin);
void	overlay_fini(void);

/* ---- for ctl/reload.c ---- */

/* While loading, behind the last file: the overlay's lines. job thread */
void	overlay_parse(struct cfg *c);
/* A build has ended and was published, or not. control thread */
void	overlay_built(bool ok, bool is_rebuild, const struct diag *d);
void	overlay_idle(void);		/* nothing is built any more */

#endif
