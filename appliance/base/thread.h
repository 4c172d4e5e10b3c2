/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one way to start a thread: 256 KiB of stack, every signal blocked (they
 * arrive in the control thread only), a name that ps and gdb show.
 */
#ifndef WEIR_BASE_THREAD_H
#define WEIR_BASE_THREAD_H

#include <pthread.h>

#define THREAD_STACK_BYTES	(256 * 1024)

/* any thread: 0, or -1 with errno; name has at most 15 bytes */
int	thread_start(pthread_t *ret_thread, const char *name, void *(*fn)(void *),
	    void *arg);

#endif
