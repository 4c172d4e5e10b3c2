/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cells and the few ways to draw them. Every function clips: what lies outside
 * of its area is not drawn, so views need not count.
 *
 * Runes from outside are kept when they are ASCII, or Latin, Greek, Cyrillic
 * letters and the signs we draw with, all one column wide everywhere; others
 * become '?'. A table would know more scripts, but not what a terminal makes of
 * them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/xalloc.h"
#include "tui/grid.h"

const struct glyphs glyph_sets[GLYPHS_COUNT] = {
	[GLYPHS_BRAILLE] = {
		.name = "braille",
		.state = { 0x25cf, 0x25b2, 0x25d0, 0x2716, 0x25cb, '?', 0x25b8 },
		.spark = { ' ', 0x2581, 0x2582, 0x2583, 0x2584, 0x2585, 0x2586, 0x2587, 0x2588 },
		.shade = { ' ', 0x2591, 0x2592, 0x2593, 0x2588 },
		.h = 0x2500, .v = 0x2502, .tl = 0x250c, .tr = 0x2510, .bl = 0x2514, .br = 0x2518,
		.full = 0x2593, .rest = 0x2591, .dash = 0x254c, .change = 0x252c,
		.ellipsis = 0x2026, .cursor = 0x2502, .open = 0x25be, .closed = 0x25b8,
		.mark = 0x2022, .arrow = 0x203a,
		.trend = { 0x2191, 0x2197, 0x2192, 0x2198, 0x2193 },
		.has_braille = true,
	},
	[GLYPHS_BLOCK] = {
		.name = "block",
		.state = { 0x25cf, 0x25b2, 0x25d0, 0x2716, 0x25cb, '?', 0x25b8 },
		.spark = { ' ', 0x2581, 0x2582, 0x2583, 0x2584, 0x2585, 0x2586, 0x2587, 0x2588 },
		.shade = { ' ', 0x2591, 0x2592, 0x2593, 0x2588 },
		.h = 0x2500, .v = 0x2502, .tl = 0x250c, .tr = 0x2510, .bl = 0x2514, .br = 0x2518,
		.full = 0x2593, .rest = 0x2591, .dash = 0x2500, .change = 0x252c,
		.ellipsis = 0x2026, .cursor = 0x2502, .open = '-', .closed = '+',
		.mark = 0x2022, .arrow = '>',
		.trend = { 0x2191, '/', 0x2192, '\\', 0x2193 },
	},
	[GLYPHS_ASCII] = {
		.name = "ascii",
		.state = { '+', '!', '~', 'X', '-', '?', '>' },
		.spark = { ' ', '_', '.', '-', '-', '=', '=', '*', '#' },
		.shade = { ' ', '.', ':', '*', '#' },
		.h = '-', .v = '|', .tl = '+', .tr = '+', .bl = '+', .br = '+',
		.full = '|', .rest = ' ', .dash = '-', .change = '^',
		.ellipsis = '~', .cursor = '|', .open = '-', .closed = '+',
		.mark = '*', .arrow = '>',
		.trend = { '^', '/', '-', '\\', 'v' },
		.is_ascii = true,
	},
};

/* --- Runes --------------------------------------------------------------- */

/* One rune of UTF-8; 0xfffd for what is none. *p moves by at least one byte. */
static uint32_t
utf8_next(const char **p, const char *end)
{
	const unsigned char *s = (const unsigned char *)*p;
	uint32_t rune;
	int more, i;

	more = *s < 0x80 ? 0 : *s >= 0xf0 && *s < 0xf5 ? 3 : *s >= 0xe0 && *s < 0xf0 ? 2 :
	    *s >= 0xc2 && *s < 0xe0 ? 1 : -1;
	(*p)++;
	if (more < 0)
		return 0xfffd;
	rune = more == 0 ? *s : *s & (0x3fu >> more);
	for (i = 1; i <= more; i++) {
		if (*p == end || (s[i] & 0xc0) != 0x80)
			return 0xfffd;
		rune = rune << 6 | (s[i] & 0x3fu);
		(*p)++;
	}
	return rune;
}

/* Controls, marks that combine or turn the direction: nothing of them is drawn. */
static bool
is_dropped(uint32_t r)
{
	return r < 0x20 || (r >= 0x7f && r < 0xa0) || r == 0xad || (r >= 0x300 && r < 0x370) ||
	    r == 0x61c || (r >= 0x200b && r <= 0x200f) || (r >= 0x202a && r <= 0x202e) ||
	    (r >= 0x2060 && r <= 0x206f) || r == 0xfeff || (r >= 0xfe00 && r <= 0xfe0f);
}

