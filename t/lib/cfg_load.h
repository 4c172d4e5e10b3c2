/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For units that load a configuration: text goes to a file "t.cfg" in a folder
 * of its own, is loaded by the modules the test lists, and the messages are kept
 * in the form that a reader sees, without tag and process id.
 */
#ifndef WEIR_T_LIB_CFG_LOAD_H
#define WEIR_T_LIB_CFG_LOAD_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "tap.h"

extern const struct module mod_sections, mod_global_cfg, mod_proxy_cfg, mod_timeout_cfg,
    mod_option_cfg, mod_balance_cfg, mod_bind_cfg, mod_server_cfg, mod_noeffect_cfg,
    mod_later_cfg, mod_proxy_post;

#define PROXY_MODULES \
	&mod_sections, &mod_global_cfg, &mod_proxy_cfg, &mod_timeout_cfg, &mod_option_cfg, \
	&mod_balance_cfg, &mod_bind_cfg, &mod_server_cfg, &mod_noeffect_cfg, &mod_later_cfg, \
	&mod_proxy_post

#ifndef CFG_LOAD_WITH_RULES
/* Units of these modules have no rule engine: an expression is its text. */
struct expr *
expr_parse(struct cfg *c, struct proxy *px, const char *word, uint32_t use)
{
	(void)px;
	(void)use;
	if (*word != '\0')
		return (struct expr *)(uintptr_t)word;
	diag_error(c->diag, "empty expression");
	return NULL;
}
#endif

struct loaded {
	struct snapshot	*snap;
	int		 result;	/* of cfg_load */
	char		*alerts, *warnings, *notes;	/* a line per message */
};

static char *
messages(const struct diag *d, enum log_level from, enum log_level to)
{
	const struct diag_item *it;
	char *all = xstrdup(""), *next;

	for (it = d->first; it != NULL; it = it->next) {
		if (it->level < from || it->level > to)
			continue;
		if (it->file != NULL)
			next = xasprintf("%s%s:%d: %s\n", all, it->file, it->line, it->text);
		else
			next = xasprintf("%s%s\n", all, it->text);
		free(all);
		all = next;
	}
	return all;
}

static char load_dir[] = "/tmp/weir-unit-XXXXXX";

static void
load_tidy(void)
{
	unlink("t.cfg");
	rmdir(load_dir);
}

static void
load_write(const char *text)
{
	static bool have_dir;
	FILE *f;

	if (!have_dir) {
		if (mkdtemp(load_dir) == NULL || chdir(load_dir) == -1)
			tap_skip_all("no temporary folder");
		have_dir = true;
		atexit(load_tidy);
	}
	f = fopen("t.cfg", "w");
	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		tap_skip_all("cannot write a file");
}

static struct loaded
load(const char *text)
{
	char *paths[] = { (char *)(uintptr_t)"t.cfg" };
	struct loaded l = { .snap = snapshot_new(2) };
	struct diag d;
	struct cfg c = { .snap = l.snap, .arena = l.snap->arena, .diag = &d };

	load_write(text);
	diag_init(&d, false);
	l.result = cfg_load(&c, paths, 1);
	l.alerts = messages(&d, LOG_L_EMERG, LOG_L_ERR);
	l.warnings = messages(&d, LOG_L_WARNING, LOG_L_WARNING);
	l.notes = messages(&d, LOG_L_NOTICE, LOG_L_DIAG);
	diag_fini(&d);
	return l;
}

static void
unload(struct loaded *l)
{
	snapshot_free(l->snap);
	free(l->alerts);
	free(l->warnings);
	free(l->notes);
	memset(l, 0, sizeof(*l));
}

/* The text loads without an error. */
static inline struct loaded
load_ok(const char *text)
{
	struct loaded l = load(text);

	if (!is_str(l.alerts, "") || !is_int(l.result, 0))
		tap_diag("%s", text);
	return l;
}

/* One statement in a section has this error, told with its place. */
static inline void
error_is(const char *section, const char *statement, const char *want)
{
	char *text = xasprintf("%s\n\t%s\n", section, statement);
	char *place = xasprintf("t.cfg:2: %s\n", want);
	struct loaded l = load(text);
	char *nl = strchr(l.alerts, '\n');

	if (nl != NULL)
		nl[1] = '\0';		/* the closing line of the file */
	if (!is_str(l.alerts, place))
		tap_diag("%s", text);
	unload(&l);
	free(place);
	free(text);
}

/* One statement in a section is accepted with this warning ("" = none). */
static inline void
warning_is(const char *section, const char *statement, const char *want)
{
	char *text = xasprintf("%s\n\t%s\n", section, statement);
	char *place = *want != '\0' ? xasprintf("t.cfg:2: %s\n", want) : xstrdup("");
	struct loaded l = load(text);
	char *nl = strchr(l.warnings, '\n');

	if (nl != NULL)
		nl[1] = '\0';		/* what post checks add */
	if (!is_str(l.alerts, "") || !is_str(l.warnings, place))
		tap_diag("%s", text);
	unload(&l);
	free(place);
	free(text);
}

#endif
