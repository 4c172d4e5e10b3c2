/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Series by name: making, finding, adding, reading; see metric.h. A series is a
 * name and a column in each step that it has; the samples lie in the rings
 * (metric_ring.c). Series that differ in their unit only are different ones.
 *
 * Thread: control.
 */
#include "ctl/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/metric_hist.h"
#include "ctl/metric_index.h"
#include "ctl/metric_unit.h"
#include "ctl/tick.h"
#include "event/sched.h"

#define BUCKETS_FIRST	1024u
#define MAGNITUDE	0x1p360		/* of a value */

struct metric_series {
	struct metric_series *next;	/* of its bucket */
	uint64_t	 hash;		/* of all but the unit */
	unsigned	 at;		/* in the list of all */
	unsigned	 flags;		/* METRIC_* */
	unsigned	 holders;
	uint32_t	 column[METRIC_TIERS];
	int64_t		 first_s, last_s;	/* of its values; 0: none */
	bool		 is_old;	/* read from files: last_s is not looked up yet */
	const char	*ns, *name, *unit;	/* these and the dimensions lie behind */
	unsigned	 ndims;
	struct metric_dim dims[];	/* sorted by name */
};

static struct {
	struct metric_series **buckets;	/* owned */
	size_t		 nbuckets;
	struct metric_series **all;	/* owned */
	unsigned	 n, cap;
	unsigned	 next_to_expire;
} store;

/* ---- keys ---- */

static int
by_name(const void *a, const void *b)
{
	const struct metric_dim *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d != 0 ? d : strcmp(x->value, y->value);
}

static void
sort_dims(const struct metric_key *k, struct metric_dim dims[METRIC_DIMS])
{
	memcpy(dims, k->dims, k->ndims * sizeof dims[0]);
	if (k->ndims > 1)
		qsort(dims, k->ndims, sizeof dims[0], by_name);
}

static uint64_t
mix(uint64_t h, const char *text)
{
	return (h ^ str_hash(str_of(text))) * 0x9e3779b97f4a7c15u;
}

static uint64_t
hash_of(const struct metric_key *k, const struct metric_dim *dims)
{
	uint64_t h = mix(mix(0, k->ns), k->name);

	for (unsigned i = 0; i < k->ndims; i++)
		h = mix(mix(h, dims[i].name), dims[i].value);
	return h ^ h >> 29;
}

static bool
is_named(const struct metric_series *s, const struct metric_key *k, const struct metric_dim *dims)
{
	if (s->ndims != k->ndims || strcmp(s->name, k->name) != 0 || strcmp(s->ns, k->ns) != 0)
		return false;
	for (unsigned i = 0; i < k->ndims; i++)
		if (by_name(&s->dims[i], &dims[i]) != 0)
			return false;
	return true;
}

/* Without a unit asked for: of our own unit, else what was fed last. */
static bool
is_better(const struct metric_series *s, const struct metric_series *than)
{
	const char *own = metric_unit(s->ns, s->name);

	if (than == NULL)
		return true;
	if (own != NULL && strcmp(than->unit, own) == 0)
		return false;
	return (own != NULL && strcmp(s->unit, own) == 0) || s->last_s > than->last_s;
}

static struct metric_series *
find(const struct metric_key *k, const struct metric_dim *dims, uint64_t hash)
{
	struct metric_series *best = NULL;

	if (store.nbuckets == 0)
		return NULL;
	for (struct metric_series *s = store.buckets[hash % store.nbuckets]; s != NULL; s = s->next)
		if (s->hash == hash && is_named(s, k, dims)) {
			if (k->unit == NULL ? is_better(s, best) : strcmp(s->unit, k->unit) == 0)
				best = s;
		}
	return best;
}

struct metric_series *
metric_find(const struct metric_key *k)
{
	struct metric_dim dims[METRIC_DIMS];

	sort_dims(k, dims);
	return find(k, dims, hash_of(k, dims));
}

unsigned
metric_find_units(const struct metric_key *k, struct metric_series **ret, unsigned max)
{
	struct metric_dim dims[METRIC_DIMS];
	unsigned n = 0;
	uint64_t hash;

	sort_dims(k, dims);
	hash = hash_of(k, dims);
	if (store.nbuckets == 0)
		return 0;
	for (struct metric_series *s = store.buckets[hash % store.nbuckets]; s != NULL; s = s->next)
		if (n < max && s->hash == hash && is_named(s, k, dims) &&
		    (k->unit == NULL || strcmp(s->unit, k->unit) == 0))
			ret[n++] = s;
	return n;
}

