/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * publish backend, unpublish backend: whether use_backend and default_backend
 * rules may lead to it. Its checks go on, and who is connected stays.
 *
 * Thread: control.
 */
#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "cfg/snapshot.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

static void
set_published(struct cli *c, bool is_published)
{
	const struct proxy *px = cli_proxy_named(snapshot_current(), cli_arg(c, 0), CAP_BACKEND);

	if (px == NULL) {
		cli_err(c, "No such backend.");
		return;
	}
	if (px->set.disabled) {
		cli_err(c, "No effect on a disabled backend.");
		return;
	}
	atomic_store_explicit(&px->live->is_unpublished, !is_published, memory_order_relaxed);
	cli_msg(c, LOG_L_INFO, is_published ? "Backend published." : "Backend unpublished.");
}

static void
publish(struct cli *c)
{
	set_published(c, true);
}

static void
unpublish(struct cli *c)
{
	set_published(c, false);
}

static const struct cli_row rows[] = {
	{ "publish backend", CLI_ADMIN, CLI_F_CHANGE, publish, "<backend>",
	  "let rules lead to a backend" },
	{ "unpublish backend", CLI_ADMIN, CLI_F_CHANGE, unpublish, "<backend>",
	  "let no rule lead to a backend any more" },
	{ 0 }
};

const struct module mod_cli_backend = { .name = "cli_backend", .cli = rows };
