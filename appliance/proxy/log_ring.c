/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings and the log thread. A ring has one writer and one reader; head and tail
 * only grow, a record never wraps (what is left at the end is skipped).
 *
 * The log thread drains all rings, then waits 2 ms for more before it looks
 * again; when a look finds nothing it says it sleeps and blocks on its eventfd.
 * A writer wakes it only then, or when its ring is half full. So a busy process
 * makes no system call per line, and a lone line still leaves at once.
 *
 * Rings are never freed before the process ends: threads are few and stay.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "proxy/log_ring.h"
#include "proxy/log_target.h"

#define RING_DEFAULT	(256u * 1024)
#define LINGER_MS	2

static _Atomic(struct log_ring *) rings;
static _Thread_local struct log_ring *own;
static uint32_t ring_bytes = RING_DEFAULT;

static int wake_fd = -1;
static pthread_t thread;
static bool is_running;
static _Atomic int asleep, stopping;
static pthread_mutex_t pass_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pass_done = PTHREAD_COND_INITIALIZER;

struct log_sock *_Atomic log_socks;

void
log_ring_bytes(uint32_t bytes)
{
	uint32_t size = 64 * 1024;

	while (size < bytes && size < 1024 * 1024)
		size *= 2;
	ring_bytes = size;
}

struct log_ring *
log_ring_self(void)
{
	struct log_ring *r = own, *first;

	if (likely(r != NULL))
		return r;
	r = xaligned(CACHE_LINE, sizeof(*r));
	r->size = ring_bytes;
	r->mem = xaligned(CACHE_LINE, r->size);
	first = atomic_load(&rings);
	do
		r->next = first;
	while (!atomic_compare_exchange_weak(&rings, &first, r));
	return own = r;
}

static void
wake(void)
{
	uint64_t one = 1;

	if (wake_fd >= 0 && write(wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_warn("log thread: eventfd");
}

char *
log_ring_reserve(struct log_ring *r, uint32_t need)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	uint32_t at = (uint32_t)head & (r->size - 1), skip = 0;

	if (r->size - at < need)
		skip = r->size - at;
	if (r->size - (head - tail) < (uint64_t)skip + need) {
		log_dropped_add(r);
		wake();
		return NULL;
	}
	if (skip > 0) {
		memset(r->mem + at, 0, sizeof(uint32_t));	/* size 0 */
		head += skip;
	}
	r->begin = head;
	return r->mem + ((uint32_t)head & (r->size - 1));
}

void
log_ring_commit(struct log_ring *r, uint32_t size)
{
	uint64_t head = r->begin + ((size + 15) & ~15u), tail;

	atomic_store_explicit(&r->head, head, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	if (atomic_load_explicit(&asleep, memory_order_relaxed) || head - tail > r->size / 2)
		if (atomic_exchange_explicit(&asleep, 0, memory_order_relaxed) ||
		    head - tail > r->size / 2)
			wake();
}

/* ---- the log thread ---- */

static void
flush_socks(void)
{
	for (struct log_sock *s = atomic_load(&log_socks); s != NULL; s = s->next)
		if (s->n > 0)
			log_sock_flush(s);
}

/* Records of one ring; their memory is given back when they were sent. */
static bool
drain_ring(struct log_ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	const struct log_rec *rec;
	uint32_t at, size;

	if (tail == head)
		return false;
	while (tail != head) {
		at = (uint32_t)tail & (r->size - 1);
		memcpy(&size, r->mem + at, sizeof(size));
		if (size == 0) {
			tail += r->size - at;
			continue;
		}
		rec = (const struct log_rec *)(const void *)(r->mem + at);
		log_sock_put(rec->sock, rec);
		tail += (size + 15) & ~15u;
	}
	flush_socks();
	atomic_store_explicit(&r->tail, tail, memory_order_release);
	return true;
}

static bool
drain_all(void)
{
	bool any = false;

	for (struct log_ring *r = atomic_load(&rings); r != NULL; r = r->next)
		any |= drain_ring(r);
	pthread_mutex_lock(&pass_lock);
	pthread_cond_broadcast(&pass_done);
	pthread_mutex_unlock(&pass_lock);
	return any;
}

static bool
is_drained(void)
{
	for (struct log_ring *r = atomic_load(&rings); r != NULL; r = r->next)
		if (atomic_load(&r->head) != atomic_load(&r->tail))
			return false;
	return true;
}

static void
wait_wake(int ms)
{
	struct pollfd p = { .fd = wake_fd, .events = POLLIN };
	uint64_t n;

	if (poll(&p, 1, ms) > 0 && read(wake_fd, &n, sizeof(n)) < 0)
		return;		/* EAGAIN: somebody's wake was read before */
}

static void *
log_main(void *arg)
{
	(void)arg;
	for (;;) {
		if (drain_all()) {
			wait_wake(atomic_load(&stopping) ? 0 : LINGER_MS);
			continue;
		}
		if (atomic_load(&stopping))
			return NULL;
		atomic_store(&asleep, 1);
		atomic_thread_fence(memory_order_seq_cst);
		if (is_drained() && !atomic_load(&stopping))
			wait_wake(-1);
		atomic_store(&asleep, 0);
	}
}

int
log_target_start(void)
{
	if (is_running)
		return 0;
	if (wake_fd < 0 && (wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0)
		return -1;
	atomic_store(&stopping, 0);
	if (thread_start(&thread, "weir-log", log_main, NULL) < 0)
		return -1;
	is_running = true;
	return 0;
}

void
log_target_stop(void)
{
	if (!is_running)
		return;
	atomic_store(&stopping, 1);
	wake();
	pthread_join(thread, NULL);
	is_running = false;
}

void
log_flush(void)
{
	struct timespec until;

	if (!is_running)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	pthread_mutex_lock(&pass_lock);
	while (!is_drained()) {
		wake();
		if (pthread_cond_timedwait(&pass_done, &pass_lock, &until) == ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&pass_lock);
}

uint64_t
log_dropped_total(void)
{
	uint64_t n = 0;

	for (struct log_ring *r = atomic_load(&rings); r != NULL; r = r->next)
		n += atomic_load_explicit(&r->dropped, memory_order_relaxed);
	return n;
}