static bool
is_drawn(uint32_t r)
{
	return r < 0x483 || (r >= 0x48a && r < 0x530) || (r >= 0x2010 && r <= 0x2027) ||
	    (r >= 0x2030 && r <= 0x205e) || (r >= 0x2190 && r <= 0x2199) ||
	    (r >= 0x2200 && r <= 0x22ff) || (r >= 0x2500 && r <= 0x259f) ||
	    (r >= 0x25a0 && r <= 0x25fc) || r == 0x2714 || r == 0x2716 ||
	    (r >= 0x2800 && r <= 0x28ff);
}

uint32_t
text_next(const char **p, const char *end)
{
	uint32_t r;

	while (*p < end) {
		r = utf8_next(p, end);
		if (is_dropped(r))
			continue;
		return is_drawn(r) ? r : '?';
	}
	return 0;
}

int
text_width(const char *z)
{
	const char *end = z + strlen(z);
	int w = 0;

	while (text_next(&z, end) != 0)
		w++;
	return w;
}

/* --- Grids and areas ----------------------------------------------------- */

void
grid_init(struct grid *g, int w, int h, const struct glyphs *glyphs)
{
	g->w = w > 0 ? w : 0;
	g->h = h > 0 ? h : 0;
	g->cells = xcalloc((size_t)g->w * (size_t)g->h + 1, sizeof(*g->cells));
	g->glyphs = glyphs;
	grid_clear(g);
}

void
grid_fini(struct grid *g)
{
	free(g->cells);
	g->cells = NULL;
	g->w = g->h = 0;
}

void
grid_clear(struct grid *g)
{
	int i;

	for (i = 0; i < g->w * g->h; i++)
		g->cells[i] = (struct cell){ .rune = ' ' };
	g->cursor_x = g->cursor_y = -1;
}

struct area
grid_area(struct grid *g)
{
	return (struct area){ g, 0, 0, g->w, g->h };
}

static int
clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

struct area
area_part(struct area a, int x, int y, int w, int h)
{
	int right = clamp(x + w, 0, a.w), bottom = clamp(y + h, 0, a.h);

	x = clamp(x, 0, right);
	y = clamp(y, 0, bottom);
	return (struct area){ a.g, a.x + x, a.y + y, right - x, bottom - y };
}

struct area
area_take_top(struct area *a, int h)
{
	struct area top = area_part(*a, 0, 0, a->w, h);

	*a = area_part(*a, 0, top.h, a->w, a->h - top.h);
	return top;
}

struct area
area_take_bottom(struct area *a, int h)
{
	h = clamp(h, 0, a->h);
	struct area bottom = area_part(*a, 0, a->h - h, a->w, h);

	*a = area_part(*a, 0, 0, a->w, a->h - h);
	return bottom;
}

struct area
area_take_left(struct area *a, int w)
{
	struct area left = area_part(*a, 0, 0, w, a->h);

	*a = area_part(*a, left.w, 0, a->w - left.w, a->h);
	return left;
}

struct area
area_take_right(struct area *a, int w)
{
	w = clamp(w, 0, a->w);
	struct area right = area_part(*a, a->w - w, 0, w, a->h);

	*a = area_part(*a, 0, 0, a->w - w, a->h);
	return right;
}

/* The cell at x, y of the area; NULL outside. */
static struct cell *
cell_at(struct area a, int x, int y)
{
	if (x < 0 || y < 0 || x >= a.w || y >= a.h)
		return NULL;
	return &a.g->cells[(a.y + y) * a.g->w + a.x + x];
}

/* --- Drawing ------------------------------------------------------------- */

/* In the ASCII set nothing else is drawn: what a view did not choose by glyph set. */
static uint32_t
as_ascii(uint32_t rune)
{
	switch (rune) {
	case 0x2192: case 0x203a: return '>';
	case 0x2026: return '~';
	case 0x00b7: case 0x2022: return '.';
	case 0x2265: return '>';
	case 0x2264: return '<';
	case 0x2714: return '+';
	case 0x2716: return 'X';
	}
	return rune >= 0x2500 && rune < 0x2580 ? '-' : '?';
}

void
area_rune(struct area a, int x, int y, int role, uint32_t rune)
{
	struct cell *c = cell_at(a, x, y);

	if (c == NULL)
		return;
	c->rune = rune > 0x7e && a.g->glyphs->is_ascii ? as_ascii(rune) : rune;
	c->role = (uint8_t)role;
}

