/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of series and their memory; see series.h. Items of one class (servers or
 * proxies, values or histograms, one step) stand in one list, oldest first, so
 * that what is too old, or has to make room, is always at its head.
 *
 * Thread: control.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/series_in.h"
#include "proxy/log_target.h"

#define BUCKETS		1024u
#define GONE_TICKS	(6u * 3600)	/* a row that nobody has is kept this long */

const char *const series_field_names[SF_MAX] = {
#define X(name) #name,
	SERIES_FIELDS(X)
#undef X
};
const char *const series_phase_names[PHASE_MAX] = { "total", "queue", "connect", "response" };
const uint32_t series_step_s[TIER_MAX] = { 1, 10, 60, 300, 3600 };
const uint32_t series_hist_step_s[HTIER_MAX] = { 10, 60, 3600 };

#define HOUR	3600u
#define DAY	86400u

/* Classes of items, those of servers first: [is proxy][step]. */
#define NCLASSES	(TIER_MAX + HTIER_MAX)

static const uint32_t kept_s[2][NCLASSES] = {
	{ 3 * HOUR, 6 * HOUR, 15 * DAY, 63 * DAY, 455 * DAY, HOUR, 6 * HOUR, 15 * DAY },
	{ 3 * HOUR, 6 * HOUR, 15 * DAY, 63 * DAY, 455 * DAY, 6 * HOUR, DAY, 15 * DAY },
};

struct item_class {
	struct list	 items;
	uint64_t	 bytes;
	bool		 was_told;
};

static struct {
	struct series_row *buckets[BUCKETS];
	struct list	 rows;
	struct item_class classes[2][NCLASSES];
	uint64_t	 bytes;
	bool		 is_ready;
} all;

static void
get_ready(void)
{
	if (all.is_ready)
		return;
	all.is_ready = true;
	list_init(&all.rows);
	for (unsigned p = 0; p < 2; p++)
		for (unsigned i = 0; i < NCLASSES; i++)
			list_init(&all.classes[p][i].items);
}

uint64_t
series_bytes(void)
{
	return all.bytes;
}

/* ---- rows ---- */

static struct series_row **
bucket_of(enum series_kind kind, const char *proxy, const char *server)
{
	uint64_t h = str_hash(str_of(proxy)) + kind;

	if (server != NULL)
		h = h * 31 + str_hash(str_of(server));
	return &all.buckets[h % BUCKETS];
}

struct series_row *
series_find(enum series_kind kind, const char *proxy, const char *server)
{
	struct series_row *r = *bucket_of(kind, proxy, server);

	for (; r != NULL; r = r->next)
		if (r->kind == kind && strcmp(r->proxy, proxy) == 0 &&
		    (server == NULL || strcmp(r->server, server) == 0))
			return r;
	return NULL;
}

struct series_row *
series_row_of(enum series_kind kind, const char *proxy, const char *server)
{
	struct series_row *r, **at;

	get_ready();
	if ((r = series_find(kind, proxy, server)) != NULL)
		return r;
	r = xcalloc(1, sizeof *r);
	r->kind = (uint8_t)kind;
	r->proxy = xstrdup(proxy);
	r->server = server != NULL ? xstrdup(server) : NULL;
	for (unsigned i = 0; i < TIER_MAX; i++)
		list_init(&r->chunks[i]);
	at = bucket_of(kind, proxy, server);
	r->next = *at;
	*at = r;
	list_append(&all.rows, &r->node);
	all.bytes += sizeof *r;
	return r;
}

struct series_hist *
series_hist_of(struct series_row *r, enum series_phase phase)
{
	struct series_hist *h = r->hist[phase];

	if (h != NULL)
		return h;
	h = r->hist[phase] = xcalloc(1, sizeof *h);
	for (unsigned i = 0; i < HTIER_MAX; i++)
		list_init(&h->records[i]);
	all.bytes += sizeof *h;
	return h;
}

/* ---- items ---- */

static struct item_class *
class_of(const struct series_row *r, unsigned step)
{
	return &all.classes[r->kind != SERIES_SERVER][step];
}

static void
item_add(struct item_class *k, struct list *mine, struct series_item *it)
{
	list_append(&k->items, &it->all);
	list_append(mine, &it->mine);
	k->bytes += it->bytes;
	all.bytes += it->bytes;
}

static void
item_drop(struct item_class *k, struct series_item *it)
{
	k->bytes -= it->bytes;
	all.bytes -= it->bytes;
	list_del(&it->all);
	list_del(&it->mine);
	free(it);
}

static unsigned
floats_of(enum series_tier tier)
{
	return tier == TIER_1S ? SF_MAX : SF_MAX * AGG_KINDS;
}

