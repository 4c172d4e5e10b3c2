/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Diagnostics of one load. Items keep level, place and text apart; the form
 * with "config : parsing [FILE:LINE] : " is made when one is shown. They live
 * until diag_fini, so a reload that failed can still tell why.
 */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/out.h"
#include "base/xalloc.h"

void
diag_init(struct diag *d, bool echo)
{
	memset(d, 0, sizeof(*d));
	d->last = &d->first;
	d->echo = echo;
}

void
diag_fini(struct diag *d)
{
	struct diag_item *it;

	while ((it = d->first) != NULL) {
		d->first = it->next;
		free((char *)it->file);
		free(it->text);
		free(it);
	}
	diag_init(d, d->echo);
}

void
diag_at(struct diag *d, const char *file, int line)
{
	d->file = file;
	d->line = line;
}

/* What follows the tag on stderr; malloc'ed. */
static char *
item_text(const struct diag_item *it)
{
	if (it->file == NULL)
		return xstrdup(it->text);
	return xasprintf("config : parsing [%s:%d] : %s", it->file, it->line,
	    it->text);
}

static void
item_add(struct diag *d, struct diag_item *it)
{
	char *text;

	*d->last = it;
	d->last = &it->next;
	if (it->level <= LOG_L_ERR)
		d->nerrors++;
	else if (it->level == LOG_L_WARNING)
		d->nwarnings++;
	if (d->echo) {
		text = item_text(it);
		log_msg(it->level, "%s", text);
		free(text);
	}
}

void
diag_vadd(struct diag *d, enum log_level level, const char *file, int line,
    const char *fmt, va_list ap)
{
	struct diag_item *it = xcalloc(1, sizeof(*it));

	it->level = level;
	it->file = file != NULL ? xstrdup(file) : NULL;
	it->line = line;
	it->text = xvasprintf(fmt, ap);
	item_add(d, it);
}

#define DIAG_FORWARD(level, file, line) do {			\
	va_list ap_;						\
	va_start(ap_, fmt);					\
	diag_vadd(d, (level), (file), (line), fmt, ap_);	\
	va_end(ap_);						\
} while (0)

void
diag_error(struct diag *d, const char *fmt, ...)
{
	DIAG_FORWARD(LOG_L_ALERT, d->file, d->line);
}

void
diag_warn(struct diag *d, const char *fmt, ...)
{
	DIAG_FORWARD(LOG_L_WARNING, d->file, d->line);
}

void
diag_note(struct diag *d, const char *fmt, ...)
{
	DIAG_FORWARD(LOG_L_NOTICE, d->file, d->line);
}

void
diag_hint(struct diag *d, const char *fmt, ...)
{
	DIAG_FORWARD(LOG_L_DIAG, d->file, d->line);
}

void
diag_plain(struct diag *d, enum log_level level, const char *fmt, ...)
{
	DIAG_FORWARD(level, NULL, 0);
}

char *
diag_text(const struct diag *d)
{
	struct outbuf b;
	char *text;

	outbuf_init(&b, 0);
	for (const struct diag_item *it = d->first; it != NULL; it = it->next) {
		text = item_text(it);
		log_format(it->level, text, &b);
		free(text);
	}
	return b.data != NULL ? b.data : xstrdup("");
}

static char *kept;

void
diag_keep(const struct diag *d)
{
	free(kept);
	kept = diag_text(d);
}

const char *
diag_kept(void)
{
	return kept != NULL ? kept : "";
}
