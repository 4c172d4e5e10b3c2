/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening, pausing and shutting down frontends at run time.
 *
 * A paused frontend keeps its sockets: clients wait in the kernel's queue until
 * it is open again. A stopped one closes them; only a restart brings it back.
 */
#ifndef WEIR_CTL_FRONTEND_H
#define WEIR_CTL_FRONTEND_H

#include <stdbool.h>

#include "proxy/live.h"

struct proxy;

/* control thread. Tells the log; done(arg) runs here when each data thread has
 * followed (NULL = nothing to do). Not for a frontend that is stopped. */
void	frontend_switch(struct proxy *px, enum fe_state to, void (*done)(void *), void *arg);
void	frontends_pause(void);		/* all that are open (SIGTTOU) */
void	frontends_resume(void);		/* all that are paused (SIGTTIN) */

#endif
