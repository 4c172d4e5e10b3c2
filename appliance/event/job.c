/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Job threads: one queue under a mutex, a few threads that wait on it. A job is
 * made by job_run and freed in the asking loop, after done() there. Whoever
 * stops the jobs must keep the asking loops until loop_free, which delivers the
 * last completions.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "event/job.h"
#include "event/loop.h"

#define JOB_MAGIC	0x4a4f4221u
#define JOB_THREADS_MAX	16

struct job {
	uint32_t	 magic;
	struct list	 node;		/* in the queue */
	struct mail	 mail;
	struct loop	*loop;		/* borrowed: outlives the job */
	job_fn		*work, *done;
	void		*arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static struct list queue = { &queue, &queue };	/* under the lock */
static bool is_stopping;			/* under the lock */
static pthread_t threads[JOB_THREADS_MAX];
static unsigned nthreads;

/* in the asking loop */
static void
on_done(struct mail *m)
{
	struct job *j = CONTAINER_OF(m, struct job, mail);

	MAGIC_OK(j, JOB_MAGIC);
	if (j->done != NULL)
		j->done(j->arg);
	j->magic = 0;
	free(j);
}

/* The next job; NULL when stopping and none is left. */
static struct job *
next_job(void)
{
	struct list *n;

	pthread_mutex_lock(&lock);
	while ((n = list_pop(&queue)) == NULL && !is_stopping)
		pthread_cond_wait(&wake, &lock);
	pthread_mutex_unlock(&lock);
	return n != NULL ? LIST_ITEM(n, struct job, node) : NULL;
}

static void *
job_thread(void *arg)
{
	struct job *j;

	while ((j = next_job()) != NULL) {
		j->work(j->arg);
		mailbox_send(&j->loop->mailbox, &j->mail, on_done);
	}
	return arg;
}

void
job_start(unsigned n)
{
	char name[16];

	WEIR_ASSERT(nthreads == 0);
	if (n == 0)
		n = 1;
	if (n > JOB_THREADS_MAX)
		n = JOB_THREADS_MAX;
	is_stopping = false;
	for (; nthreads < n; nthreads++) {
		snprintf(name, sizeof(name), "weir-job%u", nthreads % 100);
		if (thread_start(&threads[nthreads], name, job_thread, NULL) ==
		    -1)
			fatal("job thread");
	}
}

void
job_stop(void)
{
	pthread_mutex_lock(&lock);
	is_stopping = true;
	pthread_cond_broadcast(&wake);
	pthread_mutex_unlock(&lock);
	while (nthreads > 0)
		pthread_join(threads[--nthreads], NULL);
}

void
job_run(struct loop *l, job_fn *work, job_fn *done, void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->magic = JOB_MAGIC;
	j->loop = l;
	j->work = work;
	j->done = done;
	j->arg = arg;
	pthread_mutex_lock(&lock);
	list_append(&queue, &j->node);
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
}
