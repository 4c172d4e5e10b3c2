/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions of `.if` and -cc; see cond.c. */
#ifndef WEIR_CFG_COND_H
#define WEIR_CFG_COND_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct word_env;

/* any thread. A condition whose quotes are gone: 1, 0, or -1 with a message
 * (malloc'ed) and the offset in text that it is about. */
int	cond_eval(struct arena *a, const char *text, const struct word_env *env,
	    char **ret_error, size_t *ret_at);

/* Words joined by one blank: the text of a condition. */
char	*cond_join(struct arena *a, char **words, int n);

/* Does this build do X? The one table of it is in feature.c. */
bool	feature_is_built(const char *name);
/* `[v]MAJ[.MIN[.PATCH]][-devN]` against CFG_COMPAT_VERSION: -1 older, 0, 1 newer;
 * false when it cannot be read. */
bool	version_compare(const char *version, int *ret_order);

#endif
