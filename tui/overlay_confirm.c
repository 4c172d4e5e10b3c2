/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Confirmation, in the four levels: nothing, a line, a dialog, a dialog that wants
 * a name typed. The plan is made anew whenever it is drawn, and once more when it
 * is sent: what became more dangerous meanwhile must be looked at again.
 */
#include <stdio.h>
#include <string.h>

#include "tui/overlay_in.h"

static void
send_it(struct model *m)
{
	struct ui *ui = m->ui;
	bool looks = ui->plan.level == ASK_NOTHING;

	plan_send(m, &ui->plan);
	plan_fini(&ui->plan);
	ui->overlay = OVERLAY_NONE;
	if (looks)
		cmdlog_open(m);		/* its answer is what was wanted */
}

void
confirm_open(struct model *m, struct plan *p)
{
	struct ui *ui = m->ui;

	plan_fini(&ui->plan);
	ui->plan = *p;
	*p = (struct plan){ 0 };
	ui->plan.stops_at_failure = ui->plan.ntargets > 1;
	ui->plan.is_shown = false;
	plan_make(m, &ui->plan);
	if (ui->plan.refused[0] != '\0') {
		ui_say(m, R_WARN, "%s", ui->plan.refused);
		plan_fini(&ui->plan);
		return;
	}
	overlay_open(m, OVERLAY_CONFIRM);
	if (ui->plan.level == ASK_NOTHING)
		send_it(m);
}

/* --- Drawing -------------------------------------------------------------- */

static void
first_line(const char *command, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)strcspn(command, "\n"), command);
}

/* A command on one line: whole where it fits, with what changes behind it where there is
 * room; of a payload only how long it is. */
static void
draw_command(struct area a, int y, const struct order *o)
{
	const char *nl = strchr(o->command, '\n');
	char line[1024];
	int x;

	first_line(o->command, line, sizeof(line));
	x = area_cut_middle(a, 0, y, nl != NULL ? a.w - 18 : a.w, R_FG, line);
	area_attr(a, 0, y, x, AT_BOLD);
	if (nl != NULL)
		area_fmt(a, a.w - 16, y, R_DIM, "%zu bytes", strlen(nl + 1));
	else if (o->before != NULL &&
	    x + 8 + text_width(o->before) + text_width(o->after) <= a.w) {
		x = area_text(a, x + 3, y, R_DIM, o->before);
		area_rune(a, x + 1, y, R_DIM, 0x2192);
		area_text(a, x + 3, y, R_INFO, o->after);
	}
}

/* Lines that a text takes, on a page aside. */
static int
lines_of(const struct glyphs *glyphs, int w, const char *text)
{
	struct grid g;
	int n;

	grid_init(&g, w, 12, glyphs);
	n = area_wrap(grid_area(&g), 0, R_FG, text);
	grid_fini(&g);
	return n;
}

/* Rows for the commands: one that stands alone is shown whole, however long it is. */
static int
command_rows(const struct plan *p, struct area a, int w, int most)
{
	char line[1024];

	if (p->orders.n != 1)
		return (int)p->orders.n < most ? (int)p->orders.n : most;
	first_line(p->orders.at[0].command, line, sizeof(line));
	return lines_of(a.g->glyphs, w, line);
}

/* At most `most` of them; the rest is counted. */
static int
draw_commands(const struct model *m, struct area a, int y, int most)
{
	const struct orders *o = &m->ui->plan.orders;
	unsigned i, n = o->n > (unsigned)most ? (unsigned)most - 1 : o->n;
	struct area line;
	char alone[1024];

	if (most < 1)
		return y;
	if (o->n == 1 && most > 1) {
		first_line(o->at[0].command, alone, sizeof(alone));
		n = (unsigned)area_wrap(a, y, R_FG, alone);
		for (i = 0; i < n; i++)
			area_attr(a, 0, y + (int)i, a.w, AT_BOLD);
		return y + (int)n;
	}
	for (i = 0; i < n; i++) {
		line = area_part(a, 0, y + (int)i, a.w, 1);
		if (m->nhosts > 1) {
			area_cut(line, 0, 0, 10, R_HOST + (int)(o->at[i].host->index % 8),
			    o->at[i].host->name);
			line = area_part(line, 11, 0, line.w - 11, 1);
		}
		draw_command(line, 0, &o->at[i]);
	}
	if (n < o->n)
		area_fmt(a, 0, y + (int)n, R_DIM, "and %u more", o->n - n);
	return y + (int)n + (n < o->n);
}

/* The switches of this plan; rows used. */
static int
draw_switches(struct area a, int y, const struct plan *p)
{
	int n = 0;

	if (p->offers_maint)
		area_fmt(a, 0, y + n++, R_KEY, "Tab [%c] then maintenance when 0 sessions are left",
		    p->then_maint ? 'x' : ' ');
	if (p->orders.n > 1)
		area_fmt(a, 0, y + n++, R_KEY, "S-Tab [%c] the rest is not sent after a failure",
		    p->stops_at_failure ? 'x' : ' ');
	return n;
}

