/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of patterns that operators may change: those of ACLs, in files or on the
 * line, and those of map files, where each pattern has a value.
 *
 * A reference (struct map_ref) is one list, of one snapshot: its entries and
 * the versions under preparation, which control alone touches. A use is a test or
 * converter with its way of matching; it holds a compiled, immutable set, which
 * a change replaces whole. The old one is freed when each data thread has passed a
 * message: no set is kept from one pass to the next.
 */
#ifndef WEIR_PROXY_MAP_H
#define WEIR_PROXY_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "proxy/acl.h"

struct arena;
struct cfg;
struct map_index;
struct sample;
struct snapshot;

struct map_entry {
	uint64_t	 id;
	char		*key, *value;	/* owned; value NULL in an ACL */
};

struct map_version {
	struct map_version *next;
	uint32_t	 version;
	uint32_t	 n, cap;
	struct map_entry *entries;	/* owned */
};

struct map_set {			/* compiled; immutable */
	struct map_set	*next;		/* of those to be freed */
	struct snapshot	*shell;		/* owned memory; NULL = the configuration's */
	struct pat_set	*pats;
	struct map_index *index;	/* of a map: which value */
};

struct map_use {
	struct map_use	*next;		/* of the reference */
	struct map_use	*test_next;	/* of an ACL's test */
	struct map_ref	*ref;
	uint8_t		 match;		/* enum pat_match */
	bool		 icase, wants_value;
	_Atomic(struct map_set *) set;
};

struct map_ref {
	struct map_ref	*next;		/* of the snapshot, by id in the end */
	int		 id;		/* -1 while parsing: none was written */
	const char	*file;		/* "" = patterns on the line */
	const char	*description;
	bool		 has_values, by_acl, by_map;
	bool		 is_changed;	/* current is not what the file says */
	bool		 in_guard;	/* acl.c made a copy of its patterns */
	bool		 is_busy;	/* control: a job compiles it, nothing may change */
	_Atomic bool	*guards_stale;	/* borrowed: of the snapshot */
	uint32_t	 next_version;
	struct map_version current;
	struct map_version *prepared;	/* owned */
	struct map_use	*uses;
};

/* control thread or a job thread, while parsing; NULL after a diag_error */
struct map_ref *map_ref_file(struct cfg *c, const char *path, bool has_values);
struct map_ref *map_ref_inline(struct cfg *c, const char *what);
void	map_ref_add(struct map_ref *r, struct map_version *v, const char *key, const char *value);
/* The id that `-u` gives; false: another list has it. */
bool	map_ref_set_id(struct cfg *c, struct map_ref *r, int id);
void	map_refs_number(struct cfg *c);	/* the others get theirs, all are sorted */
struct map_use *map_use_new(struct cfg *c, struct map_ref *r, enum pat_match match, bool icase,
	    bool wants_value);

/* control thread */
struct map_version *map_ref_version(struct map_ref *r, uint32_t version);	/* NULL = none */
void	map_version_clear(struct map_version *v);
void	map_version_drop(struct map_version *v, uint32_t at);	/* one entry */
/* v is freed; the entries that were current are the caller's. */
struct map_version map_ref_commit(struct map_ref *r, struct map_version *v);
/* Put what was compiled into force; the old sets are for map_sets_free, once no data
 * thread looks at them. */
struct map_set *map_ref_swap(struct map_ref *r, struct map_set *made);
void	map_sets_free(struct map_set *old);
/* A configuration that was built again from the same files, before it is in service:
 * its lists get what commands made of the old ones. */
void	map_refs_carry(struct map_ref *old, struct map_ref *new);
bool	map_refs_are_busy(const struct map_ref *r);	/* one of a snapshot's */
const char *map_match_name(enum pat_match m);

/* any thread, while the entries do not change: the current ones compiled, a set for
 * each use. NULL: *ret_error (owned by the caller) says why, or there is no use. */
struct map_set *map_ref_compile(const struct map_ref *r, char **ret_error);

/* data thread */
static inline bool
map_use_match(const struct map_use *u, const struct sample *s)
{
	return pat_set_match(atomic_load_explicit(&u->set, memory_order_acquire)->pats, s);
}

/* The entry that matches best (the longest prefix or network, else the first);
 * NULL = none. Good until the end of this pass. */
const char *map_use_find(const struct map_use *u, const struct sample *s, const char **ret_key);

/* map_index.c */
struct map_index *map_index_new(struct cfg *c, const struct map_version *v, enum pat_match match,
	    bool icase);
const char *map_index_find(const struct map_index *x, const struct sample *s,
	    const char **ret_key);

#endif
