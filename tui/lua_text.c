/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/lua_text.h"

static bool
is_keyword(const char *w, size_t len)
{
	static const char *const words[] = { "and", "break", "do", "else", "elseif", "end",
		"false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or",
		"repeat", "return", "then", "true", "until", "while" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && memcmp(words[i], w, len) == 0)
			return true;
	return false;
}

/* Behind the `]==]` that ends a long bracket; p stands at its `[`. 0: none begins here. */
static size_t
long_bracket(const char *p, const char *end)
{
	const char *q = p + 1, *r;
	size_t level;

	while (q < end && *q == '=')
		q++;
	if (q == end || *q != '[')
		return 0;
	level = (size_t)(q - p - 1);
	for (; q < end; q++) {
		if (*q != ']')
			continue;
		for (r = q + 1; r < end && *r == '='; r++)
			;
		if ((size_t)(r - q - 1) == level && r < end && *r == ']')
			return (size_t)(r + 1 - p);
	}
	return (size_t)(end - p);
}

static size_t
quoted(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && *q != *p && *q != '\n')
		q += *q == '\\' && q + 1 < end ? 2 : 1;
	return (size_t)(q - p) + (q < end && *q == *p);
}

static size_t
comment(const char *p, const char *end)
{
	size_t n = p + 2 < end && p[2] == '[' ? long_bracket(p + 2, end) : 0;

	if (n > 0)
		return n + 2;
	while (p + n < end && p[n] != '\n')
		n++;
	return n;
}

static size_t
word(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && (isalnum((unsigned char)*q) || *q == '_' || *q == '.'))
		q++;
	return (size_t)(q - p);
}

/* One token from p on: its length and role. */
static size_t
token(const char *p, const char *end, uint8_t *role)
{
	size_t n;

	*role = R_FG;
	if (*p == '-' && p + 1 < end && p[1] == '-') {
		*role = R_SYN_COM;
		return comment(p, end);
	}
	if (*p == '"' || *p == '\'') {
		*role = R_SYN_STR;
		return quoted(p, end);
	}
	if (*p == '[' && (n = long_bracket(p, end)) > 0) {
		*role = R_SYN_STR;
		return n;
	}
	if (isdigit((unsigned char)*p)) {
		*role = R_SYN_NUM;
		return word(p, end);
	}
	if (isalpha((unsigned char)*p) || *p == '_') {
		for (n = 0; p + n < end && (isalnum((unsigned char)p[n]) || p[n] == '_'); n++)
			;
		*role = is_keyword(p, n) ? R_SYN_KW : R_FG;
		return n;
	}
	return 1;
}

void
lua_roles(const char *text, size_t len, uint8_t *roles)
{
	const char *p = text, *end = text + len;
	uint8_t role;
	size_t n;

	while (p < end) {
		n = token(p, end, &role);
		if (n > (size_t)(end - p))
			n = (size_t)(end - p);
		memset(roles + (p - text), role, n);
		p += n;
	}
}

/* Tabs go on to the next multiple of four. */
static void
draw_line(const char *p, size_t len, const uint8_t *roles, struct area a, int y)
{
	const char *at = p, *end = p + len, *was;
	uint32_t rune;
	int x = 0;

	while (at < end && x < a.w) {
		if (*at == '\t') {
			x = (x / 4 + 1) * 4;
			at++;
			continue;
		}
		was = at;
		rune = text_next(&at, end);
		if (rune != 0)
			area_rune(a, x++, y, roles[was - p], rune);
	}
}

void
lua_draw(const char *text, unsigned top, struct area a, unsigned *ret_lines)
{
	size_t len = strlen(text), n;
	uint8_t *roles = xcalloc(len + 1, 1);
	const char *p = text;
	unsigned line = 0;

	lua_roles(text, len, roles);
	while (*p != '\0') {
		n = strcspn(p, "\n");
		if (line >= top && line - top < (unsigned)a.h) {
			area_fmt(a, 0, (int)(line - top), R_DIM, "%4u", line + 1);
			draw_line(p, n, roles + (p - text), area_part(a, 6, 0, a.w - 6, a.h),
			    (int)(line - top));
		}
		line++;
		p += n + (p[n] == '\n');
	}
	*ret_lines = line;
	free(roles);
}
