/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads are created with all signals blocked: the mask is set in the creator
 * around pthread_create, because a new thread inherits it and there must be no
 * moment in which it takes one. Sanitizers need more stack than we do.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/asan.h"
#include "base/thread.h"

#ifdef __SANITIZE_THREAD__
#define STACK_BYTES	(8 * THREAD_STACK_BYTES)
#elif defined(WEIR_ASAN)
#define STACK_BYTES	(8 * THREAD_STACK_BYTES)
#else
#define STACK_BYTES	THREAD_STACK_BYTES
#endif

static int
create_masked(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *),
    void *arg)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(t, attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int
thread_start(pthread_t *ret_thread, const char *name, void *(*fn)(void *),
    void *arg)
{
	pthread_attr_t attr;
	pthread_t t;
	char short_name[16];
	int rc;

	if ((rc = pthread_attr_init(&attr)) == 0) {
		rc = pthread_attr_setstacksize(&attr, STACK_BYTES);
		if (rc == 0)
			rc = create_masked(&t, &attr, fn, arg);
		pthread_attr_destroy(&attr);
	}
	if (rc != 0) {
		errno = rc;
		return -1;
	}
	*ret_thread = t;
	strncpy(short_name, name, sizeof(short_name) - 1);
	short_name[sizeof(short_name) - 1] = '\0';
	pthread_setname_np(t, short_name);
	return 0;
}
