/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading words and signs; see scan.h.
 *
 * Thread: any.
 */
#include "ctl/scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
scan_wrong(struct scan *s, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	if (s->is_bad)
		return;
	s->is_bad = true;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	(void)snprintf(s->err, s->err_size, "%s at position %d", what,
	    (int)(s->p - s->text) + 1);
}

void
scan_blanks(struct scan *s)
{
	while (isspace((unsigned char)*s->p))
		s->p++;
}

bool
scan_take(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	scan_blanks(s);
	if (strncmp(s->p, word, n) != 0 || (scan_is_word(word[0]) && scan_is_word(s->p[n])))
		return false;
	s->p += n;
	return true;
}

bool
scan_end(struct scan *s)
{
	scan_blanks(s);
	if (*s->p != '\0')
		scan_wrong(s, "unexpected '%c'", *s->p);
	return !s->is_bad;
}
