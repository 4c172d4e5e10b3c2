/* SPDX-License-Identifier: BSD-2-Clause */
/* The console of the Lua screen, and the picture of a dry run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/lua_view.h"
#include "tui/rows.h"

/* --- Console ------------------------------------------------------------- */

static void
remember(struct lua_state *s, const char *text, size_t len)
{
	if (s->npast == CONSOLE_LINES) {
		free(s->past[0]);
		memmove(s->past, s->past + 1, (CONSOLE_LINES - 1) * sizeof(s->past[0]));
		s->npast--;
	}
	s->past[s->npast++] = xstrndup(text, len);
}

/* The answer's lines, once it is here. */
static void
take_answer(struct model *m)
{
	struct lua_state *s = lua_state(m);
	const struct ask *a = &m->ui->asks[ASK_EVAL];
	const char *p;
	size_t n;

	if (!s->is_waiting || (a->state != ASK_ANSWERED && a->state != ASK_LOST))
		return;
	s->is_waiting = false;
	if (a->state == ASK_LOST)
		remember(s, "no answer", 9);
	for (p = a->answer.text; p != NULL && *p != '\0'; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		if (n > 0)
			remember(s, p, n);
	}
}

void
console_draw(struct model *m, struct area a)
{
	struct lua_state *s = lua_state(m);
	int y = a.h - 1, x;
	unsigned i;

	take_answer(m);
	x = area_text(a, 0, y, R_KEY, "lua> ");
	edit_draw(a, x, y, a.w - x, &s->line);
	for (i = s->npast; i-- > 0 && y-- > 0;)
		area_text(a, 0, y, strncmp(s->past[i], "lua> ", 5) == 0 ? R_DIM : R_FG, s->past[i]);
}

/* `= expression` and plain code both run on a copy of the chosen script. */
static void
evaluate(struct model *m)
{
	struct lua_state *s = lua_state(m);
	const struct object *o = lua_chosen(m);
	const char *text = s->line.text;
	char said[600], cmd[300], name[256];

	if (o == NULL || s->line.len == 0)
		return;
	snprintf(said, sizeof(said), "lua> %s", text);
	remember(s, said, strlen(said));
	word_quote(lua_script_of(o), name, sizeof(name));
	snprintf(cmd, sizeof(cmd), "lua eval with %s", name);
	ui_ask(m, ASK_EVAL, o->host, payload_command(cmd, text + (text[0] == '=')));
	s->is_waiting = true;
	edit_set(&s->line, "");
}

bool
console_key(struct model *m, const struct key *k)
{
	struct lua_state *s = lua_state(m);

	if (k->code == K_ESC) {
		s->has_console = false;
		return true;
	}
	if (k->code == K_ENTER) {
		evaluate(m);
		return true;
	}
	return edit_key(&s->line, k);
}

/* --- Dry run ------------------------------------------------------------- */

static const struct answer *
answer_of(const struct model *m, enum ask_id id)
{
	const struct ask *a = &m->ui->asks[id];

	return a->state == ASK_ANSWERED ? &a->answer : NULL;
}

void
lua_trial_draw(struct model *m, const struct object *o, struct area a)
{
	struct lua_state *s = lua_state(m);
	const struct answer *now = answer_of(m, ASK_TEST_NOW), *draft = NULL;
	char name[32];

	if (lua_draft(s, o) != NULL)
		draft = answer_of(m, ASK_TEST_DRAFT);
	if (now == NULL) {
		area_text(a, 0, 0, R_DIM, m->ui->asks[ASK_TEST_NOW].state == ASK_LOST ?
		    "no answer" : "...");
		return;
	}
	snprintf(name, sizeof(name), "active v%u", lua_version(o));
	trial_draw(&s->trial, (struct trial_side){ now, name },
	    (struct trial_side){ draft, "draft    " },
	    ui_until_s(m) + host_skew_s(o->host), lua_trial_window(m), a);
}
