/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether rules may lead to a backend; see be_switch.h. What a command said stays
 * over reloads until the configuration says something else than before.
 *
 * Thread: data where said, else control or a job thread while parsing.
 */
#include "proxy/be_switch.h"

#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/acl.h"

struct be_switch {
	struct be_switch *next;
	struct acl_cond	*cond;
};

bool
be_switch_is_forced(struct sample_ctx *x, const struct proxy *fe)
{
	for (const struct be_switch *r = fe->forced_switches; r != NULL; r = r->next)
		if (acl_cond_passes(r->cond, x))
			return true;
	return false;
}

void
be_switch_publish(const struct snapshot *s)
{
	for (const struct proxy *px = s->proxies; px != NULL; px = px->next) {
		if (px->live->said_unpublished == px->is_unpublished)
			continue;
		px->live->said_unpublished = px->is_unpublished;
		atomic_store_explicit(&px->live->is_unpublished, px->is_unpublished,
		    memory_order_relaxed);
	}
}

static int
parse_unpublished(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row, (void)args, (void)nargs;
	proxy_of(c)->is_unpublished = true;
	return 0;
}

static int
parse_force(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	struct be_switch *r, **at;

	if (nargs < 2 || (strcmp(args[0], "if") != 0 && strcmp(args[0], "unless") != 0)) {
		diag_error(c->diag, "'%s' requires either 'if' or 'unless' followed by a "
		    "condition.", row->name);
		return -1;
	}
	r = arena_calloc(c->arena, 1, sizeof *r);
	if ((r->cond = acl_cond_parse(c, px, args, nargs, USE_AT_REQ)) == NULL)
		return -1;
	for (at = &px->forced_switches; *at != NULL; at = &(*at)->next)
		;
	*at = r;
	return 0;
}

static const struct kw_row rows[] = {
	{ "be-unpublished", IN_BACKEND, KW_OBEYED, 0, 0, 0, parse_unpublished, 0, "",
	    "No rule leads here until 'publish backend' is said." },
	{ "force-be-switch", IN_FRONTEND, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_force, 0,
	    "if|unless <condition>", "Rules lead to disabled and unpublished backends too." },
	{ 0 }
};

const struct module mod_be_switch = { .name = "be_switch", .cfg = rows };
