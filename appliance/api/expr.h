/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expressions that an operator types: compiled outside of any configuration, in
 * an arena of their own. Names of proxies and servers cannot stand in them, for
 * a reload may end those.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_EXPR_H
#define WEIR_API_EXPR_H

#include "base/diag.h"
#include "cfg/kw.h"

struct own_cfg {
	struct cfg	 cfg;
	struct diag	 diag;
	struct snapshot	*shell;		/* owned: arena and settings, no proxies */
};

void	own_cfg_init(struct own_cfg *o);
/* Something named an object of the configuration: told to diag; false. */
bool	own_cfg_stands_alone(struct own_cfg *o);
/* The first error, without a place; "" = none. */
const char *own_cfg_error(const struct own_cfg *o);
void	own_cfg_fini(struct own_cfg *o);	/* frees what was compiled */

#endif
