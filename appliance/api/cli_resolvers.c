/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show resolvers: what name servers were asked and said.
 *
 * Thread: control.
 */
#include "api/cli.h"
#include "base/module.h"
#include "ctl/resolve.h"

static void
put_server(struct outbuf *b, const struct dns_server *ns)
{
	outbuf_fmt(b, " nameserver %s:\n", ns->name);
#define X(name) \
	outbuf_fmt(b, "  %-12s %llu\n", #name ":", (unsigned long long)ns->count.name);
	DNS_COUNTERS(X)
#undef X
}

static void
put_section(struct outbuf *b, const struct dns_section *s)
{
	outbuf_fmt(b, "Resolvers section %s\n", s->name);
	LIST_EACH(n, &s->servers)
		put_server(b, LIST_ITEM(n, struct dns_server, node));
}

static void
show_resolvers(struct cli *c)
{
	struct dns_section *s = NULL;

	if (c->nargs > 0) {
		s = dns_section_find(c->args[0]);
		if (s != NULL)
			put_section(&c->out, s);
		else
			cli_err(c, "Can't find that resolvers section");
		return;
	}
	while ((s = dns_section_next(s)) != NULL)
		put_section(&c->out, s);
}

static const struct cli_row rows[] = {
	{ "show resolvers", CLI_USER, 0, show_resolvers, "[<section>]",
	  "show what name servers were asked and said" },
	{ 0 }
};

const struct module mod_cli_resolvers = { .name = "cli_resolvers", .cli = rows };