/* ---- making ---- */

static bool
has(unsigned flags, enum metric_tier tier)
{
	return tier < METRIC_60S ? flags & METRIC_FINE : tier == METRIC_60S || flags & METRIC_LONG;
}

static enum metric_class
class_of(unsigned flags)
{
	return flags & METRIC_SERVER ? METRIC_OF_SERVERS : METRIC_OF_OTHERS;
}

/* It is written where its columns are. */
static void
note(const struct metric_series *s)
{
	struct metric_place place = { .flags = s->flags, .first_s = s->first_s };
	struct metric_key k;

	memcpy(place.column, s->column, sizeof place.column);
	metric_key_of(s, &k);
	metric_index_put(&k, &place);
}

/* The steps that it has from now on; false: a minute's is refused. The others are
 * given up when there is no room. */
static bool
take_columns(struct metric_series *s, unsigned flags)
{
	bool any = false;

	s->flags |= flags;
	for (unsigned t = METRIC_TIERS; t-- > 0;) {
		enum metric_tier tier = (enum metric_tier)t;

		if (has(s->flags, tier) && s->column[tier] == METRIC_NO_COLUMN) {
			s->column[tier] = metric_column_new(tier, class_of(s->flags));
			any |= s->column[tier] != METRIC_NO_COLUMN;
		}
	}
	if (any && s->column[METRIC_60S] != METRIC_NO_COLUMN)
		note(s);
	return s->column[METRIC_60S] != METRIC_NO_COLUMN;
}

static void
give_columns(struct metric_series *s)
{
	for (unsigned t = 0; t < METRIC_TIERS; t++)
		if (s->column[t] != METRIC_NO_COLUMN)
			metric_column_free((enum metric_tier)t, s->column[t]);
}

static char *
put_text(char **at, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *start = memcpy(*at, text, bytes);

	*at += bytes;
	return start;
}

static struct metric_series *
series_new(const struct metric_key *k, const struct metric_dim *dims)
{
	const char *own = metric_unit(k->ns, k->name);
	const char *unit = k->unit != NULL ? k->unit : own != NULL ? own : "None";
	size_t bytes = strlen(k->ns) + strlen(k->name) + strlen(unit) + 3;
	struct metric_series *s;
	char *text;

	for (unsigned i = 0; i < k->ndims; i++)
		bytes += strlen(dims[i].name) + strlen(dims[i].value) + 2;
	s = xcalloc(1, sizeof *s + k->ndims * sizeof s->dims[0] + bytes);
	text = (char *)&s->dims[k->ndims];
	s->ns = put_text(&text, k->ns);
	s->name = put_text(&text, k->name);
	s->unit = put_text(&text, unit);
	s->ndims = k->ndims;
	for (unsigned i = 0; i < k->ndims; i++) {
		s->dims[i].name = put_text(&text, dims[i].name);
		s->dims[i].value = put_text(&text, dims[i].value);
	}
	for (unsigned t = 0; t < METRIC_TIERS; t++)
		s->column[t] = METRIC_NO_COLUMN;
	return s;
}

static void
link_in(struct metric_series *s)
{
	struct metric_series **at = &store.buckets[s->hash % store.nbuckets];

	s->next = *at;
	*at = s;
}

static void
grow(void)
{
	free(store.buckets);
	store.nbuckets = store.nbuckets == 0 ? BUCKETS_FIRST : 4 * store.nbuckets;
	store.buckets = xcalloc(store.nbuckets, sizeof(store.buckets[0]));
	for (unsigned i = 0; i < store.n; i++)
		link_in(store.all[i]);
}

static void
enlist(struct metric_series *s)
{
	if (store.n == store.cap) {
		store.cap = store.cap == 0 ? BUCKETS_FIRST : 2 * store.cap;
		store.all = xrealloc(store.all, store.cap * sizeof(store.all[0]));
	}
	if (store.n >= store.nbuckets)
		grow();
	s->at = store.n;
	store.all[store.n++] = s;
	link_in(s);
}

