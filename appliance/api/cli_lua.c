/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts for operators: show lua; lua check, load, reload, rollback, enable, disable,
 * eval. Texts come as payload, never as the name of a file.
 *
 * Thread: control.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/lua_put.h"
#include "api/scaling.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "script/eval.h"
#include "script/unit.h"
#include "script/unit_build.h"

/* ---- names ---- */

static const char *
nth_unit(size_t n, void *arg)
{
	(void)arg;
	SCRIPT_UNIT_EACH(u)
		if (u->is_there && n-- == 0)
			return u->name;
	return NULL;
}

/* NULL after an error that says what is near. */
static struct script_unit *
unit_named(struct cli *c, const char *name)
{
	struct script_unit *u = script_unit_find(name);
	const char *near;

	if (u != NULL)
		return u;
	near = str_nearest(name, nth_unit, NULL);
	if (name[0] == '\0')
		cli_err(c, "The name of a script is missing.");
	else
		cli_err_near(c, near, " of lua-policy.", "There is no script '%s'", name);
	return NULL;
}

/* ---- show lua ---- */

static void
show_all(struct cli *c, bool is_json)
{
	struct fields f;

	fields_begin(&f, &c->out, lua_fields, is_json);
	lua_put_rows(&f);
	fields_end(&f);
}

static void
show_versions(struct cli *c, const struct script_unit *u, bool is_json)
{
	struct fields f;

	fields_begin(&f, &c->out, "version,time,bytes,origin,active,comment", is_json);
	for (unsigned i = u->nversions; i-- > 0; ) {
		const struct script_version *v = &u->versions[i];

		fields_row(&f);
		fields_u64(&f, v->n);
		fields_time(&f, v->at_us);
		fields_u64(&f, v->len);
		fields_text(&f, v->origin);
		fields_bool(&f, v->n == u->version);
		fields_text(&f, v->comment);
		fields_row_end(&f);
	}
	fields_end(&f);
}

static void
show_errors(struct cli *c, const struct script_unit *u, bool is_json)
{
	struct fields f;

	fields_begin(&f, &c->out, "time,function,text", is_json);
	for (unsigned i = u->nerrors; i-- > 0; ) {
		fields_row(&f);
		fields_time(&f, u->errors[i].at_us);
		fields_text(&f, u->errors[i].function);
		fields_text(&f, u->errors[i].text);
		fields_row_end(&f);
	}
	fields_end(&f);
}

/* Each line behind a blank, so that an empty one does not end the answer. */
static void
put_lines(struct cli *c, const struct script_version *v)
{
	const char *p = v->text, *end = v->text + v->len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl != NULL ? nl : end;

		outbuf_z(&c->out, " ");
		outbuf_mem(&c->out, p, (size_t)(stop - p));
		outbuf_z(&c->out, "\n");
		p = stop + 1;
	}
}

/* NAME source [version N] */
static void
show_source(struct cli *c, const struct script_unit *u, bool is_json)
{
	uint64_t n = u->version;
	const struct script_version *v;

	if (strcmp(cli_arg(c, 2), "version") == 0 && !str_to_u64(str_of(cli_arg(c, 3)), &n)) {
		cli_err(c, "'version' expects a number.");
		return;
	}
	v = script_unit_version(u, (unsigned)n);
	if (v == NULL) {
		cli_err(c, "There is no version %" PRIu64 " of '%s'.", n, u->name);
		return;
	}
	if (!is_json) {
		put_lines(c, v);
		return;
	}
	outbuf_fmt(&c->out, "{\"version\":%u,\"source\":", v->n);
	outbuf_json(&c->out, v->text);
	outbuf_z(&c->out, "}\n");
}

static void
show_unit(struct cli *c, const struct script_unit *u, bool is_json)
{
	struct fields f;

	fields_begin(&f, &c->out, lua_fields, is_json);
	lua_put_unit(&f, u);
	fields_end(&f);
}

static void
show_lua(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	const char *what = cli_arg(c, 1);
	const struct script_unit *u;

	if (c->nargs == 0) {
		show_all(c, is_json);
		return;
	}
	u = unit_named(c, cli_arg(c, 0));
	if (u == NULL)
		return;
	if (what[0] == '\0')
		show_unit(c, u, is_json);
	else if (strcmp(what, "versions") == 0)
		show_versions(c, u, is_json);
	else if (strcmp(what, "errors") == 0)
		show_errors(c, u, is_json);
	else if (strcmp(what, "source") != 0)
		cli_err(c, "Unknown word '%s': 'source', 'versions' and 'errors' are known.",
		    what);
	else if (c->level < CLI_OPERATOR)
		cli_err(c, "Permission denied");
	else
		show_source(c, u, is_json);
}

