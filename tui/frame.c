/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame around each screen: title, tabs, message, key bar; and the words for
 * a terminal that is too small. Rows go to the screen first: below 16 rows
 * message and key bar share one, narrow screens have no tabs.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui/overlay.h"
#include "tui/screen.h"
#include "tui/table.h"

#define MIN_W	40
#define MIN_H	10
#define WIDE	100		/* from here on: tabs, date */

/* --- Title --------------------------------------------------------------- */

static enum state
host_sign(const struct host *h)
{
	return h->state == HOST_UP ? ST_OK : h->state == HOST_LOST ? ST_CRIT : ST_BUSY;
}

static int
draw_hosts(struct model *m, struct area a, int x, struct hits *hits)
{
	const struct host *h;
	unsigned i;
	int x0;

	for (i = 0; i < m->nhosts && x < a.w - 8; i++) {
		h = m->hosts[i];
		x0 = x;
		x = area_cut_middle(a, x, 0, 24, m->nhosts > 1 ? R_HOST + (int)(h->index % 8) :
		    R_TITLE, h->name);
		area_attr(a, x0, 0, x - x0, m->ui->only == h ? AT_BOLD | AT_UNDER : AT_BOLD);
		area_state(a, x + 1, 0, host_sign(h));
		x += 4;
	}
	(void)hits;
	return x - 1;
}

/* `3.3.0-weir0.1` is weir 0.1. */
static void
version_text(const struct host *h, char *buf, size_t size)
{
	const char *own = strstr(h->version, "-weir");
	const char *end = strchr(h->version, '-');

	if (h->kind == HOST_WEIR)
		snprintf(buf, size, "weir %s", own != NULL ? own + 5 : h->version);
	else if (h->kind == HOST_HAPROXY)
		snprintf(buf, size, "haproxy %.*s",
		    (int)(end != NULL ? end - h->version : (long)strlen(h->version)), h->version);
	else
		buf[0] = '\0';
}

static void
uptime_text(double s, char *buf, size_t size)
{
	long long t = (long long)s;

	if (t >= 86400)
		snprintf(buf, size, "up %lldd%02lldh", t / 86400, t / 3600 % 24);
	else if (t >= 3600)
		snprintf(buf, size, "up %lldh%02lldm", t / 3600, t / 60 % 60);
	else
		snprintf(buf, size, "up %lldm%02llds", t / 60, t % 60);
}

/* Version, uptime, what may be done: of the one appliance that is shown. */
static int
draw_about(const struct model *m, struct area a, int x)
{
	const struct host *h = m->ui->only != NULL ? m->ui->only : m->nhosts == 1 ? m->hosts[0] :
	    NULL;
	char text[96];

	if (h != NULL && h->state != HOST_CONNECTING) {
		version_text(h, text, sizeof(text));
		x = area_text(a, x + 1, 0, R_DIM, text);
		uptime_text(h->uptime_s, text, sizeof(text));
		x = area_text(a, x + 2, 0, R_DIM, text) + 1;
	}
	x = area_text(a, x + 1, 0, R_DIM, m->is_replay ? "replay" : m->is_readonly ? "ro" : "rw");
	return area_fmt(a, x + 2, 0, R_DIM, a.g->w >= WIDE ? "every %g s" : "%gs", m->poll_s);
}

/* Words from the right edge leftwards. */
static void
put_left(struct area *a, int role, int attr, const char *text)
{
	int w = text_width(text);
	struct area part = area_take_right(a, w + 2);

	area_text(part, part.w - w, 0, role, text);
	area_attr(part, part.w - w, 0, w, attr);
}

static void
clock_text(const struct model *m, bool has_date, char *buf, size_t size)
{
	time_t t = (time_t)(m->now_ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, size, has_date ? "%Y-%m-%d %H:%M:%SZ" : "%H:%M:%SZ", &tm);
}

static void
draw_alarms(const struct model *m, struct area *a)
{
	struct totals t;
	char text[64];

	model_totals(m, m->ui->only, &t);
	if (t.alarms + t.insufficient + t.alarms_ok + t.idle == 0)
		return;
	if (a->g->w >= WIDE) {
		snprintf(text, sizeof(text), "%u OK", t.alarms_ok);
		put_left(a, R_DIM, 0, text);
		snprintf(text, sizeof(text), "%u INSUFFICIENT", t.insufficient);
		put_left(a, t.insufficient > 0 ? R_UNKNOWN : R_DIM, 0, text);
	}
	snprintf(text, sizeof(text), "%u ALARM%s", t.alarms, t.alarms == 1 ? "" : "S");
	put_left(a, t.alarms > 0 ? R_CRIT : R_DIM, t.alarms > 0 ? AT_BOLD : 0, text);
}