int
area_text(struct area a, int x, int y, int role, const char *z)
{
	const char *end = z + strlen(z);
	uint32_t r;

	while (x < a.w && (r = text_next(&z, end)) != 0)
		area_rune(a, x++, y, role, r);
	return x;
}

int
area_fmt(struct area a, int x, int y, int role, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return area_text(a, x, y, role, buf);
}

/* The first n runes of z from `skip` on. */
static int
draw_runes(struct area a, int x, int y, int role, const char *z, int skip, int n)
{
	const char *end = z + strlen(z);
	uint32_t r;

	while (n > 0 && (r = text_next(&z, end)) != 0) {
		if (skip-- > 0)
			continue;
		area_rune(a, x++, y, role, r);
		n--;
	}
	return x;
}

static int
cut_at(struct area a, int x, int y, int w, int role, const char *z, int head)
{
	int width = text_width(z);

	if (w <= 0)
		return x;
	if (width <= w)
		return draw_runes(a, x, y, role, z, 0, w);
	draw_runes(a, x, y, role, z, 0, head);
	area_rune(a, x + head, y, role, a.g->glyphs->ellipsis);
	return draw_runes(a, x + head + 1, y, role, z, width - (w - head - 1), w - head - 1);
}

int
area_cut(struct area a, int x, int y, int w, int role, const char *z)
{
	return cut_at(a, x, y, w, role, z, w - 1);
}

int
area_cut_middle(struct area a, int x, int y, int w, int role, const char *z)
{
	return cut_at(a, x, y, w, role, z, w / 2);
}

int
area_right(struct area a, int x, int y, int w, int role, const char *z)
{
	int width = text_width(z);

	return area_cut(a, width < w ? x + w - width : x, y, w, role, z);
}

int
area_tabs(struct area a, int x, int y, int role, const char *p, size_t len)
{
	const char *end = p + len;
	uint32_t rune;
	int x0 = x;

	while (p < end) {
		if (*p == '\t') {
			x = x0 + ((x - x0) / 4 + 1) * 4;
			p++;
		} else if ((rune = text_next(&p, end)) != 0)
			area_rune(a, x++, y, role, rune);
	}
	return x;
}

/* Bytes of z that make one line of at most w columns, broken at a blank if there is one. */
static size_t
line_length(const char *z, int w)
{
	const char *end = z + strcspn(z, "\n"), *p = z, *blank = NULL, *at;

	while (w > 0 && p < end) {
		at = p;
		if (text_next(&p, end) == 0)
			break;
		if (*at == ' ')
			blank = at;
		w--;
	}
	if (p < end && *p != ' ' && blank != NULL)
		p = blank;
	return (size_t)(p - z);
}

int
area_wrap(struct area a, int y, int role, const char *z)
{
	char line[1024];
	size_t n;
	int y0 = y;

	while (*z != '\0' && y < a.h && a.w > 0) {
		n = line_length(z, a.w);
		snprintf(line, sizeof(line), "%.*s", (int)n, z);
		area_text(a, 0, y++, role, line);
		z += n;
		z += *z == ' ' || *z == '\n';
	}
	return y - y0;
}

void
area_state(struct area a, int x, int y, enum state st)
{
	area_rune(a, x, y, state_role(st), a.g->glyphs->state[st]);
}

void
area_fill(struct area a, int role, uint32_t rune)
{
	int x, y;

	for (y = 0; y < a.h; y++)
		for (x = 0; x < a.w; x++)
			area_rune(a, x, y, role, rune);
}

void
area_attr(struct area a, int x, int y, int w, int attr)
{
	struct cell *c;

	for (; w > 0; w--, x++)
		if ((c = cell_at(a, x, y)) != NULL)
			c->attr |= (uint8_t)attr;
}

void
area_bg(struct area a, int x, int y, int w, int bg_role)
{
	struct cell *c;

	for (; w > 0; w--, x++)
		if ((c = cell_at(a, x, y)) != NULL)
			c->bg_role = (uint8_t)bg_role;
}

/* Dim words are for rows that are not looked at. */
void
area_select(struct area a, int y)
{
	struct cell *c;
	int x;

	for (x = 0; x < a.w; x++) {
		if ((c = cell_at(a, x, y)) == NULL)
			return;
		c->bg_role = R_SEL;
		if (c->role == R_DIM)
			c->role = R_FG;
	}
}

