/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control thread: the one that decides and speaks to operators. It is the
 * main thread; its loop has the id behind the data threads'.
 */
#ifndef WEIR_CTL_CONTROL_H
#define WEIR_CTL_CONTROL_H

#include <stdbool.h>

struct loop;
struct snapshot;

extern struct loop *control_loop;	/* set before modules start */

/* Work to do in the control thread whenever a snapshot goes into service (the
 * first one too): after its live cells took over, before data threads see it.
 * start-up */
typedef void control_publish_fn(struct snapshot *s);
void	control_on_publish(control_publish_fn *fn);

/* ... and before that, where it may be refused by a diag_plain of level ALERT: what a
 * running process cannot take over. Not the first one. start-up */
struct diag;
typedef void control_check_fn(struct snapshot *s, struct diag *d);
void	control_on_check(control_check_fn *fn);
void	control_check(struct snapshot *s, struct diag *d);

/* control thread */
void	control_publish(struct snapshot *s);	/* commit, hooks, publish */
void	control_stop(int signal);		/* end the process by this signal; 0 = exit 0 */
void	control_soft_stop(void);		/* close listeners, let sessions end, exit 0 */
int	control_stop_signal(void);

#endif
