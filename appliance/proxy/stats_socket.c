/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options that only a `stats socket` line has: levels by the credentials of who
 * connects, and how messages look.
 *
 * Thread: the one that loads.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/ident.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/str.h"
#include "cfg/kw.h"
#include "proxy/proxy.h"

static struct bind_conf *
bind_of(struct cfg *c)
{
	WEIR_ASSERT(c->option_object != NULL);
	return c->option_object;
}

static int
index_of(const char *const *names, unsigned n, const char *word)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(names[i], word) == 0)
			return (int)i;
	return -1;
}

/* `level-user NAME LEVEL`, `level-group NAME LEVEL`; a number is an id. */
static int
opt_level_of(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const levels[] = { "user", "operator", "admin" };
	struct bind_conf *b = bind_of(c);
	struct level_rule *r = arena_alloc(c->arena, sizeof *r);
	int level = index_of(levels, 3, args[1]);
	uint64_t n;
	uid_t uid;
	gid_t gid;

	(void)nargs;
	r->is_group = row->arg != 0;
	if (str_to_u64(str_of(args[0]), &n) && n < UINT32_MAX)
		r->id = (uint32_t)n;
	else if (!r->is_group && ident_user(args[0], &uid))
		r->id = uid;
	else if (r->is_group && ident_group(args[0], &gid))
		r->id = gid;
	else {
		diag_error(c->diag, "'%s' : unknown %s '%s'", row->name,
		    r->is_group ? "group" : "user", args[0]);
		return -1;
	}
	if (level < 0) {
		diag_error(c->diag, "'%s' only supports the levels 'user', 'operator', and "
		    "'admin' (got '%s')", row->name, args[1]);
		return -1;
	}
	r->level = (uint8_t)(level + 1);
	r->next = b->level_rules;
	b->level_rules = r;
	return 0;
}

static int
opt_severity(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const forms[] = { "none", "number", "string" };
	int form = index_of(forms, 3, args[0]);

	(void)row, (void)nargs;
	if (form < 0) {
		diag_error(c->diag, "'severity-output' expects one of 'none', 'number', 'string' "
		    "(got '%s')", args[0]);
		return -1;
	}
	bind_of(c)->severity = (uint8_t)form;
	return 0;
}

static const struct kw_row rows[] = {
	{ "level-user", IN_STATS_SOCKET, KW_OBEYED, 2, 2, 0, opt_level_of, 0, "<user> <level>",
	    "What a client that runs as this user may do; the highest that fits counts." },
	{ "level-group", IN_STATS_SOCKET, KW_OBEYED, 2, 2, 0, opt_level_of, 1, "<group> <level>",
	    "What a client of this group may do; the highest that fits counts." },
	{ "severity-output", IN_STATS_SOCKET, KW_OBEYED, 1, 1, 0, opt_severity, 0,
	    "none|number|string", "How messages to clients begin." },
	{ 0 }
};

const struct module mod_stats_socket = { .name = "stats_socket", .cfg = rows };
