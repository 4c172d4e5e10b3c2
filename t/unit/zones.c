/* SPDX-License-Identifier: BSD-2-Clause */
/* zones.c: where the next one goes, how many at once, what is out of balance. */
#include "ctl/zones.h"

#include "base/module.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

/* "3a 0b! 1c-": numbers and names; ! the last launch failed, - not enabled */
static unsigned
zones(const char *text, struct zone_count *z)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	unsigned n = 0;

	for (; *text != '\0'; text++) {
		if (*text >= '0' && *text <= '9')
			z[n] = (struct zone_count){ .n = (unsigned)(*text - '0'),
			    .is_enabled = true };
		else if (*text >= 'a' && *text <= 'd')
			z[n++].name = names[*text - 'a'];
		else if (*text == '!')
			z[n - 1].has_failed = true;
		else if (*text == '-')
			z[n - 1].is_enabled = false;
	}
	return n;
}

static const struct {
	const char	*zones;
	const char	*pick;		/* "" = none */
	unsigned	 want, share;
} picks[] = {
	{ "0a", "a", 3, 3 },
	{ "0a 0b", "a", 2, 1 },
	{ "0a 0b", "a", 3, 2 },
	{ "1a 0b", "b", 1, 1 },
	{ "1a 0b", "b", 2, 1 },
	{ "3a 1b 2c", "b", 3, 2 },
	{ "0a! 4b", "b", 2, 2 },	/* another zone after a failure */
	{ "0a! 0b!", "a", 1, 1 },
	{ "0a- 2b", "b", 1, 1 },
	{ "0a-", "", 1, 1 },
};

static const struct {
	const char	*zones, *from, *to;	/* from "" = in balance */
} balances[] = {
	{ "1a 1b", "", "" },
	{ "2a 1b", "", "" },
	{ "2a 0b", "a", "b" },
	{ "3a 1b 2c", "a", "b" },
	{ "1a 1b- 1c", "b", "a" },	/* a zone that is not the group's any more */
	{ "4a 0b!", "", "" },		/* not into one where it has just failed */
	{ "5a 1b- 0c", "b", "c" },
};

int
main(void)
{
	struct zone_count z[8];

	for (unsigned i = 0; i < sizeof picks / sizeof picks[0]; i++) {
		unsigned n = zones(picks[i].zones, z);
		int at = zones_pick(z, n);

		is_str(at >= 0 ? z[at].name : "", picks[i].pick);
		if (at >= 0)
			is_u64(zones_share(z, n, (unsigned)at, picks[i].want), picks[i].share);
	}
	for (unsigned i = 0; i < sizeof balances / sizeof balances[0]; i++) {
		unsigned n = zones(balances[i].zones, z), from, to;
		bool is_off = zones_rebalance(z, n, &from, &to);

		is_str(is_off ? z[from].name : "", balances[i].from);
		is_str(is_off ? z[to].name : "", balances[i].to);
	}
	is_u64(zones_margin(3), 1);
	is_u64(zones_margin(10), 1);
	is_u64(zones_margin(25), 2);
	return tap_done();
}