/* Five minutes and an hour, from the minutes that there are. */
static void
fill_long(struct metric_series *s)
{
	int64_t now_s = sched_wall_s();
	int64_t first = now_s - metric_span_s(METRIC_60S, class_of(s->flags));
	struct metric_value v;

	for (int64_t t = first; s->last_s != 0 && t <= now_s + METRIC_AHEAD_S; t += 60)
		if (metric_ring_get(METRIC_60S, s->column[METRIC_60S], t, &v))
			for (unsigned i = METRIC_300S; i < METRIC_TIERS; i++)
				if (s->column[i] != METRIC_NO_COLUMN)
					(void)metric_ring_add((enum metric_tier)i, s->column[i], t,
					    &v);
}

struct metric_series *
metric_make(const struct metric_key *k, unsigned flags)
{
	struct metric_dim dims[METRIC_DIMS];
	struct metric_series *s;
	uint64_t hash;

	sort_dims(k, dims);
	hash = hash_of(k, dims);
	if ((s = find(k, dims, hash)) != NULL) {
		bool was_long = s->flags & METRIC_LONG;

		(void)take_columns(s, flags);
		if (!was_long && s->flags & METRIC_LONG)
			fill_long(s);
		return s;
	}
	s = series_new(k, dims);
	s->hash = hash;
	if (!take_columns(s, flags)) {
		give_columns(s);
		free(s);
		return NULL;
	}
	enlist(s);
	return s;
}

void
metric_hold(struct metric_series *s)
{
	if (s != NULL)
		s->holders++;
}

void
metric_release(struct metric_series *s)
{
	if (s != NULL)
		s->holders--;
}

void
metric_keep_long(const struct metric_key *k)
{
	if (metric_find(k) != NULL)
		(void)metric_make(k, METRIC_LONG);
}

/* ---- going ---- */

static void
series_free(struct metric_series *s)
{
	struct metric_series **at = &store.buckets[s->hash % store.nbuckets];
	struct metric_key k;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	store.all[s->at] = store.all[--store.n];
	store.all[s->at]->at = s->at;
	metric_key_of(s, &k);
	metric_index_put(&k, NULL);
	give_columns(s);
	free(s);
}

/* A few in each call, so that all have their turn within some minutes. */
void
metric_expire(int64_t now_s)
{
	for (unsigned i = 0; i < 1 + store.n / 256 && store.n > 0; i++) {
		struct metric_series *s = store.all[store.next_to_expire++ % store.n];

		if (s->holders == 0 && metric_last_s(s) + METRIC_GONE_S < now_s)
			series_free(s);
	}
}

void
metric_free(void)
{
	for (unsigned i = 0; i < store.n; i++)
		free(store.all[i]);
	free(store.all);
	free(store.buckets);
	memset(&store, 0, sizeof store);
	metric_hist_free();
	metric_index_close();
	metric_ring_free();
	metric_disk_close();
}

/* ---- after a restart ---- */

static void
on_record(const struct metric_key *k, const struct metric_place *place)
{
	struct metric_dim dims[METRIC_DIMS];
	struct metric_series *s;
	uint64_t hash;

	sort_dims(k, dims);
	hash = hash_of(k, dims);
	s = find(k, dims, hash);
	if (s != NULL && place == NULL) {
		memset(s->column, 0xff, sizeof s->column);	/* not claimed yet */
		series_free(s);
	}
	if (place == NULL)
		return;
	if (s == NULL) {
		s = series_new(k, dims);
		s->hash = hash;
		enlist(s);
	}
	s->flags = place->flags;
	s->first_s = place->first_s;
	memcpy(s->column, place->column, sizeof s->column);
}

static void
claim_columns(struct metric_series *s, int64_t now_s)
{
	for (unsigned t = 0; t < METRIC_TIERS; t++)
		if (s->column[t] != METRIC_NO_COLUMN &&
		    !metric_column_claim((enum metric_tier)t, s->column[t]))
			s->column[t] = METRIC_NO_COLUMN;
	s->is_old = s->column[METRIC_60S] != METRIC_NO_COLUMN;
	s->last_s = now_s - now_s % 60 + METRIC_AHEAD_S;
}

static void
note_all(void)
{
	for (unsigned i = 0; i < store.n; i++)
		note(store.all[i]);
}

