/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that change frontends and the process: enable, disable, shutdown,
 * maxconn. The sockets are watched in the data threads, so a change of them is a
 * message to each; the answer comes when all have done it.
 *
 * A disabled frontend keeps its sockets: clients wait in the kernel's queue until
 * it is enabled. A shut down one closes them; only a restart brings it back.
 *
 * Thread: control, and data where said.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/broadcast.h"
#include "net/listen.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"

enum fe_state { FE_OPEN, FE_PAUSED, FE_STOPPED };

struct change {
	struct cli	*cli;
	struct proxy_live *live;	/* held */
	enum fe_state	 to;
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
	cli_done(ch->cli);
	live_proxy_unref(ch->live);
	free(ch);
}

static void
change_frontend(struct cli *c, struct proxy *px, enum fe_state to)
{
	struct change *ch = xcalloc(1, sizeof *ch);

	ch->cli = c;
	ch->live = px->live;
	ch->to = to;
	live_proxy_ref(px->live);
	atomic_store(&px->live->fe_state, to);
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (l->live == px->live)
			atomic_store(&l->disabled, to != FE_OPEN);
	}
	cli_wait(c);
	broadcast(change_here, on_changed, ch);
}

static void
switch_frontend(struct cli *c, enum fe_state to, const char *verb, const char *done)
{
	struct proxy *px = cli_find_frontend(c, cli_arg(c, 0));
	uint32_t state;

	if (px == NULL)
		return;
	state = atomic_load(&px->live->fe_state);
	if (state == FE_STOPPED)
		cli_err(c, "Frontend was previously shut down, cannot %s.", verb);
	else if (state == to)
		cli_err(c, "All sockets are already %sd.", verb);
	else {
		log_event(px, LOG_L_WARNING, "%s frontend %s.", done, px->name);
		change_frontend(c, px, to);
	}
}

static void
enable_frontend(struct cli *c)
{
	switch_frontend(c, FE_OPEN, "enable", "Resumed");
}

static void
disable_frontend(struct cli *c)
{
	switch_frontend(c, FE_PAUSED, "disable", "Paused");
}

static void
shutdown_frontend(struct cli *c)
{
	struct proxy *px = cli_find_frontend(c, cli_arg(c, 0));

	if (px == NULL)
		return;
	if (atomic_load(&px->live->fe_state) == FE_STOPPED) {
		cli_err(c, "Frontend was already shut down.");
		return;
	}
	log_event(px, LOG_L_WARNING, "Proxy %s stopped (cumulated conns: FE: %llu, BE: %llu).",
	    px->name, (unsigned long long)live_sum_fe(px->live, C_stot),
	    (unsigned long long)live_sum_be(px->live, C_stot));
	change_frontend(c, px, FE_STOPPED);
}

/* ---- maxconn ---- */

static void
set_maxconn_frontend(struct cli *c)
{
	struct proxy *px = cli_find_frontend(c, cli_arg(c, 0));
	uint64_t n;

	if (px == NULL)
		return;
	if (!str_to_u64(str_of(cli_arg(c, 1)), &n))
		cli_err(c, "Integer value expected.");
	else if (n == 0 || n > UINT32_MAX)
		cli_err(c, "Value out of range.");
	else
		atomic_store(&px->live->fe_max_now, (uint32_t)n);
}

static uint32_t hard_maxconn;

uint32_t
cli_hard_maxconn(void)
{
	return hard_maxconn;
}

static void
set_maxconn_global(struct cli *c)
{
	uint64_t n;

	if (!str_to_u64(str_of(cli_arg(c, 0)), &n))
		cli_err(c, "Expects an integer value.");
	else if (n > hard_maxconn)
		cli_err(c, "Value out of range.");
	else
		atomic_store(&limits.maxconn, n != 0 ? (uint32_t)n : hard_maxconn);
}

static int
start(void)
{
	hard_maxconn = atomic_load(&limits.maxconn);
	return 0;
}

static const struct cli_row rows[] = {
	{ "enable frontend", CLI_ADMIN, CLI_F_CHANGE, enable_frontend, "<frontend>",
	  "accept connections again" },
	{ "disable frontend", CLI_ADMIN, CLI_F_CHANGE, disable_frontend, "<frontend>",
	  "leave new connections waiting" },
	{ "shutdown frontend", CLI_ADMIN, CLI_F_CHANGE, shutdown_frontend, "<frontend>",
	  "close the sockets of a frontend for good" },
	{ "set maxconn frontend", CLI_ADMIN, CLI_F_CHANGE, set_maxconn_frontend,
	  "<frontend> <n>", "change the maxconn of a frontend" },
	{ "set maxconn global", CLI_ADMIN, CLI_F_CHANGE, set_maxconn_global, "<n>",
	  "change the maxconn of the process" },
	{ 0 }
};

const struct module mod_cli_frontend = { .name = "cli_frontend", .cli = rows, .start = start };
