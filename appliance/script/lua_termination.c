/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `termination lua NAME`: a function orders those that may go. The scaler wants to know
 * at once, so it has VM_STRETCH_US; without an answer the default policy decides.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/scaler.h"
#include "script/ask.h"
#include "script/unit.h"

static bool
order(const char *name, const struct group *g, const struct victim *all, unsigned n,
    unsigned want, unsigned *ret_order)
{
	struct script_live *f = script_live_find(SCRIPT_TERMINATION, name);
	const struct instance **list;
	struct script_victims v = { .n = n, .want = want, .order = ret_order };
	struct script_ask *a;
	bool ok;

	if (f == NULL || !script_live_is_on(f))
		return false;
	list = xcalloc(n, sizeof *list);
	for (unsigned i = 0; i < n; i++)
		list[i] = all[i].arg;
	v.all = list;
	a = script_ask_live(f, g->name, name);
	a->subject = &v;
	script_ask_now(a, VM_STRETCH_US);
	ok = a->ok;
	script_ask_free(a);
	free(list);
	return ok;
}

static int
start(void)
{
	scaler_set_termination(order);
	return 0;
}

const struct module mod_lua_termination = { .name = "lua_termination", .start = start };
