/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this build does: the one table behind feature(), enabled() and the
 * feature list of -vv. A line becomes true in the commit that builds the thing.
 */
#include <string.h>

#include "base/magic.h"
#include "cfg/cond.h"
#include "cfg/kw.h"

static const struct {
	const char	*name;
	bool		 is_built;
} features[] = {
	{ "51DEGREES", false },
	{ "EPOLL", true },
	{ "FAST-FORWARD", false },
	{ "KQUEUE", false },
	{ "LINUX_SPLICE", false },
	{ "LUA", false },
	{ "NS", false },
	{ "OPENSSL", true },
	{ "OPENSSL_AWSLC", false },
	{ "OPENSSL_WOLFSSL", false },
	{ "PCRE", true },
	{ "PCRE2", true },
	{ "PCRE2_JIT", true },
	{ "POLL", false },
	{ "PROMEX", false },
	{ "QUIC", false },
	{ "REUSEPORT", true },
	{ "SLZ", false },
	{ "SPLICE", true },
	{ "THREAD", true },
	{ "TPROXY", true },
	{ "ZLIB", false },
};

bool
feature_is_built(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		if (strcmp(features[i].name, name) == 0)
			return features[i].is_built;
	return false;
}

void
cfg_feature_each(void (*fn)(const char *name, bool is_built, void *arg), void *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		fn(features[i].name, features[i].is_built, arg);
}