void
metric_open(const char *dir, uint64_t max_bytes)
{
	char *path = xasprintf("%s/metrics", dir);
	char *names = xasprintf("%s/names", path);

	metric_disk_open(path, max_bytes);
	metric_index_open(names, on_record);
	for (unsigned i = 0; i < store.n; i++)
		claim_columns(store.all[i], sched_wall_s());
	for (unsigned i = store.n; i-- > 0;)	/* without files nothing is left of it */
		if (!take_columns(store.all[i], 0))
			series_free(store.all[i]);
	metric_index_rewrite(note_all);
	metric_hist_open(path);
	free(names);
	free(path);
}

/* ---- adding ---- */

static void
add(struct metric_series *s, int64_t t_s, const struct metric_value *v, unsigned from, unsigned to)
{
	for (unsigned t = from; t < to; t++)
		if (s->column[t] != METRIC_NO_COLUMN)
			(void)metric_ring_add((enum metric_tier)t, s->column[t], t_s, v);
	if (t_s > s->last_s || s->is_old)
		s->last_s = t_s > s->last_s ? t_s : metric_last_s(s);
	if (t_s < s->first_s || s->first_s == 0)
		s->first_s = t_s;
}

void
metric_add(struct metric_series *s, int64_t t_s, const struct metric_value *v)
{
	add(s, t_s, v, METRIC_1S, METRIC_TIERS);
}

void
metric_add_fine(struct metric_series *s, int64_t t_s, const struct metric_value *v)
{
	add(s, t_s, v, METRIC_1S, METRIC_60S);
}

void
metric_add_coarse(struct metric_series *s, int64_t t_s, const struct metric_value *v)
{
	add(s, t_s, v, METRIC_60S, METRIC_TIERS);
}

/* ---- values from outside ---- */

static const char *
bad_name(const char *what, const char *text, size_t max)
{
	static char why[160];
	size_t len = strlen(text);

	if (len >= 1 && len <= max)
		return NULL;
	if (len == 0)
		snprintf(why, sizeof why, "The parameter %s is required.", what);
	else
		snprintf(why, sizeof why,
		    "The parameter %s must be at most %zu characters long.", what, max);
	return why;
}

static const char *
bad_unit(const char *unit)
{
	static char why[512];
	const struct metric_unit *u;
	size_t n;

	if (unit == NULL || metric_unit_named(unit) != NULL)
		return NULL;
	n = (size_t)snprintf(why, sizeof why,
	    "The parameter MetricData.member.1.Unit must be a value in the set [");
	for (size_t i = 0; (u = metric_unit_row(i)) != NULL; i++)
		n += (size_t)snprintf(why + n, sizeof why - n, "%s %s", i > 0 ? "," : "", u->name);
	snprintf(why + n, sizeof why - n, " ].");
	return why;
}

static const char *
bad_key(const struct metric_key *k)
{
	const char *why;

	if ((why = bad_name("Namespace", k->ns, 255)) != NULL ||
	    (why = bad_name("MetricData.member.1.MetricName", k->name, 255)) != NULL)
		return why;
	if (k->ns[0] == ':')
		return "The value for parameter Namespace must not begin with a colon.";
	for (unsigned i = 0; i < k->ndims; i++)
		if ((why = bad_name("MetricData.member.1.Dimensions.member.N.Name",
		    k->dims[i].name, 255)) != NULL ||
		    (why = bad_name("MetricData.member.1.Dimensions.member.N.Value",
		    k->dims[i].value, 1024)) != NULL)
			return why;
	return bad_unit(k->unit);
}

static const char *
bad_number(const char *what, double v)
{
	static char why[128];

	if (isfinite(v) && fabs(v) <= MAGNITUDE)
		return NULL;
	snprintf(why, sizeof why, "The value %s for parameter MetricData.member.1.%s is invalid.",
	    isnan(v) ? "NaN" : isinf(v) ? v < 0 ? "-Infinity" : "Infinity" : "of more than 2^360",
	    what);
	return why;
}

static const char *
bad_value(const struct metric_value *v)
{
	const char *why;

	if (!(v->min < v->max) && !(v->min > v->max) && (why = bad_number("Value", v->max)) != NULL)
		return why;
	if ((why = bad_number("StatisticValues.Minimum", v->min)) != NULL ||
	    (why = bad_number("StatisticValues.Maximum", v->max)) != NULL ||
	    (why = bad_number("StatisticValues.Sum", v->sum)) != NULL ||
	    (why = bad_number("StatisticValues.SampleCount", v->n)) != NULL)
		return why;
	if (v->n <= 0)
		return "The parameter MetricData.member.1.StatisticValues.SampleCount must be "
		    "greater than 0.";
	if (v->min > v->max)
		return "The parameter MetricData.member.1.StatisticValues.Maximum must be at least "
		    "StatisticValues.Minimum.";
	return NULL;
}

