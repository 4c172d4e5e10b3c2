/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was told; see told.h.
 *
 * any thread
 */
#include "ctl/told.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static char *
key_of(const char *who, const char *reason)
{
	char *key = xasprintf("%s %s", who, reason), *to = key + strlen(who);

	for (const char *from = to; *from != '\0'; from++)
		if (!isdigit((unsigned char)*from))
			*to++ = *from;
	*to = '\0';
	return key;
}

/* The key is the set's from now on, or freed. */
static bool
add(struct told *t, char *key)
{
	bool is_there = false;

	for (unsigned i = 0; i < t->n; i++)
		is_there |= strcmp(t->all[i], key) == 0;
	if (!is_there && t->n < TOLD_MAX)
		t->all[t->n++] = key;
	else
		free(key);
	return is_there;
}

bool
told_before(struct told *t, const char *who, const char *reason)
{
	return add(t, key_of(who, reason));
}

void
told_restore(struct told *t, const char *key)
{
	(void)add(t, xstrdup(key));
}

void
told_forget(struct told *t)
{
	while (t->n > 0)
		free(t->all[--t->n]);
}

void
told_forget_of(struct told *t, const char *who)
{
	size_t len = strlen(who);

	for (unsigned i = t->n; i-- > 0; )
		if (strncmp(t->all[i], who, len) == 0 && t->all[i][len] == ' ') {
			free(t->all[i]);
			t->all[i] = t->all[--t->n];
		}
}
