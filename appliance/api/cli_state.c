/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state save, state restore: the state in one file.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/archive.h"
#include "proxy/global.h"

static void
on_saved(void *arg, bool ok, const char *text)
{
	struct cli *c = arg;

	if (ok)
		outbuf_fmt(&c->out, "%s\n", text);
	else
		cli_err(c, "%s", text);
	cli_done(c);
}

static void
on_restored(void *arg, bool ok, const char *text)
{
	struct cli *c = arg;

	if (ok)
		cli_text(c, text[0] != '\0' ? text : "Nothing is other than in the file.\n");
	else
		cli_err(c, "%s", text);
	cli_done(c);
}

/* A name counts from state-dir; owned by the caller. NULL after a message. */
static char *
path_of(struct cli *c)
{
	const char *dir = snapshot_current()->global->state_dir, *name = cli_arg(c, 0);

	if (name[0] == '\0' || c->nargs > 1)
		cli_err(c, "Expects the name of a file.");
	else if (name[0] == '/')
		return xstrdup(name);
	else if (dir == NULL)
		cli_err(c, "Without 'state-dir' the file needs its whole path.");
	else
		return xasprintf("%s/%s", dir, name);
	return NULL;
}

static void
run(struct cli *c, int (*begin)(const char *path, archive_done_fn *done, void *arg),
    archive_done_fn *done)
{
	char *path = path_of(c);

	if (path == NULL)
		return;
	cli_wait(c);
	if (begin(path, done, c) != 0) {
		cli_err(c, "Another one is under way.");
		cli_done(c);
	}
	free(path);
}

static void
save(struct cli *c)
{
	run(c, archive_save, on_saved);
}

static void
restore(struct cli *c)
{
	run(c, archive_restore, on_restored);
}

static const struct cli_row rows[] = {
	{ "state save", CLI_ADMIN, CLI_F_CHANGE, save, "<file>",
	  "write alarms, histories, groups and scripts to a file" },
	{ "state restore", CLI_ADMIN, CLI_F_CHANGE, restore, "<file>",
	  "bring them back" },
	{ 0 }
};

const struct module mod_cli_state = { .name = "cli_state", .cli = rows };
