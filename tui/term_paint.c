/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cells to the terminal: the choice of colour depth, pairs of colours, and the
 * cells that changed. The palette of the terminal is never changed.
 *
 * ncurses knows nothing of COLORTERM: true colour is the terminfo entry
 * "<base>-direct", tried first; without it 256 colours must do.
 */
#include "tui/term_in.h"

#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/out.h"
#include "base/xalloc.h"

/* --- Depth ---------------------------------------------------------------- */

static bool
env_is(const char *name, const char *value)
{
	const char *z = getenv(name);

	return z != NULL && strcmp(z, value) == 0;
}

/* What is asked for; -1: what terminfo has. */
static int
wanted_depth(const struct term_options *o)
{
	const char *no_color = getenv("NO_COLOR");

	if (o->color >= 0)
		return o->color;
	if (no_color != NULL && *no_color != '\0')
		return DEPTH_MONO;
	if (env_is("COLORTERM", "truecolor") || env_is("COLORTERM", "24bit"))
		return DEPTH_TRUE;
	return -1;
}

static SCREEN *
open_as(struct term *t, const char *suffix)
{
	static char name[128];
	const char *term = getenv("TERM");
	const char *end = term == NULL ? NULL : strstr(term, "-256color");

	if (term == NULL)
		return NULL;
	if (end == NULL)
		end = term + strlen(term);
	snprintf(name, sizeof(name), "%.*s%s", (int)(end - term), term, suffix);
	return newterm(name, stdout, t->in);
}

static enum depth
depth_of_terminfo(void)
{
	if (!has_colors() || start_color() == ERR || COLORS < 8)
		return DEPTH_MONO;
	return COLORS >= 1 << 24 ? DEPTH_TRUE : COLORS >= 256 ? DEPTH_256 : DEPTH_16;
}

bool
term_paint_open(struct term *t, const char **ret_error)
{
	int want = wanted_depth(&t->options);
	enum depth has = DEPTH_MONO;

	if (env_is("TERM", "dumb")) {
		*ret_error = "TERM=dumb cannot move its cursor; --once prints plain text";
		return false;
	}
	if (want == DEPTH_TRUE)
		t->curses = open_as(t, "-direct");
	else if (want == DEPTH_256)
		t->curses = open_as(t, "-256color");
	if (t->curses == NULL)
		t->curses = newterm(NULL, stdout, t->in);
	if (t->curses == NULL) {
		*ret_error = getenv("TERM") == NULL ? "TERM is not set" :
		    "the terminal in TERM is not known";
		return false;
	}
	if (want != DEPTH_MONO)
		has = depth_of_terminfo();
	t->depth = want >= 0 && (enum depth)want < has ? (enum depth)want : has;
	/* With direct colours numbers are RGB, not the palette's */
	if (has == DEPTH_TRUE && t->depth != DEPTH_MONO)
		t->depth = DEPTH_TRUE;
	return true;
}

void
term_paint_init(struct term *t)
{
	t->default_fg = t->default_bg = -1;
	t->pairs = xcalloc(PAIR_SLOTS, sizeof(*t->pairs));
	t->npairs = 1;
	t->max_pairs = 1;
	if (t->depth == DEPTH_MONO)
		return;
	if (use_default_colors() == ERR) {
		t->default_fg = 7;
		t->default_bg = 0;
	}
	t->max_pairs = COLOR_PAIRS < PAIR_SLOTS / 2 ? COLOR_PAIRS : PAIR_SLOTS / 2;
}

void
term_paint_fini(struct term *t)
{
	free(t->pairs);
	grid_fini(&t->shown);
}

/* --- Pairs ---------------------------------------------------------------- */

static struct pair *
pair_slot(struct term *t, int32_t fg, int32_t bg)
{
	uint32_t h = ((uint32_t)fg * 0x9e3779b1u) ^ ((uint32_t)bg * 0x85ebca6bu);
	struct pair *p;

	for (h ^= h >> 15;; h++) {
		p = &t->pairs[h & (PAIR_SLOTS - 1)];
		if (p->number == 0 || (p->fg == fg && p->bg == bg))
			return p;
	}
}

/* The ninth to sixteenth colour where there are eight: bold, on a ground without. */
static int
in_palette(const struct term *t, int32_t colour, int own, bool *ret_bold)
{
	if (colour < 0)
		return own;
	if (t->depth == DEPTH_TRUE)
		return colour < 8 ? 8 : colour;
	if (colour >= COLORS) {
		*ret_bold = true;
		return colour & 7;
	}
	return colour;
}

/* Where pairs are few (a console has 64) the last ones do without a ground. */
static int
pair_of(struct term *t, int32_t fg, int32_t bg)
{
	struct pair *p = pair_slot(t, fg, bg);

	if (p->number != 0 || (fg == -1 && bg == -1))
		return p->number;
	if (t->npairs >= t->max_pairs)
		return bg == t->default_bg ? 0 : pair_of(t, fg, t->default_bg);
	if (init_extended_pair(t->npairs, fg, bg) == ERR)
		return 0;
	*p = (struct pair){ fg, bg, t->npairs++ };
	return p->number;
}

/* More pairs than there may be: begun anew with the next picture. */
static void
forget_pairs(struct term *t)
{
	reset_color_pairs();
	memset(t->pairs, 0, PAIR_SLOTS * sizeof(*t->pairs));
	t->npairs = 1;
	t->theme = NULL;
}