/* As many of the words, parted by two blanks, as w columns hold, but the first. */
static const char *
fitting_words(const char *z, int w, char *buf, size_t size)
{
	char *last, *end;

	if (text_width(z) <= w || strlen(z) >= size)
		return z;
	memcpy(buf, z, strlen(z) + 1);
	while (text_width(buf) > w) {
		last = NULL;
		for (end = buf; (end = strstr(end, "  ")) != NULL; end += 2)
			last = end;
		if (last == NULL || last == buf)
			break;
		*last = '\0';
	}
	return buf;
}

/* Title and words into the upper edge, as far as they fit. */
static void
draw_edge(struct area a, int x0, int x1, const char *title, const char *right, bool is_focus)
{
	int w = x1 - x0, title_w, right_w = right == NULL ? 0 : text_width(right);
	char words[256];

	if (title != NULL && w >= 6) {
		title_w = text_width(title);
		if (title_w > w - 4)
			title_w = w - 4;
		area_rune(a, x0 + 1, 0, R_BORDER, ' ');
		area_cut(a, x0 + 2, 0, title_w, is_focus ? R_FOCUS : R_TITLE, title);
		area_attr(a, x0 + 2, 0, title_w, AT_BOLD);
		area_rune(a, x0 + 2 + title_w, 0, R_BORDER, ' ');
		w -= title_w + 4;
	}
	if (right_w > 0 && w >= 6) {
		right = fitting_words(right, w - 4, words, sizeof(words));
		right_w = text_width(right);
		if (right_w > w - 4)
			right_w = w - 4;
		area_rune(a, x1 - right_w - 4, 0, R_BORDER, ' ');
		area_cut(a, x1 - right_w - 3, 0, right_w, R_DIM, right);
		area_rune(a, x1 - 3, 0, R_BORDER, ' ');
	}
}

struct area
area_box(struct area a, const char *title, const char *right, bool is_focus)
{
	const struct glyphs *g = a.g->glyphs;
	int role = is_focus ? R_FOCUS : R_BORDER, x, y;

	for (x = 1; x < a.w - 1; x++) {
		area_rune(a, x, 0, role, g->h);
		area_rune(a, x, a.h - 1, role, g->h);
	}
	for (y = 1; y < a.h - 1; y++) {
		area_rune(a, 0, y, role, g->v);
		area_rune(a, a.w - 1, y, role, g->v);
	}
	area_rune(a, 0, 0, role, g->tl);
	area_rune(a, a.w - 1, 0, role, g->tr);
	area_rune(a, 0, a.h - 1, role, g->bl);
	area_rune(a, a.w - 1, a.h - 1, role, g->br);
	draw_edge(a, 1, a.w, title, right, is_focus);
	return area_part(a, 1, 1, a.w - 2, a.h - 2);
}

struct area
area_rule(struct area a, const char *title, const char *right, bool is_focus)
{
	int x;

	for (x = 0; x < a.w; x++)
		area_rune(a, x, 0, is_focus ? R_FOCUS : R_BORDER, a.g->glyphs->h);
	draw_edge(a, 0, a.w + 1, title, right, is_focus);
	return area_part(a, 0, 1, a.w, a.h - 1);
}

/* --- Roles --------------------------------------------------------------- */

int
state_role(enum state st)
{
	static const int roles[ST_COUNT] = {
		R_GOOD, R_WARN, R_DRAIN, R_CRIT, R_MAINT, R_UNKNOWN, R_INFO
	};

	return roles[st];
}

int
ramp_role(double share)
{
	if (!(share > 0))
		return R_RAMP;
	return R_RAMP + (share >= 1 ? 100 : (int)(share * 100));
}

/* --- As text ------------------------------------------------------------- */

void
rune_print(struct outbuf *b, uint32_t r)
{
	char s[4];

	if (r < 0x80) {
		s[0] = (char)r;
		outbuf_mem(b, s, 1);
	} else if (r < 0x800) {
		s[0] = (char)(0xc0 | r >> 6);
		s[1] = (char)(0x80 | (r & 0x3f));
		outbuf_mem(b, s, 2);
	} else {
		s[0] = (char)(0xe0 | r >> 12);
		s[1] = (char)(0x80 | (r >> 6 & 0x3f));
		s[2] = (char)(0x80 | (r & 0x3f));
		outbuf_mem(b, s, 3);
	}
}

void
grid_print(const struct grid *g, struct outbuf *b)
{
	const struct cell *row;
	int x, y, end;

	for (y = 0; y < g->h; y++) {
		row = &g->cells[y * g->w];
		for (end = g->w; end > 0 && row[end - 1].rune == ' '; end--)
			;
		for (x = 0; x < end; x++)
			rune_print(b, row[x].rune);
		outbuf_z(b, "\n");
	}
}
