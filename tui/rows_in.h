/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files rows*.c tell each other. */
#ifndef WEIR_TUI_ROWS_IN_H
#define WEIR_TUI_ROWS_IN_H

#include "base/str.h"
#include "tui/csv.h"
#include "tui/rows.h"

/* One answer under work. */
struct feed {
	struct host *h;
	const char *command;
	struct str text;
	int64_t	 ms;
	const char *error;		/* set when it is not understood */
};

/* rows_stat.c: lines of show stat. */
struct stat_feed {
	struct feed *f;
	struct row **order;		/* owned; rows in the order of a full answer */
	unsigned n, hint;
	char	*scratch;		/* owned */
	bool	 went_back;		/* a counter did */
	bool	 others_same;		/* rows that are not sent have not changed */
};
bool	stat_header_ok(struct str names);
bool	stat_line_ok(struct str line, unsigned ncolumns);
unsigned stat_columns(struct str names);
void	stat_header(struct host *h, struct str names);
void	stat_begin(struct stat_feed *s, struct feed *f);
void	stat_line(struct stat_feed *s, struct str line);
void	stat_end(struct stat_feed *s);		/* rates, states of backends, sums */
void	stat_fini(struct stat_feed *s);
bool	feed_stat(struct feed *f);

/* rows_derive.c */
enum row_type row_type_of(const struct row *r);
bool	row_derive(struct row *r, int64_t ms);	/* true: a counter went back */
void	rows_unsent(struct host *h, int64_t ms);
void	host_backends(struct host *h);
void	host_sums(struct host *h, int64_t ms);

/* rows_snapshot.c, rows_kept.c */
bool	feed_snapshot(struct feed *f);
int	kept_kind(struct str word);		/* -1: none of ours */
void	kept_clear(struct kept_rows *k);
void	kept_line(struct host *h, int kind, char sign, struct str rest, int64_t ms);
bool	kept_ages(int kind);			/* some of its columns move by themselves */
void	kept_update(struct host *h, int kind, int64_t ms);

/* rows_native.c */
bool	feed_info(struct feed *f);
void	info_set(struct feed *f, const char *name, const char *value);
bool	feed_histogram(struct feed *f);
bool	feed_history(struct feed *f);
void	host_pid(struct host *h, unsigned pid, int64_t ms);
void	host_restarted(struct host *h, int64_t ms);

/* rows_stream.c */
bool	feed_rings(struct feed *f);
bool	feed_stream(struct feed *f);
/* Latencies of the last 10 s as the ring told them; false: none. */
bool	ring_quantiles(const struct row *r, int64_t ms, double q[3]);
void	event_note(struct host *h, int64_t t_ms, const char *const text[5], uint64_t id);

#endif
