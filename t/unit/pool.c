/* SPDX-License-Identifier: BSD-2-Clause */
/* pool.c: reuse, chunks given back, the budget, injected refusals, threads. */
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/rand.h"
#include "base/thread.h"
#include "tap.h"

#define MANY	5000

static void *obj[MANY];

static void
test_shape(void)
{
	struct pool p;

	pool_init(&p, "t", 33);
	is_u64(p.size_bytes, 48);
	is_u64(p.per_chunk, 65536 / 48);
	pool_fini(&p);
	pool_init(&p, "t", 16384);
	is_u64(p.per_chunk, 4);
	for (int i = 0; i < 4; i++) {
		obj[i] = pool_get(&p, POOL_SITE_NONE);
		memset(obj[i], i, 16384);
	}
	is_u64(pool_bytes_used(), POOL_CHUNK_BYTES);
	ok(*(char *)obj[0] == 0 && *((char *)obj[3] + 16383) == 3);
	for (int i = 0; i < 4; i++)
		pool_put(&p, obj[i]);
	pool_fini(&p);
	is_u64(pool_bytes_used(), 0);
}

static void
test_reuse(void)
{
	struct pool p;
	void *a, *b;

	pool_init(&p, "t", 100);
	a = pool_get(&p, POOL_SITE_NONE);
	b = pool_get(&p, POOL_SITE_NONE);
	ok(a != b && (uintptr_t)a % 16 == 0);
	is_u64(pool_used(&p), 2);
	pool_put(&p, a);
	ok(pool_get(&p, POOL_SITE_NONE) == a);	/* the last one put, first */
	pool_put(&p, a);
	pool_put(&p, b);
	is_u64(pool_used(&p), 0);
	is_u64(pool_bytes_used(), POOL_CHUNK_BYTES);	/* the spare */
	pool_fini(&p);
}

/* Takes all, marks each, returns them in random order. */
static bool
churn(struct pool *p, void **o, size_t n)
{
	bool fine = true;

	for (size_t i = 0; i < n; i++) {
		o[i] = pool_get(p, POOL_SITE_NONE);
		memset(o[i], (int)(i & 255), p->size_bytes);
	}
	for (size_t i = n; i > 0; i--) {
		size_t k = rand_below((uint32_t)i);
		void *t = o[k];

		o[k] = o[i - 1];
		o[i - 1] = t;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned char *c = o[i];

		fine &= c[0] == c[p->size_bytes - 1];
		pool_put(p, o[i]);
	}
	return fine;
}

static void
test_give_back(void)
{
	struct pool p;

	pool_init(&p, "t", 512);
	for (int round = 0; round < 3; round++) {
		ok(churn(&p, obj, MANY));
		is_u64(pool_used(&p), 0);
		is_u64(p.nchunks, 1);
		is_u64(pool_bytes_used(), POOL_CHUNK_BYTES);
		is_u64(pool_allocated(&p), 128);
	}
	/* Most put back, some kept: only their chunks stay. */
	for (int i = 0; i < MANY; i++)
		obj[i] = pool_get(&p, POOL_SITE_NONE);
	is_u64(p.nchunks, (MANY + 127) / 128);
	for (int i = 10; i < MANY; i++)
		pool_put(&p, obj[i]);
	ok(p.nchunks <= 2 + POOL_MAGAZINE);
	is_u64(pool_used(&p), 10);
	for (int i = 0; i < 10; i++)
		pool_put(&p, obj[i]);
	is_u64(p.nchunks, 1);
	pool_fini(&p);
	is_u64(pool_bytes_used(), 0);
}

static void
test_budget(void)
{
	struct pool a, b;
	int n = 0;

	pool_init(&a, "a", 32768);
	pool_init(&b, "b", 32768);
	pool_set_budget(3 * POOL_CHUNK_BYTES);
	is_u64(pool_budget(), 3 * POOL_CHUNK_BYTES);
	while ((obj[n] = pool_get(&a, POOL_SITE_GROW)) != NULL)
		n++;
	is_int(n, 6);
	is_u64(pool_refused(&a), 1);
	is_u64(pool_refused_total(), 1);
	ok(pool_get(&b, POOL_SITE_NONE) == NULL);
	pool_put(&a, obj[--n]);
	pool_put(&a, obj[--n]);
	ok((obj[n] = pool_get(&a, POOL_SITE_NONE)) != NULL);
	n++;
	pool_set_budget(0);
	ok((obj[MANY - 1] = pool_get(&b, POOL_SITE_NONE)) != NULL);
	pool_put(&b, obj[MANY - 1]);
	while (n > 0)
		pool_put(&a, obj[--n]);
	pool_fini(&a);
	pool_fini(&b);
	is_u64(pool_bytes_used(), 0);
}

static void
test_inject(void)
{
	struct pool p;
	void *a, *b;

	pool_init(&p, "t", 64);
	a = pool_get(&p, POOL_SITE_TXN);
	pool_inject(POOL_SITE_TXN, 2);
	b = pool_get(&p, POOL_SITE_ACCEPT);
	ok(b != NULL);
	pool_put(&p, b);
	b = pool_get(&p, POOL_SITE_TXN);
	ok(b != NULL);
	ok(pool_get(&p, POOL_SITE_TXN) == NULL);
	is_u64(pool_used(&p), 2);
	pool_put(&p, b);
	ok((b = pool_get(&p, POOL_SITE_TXN)) != NULL);
	pool_inject(POOL_SITE_TXN, 0);
	is_int(pool_inject_armed, 0);
	pool_put(&p, a);
	pool_put(&p, b);
	pool_fini(&p);
}

static void *
thread_main(void *arg)
{
	void *mine[700];
	struct pool p;
	bool fine = true;

	(void)arg;
	pool_init(&p, "thread", 1000);
	for (int round = 0; round < 5; round++)
		fine &= churn(&p, mine, 700);
	pool_fini(&p);
	return fine ? &obj : NULL;
}

static void
test_threads(void)
{
	pthread_t t[4];
	void *fine;

	for (int i = 0; i < 4; i++)
		ok(thread_start(&t[i], "pool", thread_main, NULL) == 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &fine);
		ok(fine != NULL);
	}
	is_u64(pool_bytes_used(), 0);
}

/* A foreign pointer stops the process; a child shows it. */
static void
test_foreign(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct pool a, b;

		close(STDERR_FILENO);
		pool_init(&a, "a", 64);
		pool_init(&b, "b", 64);
		pool_put(&b, pool_get(&a, POOL_SITE_NONE));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}

int
main(void)
{
	test_foreign();
	test_shape();
	test_reuse();
	test_give_back();
	test_budget();
	test_inject();
	test_threads();
	return tap_done();
}
