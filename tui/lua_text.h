/* SPDX-License-Identifier: BSD-2-Clause */
/* Lua for the eye: words, strings, comments and numbers in their colours. */
#ifndef WEIR_TUI_LUA_TEXT_H
#define WEIR_TUI_LUA_TEXT_H

#include "tui/grid.h"

/* Draws lines from `top` on with their numbers (1 on); *ret_lines: how many there are. */
void	lua_draw(const char *text, unsigned top, struct area a, unsigned *ret_lines);
/* Roles of the bytes of a whole text: roles has its length. */
void	lua_roles(const char *text, size_t len, uint8_t *roles);

#endif