/* ---- texts ---- */

/* Of the payload, or, where there is none, of what the script's file has now. */
static void
build(struct cli *c, struct script_unit *u, script_built_fn *done, void *arg)
{
	cli_wait(c);
	script_build(u, c->payload.p, c->payload.len, done, arg);
}

/* The end of a change. */
static void
changed(struct cli *c, const struct script_unit *u)
{
	outbuf_fmt(&c->out, "%s v%u active\n", u->name, u->version);
	cli_done(c);
}

static void
refuse(struct cli *c, const char *error)
{
	cli_err(c, "%s", error);
	cli_done(c);
}

static void
on_checked(struct script_building *b)
{
	struct cli *c = b->arg;

	if (b->error != NULL)
		cli_err(c, "%s", b->error);
	else
		outbuf_z(&c->out, "ok\n");
	cli_done(c);
}

static void
do_check(struct cli *c)
{
	struct script_unit *u = unit_named(c, cli_arg(c, 0));

	if (u != NULL)
		build(c, u, on_checked, c);
}

struct load_words {
	uint64_t	 if_version;
	bool		 has_version, resets;
	char		*comment;	/* owned */
};

/* [if-version N] [reset-state] [comment TEXT] */
static bool
read_load(struct cli *c, struct load_words *w)
{
	for (int i = 1; i < c->nargs; i++) {
		if (strcmp(c->args[i], "reset-state") == 0) {
			w->resets = true;
		} else if (strcmp(c->args[i], "if-version") == 0) {
			w->has_version = true;
			if (!str_to_u64(str_of(cli_arg(c, ++i)), &w->if_version)) {
				cli_err(c, "'if-version' expects a number.");
				return false;
			}
		} else if (strcmp(c->args[i], "comment") == 0) {
			w->comment = cli_rest(c, i + 1);
			return true;
		} else {
			cli_err(c, "Unknown word '%s': 'if-version', 'reset-state' and 'comment' "
			    "are known.", c->args[i]);
			return false;
		}
	}
	return true;
}

/* A load under way. */
struct loading {
	struct cli	*c;
	struct load_words words;
	bool		 is_payload;
};

static bool
is_lost_update(struct cli *c, const struct script_unit *u, const struct load_words *w)
{
	if (!w->has_version || w->if_version == u->version)
		return false;
	cli_err(c, "version is now %u", u->version);
	return true;
}

static void
loading_free(struct loading *l)
{
	free(l->words.comment);
	free(l);
}

/* Somebody else may have been faster. */
static void
on_built(struct script_building *b)
{
	struct loading *l = b->arg;
	struct cli *c = l->c;

	if (b->error != NULL)
		refuse(c, b->error);
	else if (is_lost_update(c, b->unit, &l->words))
		cli_done(c);
	else {
		script_unit_take(b, l->is_payload ? "command" : "file",
		    l->words.comment != NULL ? l->words.comment : "");
		if (l->words.resets)
			unit_cells_reset(b->unit);
		changed(c, b->unit);
	}
	loading_free(l);
}

static void
do_load(struct cli *c)
{
	struct script_unit *u = unit_named(c, cli_arg(c, 0));
	struct loading *l;

	if (u == NULL)
		return;
	l = xcalloc(1, sizeof *l);
	l->c = c;
	l->is_payload = c->payload.p != NULL;
	if (read_load(c, &l->words) && !is_lost_update(c, u, &l->words))
		build(c, u, on_built, l);
	else
		loading_free(l);
}

/* ---- all of them ---- */

/* Units whose files are still to be looked at. */
struct reloading {
	struct cli	*c;
	unsigned	 n, next;
	struct script_unit *all[];
};

static void
on_reloaded(struct script_building *b)
{
	struct reloading *r = b->arg;
	struct cli *c = r->c;

	if (b->error != NULL)
		cli_err(c, "%s", b->error);
	else {
		if (!script_unit_has(b->unit, b->text, b->len) || b->unit->script == NULL)
			script_unit_take(b, "file", "");
		outbuf_fmt(&c->out, "%s v%u active\n", b->unit->name, b->unit->version);
	}
	if (r->next < r->n) {
		script_build(r->all[r->next++], NULL, 0, on_reloaded, r);
		return;
	}
	free(r);
	cli_done(c);
}

static void
do_reload(struct cli *c)
{
	struct reloading *r;
	unsigned n = 0;

	SCRIPT_UNIT_EACH(u)
		n += u->is_there;
	if (n == 0)
		return;
	r = xcalloc(1, sizeof *r + n * sizeof(struct script_unit *));
	r->c = c;
	SCRIPT_UNIT_EACH(u)
		if (u->is_there)
			r->all[r->n++] = u;
	cli_wait(c);
	script_build(r->all[r->next++], NULL, 0, on_reloaded, r);
}

