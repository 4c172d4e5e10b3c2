/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Choosing who goes; see victims.h. A set of candidates is narrowed step by step: each
 * step gives every candidate a number and keeps those with the smallest.
 *
 * Thread: any.
 */
#include "ctl/victims.h"

#include <stdio.h>
#include <string.h>

#include "base/magic.h"

#define HOUR_US	3600000000

/* One step: what a candidate counts; the smallest are kept. */
typedef int64_t step_fn(const struct victim *v, int64_t now_us);

struct step {
	step_fn		*value;
	const char	*reason;	/* of who has the smallest */
};

static int64_t
by_current(const struct victim *v, int64_t now_us)
{
	(void)now_us;
	return v->is_current;
}

static int64_t
by_launch_age(const struct victim *v, int64_t now_us)
{
	(void)now_us;
	return (int64_t)v->launch_age;
}

static int64_t
by_next_hour(const struct victim *v, int64_t now_us)
{
	int64_t up = now_us - v->launched_us;

	return HOUR_US - (up > 0 ? up % HOUR_US : 0);
}

static int64_t
by_oldest(const struct victim *v, int64_t now_us)
{
	(void)now_us;
	return v->launched_us;
}

static int64_t
by_newest(const struct victim *v, int64_t now_us)
{
	(void)now_us;
	return -v->launched_us;
}

#define STEPS_MAX	3

static const struct {
	const char	*name;
	struct step	 steps[STEPS_MAX];
} policies[VICTIMS_POLICIES] = {
	[VICTIMS_DEFAULT] = { "Default", { { by_launch_age, "oldest launch configuration" },
	    { by_next_hour, "closest to the next instance hour" } } },
	[VICTIMS_OLDEST_INSTANCE] = { "OldestInstance", { { by_oldest, "launched first" } } },
	[VICTIMS_NEWEST_INSTANCE] = { "NewestInstance", { { by_newest, "launched last" } } },
	[VICTIMS_OLDEST_LAUNCH] = { "OldestLaunchConfiguration",
	    { { by_current, "not on the launch configuration of now" },
	    { by_launch_age, "oldest launch configuration" } } },
	[VICTIMS_NEXT_HOUR] = { "ClosestToNextInstanceHour",
	    { { by_next_hour, "closest to the next instance hour" } } },
	/* there are no templates and no mixed groups: all are alike */
	[VICTIMS_OLDEST_TEMPLATE] = { "OldestLaunchTemplate", { { NULL, NULL } } },
	[VICTIMS_ALLOCATION] = { "AllocationStrategy", { { NULL, NULL } } },
};

enum victims_policy
victims_policy(const char *name)
{
	unsigned i = 0;

	while (i < VICTIMS_POLICIES && strcmp(policies[i].name, name) != 0)
		i++;
	return (enum victims_policy)i;
}

const char *
victims_policy_name(size_t i)
{
	return i < VICTIMS_POLICIES ? policies[i].name : NULL;
}

/* ---- sets ---- */

#define NMAX	1024u

struct set {
	uint16_t	 at[NMAX];	/* indices of candidates */
	unsigned	 n;
};

/* Keeps those with the smallest value; true: some went. */
static bool
narrow(struct set *s, const struct victim *all, step_fn *value, int64_t now_us)
{
	int64_t least = INT64_MAX, v;
	unsigned kept = 0, before = s->n;

	for (unsigned i = 0; i < s->n; i++)
		if ((v = value(&all[s->at[i]], now_us)) < least)
			least = v;
	for (unsigned i = 0; i < before; i++)
		if (value(&all[s->at[i]], now_us) == least)
			s->at[kept++] = s->at[i];
	s->n = kept;
	return kept < before;
}

/* How many instances each one's zone has, protected ones too. */
static void
count_zones(const struct victim *all, unsigned n, uint16_t *ret_count)
{
	uint16_t first[NMAX], nzones = 0, of[NMAX], count[NMAX];

	for (unsigned i = 0; i < n; i++) {
		uint16_t z = 0;

		while (z < nzones && strcmp(all[first[z]].zone, all[i].zone) != 0)
			z++;
		if (z == nzones) {
			first[nzones] = (uint16_t)i;
			count[nzones++] = 0;
		}
		count[z]++;
		of[i] = z;
	}
	for (unsigned i = 0; i < n; i++)
		ret_count[i] = count[of[i]];
}

unsigned
victims_zones(const struct victim *all, unsigned n, uint16_t *ret_at)
{
	uint16_t count[NMAX], most = 0;
	unsigned kept = 0;

	WEIR_ASSERT(n <= NMAX);
	count_zones(all, n, count);
	for (unsigned i = 0; i < n; i++)
		if (!all[i].is_protected && count[i] > most)
			most = count[i];
	for (unsigned i = 0; i < n; i++)
		if (!all[i].is_protected && count[i] == most)
			ret_at[kept++] = (uint16_t)i;
	return kept;
}

static void
narrow_policy(struct set *s, const struct victim *all, enum victims_policy p, int64_t now_us,
    const char **ret_policy, char *ret_reason)
{
	for (unsigned i = 0; i < STEPS_MAX && s->n > 1; i++) {
		const struct step *step = &policies[p].steps[i];

		if (step->value == NULL)
			return;
		if (!narrow(s, all, step->value, now_us))
			continue;
		*ret_policy = policies[p].name;
		snprintf(ret_reason, VICTIM_REASON, "%s", step->reason);
	}
}

int
victims_pick(const struct victim *all, unsigned n, const enum victims_policy *list,
    unsigned npolicies, int64_t now_us, uint32_t (*draw)(uint32_t n), const char **ret_policy,
    char *ret_reason)
{
	unsigned nfree = 0;
	struct set s;

	for (unsigned i = 0; i < n; i++)
		nfree += !all[i].is_protected;
	s.n = victims_zones(all, n, s.at);
	if (s.n == 0)
		return -1;
	*ret_policy = nfree == 1 ? "only" : "zones";
	if (nfree == 1)
		snprintf(ret_reason, VICTIM_REASON, "no other one may go");
	else
		snprintf(ret_reason, VICTIM_REASON, "zone %s has the most instances",
		    all[s.at[0]].zone);
	for (unsigned i = 0; i < npolicies; i++)
		narrow_policy(&s, all, list[i], now_us, ret_policy, ret_reason);
	if (s.n == 1)
		return s.at[0];
	*ret_policy = "random";
	snprintf(ret_reason, VICTIM_REASON, "one of %u alike", s.n);
	return s.at[draw(s.n)];
}
