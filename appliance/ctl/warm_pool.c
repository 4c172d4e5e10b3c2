/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Warm pools; see warm_pool.h. Instances of a pool are the group's, in the states
 * Warmed:*, which count for nothing else: no server, no desired capacity. The scaler
 * launches them when it has nothing else to do.
 *
 * Thread: control; parsing: the one that loads.
 */
#include "ctl/warm_pool.h"

#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "ctl/group.h"

/* ---- parsing ---- */

static int
parse_state(struct cfg *c, const char *word, struct warm_pool_conf *w)
{
	w->stops = word != NULL && strcmp(word, "stopped") == 0;
	if (w->stops || (word != NULL && strcmp(word, "running") == 0))
		return 0;
	diag_error(c->diag, "'state' expects 'running' or 'stopped'%s%s%s.",
	    word != NULL ? ", not '" : "", word != NULL ? word : "", word != NULL ? "'" : "");
	return -1;
}

static int
parse_warm_pool(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct warm_pool_conf *w = arena_alloc(c->arena, sizeof *w);
	uint64_t n;

	if (cfg_uint(c, row->name, args[0], 0, GROUP_SIZE_MAX, &n) == -1)
		return -1;
	w->min = (uint32_t)n;
	for (int i = 1; i < nargs; i++) {
		if (strcmp(args[i], "reuse") == 0) {
			w->reuses = true;
		} else if (strcmp(args[i], "state") == 0) {
			if (parse_state(c, args[++i], w) == -1)
				return -1;
		} else if (strcmp(args[i], "prepared") == 0 && args[i + 1] != NULL) {
			if (cfg_uint(c, args[i], args[i + 1], 0, GROUP_SIZE_MAX, &n) == -1)
				return -1;
			w->prepared = (uint32_t)n;
			w->has_prepared = true;
			i++;
		} else {
			diag_error(c->diag, "'warm-pool': unexpected '%s'; expects <min> "
			    "[prepared <n>] [state running|stopped] [reuse].", args[i]);
			return -1;
		}
	}
	w->line = c->line;
	group_conf_of(c)->warm_pool = w;
	return 0;
}

/* Where instances shall wait stopped, their provider must be able to do that. */
static int
check_pools(struct cfg *c)
{
	OBJECT_EACH(o, c->snap, OBJECT_GROUP) {
		const struct group_conf *g = (const struct group_conf *)(const void *)o;
		const struct provider_conf *p = g->launch != NULL ? g->launch->provider : NULL;

		if (g->warm_pool == NULL || !g->warm_pool->stops || p == NULL || p->type == NULL ||
		    p->type->can_stop)
			continue;
		diag_at(c->diag, o->file, g->warm_pool->line);
		diag_error(c->diag, "'warm-pool': 'state stopped' needs a provider that can stop "
		    "an instance and start it again; '%s' of type %s cannot%s%s.", p->object.name,
		    p->type->name, p->type->no_stop != NULL ? ": " : "",
		    p->type->no_stop != NULL ? p->type->no_stop : "");
	}
	diag_at(c->diag, NULL, 0);
	return 0;
}

/* ---- how many ---- */

uint32_t
warm_pool_goal(const struct warm_pool_conf *w, uint32_t desired, uint32_t max)
{
	uint32_t all = w->has_prepared ? w->prepared : max;
	uint32_t n = all > desired ? all - desired : 0;

	return n > w->min ? n : w->min;
}

static uint32_t
goal(const struct group *g)
{
	return g->conf != NULL && g->conf->warm_pool != NULL ?
	    warm_pool_goal(g->conf->warm_pool, g->desired, g->max) : 0;
}

unsigned
warm_pool_size(const struct group *g)
{
	unsigned n = 0;

	for (unsigned l = LIFE_WARMED_PENDING; l <= LIFE_WARMED_STOPPED; l++)
		n += g->counts[l];
	return n;
}

bool
warm_pool_stops(const struct group *g)
{
	return g->conf != NULL && g->conf->warm_pool != NULL && g->conf->warm_pool->stops;
}

static bool
is_ready(const struct instance *i)
{
	bool is_there = i->state == INSTANCE_RUNNING || (i->state == INSTANCE_STOPPED &&
	    i->lifecycle == LIFE_WARMED_STOPPED);

	return (i->lifecycle == LIFE_WARMED_RUNNING || i->lifecycle == LIFE_WARMED_STOPPED) &&
	    is_there && i->missing_looks == 0 && !instance_is_outdated(i);
}

struct instance *
warm_pool_ready(const struct group *g)
{
	struct instance *stopped = NULL;

	LIST_EACH(node, &g->instances) {
		struct instance *i = LIST_ITEM(node, struct instance, node);

		if (!is_ready(i))
			continue;
		if (i->state == INSTANCE_RUNNING)
			return i;
		stopped = i;
	}
	return stopped;
}

bool
warm_pool_wants(const struct group *g)
{
	return g->conf != NULL && g->conf->warm_pool != NULL && g->conf->warm_pool->reuses &&
	    warm_pool_size(g) < goal(g);
}

/* ---- upkeep ---- */

static const char *
end_why(const struct instance *i, unsigned surplus)
{
	if (i->state == INSTANCE_SHUTTING_DOWN || i->state == INSTANCE_TERMINATED ||
	    i->missing_looks >= 2 ||
	    (i->state == INSTANCE_STOPPED && i->lifecycle == LIFE_WARMED_RUNNING))
		return "an instance of the warm pool was taken out in response to " UNHEALTHY_EC2
		    ".";
	if (instance_is_outdated(i))
		return "an instance of the warm pool was taken out for it is of an older launch "
		    "configuration.";
	return surplus > 0 ? "an instance of the warm pool was taken out in response to a "
	    "difference between desired and actual warm pool capacity." : NULL;
}

unsigned
warm_pool_fit(struct group *g)
{
	unsigned want = goal(g), n = warm_pool_size(g);

	LIST_EACH_SAFE(node, tmp, &g->instances) {
		struct instance *i = LIST_ITEM(node, struct instance, node);
		char cause[CAUSE_BYTES];
		struct leave_why why = { .cause = cause, .is_now = true };
		const char *text;

		if (!instance_is_warm(i))
			continue;
		text = end_why(i, n > want ? n - want : 0);
		if (text == NULL || group_is_suspended(g, GROUP_P_TERMINATE))
			continue;
		(void)activity_say(cause, 0, "%s", text);
		(void)instance_leave(i, &why);
		n--;
	}
	return want > n ? want - n : 0;
}

static const struct kw_row rows[] = {
	{ "warm-pool", IN_GROUP, KW_OBEYED, 1, 6, 0, parse_warm_pool, 0,
	  "<min> [prepared <n>] [state running|stopped] [reuse]",
	  "Instances beside the group, ready to serve, that run or are stopped until then." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct post_row posts[] = { { "warm-pool", check_pools }, { NULL, NULL } };

const struct module mod_warm_pool = { .name = "warm_pool", .cfg = rows, .post = posts };
