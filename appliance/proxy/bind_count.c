/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of single listeners: their making; see bind_count.h. */
#include "proxy/bind_count.h"

#include "base/xalloc.h"
#include "proxy/proxy.h"

void
bind_count_start(const struct bind_conf *b)
{
	struct listener *l = b->listener;
	struct bind_count *c;

	if (l->is_control || !(b->frontend->set.options & OPT_SOCKET_STATS) ||
	    bind_count_of(l) != NULL)
		return;
	c = xaligned(CACHE_LINE, sizeof *c + l->nthreads * sizeof c->threads[0]);
	c->nthreads = l->nthreads;
	c->most = atomic_load_explicit(&l->conns, memory_order_relaxed);
	atomic_store_explicit(&l->counts, c, memory_order_release);
}
