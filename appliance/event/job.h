/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work that blocks, outside the loops: a function without shared state runs on
 * one of a few job threads, its completion is a message to the loop that asked.
 */
#ifndef WEIR_EVENT_JOB_H
#define WEIR_EVENT_JOB_H

struct loop;
struct job;
typedef void job_fn(void *arg);

/* start-up and shutdown, one thread */
void	job_start(unsigned nthreads);
void	job_stop(void);			/* runs what is queued, waits for all */

/* any thread with a loop: work(arg) on a job thread, then done(arg) in `l` */
void	job_run(struct loop *l, job_fn *work, job_fn *done, void *arg);

#endif
