/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of an appliance become rows of the model. Live sources and replay feed
 * the same pairs of command and answer, so a recording shows what was seen.
 */
#ifndef WEIR_TUI_ROWS_H
#define WEIR_TUI_ROWS_H

#include "tui/model.h"

/*
 * One answer: the command that was sent, as it was sent; the answer without
 * prompt and last empty line; ms: when it came. False: it was not understood
 * (garbled: the model is as before, host->error says so).
 */
bool	rows_feed(struct host *h, const char *command, const char *text, size_t len, int64_t ms);

/* One line of a stream (`subscribe events`, `subscribe requests`, `show events RING -w -n`). */
void	rows_feed_line(struct host *h, const char *command, const char *line, size_t len,
	    int64_t ms);

/* The appliance is gone, or back: marks, gaps, no rates over the hole. */
void	rows_lost(struct host *h, const char *why, int64_t ms, int64_t retry_ms);
void	rows_connected(struct host *h, int64_t ms);
/* How far the host's clock is from ours, in whole seconds; small differences are none. */
int64_t	host_skew_s(const struct host *h);

/* CSV text with a header line `#a,b,c` (or `# a,b,c`) into a sheet. False: no header. */
bool	sheet_parse(struct sheet *s, const char *text, size_t len);
void	sheet_fini(struct sheet *s);

#endif
