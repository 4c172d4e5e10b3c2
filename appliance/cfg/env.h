/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of one load; see env.c. */
#ifndef WEIR_CFG_ENV_H
#define WEIR_CFG_ENV_H

struct arena;
struct cfg;
struct cfg_env;

/* control thread or a job thread */
struct cfg_env	*cfg_env_make(struct arena *a);		/* lives in the arena */
void		 cfg_env_set(struct cfg_env *e, const char *name, const char *value);
const char	*cfg_env_lookup(const struct cfg_env *e, const char *name);

#endif
