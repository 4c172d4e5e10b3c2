/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Evaluation scratch: where fetches, converters and formats put text that is
 * needed for a moment. One block of 64 KiB per thread, a stack with marks: who
 * starts an evaluation marks, who has used its result releases. When it is used
 * up the evaluation gives no sample; nothing ever grows.
 *
 * Thread: each its own. Made at a thread's first use, freed when it ends.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "proxy/sample.h"

static _Thread_local char *mem;
static _Thread_local size_t used;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
make_key(void)
{
	WEIR_ASSERT(pthread_key_create(&key, free) == 0);
}

static void
make_mem(void)
{
	pthread_once(&once, make_key);
	mem = xmalloc(EVAL_BYTES);
	pthread_setspecific(key, mem);
}

size_t
eval_mark(void)
{
	return used;
}

void
eval_release(size_t mark)
{
	WEIR_ASSERT(mark <= used);
	used = mark;
}

void *
eval_alloc(size_t size)
{
	char *p;

	if (unlikely(mem == NULL))
		make_mem();
	if (size > EVAL_BYTES - used)
		return NULL;
	p = mem + used;
	used += size;
	return p;
}

char *
eval_room(size_t *ret_size)
{
	if (unlikely(mem == NULL))
		make_mem();
	*ret_size = EVAL_BYTES - used;
	return mem + used;
}

struct out
eval_out(void)
{
	struct out o;
	size_t room;
	char *p = eval_room(&room);

	out_init(&o, p, room);
	return o;
}

bool
eval_keep(const struct out *o, struct str *ret)
{
	if (o->overflow)
		return false;
	eval_take(out_len(o));
	*ret = (struct str){ o->start, out_len(o) };
	return true;
}

void
eval_take(size_t n)
{
	WEIR_ASSERT(n <= EVAL_BYTES - used);
	used += n;
}

struct str
eval_copy(struct str s)
{
	char *p = eval_alloc(s.len);

	if (p == NULL)
		return STR_NONE;
	memcpy(p, s.p, s.len);
	return (struct str){ p, s.len };
}