static const char *
bad_time(int64_t t_s)
{
	int64_t now_s = sched_wall_s();

	if (t_s < now_s - METRIC_PAST_S)
		return "The parameter MetricData.member.1.Timestamp must specify a time within the "
		    "past two weeks.";
	if (t_s > now_s + METRIC_AHEAD_S)
		return "The parameter MetricData.member.1.Timestamp must specify a time no more "
		    "than two hours in the future.";
	return NULL;
}

bool
metric_key_has(const struct metric_key *k, const char *name)
{
	for (unsigned i = 0; i < k->ndims; i++)
		if (strcmp(k->dims[i].name, name) == 0)
			return true;
	return false;
}

/* Which steps a series has that comes from outside. */
static unsigned
flags_of(const struct metric_key *k)
{
	if (strcmp(k->ns, metric_ns_name(NS_EC2)) == 0)
		return metric_key_has(k, "InstanceId") ? METRIC_FINE :
		    metric_key_has(k, "AutoScalingGroupName") ? METRIC_FINE | METRIC_LONG : 0;
	return strncmp(k->ns, "AWS/", 4) == 0 ? METRIC_LONG : 0;
}

const char *
metric_put(const struct metric_key *k, int64_t t_s, const struct metric_value *v)
{
	struct metric_series *s;
	const char *why;

	if ((why = bad_key(k)) != NULL || (why = bad_value(v)) != NULL ||
	    (t_s != 0 && (why = bad_time(t_s)) != NULL))
		return why;
	if ((s = metric_make(k, flags_of(k))) == NULL)
		return "There is no room for another metric: see metrics-space and metrics-memory.";
	if (t_s == 0)
		metric_add(s, sched_wall_s(), v);
	else
		metric_add_coarse(s, t_s, v);
	return NULL;
}

const char *
metric_put_instance(const struct metric_instance *i, const char *name, const char *unit,
    int64_t t_s, const struct metric_value *v)
{
	const struct metric_dim sets[] = {
		{ "InstanceId", i->id }, { "AutoScalingGroupName", i->group },
		{ "ImageId", i->image }, { "InstanceType", i->type },
	};
	const char *why = NULL;

	for (unsigned n = 0; n < sizeof sets / sizeof sets[0] && why == NULL; n++) {
		struct metric_key k = { .ns = metric_ns_name(NS_EC2), .name = name, .unit = unit,
		    .ndims = 1 };

		k.dims[0] = sets[n];
		if (sets[n].value != NULL && sets[n].value[0] != '\0')
			why = metric_put(&k, t_s, v);
	}
	return why;
}

/* ---- reading ---- */

/* The coarsest step that makes up the slot; METRIC_TIERS: none. Below a minute and
 * from a minute on are two worlds. */
static enum metric_tier
tier_for(const struct metric_series *s, uint32_t period_s, int64_t start_s)
{
	unsigned end = period_s < 60 ? METRIC_60S : METRIC_TIERS;
	unsigned first = period_s < 60 ? METRIC_1S : METRIC_60S;

	while (end-- > first)
		if (s->column[end] != METRIC_NO_COLUMN && period_s % metric_step_s[end] == 0 &&
		    start_s % metric_step_s[end] == 0)
			return (enum metric_tier)end;
	return METRIC_TIERS;
}

bool
metric_has_tier(const struct metric_series *s, enum metric_tier tier)
{
	return s->column[tier] != METRIC_NO_COLUMN;
}

int64_t
metric_tier_span_s(const struct metric_series *s, enum metric_tier tier)
{
	return metric_has_tier(s, tier) ? metric_span_s(tier, class_of(s->flags)) : 0;
}

int64_t
metric_round_start(int64_t now_s, int64_t start_s, uint32_t period_s)
{
	int64_t age_s = now_s - start_s, to;

	if (period_s < 60)
		to = period_s;
	else
		to = age_s < 15 * 86400 ? 60 : age_s < 63 * 86400 ? 300 : 3600;
	return start_s - start_s % to;
}

