/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keys do that all screens share: time, panes, overlays, the way back. A row
 * an act; a screen's own act() is asked first.
 */
#include <string.h>

#include "tui/cmds.h"
#include "tui/overlay.h"
#include "tui/screen.h"

/* --- Time ---------------------------------------------------------------- */

/* Windows one can zoom through, in seconds. */
static const unsigned windows[] = { 60, 120, 300, 600, 900, 1800, 3600, 3 * 3600, 6 * 3600,
	12 * 3600, 86400, 3 * 86400, 7 * 86400 };

static void
zoom(struct model *m, int step)
{
	int n = sizeof(windows) / sizeof(windows[0]), i;

	for (i = 0; i < n - 1 && windows[i] < m->ui->window_s; i++)
		;
	i += step;
	m->ui->window_s = windows[i < 0 ? 0 : i >= n ? n - 1 : i];
}

/* The right edge moves; at the newest second it follows the time again. */
static void
move_time(struct model *m, int64_t ms)
{
	struct ui *ui = m->ui;
	int64_t until = (ui->until_ms != 0 ? ui->until_ms : m->now_ms) + ms;

	if (m->is_replay && (ms == 1000 || ms == -1000)) {
		ui->wishes |= ms > 0 ? WISH_STEP : WISH_STEP_BACK;
		return;
	}
	ui->until_ms = until >= m->now_ms ? 0 : until;
	if (ui->until_ms == 0 && ui->is_paused)
		ui->until_ms = m->now_ms;
}

static void
pause_picture(struct model *m)
{
	struct ui *ui = m->ui;

	ui->is_paused = !ui->is_paused;
	ui->until_ms = ui->is_paused ? m->now_ms : 0;
	ui_say(m, R_INFO, ui->is_paused ? "the picture is held; p goes on" : "");
}

/* --- Ways ---------------------------------------------------------------- */

static void
go_back(struct model *m)
{
	struct ui *ui = m->ui;

	if (ui->filter_text[0] != '\0')
		ui_filter(m, "");
	else if (ui->is_zoomed)
		ui->is_zoomed = false;
	else if (ui->nback > 0)
		ui->screen = ui->back[--ui->nback];
	else if (ui->cursor_ms != 0)
		ui->cursor_ms = 0;
}

/* What would be lost is told once. */
static bool
may_quit(struct model *m)
{
	const char *what = NULL;
	unsigned i;

	for (i = 0; screens[i] != NULL && what == NULL; i++)
		if (screens[i]->unsaved != NULL)
			what = screens[i]->unsaved(m);
	if (what == NULL || m->ui->is_quitting)
		return true;
	m->ui->is_quitting = true;
	ui_say(m, R_WARN, "the draft of %s is not applied: q again quits without it", what);
	return false;
}

static void
close_or_quit(struct model *m)
{
	struct ui *ui = m->ui;

	if (ui->nback > 0)
		ui->screen = ui->back[--ui->nback];
	else if (may_quit(m))
		ui->wishes |= WISH_QUIT;
}

static void
next_pane(struct model *m, int step)
{
	unsigned n = m->ui->screen->panes;

	if (n > 1)
		m->ui->pane = (m->ui->pane + n + (unsigned)step) % n;
}

static void
next_theme(struct model *m)
{
	unsigned i, n;

	for (n = 0; theme_name(n) != NULL; n++)
		;
	for (i = 0; i < n && theme_find(theme_name(i)) != m->ui->theme; i++)
		;
	m->ui->theme = theme_find(theme_name((i + 1) % n));
	m->ui->wishes |= WISH_REPAINT;
	ui_say(m, R_INFO, "theme %s: %s", m->ui->theme->name, m->ui->theme->text);
}

/* The newest change that can be taken back, asked about like any other command. */
static void
undo(struct model *m)
{
	struct plan p;
	struct cmd *c;
	unsigned i;

	for (i = m->ncmds; i-- > 0;) {
		c = &m->cmds[i];
		if (!cmd_can_undo(c) || c->undoes != 0)
			continue;
		cmd_undo_plan(c, &p);
		confirm_open(m, &p);
		return;
	}
	ui_say(m, R_WARN, "nothing to take back");
}

static void
poll_rate(struct model *m, double factor)
{
	double s = m->poll_s * factor;

	m->poll_s = s < 0.25 ? 0.25 : s > 60 ? 60 : s;
	m->ui->wishes |= WISH_POLL;
	ui_say(m, R_INFO, "every %g s", m->poll_s);
}

static void
filter_open(struct model *m)
{
	m->ui->is_filtering = true;
	edit_set(&m->ui->edit, m->ui->filter_text);
}

/* --- Dispatch ------------------------------------------------------------ */

static bool
act_time(struct model *m, enum act act)
{
	int64_t tenth = (int64_t)m->ui->window_s * 100;

	switch (act) {
	case ACT_TIME_BACK: move_time(m, -1000); break;
	case ACT_TIME_ON: move_time(m, 1000); break;
	case ACT_TIME_BACK_10: move_time(m, -tenth); break;
	case ACT_TIME_ON_10: move_time(m, tenth); break;
	case ACT_ZOOM_IN: zoom(m, -1); break;
	case ACT_ZOOM_OUT: zoom(m, 1); break;
	case ACT_ZOOM_RESET:
		m->ui->window_s = 600;
		m->ui->until_ms = m->ui->cursor_ms = 0;
		m->ui->is_paused = false;
		break;
	case ACT_PAUSE: pause_picture(m); break;
	case ACT_FASTER: poll_rate(m, 0.5); break;
	case ACT_SLOWER: poll_rate(m, 2); break;
	default: return false;
	}
	return true;
}

static bool
act_view(struct model *m, enum act act)
{
	switch (act) {
	case ACT_HELP: help_open(m); break;
	case ACT_FILTER: filter_open(m); break;
	case ACT_PALETTE: palette_open(m, ""); break;
	case ACT_CMDLOG: cmdlog_open(m); break;
	case ACT_SETTINGS: settings_open(m); break;
	case ACT_NEXT_PANE: next_pane(m, 1); break;
	case ACT_PREV_PANE: next_pane(m, -1); break;
	case ACT_ZOOM_PANE: m->ui->is_zoomed = !m->ui->is_zoomed; break;
	case ACT_THEME: next_theme(m); break;
	case ACT_BACK: go_back(m); break;
	case ACT_CLOSE: close_or_quit(m); break;
	case ACT_FAULTS: m->ui->faults_only = !m->ui->faults_only; break;
	case ACT_UNDO: undo(m); break;
	default: return false;
	}
	return true;
}

/* What the loop has to do. */
static unsigned
wish_of(enum act act)
{
	switch (act) {
	case ACT_QUIT: return WISH_QUIT;
	case ACT_SUSPEND: return WISH_SUSPEND;
	case ACT_REPAINT: return WISH_REPAINT;
	case ACT_COPY: return WISH_COPY;
	case ACT_EXPORT: return WISH_EXPORT;
	case ACT_RECORD: return WISH_RECORD;
	case ACT_MOUSE: return WISH_MOUSE;
	default: return 0;
	}
}

void
screen_act(struct model *m, enum act act, const struct key *k)
{
	if (act != ACT_CLOSE)
		m->ui->is_quitting = false;
	if (m->ui->screen->act(m, act, k) || act_time(m, act) || act_view(m, act))
		return;
	m->ui->wishes |= wish_of(act);
}
