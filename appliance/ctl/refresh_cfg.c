/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an instance refresh shall be, as written, and how many instances may go at a
 * time: nothing here knows of groups that live.
 *
 * any thread
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/str.h"
#include "ctl/group_conf.h"
#include "ctl/refresh.h"

#define SECOND_US	1000000ull

const struct refresh_conf refresh_default = {
	.min_healthy = 90, .max_healthy = 100, .wait_us = 3600 * SECOND_US,
};

/* ---- parsing ---- */

bool
refresh_percent(const char *word, unsigned max, unsigned *ret)
{
	struct str s = str_of(word);
	uint64_t n;

	if (str_ends(s, STR("%")))
		s.len--;
	if (!str_to_u64(s, &n) || n > max)
		return false;
	*ret = (unsigned)n;
	return true;
}

static int
parse_percent(struct cfg *c, const char *what, const char *word, unsigned max, unsigned *ret)
{
	if (word != NULL && refresh_percent(word, max, ret))
		return 0;
	diag_error(c->diag, "'%s' expects a percentage up to %u%%, not '%s'.", what, max,
	    word != NULL ? word : "");
	return -1;
}

/* checkpoint PCT... wait D */
static int
parse_checkpoints(struct cfg *c, char **args, int nargs, int *i, struct refresh_conf *r)
{
	unsigned pct;

	while (++*i < nargs && strcmp(args[*i], "wait") != 0) {
		if (parse_percent(c, "checkpoint", args[*i], 100, &pct) == -1)
			return -1;
		if (r->ncheckpoints == REFRESH_CHECKPOINTS || (r->ncheckpoints > 0 &&
		    pct <= r->checkpoints[r->ncheckpoints - 1])) {
			diag_error(c->diag, "'checkpoint': percentages have to rise, %u at most.",
			    REFRESH_CHECKPOINTS);
			return -1;
		}
		r->checkpoints[r->ncheckpoints++] = pct;
	}
	if (*i + 1 >= nargs || r->ncheckpoints == 0) {
		diag_error(c->diag, "'checkpoint' expects <percent>... wait <time>.");
		return -1;
	}
	*i += 2;
	return cfg_duration_unit(c, "wait", args[*i - 1], &r->wait_us);
}

static int
parse_option(struct cfg *c, char **args, int nargs, int *i, struct refresh_conf *r)
{
	const char *word = args[*i];

	if (strcmp(word, "checkpoint") == 0)
		return parse_checkpoints(c, args, nargs, i, r);
	if (strcmp(word, "rollback") == 0) {
		r->rolls_back = true;
		++*i;
		return 0;
	}
	*i += 2;
	if (strcmp(word, "min-healthy") == 0)
		return parse_percent(c, word, args[*i - 1], 100, &r->min_healthy);
	if (strcmp(word, "max-healthy") == 0)
		return parse_percent(c, word, args[*i - 1], 200, &r->max_healthy);
	if (strcmp(word, "warmup") == 0 && args[*i - 1] != NULL) {
		r->has_warmup = true;
		return cfg_duration_unit(c, word, args[*i - 1], &r->warmup_us);
	}
	diag_error(c->diag, "'refresh': unexpected '%s'; expects min-healthy, max-healthy, warmup, "
	    "checkpoint or rollback.", word);
	return -1;
}

static int
parse_refresh(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct refresh_conf *r = arena_alloc(c->arena, sizeof *r);
	int i = 0;

	(void)row;
	*r = refresh_default;
	while (i < nargs)
		if (parse_option(c, args, nargs, &i, r) == -1)
			return -1;
	if (r->max_healthy < 100) {
		diag_error(c->diag, "'max-healthy' expects a percentage from 100%% to 200%%.");
		return -1;
	}
	group_conf_of(c)->refresh = r;
	return 0;
}

/* ---- how many ---- */

uint32_t
refresh_share(uint32_t of, unsigned pct)
{
	return (uint32_t)(((uint64_t)of * pct + 99) / 100);
}

uint32_t
refresh_may_go(const struct refresh_count *c)
{
	uint32_t least = refresh_share(c->desired, c->min_healthy), done = c->total - c->old;
	uint32_t goal, n;

	n = c->healthy > least ? c->healthy - least : 0;
	/* a small group: one, when all are there */
	if (n == 0 && c->healthy > 0 && c->healthy >= c->desired + c->surge)
		n = 1;
	goal = refresh_share(c->total, c->upto);
	if (done + n > goal)
		n = goal > done ? goal - done : 0;
	return n < c->old ? n : c->old;
}

static const struct kw_row rows[] = {
	{ "refresh", IN_GROUP, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_refresh, 0,
	  "[min-healthy <percent>] [max-healthy <percent>] [warmup <time>] "
	  "[checkpoint <percent>... wait <time>] [rollback]",
	  "How instances are replaced when all of them are." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_refresh_cfg = { .name = "refresh_cfg", .cfg = rows };