/* The newest minute that has something, of a series that was read from files. */
static void
look_up_last(struct metric_series *s)
{
	int64_t first_s = s->last_s - METRIC_GONE_S;
	struct metric_value v;

	s->is_old = false;
	while (s->last_s > first_s &&
	    !metric_ring_get(METRIC_60S, s->column[METRIC_60S], s->last_s, &v))
		s->last_s -= 60;
}

int64_t
metric_last_s(struct metric_series *s)
{
	if (s->is_old)
		look_up_last(s);
	return s->last_s;
}

int64_t
metric_first_s(const struct metric_series *s, uint32_t step_s)
{
	enum metric_tier tier = tier_for(s, step_s, 0);
	int64_t kept_from;

	if (tier == METRIC_TIERS)
		return INT64_MAX;
	kept_from = sched_wall_s() - metric_span_s(tier, class_of(s->flags));
	return kept_from > s->first_s ? kept_from : s->first_s;
}

void
metric_key_of(const struct metric_series *s, struct metric_key *ret)
{
	ret->ns = s->ns;
	ret->name = s->name;
	ret->unit = s->unit;
	ret->ndims = s->ndims;
	memcpy(ret->dims, s->dims, s->ndims * sizeof s->dims[0]);
}

unsigned
metric_series_count(void)
{
	return store.n;
}

struct metric_series *
metric_series_at(unsigned i)
{
	return i < store.n ? store.all[i] : NULL;
}

static int64_t
slot_start(uint32_t period_s, int64_t start_s)
{
	return period_s >= 60 ? start_s - start_s % 60 : start_s;
}

static struct metric_value
read_slot(const struct metric_series *s, uint32_t period_s, int64_t start_s)
{
	enum metric_tier tier = tier_for(s, period_s, start_s);
	struct metric_value sum = { 0 }, v;

	if (tier == METRIC_TIERS)
		return sum;
	for (int64_t t = start_s; t < start_s + period_s; t += metric_step_s[tier])
		if (metric_ring_get(tier, s->column[tier], t, &v))
			metric_merge(&sum, &v);
	return sum;
}

void
metric_series_values(const struct metric_series *s, uint32_t period_s, int64_t from_s,
    unsigned count, struct metric_value *ret)
{
	int64_t start_s = slot_start(period_s, from_s);

	for (unsigned i = 0; i < count; i++, start_s += period_s)
		ret[i] = read_slot(s, period_s, start_s);
}

void
metric_values(const struct metric_key *k, uint32_t period_s, int64_t from_s, unsigned count,
    struct metric_value *ret)
{
	const struct metric_series *s;

	tick_catch_up();
	if ((s = metric_find(k)) != NULL)
		metric_series_values(s, period_s, from_s, count, ret);
	else
		memset(ret, 0, count * sizeof ret[0]);
}

double
metric_stat_of(const struct metric_value *v, enum metric_stat stat)
{
	if (v->n == 0)
		return NAN;
	switch (stat) {
	case METRIC_AVERAGE:
		return v->sum / v->n;
	case METRIC_SUM:
		return v->sum;
	case METRIC_MINIMUM:
		return v->min;
	case METRIC_MAXIMUM:
		return v->max;
	case METRIC_SAMPLES:
		return v->n;
	case METRIC_PERCENTILE:
		break;
	}
	return NAN;
}

void
metric_read(const struct metric_query *q, int64_t from_s, unsigned count,
    struct metric_point *ret)
{
	const struct metric_series *s;
	int64_t start_s = slot_start(q->period_s, from_s);

	tick_catch_up();
	s = metric_find(&q->key);
	for (unsigned i = 0; i < count; i++, start_s += q->period_s) {
		struct metric_value v = { 0 };

		ret[i] = (struct metric_point){ NAN, 0 };
		if (s == NULL)
			continue;
		if (q->stat == METRIC_PERCENTILE)
			ret[i] = metric_percentile(s, q->percentile, q->period_s, start_s);
		else {
			v = read_slot(s, q->period_s, start_s);
			ret[i].v = metric_stat_of(&v, q->stat);
			ret[i].n = v.n;
		}
	}
}

bool
metric_is_known(const struct metric_key *k)
{
	return metric_row_named(k->ns, k->name) != NULL || metric_find(k) != NULL;
}
