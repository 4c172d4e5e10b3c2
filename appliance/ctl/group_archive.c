/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups in the file of `state save`: capacity, a size that was set by command, what is
 * suspended. Instances are the provider's to tell.
 *
 * Thread: control.
 */
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/archive.h"
#include "ctl/group.h"
#include "ctl/group_keep.h"
#include "ctl/row.h"
#include "proxy/global.h"

static bool
save(uint64_t *cursor)
{
	(void)cursor;
	GROUP_EACH(g)
		if (g->conf != NULL && !g->is_deleted)
			keep_group(g);
	return false;
}

static char *
check(const struct archive_row *r)
{
	uint64_t min = row_u64(r->row, "min"), max = row_u64(r->row, "max");

	if (min <= max && max <= GROUP_SIZE_MAX)
		return NULL;
	return xasprintf("group %s: min %llu, max %llu is no size", r->key,
	    (unsigned long long)min, (unsigned long long)max);
}

static void
restore_size(struct group *g, const json_t *row, struct outbuf *changes)
{
	uint32_t min = (uint32_t)row_u64(row, "min"), max = (uint32_t)row_u64(row, "max");

	if (!row_bool(row, "overridden") || (g->min == min && g->max == max))
		return;
	if (!snapshot_current()->global->api_may_override) {
		outbuf_fmt(changes, "group %s: size %u %u left out, 'api-may-override' is off\n",
		    g->name, min, max);
		return;
	}
	outbuf_fmt(changes, "group %s size %u %u->%u %u\n", g->name, g->min, g->max, min, max);
	g->is_overridden = true;
	group_set_size(g, min, max, "a restored state");
}

static void
restore_desired(struct group *g, const json_t *row, struct outbuf *changes)
{
	uint64_t want = row_u64(row, "desired");
	uint32_t desired = want < g->min ? g->min : want > g->max ? g->max : (uint32_t)want;

	if (desired == g->desired)
		return;
	outbuf_fmt(changes, "group %s desired %u->%u\n", g->name, g->desired, desired);
	group_set_desired(g, desired, "a restored state", GROUP_NO_COOLDOWN, NULL);
}

static void
restore(const struct archive_row *r, struct outbuf *changes)
{
	unsigned bits = (unsigned)row_u64(r->row, "suspended") & GROUP_P_ALL;
	struct group *g = group_find(r->key);

	if (g == NULL || g->conf == NULL) {
		outbuf_fmt(changes, "group %s: left out, no file has it\n", r->key);
		return;
	}
	for (unsigned i = 0; i < GROUP_P_COUNT; i++)
		if (((bits ^ g->suspended) >> i) & 1)
			outbuf_fmt(changes, "group %s %s %s\n", g->name, (bits >> i) & 1 ?
			    "suspend" : "resume", group_process_name((enum group_process)i));
	group_suspend(g, bits & ~g->suspended);
	group_resume(g, g->suspended & ~bits);
	restore_size(g, r->row, changes);
	restore_desired(g, r->row, changes);
}

static struct archive_part part = { .name = "group", .save = save, .check = check,
	.restore = restore };

static int
module_start(void)
{
	archive_register(&part);
	return 0;
}

const struct module mod_group_archive = { .name = "group_archive", .start = module_start };
