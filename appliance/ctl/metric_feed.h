/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the balancer tells of itself, each second: a dozen values for each frontend,
 * backend and server (namespace Weir), histograms of latency, and the metrics of
 * AWS/ELB (metric_elb.c).
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_METRIC_FEED_H
#define WEIR_CTL_METRIC_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/metric.h"

struct proxy;
struct server;

enum metric_side { SIDE_FRONTEND, SIDE_BACKEND, SIDE_SERVER, SIDE_LISTENER /* not fed */ };

/* name, unit, text */
#define METRIC_FIELDS(X) \
	X(req_rate, "Count/Second", "requests") \
	X(rate, "Count/Second", "sessions") \
	X(scur, "Count", "sessions now") \
	X(qcur, "Count", "requests in the queue now") \
	X(bin, "Bytes/Second", "bytes of requests") \
	X(bout, "Bytes/Second", "bytes of responses") \
	X(hrsp_2xx, "Count/Second", "responses with status 200 to 299") \
	X(hrsp_4xx, "Count/Second", "responses with status 400 to 499") \
	X(hrsp_5xx, "Count/Second", "responses with status 500 to 599") \
	X(errors, "Count/Second", "requests or connections that failed") \
	X(p50_us, "Microseconds", "half of the requests took less in all") \
	X(p99_us, "Microseconds", "99 of 100 requests took less in all")

enum metric_field {
#define X(name, unit, text) MF_##name,
	METRIC_FIELDS(X)
#undef X
	MF_MAX
};

extern const char *const metric_field_names[MF_MAX];

/* The key of a field; server NULL but of SIDE_SERVER. Names are borrowed. */
void	 metric_feed_key(enum metric_side side, const char *proxy, const char *server,
	    enum metric_field field, struct metric_key *ret);
/* p50, p90, p99 of the last ten seconds or so; false: no request in them. */
bool	 metric_feed_quantiles(enum metric_side side, const char *proxy, const char *server,
	    uint32_t ret_us[3]);

/* Once a second: what came in the second that began at t_s (METRIC_NO_TIME: it is
 * not stored); us: the time that really passed. Rows are looked at in slices, until
 * end_us of the monotonic clock; true: that were all. */
void	 metric_feed_begin(int64_t t_s, uint64_t us);
bool	 metric_feed_go_on(uint64_t end_us);
void	 metric_feed_free(void);

/* ---- metric_elb.c ---- */

/* What a server's counters said at the last tick; kept by its row. */
struct elb_server {
	uint64_t	 requests, code[4], conn_errors, spilled, lat_n, lat_sum_us;
	uint32_t	 queue_entered;
};

struct elb_backend {
	uint64_t	 own[2];
	uint32_t	 queue_entered;
};

void	 metric_elb_server(const struct proxy *px, const struct server *srv,
	    struct elb_server *prev);
void	 metric_elb_backend(const struct proxy *px, struct elb_backend *prev);
void	 metric_elb_frontend(const struct proxy *px, struct elb_backend *prev);
/* All servers and proxies have told of this second. */
void	 metric_elb_flush(int64_t t_s);
void	 metric_elb_free(void);

#endif
