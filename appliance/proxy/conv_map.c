/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Converters map, map_beg, map_int_ip ...: a key's value in a map file.
 *
 * Parsing: the thread that builds the snapshot. Conversion: data threads.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "proxy/map.h"
#include "proxy/sample.h"

static int
prepare(struct cfg *c, struct arg *a, int n, enum pat_match match)
{
	struct map_ref *r;

	if (n < 1 || a[0].s.len == 0) {
		diag_error(c->diag, "a map expects a file as argument");
		return -1;
	}
	r = map_ref_file(c, a[0].s.p, true);
	if (r == NULL || (a[0].u.map = map_use_new(c, r, match, false, true)) == NULL)
		return -1;
	return 0;
}

/* A missing key gives the default, without one there is no sample. */
static bool
c_map(struct sample_ctx *x, const struct arg *a, intptr_t out, struct sample *s)
{
	const char *key, *value = map_use_find(a[0].u.map, s, &key);

	(void)x;
	if (value == NULL && a[1].type == ARG_NONE)
		return false;
	sample_str(s, value != NULL ? str_of(value) : a[1].s);
	return sample_cast(s, (enum sample_type)out) ||
	    (out == SMP_IPV4 && sample_cast(s, SMP_IPV6));
}

#define CHECK(name, match) \
	static int \
	check_##name(struct cfg *c, struct arg *a, int n) \
	{ \
		return prepare(c, a, n, match); \
	}
CHECK(str, PAT_STR)
CHECK(beg, PAT_BEG)
CHECK(end, PAT_END)
CHECK(sub, PAT_SUB)
CHECK(dir, PAT_DIR)
CHECK(dom, PAT_DOM)
CHECK(reg, PAT_REG)
CHECK(int, PAT_INT)
CHECK(ip, PAT_IP)

#define ROW(name, in, out, result, check, help) \
	{ name, "s|s", in, out, c_map, result, help, check }
#define ROWS(word, in, how) \
	ROW("map_" #word, in, SMP_STR, SMP_STR, check_##word, \
	    "value of the entry of a map file " how ", or a default"), \
	ROW("map_" #word "_str", in, SMP_STR, SMP_STR, check_##word, \
	    "the same: the value as a string"), \
	ROW("map_" #word "_int", in, SMP_INT, SMP_INT, check_##word, \
	    "the same: the value as an integer"), \
	ROW("map_" #word "_ip", in, SMP_ANY, SMP_IPV4, check_##word, \
	    "the same: the value as an address")

static const struct conv_row convs[] = {
	ROW("map", SMP_STR, SMP_STR, SMP_STR, check_str,
	    "value of the key in a map file, or a default"),
	ROWS(str, SMP_STR, "that is equal"),
	ROWS(beg, SMP_STR, "that is its longest beginning"),
	ROWS(end, SMP_STR, "that is its longest end"),
	ROWS(sub, SMP_STR, "that it contains"),
	ROWS(dir, SMP_STR, "that is a part between slashes"),
	ROWS(dom, SMP_STR, "that is a part between dots"),
	ROWS(reg, SMP_STR, "whose regular expression matches"),
	ROWS(int, SMP_INT, "whose number or range has it"),
	ROWS(ip, SMP_ANY, "whose network has it, the smallest one"),
	{ 0 }
};

const struct module mod_conv_map = { .name = "conv_map", .converters = convs };
