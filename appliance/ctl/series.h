/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Series in memory: a dozen values for each frontend, backend and server, and
 * histograms of latency, at several steps. The tick feeds them.
 *
 * A row's values lie in chunks of SERIES_CHUNK slots per step; a histogram's slot
 * is a record of its non-zero buckets. All of it together stays below
 * metrics-memory: the least interesting goes first (servers at 1 s, then at 10 s,
 * then the oldest of what takes the most).
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_SERIES_H
#define WEIR_CTL_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hist.h"
#include "base/list.h"

struct proxy;
struct server;

#define SERIES_CHUNK	60

enum series_kind { SERIES_FRONTEND, SERIES_BACKEND, SERIES_SERVER };

#define SERIES_FIELDS(X) \
	X(req_rate) X(rate) X(scur) X(qcur) X(bin) X(bout) X(hrsp_2xx) X(hrsp_4xx) \
	X(hrsp_5xx) X(errors) X(p50_us) X(p99_us)

enum series_field {
#define X(name) SF_##name,
	SERIES_FIELDS(X)
#undef X
	SF_MAX
};

enum series_tier { TIER_1S, TIER_10S, TIER_60S, TIER_300S, TIER_3600S, TIER_MAX };
enum series_phase { PHASE_TOTAL, PHASE_QUEUE, PHASE_CONNECT, PHASE_RESPONSE, PHASE_MAX };
enum hist_tier { HTIER_10S, HTIER_60S, HTIER_3600S, HTIER_MAX };
enum { AGG_AVG, AGG_MIN, AGG_MAX, AGG_KINDS };

extern const char *const series_field_names[SF_MAX];
extern const char *const series_phase_names[PHASE_MAX];
extern const uint32_t series_step_s[TIER_MAX];
extern const uint32_t series_hist_step_s[HTIER_MAX];

struct series_row;

void	series_tick(uint64_t passed_us);
void	series_free(void);
/* server NULL: of the proxy; NULL: nothing is known of it */
struct series_row *series_find(enum series_kind kind, const char *proxy, const char *server);

/* Values of a slot (epoch / step); false: none. ret has SF_MAX of AGG_KINDS; NAN
 * where there is no value. */
bool	series_get(const struct series_row *r, enum series_tier tier, int64_t slot,
	    float ret[SF_MAX][AGG_KINDS]);
/* The first and last slot that there is; false: none. */
bool	series_span(const struct series_row *r, enum series_tier tier, int64_t *ret_first,
	    int64_t *ret_last);
/* Adds the counts of slots [from, to) to sum; false: nothing was there. */
bool	series_hist(const struct series_row *r, enum series_phase phase, enum hist_tier tier,
	    int64_t from, int64_t to, uint32_t sum[HISTC_BUCKETS]);
bool	series_hist_span(const struct series_row *r, enum series_phase phase,
	    enum hist_tier tier, int64_t *ret_first, int64_t *ret_last);
/* p50, p90, p99 of the last ten seconds or so; false: no request in them. */
bool	series_quantiles(const struct series_row *r, uint32_t ret_us[3]);
uint64_t series_bytes(void);	/* in use */

#endif
