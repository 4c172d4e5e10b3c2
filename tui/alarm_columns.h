/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_TUI_ALARM_COLUMNS_H
#define WEIR_TUI_ALARM_COLUMNS_H

#include "tui/objects.h"

enum { ALARM_NAME, ALARM_HOST, ALARM_STATE };	/* the first of them */

extern const struct column alarm_columns[];
extern const unsigned alarm_ncolumns;

/* ALARM and OK as they are, no data, or idle: nothing is asked of it. */
enum state alarm_state(const void *row);
/* A value in the alarm's unit, as people read it. */
void	alarm_value(const void *row, double v, char *buf, size_t size);
/* `> 500ms` */
int	alarm_threshold(const struct model *m, const void *row, char *buf, size_t size);

#endif
