/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frontends at run time; see frontend.h. Sockets are watched in the data threads,
 * so a change of them is a message to each.
 *
 * Thread: control, and data where said.
 */
#include "ctl/frontend.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/broadcast.h"
#include "net/listen.h"
#include "proxy/dthread.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"

struct change {
	struct proxy_live *live;	/* held */
	enum fe_state	 to;
	void		(*done)(void *);
	void		*arg;
};

/* data thread */
static void
change_here(void *arg, struct dthread *d)
{
	struct change *ch = arg;

	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (l->live != ch->live)
			continue;
		if (ch->to == FE_OPEN)
			listener_resume(l, d->loop);
		else if (ch->to == FE_PAUSED)
			listener_pause(l, d->loop, 0);
		else
			listener_stop(l, d->loop);
	}
}

static void
close_sockets(struct listener *l)
{
	for (unsigned i = 0; i < l->nfds; i++) {
		if (l->fds[i] >= 0)
			close(l->fds[i]);
		l->fds[i] = -1;
	}
	if (l->unlink_path != NULL)
		(void)unlink(l->unlink_path);
}

static void
on_changed(void *arg)
{
	struct change *ch = arg;

	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (l->live == ch->live && ch->to == FE_STOPPED)
			close_sockets(l);
	}
	if (ch->done != NULL)
		ch->done(ch->arg);
	live_proxy_unref(ch->live);
	free(ch);
}

static void
tell(const struct proxy *px, enum fe_state to)
{
	if (to == FE_STOPPED)
		log_event(px, LOG_L_WARNING,
		    "Proxy %s stopped (cumulated conns: FE: %llu, BE: %llu).", px->name,
		    (unsigned long long)live_sum_fe(px->live, C_stot),
		    (unsigned long long)live_sum_be(px->live, C_stot));
	else
		log_event(px, LOG_L_WARNING, "%s frontend %s.",
		    to == FE_OPEN ? "Resumed" : "Paused", px->name);
}

void
frontend_switch(struct proxy *px, enum fe_state to, void (*done)(void *), void *arg)
{
	struct change *ch = xcalloc(1, sizeof *ch);

	*ch = (struct change){ px->live, to, done, arg };
	tell(px, to);
	live_proxy_ref(px->live);
	atomic_store(&px->live->fe_state, to);
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (l->live == px->live)
			atomic_store(&l->disabled, to != FE_OPEN);
	}
	broadcast(change_here, on_changed, ch);
}

static void
switch_all(enum fe_state from, enum fe_state to)
{
	for (struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next)
		if (px->binds != NULL && atomic_load(&px->live->fe_state) == from)
			frontend_switch(px, to, NULL, NULL);
}

void
frontends_pause(void)
{
	switch_all(FE_OPEN, FE_PAUSED);
}

void
frontends_resume(void)
{
	switch_all(FE_PAUSED, FE_OPEN);
}
