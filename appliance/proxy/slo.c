/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `slo p99 500ms`: what a backend's users may expect. Nothing is enforced by it:
 * it goes with the backend's row in `show snapshot`, for dashboards to draw.
 */
#include <stdlib.h>

#include "base/diag.h"
#include "base/module.h"
#include "base/str.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/proxy.h"

static bool
percentile_of(const char *word, double *ret)
{
	char *end;

	if (word[0] != 'p' || word[1] < '0' || word[1] > '9')
		return false;
	*ret = strtod(word + 1, &end);
	return *end == '\0' && *ret > 0 && *ret < 100;
}

static int
parse_slo(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	uint64_t us;

	(void)row, (void)nargs;
	if (!percentile_of(args[0], &px->slo_percentile)) {
		diag_error(c->diag, "'slo' expects a percentile such as p99 or p99.9, not '%s'.",
		    args[0]);
		return -1;
	}
	if (str_to_duration_us(str_of(args[1]), 0, &us) != PARSE_OK || us == 0) {
		diag_error(c->diag, "'slo %s' expects a time with its unit, as 500ms, not '%s'.",
		    args[0], args[1]);
		return -1;
	}
	px->slo_us = us;
	return 0;
}

static const struct kw_row rows[] = {
	{ "slo", IN_BACKEND, KW_OBEYED, 2, 2, 0, parse_slo, 0, "<percentile> <time>",
	    "What latency users may expect; dashboards draw it." },
	{ 0 }
};

const struct module mod_slo = { .name = "slo", .cfg = rows };
