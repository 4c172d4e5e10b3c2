/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What alarms say: reasons of states, summaries and data of the history, the
 * message of a notification; in the words of CloudWatch, for programs read them.
 *
 * Any thread.
 */
#ifndef WEIR_CTL_ALARM_TEXT_H
#define WEIR_CTL_ALARM_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/alarm_eval.h"

struct alarm_action;
struct alarm_conf;
struct outbuf;

#define ALARM_REASON_NEW "Unchecked: Initial alarm creation"

/* One evaluation. */
struct alarm_report {
	const struct metric_point *points;	/* alarm_slots(test->n), the oldest first */
	int64_t		 from_s;	/* the oldest slot begins there */
	uint32_t	 period_s;
	const struct alarm_test *test;
	const struct alarm_verdict *verdict;
	uint64_t	 at_us;
	const char	*stat;		/* "Average", "p95" */
	const char	*unit;		/* NULL = none said */
};

/* "Threshold Crossed: ..." */
void	alarm_put_reason(struct outbuf *b, const struct alarm_report *r);
/* Its data: a JSON object. */
void	alarm_put_reason_data(struct outbuf *b, const struct alarm_report *r);
/* "910 > 500, 3 of 3"; "" when no point says it */
void	alarm_put_brief(struct outbuf *b, const struct alarm_report *r);

struct alarm_saying {
	enum alarm_state state;
	const char	*reason, *data;	/* data: JSON, or NULL */
};

/* The history's JSON. */
void	alarm_put_update(struct outbuf *b, const struct alarm_saying *from,
	    const struct alarm_saying *to);
void	alarm_put_action(struct outbuf *b, uint64_t at_us, const char *arn, const char *message,
	    const char *error);
enum alarm_change { ALARM_CREATED, ALARM_UPDATED, ALARM_DELETED };
void	alarm_put_change(struct outbuf *b, enum alarm_change change,
	    const struct alarm_conf *conf);
const char *alarm_change_name(enum alarm_change change);	/* "created" */

/* Where this appliance says it is. */
struct alarm_place {
	const char	*region, *account;
};

void	alarm_put_arn(struct outbuf *b, const struct alarm_place *p, const char *name);
/* The ARN of an action's target; which it is, policies and notifiers know. */
typedef void alarm_arn_fn(struct outbuf *b, const struct alarm_place *p,
	    const struct alarm_action *a);
/* The message of a notification; `ALARM: "name" in REGION` is its subject. */
struct alarm_news {
	const struct alarm_conf *conf;
	struct alarm_place place;
	struct alarm_saying from, to;
	uint64_t	 at_us, configured_us;
	alarm_arn_fn	*put_arn;
};
void	alarm_put_news(struct outbuf *b, const struct alarm_news *n);

const char *alarm_op_name(enum alarm_op op);	/* "GreaterThanThreshold" */
const char *alarm_op_sign(enum alarm_op op);	/* ">" */
bool	alarm_op_named(const char *sign, enum alarm_op *ret);

void	alarm_put_stat(struct outbuf *b, const struct metric_query *q);	/* "Average", "p95" */
void	alarm_put_time(struct outbuf *b, uint64_t us);	/* 2013-01-14T18:40:45.944+0000 */

#endif
