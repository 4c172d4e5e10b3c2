/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show config unsaved: what runs and would not after a restart with these files. First
 * where the text in service differs from them, then what commands changed.
 *
 * Thread: control; files are read and compared by a job.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_config.h"
#include "api/unsaved.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/config_diff.h"
#include "ctl/config_text.h"
#include "ctl/control.h"
#include "ctl/generation.h"
#include "ctl/reload.h"
#include "event/job.h"

void
unsaved_in(struct unsaved *u, const char *fmt, ...)
{
	char section[sizeof u->section];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(section, sizeof section, fmt, ap);
	va_end(ap);
	if (strcmp(section, u->section) == 0)
		return;
	memcpy(u->section, section, sizeof section);
	u->is_told = false;
}

void
unsaved_line(struct unsaved *u, char sign, const char *fmt, ...)
{
	va_list ap;

	if (!u->is_told)
		outbuf_fmt(u->b, "@@ %s @@\n", u->section);
	u->is_told = true;
	outbuf_fmt(u->b, "%c", sign);
	va_start(ap, fmt);
	outbuf_vfmt(u->b, fmt, ap);
	va_end(ap);
	outbuf_z(u->b, "\n");
}

/* ---- the command ---- */

struct comparing {
	struct cli	*c;
	struct config_text *now, *then;	/* owned; then NULL: the files */
	char		*missing;	/* owned */
	struct outbuf	 b;
};

static void
compare(void *arg)
{
	struct comparing *x = arg;
	int n;
	char *const *paths = config_paths(&n);

	if (x->then == NULL)
		x->then = config_text_read(paths, n, &x->missing);
	if (x->then != NULL)
		config_diff(&x->b, x->then, x->now, "in service");
}

static void
on_compared(void *arg)
{
	struct comparing *x = arg;
	struct unsaved u = { .b = &x->b };

	if (x->missing != NULL)
		cli_err(x->c, "'%s' cannot be read.", x->missing);
	unsaved_proxies(&u);
	unsaved_control(&u);
	if (x->b.len > 0)
		cli_text(x->c, x->b.data);
	cli_done(x->c);
	config_text_free(x->now);
	config_text_free(x->then);
	outbuf_fini(&x->b);
	free(x->missing);
	free(x);
}

static void
compare_with(struct cli *c, struct config_text *then)
{
	struct comparing *x = xcalloc(1, sizeof *x);

	x->c = c;
	x->then = then;
	outbuf_init(&x->b, 0);
	x->now = config_text_now(&x->missing);
	if (x->now != NULL)
		job_run(control_loop, compare, on_compared, x);
	else
		on_compared(x);
}

static void
on_version(void *arg, struct config_text *text, const char *error)
{
	struct cli *c = arg;

	if (text != NULL) {
		compare_with(c, text);
		return;
	}
	cli_err(c, "%s.", error);
	cli_done(c);
}

static void
show_unsaved(struct cli *c)
{
	uint32_t n = 0;

	if (cli_config_version(c, &n) && n == 0)
		return;
	cli_wait(c);
	if (n > 0)
		generation_read(n, on_version, c);
	else
		compare_with(c, NULL);
}

static const struct cli_row rows[] = {
	{ "show config unsaved", CLI_OPERATOR, 0, show_unsaved, "[version <number>]",
	  "tell what runs and stands in no file" },
	{ 0 }
};

const struct module mod_cli_unsaved = { .name = "cli_unsaved", .cli = rows };
