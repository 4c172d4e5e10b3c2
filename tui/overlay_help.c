/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Help: the keys that are in force on this screen, from the table that dispatch
 * reads, with signs of states and the filter language; typing searches it.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "tui/overlay_in.h"

#define LINES_MAX	200

struct line {
	char	 keys[40];		/* "": a heading, or text without one */
	const char *text;
	enum { L_HEAD, L_KEY, L_STATE, L_TEXT } kind;
	int	 state;
};

struct lines { struct line at[LINES_MAX]; unsigned n; const char *search; };

static const char *const filter_help[][2] = {
	{ "web", "its text has it; capitals only when you type one" },
	{ "!web", "has it not; also not web" },
	{ "/^web-\\d/", "a regular expression" },
	{ "state:down", "a field has it; = is all of it, != is not, ~ a regular expression" },
	{ "p99>300 5xx>1%", "numbers; units us ms s m h d % k M G" },
	{ "changed<5m", "ages" },
	{ "a b, a or b, ( )", "both; one of them; together" },
	{ "@name", "one that was saved, by : save NAME" }
};

static const struct { enum state state; const char *text; } states_help[] = {
	{ ST_OK, "up, OK" }, { ST_DEGRADED, "up, not all of it" },
	{ ST_DRAIN, "drains: no new users" }, { ST_CRIT, "down, ALARM" },
	{ ST_MAINT, "maintenance" }, { ST_UNKNOWN, "unknown, no data" },
	{ ST_BUSY, "under way" }
};

/* --- What there is to say ------------------------------------------------- */

static void
add(struct lines *l, int kind, int state, const char *keys, const char *text)
{
	struct line *at;

	if (l->n == LINES_MAX)
		return;
	if (kind != L_HEAD && l->search[0] != '\0' &&
	    str_ifind(str_of(text), str_of(l->search)) == NULL &&
	    str_ifind(str_of(keys), str_of(l->search)) == NULL)
		return;
	if (kind == L_HEAD && l->n > 0 && l->at[l->n - 1].kind == L_HEAD)
		l->n--;			/* nothing was found under it */
	at = &l->at[l->n++];
	snprintf(at->keys, sizeof(at->keys), "%s", keys);
	at->text = text;
	at->kind = kind;
	at->state = state;
}

/* The keys of a row that no row of the screen's own has taken. */
static void
keys_left(const struct key_row *r, const char *screen, char *buf, size_t size)
{
	struct str rest = str_of(r->keys), name;
	char one[16];
	size_t len = 0;

	buf[0] = '\0';
	while (str_next_elem(&rest, ' ', &name)) {
		snprintf(one, sizeof(one), "%.*s", (int)name.len, name.p);
		if (key_act(screen, key_code(one)) != r->act || len + name.len + 2 > size)
			continue;
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len > 0 ? " " : "", one);
	}
}

static void
add_keys(const struct model *m, struct lines *l, bool own)
{
	const char *screen = m->ui->screen->name;
	const struct key_row *rows;
	char keys[40];
	size_t n, i;

	rows = key_rows(&n);
	for (i = 0; i < n; i++) {
		if (key_is_own(&rows[i]) != own || !key_in_scope(&rows[i], screen) ||
		    !action_is_possible(m, action_of_act(rows[i].act)))
			continue;
		keys_left(&rows[i], screen, keys, sizeof(keys));
		if (keys[0] != '\0')
			add(l, L_KEY, 0, keys, rows[i].help);
	}
}

static void
add_screens(struct lines *l)
{
	char key[2] = "";
	unsigned i;

	add(l, L_HEAD, 0, "", "Screens");
	for (i = 0; screens[i] != NULL; i++) {
		key[0] = screens[i]->tab;
		if (screens[i]->title != NULL)
			add(l, L_KEY, 0, key, screens[i]->title);
	}
}