static struct series_chunk *
chunk_of(const struct series_row *r, enum series_tier tier, int64_t slot)
{
	for (const struct list *n = r->chunks[tier].prev; n != &r->chunks[tier]; n = n->prev) {
		struct series_chunk *k = (struct series_chunk *)(void *)
		    LIST_ITEM(n, struct series_item, mine);

		if (slot >= k->item.slot)
			return slot < k->item.slot + SERIES_CHUNK ? k : NULL;
	}
	return NULL;
}

void
series_put(struct series_row *r, enum series_tier tier, int64_t slot, const float *v)
{
	struct series_chunk *k = chunk_of(r, tier, slot);
	unsigned n = floats_of(tier);
	size_t bytes = sizeof *k + SERIES_CHUNK * n * sizeof(float);

	if (k == NULL) {
		k = xmalloc(bytes);
		memset(k, 0, sizeof *k);
		for (unsigned i = 0; i < SERIES_CHUNK * n; i++)
			k->v[i] = NAN;
		k->item.bytes = (uint32_t)bytes;
		k->item.slot = slot - slot % SERIES_CHUNK;
		item_add(class_of(r, tier), &r->chunks[tier], &k->item);
	}
	memcpy(&k->v[(slot - k->item.slot) * n], v, n * sizeof(float));
}

void
series_put_hist(struct series_row *r, enum series_phase phase, enum hist_tier tier,
    int64_t slot, const uint32_t count[HISTC_BUCKETS])
{
	struct series_record *rec;
	unsigned n = 0, k = 0;
	uint8_t *index;
	size_t bytes;

	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		n += count[i] != 0;
	if (n == 0)
		return;
	bytes = sizeof *rec + n * (sizeof(uint32_t) + 1);
	rec = xmalloc(bytes);
	memset(rec, 0, sizeof *rec);
	rec->item.bytes = (uint32_t)bytes;
	rec->item.slot = slot;
	rec->item.n = (uint16_t)n;
	index = (uint8_t *)&rec->count[n];
	for (unsigned i = 0; i < HISTC_BUCKETS; i++)
		if (count[i] != 0) {
			rec->count[k] = count[i];
			index[k++] = (uint8_t)i;
		}
	item_add(class_of(r, TIER_MAX + tier), &series_hist_of(r, phase)->records[tier],
	    &rec->item);
}

/* ---- what goes ---- */

static uint32_t
step_of(unsigned step)
{
	return step < TIER_MAX ? series_step_s[step] : series_hist_step_s[step - TIER_MAX];
}

static struct series_item *
oldest(struct item_class *k)
{
	return list_is_empty(&k->items) ? NULL : LIST_ITEM(k->items.next, struct series_item, all);
}

static void
expire_class(unsigned is_proxy, unsigned step, int64_t now_s)
{
	struct item_class *k = &all.classes[is_proxy][step];
	int64_t span = step < TIER_MAX ? SERIES_CHUNK : 1;
	struct series_item *it;

	while ((it = oldest(k)) != NULL &&
	    (it->slot + span) * step_of(step) + kept_s[is_proxy][step] < now_s)
		item_drop(k, it);
}

static void
tell(struct item_class *k, unsigned is_proxy, unsigned step)
{
	if (k->was_told)
		return;
	k->was_told = true;
	log_event(NULL, LOG_L_NOTICE, "metrics-memory is full: %s of %s at %u s are kept for less "
	    "than %u s from now on.", step < TIER_MAX ? "values" : "histograms",
	    is_proxy ? "proxies" : "servers", step_of(step), kept_s[is_proxy][step]);
}

/* The class that gives something up: servers at 1 s, then 10 s, else the largest. */
static bool
give_up_one(void)
{
	unsigned at[2] = { 0, TIER_1S };
	uint64_t most = 0;

	if (oldest(&all.classes[0][TIER_1S]) == NULL)
		at[1] = TIER_10S;
	if (oldest(&all.classes[0][at[1]]) == NULL) {
		for (unsigned p = 0; p < 2; p++)
			for (unsigned i = 0; i < NCLASSES; i++)
				if (all.classes[p][i].bytes > most) {
					most = all.classes[p][i].bytes;
					at[0] = p;
					at[1] = i;
				}
		if (most == 0)
			return false;
	}
	tell(&all.classes[at[0]][at[1]], at[0], at[1]);
	item_drop(&all.classes[at[0]][at[1]], oldest(&all.classes[at[0]][at[1]]));
	return true;
}

