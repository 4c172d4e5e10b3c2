/* SPDX-License-Identifier: BSD-2-Clause */
/* ctl/told.h: once per reason and person, numbers aside; what is forgotten; no end of
 * reasons. */
#include "ctl/told.h"

#include <stdio.h>

#include "base/module.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

int
main(void)
{
	struct told t = { .n = 0 };
	char text[32];

	ok(!told_before(&t, "a1", "cooldown 300 s left"));
	ok(told_before(&t, "a1", "cooldown 12 s left"));
	ok(!told_before(&t, "a2", "cooldown 12 s left"));
	ok(!told_before(&t, "a1", "at max size 3"));
	told_forget_of(&t, "a1");
	is_u64(t.n, 1);
	ok(told_before(&t, "a2", "cooldown 1 s left"));
	ok(!told_before(&t, "a1", "at max size 3"));
	told_restore(&t, "a3 at min size ");
	ok(told_before(&t, "a3", "at min size 1"));
	for (unsigned i = 0; i < 2 * TOLD_MAX; i++) {
		snprintf(text, sizeof text, "%c", 'b' + (int)i);
		(void)told_before(&t, "x", text);
	}
	is_u64(t.n, TOLD_MAX);
	ok(!told_before(&t, "x", "one that has no room"));
	told_forget(&t);
	is_u64(t.n, 0);
	return tap_done();
}
