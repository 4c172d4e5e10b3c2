/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Section keywords: what `frontend web from base` makes. The object of a section
 * is made even after an error in its line, so that the lines below it are
 * checked as well and all errors of a file are told at once; so open functions
 * return 0 and the errors stand in diag. Runs in the thread
 * that loads a configuration. Sections of later releases are rows too: they are
 * refused with the reason, and their lines are not looked at.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

static int
open_global(struct cfg *c, char **args, int nargs)
{
	c->object = global_of(c);
	if (nargs > 0)
		diag_error(c->diag, "'global' cannot handle unexpected argument '%s'.", args[0]);
	return 0;
}

/* `from NAME` in args[at..]; *ret_from stays as it is without, or after an error. */
static void
parse_from(struct cfg *c, const char *section, char **args, int nargs, int at,
    struct proxy **ret_from)
{
	struct proxy *px, *older;

	if (nargs == at)
		return;
	if (strcmp(args[at], "from") != 0) {
		diag_error(c->diag, "'%s' cannot handle unexpected argument '%s'.",
		    section, args[at]);
		return;
	}
	if (nargs != at + 2) {
		diag_error(c->diag, "'from' expects exactly one name of a defaults section.");
		return;
	}
	px = proxy_find(c->snap, args[at + 1], CAP_DEFAULTS);
	if (px == NULL) {
		diag_error(c->diag, "defaults section '%s' not found for %s '%s'.",
		    args[at + 1], section, at > 0 ? args[0] : "");
		return;
	}
	for (older = px->next; older != NULL; older = older->next)
		if (older->name != NULL && strcmp(older->name, px->name) == 0) {
			diag_error(c->diag, "ambiguous defaults section name '%s' referenced by "
			    "%s '%s' exists at least at %s:%d and %s:%d.", px->name, section,
			    at > 0 ? args[0] : "", older->file, older->line, px->file, px->line);
			return;
		}
	*ret_from = px;
}

static void
check_name(struct cfg *c, const char *section, const char *name)
{
	char bad = proxy_name_bad_char(name);

	if (bad != '\0')
		diag_error(c->diag, "character '%c' is not permitted in '%s' name '%s'.",
		    bad, section, name);
}

static int
open_defaults(struct cfg *c, char **args, int nargs)
{
	bool is_named = nargs > 0 && strcmp(args[0], "from") != 0;
	const char *name = is_named ? args[0] : NULL;
	struct proxy *from = NULL;

	parse_from(c, "defaults", args, nargs, is_named, &from);
	if (is_named)
		check_name(c, "defaults", name);
	c->object = proxy_new(c, CAP_DEFAULTS, name, from);
	return 0;
}

/* Frontends and backends may share a name, two of a kind may not. */
static void
check_duplicate(struct cfg *c, const char *section, const char *name, unsigned cap)
{
	struct proxy *other = NULL;

	if (cap & CAP_FRONTEND)
		other = proxy_find(c->snap, name, CAP_FRONTEND);
	if (other == NULL && (cap & CAP_BACKEND))
		other = proxy_find(c->snap, name, CAP_BACKEND);
	if (other != NULL)
		diag_error(c->diag, "%s '%s' has the same name as %s '%s' declared at %s:%d.",
		    section, name, proxy_type_name(other), name, other->file, other->line);
}

static int
open_proxy(struct cfg *c, const char *section, unsigned cap, char **args, int nargs)
{
	struct proxy *from = global_of(c)->defaults;

	if (nargs == 0) {
		diag_error(c->diag, "'%s' expects an <id> argument", section);
		c->object = proxy_new(c, cap, "", from);
		return 0;
	}
	check_name(c, section, args[0]);
	check_duplicate(c, section, args[0], cap);
	parse_from(c, section, args, nargs, 1, &from);
	c->object = proxy_new(c, cap, args[0], from);
	return 0;
}

static int
open_frontend(struct cfg *c, char **args, int nargs)
{
	return open_proxy(c, "frontend", CAP_FRONTEND, args, nargs);
}

static int
open_backend(struct cfg *c, char **args, int nargs)
{
	return open_proxy(c, "backend", CAP_BACKEND, args, nargs);
}

static int
open_listen(struct cfg *c, char **args, int nargs)
{
	return open_proxy(c, "listen", CAP_FRONTEND | CAP_BACKEND, args, nargs);
}

static int
open_http_errors(struct cfg *c, char **args, int nargs)
{
	struct global *g = global_of(c);
	struct http_errors *he = arena_alloc(c->arena, sizeof(*he)), *other = NULL;

	he->name = nargs > 0 ? args[0] : "";
	he->file = c->file;
	he->line = c->line;
	c->object = he;
	if (nargs != 1) {
		diag_error(c->diag, "'http-errors' expects one name as argument.");
		return 0;
	}
	check_name(c, "http-errors", he->name);
	other = http_errors_find(c->snap, he->name);
	if (other != NULL)
		diag_error(c->diag, "http-errors section '%s' already exists (declared at %s:%d).",
		    he->name, other->file, other->line);
	he->next = g->http_errors;
	g->http_errors = he;
	return 0;
}

static int
open_refused(struct cfg *c, char **args, int nargs)
{
	(void)args;
	(void)nargs;
	c->object = NULL;
	diag_error(c->diag, "section '%s' is refused: %s", c->section->name, c->section->help);
	return -1;
}

#define LATER(name, what) \
	{ name, 0, open_refused, NULL, what " built in a later release." }

static const struct section_row sections[] = {
	{ "global", IN_GLOBAL, open_global, NULL, "Settings of the whole process." },
	{ "defaults", IN_DEFAULTS, open_defaults, NULL,
	    "Settings that the sections below it start with." },
	{ "frontend", IN_FRONTEND, open_frontend, NULL,
	    "Addresses to listen on and what to do with clients." },
	{ "backend", IN_BACKEND, open_backend, NULL,
	    "A set of servers and how to choose among them." },
	{ "listen", IN_FRONTEND | IN_BACKEND, open_listen, NULL,
	    "A frontend and a backend in one section." },
	{ "http-errors", IN_HTTP_ERRORS, open_http_errors, NULL,
	    "A named set of error pages." },
	LATER("log-forward", "log forwarding is"),
	LATER("log-profile", "log profiles are"),
	LATER("crt-store", "the named certificate store is"),
	LATER("mailers", "e-mail alerts are"),
	LATER("cache", "the HTTP cache is"),
	LATER("program", "the master process is"),
	LATER("fcgi-app", "FastCGI is"),
	LATER("traces", "tracing is"),
	LATER("acme", "certificate requests by ACME are"),
	{ 0 }
};

const struct module mod_sections = { .name = "sections", .sections = sections };
