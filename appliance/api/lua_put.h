/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts and their functions as rows, for show lua and show snapshot.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_LUA_PUT_H
#define WEIR_API_LUA_PUT_H

#include "api/fields.h"

struct script_unit;

extern const char lua_fields[];

/* The script's row, then those of its functions. */
void	lua_put_unit(struct fields *f, const struct script_unit *u);
void	lua_put_rows(struct fields *f);		/* of all scripts */

struct snapshot_rows;
extern const struct snapshot_rows lua_rows;	/* functions, called KIND/NAME */

#endif
