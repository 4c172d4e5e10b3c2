/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user's own commands: how much is asked by their words, and the guards of
 * those that are known by other ways too. How names become words of a command.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "tui/action_in.h"

/* --- Quoting -------------------------------------------------------------- */

bool
make_quoted(const struct making *mk, const char *text, bool one_word, char **ret)
{
	const unsigned char *p;
	char *to;

	for (p = (const unsigned char *)text; *p >= ' ' && *p != 0x7f; p++)
		;
	if (*text == '\0' || *p != '\0') {
		plan_refuse(mk->p, *text == '\0' ? "a name is empty" :
		    "a name with control characters cannot be sent");
		return false;
	}
	*ret = to = xmalloc(2 * strlen(text) + 1);
	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (strchr(one_word ? "\\;\"'<# " : "\\;\"'<#", *p) != NULL)
			*to++ = '\\';
		*to++ = (char)*p;
	}
	*to = '\0';
	return true;
}

/* --- Levels --------------------------------------------------------------- */

/* The first that fits, word by word: * is any one, ... are all that follow. What fits none
 * is hard. */
static const struct { const char *pattern; enum action_level level; } levels[] = {
	{ "show ...", ASK_NOTHING }, { "get ...", ASK_NOTHING }, { "help ...", ASK_NOTHING },
	{ "echo ...", ASK_NOTHING }, { "lua check ...", ASK_NOTHING },
	{ "lua eval ...", ASK_NOTHING }, { "policy test ...", ASK_NOTHING },
	{ "alarm test ...", ASK_NOTHING }, { "group victims ...", ASK_NOTHING },
	{ "reload check", ASK_NOTHING }, { "wait ...", ASK_NOTHING },
	{ "alarm ack ...", ASK_SOFT }, { "alarm unack ...", ASK_SOFT },
	{ "alarm silence ...", ASK_SOFT }, { "alarm unsilence ...", ASK_SOFT },
	{ "set server * state ready", ASK_SOFT }, { "set server * weight *", ASK_SOFT },
	{ "set weight * *", ASK_SOFT }, { "enable server *", ASK_SOFT },
	{ "enable health *", ASK_SOFT }, { "enable agent *", ASK_SOFT },
	{ "enable frontend *", ASK_SOFT }, { "clear counters", ASK_SOFT },
	{ "notifier test *", ASK_SOFT }, { "put metric ...", ASK_SOFT },
	{ "publish backend *", ASK_SOFT },
	{ "group delete ...", ASK_DANGEROUS }, { "group set-desired * 0 ...", ASK_DANGEROUS },
	{ "group set-size * min 0 ...", ASK_DANGEROUS },
	{ "disable frontend *", ASK_DANGEROUS }, { "shutdown frontend *", ASK_DANGEROUS },
	{ "unpublish backend *", ASK_DANGEROUS }, { "set maxconn global 0", ASK_DANGEROUS },
	{ "set maxconn frontend * 0", ASK_DANGEROUS }, { "lua load ...", ASK_DANGEROUS },
	{ "lua rollback ...", ASK_DANGEROUS }, { "lua reload", ASK_DANGEROUS },
	{ "config rollback ...", ASK_DANGEROUS }, { "template apply ...", ASK_DANGEROUS },
	{ "state restore ...", ASK_DANGEROUS }
};

static bool
fits(const char *pattern, const char *command)
{
	struct str want = str_of(pattern), have = str_of(command), w, h;

	while (str_next_elem(&want, ' ', &w)) {
		if (str_is(w, "..."))
			return true;
		if (!str_next_elem(&have, ' ', &h) || (!str_is(w, "*") && !str_eq(w, h)))
			return false;
	}
	return !str_next_elem(&have, ' ', &h);
}

static enum action_level
level_of(const char *command)
{
	size_t i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (fits(levels[i].pattern, command))
			return levels[i].level;
	return ASK_HARD;
}

/* One command with single blanks, without an `@1` of a master socket; *z moves behind it,
 * as the appliance cuts: at a ; that no \ stands before. False: the end. */
static bool
next_command(const char **z, char *buf, size_t size)
{
	const char *p = *z + strspn(*z, " \t;");
	size_t n = 0;

	if (*p == '@')
		p += strcspn(p, " \t;");
	p += strspn(p, " \t");
	if (*p == '\0')
		return false;
	for (; *p != '\0' && *p != ';'; p++) {
		if ((*p == ' ' || *p == '\t') && (p[1] == ' ' || p[1] == '\t' || p[1] == '\0' ||
		    p[1] == ';'))
			continue;
		if (n < size - 2)
			buf[n++] = *p == '\t' ? ' ' : *p;
		if (*p == '\\' && p[1] != '\0' && n < size - 2)
			buf[n++] = *++p;
	}
	buf[n] = '\0';
	*z = p;
	return true;
}

enum action_level
command_level(const char *command)
{
	enum action_level most = ASK_NOTHING, level;
	char one[1024];

	while (next_command(&command, one, sizeof(one))) {
		level = level_of(one);
		most = level > most ? level : most;
	}
	return most;
}

/* --- Known ones ----------------------------------------------------------- */

/* Commands that are an action in other words: their guards hold too. */
static const struct { const char *before, *behind; enum action_kind kind; } known[] = {
	{ "set server ", " state drain", DO_DRAIN }, { "set server ", " state maint", DO_MAINT },
	{ "set server ", " weight ", DO_WEIGHT }, { "set weight ", " ", DO_WEIGHT },
	{ "disable server ", "", DO_MAINT }, { "shutdown sessions server ", "", DO_KILL },
	{ "group set-desired ", " ", DO_DESIRED }
};