/* --- Cells ---------------------------------------------------------------- */

static attr_t
attr_of(uint8_t attr)
{
	return (attr & AT_BOLD ? A_BOLD : 0) | (attr & AT_DIM ? A_DIM : 0) |
	    (attr & AT_UNDER ? A_UNDERLINE : 0) | (attr & AT_REVERSE ? A_REVERSE : 0);
}

static void
put_cell(struct term *t, int x, int y, const struct cell *c)
{
	struct look l = theme_look(t->theme, t->depth, c);
	wchar_t w[2] = { (wchar_t)c->rune, L'\0' };
	bool fg_bold = false, bg_bold = false;
	attr_t attr = attr_of(l.attr);
	int pair = 0, fg, bg;
	cchar_t cc;

	if (c->rune > 0x7e && (!t->is_utf8 || wcwidth((wchar_t)c->rune) != 1))
		w[0] = L'?';
	if (t->depth != DEPTH_MONO) {
		fg = in_palette(t, l.fg, t->default_fg, &fg_bold);
		bg = in_palette(t, l.bg, t->default_bg, &bg_bold);
		if (fg_bold)
			attr |= A_BOLD;
		pair = pair_of(t, fg, bg);
	}
	setcchar(&cc, w, attr, 0, &pair);
	mvadd_wch(y, x, &cc);		/* ERR in the last corner: the cell is there all the same */
}

static void
fit_shown(struct term *t, const struct grid *g, const struct theme *theme)
{
	if (t->npairs >= t->max_pairs && t->max_pairs > 256)
		forget_pairs(t);
	if (t->shown.w == g->w && t->shown.h == g->h && t->theme == theme)
		return;
	grid_fini(&t->shown);
	grid_init(&t->shown, g->w, g->h, g->glyphs);
	erase();
	memset(t->shown.cells, 0xff, (size_t)g->w * (size_t)g->h * sizeof(*g->cells));
	t->theme = theme;
}

static bool
put_changes(struct term *t, const struct grid *g)
{
	bool changed = false;
	int x, y;

	for (y = 0; y < g->h && y < LINES; y++)
		for (x = 0; x < g->w && x < COLS; x++) {
			struct cell *was = &t->shown.cells[y * g->w + x];
			const struct cell *is = &g->cells[y * g->w + x];

			if (memcmp(was, is, sizeof(*is)) == 0)
				continue;
			put_cell(t, x, y, is);
			*was = *is;
			changed = true;
		}
	return changed;
}

static bool
put_cursor(struct term *t, const struct grid *g)
{
	bool has = g->cursor_x >= 0 && g->cursor_x < COLS && g->cursor_y >= 0 &&
	    g->cursor_y < LINES;
	bool changed = t->shown.cursor_x != g->cursor_x || t->shown.cursor_y != g->cursor_y;

	t->shown.cursor_x = g->cursor_x;
	t->shown.cursor_y = g->cursor_y;
	curs_set(has);
	if (has)
		move(g->cursor_y, g->cursor_x);
	return changed;
}

static bool
is_writable(const struct term *t)
{
	struct pollfd p = { .fd = t->out_fd, .events = POLLOUT };

	return poll(&p, 1, 0) != 0;
}

void
term_draw(struct term *t, const struct grid *g, const struct theme *theme)
{
	bool changed;

	if (t->is_left || t->has_ended)
		return;
	t->is_behind = !is_writable(t);
	if (t->is_behind) {
		event_add(t->on_output, NULL);
		return;
	}
	fit_shown(t, g, theme);
	changed = put_changes(t, g);
	if (!put_cursor(t, g) && !changed && !is_cleared(curscr))
		return;
	if (!t->is_plain)
		term_say(t, "\033[?2026h");
	refresh();
	if (!t->is_plain)
		term_say(t, "\033[?2026l");
}

void
term_repaint(struct term *t)
{
	if (t->is_left)
		return;
	t->theme = NULL;
	clearok(curscr, TRUE);
}

bool
term_is_behind(const struct term *t)
{
	return t->is_behind;
}

enum depth
term_depth(const struct term *t)
{
	return t->depth;
}

static void
print_cell(const struct term *t, const cchar_t *cc, struct outbuf *b)
{
	wchar_t w[CCHARW_MAX + 1] = { L'?' };
	int pair = 0, fg = -1, bg = -1;
	attr_t attr = 0;
	short low;

	(void)getcchar(cc, w, &attr, &low, &pair);
	if (t->depth != DEPTH_MONO)
		extended_pair_content(pair, &fg, &bg);
	rune_print(b, (uint32_t)w[0]);
	outbuf_fmt(b, " %d %d %d\n", (attr & A_BOLD ? 1 : 0) + (attr & A_UNDERLINE ? 2 : 0) +
	    (attr & A_REVERSE ? 4 : 0), fg, bg);
}

void
term_print(const struct term *t, struct outbuf *b)
{
	WINDOW *screen = dupwin(curscr);	/* reading moves a cursor */
	cchar_t cc;
	int x, y;

	outbuf_fmt(b, "%d %d\n", COLS, LINES);
	for (y = 0; y < LINES; y++)
		for (x = 0; x < COLS; x++)
			if (mvwin_wch(screen, y, x, &cc) != ERR)
				print_cell(t, &cc, b);
	delwin(screen);
}
