/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration of one expression; see expr.h.
 *
 * Thread: control.
 */
#include "api/expr.h"

#include <string.h>

#include "base/arena.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

void
own_cfg_init(struct own_cfg *o)
{
	memset(o, 0, sizeof *o);
	diag_init(&o->diag, false);
	o->shell = snapshot_new(1);
	o->cfg = (struct cfg){ .snap = o->shell, .arena = o->shell->arena, .diag = &o->diag };
	(void)global_of(&o->cfg);
	diag_at(&o->diag, "command", 0);
}

bool
own_cfg_stands_alone(struct own_cfg *o)
{
	if (global_of(&o->cfg)->arg_todo == NULL)
		return true;
	diag_error(&o->diag, "names of proxies and servers cannot be used here");
	return false;
}

const char *
own_cfg_error(const struct own_cfg *o)
{
	for (const struct diag_item *i = o->diag.first; i != NULL; i = i->next)
		if (i->level == LOG_L_ALERT)
			return i->text;
	return "";
}

void
own_cfg_fini(struct own_cfg *o)
{
	snapshot_free(o->shell);
	diag_fini(&o->diag);
}
