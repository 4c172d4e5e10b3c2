/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show stat: every row of every proxy, as CSV, typed lines or JSON (stat_dump.c).
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/stat_dump.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "proxy/proxy.h"

static bool
show_piece(struct cli *c)
{
	return stat_dump_piece(c->state, &c->out);
}

/* `PROXY TYPEMASK SID` in front of the words; false: no such proxy. */
static bool
read_filter(struct cli *c, struct stat_dump *d, const struct snapshot *s)
{
	const struct proxy *px;
	int64_t iid = -1, mask, sid;

	if (c->nargs < 3 || !str_to_i64(str_of(c->args[1]), &mask) ||
	    !str_to_i64(str_of(c->args[2]), &sid))
		return true;
	if (!str_to_i64(str_of(c->args[0]), &iid)) {
		px = proxy_find(s, c->args[0], CAP_BACKEND);
		if (px == NULL)
			px = proxy_find(s, c->args[0], CAP_FRONTEND);
		if (px == NULL)
			return false;
		iid = px->id;
	}
	d->iid = iid > INT32_MAX || iid < -1 ? INT32_MAX : (int)iid;
	d->sid = sid > INT32_MAX || sid < -1 ? INT32_MAX : (int)sid;
	d->mask = (unsigned)mask;
	return true;
}

static void
show_stat(struct cli *c)
{
	struct stat_dump *d = xcalloc(1, sizeof *d);
	struct snapshot *s = cli_hold(c);

	d->iid = d->sid = -1;
	d->mask = ~0u;
	if (!read_filter(c, d, s)) {
		free(d);
		cli_err(c, "No such proxy.");
		return;
	}
	d->form = cli_has_arg(c, "typed") ? STAT_TYPED : cli_has_arg(c, "json") ? STAT_JSON :
	    STAT_CSV;
	d->with_text = cli_has_arg(c, "desc");
	d->no_maint = cli_has_arg(c, "no-maint");
	d->only_up = cli_has_arg(c, "up");
	d->flags = (c->level >= CLI_OPERATOR ? STAT_F_NAMES : 0) |
	    (d->only_up || d->no_maint ? STAT_F_COUNTS : 0);
	stat_dump_start(d, s->proxies);
	cli_more(c, show_piece, d, free);
}

static void
clear_counters(struct cli *c)
{
	stat_clear(strcmp(cli_arg(c, 0), "all") == 0);
}

static const struct cli_row rows[] = {
	{ "show stat", CLI_USER, 0, show_stat, "[desc|json|no-maint|typed|up]*",
	  "report counters of each proxy and server" },
	{ "clear counters", CLI_OPERATOR, CLI_F_CHANGE, clear_counters, "[all]",
	  "clear maxima (or all counters)" },
	{ 0 }
};

const struct module mod_cli_show_stat = { .name = "cli_show_stat", .cli = rows };