static void
draw_question(struct area a, int y, const struct ui *ui)
{
	const struct plan *p = &ui->plan;
	int x;

	if (p->level == ASK_HARD) {
		x = area_text(a, 0, y, R_KEY, "y");
		x = area_text(a, x, y, R_FG, " do it    ");
		x = area_text(a, x, y, R_KEY, "Esc");
		area_text(a, x, y, R_FG, " no");
		return;
	}
	x = area_text(a, 0, y, R_CRIT, "type ");
	x = area_cut_middle(a, x, y, a.w / 2, R_FOCUS, p->word);
	x = area_text(a, x, y, R_CRIT, " and Enter: ");
	edit_draw(a, x, y, a.w - x, &ui->edit);
}

static void
draw_dialog(struct model *m, struct area a)
{
	struct ui *ui = m->ui;
	struct plan *p = &ui->plan;
	int w = a.w < 80 ? a.w : a.w < 120 ? 84 : 100, effect, rows, y, most;
	char title[64];
	struct area in;

	effect = lines_of(a.g->glyphs, w - 4, p->effect);
	most = a.h - 9 - effect;
	most = most < 1 ? 1 : most;
	rows = command_rows(p, a, w - 4, most);
	snprintf(title, sizeof(title), "%s%s", p->level == ASK_DANGEROUS ? "dangerous: " : "",
	    action_name(p->kind));
	in = overlay_frame(a, w, rows + effect + 7 + p->offers_maint + (p->orders.n > 1), title,
	    p->level == ASK_DANGEROUS ? "Esc: no" : "y, Esc");
	y = draw_commands(m, in, 0, rows) + 1;
	y += area_wrap(in, y, p->level == ASK_DANGEROUS ? R_CRIT : R_FG, p->effect);
	if (ui->overlay_row != 0)
		area_text(in, 0, y, R_WARN, "this has changed meanwhile: look again");
	y += 1;
	y += draw_switches(in, y, p);
	draw_question(in, in.h - 1, ui);
}

/* The soft level: a line at the bottom. */
static void
draw_line(struct model *m, struct area a)
{
	const struct plan *p = &m->ui->plan;
	int rows = command_rows(p, a, a.w - 4, 4), x;
	struct area in = area_part(a, 0, a.h - rows - 3, a.w, rows + 3);

	in = overlay_frame(in, a.w, rows + 3, action_name(p->kind), p->effect);

	draw_commands(m, in, 0, rows);
	x = area_text(in, 0, rows, R_KEY, "Enter");
	x = area_text(in, x, rows, R_FG, " do it    ");
	x = area_text(in, x, rows, R_KEY, "Esc");
	area_text(in, x, rows, R_FG, " no");
}

void
confirm_draw(struct model *m, struct area a, struct hits *hits)
{
	struct plan *p = &m->ui->plan;

	(void)hits;
	plan_make(m, p);
	p->is_shown = true;
	if (p->refused[0] != '\0') {
		area_wrap(overlay_frame(a, 72, 5, action_name(p->kind), "Esc"), 1, R_WARN,
		    p->refused);
		return;
	}
	if (p->level <= ASK_SOFT)
		draw_line(m, a);
	else
		draw_dialog(m, a);
}

/* --- Keys ----------------------------------------------------------------- */

/* The plan as it is now; false: it is another one than was shown. */
static bool
is_still(struct model *m)
{
	struct ui *ui = m->ui;
	enum action_level shown = ui->plan.level;
	char word[256];

	memcpy(word, ui->plan.word, sizeof(word));
	plan_make(m, &ui->plan);
	if (ui->plan.refused[0] == '\0' && ui->plan.level <= shown &&
	    strcmp(word, ui->plan.word) == 0)
		return true;
	ui->overlay_row = 1;
	edit_set(&ui->edit, "");
	return false;
}

static bool
typed_word(struct ui *ui)
{
	return strcmp(ui->edit.text, ui->plan.word) == 0;
}

bool
confirm_key(struct model *m, const struct key *k)
{
	struct ui *ui = m->ui;
	enum action_level level = ui->plan.level;
	bool yes;

	if (k->code == K_ESC)
		return false;
	if (k->code == K_TAB && ui->plan.offers_maint) {
		ui->plan.then_maint = !ui->plan.then_maint;
		return true;
	}
	if (k->code == K_STAB) {
		ui->plan.stops_at_failure = !ui->plan.stops_at_failure;
		return true;
	}
	if (level == ASK_DANGEROUS && k->code != K_ENTER)
		return edit_key(&ui->edit, k), true;
	yes = level == ASK_DANGEROUS ? typed_word(ui) : level == ASK_HARD ? k->code == 'y' :
	    k->code == K_ENTER || k->code == 'y';
	if (yes && ui->plan.is_shown && is_still(m))
		send_it(m);
	else if (!yes && k->code == 'n')
		overlay_close(m);
	return !(k->code == 'q' && !yes);
}
