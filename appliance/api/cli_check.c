/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `show check`: what the last health check of a server did, and what was said.
 *
 * Thread: control.
 */
#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "base/out.h"
#include "ctl/check_text.h"
#include "proxy/proxy.h"

static void
show_check(struct cli *c)
{
	const struct server *srv = cli_find_server(c, cli_arg(c, 0));

	if (srv != NULL)
		check_text(srv, &c->out);
}

static const struct cli_row rows[] = {
	{ "show check", CLI_OPERATOR, 0, show_check, "<backend>/<server>",
	  "show the last health check of a server and its transcript" },
	{ 0 }
};

const struct module mod_cli_check = { .name = "cli_check", .cli = rows };
