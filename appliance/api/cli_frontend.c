/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that change frontends and the process: enable, disable, shutdown,
 * maxconn. The answer comes when all data threads have followed.
 *
 * Thread: control.
 */
#include <stdatomic.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "base/str.h"
#include "ctl/frontend.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

static void
on_changed(void *cli)
{
	cli_done(cli);
}

static void
change_frontend(struct cli *c, struct proxy *px, enum fe_state to)
{
	cli_wait(c);
	frontend_switch(px, to, on_changed, c);
}

static void
switch_frontend(struct cli *c, enum fe_state to, const char *verb)
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
	else
		change_frontend(c, px, to);
}

static void
enable_frontend(struct cli *c)
{
	switch_frontend(c, FE_OPEN, "enable");
}

static void
disable_frontend(struct cli *c)
{
	switch_frontend(c, FE_PAUSED, "disable");
}

static void
shutdown_frontend(struct cli *c)
{
	struct proxy *px = cli_find_frontend(c, cli_arg(c, 0));

	if (px == NULL)
		return;
	if (atomic_load(&px->live->fe_state) == FE_STOPPED)
		cli_err(c, "Frontend was already shut down.");
	else
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
