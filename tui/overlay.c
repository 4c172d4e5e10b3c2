/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which overlay is open, its frame, lines of input, and the two plainest of them:
 * a text, and a value that is asked for before a plan is confirmed.
 *
 * Keys that mean the same everywhere (quit, suspend, repaint) go through; pasted
 * text reaches lines of input only, so that it can confirm nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/overlay_in.h"

static const struct {
	void	(*draw)(struct model *, struct area, struct hits *);
	bool	(*key)(struct model *, const struct key *);
	bool	 takes_paste;
} overlays[] = {
	[OVERLAY_HELP] = { help_draw, help_key, true },
	[OVERLAY_PALETTE] = { palette_draw, palette_key, true },
	[OVERLAY_CONFIRM] = { confirm_draw, confirm_key, false },
	[OVERLAY_INPUT] = { input_draw, input_key, true },
	[OVERLAY_CMDLOG] = { cmdlog_draw, cmdlog_key, false },
	[OVERLAY_SETTINGS] = { settings_draw, settings_key, false },
	[OVERLAY_TEXT] = { text_draw, text_key, false }
};

void
overlay_open(struct model *m, enum overlay o)
{
	struct ui *ui = m->ui;

	ui->overlay = o;
	ui->overlay_top = ui->overlay_row = 0;
	edit_set(&ui->edit, "");
}

void
overlay_close(struct model *m)
{
	struct ui *ui = m->ui;

	if (ui->overlay == OVERLAY_CONFIRM || ui->overlay == OVERLAY_INPUT)
		plan_fini(&ui->plan);
	ui->overlay = OVERLAY_NONE;
}

void
overlay_draw(struct model *m, struct area a, struct hits *hits)
{
	if (hits != NULL)
		hits->n = 0;		/* what lies below takes no clicks */
	overlays[m->ui->overlay].draw(m, a, hits);
}

/* The row that was clicked is chosen, by two clicks it is done; nothing is confirmed. */
static void
click(struct model *m, const struct key *k, const struct hits *hits)
{
	const struct key enter = { .code = K_ENTER };
	const struct hit *h;
	unsigned i;

	for (i = 0; hits != NULL && i < hits->n; i++) {
		h = &hits->at[i];
		if (h->kind != HIT_LIST_ROW || k->y != h->y || k->x < h->x || k->x >= h->x + h->w)
			continue;
		m->ui->overlay_row = h->row;
		if (k->code == K_DOUBLE)
			overlays[m->ui->overlay].key(m, &enter);
		return;
	}
}

/* The wheel is the arrows. */
static struct key
without_wheel(const struct key *k)
{
	struct key plain = *k;

	if (k->code == K_WHEEL_UP)
		plain.code = K_UP;
	else if (k->code == K_WHEEL_DOWN)
		plain.code = K_DOWN;
	return plain;
}

void
overlay_key(struct model *m, const struct key *k, const struct hits *hits)
{
	const struct key plain = without_wheel(k);
	struct ui *ui = m->ui;

	if (k->code == K_PASTE)
		return;
	if (k->code == K_CLICK || k->code == K_DOUBLE)
		click(m, k, hits);
	else if (k->is_pasted) {
		if (overlays[ui->overlay].takes_paste && k->code >= 0x20 && k->code < KEY_BASE_)
			overlays[ui->overlay].key(m, k);
	} else if ((k->code < ' ' || k->code >= KEY_BASE_) &&
	    key_act(ui->screen->name, k->code) == ACT_QUIT)
		ui->wishes |= WISH_QUIT;
	else if (k->code == K_CTRL('z'))
		ui->wishes |= WISH_SUSPEND;
	else if (k->code == K_CTRL('l'))
		ui->wishes |= WISH_REPAINT;
	else if (!overlays[ui->overlay].key(m, &plain) && (k->code == K_ESC || k->code == 'q'))
		overlay_close(m);
}

/* --- Drawing -------------------------------------------------------------- */

static void
wipe(struct area a)
{
	int x, y;

	for (y = 0; y < a.h; y++)
		for (x = 0; x < a.w; x++)
			a.g->cells[(a.y + y) * a.g->w + a.x + x] = (struct cell){ .rune = ' ' };
	a.g->cursor_x = a.g->cursor_y = -1;
}

struct area
overlay_frame(struct area a, int w, int h, const char *title, const char *right)
{
	struct area box;

	w = w > a.w ? a.w : w;
	h = h > a.h ? a.h : h;
	box = area_part(a, (a.w - w) / 2, (a.h - h) / 2, w, h);
	wipe(box);
	box = area_box(box, title, right, true);
	return area_part(box, 1, 0, box.w - 2, box.h);
}

/* Runes of the first n bytes. */
static int
width_of(const char *z, unsigned n)
{
	const char *end = z + n;
	int w = 0;

	while (text_next(&z, end) != 0)
		w++;
	return w;
}

void
edit_draw(struct area a, int x, int y, int w, const struct edit *e)
{
	int at = width_of(e->text, e->at), skip = at >= w ? at - w + 1 : 0, i;
	const char *p = e->text, *end = e->text + e->len;
	uint32_t r;

	for (i = 0; i < skip + w && (r = text_next(&p, end)) != 0; i++)
		if (i >= skip)
			area_rune(a, x + i - skip, y, R_FG, r);
	area_attr(a, x, y, w, AT_UNDER);
	a.g->cursor_x = a.x + x + at - skip;
	a.g->cursor_y = a.y + y;
}

