/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metric math: expressions over series of points, in the language of CloudWatch.
 * An expression is parsed once, its types are checked then; it is computed over
 * slots that all inputs share. Where an operand has no point, the result has none.
 *
 *	IF(cpu > 70 AND p95 > 0.5, 1, 0)	100 * errors / FILL(requests, 1)
 *	MAX([a, b])				RATE(SUM(METRICS("net")))
 *
 * Any thread.
 */
#ifndef WEIR_CTL_MATH_H
#define WEIR_CTL_MATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/metric.h"

#define MATH_TEXT_MAX	2048u
#define MATH_DEPTH_MAX	50u

struct arena;
struct math;

enum math_type { MATH_SCALAR, MATH_SERIES, MATH_LIST };

/* NULL: what is wrong stands in err. */
struct math	*math_parse(struct arena *a, const char *text, char *err, size_t size);
enum math_type	 math_type(const struct math *m);
/* How many series it makes on its way, at most, for so many inputs. */
unsigned	 math_series(const struct math *m, unsigned ninputs);
/* Whether it uses an id; METRICS() uses all. */
bool		 math_uses(const struct math *m, const char *id);
/* The i-th id that it names, NULL behind the last. */
const char	*math_id(const struct math *m, unsigned i);

struct math_input {
	const char	*id;
	const struct metric_point *points;	/* count of them, the oldest first */
};

struct math_frame {
	int64_t		 from_s;	/* the oldest slot begins there */
	uint32_t	 period_s;
	unsigned	 count;
	const struct math_input *inputs;	/* all ids of the expression are there */
	unsigned	 ninputs;
};

/* Not for a list. A scalar is the same in each slot. */
void	 math_eval(const struct math *m, const struct math_frame *f, struct metric_point *ret);

#endif