/* Marks of what is unusual: they must not be overlooked. */
static void
draw_marks(const struct model *m, struct area *a)
{
	bool paused = false, test_clock = false;
	unsigned i;

	for (i = 0; i < m->nhosts; i++) {
		paused |= m->hosts[i]->is_paused;
		test_clock |= m->hosts[i]->is_test_clock;
	}
	if (paused)
		put_left(a, R_WARN, AT_REVERSE, " PAUSED ");
	if (test_clock)
		put_left(a, R_WARN, AT_REVERSE, " TEST CLOCK ");
	if (m->ui->is_paused)
		put_left(a, R_INFO, AT_REVERSE, " HELD ");
	if (m->ui->is_recording)
		put_left(a, R_CRIT, AT_REVERSE, " REC ");
}

static void
draw_title(struct model *m, struct area a, struct hits *hits)
{
	char text[64];
	int x;

	area_rune(a, a.w - 1, 0, R_FG, ' ');
	a = area_part(a, 0, 0, a.w - 1, 1);
	clock_text(m, a.w >= WIDE, text, sizeof(text));
	put_left(&a, R_TITLE, 0, text);
	if (m->ui->is_test) {
		snprintf(text, sizeof(text), "#%u", m->ui->frame);
		put_left(&a, R_DIM, 0, text);
	}
	draw_alarms(m, &a);
	draw_marks(m, &a);
	x = area_text(a, 1, 0, R_ACCENT, "weirtop");
	area_attr(a, 1, 0, 7, AT_BOLD);
	x = draw_hosts(m, a, x + 2, hits);
	draw_about(m, a, x + 1);
}

static void
draw_tabs(struct model *m, struct area a, struct hits *hits)
{
	const struct screen *s, *now = m->ui->screen;
	int x = 2, x0;
	unsigned i;

	if (now->title == NULL && m->ui->nback > 0)
		now = m->ui->back[0];
	for (i = 0; screens[i] != NULL && x < a.w; i++) {
		s = screens[i];
		if (s->title == NULL)
			continue;
		x0 = x;
		area_rune(a, x, 0, R_KEY, (uint32_t)s->tab);
		x = area_text(a, x + 2, 0, s == now ? R_FOCUS : R_FG, s->title);
		if (s == now)
			area_bg(a, x0 - 1, 0, x - x0 + 2, R_SEL);
		hits_add(hits, HIT_TAB, area_part(a, x0, 0, x - x0, 1), (int)i, 0);
		x += 2;
	}
}

/* --- Last lines ---------------------------------------------------------- */

static bool
draw_lost(const struct model *m, struct area a)
{
	const struct host *h;
	long long since, next;
	unsigned i;

	for (i = 0; i < m->nhosts; i++) {
		h = m->hosts[i];
		if (h->state != HOST_LOST)
			continue;
		since = (m->now_ms - h->lost_ms) / 1000;
		next = (h->retry_ms - m->now_ms + 999) / 1000;
		area_fmt(a, 1, 0, R_CRIT, "%s: %s for %lld s, retry in %lld s", h->name,
		    h->error[0] != '\0' ? h->error : "no answer", since < 0 ? 0 : since,
		    next < 0 ? 0 : next);
		return true;
	}
	return false;
}

/* The last command that was sent, while it is new. */
static bool
draw_command(const struct model *m, struct area a)
{
	static const struct { const char *text; int role; } states[] = {
		[CMD_SENT] = { "...", R_INFO }, [CMD_OK] = { "ok", R_GOOD },
		[CMD_FAILED] = { "failed", R_CRIT }, [CMD_LOST] = { "no answer", R_CRIT },
	};
	const struct cmd *c = m->ncmds > 0 ? &m->cmds[m->ncmds - 1] : NULL;
	const char *nl;
	int x;

	if (c == NULL || m->now_ms - c->sent_ms > 60000)
		return false;
	area_rune(a, 1, 0, R_DIM, a.g->glyphs->arrow);
	x = area_cut(a, 3, 0, a.w - 34, R_FG, c->command) + 2;
	area_rune(a, x, 0, R_DIM, 0x2192);
	x = area_text(a, x + 2, 0, states[c->state].role, states[c->state].text);
	if (c->state == CMD_OK)
		x = area_fmt(a, x + 1, 0, R_DIM, "(%.0f ms)", c->took_ms);
	if (c->state == CMD_FAILED && c->answer != NULL) {
		nl = strchr(c->answer, '\n');
		area_fmt(a, x, 0, R_CRIT, ": %.*s", nl != NULL ? (int)(nl - c->answer) :
		    (int)strlen(c->answer), c->answer);
	} else if (c->inverse != NULL && !c->is_undone)
		area_text(area_part(a, x + 3, 0, 7, 1), 0, 0, R_DIM, "u undo");
	return true;
}

