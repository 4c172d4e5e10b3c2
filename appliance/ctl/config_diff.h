/* SPDX-License-Identifier: BSD-2-Clause */
/* Where two texts of the configuration differ, secrets hidden. */
#ifndef WEIR_CTL_CONFIG_DIFF_H
#define WEIR_CTL_CONFIG_DIFF_H

struct config_text;
struct outbuf;

/* any thread: file by file, `--- PATH`, `+++ NAME`, then hunks without context as diff -U0
 * prints them; nothing where they are equal. */
void	config_diff(struct outbuf *b, const struct config_text *old,
	    const struct config_text *new, const char *name);

#endif
