/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands of instance refreshes.
 *
 * Thread: control.
 */
#include <string.h>

#include "api/cli.h"
#include "api/scaling.h"
#include "base/module.h"
#include "base/str.h"
#include "ctl/group.h"
#include "ctl/refresh.h"

static bool
read_percent(struct cli *c, int i, unsigned max, unsigned *ret)
{
	if (refresh_percent(cli_arg(c, i), max, ret))
		return true;
	cli_err(c, "'%s' expects a percentage up to %u%%, not '%s'.", c->args[i - 1], max,
	    cli_arg(c, i));
	return false;
}

/* [min-healthy PCT] [max-healthy PCT] [warmup D] [rollback] */
static bool
read_words(struct cli *c, struct refresh_conf *r)
{
	for (int i = 1; i < c->nargs; i += 2) {
		const char *word = c->args[i];

		if (strcmp(word, "min-healthy") == 0) {
			if (!read_percent(c, i + 1, 100, &r->min_healthy))
				return false;
		} else if (strcmp(word, "max-healthy") == 0) {
			if (!read_percent(c, i + 1, 200, &r->max_healthy))
				return false;
		} else if (strcmp(word, "rollback") == 0) {
			r->rolls_back = true;
			i--;
		} else if (strcmp(word, "warmup") == 0) {
			r->has_warmup = true;
			if (str_to_duration_us(str_of(cli_arg(c, i + 1)), 0, &r->warmup_us) !=
			    PARSE_OK) {
				cli_err(c, "'warmup' expects a time like 60s.");
				return false;
			}
		} else {
			cli_err(c, "Unknown word '%s'.", word);
			return false;
		}
	}
	return true;
}

static void
refresh(struct cli *c)
{
	struct group *g = cli_group(c, cli_arg(c, 0));
	struct refresh_conf conf = refresh_default;
	char id[UUID_TEXT];
	const char *why;

	if (g == NULL)
		return;
	if (g->conf != NULL && g->conf->refresh != NULL)
		conf = *g->conf->refresh;
	if (!read_words(c, &conf))
		return;
	if ((why = refresh_start(g, &conf, false, id)) != NULL)
		cli_err(c, "%s", why);
	else
		outbuf_fmt(&c->out, "%s\n", id);
}

static void
cancel(struct cli *c)
{
	struct group *g = cli_group(c, cli_arg(c, 0));
	char id[UUID_TEXT];
	const char *why;

	if (g == NULL)
		return;
	if ((why = refresh_cancel(g, id)) != NULL)
		cli_err(c, "%s", why);
	else
		outbuf_fmt(&c->out, "%s\n", id);
}

static const struct cli_row rows[] = {
	{ "group refresh", CLI_ADMIN, CLI_F_CHANGE, refresh,
	  "<group> [min-healthy <percent>] [max-healthy <percent>] [warmup <time>] [rollback]",
	  "replace all instances of a group, some at a time" },
	{ "group cancel-refresh", CLI_ADMIN, CLI_F_CHANGE, cancel, "<group>",
	  "let the instances that were not replaced yet stay" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_refresh = { .name = "cli_refresh", .cli = rows };
