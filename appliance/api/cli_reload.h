/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What commands that put a configuration into service have in common: their words
 * `confirm D` and `comment TEXT`, who asks, and the answer.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_CLI_RELOAD_H
#define WEIR_API_CLI_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

struct cli;
struct file_keep;

struct reload_words {
	bool	 is_check;
	uint64_t confirm_us;	/* 0 = at once for good */
	char	*comment;	/* owned; NULL = none */
	uint32_t rollback_to;	/* 0: the files */
};

/* Words from i on; false after a message. */
bool	reload_words(struct cli *c, int i, struct reload_words *ret);
/* seed is taken over; NULL: the files. w->comment is released. The command waits
 * already, or waits now. */
void	cli_reload(struct cli *c, struct reload_words *w, struct file_keep *seed);

#endif
