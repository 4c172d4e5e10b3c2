/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "tui/event_text.h"
#include "tui/screen.h"

/* What matters of a health event's long sentence. */
static void
reason_text(const char *text, char *buf, size_t size)
{
	const char *reason = strstr(text, "reason: ");

	if (reason == NULL)
		buf[0] = '\0';
	else
		snprintf(buf, size, "%.*s", (int)strcspn(reason + 8, ",."), reason + 8);
}

static int
state_word_role(const char *state)
{
	static const struct { const char *word; int role; } rows[] = {
		{ "UP", R_GOOD }, { "OK", R_GOOD }, { "DOWN", R_CRIT }, { "ALARM", R_CRIT },
		{ "DRAIN", R_DRAIN }, { "MAINT", R_MAINT }, { "INSUFFICIENT_DATA", R_UNKNOWN },
		{ "flapping", R_WARN }
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(state, rows[i].word) == 0)
			return rows[i].role;
	return R_FG;
}

/* `uid,pid,where` is who; the command is the text. */
static int
command_text(const struct event *e, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", e->text, e->to[0] != '\0' ? ": " : "", e->to);
	return e->to[0] != '\0' ? R_WARN : R_ACCENT;
}

int
event_text(const struct event *e, char *buf, size_t size)
{
	const char *to = strcmp(e->to, "INSUFFICIENT_DATA") == 0 ? "no data" : e->to;
	const char *from = strcmp(e->from, "INSUFFICIENT_DATA") == 0 ? "no data" : e->from;
	bool is_health = strcmp(e->kind, "health") == 0;
	char reason[128];

	if (strcmp(e->kind, "command") == 0)
		return command_text(e, buf, size);
	if (is_health)
		reason_text(e->text, reason, sizeof(reason));
	snprintf(buf, size, "%s %s%s%s  %s", e->name, from, from[0] != '\0' && to[0] != '\0' ?
	    " \342\206\222 " : "", to, is_health ? reason : e->text);
	return state_word_role(e->to);
}

bool
event_field(const void *row, const char *field, char *buf, size_t size, double *ret_num)
{
	const struct event *e = row;

	*ret_num = NAN;
	if (field == NULL)
		snprintf(buf, size, "%s %s %s %s %s", e->kind, e->name, e->from, e->to, e->text);
	else if (strcmp(field, "kind") == 0)
		snprintf(buf, size, "%s", e->kind);
	else if (strcmp(field, "name") == 0)
		snprintf(buf, size, "%s", e->name);
	else if (strcmp(field, "state") == 0)
		snprintf(buf, size, "%s", e->to);
	else if (strcmp(field, "host") == 0)
		snprintf(buf, size, "%s", e->host->name);
	else
		return false;
	return true;
}

/* Into its place by time; the oldest falls off the end. */
static unsigned
insert(const struct event **ret, unsigned have, unsigned n, const struct event *e)
{
	unsigned i = have;

	while (i > 0 && ret[i - 1]->t_ms < e->t_ms)
		i--;
	if (i >= n)
		return have;
	have = have < n ? have + 1 : n;
	memmove(ret + i + 1, ret + i, (have - i - 1) * sizeof(struct event *));
	ret[i] = e;
	return have;
}

unsigned
events_newest(const struct model *m, const struct filter *filter, const struct event **ret,
    unsigned n)
{
	const struct event *e;
	unsigned have = 0, i, k;

	for (i = 0; i < m->nhosts; i++) {
		if (!ui_shows(m, m->hosts[i]))
			continue;
		for (k = 0; (e = event_newest(&m->hosts[i]->events, k)) != NULL; k++) {
			if (have == n && n > 0 && e->t_ms <= ret[n - 1]->t_ms)
				break;
			if (filter == NULL || filter_match(filter, event_field, e))
				have = insert(ret, have, n, e);
		}
	}
	return have;
}
