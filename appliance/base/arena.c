/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is freed whole: a chain of zeroed blocks, the first 4 KiB, each
 * further one twice as big up to 256 KiB. What is bigger than a quarter of a
 * block gets one of its own, so that little of the current one is lost.
 * Destructors are records in the arena itself; they run in reverse order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/asan.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/xalloc.h"

#define ARENA_MAGIC	0x41524e41u
#define BLOCK_FIRST	4096u
#define BLOCK_MAX	(256u * 1024)
#define ALIGN		16u

struct block {
	struct block	*next;
	size_t		 size;		/* of data */
	_Alignas(16) char data[];
};

struct finalizer {
	struct finalizer *next;
	void		(*fn)(void *);
	void		*arg;
};

struct arena {
	uint32_t	  magic;
	struct block	 *blocks;	/* owned */
	struct finalizer *finalizers;	/* in the blocks; newest first */
	char		 *p, *end;	/* free part of the current block */
	size_t		  next_size;
	size_t		  bytes;
};

struct arena *
arena_new(void)
{
	struct arena *a = xcalloc(1, sizeof(*a));

	a->magic = ARENA_MAGIC;
	a->next_size = BLOCK_FIRST;
	a->bytes = sizeof(*a);
	return a;
}

void
arena_free(struct arena *a)
{
	struct block *b;

	if (a == NULL)
		return;
	MAGIC_OK(a, ARENA_MAGIC);
	for (struct finalizer *f = a->finalizers; f != NULL; f = f->next)
		f->fn(f->arg);
	while ((b = a->blocks) != NULL) {
		a->blocks = b->next;
		asan_unpoison(b->data, b->size);
		free(b);
	}
	a->magic = 0;
	free(a);
}

static struct block *
block_add(struct arena *a, size_t size)
{
	struct block *b = xcalloc(1, sizeof(*b) + size);

	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	a->bytes += sizeof(*b) + size;
	asan_poison(b->data, size);
	return b;
}

/* Room of `size` bytes, a multiple of ALIGN, still poisoned. */
static char *
arena_room(struct arena *a, size_t size)
{
	struct block *b;
	char *p;

	if ((size_t)(a->end - a->p) < size) {
		if (size > a->next_size / 4)
			return block_add(a, size)->data;
		b = block_add(a, a->next_size);
		a->p = b->data;
		a->end = b->data + b->size;
		if (a->next_size < BLOCK_MAX)
			a->next_size *= 2;
	}
	p = a->p;
	a->p += size;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size_t room;
	char *p;

	MAGIC_OK(a, ARENA_MAGIC);
	if (__builtin_add_overflow(size, ALIGN - 1 + ASAN_GAP, &room))
		fatalx("arena: %zu bytes were wanted", size);
	room &= ~(size_t)(ALIGN - 1);
	p = arena_room(a, room ? room : ALIGN);
	asan_unpoison(p, size);
	return p;
}

void *
arena_calloc(struct arena *a, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all))
		fatalx("arena: %zu x %zu bytes were wanted", n, size);
	return arena_alloc(a, all);
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p;

	len = strnlen(s, len);
	p = arena_alloc(a, len + 1);
	memcpy(p, s, len);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *tmp, *p;

	va_start(ap, fmt);
	tmp = xvasprintf(fmt, ap);
	va_end(ap);
	p = arena_strdup(a, tmp);
	free(tmp);
	return p;
}

void
arena_on_free(struct arena *a, void (*fn)(void *), void *arg)
{
	struct finalizer *f = arena_alloc(a, sizeof(*f));

	f->fn = fn;
	f->arg = arg;
	f->next = a->finalizers;
	a->finalizers = f;
}

size_t
arena_bytes(const struct arena *a)
{
	return a->bytes;
}
