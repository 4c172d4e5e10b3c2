/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `show check`: what the last health check of a server did, and what was said.
 *
 * Thread: control.
 */
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/snapshot.h"
#include "ctl/check_text.h"
#include "proxy/proxy.h"

static void
show_check(struct cli *c)
{
	const char *name = cli_arg(c, 0);
	const struct server *srv;
	const struct proxy *px;

	if (name[0] != '\0' && strchr(name, '/') == NULL) {
		px = cli_proxy_named(snapshot_current(), name, CAP_BACKEND);
		if (px == NULL)
			cli_err(c, "No such backend.");
		else
			check_list_text(px, &c->out);
		return;
	}
	srv = cli_find_server(c, name);
	if (srv != NULL)
		check_text(srv, &c->out);
}

static const struct cli_row rows[] = {
	{ "show check", CLI_OPERATOR, 0, show_check, "<backend>[/<server>]",
	  "show the last health checks, of a server with its transcript" },
	{ 0 }
};

const struct module mod_cli_check = { .name = "cli_check", .cli = rows };
