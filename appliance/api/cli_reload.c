/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload: the configuration is read again, checked and put into service, or not.
 * The answer comes when that is decided, with everything that was said.
 *
 * Thread: control.
 */
#include "api/cli_reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "base/file_keep.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/confirm.h"
#include "ctl/generation.h"
#include "ctl/reload.h"
#include "ctl/store.h"

struct pending {
	struct cli	*c;
	uint64_t	 confirm_us;
	uint32_t	 before, rollback_to;
};

/* ---- words ---- */

static bool
read_confirm(struct cli *c, const char *word, struct reload_words *w)
{
	if (str_to_duration_us(str_of(word), 0, &w->confirm_us) != PARSE_OK ||
	    w->confirm_us == 0) {
		cli_err(c, "'confirm' expects a duration with a unit: 'confirm 10m'.");
		return false;
	}
	if (!store_is_there()) {
		cli_err(c, "'confirm' needs 'state-dir': there is no version to go back to.");
		return false;
	}
	if (generation_find(generation_current()) == NULL) {
		cli_err(c, "'confirm' needs a version to go back to, and what is in service is "
		    "kept as none.");
		return false;
	}
	return true;
}

bool
reload_words(struct cli *c, int i, struct reload_words *w)
{
	for (; i < c->nargs; i++)
		if (strcmp(c->args[i], "confirm") == 0) {
			if (!read_confirm(c, cli_arg(c, ++i), w))
				return false;
		} else if (strcmp(c->args[i], "comment") == 0) {
			w->comment = cli_rest(c, i + 1);
			return true;
		} else {
			cli_err(c, "Unknown word '%s': 'confirm' and 'comment' are known.",
			    c->args[i]);
			return false;
		}
	return true;
}

/* ---- the answer ---- */

/* What has to be known besides. */
static void
add_notes(struct cli *c, const struct pending *p)
{
	if (p->rollback_to > 0)
		outbuf_fmt(&c->out, "Version %u is in service; the files are as they were: the "
		    "next reload reads them.\n", p->rollback_to);
	if (p->confirm_us == 0)
		return;
	if (generation_current() == p->before)
		outbuf_z(&c->out, "There is nothing to confirm: the text is the one before.\n");
	else
		outbuf_fmt(&c->out, "Version %u comes back unless 'config confirm' is said in "
		    "time.\n", p->before);
}

static void
on_reloaded(void *arg, bool ok, const char *messages)
{
	struct pending *p = arg;
	struct cli *c = p->c;

	outbuf_fmt(&c->out, "Success=%d\n--\n", ok);
	if (messages != NULL)
		cli_text(c, messages);
	if (!ok && c->problem == NULL)		/* for the audit trail */
		c->problem = xstrdup("Success=0");
	if (ok && p->confirm_us > 0 && p->before > 0 && generation_current() != p->before)
		confirm_begin(p->before, p->confirm_us);
	if (ok)
		add_notes(c, p);
	free(p);
	cli_done(c);
}

static char *
who(const struct cli *c)
{
	return c->pid != 0 ? xasprintf("uid %u pid %d", (unsigned)c->uid, (int)c->pid) :
	    xstrdup("tcp");
}

void
cli_reload(struct cli *c, struct reload_words *w, struct file_keep *seed)
{
	char *by = who(c);
	struct reload_how how = { .is_check = w->is_check, .seed = seed, .by = by,
	    .comment = w->comment };
	struct pending *p = xcalloc(1, sizeof *p);

	*p = (struct pending){ c, w->confirm_us, generation_current(), w->rollback_to };
	if (!c->is_waiting)
		cli_wait(c);
	if (reload_request_how(&how, on_reloaded, p) != 0) {
		outbuf_z(&c->out, "Success=0\n--\nA reload is under way already.\n");
		free(p);
		cli_done(c);
	}
	free(by);
	free(w->comment);
}

static void
reload(struct cli *c)
{
	struct reload_words w = { 0 };

	if (reload_words(c, 0, &w))
		cli_reload(c, &w, NULL);
	else
		free(w.comment);
}

static void
reload_check(struct cli *c)
{
	struct reload_words w = { .is_check = true };

	if (c->nargs > 0)
		cli_err(c, "'reload check' takes no further word.");
	else
		cli_reload(c, &w, NULL);
}

static const struct cli_row rows[] = {
	{ "reload", CLI_ADMIN, CLI_F_CHANGE, reload, "[confirm <duration>] [comment <text>]",
	  "put the configuration as it is now into service" },
	{ "reload check", CLI_ADMIN, 0, reload_check, "",
	  "tell whether it could be put into service" },
	{ 0 }
};

const struct module mod_cli_reload = { .name = "cli_reload", .cli = rows };
