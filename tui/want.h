/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the screen in view needs beyond the poll of all rows: commands with how
 * often. Screens say so (struct screen's wants), sources send them, rows keep
 * the answers (host_answer, host_latmap).
 */
#ifndef WEIR_TUI_WANT_H
#define WEIR_TUI_WANT_H

#include "tui/model.h"

enum want_kind { WANT_ANSWER, WANT_HISTOGRAM, WANT_HISTORY, WANT_STREAM };

#define WANT_COMMAND	1000		/* what is longer is not asked */
struct want {
	enum want_kind kind;
	struct host *host;
	char	 command[WANT_COMMAND];	/* whole; of histograms and histories without from/to */
	double	 every_s;		/* 0: once */
	unsigned step_s;		/* histograms */
	int64_t	 from_s;		/* histograms, histories: how far back */
};

#define WANTS_MAX	24
struct wants { struct want at[WANTS_MAX]; unsigned n; };

void	want_answer(struct wants *w, struct host *h, double every_s, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
void	want_histogram(struct wants *w, struct host *h, const char *px, const char *sv,
	    unsigned step_s, int64_t from_s);
void	want_history(struct wants *w, struct host *h, const char *px, const char *sv);
void	want_stream(struct wants *w, struct host *h, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
