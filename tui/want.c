/* SPDX-License-Identifier: BSD-2-Clause */
/* What a screen wants, as a list; the same thing twice is one. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/want.h"

/* NULL: the list is full, or has it; half a command would be another one. */
static struct want *add(struct wants *w, enum want_kind kind, struct host *h, const char *fmt,
    va_list ap) __attribute__((format(printf, 4, 0)));

static struct want *
add(struct wants *w, enum want_kind kind, struct host *h, const char *fmt, va_list ap)
{
	struct want *x;

	if (w->n == WANTS_MAX)
		return NULL;
	x = &w->at[w->n];
	memset(x, 0, sizeof(*x));
	x->kind = kind;
	x->host = h;
	if (vsnprintf(x->command, sizeof(x->command), fmt, ap) >= WANT_COMMAND)
		return NULL;
	for (unsigned i = 0; i < w->n; i++)
		if (w->at[i].host == h && strcmp(w->at[i].command, x->command) == 0)
			return NULL;
	w->n++;
	return x;
}

static struct want *add_fmt(struct wants *w, enum want_kind kind, struct host *h,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static struct want *
add_fmt(struct wants *w, enum want_kind kind, struct host *h, const char *fmt, ...)
{
	struct want *x;
	va_list ap;

	va_start(ap, fmt);
	x = add(w, kind, h, fmt, ap);
	va_end(ap);
	return x;
}

void
want_answer(struct wants *w, struct host *h, double every_s, const char *fmt, ...)
{
	struct want *x;
	va_list ap;

	va_start(ap, fmt);
	x = add(w, WANT_ANSWER, h, fmt, ap);
	va_end(ap);
	if (x != NULL)
		x->every_s = every_s;
}

void
want_histogram(struct wants *w, struct host *h, const char *px, const char *sv, unsigned step_s,
    int64_t from_s)
{
	struct want *x = add_fmt(w, WANT_HISTOGRAM, h, "show histogram %s%s%s step %us", px,
	    sv[0] != '\0' ? " " : "", sv, step_s);

	if (x == NULL)
		return;
	x->every_s = step_s <= 10 ? 2 : 10;
	x->step_s = step_s;
	x->from_s = from_s;
}

void
want_history(struct wants *w, struct host *h, const char *px, const char *sv)
{
	add_fmt(w, WANT_HISTORY, h, "show history %s%s%s", px, sv[0] != '\0' ? " " : "", sv);
}

void
want_stream(struct wants *w, struct host *h, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(w, WANT_STREAM, h, fmt, ap);
	va_end(ap);
}
