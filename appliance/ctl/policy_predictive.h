/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forecasts of predictive policies, for commands and scripts.
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_POLICY_PREDICTIVE_H
#define WEIR_CTL_POLICY_PREDICTIVE_H

#include <stdint.h>

#include "ctl/forecast.h"

struct group;

struct forecast_row {
	int64_t		 t_s;		/* the hour's begin */
	struct forecast	 load;
	uint32_t	 desired;	/* within the group's limits */
};

/* Of a group's policy (NULL: its first predictive one): up to FORECAST_AHEAD rows, from
 * the hour of now on; 0: there is no such policy, or too little is known. */
unsigned predictive_rows(const struct group *g, const char *policy, struct forecast_row *ret);

#endif
