/* SPDX-License-Identifier: BSD-2-Clause */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "tui/cmds.h"

#define CMDS_MAX	500
#define BLANKS		" \n\r\t"

static void
cmd_fini(struct cmd *c)
{
	free(c->command);
	free(c->answer);
	free(c->inverse);
}

struct cmd *
cmds_find(struct model *m, unsigned number)
{
	unsigned i;

	for (i = m->ncmds; i-- > 0;)
		if (m->cmds[i].number == number)
			return &m->cmds[i];
	return NULL;
}

unsigned
cmds_add(struct model *m, const struct order *o, unsigned undoes)
{
	struct cmd *c;

	if (m->cmds == NULL)
		m->cmds = xcalloc(CMDS_MAX, sizeof(*m->cmds));
	if (m->ncmds == CMDS_MAX) {
		cmd_fini(&m->cmds[0]);
		memmove(m->cmds, m->cmds + 1, (CMDS_MAX - 1) * sizeof(*m->cmds));
		m->ncmds--;
	}
	c = &m->cmds[m->ncmds++];
	*c = (struct cmd){ .number = ++m->cmd_numbers, .host = o->host, .undoes = undoes,
	    .command = xstrdup(o->command), .sent_ms = m->now_ms, .state = CMD_SENT,
	    .inverse = o->inverse != NULL ? xstrdup(o->inverse) : NULL };
	return c->number;
}

/* Commands that say nothing when they succeed: any answer is a refusal. */
static const char *const silent[] = { "set server * state *", "set server * weight *",
	"set weight *", "enable *", "disable *", "shutdown *", "alarm *", "group suspend *",
	"group resume *", "group detach *", "scaling *", "policy enable *", "policy disable *" };

/* Commands that tell what came of them: any other answer is a refusal. */
static const struct { const char *command, *good; } telling[] = {
	{ "group set-desired *", "desired *" }, { "group set-size *", "min *" },
	{ "instance terminate *", "[0-9a-f][0-9a-f]*-*-*-*-*" },
	{ "policy execute *", "[0-9a-f][0-9a-f]*-*-*-*-*" },
	{ "lua load *", "* active*" }, { "lua rollback *", "* active*" },
	{ "reload", "Success=1*" }
};

/* How refusals of others begin: those answer a value, an id, a version. */
static const char *const refusals[] = { "No such", "Unknown", "Permission denied", "Require",
	"Invalid", "Can't", "Cannot", "Failed", "Error", "Usage", "There is no", "Missing",
	"Success=0", "Refused", "Ignored", "Version is now", "Expected" };

static bool
is_told(const char *good, struct str text)
{
	char line[128];

	snprintf(line, sizeof(line), STR_FMT, STR_ARG(text));
	return fnmatch(good, line, 0) == 0;
}

static bool
is_refusal(const char *command, struct str text)
{
	size_t i;

	if (text.len == 0)
		return false;
	for (i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
		if (fnmatch(telling[i].command, command, 0) == 0)
			return !is_told(telling[i].good, text);
	for (i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if (fnmatch(silent[i], command, 0) == 0)
			return true;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (str_istarts(text, str_of(refusals[i])))
			return true;
	return str_find(text, STR("did you mean")) != NULL;
}

void
cmds_done(struct model *m, unsigned number, bool ok, const char *text, size_t len, int64_t now_ms)
{
	struct cmd *c = cmds_find(m, number), *undone;
	struct str answer = { text, len };

	if (c == NULL)
		return;
	while (answer.len > 0 && strchr(BLANKS, answer.p[answer.len - 1]) != NULL)
		answer.len--;
	for (; answer.len > 0 && strchr(BLANKS, answer.p[0]) != NULL; answer.len--)
		answer.p++;
	c->took_ms = (double)(now_ms - c->sent_ms);
	free(c->answer);
	c->answer = xstrndup(answer.p, answer.len);
	c->state = !ok ? CMD_LOST : is_refusal(c->command, answer) ? CMD_FAILED : CMD_OK;
	undone = c->state == CMD_OK ? cmds_find(m, c->undoes) : NULL;
	if (undone != NULL)
		undone->is_undone = true;
}

bool
cmd_can_undo(const struct cmd *c)
{
	struct plan *p;

	return c->inverse != NULL && !c->is_undone && c->state == CMD_OK &&
	    strlen(c->inverse) < sizeof(p->argument);
}

void
cmd_undo_plan(const struct cmd *c, struct plan *ret_p)
{
	plan_init(ret_p, DO_RAW, c->inverse);
	plan_target(ret_p, c->host, "", "");
	ret_p->undoes = c->number;
}

unsigned
cmds_waiting(const struct model *m)
{
	unsigned i, n = 0;

	for (i = 0; i < m->ncmds; i++)
		n += m->cmds[i].state == CMD_SENT;
	return n;
}

void
cmds_fini(struct model *m)
{
	unsigned i;

	for (i = 0; i < m->ncmds; i++)
		cmd_fini(&m->cmds[i]);
	free(m->cmds);
	m->cmds = NULL;
	m->ncmds = 0;
}
