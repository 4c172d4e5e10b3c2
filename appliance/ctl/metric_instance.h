/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metrics of instances, in AWS/EC2, from the sources that their launch configuration
 * names.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_METRIC_INSTANCE_H
#define WEIR_CTL_METRIC_INSTANCE_H

#include <stdint.h>

struct server;

/* Once a second; t_s: METRIC_NO_TIME = nothing is stored. */
void	 metric_instance_tick(int64_t t_s);
/* An agent of a server told a value; suffix: its unit as written, "" = none. It is a
 * metric of the server, and of the instance that it is. */
void	 metric_instance_told(const struct server *srv, const char *name, double v,
	    const char *suffix);
/* Which source an instance's metric comes from; NULL: not known. */
const char *metric_instance_source(const char *id, const char *name);
void	 metric_instance_free(void);

#endif
