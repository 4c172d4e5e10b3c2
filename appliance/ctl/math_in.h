/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the room: the tree of an expression, for math.c and math_fn.c. */
#ifndef WEIR_CTL_MATH_IN_H
#define WEIR_CTL_MATH_IN_H

#include "base/str.h"
#include "ctl/math.h"

struct math_node;
struct math_run;
struct math_fn;

#define MATH_ARGS_MAX	20u	/* of a function, and members of a list */

enum math_node_kind { MATH_NUMBER, MATH_ID, MATH_WORD, MATH_CALL, MATH_MEMBERS };

/* MATH_WORD: a text or a plain word that a function knows (REPEAT, ASC, "net"). */
struct math_node {
	enum math_node_kind kind;
	enum math_type	 type;
	double		 number;
	const char	*text;		/* of an id or a word */
	const struct math_fn *fn;
	struct math_node *args[MATH_ARGS_MAX];
	unsigned	 nargs;
};

/* Series of a list have the ids that METRICS() asks for. */
struct math_value {
	enum math_type	 type;
	struct metric_point scalar;
	struct metric_point **series;	/* one of a series */
	unsigned	 n;
};

/* One computation: its frame, and memory that goes at its end. */
struct math_run {
	const struct math_frame *frame;
	struct arena	*arena;
};

typedef struct math_value math_run_fn(struct math_run *r, const struct math_node *node);

/* Operators are rows too, their names cannot be typed as functions. */
struct math_fn {
	const char	*name;
	uint8_t		 min_args, max_args;
	/* The type of a call, or -1 with what it wants instead. */
	int		(*type)(const struct math_node *node, const char **ret_wants);
	math_run_fn	*run;
	double		(*of_two)(double a, double b);	/* operators */
	double		(*of_one)(double v);
	double		(*of_many)(const double *v, unsigned n);
	void		(*of_series)(const struct math_frame *f, const struct metric_point *in,
			    struct metric_point *ret);
};

const struct math_fn *math_fn_named(struct str name);
struct math_value math_value_of(struct math_run *r, const struct math_node *node);

#endif
