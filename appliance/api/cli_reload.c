/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload: the configuration is read again, checked and put into service, or not.
 * The answer comes when that is decided, with everything that was said.
 *
 * Thread: control.
 */
#include "api/cli.h"
#include "base/module.h"
#include "ctl/reload.h"

static void
on_reloaded(void *arg, bool ok, const char *messages)
{
	struct cli *c = arg;

	outbuf_fmt(&c->out, "Success=%d\n--\n", ok);
	if (messages != NULL)
		cli_text(c, messages);
	cli_done(c);
}

static void
reload(struct cli *c)
{
	if (reload_request(on_reloaded, c) == 0)
		cli_wait(c);
	else
		outbuf_z(&c->out, "Success=0\n--\nA reload is under way already.\n");
}

static const struct cli_row rows[] = {
	{ "reload", CLI_ADMIN, CLI_F_CHANGE, reload, "",
	  "put the configuration as it is now into service" },
	{ 0 }
};

const struct module mod_cli_reload = { .name = "cli_reload", .cli = rows };
