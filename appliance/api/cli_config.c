/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of the configuration and its versions: show config, config rollback, config
 * confirm.
 *
 * Thread: control; files are read by jobs.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_config.h"
#include "api/cli_reload.h"
#include "api/scaling.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/config_text.h"
#include "ctl/confirm.h"
#include "ctl/control.h"
#include "ctl/generation.h"
#include "ctl/reload.h"
#include "event/job.h"

/* ---- texts ---- */

static void
put_text(struct cli *c, const struct config_text *t)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_z(&b, "");
	config_text_put(&b, t);
	cli_text(c, b.data);
	outbuf_fini(&b);
}

static void
on_text(void *arg, struct config_text *text, const char *error)
{
	struct cli *c = arg;

	if (text != NULL)
		put_text(c, text);
	else
		cli_err(c, "%s.", error);
	config_text_free(text);
	cli_done(c);
}

bool
cli_config_version(struct cli *c, uint32_t *ret_n)
{
	uint64_t v = 0;

	*ret_n = 0;
	if (c->nargs == 0)
		return false;
	if (strcmp(c->args[0], "version") != 0)
		cli_err(c, "Unknown word '%s': 'version' is known.", c->args[0]);
	else if (!str_to_u64(str_of(cli_arg(c, 1)), &v) || v == 0 || v > UINT32_MAX)
		cli_err(c, "'version' expects a number; 'show config versions' lists them.");
	else
		*ret_n = (uint32_t)v;
	return true;
}

static void
show_version(struct cli *c, uint32_t n)
{
	if (n == 0)
		return;
	cli_wait(c);
	generation_read(n, on_text, c);
}

static void
show_running(struct cli *c)
{
	struct config_text *t;
	char *missing = NULL;
	uint32_t n;

	if (cli_config_version(c, &n)) {
		show_version(c, n);
		return;
	}
	t = config_text_now(&missing);
	if (t != NULL)
		put_text(c, t);
	else
		cli_err(c, "'%s' is no plain file: its text is not kept.", missing);
	free(missing);
	config_text_free(t);
}

struct reading {
	struct cli	*c;
	struct config_text *text;
	char		*missing;	/* owned */
};

static void
read_files(void *arg)
{
	struct reading *r = arg;
	int n;
	char *const *paths = config_paths(&n);

	r->text = config_text_read(paths, n, &r->missing);
}

static void
on_files(void *arg)
{
	struct reading *r = arg;
	char *error = r->text == NULL ?
	    xasprintf("'%s' cannot be read", r->missing) : NULL;

	on_text(r->c, r->text, error);
	free(error);
	free(r->missing);
	free(r);
}

static void
show_file(struct cli *c)
{
	struct reading *r;
	uint32_t n;

	if (cli_config_version(c, &n)) {
		show_version(c, n);
		return;
	}
	r = xcalloc(1, sizeof *r);
	r->c = c;
	cli_wait(c);
	job_run(control_loop, read_files, on_files, r);
}

/* ---- versions ---- */

static void
show_versions(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	uint64_t left;
	uint32_t back_to = confirm_back_to(&left);
	struct fields f;

	fields_begin(&f, &c->out, "version,time,by,comment,files,bytes,state", is_json);
	LIST_EACH(n, &generations) {
		const struct generation *g = LIST_ITEM(n, struct generation, node);
		bool is_current = g->number == generation_current();

		fields_row(&f);
		fields_u64(&f, g->number);
		fields_time(&f, (uint64_t)g->at_us);
		fields_text(&f, g->by);
		fields_text(&f, g->comment);
		fields_u64(&f, g->nfiles);
		fields_u64(&f, g->bytes);
		fields_text(&f, is_current && back_to > 0 ? "unconfirmed" :
		    is_current ? "current" : g->number == back_to ? "comes back" : "");
		fields_row_end(&f);
	}
	fields_end(&f);
}

/* ---- rollback, confirm ---- */

struct rollback {
	struct cli	*c;
	struct reload_words words;
};

static void
on_generation(void *arg, struct config_text *text, const char *error)
{
	struct rollback *r = arg;
	int n;
	char *const *paths = config_paths(&n);

	if (text != NULL && config_text_is_for(text, paths, n)) {
		cli_reload(r->c, &r->words, config_text_seed(text));
	} else {
		outbuf_z(&r->c->out, "Success=0\n--\n");
		if (text == NULL)
			cli_err(r->c, "%s.", error);
		else
			cli_err(r->c, "Version %u cannot come back: " CONFIG_TEXT_OTHER ".",
			    r->words.rollback_to);
		free(r->words.comment);
		cli_done(r->c);
	}
	config_text_free(text);
	free(r);
}

static void
rollback(struct cli *c)
{
	struct rollback *r;
	uint64_t v;

	if (!str_to_u64(str_of(cli_arg(c, 0)), &v) || v == 0 || v > UINT32_MAX) {
		cli_err(c, "'config rollback' expects a version; 'show config versions' lists "
		    "them.");
		return;
	}
	r = xcalloc(1, sizeof *r);
	r->c = c;
	r->words.rollback_to = (uint32_t)v;
	if (!reload_words(c, 1, &r->words)) {
		free(r->words.comment);
		free(r);
		return;
	}
	if (r->words.comment == NULL)
		r->words.comment = xasprintf("rollback to %u", r->words.rollback_to);
	cli_wait(c);
	generation_read(r->words.rollback_to, on_generation, r);
}

static void
confirm(struct cli *c)
{
	bool was_waiting = confirm_done();
	uint64_t left;
	uint32_t back_to = confirm_back_to(&left);

	outbuf_fmt(&c->out, "Success=%d\n--\n", was_waiting);
	if (was_waiting)
		outbuf_fmt(&c->out, "Version %u stays.\n", generation_current());
	else if (back_to > 0)
		cli_err(c, "It is too late: version %u is on its way back.", back_to);
	else
		cli_err(c, "There is nothing to confirm.");
}

static const struct cli_row rows[] = {
	{ "show config running", CLI_ADMIN, 0, show_running, "[version <number>]",
	  "print the configuration in service" },
	{ "show config file", CLI_ADMIN, 0, show_file, "[version <number>]",
	  "print the configuration as it lies on disk" },
	{ "show config versions", CLI_OPERATOR, 0, show_versions, "[json]",
	  "list the texts that were in service" },
	{ "config rollback", CLI_ADMIN, CLI_F_CHANGE, rollback,
	  "<version> [confirm <duration>] [comment <text>]",
	  "put an earlier text into service" },
	{ "config confirm", CLI_ADMIN, CLI_F_CHANGE, confirm, "",
	  "keep what 'confirm' would take back" },
	{ 0 }
};

const struct module mod_cli_config = { .name = "cli_config", .cli = rows };
