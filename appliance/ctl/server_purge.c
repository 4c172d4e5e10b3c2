/* SPDX-License-Identifier: BSD-2-Clause */
/* Idle connections that go; see server_purge.h. Threads: control; purge_here: data. */
#include "ctl/server_purge.h"

#include "ctl/broadcast.h"
#include "proxy/live.h"
#include "proxy/server_conn.h"

static void
purge_here(void *arg, struct dthread *d)
{
	(void)d;
	server_conn_purge(arg);
}

static void
purged(void *arg)
{
	live_server_unref(arg);
}

void
server_purge_idle(struct server_live *l)
{
	if (gauge_get(&l->idle) == 0)
		return;
	live_server_ref(l);
	broadcast(purge_here, purged, l);
}
