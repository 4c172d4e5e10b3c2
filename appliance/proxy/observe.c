/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in a row of observed servers; see observe.h. One message per server is
 * under way at a time: what is reached meanwhile is added up for it.
 *
 * Thread: data; observe_take: control.
 */
#include "proxy/observe.h"

#include "proxy/live.h"

#define EVENT_BITS	4	/* of `observed`: the event; above: the number of errors */

enum verdict { IGNORE, ERROR, GOOD };

/* What an event says on each layer that can be observed. */
static const struct {
	const char	*text;
	uint8_t		 says[OBSERVE_MAX];
} events[OBS_MAX] = {
	[OBS_NONE] =		{ "Unknown", { 0 } },
	[OBS_L4_OK] =		{ "L4 successful connection", { 0, GOOD, IGNORE } },
	[OBS_L4_ERR] =		{ "L4 unsuccessful connection", { 0, ERROR, ERROR } },
	[OBS_HTTP_OK] =		{ "Correct http response", { 0, IGNORE, GOOD } },
	[OBS_HTTP_STS] =	{ "Wrong http response", { 0, IGNORE, ERROR } },
	[OBS_HTTP_RSP] =	{ "Invalid http response", { 0, IGNORE, ERROR } },
	[OBS_READ_ERROR] =	{ "Read error (http)", { 0, IGNORE, ERROR } },
	[OBS_READ_TIMEOUT] =	{ "Read timeout (http)", { 0, IGNORE, ERROR } },
	[OBS_BROKEN_PIPE] =	{ "Close from server (http)", { 0, IGNORE, ERROR } },
};

static void (*on_limit)(struct server_live *);

void
observe_on_limit(void (*fn)(struct server_live *))
{
	on_limit = fn;
}

const char *
observe_event_text(enum observe_event e)
{
	return events[e < OBS_MAX ? e : OBS_NONE].text;
}

static void
tell(struct server_live *l, enum observe_event e, uint32_t nerrors)
{
	atomic_store(&l->observed, nerrors << EVENT_BITS | e);
	atomic_fetch_add(&l->limits_hit, 1);
	if (on_limit == NULL || atomic_exchange(&l->observe_told, 1) != 0)
		return;
	live_server_ref(l);
	on_limit(l);
}

void
observe_count(struct server *srv, enum observe_event e)
{
	struct server_live *l = srv->live;
	uint32_t n;

	switch (events[e].says[srv->observe]) {
	case GOOD:
		if (atomic_load_explicit(&l->errors_in_row, memory_order_relaxed) != 0)
			atomic_store_explicit(&l->errors_in_row, 0, memory_order_relaxed);
		return;
	case ERROR:
		n = atomic_fetch_add_explicit(&l->errors_in_row, 1, memory_order_relaxed) + 1;
		if (n < srv->error_limit)
			return;
		atomic_store_explicit(&l->errors_in_row, 0, memory_order_relaxed);
		tell(l, e, n);
	}
}

struct observed
observe_take(struct server_live *l)
{
	struct observed o;
	uint32_t word;

	atomic_store(&l->observe_told, 0);
	o.nlimits = atomic_exchange(&l->limits_hit, 0);
	word = atomic_load(&l->observed);
	o.nerrors = word >> EVENT_BITS;
	o.last = (enum observe_event)(word & ((1u << EVENT_BITS) - 1));
	return o;
}