static void
collect(const struct model *m, struct lines *l)
{
	size_t i;

	l->n = 0;
	l->search = m->ui->edit.text;
	add(l, L_HEAD, 0, "", m->ui->screen->title != NULL ? m->ui->screen->title :
	    "This view");
	add_keys(m, l, true);
	add(l, L_HEAD, 0, "", "Everywhere");
	add_keys(m, l, false);
	add_screens(l);
	add(l, L_HEAD, 0, "", "Filter");
	for (i = 0; i < sizeof(filter_help) / sizeof(filter_help[0]); i++)
		add(l, L_TEXT, 0, filter_help[i][0], filter_help[i][1]);
	add(l, L_HEAD, 0, "", "Signs");
	for (i = 0; i < sizeof(states_help) / sizeof(states_help[0]); i++)
		add(l, L_STATE, (int)states_help[i].state, "", states_help[i].text);
	if (l->n > 0 && l->at[l->n - 1].kind == L_HEAD)
		l->n--;
}

/* --- Drawing -------------------------------------------------------------- */

static void
draw_line(struct area a, int y, int w, const struct line *l)
{
	if (l->kind == L_HEAD) {
		area_text(a, 0, y, R_TITLE, l->text);
		area_attr(a, 0, y, text_width(l->text), AT_UNDER);
		return;
	}
	if (l->kind == L_STATE)
		area_state(a, 2, y, (enum state)l->state);
	area_cut(a, 2 + 2 * (l->kind == L_STATE), y, w - 3, l->kind == L_KEY ? R_KEY : R_INFO,
	    l->keys);
	area_cut(a, l->kind == L_STATE ? 4 : w, y, a.w - w, R_FG, l->text);
}

/* Columns for keys, and how many columns of lines there are. */
static struct area
nth_column(struct area in, unsigned n, unsigned columns)
{
	int w = in.w / (int)columns;

	return area_part(in, (int)n * w, 0, w - (columns > 1), in.h);
}

void
help_draw(struct model *m, struct area a, struct hits *hits)
{
	struct ui *ui = m->ui;
	unsigned columns = a.w >= 150 ? 2 : 1, page, i, shown;
	struct area in, list;
	static struct lines l;

	(void)hits;
	collect(m, &l);
	in = overlay_frame(a, columns == 2 ? 180 : 96, a.h, "Help", "Esc");
	area_text(in, 0, 0, R_DIM, "type to search:");
	edit_draw(in, 16, 0, in.w - 16 < 40 ? in.w - 16 : 40, &ui->edit);
	list = area_part(in, 0, 2, in.w, in.h - 2);
	page = list.h > 0 ? (unsigned)list.h * columns : 1;
	if (ui->overlay_top + page > l.n)
		ui->overlay_top = l.n > page ? l.n - page : 0;
	shown = l.n - ui->overlay_top < page ? l.n - ui->overlay_top : page;
	for (i = 0; i < shown && list.h > 0; i++)
		draw_line(nth_column(list, i / (unsigned)list.h, columns),
		    (int)(i % (unsigned)list.h), 19, &l.at[ui->overlay_top + i]);
	if (l.n == 0)
		area_text(list, 0, 0, R_WARN, "nothing about that");
	else if (ui->overlay_top + page < l.n)
		area_text(in, in.w - 10, 0, R_DIM, "PgDn: more");
}

bool
help_key(struct model *m, const struct key *k)
{
	struct ui *ui = m->ui;
	const struct key plain = ui->edit.len == 0 ? overlay_arrows(k) : *k;

	if (ui->edit.len == 0 && (k->code == 'q' || k->code == '?' || k->code == K_F1)) {
		overlay_close(m);
		return true;
	}
	if (ui->edit.len == 0 && k->code == '/')
		return true;
	if (k->code == K_ESC) {
		overlay_close(m);
		return true;
	}
	if (overlay_move(&ui->overlay_top, LINES_MAX, 10, &plain))
		return true;
	if (edit_key(&ui->edit, k))
		ui->overlay_top = 0;
	return true;
}

void
help_open(struct model *m)
{
	overlay_open(m, OVERLAY_HELP);
}
