/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of histograms; see metric_hist.h. Those of one class (backends or
 * servers, one step) stand in one list, oldest first, so that what is too old, or
 * has to make room, is at its head.
 *
 * Thread: control.
 */
#include "ctl/metric_hist.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/metric_hist_in.h"

#define BUCKETS	1024u
#define HOUR	3600u
#define DAY	86400u

const char *const metric_phase_names[PHASE_MAX] = { "total", "queue", "connect", "response" };
const uint32_t metric_hist_step_s[HTIER_MAX] = { 10, 60, 3600 };

const uint32_t metric_hist_kept_s[2][HTIER_MAX] = {
	{ HOUR, 6 * HOUR, 15 * DAY },
	{ 6 * HOUR, DAY, 15 * DAY },
};

struct metric_hist {
	struct metric_hist *next;	/* of its bucket */
	char		*backend, *server;	/* owned; server NULL */
	enum metric_phase phase;
	unsigned	 holders;
	struct list	 records[HTIER_MAX];
};

static struct {
	struct metric_hist *buckets[BUCKETS];
	struct list	 classes[2][HTIER_MAX];
	uint64_t	 class_bytes[2][HTIER_MAX];
	uint64_t	 bytes;
	unsigned	 next_to_sweep;
	bool		 is_ready;
} all;

static void
get_ready(void)
{
	if (all.is_ready)
		return;
	all.is_ready = true;
	for (unsigned b = 0; b < 2; b++)
		for (unsigned t = 0; t < HTIER_MAX; t++)
			list_init(&all.classes[b][t]);
}

uint64_t
metric_hist_bytes(void)
{
	return all.bytes;
}

/* ---- histograms ---- */

static struct metric_hist **
bucket_of(const char *backend, const char *server, enum metric_phase phase)
{
	uint64_t h = str_hash(str_of(backend)) + phase;

	if (server != NULL)
		h = h * 31 + str_hash(str_of(server));
	return &all.buckets[h % BUCKETS];
}

struct metric_hist *
metric_hist_find(const char *backend, const char *server, enum metric_phase phase)
{
	struct metric_hist *h = *bucket_of(backend, server, phase);

	for (; h != NULL; h = h->next)
		if (h->phase == phase && strcmp(h->backend, backend) == 0 &&
		    (server == NULL ? h->server == NULL :
		    h->server != NULL && strcmp(h->server, server) == 0))
			return h;
	return NULL;
}

struct metric_hist *
metric_hist_make(const char *backend, const char *server, enum metric_phase phase)
{
	struct metric_hist *h = metric_hist_find(backend, server, phase), **at;

	if (h != NULL) {
		h->holders++;
		return h;
	}
	get_ready();
	h = xcalloc(1, sizeof *h);
	h->holders = 1;
	h->backend = xstrdup(backend);
	h->server = server != NULL ? xstrdup(server) : NULL;
	h->phase = phase;
	for (unsigned t = 0; t < HTIER_MAX; t++)
		list_init(&h->records[t]);
	at = bucket_of(backend, server, phase);
	h->next = *at;
	*at = h;
	all.bytes += sizeof *h;
	return h;
}

void
metric_hist_release(struct metric_hist *h)
{
	h->holders--;
}

static void
hist_free(struct metric_hist *h)
{
	all.bytes -= sizeof *h;
	free(h->backend);
	free(h->server);
	free(h);
}

static bool
is_idle(const struct metric_hist *h)
{
	bool is_empty = true;

	for (unsigned t = 0; t < HTIER_MAX; t++)
		is_empty &= list_is_empty(&h->records[t]);
	return is_empty && h->holders == 0;
}

