/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Diagnostics of one load: every error and warning of a configuration, kept in
 * order, so that all are reported and a reload can answer with them. Printed in
 * HAProxy's form (`[ALERT]    (PID) : config : parsing [FILE:LINE] : text`).
 */
#ifndef WEIR_BASE_DIAG_H
#define WEIR_BASE_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

struct diag_item {
	enum log_level	 level;		/* ALERT, WARNING, NOTICE, DIAG */
	const char	*file;		/* owned; NULL = no place */
	int		 line;
	char		*text;		/* owned */
	struct diag_item *next;
};

struct diag {
	struct diag_item *first, **last;
	unsigned	 nerrors, nwarnings;
	const char	*file;		/* borrowed; place of the statement under work */
	int		 line;
	bool		 echo;		/* print each at once to stderr */
};

/* one thread at a time */
void	diag_init(struct diag *d, bool echo);
void	diag_fini(struct diag *d);
void	diag_at(struct diag *d, const char *file, int line);	/* borrowed */
/* An error / warning at the current place: "config : parsing [F:N] : text". */
void	diag_error(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void	diag_warn(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void	diag_note(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* level DIAG */
void	diag_hint(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Without a place: the text as it is. */
void	diag_plain(struct diag *d, enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	diag_vadd(struct diag *d, enum log_level level, const char *file, int line,
	    const char *fmt, va_list ap) __attribute__((format(printf, 5, 0)));
/* All items as text lines (for a socket's answer); malloc'ed. */
char	*diag_text(const struct diag *d);

/* What the start said, for `show startup-logs`: kept as text, for good. start-up */
void	diag_keep(const struct diag *d);
const char *diag_kept(void);	/* "" when nothing was said */

#endif
