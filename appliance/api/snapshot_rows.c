/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kinds of rows of `show snapshot`; see snapshot_rows.h.
 *
 * Thread: control.
 */
#include "api/snapshot_rows.h"

#include <stdlib.h>
#include <string.h>

#include "api/lua_put.h"
#include "api/scaling.h"
#include "base/list.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"

/* ---- groups, instances ---- */

/* A row of fields ends its line, which a row here does not. */
static void
chop(struct outbuf *b)
{
	b->data[--b->len] = '\0';
}

static void
group_head(struct outbuf *b)
{
	outbuf_z(b, group_fields);
}

static void
group_each(snapshot_name_fn *fn, void *arg)
{
	GROUP_EACH(g)
		if (!g->is_deleted)
			fn(g->name, arg);
}

static bool
group_put(struct outbuf *b, const char *name)
{
	struct fields f = { .b = b, .names = group_fields, .prefix = "" };
	const struct group *g = group_find(name);

	if (g == NULL)
		return false;
	put_group(&f, g);
	chop(b);
	return true;
}

static void
instance_head(struct outbuf *b)
{
	outbuf_z(b, instance_fields);
}

static void
instance_each(snapshot_name_fn *fn, void *arg)
{
	GROUP_EACH(g)
		LIST_EACH(n, &g->instances)
			fn(LIST_ITEM(n, struct instance, node)->id, arg);
}

static bool
instance_put(struct outbuf *b, const char *id)
{
	struct fields f = { .b = b, .names = instance_fields, .prefix = "" };
	const struct instance *i = instance_find(id);

	if (i == NULL)
		return false;
	put_instance(&f, i);
	chop(b);
	return true;
}

/* Their names are GROUP/POLICY. */

static void
policy_head(struct outbuf *b)
{
	outbuf_z(b, policy_fields);
}

static void
policy_each(snapshot_name_fn *fn, void *arg)
{
	GROUP_EACH(g) {
		const struct policy_conf *p = g->conf != NULL && !g->is_deleted ?
		    g->conf->policies : NULL;

		for (; p != NULL; p = p->next) {
			char *name = xasprintf("%s/%s", g->name, p->name);

			fn(name, arg);
			free(name);
		}
	}
}

static bool
policy_put(struct outbuf *b, const char *name)
{
	struct fields f = { .b = b, .names = policy_fields, .prefix = "" };
	const char *slash = strrchr(name, '/');
	char *group = xstrndup(name, (size_t)(slash - name));
	const struct group *g = group_find(group);
	const struct policy_conf *p = g != NULL ? policy_find(g, slash + 1) : NULL;

	free(group);
	if (p == NULL)
		return false;
	put_policy(&f, g, p);
	chop(b);
	return true;
}

/* cooldown_left_s, age_s */
static const struct snapshot_rows
    group_rows = { "group", 1u << 8, group_head, group_each, group_put },
    instance_rows = { "instance", 1u << 11, instance_head, instance_each, instance_put },
    policy_rows = { "policy", 0, policy_head, policy_each, policy_put };

static const struct snapshot_rows *const kinds[] = {
	&group_rows, &instance_rows, &alarm_rows, &policy_rows, &lua_rows
};

const struct snapshot_rows *
snapshot_rows_at(unsigned i)
{
	return i < sizeof kinds / sizeof kinds[0] ? kinds[i] : NULL;
}

uint64_t
snapshot_rows_hash(const struct snapshot_rows *r, const char *fields)
{
	uint64_t h = 0;
	unsigned column = 0;
	bool is_quoted = false;

	for (const char *p = fields; *p != '\0'; p++) {
		if (*p == '"')
			is_quoted = !is_quoted;
		if (*p == ',' && !is_quoted)
			column++;
		if (column >= 32 || !(r->ages >> column & 1))
			h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	}
	return h;
}
