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

struct metric_value {
	double		 n, sum, min, max;	/* n 0: none */
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
	uint32_t	 period_s;	/* 10, 30 or a multiple of 60 */
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

/* Adds to the slot of t_s (0: now); makes the series. NULL, or why not. */
const char *metric_put(const struct metric_key *k, int64_t t_s, const struct metric_value *v);

/* A series of that name is there, or could be (a row of a namespace of ours). */
bool	 metric_is_known(const struct metric_key *k);
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
/* `500ms`, `70%`, `2MB/s` in the unit of the metric; a unit of another kind is an
 * error. *ret_bare: there was none. */
int	 metric_value_parse(struct cfg *c, const char *unit, const char *word, double *ret,
	    bool *ret_bare);

#endif
