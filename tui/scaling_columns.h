/* SPDX-License-Identifier: BSD-2-Clause */
/* Columns of groups, instances, policies and activities. */
#ifndef WEIR_TUI_SCALING_COLUMNS_H
#define WEIR_TUI_SCALING_COLUMNS_H

#include "tui/objects.h"

extern const struct column group_columns[], instance_columns[], policy_columns[],
    activity_columns[];
extern const unsigned group_ncolumns, instance_ncolumns, policy_ncolumns, activity_ncolumns;

/* Busy while instances come or go, degraded when fewer serve than are wanted, ... */
enum state group_state(const void *row);
enum state instance_state(const void *row);
enum state activity_state(const void *row);
enum state policy_state(const void *row);

#endif
