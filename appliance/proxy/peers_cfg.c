/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections `peers`, as far as they are local: they hold tables that several
 * proxies share. Their entries outlive a reload in the process itself, so nothing
 * has to be sent to a next one, and nothing listens for it.
 *
 * Other peers are refused, but in a section that is disabled: there nobody would
 * exchange anything. That can be said on a later line, so it is looked at when
 * all is read.
 *
 * Thread: the one that loads.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/stick.h"

struct remote_peer {
	struct remote_peer *next;
	const char	*name, *file;
	int		 line;
};

static int
open_peers(struct cfg *c, char **args, int nargs)
{
	struct peers *p = arena_alloc(c->arena, sizeof(*p)), *other;

	p->name = nargs > 0 ? args[0] : "";
	p->file = c->file;
	p->line = c->line;
	c->object = p;
	if (nargs != 1) {
		diag_error(c->diag, "'peers' expects one name as argument.");
		return 0;
	}
	for (other = global_of(c)->peers; other != NULL; other = other->next)
		if (strcmp(other->name, p->name) == 0)
			diag_error(c->diag, "peers section '%s' already exists (declared at "
			    "%s:%d).", p->name, other->file, other->line);
	p->next = global_of(c)->peers;
	global_of(c)->peers = p;
	return 0;
}

/* -L, else localpeer, else the name of this machine. */
static bool
is_local_peer(struct cfg *c, const char *name)
{
	const char *own = getenv("HAPROXY_LOCALPEER");
	char host[256];

	if (own == NULL)
		own = global_of(c)->localpeer;
	if (own == NULL && gethostname(host, sizeof(host)) == 0) {
		host[sizeof(host) - 1] = '\0';
		own = host;
	}
	return own != NULL && strcmp(own, name) == 0;
}

static int
parse_peer(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct peers *p = c->object;
	struct remote_peer *r;

	(void)row, (void)nargs;
	if (is_local_peer(c, args[0]))
		return 0;
	r = arena_alloc(c->arena, sizeof(*r));
	*r = (struct remote_peer){ p->remote, args[0], c->file, c->line };
	p->remote = r;
	return 0;
}

static int
parse_disabled(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)args, (void)nargs;
	((struct peers *)c->object)->is_disabled = row->arg;
	return 0;
}

static int
parse_table(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct peers *p = c->object;
	char bad = proxy_name_bad_char(args[0]);

	(void)row;
	if (bad != '\0') {
		diag_error(c->diag, "character '%c' is not permitted in the name of a table '%s'.",
		    bad, args[0]);
		return -1;
	}
	return stick_table_parse(c, NULL, arena_printf(c->arena, "%s/%s", p->name, args[0]),
	    args + 1, nargs - 1);
}

static int
post_peers(struct cfg *c)
{
	int rc = 0;

	for (const struct peers *p = global_of(c)->peers; p != NULL; p = p->next)
		for (const struct remote_peer *r = p->remote; r != NULL; r = r->next) {
			if (p->is_disabled)
				continue;
			diag_at(c->diag, r->file, r->line);
			diag_error(c->diag, "peer '%s' is not this process ('localpeer'): "
			    "exchanging tables with other peers is built in a later release; "
			    "'disabled' in section '%s' accepts it and exchanges nothing.",
			    r->name, p->name);
			rc = -1;
		}
	return rc;
}

#define NOTHING(name, help) \
	{ name, IN_PEERS, KW_NO_EFFECT, 0, 0, KW_F_ANY_ARGS, NULL, 0, "", help }

static const struct kw_row rows[] = {
	{ "peer", IN_PEERS, KW_OBEYED, 1, 255, KW_F_ADDRESS | KW_F_ANY_ARGS, parse_peer, 0,
	    "<name> [<address>] [<option>...]",
	    "The local peer; others are refused unless the section is disabled." },
	{ "server", IN_PEERS, KW_OBEYED, 1, 255, KW_F_ADDRESS | KW_F_ANY_ARGS, parse_peer, 0,
	    "<name> [<address>] [<option>...]", "The same as peer." },
	{ "table", IN_PEERS, KW_OBEYED, 3, 255, KW_F_ANY_ARGS, parse_table, 0,
	    "<name> type <type> size <n> [...]",
	    "A stick table that proxies name as <section>/<name>." },
	{ "disabled", IN_PEERS, KW_OBEYED, 0, 0, 0, parse_disabled, true, "",
	    "Other peers may be written: nothing is exchanged." },
	{ "enabled", IN_PEERS, KW_OBEYED, 0, 0, 0, parse_disabled, false, "",
	    "Takes disabled back." },
	NOTHING("bind", "Other peers would come here, and there are none."),
	NOTHING("default-bind", "Other peers would come there, and there are none."),
	NOTHING("default-server", "There are no other peers."),
	NOTHING("log", "There are no connections of peers to tell of."),
	NOTHING("shards", "There are no other peers among whom tables could be divided."),
	{ 0 }
};

static const struct section_row sections[] = {
	{ "peers", IN_PEERS, open_peers, NULL,
	    "Tables that several proxies share; only the local peer." },
	{ 0 }
};

static const struct post_row post[] = { { "peers", post_peers }, { 0 } };

const struct module mod_peers_cfg = {
	.name = "peers_cfg", .sections = sections, .cfg = rows, .post = post
};
