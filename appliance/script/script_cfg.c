/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `lua-policy` in the global section. A script is loaded with the configuration that
 * names it, by the thread that reads it: what is wrong with it is an error of the
 * configuration, at its place.
 *
 * Thread: the one that loads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/module.h"
#include "base/str.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/object.h"
#include "proxy/global.h"
#include "script/script.h"
#include "script/script_conf.h"

const struct script_conf *
script_confs(const struct snapshot *s)
{
	return s->global != NULL ? s->global->scripts : NULL;
}

/* "policies/cpu.lua" is called cpu. */
static const char *
name_of(struct cfg *c, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
	size_t len = strlen(base);

	if (len > 4 && strcmp(base + len - 4, ".lua") == 0)
		len -= 4;
	return arena_strndup(c->arena, base, len);
}

static void
drop_script(void *script)
{
	script_unref(script);
}

static int
load_file(struct cfg *c, struct script_conf *sc)
{
	char *text = file_read(sc->path, SCRIPT_BYTES_MAX, &sc->len), *error;
	struct script_source src = { .file = sc->path, .args = sc->args, .nargs = sc->nargs };

	if (text == NULL) {
		diag_error(c->diag, "'lua-policy': cannot read '%s': %s.", sc->path,
		    strerror(errno));
		return -1;
	}
	sc->text = src.text = arena_strndup(c->arena, text, sc->len);
	src.len = sc->len;
	free(text);
	sc->digest = str_hash((struct str){ sc->text, sc->len });
	for (int i = 0; i < sc->nargs; i++)
		sc->digest = sc->digest * 31 + str_hash(str_of(sc->args[i]));
	sc->script = script_new(&src, clock_wall_us(), &error);
	if (sc->script != NULL) {
		arena_on_free(c->arena, drop_script, sc->script);
		return 0;
	}
	diag_error(c->diag, "error in Lua file '%s': %s", sc->path, error);
	free(error);
	return -1;
}

static const struct script_conf *
defined_by(const struct script_conf *first, enum script_kind kind, const char *name)
{
	for (; first != NULL; first = first->next)
		if (first->script != NULL && script_find(first->script, kind, name) != NULL)
			return first;
	return NULL;
}

/* Names are there once, over all scripts. */
static int
check_names(struct cfg *c, const struct script_conf *first, const struct script_conf *sc)
{
	for (unsigned i = 0; i < sc->script->nfns; i++) {
		const struct script_fn *f = &sc->script->fns[i];
		const struct script_conf *other = defined_by(first, f->kind, f->name);

		if (other != NULL) {
			diag_error(c->diag, "the %s '%s' is defined by '%s' and by '%s'.",
			    script_kind_name(f->kind), f->name, other->path, sc->path);
			return -1;
		}
	}
	return 0;
}

static int
parse_lua_policy(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct global *g = global_of(c);
	struct script_conf *sc = arena_alloc(c->arena, sizeof *sc), **end = &g->scripts;

	(void)row;
	sc->path = args[0];
	sc->name = name_of(c, args[0]);
	sc->args = args + 1;
	sc->nargs = nargs - 1;
	for (; *end != NULL; end = &(*end)->next)
		if (strcmp((*end)->name, sc->name) == 0) {
			diag_error(c->diag, "'lua-policy': there is a script '%s' already: '%s'.",
			    sc->name, (*end)->path);
			return -1;
		}
	if (load_file(c, sc) != 0 || check_names(c, g->scripts, sc) != 0)
		return -1;
	*end = sc;
	return 0;
}

/* ---- what other words refer to ---- */

struct names {
	const struct script_conf *first;
	enum script_kind kind;
};

static const char *
nth_name(size_t n, void *arg)
{
	const struct names *names = arg;

	for (const struct script_conf *sc = names->first; sc != NULL; sc = sc->next)
		for (unsigned i = 0; i < sc->script->nfns; i++)
			if (sc->script->fns[i].kind == names->kind && n-- == 0)
				return sc->script->fns[i].name;
	return NULL;
}

bool
script_need(struct cfg *c, unsigned kind, const char *what, const char *function)
{
	struct names names = { global_of(c)->scripts, (enum script_kind)kind };

	if (defined_by(names.first, names.kind, function) != NULL)
		return true;
	object_unknown(c, str_nearest(function, nth_name, &names),
	    "'%s' names no %s '%s' of a script of lua-policy", what,
	    script_kind_name(names.kind), function);
	return false;
}

static const struct kw_row rows[] = {
	{ "lua-policy", IN_GLOBAL, KW_OBEYED, 1, 255, 0, parse_lua_policy, 0, "<file> [<arg>...]",
	  "A Lua script with policies, alarms, terminations and notifiers." },
	{ 0 }
};

const struct module mod_script_cfg = { .name = "script_cfg", .cfg = rows };