void
overlay_hit(struct hits *hits, struct area list, int y, unsigned row)
{
	hits_add(hits, HIT_LIST_ROW, area_part(list, 0, y, list.w, 1), -1, row);
}

struct key
overlay_arrows(const struct key *k)
{
	struct key plain = *k;

	if (k->code == 'j' || k->code == 'k')
		plain.code = k->code == 'j' ? K_DOWN : K_UP;
	return plain;
}

bool
overlay_move(unsigned *row, unsigned n, unsigned page, const struct key *k)
{
	unsigned last = n > 0 ? n - 1 : 0;

	page = page > 0 ? page : 1;
	switch (k->code) {
	case K_UP: *row -= *row > 0; break;
	case K_DOWN: *row += *row < last; break;
	case K_PGUP: *row -= *row < page ? *row : page; break;
	case K_PGDN: *row = *row + page < last ? *row + page : last; break;
	case K_HOME: *row = 0; break;
	case K_END: *row = last; break;
	default: return false;
	}
	return true;
}

void
overlay_scroll(unsigned *top, unsigned row, unsigned n, unsigned page)
{
	if (row < *top)
		*top = row;
	if (page > 0 && row >= *top + page)
		*top = row - page + 1;
	if (*top + page > n)
		*top = n > page ? n - page : 0;
}

/* --- A text --------------------------------------------------------------- */

void
text_open(struct model *m, const char *title, const char *text)
{
	struct ui *ui = m->ui;
	char *t = xstrdup(title), *z = xstrdup(text);

	free(ui->text_title);
	free(ui->text);
	ui->text_title = t;
	ui->text = z;
	overlay_open(m, OVERLAY_TEXT);
}

static unsigned
count_lines(const char *z)
{
	unsigned n = *z != '\0';

	for (; *z != '\0'; z++)
		n += *z == '\n' && z[1] != '\0';
	return n;
}

void
text_draw(struct model *m, struct area a, struct hits *hits)
{
	struct ui *ui = m->ui;
	unsigned n = count_lines(ui->text), i;
	struct area in = overlay_frame(a, a.w > 100 ? a.w * 9 / 10 : a.w, (int)n + 2 > a.h ? a.h :
	    (int)n + 2, ui->text_title, "Esc");
	unsigned page = in.h > 0 ? (unsigned)in.h : 1;
	const char *p = ui->text;
	char line[1024];
	size_t len;

	(void)hits;
	if (ui->overlay_top + page > n)
		ui->overlay_top = n > page ? n - page : 0;
	for (i = 0; *p != '\0' && i < ui->overlay_top + page; i++) {
		len = strcspn(p, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, p);
		if (i >= ui->overlay_top)
			area_cut(in, 0, (int)(i - ui->overlay_top), in.w, R_FG, line);
		p += len + (p[len] == '\n');
	}
}

bool
text_key(struct model *m, const struct key *k)
{
	const struct key plain = overlay_arrows(k);

	return overlay_move(&m->ui->overlay_top, count_lines(m->ui->text), 10, &plain);
}

/* --- A value -------------------------------------------------------------- */

void
input_open(struct model *m, struct plan *p, const char *prompt, const char *value)
{
	struct ui *ui = m->ui;
	char *title = xstrdup(prompt);

	plan_fini(&ui->plan);
	ui->plan = *p;
	*p = (struct plan){ 0 };
	free(ui->text_title);
	ui->text_title = title;
	overlay_open(m, OVERLAY_INPUT);
	edit_set(&ui->edit, value);
}

void
input_draw(struct model *m, struct area a, struct hits *hits)
{
	struct ui *ui = m->ui;
	struct area in = overlay_frame(a, 72, 6, ui->text_title, "Enter, Esc");
	struct plan *p = &ui->plan;
	const char *says = NULL;
	int role = R_DIM;

	(void)hits;
	snprintf(p->argument, sizeof(p->argument), "%s", ui->edit.text);
	plan_make(m, p);
	edit_draw(in, 0, 0, in.w, &ui->edit);
	if (p->refused[0] != '\0') {
		says = ui->edit.len > 0 ? p->refused : "";
		role = R_WARN;
	} else if (p->orders.n > 0)
		says = p->orders.at[0].command;
	if (says != NULL)
		area_cut(in, 0, 2, in.w, role, says);
	if (p->orders.n > 1)
		area_fmt(in, 0, 3, R_DIM, "and %u more", p->orders.n - 1);
	else if (p->refused[0] == '\0')
		area_cut(in, 0, 3, in.w, R_DIM, p->effect);
}

bool
input_key(struct model *m, const struct key *k)
{
	struct ui *ui = m->ui;
	struct plan p;

	if (k->code == K_ESC)
		return false;
	if (k->code != K_ENTER)
		return edit_key(&ui->edit, k) || k->code == 'q';
	snprintf(ui->plan.argument, sizeof(ui->plan.argument), "%s", ui->edit.text);
	plan_make(m, &ui->plan);
	if (ui->plan.refused[0] != '\0')
		return true;		/* it says why already */
	p = ui->plan;
	ui->plan = (struct plan){ 0 };
	overlay_close(m);
	confirm_open(m, &p);
	return true;
}
