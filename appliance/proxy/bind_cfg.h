/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines that listen: `bind` and `stats socket` share their options. */
#ifndef WEIR_PROXY_BIND_CFG_H
#define WEIR_PROXY_BIND_CFG_H

#include <stdint.h>

struct bind_conf;
struct cfg;

/* control thread or a job thread */
/* args[0] is the list of addresses, options follow, found by rows of `in`, which
 * fill tpl. *ret_binds: a copy of tpl for each address and port, in the arena
 * (also after an error, as far as they could be read). 0 or -1. */
int	bind_conf_parse(struct cfg *c, const char *what, uint32_t in, struct bind_conf *tpl,
	    char **args, int nargs, struct bind_conf **ret_binds);

#endif