/* ---- an older one ---- */

struct returning {
	struct cli	*c;
	unsigned	 to;
};

static void
on_older(struct script_building *b)
{
	struct returning *r = b->arg;
	struct cli *c = r->c;

	if (b->error != NULL)
		refuse(c, b->error);
	else if (script_unit_return(b, r->to))
		changed(c, b->unit);
	else
		refuse(c, "That version is gone.");
	free(r);
}

/* NAME [to N] */
static void
do_rollback(struct cli *c)
{
	struct script_unit *u = unit_named(c, cli_arg(c, 0));
	const struct script_version *v;
	struct returning *r;
	char *error = NULL;
	uint64_t to = 0;

	if (u == NULL)
		return;
	if (c->nargs > 1 && (strcmp(c->args[1], "to") != 0 ||
	    !str_to_u64(str_of(cli_arg(c, 2)), &to) || to == 0 || to > UINT32_MAX)) {
		cli_err(c, "'lua rollback NAME to' expects the number of a version.");
		return;
	}
	if ((v = script_unit_older(u, (unsigned)to, &error)) == NULL) {
		cli_err(c, "%s", error);
		free(error);
		return;
	}
	r = xcalloc(1, sizeof *r);
	*r = (struct returning){ c, v->n };
	cli_wait(c);
	script_build(u, v->text, v->len, on_older, r);
}

/* A function by its name, else all of a script. */
static void
enable(struct cli *c, bool is_enabled)
{
	const char *name = cli_arg(c, 0);
	struct script_unit *unit;
	unsigned n = 0;

	SCRIPT_UNIT_EACH(u) {
		if (!u->is_there)
			continue;
		SCRIPT_LIVE_EACH(f, u)
			if (f->fn != NULL && strcmp(f->name, name) == 0) {
				script_live_enable(f, is_enabled);
				n++;
			}
	}
	if (n == 0) {
		unit = unit_named(c, name);
		if (unit == NULL)
			return;
		SCRIPT_LIVE_EACH(f, unit)
			script_live_enable(f, is_enabled);
	}
}

static void
do_enable(struct cli *c)
{
	enable(c, true);
}

static void
do_disable(struct cli *c)
{
	enable(c, false);
}

/* ---- eval ---- */

static void
on_evaluated(void *arg, bool ok, const char *text)
{
	struct cli *c = arg;

	if (ok)
		cli_text(c, text[0] != '\0' ? text : "nothing");
	else
		cli_err(c, "%s", text);
	cli_done(c);
}

static void
do_eval(struct cli *c)
{
	struct script_unit *u = NULL;

	if (strcmp(cli_arg(c, 0), "with") == 0 && (u = unit_named(c, cli_arg(c, 1))) == NULL)
		return;
	if (c->payload.p == NULL) {
		cli_err(c, "'lua eval' expects a text behind <<.");
		return;
	}
	cli_wait(c);
	script_eval(u, c->payload.p, c->payload.len, on_evaluated, c);
}

static const struct cli_row rows[] = {
	{ "show lua", CLI_USER, 0, show_lua,
	    "[<name> [source [version <n>] | versions | errors]] [json]",
	    "scripts and their functions" },
	{ "lua check", CLI_OPERATOR, CLI_F_PAYLOAD, do_check, "<name> [<<]",
	    "try a text of a script, or its file" },
	{ "lua load", CLI_ADMIN, CLI_F_PAYLOAD | CLI_F_CHANGE, do_load,
	    "<name> [<<] [if-version <n>] [reset-state] [comment <text>]",
	    "put a text of a script, or its file, into service" },
	{ "lua reload", CLI_ADMIN, CLI_F_CHANGE, do_reload, "",
	    "put all scripts' files into service" },
	{ "lua rollback", CLI_ADMIN, CLI_F_CHANGE, do_rollback, "<name> [to <n>]",
	    "put an older version of a script into service" },
	{ "lua enable", CLI_ADMIN, CLI_F_CHANGE, do_enable, "<name>",
	    "let a function, or all of a script, run again" },
	{ "lua disable", CLI_ADMIN, CLI_F_CHANGE, do_disable, "<name>",
	    "let a function, or all of a script, run no more" },
	{ "lua eval", CLI_ADMIN, CLI_F_PAYLOAD, do_eval, "[with <name>] <<",
	    "run a text on a copy of a script; nothing is applied" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_lua = { .name = "cli_lua", .cli = rows };
