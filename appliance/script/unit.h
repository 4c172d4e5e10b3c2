/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts that live: by name, over versions of their text. The file of a `lua-policy`
 * line is a version; so is each text that `lua load` brings. When the file changes its
 * text is the version in service after the next load of the configuration; as long as it
 * does not, what was loaded by command stays, over restarts too.
 *
 * A function whose calls fail ten times within a minute is off, until somebody enables
 * it or another version comes; alarm Weir/LuaFunctionOff tells it.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_SCRIPT_UNIT_H
#define WEIR_SCRIPT_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "event/loop.h"
#include "script/script.h"

struct script_conf;
struct script_unit;

#define SCRIPT_VERSIONS		20u
#define SCRIPT_ERRORS		20u	/* kept for `show lua NAME errors` */
#define SCRIPT_OFF_ERRORS	10u	/* within ... */
#define SCRIPT_OFF_US		60000000u

struct script_version {
	unsigned	 n;		/* from 1 */
	char		*text;		/* owned */
	size_t		 len;
	uint64_t	 at_us;
	char		*origin, *comment;	/* owned: "file", "command"; "" = none */
};

struct script_error {
	uint64_t	 at_us;
	char		*function, *text;	/* owned */
};

/* One function, over versions. */
struct script_live {
	struct list	 node;		/* of its unit */
	struct script_unit *unit;
	enum script_kind kind;
	char		*name;		/* owned */
	const struct script_fn *fn;	/* of the version in service; NULL: has none */
	uint64_t	 calls, errors, skipped, us_total, us_max;
	uint64_t	 recent_us[SCRIPT_OFF_ERRORS];	/* of errors, a ring */
	bool		 is_off;	/* too many errors */
	bool		 is_disabled;	/* by a person */
	char		 last[200];	/* what it said last */
};

struct script_unit {
	struct list	 node;		/* of all, in file order */
	char		*name, *path;	/* owned */
	uint64_t	 file_digest;
	bool		 is_there;	/* the configuration names it */
	const struct script_conf *conf;	/* borrowed: of the snapshot in service; or NULL */
	struct script	*script;	/* held; NULL = none loaded */
	unsigned	 version;	/* in service */
	struct script_version versions[SCRIPT_VERSIONS];	/* the oldest first */
	unsigned	 nversions;
	struct list	 functions;	/* struct script_live */
	struct script_error errors[SCRIPT_ERRORS];	/* the oldest first */
	unsigned	 nerrors;
};

extern struct list script_units;
#define SCRIPT_UNIT_EACH(u) \
	for (struct script_unit *u = LIST_ITEM(script_units.next, struct script_unit, node); \
	    &u->node != &script_units; u = LIST_ITEM(u->node.next, struct script_unit, node))
#define SCRIPT_LIVE_EACH(f, u) \
	for (struct script_live *f = LIST_ITEM((u)->functions.next, struct script_live, node); \
	    &f->node != &(u)->functions; f = LIST_ITEM(f->node.next, struct script_live, node))

struct script_unit *script_unit_find(const char *name);	/* of those that are there */
struct script_live *script_live_find(enum script_kind kind, const char *name);
bool	 script_live_is_on(const struct script_live *f);
/* "ok", "off", "disabled", "gone" */
const char *script_live_state(const struct script_live *f);
void	 script_live_enable(struct script_live *f, bool is_enabled);

struct script_building;		/* script/unit_build.h */

/* A text as a version. comment: "" = none. */
struct script_text {
	const char	*text;
	size_t		 len;
	const char	*origin, *comment;
};
/* As a version that is not in service; its number. */
unsigned script_unit_keep(struct script_unit *u, const struct script_text *t, uint64_t at_us);
/* An older version in service, and an error if it is none any more; to 0: the one before.
 * All of it now, which may take a tenth of a second. */
char	*script_unit_rollback(struct script_unit *u, unsigned to);
const struct script_version *script_unit_older(const struct script_unit *u, unsigned to,
	    char **ret_error);
/* What was built (unit_build.h) comes into service: as a new version, or as one that
 * there is. */
void	 script_unit_take(struct script_building *b, const char *origin, const char *comment);
bool	 script_unit_return(struct script_building *b, unsigned n);	/* false: there is none */
/* It is in service. */
bool	 script_unit_has(const struct script_unit *u, const char *text, size_t len);
/* A function of it that another script has already, as an error; or NULL. */
char	*script_unit_twice(const struct script_unit *u, const struct script *s);
/* Only tries, now: NULL, or what is wrong. */
char	*script_unit_check(const struct script_unit *u, const char *text, size_t len);
const struct script_version *script_unit_version(const struct script_unit *u, unsigned n);
/* A script of this unit with a text, in service or not; NULL with *ret_error. */
struct script *script_unit_build(const struct script_unit *u, const char *text, size_t len,
	    char **ret_error);
struct script_source script_unit_source(const struct script_unit *u, const char *text,
	    size_t len);

/* What a call came to: counts, errors, the switch. text: what it said or its error. */
void	 script_live_ended(struct script_live *f, bool ok, uint64_t us, const char *text);

/* ---- unit_store.c ---- */
void	 unit_store_version(const struct script_unit *u, const struct script_version *v);
void	 unit_store_version_not(const struct script_unit *u, unsigned n);
void	 unit_store_unit(const struct script_unit *u);
void	 unit_store_function(const struct script_live *f);
/* What the store has of a new unit or function. */
void	 unit_restore(struct script_unit *u);
void	 unit_restore_function(struct script_live *f);
/* States that functions keep, by whose they are: JSON objects; NULL = none. */
const char *unit_cell(const char *key);
void	 unit_cell_set(const char *key, const char *json);	/* NULL: gone */
void	 unit_cells_reset(const struct script_unit *u);
void	 unit_store_start(void);
void	 unit_store_stop(void);

#endif
