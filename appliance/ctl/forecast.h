/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A load hour by hour, forecast from the same hours of the days before: later days
 * weigh more, the same weekday weighs most.
 */
#ifndef WEIR_CTL_FORECAST_H
#define WEIR_CTL_FORECAST_H

#include <stdbool.h>

#define FORECAST_PAST	(15u * 24)	/* hours looked at */
#define FORECAST_AHEAD	48u		/* hours forecast at most */
#define FORECAST_LEAST	24u		/* hours that have to be known */

struct forecast {
	double		 low, mid, high;	/* nine in ten lie below high, above low */
	bool		 is_there;
};

/* any thread */
/* past: n hourly loads, the oldest first, NAN = not known; ahead: the hour behind them
 * is 0. False: too little is known; hours that nothing is known of are not there. */
bool	forecast_hour(const double *past, unsigned n, unsigned ahead, struct forecast *ret);
bool	forecast_is_possible(const double *past, unsigned n);

#endif