/* A bucket a call. */
static void
sweep(void)
{
	struct metric_hist **at = &all.buckets[all.next_to_sweep++ % BUCKETS], *h;

	while ((h = *at) != NULL) {
		if (!is_idle(h)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		hist_free(h);
	}
}

static unsigned
class_of(const struct metric_hist *h)
{
	return h->server == NULL;
}

/* ---- records ---- */

/* NULL: there is nothing in it. */
static struct hist_record *
add_record(struct metric_hist *h, enum hist_tier tier, int64_t slot,
    const uint32_t count[HISTC_BUCKETS])
{
	struct hist_record *r;
	unsigned n = 0, k = 0;
	uint8_t *index;
	size_t bytes;

	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		n += count[i] != 0;
	if (n == 0)
		return NULL;
	bytes = sizeof *r + n * (sizeof(uint32_t) + 1);
	r = xmalloc(bytes);
	r->bytes = (uint32_t)bytes;
	r->slot = slot;
	r->n = n;
	index = (uint8_t *)&r->count[n];
	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		if (count[i] != 0) {
			r->count[k] = count[i];
			index[k++] = (uint8_t)i;
		}
	list_append(&all.classes[class_of(h)][tier], &r->all);
	list_append(&h->records[tier], &r->mine);
	all.class_bytes[class_of(h)][tier] += bytes;
	all.bytes += bytes;
	return r;
}

void
metric_hist_load(struct metric_hist *h, enum hist_tier tier, int64_t slot,
    const uint32_t count[HISTC_BUCKETS])
{
	(void)add_record(h, tier, slot, count);
}

void
metric_hist_put(struct metric_hist *h, enum hist_tier tier, int64_t slot,
    const uint32_t count[HISTC_BUCKETS])
{
	const struct hist_record *r = add_record(h, tier, slot, count);

	if (r != NULL)
		metric_hist_log(h->backend, h->server, h->phase, tier, r);
}

static struct hist_record *
oldest(unsigned is_backend, unsigned tier)
{
	struct list *l = &all.classes[is_backend][tier];

	return list_is_empty(l) ? NULL : LIST_ITEM(l->next, struct hist_record, all);
}

static void
drop(unsigned is_backend, unsigned tier, struct hist_record *r)
{
	all.class_bytes[is_backend][tier] -= r->bytes;
	all.bytes -= r->bytes;
	list_del(&r->all);
	list_del(&r->mine);
	free(r);
}

/* The oldest of what takes the most. */
static bool
give_up_one(void)
{
	unsigned at[2] = { 0, 0 };
	struct hist_record *r;

	for (unsigned b = 0; b < 2; b++)
		for (unsigned t = 0; t < HTIER_MAX; t++)
			if (all.class_bytes[b][t] > all.class_bytes[at[0]][at[1]]) {
				at[0] = b;
				at[1] = t;
			}
	if ((r = oldest(at[0], at[1])) == NULL)
		return false;
	drop(at[0], at[1], r);
	return true;
}

void
metric_hist_bound(uint64_t max_bytes, int64_t now_s)
{
	struct hist_record *r;

	get_ready();
	for (unsigned b = 0; b < 2; b++)
		for (unsigned t = 0; t < HTIER_MAX; t++)
			while ((r = oldest(b, t)) != NULL &&
			    (r->slot + 1) * metric_hist_step_s[t] +
			    metric_hist_kept_s[b][t] < now_s)
				drop(b, t, r);
	while (all.bytes > max_bytes && give_up_one())
		;
	sweep();
}

void
metric_hist_free(void)
{
	struct hist_record *r;

	get_ready();
	metric_hist_log_close();
	for (unsigned b = 0; b < 2; b++)
		for (unsigned t = 0; t < HTIER_MAX; t++)
			while ((r = oldest(b, t)) != NULL)
				drop(b, t, r);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct metric_hist *h = all.buckets[i], *next; h != NULL; h = next) {
			next = h->next;
			hist_free(h);
		}
	memset(&all, 0, sizeof all);
}

/* ---- reading ---- */

bool
metric_hist_sum(const struct metric_hist *h, enum hist_tier tier, int64_t from, int64_t to,
    uint32_t sum[HISTC_BUCKETS])
{
	bool any = false;

	for (const struct list *n = h->records[tier].prev; n != &h->records[tier]; n = n->prev) {
		const struct hist_record *r = LIST_ITEM(n, struct hist_record, mine);
		const uint8_t *index = (const uint8_t *)&r->count[r->n];

		if (r->slot < from)
			break;
		for (unsigned i = 0; r->slot < to && i < r->n; i++)
			sum[index[i]] += r->count[i];
		any |= r->slot < to;
	}
	return any;
}

bool
metric_hist_span(const struct metric_hist *h, enum hist_tier tier, int64_t *ret_first,
    int64_t *ret_last)
{
	const struct list *l = &h->records[tier];

	if (list_is_empty(l))
		return false;
	*ret_first = LIST_ITEM(l->next, struct hist_record, mine)->slot;
	*ret_last = LIST_ITEM(l->prev, struct hist_record, mine)->slot;
	return true;
}