/* `app/web-1` or `asg` into a target of the plan. */
static void
known_target(struct plan *p, struct host *h, const char *name, size_t len, bool is_server)
{
	const char *slash = memchr(name, '/', len);
	char px[128], sv[128] = "";
	size_t n = is_server && slash != NULL ? (size_t)(slash - name) : len;

	snprintf(px, sizeof(px), "%.*s", (int)n, name);
	if (n < len)
		snprintf(sv, sizeof(sv), "%.*s", (int)(len - n - 1), name + n + 1);
	plan_target(p, h, px, sv);
}

/* The plan that a command stands for; false: it is none that is known. */
static bool
plan_of(const char *command, struct host *h, struct plan *p)
{
	const char *name, *end, *behind;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!str_starts(str_of(command), str_of(known[i].before)))
			continue;
		name = command + strlen(known[i].before);
		end = name + strcspn(name, " ");
		behind = known[i].behind;
		if (!str_starts(str_of(end), str_of(behind)))
			continue;
		plan_init(p, known[i].kind, *end != '\0' ? end + strlen(behind) : "");
		known_target(p, h, name, (size_t)(end - name), known[i].kind != DO_DESIRED);
		return true;
	}
	return false;
}

/* What it is about, for typing: its last name; the appliance's without one. */
static void
word_of(const char *command, const struct host *h, char *buf, size_t size)
{
	char one[1024], *rest = one, *word, *last = NULL;
	int i;

	if (!next_command(&command, one, sizeof(one)))
		one[0] = '\0';
	for (i = 0; (word = strsep(&rest, " ")) != NULL && i < 3; i++)
		last = word;
	snprintf(buf, size, "%s", i == 3 && last != NULL ? last : h->name);
}

/* May it be sent? The action of the same meaning says so, and how dangerous it is. */
static void
judge_one(const struct model *m, struct plan *p, const char *command)
{
	struct plan inner;
	char word[256];

	if (plan_of(command, p->targets[0].host, &inner)) {
		plan_make(m, &inner);
		if (inner.effect[0] != '\0')
			plan_effect(p, "%s", inner.effect);
		if (inner.orders.n > 0 && inner.orders.at[0].inverse != NULL &&
		    p->orders.at[0].inverse == NULL && p->orders.n == 1 &&
		    strchr(p->orders.at[0].command, ';') == NULL)
			p->orders.at[0].inverse = xstrdup(inner.orders.at[0].inverse);
		if (inner.level == ASK_DANGEROUS)
			plan_endanger(p, inner.word);
		plan_fini(&inner);
	}
	if (level_of(command) == ASK_DANGEROUS) {
		word_of(command, p->targets[0].host, word, sizeof(word));
		plan_endanger(p, word);
	}
}

void
make_raw(const struct making *mk)
{
	const struct host *h = mk->t->host;
	struct plan *p = mk->p;

	p->level = command_level(p->argument);
	if (p->argument[0] == '\0')
		plan_refuse(p, "no command");
	else if (mk->m->is_replay)
		plan_refuse(p, "this is a recording: nothing can be sent");
	else if (mk->m->is_readonly && p->level != ASK_NOTHING)
		plan_refuse(p, mk->m->is_hard_readonly ? "read-only" : "read-only; : rw lifts it");
	else if (h->state != HOST_UP)
		plan_refuse(p, "%s is not connected", h->name);
	else
		make_order(mk, xstrdup(p->argument), NULL);
}

void
judge_raw(const struct model *m, struct plan *p)
{
	enum action_level level = p->level;
	const char *rest = p->argument;
	char one[1024];

	if (level == ASK_NOTHING)
		return;
	p->level = level == ASK_DANGEROUS ? ASK_HARD : level;	/* until its word is known */
	while (next_command(&rest, one, sizeof(one)))
		judge_one(m, p, one);
}

/* --- What follows --------------------------------------------------------- */

#define OVERTAKEN_MS	5000		/* the state of the server is known by then */

static void
followup_end(struct ui *ui, unsigned i)
{
	free(ui->followups[i].command);
	free(ui->followups[i].inverse);
	memmove(&ui->followups[i], &ui->followups[i + 1],
	    (--ui->nfollowups - i) * sizeof(*ui->followups));
}

void
followups_clear(struct ui *ui)
{
	while (ui->nfollowups > 0)
		followup_end(ui, ui->nfollowups - 1);
	free(ui->followups);
	ui->followups = NULL;
}

/* True: it has ended. */
static bool
followup_check(struct model *m, struct followup *f)
{
	const struct row *r = host_row(f->host, f->px, f->sv);
	double n = r != NULL ? row_num(r, F_scur) : 0;

	if (f->host->state != HOST_UP || (r != NULL && r->sampled_ms <= f->since_ms))
		return false;
	if (r == NULL || r->state != ST_DRAIN) {
		if (r != NULL && m->now_ms - f->since_ms < OVERTAKEN_MS)
			return false;
		ui_say(m, R_WARN, "%s/%s drains no more: no maintenance follows", f->px, f->sv);
		return true;
	}
	if (n == 0) {
		orders_add(&m->ui->orders, f->host, f->command, f->inverse);
		ui_say(m, R_INFO, "%s/%s is empty: maintenance", f->px, f->sv);
		return true;
	}
	if (f->sessions != (int)n)
		ui_say(m, R_INFO, "%s/%s: %.0f session%s left, then maintenance", f->px, f->sv, n,
		    n == 1 ? "" : "s");
	f->sessions = (int)n;
	return false;
}

void
followups_check(struct model *m)
{
	unsigned i;

	for (i = m->ui->nfollowups; i-- > 0;)
		if (followup_check(m, &m->ui->followups[i]))
			followup_end(m->ui, i);
}
