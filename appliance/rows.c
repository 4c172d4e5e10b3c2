/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every word that weir knows, from the tables that make it known: help, lints
 * and the manual's completeness check read this.
 */
#include "rows.h"

#include <stdio.h>

#include "api/cli.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "proxy/lb.h"
#include "proxy/logline.h"
#include "proxy/rules.h"
#include "proxy/sample.h"

static const struct {
	uint32_t	 in;
	const char	*name;
} sections[] = {
	{ IN_GLOBAL, "global" }, { IN_DEFAULTS, "defaults" }, { IN_FRONTEND, "frontend" },
	{ IN_BACKEND, "backend" }, { IN_HTTP_ERRORS, "http-errors" }, { IN_PEERS, "peers" },
	{ IN_HEALTHCHECK, "healthcheck" },
	{ IN_USERLIST, "userlist" },
	{ IN_BIND, "bind" }, { IN_SERVER, "server" }, { IN_STATS_SOCKET, "stats-socket" },
	{ IN_RESOLVERS, "resolvers" },
	{ IN_PROVIDER, "provider" }, { IN_LAUNCH, "launch-config" },
	{ IN_GROUP, "scaling-group" }, { IN_ALARM, "alarm" }, { IN_NOTIFIER, "notifier" },
};

static void
row(const char *kind, const char *name, const char *section, unsigned state, const char *text)
{
	static const char *const states[] = { "obeyed", "no-effect", "refused" };

	printf("%s\t%s\t%s\t%s\t%s\n", kind, name, section, states[state],
	    text != NULL ? text : "");
}

static void
keyword(const struct module *m, const struct kw_row *kw, void *arg)
{
	char text[256];
	int n = 0;

	(void)m, (void)arg;
	text[0] = '\0';
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
		if ((kw->in & sections[i].in) && n < (int)sizeof text - 32)
			n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", n != 0 ? "," : "",
			    sections[i].name);
	row("keyword", kw->name, text, kw->kind, kw->help);
}

static void
module_rows(const struct module *m)
{
	for (const struct section_row *s = m->sections; s != NULL && s->name != NULL; s++)
		row("keyword", s->name, "-", s->in != 0 ? KW_OBEYED : KW_REFUSED, s->help);
	for (const struct fetch_row *f = m->fetches; f != NULL && f->name != NULL; f++)
		row("fetch", f->name, "-", f->fn != NULL ? KW_OBEYED : KW_REFUSED, f->help);
	for (const struct conv_row *c = m->converters; c != NULL && c->name != NULL; c++)
		row("converter", c->name, "-", c->fn != NULL ? KW_OBEYED : KW_REFUSED, c->help);
	for (const struct action_row *a = m->actions; a != NULL && a->name != NULL; a++)
		row("action", a->name, "-", a->parse != NULL ? KW_OBEYED : KW_REFUSED, a->help);
	for (const struct alias_row *a = m->aliases; a != NULL && a->name != NULL; a++)
		row("alias", a->name, "-", KW_OBEYED, a->help);
	for (const struct lb_algo *a = m->lb; a != NULL && a->name != NULL; a++)
		row("balance", a->name, "-", a->build != NULL ? KW_OBEYED : KW_REFUSED, a->help);
	for (const struct cli_row *c = m->cli; c != NULL && c->name != NULL; c++)
		row("cli", c->name, cli_level_name(c->level), KW_OBEYED, c->help);
}

int
rows_dump(void)
{
	kw_each(keyword, NULL);
	MODULE_EACH(m)
		module_rows(m);
	return 0;
}
