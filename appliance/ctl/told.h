/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was said already and need not be said again until something changes: reasons,
 * each of somebody. Reasons that differ in numbers only are one.
 *
 * any thread
 */
#ifndef WEIR_CTL_TOLD_H
#define WEIR_CTL_TOLD_H

#include <stdbool.h>

#define TOLD_MAX	16u

struct told {
	char		*all[TOLD_MAX];	/* owned: "WHO reason" */
	unsigned	 n;
};

/* True: it was told before. From now on it was, as long as there is room. */
bool	told_before(struct told *t, const char *who, const char *reason);
void	told_forget(struct told *t);
void	told_forget_of(struct told *t, const char *who);
/* As it was kept, one of `all`. */
void	told_restore(struct told *t, const char *key);

#endif
