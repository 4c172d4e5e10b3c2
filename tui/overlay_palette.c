/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The palette: one list of what can be done here, narrowed by what is typed. A
 * line that begins with a verb lists what it can be done to; a line that is a
 * command of the socket goes out as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "tui/overlay_in.h"

#define ENTRIES_MAX	1500

enum entry_kind { E_LINE, E_BEGIN, E_ACT, E_SEND };

struct entry {
	char	 line[200];
	char	 help[100];
	enum entry_kind kind;
	int	 act, score;
	unsigned order;
};

struct entries { struct entry *at; unsigned n; const char *typed; };

/* --- How well it fits ----------------------------------------------------- */

/* One word as a subsequence: beginnings of words and runs count more. 0: it fits not. */
static int
score_word(const char *text, struct str word)
{
	int score = 0, run = 0;
	size_t k = 0;
	const char *p;

	for (p = text; *p != '\0' && k < word.len; p++) {
		if (ascii_lower(*p) != ascii_lower(word.p[k])) {
			run = 0;
			continue;
		}
		run++;
		score += 1 + 2 * run + (p == text || strchr(" /-_.", p[-1]) != NULL ? 4 : 0);
		k++;
	}
	return k < word.len ? 0 : score + (p - text == (long)word.len ? 8 : 0);
}

/* All words must fit, into the line or else its help. */
static int
score(const struct entry *e, const char *typed)
{
	struct str rest = str_of(typed), word;
	int all = 1, one;

	while (str_next_elem(&rest, ' ', &word)) {
		one = 3 * score_word(e->line, word);
		if (one == 0 && str_ifind(str_of(e->help), word) != NULL)
			one = 2;
		if (one == 0)
			return 0;
		all += one;
	}
	return all;
}

static void
add(struct entries *l, enum entry_kind kind, int act, const char *line, const char *help)
{
	struct entry *e = &l->at[l->n];

	if (l->n == ENTRIES_MAX)
		return;
	snprintf(e->line, sizeof(e->line), "%s", line);
	snprintf(e->help, sizeof(e->help), "%s", help);
	e->kind = kind;
	e->act = act;
	e->order = l->n;
	e->score = kind == E_SEND ? 1000 : score(e, l->typed);
	l->n += e->score > 0;
}

static int
by_score(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->score != y->score ? y->score - x->score : x->order < y->order ? -1 : 1;
}

/* --- What there is -------------------------------------------------------- */

static void
add_objects(const struct model *m, struct entries *l, const struct verb *v, enum kind kind)
{
	const struct sheet *s;
	char line[300], name[200];
	unsigned i, k;

	for (i = 0; i < m->nhosts; i++) {
		s = &m->hosts[i]->kinds[kind];
		for (k = 0; k < s->nrows; k++) {
			snprintf(name, sizeof(name), "%s%s%s", kind == KIND_POLICY ?
			    sheet_get(s, k, "group") : "", kind == KIND_POLICY ? "/" : "",
			    sheet_get(s, k, kind == KIND_INSTANCE ? "id" : "name"));
			snprintf(line, sizeof(line), "%s %s", v->name, name);
			add(l, E_LINE, 0, line, sheet_get(s, k, kind == KIND_ALARM ? "state" :
			    kind == KIND_INSTANCE ? "lifecycle" : "last_activity"));
		}
	}
}

static void
add_servers(const struct model *m, struct entries *l, const struct verb *v)
{
	const struct host *h;
	const struct row *r;
	char line[300], help[80];
	unsigned i, k;

	for (i = 0; i < m->nhosts; i++) {
		h = m->hosts[i];
		for (k = 0; k < h->nrows; k++) {
			r = h->rows[k];
			if (r->type != ROW_SERVER)
				continue;
			snprintf(line, sizeof(line), "%s %s/%s", v->name, r->px, r->sv);
			snprintf(help, sizeof(help), "%s %s", r->word,
			    m->nhosts > 1 ? h->name : "");
			add(l, E_LINE, 0, line, help);
		}
	}
}

static void
add_names(const struct model *m, struct entries *l, const struct verb *v)
{
	char line[200];
	unsigned i;

	for (i = 0; strcmp(v->name, "screen") == 0 && screens[i] != NULL; i++) {
		snprintf(line, sizeof(line), "screen %s", screens[i]->name);
		if (screens[i]->title != NULL)
			add(l, E_LINE, 0, line, screens[i]->title);
	}
	for (i = 0; strcmp(v->name, "theme") == 0 && theme_name(i) != NULL; i++) {
		snprintf(line, sizeof(line), "theme %s", theme_name(i));
		add(l, E_LINE, 0, line, theme_find(theme_name(i))->text);
	}
	for (i = 0; strcmp(v->name, "only") == 0 && m->nhosts > 1 && i <= m->nhosts; i++) {
		const struct host *h = i < m->nhosts ? m->hosts[i] : NULL;

		snprintf(line, sizeof(line), "only %s", h != NULL ? h->name : "all");
		add(l, E_LINE, 0, line, h != NULL ? h->version : "every appliance");
	}
}

