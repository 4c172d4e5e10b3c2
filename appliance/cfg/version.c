/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Version numbers of the predicates: `[v]MAJ[.MIN[.PATCH]][-devN]`, missing
 * parts are 0 and -devN lies below its release.
 */
#include <stdint.h>
#include <string.h>

#include "cfg/cond.h"
#include "cfg/kw.h"

#define NOT_DEV		UINT64_MAX

/* Digits up to the next dot or the end of s; false without any. */
static bool
take_number(struct str *s, uint64_t *ret_v)
{
	size_t len = 0;

	while (len < s->len && s->p[len] >= '0' && s->p[len] <= '9')
		len++;
	if (!str_to_u64((struct str){ s->p, len }, ret_v))
		return false;
	s->p += len;
	s->len -= len;
	return true;
}

static bool
take_prefix(struct str *s, struct str prefix)
{
	if (!str_starts(*s, prefix))
		return false;
	s->p += prefix.len;
	s->len -= prefix.len;
	return true;
}

/* major, minor, patch, dev */
static bool
version_parse(const char *text, uint64_t v[4])
{
	struct str s = str_of(text);
	int part = 0;

	v[1] = v[2] = 0;
	v[3] = NOT_DEV;
	take_prefix(&s, STR("v"));
	do {
		if (!take_number(&s, &v[part++]))
			return false;
	} while (part < 3 && take_prefix(&s, STR(".")));
	if (take_prefix(&s, STR("-dev")))
		return take_number(&s, &v[3]) && s.len == 0;
	return s.len == 0;
}

bool
version_compare(const char *version, int *ret_order)
{
	uint64_t asked[4], own[4];

	if (!version_parse(version, asked) || !version_parse(CFG_COMPAT_VERSION, own))
		return false;
	*ret_order = 0;
	for (int i = 0; i < 4 && *ret_order == 0; i++)
		*ret_order = (asked[i] > own[i]) - (asked[i] < own[i]);
	return true;
}
