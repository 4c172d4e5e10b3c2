/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the control sections of the configuration have in common: providers,
 * launch configurations, scaling groups, alarms and notifiers, as the files write
 * them. Each kind's struct begins with a struct object and is its owner's:
 * provider.h, group.h, alarm.h, notify.h.
 *
 * Objects lie in the snapshot's arena. Live ones (in control, by kind and name)
 * are matched to them at each publish: by `digest` they know whether their text
 * has changed.
 */
#ifndef WEIR_CTL_OBJECT_H
#define WEIR_CTL_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfg/snapshot.h"

struct cfg;

enum object_kind {
	OBJECT_PROVIDER, OBJECT_LAUNCH, OBJECT_GROUP, OBJECT_ALARM, OBJECT_NOTIFIER, OBJECT_KINDS
};

#define OBJECT_NAME_MAX	255u

struct object {
	struct object	*next;		/* of its kind, in file order */
	const char	*name, *file;
	int		 line;
	uint64_t	 digest;	/* over its statements */
	bool		 adopts;	/* `adopt`: takes an API object of that name over */
};

struct objects {
	struct object	*first[OBJECT_KINDS];
};

/* while parsing */

/* What a section's open does: the object, zeroed, in the list of its kind, as
 * c->object; NULL after a diag_error (no name, a bad one, there already). */
void	*object_open(struct cfg *c, enum object_kind kind, size_t size, char **args, int nargs);
/* After a diag_error with what is near, if there is no such object: `'launch-config'
 * names no 'provider' called 'x', did you mean 'y'?` */
void	*object_need(struct cfg *c, enum object_kind kind, const char *what, const char *name);

/* The error `TEXT, did you mean 'NEAR'?`, or `TEXT.` where near is NULL. */
void	object_unknown(struct cfg *c, const char *near, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* any thread */
void	*object_find(const struct snapshot *s, enum object_kind kind, const char *name);
const char *object_kind_name(enum object_kind kind);	/* the section's keyword */

#define OBJECT_EACH(o, s, kind) \
	for (struct object *o = (s)->objects != NULL ? (s)->objects->first[kind] : NULL; \
	    o != NULL; o = o->next)

#endif