/* What the verb can be done to. */
static void
add_targets(const struct model *m, struct entries *l, const struct verb *v)
{
	static const struct { const char *argument; enum kind kind; } kinds[] = {
		{ "ALARM", KIND_ALARM }, { "GROUP/POLICY", KIND_POLICY }, { "GROUP", KIND_GROUP },
		{ "INSTANCE", KIND_INSTANCE }, { "SCRIPT", KIND_LUA }
	};
	size_t i;

	if (strncmp(v->arguments, "SERVER", 6) == 0)
		add_servers(m, l, v);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(v->arguments, kinds[i].argument, strlen(kinds[i].argument)) == 0) {
			add_objects(m, l, v, kinds[i].kind);
			break;
		}
	add_names(m, l, v);
}

static bool
is_offered(const struct model *m, const struct verb *v)
{
	if (v->kind == DO_ALLOW)
		return m->is_readonly && !m->is_hard_readonly && !m->is_replay;
	return v->kind == DO_NOTHING || !m->is_readonly;
}

static void
add_verbs(const struct model *m, struct entries *l)
{
	const struct verb *v;
	char line[80], help[100];

	for (v = palette_verbs(); v->name != NULL; v++) {
		if (!is_offered(m, v))
			continue;
		snprintf(line, sizeof(line), "%s%s", v->name, *v->arguments != '\0' ? " " : "");
		snprintf(help, sizeof(help), "%s%s%s", v->arguments,
		    *v->arguments != '\0' ? ": " : "", v->help);
		add(l, *v->arguments != '\0' ? E_BEGIN : E_LINE, 0, line, help);
		add_names(m, l, v);
	}
}

/* The keys' actions here; their help is their name. */
static void
add_acts(const struct model *m, struct entries *l)
{
	const char *screen = m->ui->screen->name;
	const struct key_row *r;
	char help[60];
	size_t n, i;

	r = key_rows(&n);
	for (i = 0; i < n; i++) {
		if (!key_in_scope(&r[i], screen) || r[i].act == ACT_PALETTE ||
		    (m->is_readonly && action_of_act(r[i].act) != DO_NOTHING))
			continue;
		snprintf(help, sizeof(help), "key %.30s", r[i].keys);
		add(l, E_ACT, (int)r[i].act, r[i].help, help);
	}
}

static void
add_recent(const struct model *m, struct entries *l)
{
	char line[200];
	unsigned i;

	for (i = m->ncmds; i-- > 0 && m->ncmds - i < 20;) {
		snprintf(line, sizeof(line), "send %.*s", (int)strcspn(m->cmds[i].command, "\n"),
		    m->cmds[i].command);
		if (strchr(m->cmds[i].command, '\n') == NULL)
			add(l, E_LINE, 0, line, "sent before");
	}
}

/* First words of commands of the socket. */
static bool
is_socket_command(const char *typed)
{
	static const char *const words[] = { "show", "set", "get", "enable", "disable", "shutdown",
		"clear", "add", "del", "new", "commit", "abort", "prepare", "alarm", "group",
		"instance", "policy", "scaling", "lua", "hook", "config", "template", "file", "put",
		"notifier", "clock", "state", "publish", "unpublish", "@1" };
	size_t len = strcspn(typed, " "), i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len == strlen(words[i]) && strncmp(words[i], typed, len) == 0)
			return typed[len] == ' ';
	return false;
}

/* The verb that the line begins with, when a blank follows. */
static const struct verb *
verb_of(const struct model *m, const char *typed)
{
	size_t len = strcspn(typed, " ");
	const struct verb *v;

	for (v = palette_verbs(); v->name != NULL; v++)
		if (typed[len] == ' ' && strlen(v->name) == len && is_offered(m, v) &&
		    strncmp(v->name, typed, len) == 0)
			return v;
	return NULL;
}

static void
collect(const struct model *m, struct entries *l)
{
	const char *typed = m->ui->edit.text;
	const struct verb *v = verb_of(m, typed);

	l->n = 0;
	l->typed = typed;
	if (v != NULL) {
		add_targets(m, l, v);
	} else if (is_socket_command(typed)) {
		add(l, E_SEND, 0, typed, "send it");
	} else {
		add_verbs(m, l);
		add_acts(m, l);
		add_recent(m, l);
	}
	qsort(l->at, l->n, sizeof(*l->at), by_score);
}

static struct entries *
entries(const struct model *m)
{
	static struct entries l;

	if (l.at == NULL)
		l.at = xcalloc(ENTRIES_MAX + 1, sizeof(*l.at));
	collect(m, &l);
	return &l;
}

/* --- Drawing -------------------------------------------------------------- */

void
palette_draw(struct model *m, struct area a, struct hits *hits)
{
	struct ui *ui = m->ui;
	const struct entries *l = entries(m);
	const struct verb *v = verb_of(m, ui->edit.text);
	struct area in = overlay_frame(a, 100, a.h < 24 ? a.h : 24, "Command",
	    "Tab completes  Enter  Esc"), list;
	const struct entry *e;
	unsigned page, i;
	int help;

	(void)hits;
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

	if (is_socket_command(ui->edit.text))
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
	const struct verb *v = verb_of(m, ui->edit.text);
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
	const struct entries *l = entries(m);

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
