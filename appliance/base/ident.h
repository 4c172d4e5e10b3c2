/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_BASE_IDENT_H
#define WEIR_BASE_IDENT_H

#include <stdbool.h>
#include <sys/types.h>

/* any thread; errno is 0 where the system says only that there is none */
bool	 ident_user(const char *name, uid_t *ret_uid);
bool	 ident_group(const char *name, gid_t *ret_gid);

#endif