static void
draw_filter(struct model *m, struct area a)
{
	struct ui *ui = m->ui;
	int x = area_text(a, 0, 0, R_KEY, "/"), w = text_width(ui->edit.text) + 1, shown;

	w = w < a.w - x ? w : a.w - x;
	edit_draw(a, x, 0, w, &ui->edit);
	shown = x + w - 1;
	if (ui->filter_error[0] != '\0')
		area_text(a, shown + 2, 0, R_CRIT, ui->filter_error);
	else
		area_text(a, shown + 2, 0, R_DIM,
		    "words  !not  /re/  state:down  p99>300  5xx>1%  changed<5m  and or ( )");
}

/* Until a command says more. */
static bool
is_news(const struct model *m)
{
	const struct ui *ui = m->ui;

	return ui->message[0] != '\0' && m->now_ms - ui->message_ms < 10000 &&
	    (m->ncmds == 0 || m->cmds[m->ncmds - 1].sent_ms <= ui->message_ms);
}

static void
draw_message(struct model *m, struct area a)
{
	struct ui *ui = m->ui;

	if (ui->is_filtering)
		draw_filter(m, a);
	else if (is_news(m))
		area_cut(a, 1, 0, a.w - 2, ui->message_role, ui->message);
	else if (!draw_lost(m, a))
		draw_command(m, a);
}

/* One entry: the first name of the key, then the label; false: no room. */
static bool
draw_key(const struct key_row *r, struct area a, int *x, struct hits *hits)
{
	size_t name = strcspn(r->keys, " ");
	char text[16];
	int w, x0 = *x;

	snprintf(text, sizeof(text), "%.*s", (int)name, r->keys);
	w = text_width(text) + text_width(r->label);
	if (x0 + w > a.w)
		return false;
	*x = area_text(a, x0, 0, R_KEY, text);
	*x = area_text(a, *x, 0, R_DIM, r->label);
	hits_add(hits, HIT_KEY, area_part(a, x0, 0, w, 1), (int)r->act, 0);
	(*x)++;
	return true;
}

/* Help, the screen's own keys, the general ones, Quit: as many as fit. */
static void
draw_keys(struct model *m, struct area a, struct hits *hits)
{
	const char *name = m->ui->screen->name;
	const struct key_row *rows, *r;
	struct area quit = area_take_right(&a, 8);
	size_t n, i;
	int pass, x = 0;

	rows = key_rows(&n);
	for (pass = 0; pass < 3; pass++)
		for (i = 0; i < n; i++) {
			r = &rows[i];
			if (r->label[0] == '\0' || r->act == ACT_QUIT || !key_in_scope(r, name) ||
			    !action_is_possible(m, action_of_act(r->act)))
				continue;
			if ((r->act == ACT_HELP ? 0 : key_is_own(r) ? 1 : 2) == pass &&
			    !draw_key(r, a, &x, hits))
				break;
		}
	x = 0;
	for (i = 0; i < n; i++)
		if (rows[i].act == ACT_QUIT)
			draw_key(&rows[i], quit, &x, hits);
}

/* --- All ----------------------------------------------------------------- */

static bool
nothing_is_up(const struct model *m)
{
	unsigned i;

	for (i = 0; i < m->nhosts; i++)
		if (m->hosts[i]->state == HOST_UP)
			return false;
	return m->nhosts > 0;
}

static void
dim_all(struct area a)
{
	int y;

	for (y = 0; y < a.h; y++)
		area_attr(a, 0, y, a.w, AT_DIM);
}

void
screen_draw(struct model *m, struct grid *g, struct hits *hits)
{
	struct area a = grid_area(g), last;

	grid_clear(g);
	hits->n = 0;
	if (g->w < MIN_W || g->h < MIN_H) {
		area_fmt(a, 0, 0, R_WARN, "weirtop needs %dx%d (has %dx%d)", MIN_W, MIN_H, g->w,
		    g->h);
		return;
	}
	draw_title(m, area_take_top(&a, 1), hits);
	if (g->w >= WIDE)
		draw_tabs(m, area_take_top(&a, 1), hits);
	last = area_take_bottom(&a, 1);
	if (g->h >= 16) {
		draw_keys(m, last, hits);
		last = area_take_bottom(&a, 1);
	}
	draw_message(m, last);
	m->ui->screen->draw(m, a, hits);
	if (nothing_is_up(m) && !m->is_replay)
		dim_all(a);
	if (m->ui->overlay != OVERLAY_NONE)
		overlay_draw(m, area_part(grid_area(g), 0, 1, g->w, g->h - 2), hits);
}
