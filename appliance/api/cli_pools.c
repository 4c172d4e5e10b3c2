/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `show pools`: one line per kind of object, summed over the threads' pools.
 *
 * Thread: control.
 */
#include "api/cli_pools.h"

#include <string.h>

#include "api/cli.h"
#include "base/chunk.h"
#include "base/module.h"
#include "base/out.h"
#include "base/pool.h"

#define KINDS_MAX	16

struct kind {
	const char	*name;
	uint32_t	 size_bytes, users;
	uint64_t	 allocated, used, refused;
};

struct kinds {
	struct kind	 of[KINDS_MAX];
	unsigned	 n;
};

static void
add(const struct pool *p, void *arg)
{
	struct kinds *all = arg;
	unsigned i = 0;

	while (i < all->n && strcmp(all->of[i].name, p->name) != 0)
		i++;
	if (i == KINDS_MAX)
		return;
	if (i == all->n)
		all->of[all->n++] = (struct kind){ .name = p->name, .size_bytes = p->size_bytes };
	all->of[i].users++;
	all->of[i].allocated += pool_allocated(p);
	all->of[i].used += pool_used(p);
	all->of[i].refused += pool_refused(p);
}

#define LL(x)	((unsigned long long)(x))

void
pools_text(struct outbuf *b)
{
	struct kinds all = { .n = 0 };
	uint64_t used = 0;

	pool_each(add, &all);
	outbuf_z(b, "Dumping pools usage.\n");
	for (unsigned i = 0; i < all.n; i++) {
		const struct kind *k = &all.of[i];

		used += k->used * k->size_bytes;
		outbuf_fmt(b, "  - Pool %s (%u bytes) : %llu allocated (%llu bytes), %llu used, "
		    "%llu failures, %u users\n", k->name, k->size_bytes, LL(k->allocated),
		    LL(k->allocated * k->size_bytes), LL(k->used), LL(k->refused), k->users);
	}
	outbuf_fmt(b, "Total: %u pools, %llu bytes allocated, %llu used.\n", all.n,
	    LL(pool_bytes_used()), LL(used));
}

static void
show_pools(struct cli *c)
{
	pools_text(&c->out);
}

static const struct cli_row rows[] = {
	{ "show pools", CLI_OPERATOR, 0, show_pools, "", "report memory by kind of object" },
	{ 0 }
};

const struct module mod_cli_pools = { .name = "cli_pools", .cli = rows };
