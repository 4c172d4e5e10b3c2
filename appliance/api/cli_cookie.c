/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands on dynamic cookies: their key, and whether a backend has them. They
 * give users' cookies other values, so sessions end; a reload keeps what was said.
 *
 * Thread: control.
 */
#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "cfg/snapshot.h"
#include "proxy/cookie_map.h"
#include "proxy/proxy.h"

static struct proxy *
backend(struct cli *c)
{
	const struct proxy *px = cli_proxy_named(snapshot_current(), cli_arg(c, 0), CAP_BACKEND);

	if (px == NULL)
		cli_err(c, "No such backend.");
	return (struct proxy *)(uintptr_t)px;
}

static void
set_key(struct cli *c)
{
	struct proxy *px = backend(c);

	if (px == NULL)
		return;
	if (cli_arg(c, 1)[0] == '\0')
		cli_err(c, "String value expected.");
	else
		cookie_map_set_key(px, cli_arg(c, 1));
}

static void
enable(struct cli *c)
{
	struct proxy *px = backend(c);

	if (px != NULL)
		cookie_map_set_dynamic(px, true);
}

static void
disable(struct cli *c)
{
	struct proxy *px = backend(c);

	if (px != NULL)
		cookie_map_set_dynamic(px, false);
}

static const struct cli_row rows[] = {
	{ "set dynamic-cookie-key backend", CLI_ADMIN, CLI_F_CHANGE, set_key, "<bk> <key>",
	  "change a backend's secret key for dynamic cookies" },
	{ "enable dynamic-cookie backend", CLI_ADMIN, CLI_F_CHANGE, enable, "<bk>",
	  "give servers without a cookie a dynamic one" },
	{ "disable dynamic-cookie backend", CLI_ADMIN, CLI_F_CHANGE, disable, "<bk>",
	  "no dynamic cookies any more" },
	{ 0 }
};

const struct module mod_cli_cookie = { .name = "cli_cookie", .cli = rows };
