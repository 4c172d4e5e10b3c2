/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The epoch; see epoch.h. It is the second in which the process asked first.
 *
 * Thread: control.
 */
#include "ctl/epoch.h"

#include "base/clock.h"

uint64_t
epoch_now(void)
{
	static uint64_t epoch;

	if (epoch == 0)
		epoch = clock_wall_us() / 1000000;
	return epoch;
}
