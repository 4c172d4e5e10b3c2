/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the palette lists: verbs, keys' actions, names, recent commands, ranked by
 * how well they fit what is typed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "tui/columns.h"
#include "tui/overlay_in.h"

#define ENTRIES_MAX	1500

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
	struct str line = str_trim(str_of(e->line)), whole = str_trim(str_of(typed));
	int all = 1, one;

	while (str_next_elem(&rest, ' ', &word)) {
		one = 3 * score_word(e->line, word);
		if (one == 0 && str_ifind(str_of(e->help), word) != NULL)
			one = 2;
		if (one == 0)
			return 0;
		all += one;
	}
	/* Its beginning before pieces, all of it before its beginning */
	return all + (str_istarts(line, whole) ? 40 : 0) + (str_ieq(line, whole) ? 200 : 0);
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

/* Names that a verb of views takes: the i-th with its help, false at the end. */
struct naming {
	const char *verb;
	bool	(*nth)(const struct model *m, unsigned i, const char **ret_name,
		    const char **ret_help);
};

static bool
nth_screen(const struct model *m, unsigned i, const char **ret_name, const char **ret_help)
{
	(void)m;
	if (screens[i] == NULL)
		return false;
	*ret_name = screens[i]->title != NULL ? screens[i]->name : NULL;
	*ret_help = screens[i]->title;
	return true;
}

static bool
nth_theme(const struct model *m, unsigned i, const char **ret_name, const char **ret_help)
{
	(void)m;
	*ret_name = theme_name(i);
	*ret_help = *ret_name != NULL ? theme_find(*ret_name)->text : "";
	return *ret_name != NULL;
}

static bool
nth_host(const struct model *m, unsigned i, const char **ret_name, const char **ret_help)
{
	const struct host *h = i < m->nhosts ? m->hosts[i] : NULL;

	*ret_name = h != NULL ? h->name : "all";
	*ret_help = h != NULL ? h->version : "every appliance";
	return m->nhosts > 1 && i <= m->nhosts;
}

static bool
nth_column(const struct model *m, unsigned i, const char **ret_name, const char **ret_help)
{
	(void)m;
	if (i >= nrow_columns)
		return false;
	*ret_name = row_columns[i].name;
	*ret_help = row_columns[i].help != NULL ? row_columns[i].help : "";
	return true;
}

static bool
nth_set(const struct model *m, unsigned i, const char **ret_name, const char **ret_help)
{
	(void)m;
	*ret_name = row_sets[i];
	*ret_help = "a set of columns";
	return *ret_name != NULL;
}

static const struct naming namings[] = {
	{ "screen", nth_screen }, { "theme", nth_theme }, { "only", nth_host },
	{ "sort", nth_column }, { "columns", nth_set }
};

static void
add_names(const struct model *m, struct entries *l, const struct verb *v)
{
	const char *name, *help;
	char line[200];
	unsigned i;
	size_t k;

	for (k = 0; k < sizeof(namings) / sizeof(namings[0]); k++)
		for (i = 0; strcmp(namings[k].verb, v->name) == 0 &&
		    namings[k].nth(m, i, &name, &help); i++) {
			if (name == NULL)
				continue;
			snprintf(line, sizeof(line), "%s %s", v->name, name);
			add(l, E_LINE, 0, line, help);
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

static void
add_verbs(const struct model *m, struct entries *l)
{
	const struct verb *v;
	char line[80], help[100];

	for (v = palette_verbs(); v->name != NULL; v++) {
		if (!action_is_possible(m, v->kind))
			continue;
		snprintf(line, sizeof(line), "%s%s", v->name, *v->arguments != '\0' ? " " : "");
		snprintf(help, sizeof(help), "%s%s%s", v->arguments,
		    *v->arguments != '\0' ? ": " : "", v->help);
		add(l, *v->arguments != '\0' ? E_BEGIN : E_LINE, 0, line, help);
		if (l->typed[0] != '\0')
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
		    !action_is_possible(m, action_of_act(r[i].act)))
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
bool
palette_is_command(const char *typed)
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
const struct verb *
palette_verb_of(const struct model *m, const char *typed)
{
	size_t len = strcspn(typed, " ");
	const struct verb *v;

	for (v = palette_verbs(); v->name != NULL; v++)
		if (typed[len] == ' ' && strlen(v->name) == len && action_is_possible(m, v->kind) &&
		    strncmp(v->name, typed, len) == 0)
			return v;
	return NULL;
}

static void
collect(const struct model *m, struct entries *l)
{
	const char *typed = m->ui->edit.text;
	const struct verb *v = palette_verb_of(m, typed);

	l->n = 0;
	l->typed = typed;
	if (v != NULL) {
		add_targets(m, l, v);
	} else if (palette_is_command(typed)) {
		add(l, E_SEND, 0, typed, "send it");
	} else {
		add_verbs(m, l);
		add_acts(m, l);
		add_recent(m, l);
	}
	qsort(l->at, l->n, sizeof(*l->at), by_score);
}

const struct entries *
palette_entries(const struct model *m)
{
	static struct entries l;

	if (l.at == NULL)
		l.at = xcalloc(ENTRIES_MAX + 1, sizeof(*l.at));
	collect(m, &l);
	return &l;
}
