/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The draft of a script: edited outside, checked and tried by the appliance,
 * compared, applied. Applying names the version it was begun from, so that
 * somebody else's version is never overwritten unseen.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/lua_view.h"
#include "tui/overlay.h"

void
lua_refresh_diff(struct lua_state *s, const char *source)
{
	free(s->diff_old);
	s->diff_old = xstrdup(source);
	diff_make(&s->diff, s->diff_old, s->draft);
}

static void
drop_draft(struct lua_state *s)
{
	free(s->draft);
	s->draft = NULL;
	diff_fini(&s->diff);
	if (s->page == LUA_DIFF)
		s->page = LUA_SOURCE;
}

/* The draft's text, or else what is in service; a new string, NULL: not known. */
static char *
text_of(const struct lua_state *s, const struct object *o)
{
	const char *draft = lua_draft(s, o);

	return draft != NULL ? xstrdup(draft) : lua_source(o);
}

/* The name comes from the appliance: it must not lead out of a folder. */
static void
file_name(const char *script, char *buf, size_t size)
{
	char *p;

	snprintf(buf, size, "%.100s.lua", script);
	for (p = buf; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("_-.", *p) == NULL)
			*p = '_';
	if (buf[0] == '.')
		buf[0] = '_';
}

/* --- Edit ---------------------------------------------------------------- */

static void
edit(struct model *m, const struct object *o)
{
	struct lua_state *s = lua_state(m);
	struct ui *ui = m->ui;
	char *text = text_of(s, o);

	if (text == NULL) {
		ui_say(m, R_WARN, "the source is not here yet");
		return;
	}
	if (lua_draft(s, o) == NULL) {
		if (s->draft != NULL) {
			ui_say(m, R_WARN, "there is a draft of %s: apply it, or F9 drops it",
			    s->script);
			free(text);
			return;
		}
		s->based_on = lua_version(o);
	}
	s->host = o->host;
	snprintf(s->script, sizeof(s->script), "%s", lua_script_of(o));
	free(ui->editor_text);
	ui->editor_text = text;
	file_name(s->script, ui->editor_name, sizeof(ui->editor_name));
	ui->wishes |= WISH_EDITOR;
}

static void
ask_check(struct model *m)
{
	struct lua_state *s = lua_state(m);
	char name[256], cmd[300];

	word_quote(s->script, name, sizeof(name));
	snprintf(cmd, sizeof(cmd), "lua check %s", name);
	ui_ask(m, ASK_CHECK, s->host, payload_command(cmd, s->draft));
}

void
lua_edited(struct model *m)
{
	struct lua_state *s = lua_state(m);
	const struct object *o = lua_chosen(m);
	char *source = o != NULL ? lua_source(o) : NULL;

	drop_draft(s);
	if (m->ui->editor_text != NULL && (source == NULL ||
	    strcmp(source, m->ui->editor_text) != 0)) {
		s->draft = m->ui->editor_text;
		m->ui->editor_text = NULL;
		s->page = LUA_SOURCE;
		ask_check(m);
	} else
		ui_say(m, R_INFO, "nothing was changed");
	free(source);
}

/* --- Ask ----------------------------------------------------------------- */

unsigned
lua_trial_window(const struct model *m)
{
	return m->ui->window_s < 3600 ? 3600 : m->ui->window_s;
}

/* The policy in service and the draft, on the same metrics. */
static void
ask_trial(struct model *m, const struct object *o)
{
	struct lua_state *s = lua_state(m);
	const char *draft = lua_draft(s, o);
	char name[256], cmd[400];

	word_quote(lua_script_of(o), name, sizeof(name));
	snprintf(cmd, sizeof(cmd), "policy test lua %s from -%us", name, lua_trial_window(m));
	s->has_trial = true;
	ui_ask(m, ASK_TEST_NOW, o->host, xstrdup(cmd));
	if (draft != NULL)
		ui_ask(m, ASK_TEST_DRAFT, o->host, payload_command(cmd, draft));
}

static void
save(struct model *m, const struct object *o)
{
	struct ui *ui = m->ui;
	char *text = text_of(lua_state(m), o);

	if (text == NULL)
		return;
	free(ui->editor_text);
	ui->editor_text = text;
	file_name(lua_script_of(o), ui->editor_name, sizeof(ui->editor_name));
	ui->wishes |= WISH_SAVE;
}

/* --- Change -------------------------------------------------------------- */

static void
apply(struct model *m, const struct object *o)
{
	struct lua_state *s = lua_state(m);
	const char *draft = lua_draft(s, o);
	struct plan p;
	char words[64];

	if (draft == NULL) {
		ui_say(m, R_WARN, "there is no draft: ^E edits one");
		return;
	}
	snprintf(words, sizeof(words), "if-version %u", s->based_on);
	plan_init(&p, DO_LUA_LOAD, words);
	p.payload = xstrdup(draft);
	plan_target(&p, o->host, lua_script_of(o), "");
	confirm_open(m, &p);
}

/* The draft goes first, then versions. */
static void
roll_back(struct model *m, const struct object *o)
{
	struct lua_state *s = lua_state(m);
	struct plan p;

	if (lua_draft(s, o) != NULL) {
		drop_draft(s);
		ui_say(m, R_INFO, "the draft is dropped; F9 again goes back a version");
		return;
	}
	plan_init(&p, DO_LUA_ROLL_BACK, "");
	plan_target(&p, o->host, lua_script_of(o), "");
	confirm_open(m, &p);
}

static void
enable(struct model *m, const struct object *o)
{
	struct plan p;

	bool is_on = strcmp(object_get(o, "state"), "ok") == 0;

	plan_init(&p, is_on ? DO_LUA_DISABLE : DO_LUA_ENABLE, "");
	plan_target(&p, o->host, object_get(o, "name"), "");
	confirm_open(m, &p);
}

void
lua_notice_applied(struct model *m, const struct object *o)
{
	struct lua_state *s = lua_state(m);
	char *source = lua_draft(s, o) != NULL ? lua_source(o) : NULL;

	if (source != NULL && strcmp(source, s->draft) == 0)
		drop_draft(s);
	free(source);
}

bool
lua_draft_act(struct model *m, enum act act, const struct object *o)
{
	struct lua_state *s = lua_state(m);

	lua_notice_applied(m, o);
	switch (act) {
	case ACT_EDIT: edit(m, o); break;
	case ACT_SAVE: save(m, o); break;
	case ACT_CHECK:
		if (lua_draft(s, o) != NULL)
			ask_check(m);
		break;
	case ACT_TRY: ask_trial(m, o); break;
	case ACT_DIFF:
		s->page = s->page == LUA_DIFF ? LUA_SOURCE : LUA_DIFF;
		s->top = 0;
		break;
	case ACT_APPLY: apply(m, o); break;
	case ACT_ROLL_BACK: roll_back(m, o); break;
	case ACT_ENABLE: enable(m, o); break;
	default: return false;
	}
	return true;
}
