/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The palette: one list of what can be done here, narrowed by what is typed. A
 * line that begins with a verb lists what it can be done to; a line that is a
 * command of the socket goes out as it is.
 */
#include <stdio.h>
#include <string.h>

#include "tui/overlay_in.h"

/* --- Drawing -------------------------------------------------------------- */

void
palette_draw(struct model *m, struct area a, struct hits *hits)
{
	struct ui *ui = m->ui;
	const struct entries *l = palette_entries(m);
	const struct verb *v = palette_verb_of(m, ui->edit.text);
	struct area in = overlay_frame(a, 100, a.h < 24 ? a.h : 24, "Command",
	    "Tab completes  Enter  Esc"), list;
	const struct entry *e;
	unsigned page, i;
	int help;

	area_text(in, 0, 0, R_KEY, ":");
	edit_draw(in, 1, 0, in.w - 1, &ui->edit);
	if (v != NULL)
		area_fmt(in, 0, 1, R_DIM, "%s %s: %s", v->name, v->arguments, v->help);
	list = area_part(in, 0, 2, in.w, in.h - 2);
	page = list.h > 0 ? (unsigned)list.h : 1;
	if (ui->overlay_row >= l->n)
		ui->overlay_row = l->n > 0 ? l->n - 1 : 0;
	overlay_scroll(&ui->overlay_top, ui->overlay_row, l->n, page);
	help = in.w * 45 / 100;
	for (i = 0; i < page && ui->overlay_top + i < l->n; i++) {
		e = &l->at[ui->overlay_top + i];
		area_cut(list, 0, (int)i, help - 1, e->kind == E_ACT ? R_FG : R_INFO, e->line);
		area_cut(list, help, (int)i, list.w - help, R_DIM, e->help);
		overlay_hit(hits, list, (int)i, ui->overlay_top + i);
		if (ui->overlay_top + i == ui->overlay_row)
			area_select(list, (int)i);
	}
	if (l->n == 0 && v == NULL)
		area_text(list, 0, 0, R_WARN, "nothing fits; send COMMAND goes out as it is");
}

/* --- Keys ----------------------------------------------------------------- */

/* The longest beginning that all names which begin with the last word share. */
static void
complete_last_word(struct model *m)
{
	struct edit *e = &m->ui->edit;
	const char *word = strrchr(e->text, ' ');
	char best[200] = "", name[300];
	size_t typed, same;
	unsigned i, k;
	bool any = false;

	word = word != NULL ? word + 1 : e->text;
	typed = strlen(word);
	for (i = 0; i < m->nhosts; i++)
		for (k = 0; k < m->hosts[i]->nrows; k++) {
			const struct row *r = m->hosts[i]->rows[k];

			snprintf(name, sizeof(name), "%s%s%s", r->px,
			    r->type == ROW_SERVER ? "/" : "", r->type == ROW_SERVER ? r->sv : "");
			if (strncmp(name, word, typed) != 0)
				continue;
			if (!any)
				snprintf(best, sizeof(best), "%.199s", name);
			for (same = 0; best[same] != '\0' && best[same] == name[same]; same++)
				;
			best[same] = '\0';
			any = true;
		}
	if (strlen(best) <= typed)
		return;
	snprintf(name, sizeof(name), "%s", best + typed);
	if (e->len + strlen(name) < sizeof(e->text)) {
		memcpy(e->text + e->len, name, strlen(name) + 1);
		e->len += (unsigned)strlen(name);
		e->at = e->len;
	}
}

static void
complete(struct model *m, const struct entries *l)
{
	struct ui *ui = m->ui;

	if (palette_is_command(ui->edit.text))
		complete_last_word(m);
	else if (ui->overlay_row < l->n && l->at[ui->overlay_row].kind != E_ACT)
		edit_set(&ui->edit, l->at[ui->overlay_row].line);
	ui->overlay_row = 0;
}

static void
run_entry(struct model *m, const struct entry *e)
{
	struct key none = { 0 };

	switch (e->kind) {
	case E_BEGIN:
		edit_set(&m->ui->edit, e->line);
		m->ui->overlay_row = 0;
		break;
	case E_ACT:
		overlay_close(m);
		screen_act(m, (enum act)e->act, &none);
		break;
	case E_SEND:
		overlay_close(m);
		palette_send(m, e->line);
		break;
	case E_LINE:
		overlay_close(m);
		palette_run(m, e->line);
		break;
	}
}

/* What is typed, when it says all; else the row under the cursor. */
static void
enter(struct model *m, const struct entries *l)
{
	struct ui *ui = m->ui;
	char typed[512];
	const struct verb *v = palette_verb_of(m, ui->edit.text);
	const char *arguments = v != NULL ? ui->edit.text + strlen(v->name) + 1 : "";
	bool is_whole = v != NULL && (strpbrk(arguments, " *?") != NULL || l->n == 0);

	memcpy(typed, ui->edit.text, sizeof(typed));
	if (is_whole && ui->overlay_row == 0) {
		overlay_close(m);
		palette_run(m, typed);
	} else if (ui->overlay_row < l->n) {
		struct entry e = l->at[ui->overlay_row];

		run_entry(m, &e);
	}
}

bool
palette_key(struct model *m, const struct key *k)
{
	struct ui *ui = m->ui;
	const struct entries *l = palette_entries(m);

	if (k->code == K_ESC)
		return false;
	if (k->code == K_ENTER && !k->is_pasted)
		enter(m, l);
	else if (k->code == K_TAB)
		complete(m, l);
	else if (k->code != K_HOME && k->code != K_END &&
	    overlay_move(&ui->overlay_row, l->n, 10, k))
		return true;
	else if (k->code == K_BACKSPACE && ui->edit.len == 0)
		overlay_close(m);
	else if (edit_key(&ui->edit, k))
		ui->overlay_row = 0;
	return true;
}

void
palette_open(struct model *m, const char *text)
{
	overlay_open(m, OVERLAY_PALETTE);
	edit_set(&m->ui->edit, text);
}
