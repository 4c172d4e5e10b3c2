/* SPDX-License-Identifier: BSD-2-Clause */
/* victims.c: zones before policies, each policy, several in a row, protection, ties. */
#include "ctl/victims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/module.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

#define NOW	100000
#define US	1000000ll

static uint32_t
draw_last(uint32_t n)
{
	return n - 1;
}

/* `id zone age launch`, age in seconds, launch a number (2 is the one of now); a `*`
 * behind it: protected. Separated by semicolons. */
static unsigned
parse(const char *text, struct victim *v, char ids[][16], char zones[][16])
{
	unsigned n = 0, age, launch;
	char star[2];

	for (const char *at = text; at != NULL; at = strchr(at, ';')) {
		at += *at == ';';
		star[0] = '\0';
		if (sscanf(at, " %15s %15s %u %u%1[*]", ids[n], zones[n], &age, &launch, star) < 4)
			abort();
		v[n] = (struct victim){ .id = ids[n], .zone = zones[n],
		    .launched_us = (NOW - (int64_t)age) * US, .launch_age = launch,
		    .is_current = launch == 2, .is_protected = star[0] == '*' };
		n++;
	}
	return n;
}

static const struct {
	const char	*all, *policies;	/* one letter each: D O N L H T */
	const char	*id, *policy;
} rows[] = {
	/* protected ones never */
	{ "x a 10 2*", "D", "", "" },
	{ "x a 10 2*; y a 20 2", "D", "y", "only" },
	/* zones with the most, of which one at least is not protected */
	{ "x a 10 2; y a 20 2; z b 999 1", "O", "y", "OldestInstance" },
	{ "x a 10 2*; y a 20 2*; z b 9 2", "O", "z", "only" },
	{ "x a 10 2*; y a 20 2; z b 9 2", "N", "y", "zones" },
	{ "x a 10 2*; y a 20 2*; w b 30 2; z c 9 2", "N", "z", "NewestInstance" },
	{ "x a 10 2; y b 20 2; z b 9 2*", "N", "y", "zones" },
	/* Default: the oldest launch configuration, then the next hour */
	{ "x a 10 2; y b 20 1", "D", "y", "Default" },
	{ "x a 3500 2; y b 3550 2; z c 40 2", "D", "y", "Default" },
	{ "x a 3500 1; y b 3550 2; z c 40 1", "D", "x", "Default" },
	{ "x a 7199 2; y b 3700 2", "D", "x", "Default" },
	{ "x a 10 2; y b 10 2", "D", "y", "random" },
	/* by launch time */
	{ "x a 10 2; y b 20 2; z c 15 2", "O", "y", "OldestInstance" },
	{ "x a 10 2; y b 20 2; z c 15 2", "N", "x", "NewestInstance" },
	/* not on the current one first, then the oldest */
	{ "x a 10 2; y b 20 3; z c 15 1", "L", "z", "OldestLaunchConfiguration" },
	{ "x a 10 2; y b 20 3; z c 15 2", "L", "y", "OldestLaunchConfiguration" },
	{ "x a 3599 2; y b 10 2", "H", "x", "ClosestToNextInstanceHour" },
	/* each narrows what the one before it left */
	{ "x a 50 2; y b 50 1; z c 40 1", "OL", "y", "OldestLaunchConfiguration" },
	{ "x a 50 2; y b 50 2; z c 40 1", "ON", "y", "random" },
	/* there are no templates: all are alike, the next one decides */
	{ "x a 10 2; y b 20 2", "TN", "x", "NewestInstance" },
};

static unsigned
policies_of(const char *letters, enum victims_policy *ret)
{
	static const char all[] = "DONLHTA";
	unsigned n = 0;

	for (; letters[n] != '\0'; n++)
		ret[n] = (enum victims_policy)(strchr(all, letters[n]) - all);
	return n;
}

int
main(void)
{
	struct victim v[8];
	char ids[8][16], zones[8][16], reason[VICTIM_REASON];
	enum victims_policy list[8];

	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		unsigned n = parse(rows[i].all, v, ids, zones);
		unsigned np = policies_of(rows[i].policies, list);
		const char *policy = "";
		int at = victims_pick(v, n, list, np, NOW * US, draw_last, &policy, reason);

		is_str(at >= 0 ? v[at].id : "", rows[i].id);
		is_str(at >= 0 ? policy : "", rows[i].policy);
	}
	is_u64(victims_policy("NewestInstance"), VICTIMS_NEWEST_INSTANCE);
	is_u64(victims_policy("newest"), VICTIMS_POLICIES);
	is_str(victims_policy_name(0), "Default");
	ok(victims_policy_name(VICTIMS_POLICIES) == NULL);
	return tap_done();
}
