/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration's text without its secrets, for showing. Hidden are: the word behind
 * `password`, `insecure-password`, `dynamic-cookie-key` and the header Authorization,
 * what follows the name in `stats auth`, the value of a `setenv` or `presetenv` whose
 * name has PASS, SECRET, TOKEN or KEY in it, and the password in an address
 * (scheme://user:password@host); in comments too.
 */
#ifndef WEIR_CTL_CONFIG_HIDE_H
#define WEIR_CTL_CONFIG_HIDE_H

#include <stddef.h>

struct outbuf;

/* any thread: all lines of text */
void	config_hide(struct outbuf *b, const char *text, size_t len);

#endif
