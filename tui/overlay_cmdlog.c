/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of commands: what was sent where and when, what came back and how long
 * it took, and what can be taken back. Above it what still waits for a server to
 * be empty.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui/cmds.h"
#include "tui/overlay_in.h"

/* In the order of enum cmd_state. */
static const struct { const char *text; int role; } results[] = {
	{ "sent", R_INFO }, { "ok", R_GOOD }, { "failed", R_CRIT }, { "no answer", R_CRIT }
};

/* The one under the cursor: the newest is first. */
static struct cmd *
chosen(const struct model *m)
{
	unsigned row = m->ui->overlay_row;

	return row < m->ncmds ? &m->cmds[m->ncmds - 1 - row] : NULL;
}

static void
draw_cmd(const struct model *m, struct area a, int y, const struct cmd *c)
{
	time_t t = (time_t)(c->sent_ms / 1000);
	char when[16], line[512];
	struct tm tm;
	int x;

	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	x = area_text(a, 0, y, R_DIM, when) + 1;
	if (m->nhosts > 1) {
		area_cut(a, x, y, 10, R_HOST + (int)(c->host->index % 8), c->host->name);
		x += 11;
	}
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(c->command, "\n"), c->command);
	area_cut_middle(a, x, y, a.w - x - 30, R_FG, line);
	x = area_text(a, a.w - 28, y, results[c->state].role, results[c->state].text);
	if (c->state == CMD_OK || c->state == CMD_FAILED)
		area_fmt(a, x + 1, y, R_DIM, "(%.0f ms)", c->took_ms);
	if (c->is_undone)
		area_text(a, a.w - 11, y, R_DIM, "taken back");
	else if (cmd_can_undo(c))
		area_text(a, a.w - 11, y, R_KEY, "u undo");
}

static int
draw_waiting(const struct model *m, struct area a)
{
	const struct followup *f;
	unsigned i;

	for (i = 0; i < m->ui->nfollowups; i++) {
		f = &m->ui->followups[i];
		area_fmt(a, 0, (int)i, R_DRAIN, "%s/%s: %d sessions left, then %s  (x: not)", f->px,
		    f->sv, f->sessions < 0 ? 0 : f->sessions, f->command);
	}
	return (int)i;
}

static void
draw_answer(struct area a, const struct cmd *c)
{
	const char *p = c->answer != NULL ? c->answer : "";
	char line[1024];
	size_t len;
	int y;

	a = area_rule(a, "Answer", c->inverse != NULL ? c->inverse : "", false);
	for (y = 0; y < a.h && *p != '\0'; y++) {
		len = strcspn(p, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, p);
		area_cut(a, 0, y, a.w, R_FG, line);
		p += len + (p[len] == '\n');
	}
	if (*p != '\0')
		area_text(a, a.w - 14, a.h - 1, R_KEY, " Enter: more ");
	if (y == 0)
		area_text(a, 0, 0, R_DIM, c->state == CMD_SENT ? "..." : "(nothing)");
}

void
cmdlog_draw(struct model *m, struct area a, struct hits *hits)
{
	struct ui *ui = m->ui;
	struct area in = overlay_frame(a, a.w > 120 ? 140 : a.w, a.h, "Commands sent",
	    "u undo  y copy  Enter answer  Esc"), list;
	unsigned page, i;
	int y;

	y = draw_waiting(m, in);
	list = area_part(in, 0, y, in.w, (int)m->ncmds < (in.h - y) / 2 ? (int)m->ncmds :
	    (in.h - y) / 2);
	page = list.h > 0 ? (unsigned)list.h : 1;
	if (m->ncmds == 0) {
		area_text(list, 0, 0, R_DIM, "nothing was sent yet");
		return;
	}
	if (ui->overlay_row >= m->ncmds)
		ui->overlay_row = m->ncmds - 1;
	overlay_scroll(&ui->overlay_top, ui->overlay_row, m->ncmds, page);
	for (i = 0; i < page && ui->overlay_top + i < m->ncmds; i++) {
		draw_cmd(m, list, (int)i, &m->cmds[m->ncmds - 1 - ui->overlay_top - i]);
		overlay_hit(hits, list, (int)i, ui->overlay_top + i);
		if (ui->overlay_top + i == ui->overlay_row)
			area_select(list, (int)i);
	}
	draw_answer(area_part(in, 0, list.y - in.y + list.h, in.w, in.h), chosen(m));
}

static void
undo(struct model *m, const struct cmd *c)
{
	struct plan p;

	if (!cmd_can_undo(c)) {
		ui_say(m, R_WARN, "this cannot be taken back");
		return;
	}
	cmd_undo_plan(c, &p);
	overlay_close(m);
	confirm_open(m, &p);
}

bool
cmdlog_key(struct model *m, const struct key *k)
{
	struct ui *ui = m->ui;
	struct cmd *c = chosen(m);
	const struct key plain = overlay_arrows(k);

	if (overlay_move(&ui->overlay_row, m->ncmds, 10, &plain))
		return true;
	if (k->code == 'x' && ui->nfollowups > 0)
		followups_clear(ui);
	else if (k->code == 'u' && c != NULL)
		undo(m, c);
	else if (k->code == 'y' && c != NULL) {
		snprintf(ui->copy, sizeof(ui->copy), "%s", c->command);
		ui->wishes |= WISH_COPY;
		ui_say(m, R_INFO, "copied");
	} else if (k->code == K_ENTER && c != NULL && c->answer != NULL)
		text_open(m, c->command, c->answer);
	else if (k->code == 'c')
		overlay_close(m);
	else
		return false;
	return true;
}

void
cmdlog_open(struct model *m)
{
	overlay_open(m, OVERLAY_CMDLOG);
}
