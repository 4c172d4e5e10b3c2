/* SPDX-License-Identifier: BSD-2-Clause */
/* job.c: work happens elsewhere, its end is told in the loop that asked. */
#include <pthread.h>
#include <stdatomic.h>

#include "event/job.h"
#include "event/loop.h"
#include "tap.h"

#define JOBS	200

static struct loop *loop;
static pthread_t main_thread;
static atomic_uint nworked, nworked_here;
static unsigned ndone, ndone_elsewhere;
static unsigned value[JOBS];

static void
work(void *arg)
{
	unsigned *v = arg;

	*v += 1;
	atomic_fetch_add(&nworked, 1);
	if (pthread_equal(pthread_self(), main_thread))
		atomic_fetch_add(&nworked_here, 1);
}

static void
done(void *arg)
{
	unsigned *v = arg;

	*v += 10;
	if (!pthread_equal(pthread_self(), main_thread))
		ndone_elsewhere++;
	if (++ndone == JOBS)
		loop_stop(loop);
}

static unsigned
wrong_values(unsigned want)
{
	unsigned n = 0;

	for (unsigned i = 0; i < JOBS; i++)
		n += value[i] != want;
	return n;
}

int
main(void)
{
	main_thread = pthread_self();
	loop = loop_new(0);
	job_start(3);
	for (unsigned i = 0; i < JOBS; i++)
		job_run(loop, work, done, &value[i]);
	loop_run(loop);
	is_u64(ndone, JOBS);
	is_u64(nworked, JOBS);
	is_u64(nworked_here, 0);
	is_u64(ndone_elsewhere, 0);
	is_u64(wrong_values(11), 0);

	/* Stopping runs what is queued; loop_free tells the ends. */
	for (unsigned i = 0; i < JOBS; i++)
		job_run(loop, work, i % 2 ? done : NULL, &value[i]);
	job_stop();
	is_u64(nworked, 2 * JOBS);
	loop_free(loop);
	is_u64(ndone, JOBS + JOBS / 2);
	return tap_done();
}
