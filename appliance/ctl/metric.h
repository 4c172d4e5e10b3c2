/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metrics: series of (samples, sum, minimum, maximum) per slot of time, named by
 * namespace, name, dimensions and unit; the one store that alarms, policies,
 * commands and graphs read. Times are the schedule clock's (event/sched.h).
 *
 * Everything here: control thread, but what is said to be for parsing.
 */
#ifndef WEIR_CTL_METRIC_H
#define WEIR_CTL_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/metric_ring.h"

#define METRIC_DIMS	30u

struct cfg;

struct metric_dim {
	const char	*name, *value;
};

/* Dimensions in any order; unit NULL: as the series that is there has it. */
struct metric_key {
	const char	*ns, *name, *unit;
	struct metric_dim dims[METRIC_DIMS];
	unsigned	 ndims;
};

enum metric_stat {
	METRIC_AVERAGE, METRIC_SUM, METRIC_MINIMUM, METRIC_MAXIMUM, METRIC_SAMPLES,
	METRIC_PERCENTILE
};

/* What an alarm, a policy or a person asks for. */
struct metric_query {
	struct metric_key key;
	enum metric_stat stat;
	double		 percentile;	/* 0 to 100, of METRIC_PERCENTILE */
	uint32_t	 period_s;	/* 1, 10, 30 or a multiple of 60 */
};

struct metric_point {
	double		 v;
	double		 n;		/* samples; 0: no point */
};

/* `count` slots of q->period_s from from_s on (a multiple of it or not), the oldest
 * first. A slot that is not over yet holds what there is. */
void	 metric_read(const struct metric_query *q, int64_t from_s, unsigned count,
	    struct metric_point *ret);
/* The sums behind them. */
void	 metric_values(const struct metric_key *k, uint32_t period_s, int64_t from_s,
	    unsigned count, struct metric_value *ret);
/* The statistic of a set; NAN when it has none. Not for percentiles. */
double	 metric_stat_of(const struct metric_value *v, enum metric_stat stat);
const char *metric_stat_name(enum metric_stat stat);	/* NULL of METRIC_PERCENTILE */

#define METRIC_NO_TIME	(-1)
#define METRIC_PAST_S	(14 * 86400)	/* values from the time between these are taken */
#define METRIC_AHEAD_S	7200

/* Adds to the slot of t_s (0: now); makes the series. NULL, or why not; valid until
 * the next call. A value of n raw samples that are equal is n, n x v, v, v. */
const char *metric_put(const struct metric_key *k, int64_t t_s, const struct metric_value *v);
/* An instance's, under each of its dimension sets (NULL: it has none of these). */
struct metric_instance {
	const char	*id, *group, *image, *type;
};
const char *metric_put_instance(const struct metric_instance *i, const char *name,
	    const char *unit, int64_t t_s, const struct metric_value *v);

/* A series of that name is there, or could be (a row of a namespace of ours). */
bool	 metric_key_has(const struct metric_key *k, const char *dim);
bool	 metric_is_known(const struct metric_key *k);
/* Alarms and policies: what they name is kept for 455 days from now on. */
void	 metric_keep_long(const struct metric_key *k);

/* ---- series, for what feeds and lists them ---- */

struct metric_series;

/* Which steps a series has: METRIC_FINE those below a minute too; METRIC_LONG five
 * minutes and an hour, for long. METRIC_SERVER: the first to lose the fine ones. */
#define METRIC_FINE	1u
#define METRIC_LONG	2u
#define METRIC_SERVER	4u

/* NULL: there is none / it is refused for want of room. */
struct metric_series *metric_find(const struct metric_key *k);
struct metric_series *metric_make(const struct metric_key *k, unsigned flags);
void	 metric_add(struct metric_series *s, int64_t t_s, const struct metric_value *v);
/* The same into the steps below a minute only, into the others only. */
void	 metric_add_fine(struct metric_series *s, int64_t t_s, const struct metric_value *v);
void	 metric_add_coarse(struct metric_series *s, int64_t t_s, const struct metric_value *v);
void	 metric_series_values(const struct metric_series *s, uint32_t period_s, int64_t from_s,
	    unsigned count, struct metric_value *ret);
/* How far back a step reaches; 0: the series does not have it. */
int64_t	 metric_tier_span_s(const struct metric_series *s, enum metric_tier tier);
/* Where GetMetricStatistics begins: on a minute, the older the coarser. */
int64_t	 metric_round_start(int64_t now_s, int64_t start_s, uint32_t period_s);
bool	 metric_has_tier(const struct metric_series *s, enum metric_tier tier);
int64_t	 metric_last_s(struct metric_series *s);	/* of its newest value; 0: none */
/* The oldest time that values of this step, or of what makes it up, reach back to. */
int64_t	 metric_first_s(const struct metric_series *s, uint32_t step_s);
void	 metric_key_of(const struct metric_series *s, struct metric_key *ret);	/* borrowed */
/* All of that name and these dimensions, whatever their units are; how many. */
unsigned metric_find_units(const struct metric_key *k, struct metric_series **ret, unsigned max);
/* Who keeps a pointer holds the series: it does not go then. NULL is fine. */
void	 metric_hold(struct metric_series *s);
void	 metric_release(struct metric_series *s);
/* In no order; i counts up to metric_series_count(). */
unsigned metric_series_count(void);
struct metric_series *metric_series_at(unsigned i);
#define METRIC_GONE_S	(14 * 86400)	/* silent for so long: it goes, by and by */
void	 metric_expire(int64_t now_s);

/* Start-up: samples, names and histograms lie in this folder; what is there is
 * read. */
void	 metric_open(const char *dir, uint64_t max_bytes);
void	 metric_free(void);

/* ---- rows: what we measure ourselves; any thread ---- */

enum metric_ns { NS_ELB, NS_EC2, NS_ASG, NS_WEIR };
struct metric_row {
	enum metric_ns	 ns;
	const char	*name, *unit, *help;
};
/* AWS/ELB of a balancer, AWS/EC2 or AWS/AutoScaling of an instance or group, by the
 * dimensions that name them; else Weir. */
const char *metric_default_ns(const struct metric_key *k);
const char *metric_ns_name(enum metric_ns ns);
const struct metric_row *metric_row_at(unsigned i);	/* NULL behind the last */
const struct metric_row *metric_row_named(const char *ns, const char *name);
const char *metric_nearest(const char *ns, const char *name);	/* NULL: nothing near */
/* The unit of what we measure ourselves; NULL: not known. */
const char *metric_unit(const char *ns, const char *name);

/* ---- while parsing ---- */

/*
 * NAME ["namespace" NS] ["balancer" B|"*" ["zone" Z] | "group" G | "instance" I |
 * "server" BE/SRV] ["dimension" K V]... ["unit" U], from args[*i] on; *i moves behind
 * it. Texts lie in the arena. 0, or -1 after a diag_error.
 */
int	 metric_ref_parse(struct cfg *c, char **args, int nargs, int *i, struct metric_key *ret);
/* "Average", "p95", ...: 0, or -1 after a diag_error. */
int	 metric_stat_parse(struct cfg *c, const char *word, struct metric_query *ret);
/* The same without a diag; "p99.9": false when it is none of these. */
bool	 metric_stat_named(const char *word, enum metric_stat *ret_stat, double *ret_percentile);
/* `500ms`, `70%`, `2MB/s` in the unit of the metric (NULL: in seconds, bytes, ...); a
 * unit of another kind is an error. *ret_bare: there was none. */
int	 metric_value_parse(struct cfg *c, const char *unit, const char *word, double *ret,
	    bool *ret_bare);

#endif
