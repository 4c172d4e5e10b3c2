/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_RUN_H
#define WEIR_RUN_H

struct snapshot;

/* Put the configuration into service and stay until the process is told to end;
 * returns the exit status, or ends by the signal that asked for the end.
 * main thread */
int	run_until_stopped(struct snapshot *s);

#endif
