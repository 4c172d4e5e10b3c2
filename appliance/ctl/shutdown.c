/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending what runs at a server; see shutdown.h.
 *
 * Thread: control; kill_here in each data thread.
 */
#include "ctl/shutdown.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "ctl/broadcast.h"
#include "proxy/kill.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

struct order {
	struct server_live *live;	/* held */
	char		 cause;
};

static void
kill_here(void *arg, struct dthread *d)
{
	const struct order *o = arg;

	(void)d;
	kill_at_server(o->live, o->cause);
}

static void
on_killed(void *arg)
{
	struct order *o = arg;

	live_server_unref(o->live);
	free(o);
}

void
shutdown_sessions_of(struct server_live *l, char cause)
{
	struct order *o;

	if (gauge_get(&l->inflight) == 0)
		return;
	o = xcalloc(1, sizeof(*o));
	o->live = l;
	o->cause = cause;
	live_server_ref(l);
	broadcast(kill_here, on_killed, o);
}

void
shutdown_backup_sessions(const struct proxy *px, char cause)
{
	for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next)
		if (srv->flags & SRV_BACKUP)
			shutdown_sessions_of(srv->live, cause);
}
