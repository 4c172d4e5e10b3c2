/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metric math and rules of alarms: the first byte says which. Whatever is accepted
 * is computed, over series of which some are empty.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/magic.h"
#include "ctl/alarm_rule.h"
#include "ctl/math.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOTS	4u

static const struct metric_point a[SLOTS] = { { 1, 1 }, { -2, 1 }, { 3e300, 1 }, { 0, 1 } },
    b[SLOTS] = { { 10, 1 }, { 0, 0 }, { 30, 1 }, { 0, 0 } }, c[SLOTS];
static const struct math_input inputs[] = { { "a", a }, { "b", b }, { "c", c } };
static const struct math_frame frame = { 0, 60, SLOTS, inputs, 3 };

static void
try_math(struct arena *arena, const char *text)
{
	struct metric_point p[SLOTS];
	char err[64];
	struct math *m = math_parse(arena, text, err, sizeof err);

	WEIR_ASSERT(m != NULL || memchr(err, '\0', sizeof err) != NULL);
	if (m != NULL && math_type(m) != MATH_LIST)
		math_eval(m, &frame, p);
}

static bool
state_of(const char *name, enum alarm_state *ret, void *arg)
{
	(void)arg;
	*ret = (enum alarm_state)(strlen(name) % ALARM_STATES);
	return name[0] != 'x';
}

static void
try_rule(struct arena *arena, const char *text)
{
	char err[64];
	struct alarm_rule *r = alarm_rule_parse(arena, text, err, sizeof err);

	if (r != NULL)
		(void)alarm_rule_holds(r, state_of, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena;
	char *text;

	if (size < 1)
		return 0;
	arena = arena_new();
	text = arena_strndup(arena, (const char *)data + 1, size - 1);
	if (data[0] == 'r')
		try_rule(arena, text);
	else
		try_math(arena, text);
	arena_free(arena);
	return 0;
}