static void
row_free(struct series_row *r)
{
	struct series_row **at = bucket_of((enum series_kind)r->kind, r->proxy, r->server);

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	for (unsigned t = 0; t < TIER_MAX; t++)
		LIST_EACH_SAFE(n, tmp, &r->chunks[t])
			item_drop(class_of(r, t), LIST_ITEM(n, struct series_item, mine));
	for (unsigned p = 0; p < PHASE_MAX; p++) {
		struct series_hist *h = r->hist[p];

		for (unsigned t = 0; h != NULL && t < HTIER_MAX; t++)
			LIST_EACH_SAFE(n, tmp, &h->records[t])
				item_drop(class_of(r, TIER_MAX + t),
				    LIST_ITEM(n, struct series_item, mine));
		if (h != NULL)
			all.bytes -= sizeof *h;
		free(h);
	}
	all.bytes -= sizeof *r;
	list_del(&r->node);
	free(r->proxy);
	free(r->server);
	free(r);
}

void
series_expire(int64_t now_s, uint64_t max_bytes, uint64_t generation)
{
	get_ready();
	for (unsigned p = 0; p < 2; p++)
		for (unsigned i = 0; i < NCLASSES; i++)
			expire_class(p, i, now_s);
	while (all.bytes > max_bytes && give_up_one())
		;
	LIST_EACH_SAFE(n, tmp, &all.rows) {
		struct series_row *r = LIST_ITEM(n, struct series_row, node);

		if (r->seen_generation + GONE_TICKS < generation)
			row_free(r);
	}
}

void
series_free(void)
{
	get_ready();
	LIST_EACH_SAFE(n, tmp, &all.rows)
		row_free(LIST_ITEM(n, struct series_row, node));
}

/* ---- reading ---- */

bool
series_get(const struct series_row *r, enum series_tier tier, int64_t slot,
    float ret[SF_MAX][AGG_KINDS])
{
	const struct series_chunk *k = chunk_of(r, tier, slot);
	bool any = false;

	if (k == NULL)
		return false;
	for (unsigned f = 0; f < SF_MAX; f++)
		for (unsigned a = 0; a < AGG_KINDS; a++) {
			ret[f][a] = tier == TIER_1S ? k->v[(slot - k->item.slot) * SF_MAX + f] :
			    k->v[((slot - k->item.slot) * SF_MAX + f) * AGG_KINDS + a];
			any |= !isnan(ret[f][a]);
		}
	return any;
}

static bool
span_of(const struct list *items, int64_t last_of_item, int64_t *ret_first, int64_t *ret_last)
{
	if (list_is_empty(items))
		return false;
	*ret_first = LIST_ITEM(items->next, struct series_item, mine)->slot;
	*ret_last = LIST_ITEM(items->prev, struct series_item, mine)->slot + last_of_item;
	return true;
}

bool
series_span(const struct series_row *r, enum series_tier tier, int64_t *ret_first,
    int64_t *ret_last)
{
	float v[SF_MAX][AGG_KINDS];

	if (!span_of(&r->chunks[tier], SERIES_CHUNK - 1, ret_first, ret_last))
		return false;
	while (*ret_first < *ret_last && !series_get(r, tier, *ret_first, v))
		++*ret_first;
	while (*ret_last > *ret_first && !series_get(r, tier, *ret_last, v))
		--*ret_last;
	return true;
}

bool
series_hist(const struct series_row *r, enum series_phase phase, enum hist_tier tier,
    int64_t from, int64_t to, uint32_t sum[HISTC_BUCKETS])
{
	const struct series_hist *h = r->hist[phase];
	bool any = false;

	if (h == NULL)
		return false;
	for (const struct list *n = h->records[tier].prev; n != &h->records[tier]; n = n->prev) {
		const struct series_record *rec = (const struct series_record *)(const void *)
		    LIST_ITEM(n, struct series_item, mine);
		const uint8_t *index = (const uint8_t *)&rec->count[rec->item.n];

		if (rec->item.slot < from)
			break;
		for (unsigned i = 0; rec->item.slot < to && i < rec->item.n; i++)
			sum[index[i]] += rec->count[i];
		any |= rec->item.slot < to;
	}
	return any;
}

bool
series_hist_span(const struct series_row *r, enum series_phase phase, enum hist_tier tier,
    int64_t *ret_first, int64_t *ret_last)
{
	const struct series_hist *h = r->hist[phase];

	return h != NULL && span_of(&h->records[tier], 0, ret_first, ret_last);
}

bool
series_quantiles(const struct series_row *r, uint32_t ret_us[3])
{
	if (!r->has_quantiles)
		return false;
	memcpy(ret_us, r->quantile_us, sizeof r->quantile_us);
	return true;
}
