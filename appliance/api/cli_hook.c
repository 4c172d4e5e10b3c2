/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands of lifecycle hooks.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/scaling.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/hook.h"

/* GROUP/HOOK ID|TOKEN; the hook's name, NULL after an error. */
static const char *
read_hook(struct cli *c, struct group **ret_group)
{
	const char *word = cli_arg(c, 0), *slash = strchr(word, '/');
	char *name;

	if (slash == NULL || c->nargs < 2) {
		cli_err(c, "Expects <group>/<hook> and an instance's id or a token.");
		return NULL;
	}
	name = xstrndup(word, (size_t)(slash - word));
	*ret_group = cli_group(c, name);
	free(name);
	if (*ret_group == NULL)
		return NULL;
	if (hook_find(*ret_group, slash + 1) != NULL)
		return slash + 1;
	cli_err(c, "Lifecycle hook name not found: group %s has no hook '%s'.",
	    (*ret_group)->name, slash + 1);
	return NULL;
}

static void
complete(struct cli *c)
{
	const char *result = c->nargs > 2 ? c->args[2] : "CONTINUE", *hook, *why;
	bool is_abandoned = strcmp(result, "ABANDON") == 0;
	struct group *g;

	if ((hook = read_hook(c, &g)) == NULL)
		return;
	if (!is_abandoned && strcmp(result, "CONTINUE") != 0) {
		cli_err(c, "The result is CONTINUE or ABANDON, not '%s'.", result);
		return;
	}
	if ((why = hook_complete(g, hook, c->args[1], is_abandoned)) != NULL)
		cli_err(c, "%s: %s.", why, c->args[1]);
}

static void
heartbeat(struct cli *c)
{
	struct group *g;
	const char *hook = read_hook(c, &g), *why;

	if (hook != NULL && (why = hook_heartbeat(g, hook, c->args[1])) != NULL)
		cli_err(c, "%s: %s.", why, c->args[1]);
}

static void
put_open(struct fields *f, const struct instance *i, const char *hook, const char *token,
    uint64_t left_us)
{
	fields_row(f);
	fields_text(f, i->group->name);
	fields_text(f, hook);
	fields_text(f, i->id);
	fields_text(f, lifecycle_name(i->lifecycle));
	fields_text(f, token);
	fields_u64(f, left_us / 1000000);
	fields_row_end(f);
}

struct listing {
	struct fields	 f;
	const struct instance *i;
};

static void
on_open(const char *hook, const char *token, uint64_t left_us, void *arg)
{
	struct listing *l = arg;

	put_open(&l->f, l->i, hook, token, left_us);
}

static void
show_hooks(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	struct group *only = NULL;
	struct listing l;

	if (c->nargs > 0 && (only = cli_group(c, c->args[c->nargs - 1])) == NULL)
		return;
	fields_begin(&l.f, &c->out, "group,hook,instance,lifecycle,token,left_s", is_json);
	GROUP_EACH(g) {
		if (only != NULL && g != only)
			continue;
		LIST_EACH(n, &g->instances) {
			l.i = LIST_ITEM(n, struct instance, node);
			hook_each(l.i, on_open, &l);
		}
	}
	fields_end(&l.f);
}

static const struct cli_row rows[] = {
	{ "show hooks", CLI_USER, 0, show_hooks, "[<group>] [json]",
	  "list instances that wait for a lifecycle hook, with its token" },
	{ "hook complete", CLI_OPERATOR, CLI_F_CHANGE, complete,
	  "<group>/<hook> <id>|<token> [CONTINUE|ABANDON]",
	  "let an instance go on that waits for a hook, or end it" },
	{ "hook heartbeat", CLI_OPERATOR, CLI_F_CHANGE, heartbeat,
	  "<group>/<hook> <id>|<token>", "begin a hook's time anew" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_hook = { .name = "cli_hook", .cli = rows };
