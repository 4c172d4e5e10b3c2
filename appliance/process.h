/* SPDX-License-Identifier: BSD-2-Clause */
/* The process around the loops: descriptors, listeners, privileges, background. */
#ifndef WEIR_PROCESS_H
#define WEIR_PROCESS_H

#include "proxy/global.h"

struct snapshot;

/* main thread, in this order; each 0, or -1 after a message */
void	process_adjust(struct snapshot *s);	/* -N, -dS: of every load */
void	process_record_files(void);		/* before the first load */
unsigned process_threads(const struct global *g);	/* nbthread, or the cores */
int	process_listen(struct snapshot *s, unsigned nthreads);	/* bind everything */
int	process_limits_set(struct snapshot *s, unsigned nthreads);	/* fds, maxconn, memory */
int	process_background(const struct global *g);	/* -D; the parent waits for the child */
void	process_ready(void);			/* tells that parent: loaded and bound */
int	process_pidfile(const struct global *g);
int	process_helper(const struct snapshot *s, char *const *paths, int npaths);
int	process_drop_privileges(const struct global *g);
void	process_signal_old(void);		/* -sf, -st */

#endif
