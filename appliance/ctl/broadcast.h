/* SPDX-License-Identifier: BSD-2-Clause */
/* Something to be done in each data thread, and then in control. */
#ifndef WEIR_CTL_BROADCAST_H
#define WEIR_CTL_BROADCAST_H

struct dthread;

/* control thread: fn(arg, d) runs in each data thread, at the same time as in the
 * others; when all have, done(arg) runs in control (NULL = nothing to do). */
void	broadcast(void (*fn)(void *arg, struct dthread *d), void (*done)(void *arg), void *arg);

#endif
