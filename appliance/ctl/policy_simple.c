/* SPDX-License-Identifier: BSD-2-Clause */
/* Simple scaling policies: one adjustment, then a rest. */
#include <string.h>

#include "base/module.h"
#include "base/out.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"

#define CAPACITY_MAX	1000000

/* ADJUST [cooldown D] */
static int
parse(struct cfg *c, struct policy_conf *p, char **args, int nargs)
{
	int i = 0;

	if (policy_adjust_parse(c, args, nargs, &i, &p->adjust) == -1 ||
	    policy_time_option(c, args, &i, "cooldown", &p->cooldown_us, &p->has_cooldown) == -1)
		return -1;
	return i < nargs ? policy_unexpected(c, p, args[i]) : 0;
}

static bool
want(const struct policy_ask *ask, int64_t *ret, char *ret_text)
{
	(void)ret_text;
	*ret = scale_adjust(&ask->conf->adjust, ask->desired, 0, CAPACITY_MAX);
	return true;
}

static void
describe(const struct policy_conf *p, struct outbuf *b)
{
	const struct adjust *a = &p->adjust;

	outbuf_fmt(b, a->kind == ADJUST_EXACT ? "exact %lld" : a->kind == ADJUST_PERCENT ?
	    "percent %+lld" : "change %+lld", (long long)a->by);
	if (a->min_step > 0)
		outbuf_fmt(b, " min-step %u", a->min_step);
}

static const struct policy_kind kinds[] = {
	{ .name = "simple", .type = "SimpleScaling", .rests = true, .parse = parse, .want = want,
	  .describe = describe },
	{ .name = NULL },
};

const struct module mod_policy_simple = { .name = "policy_simple", .policy_kind = kinds };
