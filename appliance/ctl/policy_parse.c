/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words `policy` and `step` of scaling groups; what stands behind a policy's kind
 * its kind reads.
 *
 * Thread: the one that loads.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "ctl/metric.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"

#define ADJUST_MAX	1000000

/* ---- helpers of kinds ---- */

bool
policy_sint(struct cfg *c, const char *what, const char *word, int64_t *ret)
{
	bool is_minus = word[0] == '-';
	uint64_t n;

	if (!str_to_u64(str_of(word + (is_minus || word[0] == '+')), &n) || n > ADJUST_MAX) {
		diag_error(c->diag, "'%s' expects a number like +1 or -1, not '%s'.", what, word);
		return false;
	}
	*ret = is_minus ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool
adjust_kind_named(const char *word, enum adjust_kind *ret)
{
	if (strcmp(word, "change") == 0)
		*ret = ADJUST_CHANGE;
	else if (strcmp(word, "exact") == 0)
		*ret = ADJUST_EXACT;
	else if (strcmp(word, "percent") == 0)
		*ret = ADJUST_PERCENT;
	else
		return false;
	return true;
}

int
policy_adjust_kind(struct cfg *c, const char *word, struct adjust *ret)
{
	if (word != NULL && adjust_kind_named(word, &ret->kind))
		return 0;
	diag_error(c->diag, "'policy' expects 'change', 'exact' or 'percent'%s%s%s.",
	    word != NULL ? ", not '" : " there", word != NULL ? word : "",
	    word != NULL ? "'" : "");
	return -1;
}

int
policy_min_step(struct cfg *c, const char *word, struct adjust *ret)
{
	uint64_t n;

	if (ret->kind != ADJUST_PERCENT || word == NULL) {
		diag_error(c->diag, "'min-step <n>' goes with 'percent'.");
		return -1;
	}
	if (cfg_uint(c, "min-step", word, 1, GROUP_SIZE_MAX, &n) == -1)
		return -1;
	ret->min_step = (uint32_t)n;
	return 0;
}

int
policy_adjust_parse(struct cfg *c, char **args, int nargs, int *i, struct adjust *ret)
{
	if (policy_adjust_kind(c, args[*i], ret) == -1)
		return -1;
	if (*i + 1 >= nargs) {
		diag_error(c->diag, "'%s' expects a number.", args[*i]);
		return -1;
	}
	if (!policy_sint(c, args[*i], args[*i + 1], &ret->by))
		return -1;
	if (ret->kind == ADJUST_EXACT && ret->by < 0) {
		diag_error(c->diag, "'exact' expects a number from 0 on, not '%s'.", args[*i + 1]);
		return -1;
	}
	*i += 2;
	if (args[*i] == NULL || strcmp(args[*i], "min-step") != 0)
		return 0;
	*i += 2;
	return policy_min_step(c, args[*i - 1], ret);
}

int
policy_time_option(struct cfg *c, char **args, int *i, const char *word, uint64_t *ret_us,
    bool *ret_has)
{
	if (args[*i] == NULL || strcmp(args[*i], word) != 0)
		return 0;
	if (args[*i + 1] == NULL) {
		diag_error(c->diag, "'%s' expects a time.", word);
		return -1;
	}
	if (cfg_duration_unit(c, word, args[*i + 1], ret_us) == -1)
		return -1;
	*i += 2;
	if (ret_has != NULL)
		*ret_has = true;
	return 1;
}

int
policy_unexpected(struct cfg *c, const struct policy_conf *p, const char *word)
{
	diag_error(c->diag, "'policy %s': unexpected '%s'.", p->name, word);
	return -1;
}

/* ---- policy NAME KIND ... ---- */

static const struct policy_kind *
nth_kind(size_t n)
{
	MODULE_EACH(m)
		for (const struct policy_kind *k = m->policy_kind; k != NULL && k->name != NULL;
		    k++)
			if (n-- == 0)
				return k;
	return NULL;
}

static const char *
nth_kind_name(size_t i, void *arg)
{
	const struct policy_kind *k = nth_kind(i);

	(void)arg;
	return k != NULL ? k->name : NULL;
}

static const struct policy_kind *
kind_named(struct cfg *c, const char *name)
{
	const struct policy_kind *k;

	for (size_t i = 0; (k = nth_kind(i)) != NULL; i++)
		if (strcmp(k->name, name) == 0)
			return k;
	object_unknown(c, str_nearest(name, nth_kind_name, NULL),
	    "'policy': there is no kind '%s'", name);
	return NULL;
}

/* Where the next one comes; NULL after an error. */
static struct policy_conf **
place_for(struct cfg *c, const char *name)
{
	struct policy_conf **at = &group_conf_of(c)->policies;
	unsigned n = 0;

	for (; *at != NULL; at = &(*at)->next, n++)
		if (strcmp((*at)->name, name) == 0) {
			diag_error(c->diag, "'policy': '%s' is there already.", name);
			return NULL;
		}
	if (n == POLICIES_MAX) {
		diag_error(c->diag, "'policy': a scaling-group has %u of them at most.",
		    POLICIES_MAX);
		return NULL;
	}
	if (strpbrk(name, "/:") != NULL || strlen(name) > OBJECT_NAME_MAX) {
		diag_error(c->diag, "'policy': the name '%s' has a '/' or ':', or is too long.",
		    name);
		return NULL;
	}
	return at;
}

static int
parse_policy(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct policy_conf **at = place_for(c, args[0]), *p;
	const struct policy_kind *kind = kind_named(c, args[1]);

	(void)row;
	if (at == NULL || kind == NULL)
		return -1;
	p = arena_calloc(c->arena, 1, sizeof *p);
	p->name = args[0];
	p->file = c->file;
	p->line = c->line;
	p->kind = kind;
	if (kind->parse(c, p, args + 2, nargs - 2) == -1)
		return -1;
	*at = p;
	return 0;
}

/* ---- step NAME LOWER UPPER SINT ---- */

/* The policy of that name, else the last one that has steps: the name is the step's. */
static struct policy_conf *
stepped(struct cfg *c, const char *name)
{
	struct policy_conf *last = NULL;

	for (struct policy_conf *p = group_conf_of(c)->policies; p != NULL; p = p->next) {
		if (p->kind->has_steps && strcmp(p->name, name) == 0)
			return p;
		if (p->kind->has_steps)
			last = p;
	}
	if (last == NULL)
		diag_error(c->diag, "'step': no policy of kind 'step' stands before it.");
	return last;
}

static int
parse_bound(struct cfg *c, const char *word, double open, double *ret)
{
	bool is_bare;

	*ret = open;
	if (strcmp(word, "-") == 0)
		return 0;
	if (metric_value_parse(c, NULL, word, ret, &is_bare) == -1)
		return -1;
	if (isfinite(*ret))
		return 0;
	diag_error(c->diag, "'step': '%s' is no number.", word);
	return -1;
}

static int
parse_step(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct policy_conf *p = stepped(c, args[0]);
	struct scale_step s = { .name = args[0] }, *all;

	(void)nargs;
	if (p == NULL || parse_bound(c, args[1], -INFINITY, &s.lower) == -1 ||
	    parse_bound(c, args[2], INFINITY, &s.upper) == -1 ||
	    !policy_sint(c, row->name, args[3], &s.by))
		return -1;
	if (p->nsteps == STEPS_MAX) {
		diag_error(c->diag, "'step': a policy has %u of them at most, and '%s' has.",
		    STEPS_MAX, p->name);
		return -1;
	}
	if (p->adjust.kind == ADJUST_EXACT && s.by < 0) {
		diag_error(c->diag, "'step': of 'exact' a number from 0 on, not '%s'.", args[3]);
		return -1;
	}
	all = arena_calloc(c->arena, p->nsteps + 1, sizeof *all);
	if (p->nsteps > 0)
		memcpy(all, p->steps, p->nsteps * sizeof *all);
	all[p->nsteps++] = s;
	p->steps = all;
	return 0;
}

/* ---- when all was read ---- */

static int
settle_all(struct cfg *c)
{
	OBJECT_EACH(o, c->snap, OBJECT_GROUP) {
		struct group_conf *g = (struct group_conf *)(void *)o;

		for (struct policy_conf *p = g->policies; p != NULL; p = p->next) {
			diag_at(c->diag, p->file, p->line);
			if (p->kind->settle != NULL)
				(void)p->kind->settle(c, g, p);
		}
	}
	diag_at(c->diag, NULL, 0);
	return 0;
}

static const struct kw_row rows[] = {
	{ "policy", IN_GROUP, KW_OBEYED, 2, 0, KW_F_ANY_ARGS, parse_policy, 0,
	  "<name> simple|step|target|predictive|lua ...",
	  "How the group's capacity changes when an alarm, a person or the policy says so." },
	{ "step", IN_GROUP, KW_OBEYED, 4, 4, 0, parse_step, 0,
	  "<policy> <lower>|- <upper>|- <adjustment>",
	  "What a step policy does while the metric is so far from the threshold." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct post_row posts[] = { { "policies", settle_all }, { NULL, NULL } };

const struct module mod_policy_parse = { .name = "policy_parse", .cfg = rows, .post = posts };
