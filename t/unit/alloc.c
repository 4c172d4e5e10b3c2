/* SPDX-License-Identifier: BSD-2-Clause */
/* xalloc.c, rand.c, thread.c: small promises of the ground floor. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "tap.h"

static void
test_alloc(void)
{
	char *p = xmalloc(0), *q;

	ok(p != NULL);
	free(p);
	p = xcalloc(3, 5);
	is_mem(p, 15, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
	free(p);
	p = xaligned(64, 100);
	ok((uintptr_t)p % 64 == 0 && p[0] == 0 && p[99] == 0);
	free(p);
	p = xasprintf("%s-%d", "a", 5);
	q = xstrndup(p, 2);
	is_str(p, "a-5");
	is_str(q, "a-");
	free(p);
	free(q);
	xalloc_set_fill(0x50);
	p = xmalloc(3);
	is_mem(p, 3, "PPP", 3);
	free(p);
	xalloc_set_fill(-1);
}

static void
test_rand(void)
{
	unsigned seen[10] = { 0 }, bad = 0;

	for (int i = 0; i < 10000; i++)
		seen[rand_below(10)]++;
	for (int i = 0; i < 10; i++)
		bad += seen[i] < 850 || seen[i] > 1150;	/* 5 sigma */
	is_u64(bad, 0);
	is_u64(rand_below(1), 0);
	ok(rand_u64() != rand_u64());
}

static void *
thread_main(void *arg)
{
	char *name = arg;
	sigset_t mask;
	pthread_attr_t attr;
	size_t stack = 0;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	ok(sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1);
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstacksize(&attr, &stack);
	pthread_attr_destroy(&attr);
	ok(stack >= THREAD_STACK_BYTES);
	*name = (char)(rand_below(26) + 'a');
	return arg;
}

static void
test_thread(void)
{
	sigset_t mask;
	pthread_t t;
	void *ret;
	char c = 0;

	ok(thread_start(&t, "a name longer than fifteen", thread_main, &c) == 0);
	ok(pthread_join(t, &ret) == 0 && ret == &c && c >= 'a');
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	ok(sigismember(&mask, SIGTERM) == 0);
}

int
main(void)
{
	test_alloc();
	test_rand();
	test_thread();
	return tap_done();
}
