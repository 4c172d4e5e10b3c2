/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms as rows of CSV and as JSON, for commands.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_ALARM_PUT_H
#define WEIR_API_ALARM_PUT_H

#include <stdbool.h>
#include <stdint.h>

struct alarm;
struct alarm_row;
struct cli;
struct outbuf;
struct trial_costs;

/* By name; NULL after a message with what is near. cli_alarm.c */
struct alarm *cli_alarm_named(struct cli *c, const char *name);

void	alarm_put_csv_head(struct outbuf *b);	/* with `#` and newline */
void	alarm_put_csv(struct outbuf *b, const struct alarm *a);
void	alarm_put_json(struct outbuf *b, const struct alarm *a);
/* The columns by name, a line each. */
void	alarm_put_fields(struct outbuf *b, const struct alarm *a);
/* 2013-02-15T16:42:07.850Z; 0: nothing */
void	alarm_put_instant(struct outbuf *b, uint64_t us);
/* The end of a try's totals: what its functions cost, and closing brackets. */
void	alarm_put_costs(struct outbuf *b, const struct trial_costs *costs, bool is_json);

#endif
