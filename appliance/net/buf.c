/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connection buffers from per-thread pools. A buffer that runs empty is given
 * back at once, so idle connections hold none: that is what keeps them small.
 */
#include "net/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/xalloc.h"

enum { BUF_SMALL, BUF_NORMAL, BUF_LARGE };

#define SMALL_CAP	(1024 - sizeof(struct buf))
#define NORMAL_CAP	(16384 + 64)
#define LARGE_MAX	(64u << 20)

static _Thread_local struct pool small_pool, normal_pool;

void
buf_thread_init(void)
{
	pool_init(&small_pool, "buf_small", sizeof(struct buf) + SMALL_CAP);
	pool_init(&normal_pool, "buf", sizeof(struct buf) + NORMAL_CAP);
}

void
buf_thread_fini(void)
{
	pool_fini(&small_pool);
	pool_fini(&normal_pool);
}

static struct buf *
buf_get(size_t size)
{
	struct buf *b;
	uint32_t kind, cap;

	if (size <= SMALL_CAP) {
		kind = BUF_SMALL;
		cap = SMALL_CAP;
		b = pool_get(&small_pool, POOL_SITE_GROW);
	} else if (size <= NORMAL_CAP) {
		kind = BUF_NORMAL;
		cap = NORMAL_CAP;
		b = pool_get(&normal_pool, POOL_SITE_GROW);
	} else {
		if (size > LARGE_MAX)
			return NULL;
		kind = BUF_LARGE;
		cap = (uint32_t)size;
		b = xmalloc(sizeof *b + size);
	}
	if (b == NULL)
		return NULL;
	b->start = b->end = 0;
	b->cap = cap;
	b->kind = kind;
	return b;
}

void
buf_drop(struct buf **bp)
{
	struct buf *b = *bp;

	if (b == NULL)
		return;
	*bp = NULL;
	if (b->kind == BUF_SMALL)
		pool_put(&small_pool, b);
	else if (b->kind == BUF_NORMAL)
		pool_put(&normal_pool, b);
	else
		free(b);
}

bool
buf_reserve(struct buf **bp, size_t room)
{
	struct buf *b = *bp, *bigger;
	uint32_t len = buf_len(b);

	if (b != NULL && b->cap - b->end >= room)
		return true;
	if (b != NULL && b->cap - len >= room) {
		memmove(b->data, b->data + b->start, len);
		b->start = 0;
		b->end = len;
		return true;
	}
	bigger = buf_get(len + room);
	if (bigger == NULL)
		return false;
	if (b != NULL)
		memcpy(bigger->data, b->data + b->start, len);
	bigger->end = len;
	buf_drop(bp);
	*bp = bigger;
	return true;
}

bool
buf_append(struct buf **bp, const void *mem, size_t len)
{
	if (len == 0)
		return true;
	if (!buf_reserve(bp, len))
		return false;
	memcpy((*bp)->data + (*bp)->end, mem, len);
	(*bp)->end += (uint32_t)len;
	return true;
}

bool
buf_append_iov(struct buf **bp, const struct iovec *iov, int n, size_t skip)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += iov[i].iov_len;
	if (sum <= skip)
		return true;
	if (!buf_reserve(bp, sum - skip))
		return false;
	for (int i = 0; i < n; i++) {
		size_t len = iov[i].iov_len;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		(void)buf_append(bp, (const char *)iov[i].iov_base + skip, len - skip);
		skip = 0;
	}
	return true;
}

void
buf_consume(struct buf **bp, size_t len)
{
	struct buf *b = *bp;

	WEIR_ASSERT(len <= buf_len(b));
	if (b == NULL)
		return;
	b->start += (uint32_t)len;
	if (b->start == b->end)
		buf_drop(bp);
}
