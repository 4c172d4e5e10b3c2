/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The points of an alarm: of its metric, or what its expression makes of its
 * inputs. How new they are is told to the minute (or ten seconds), also within
 * longer periods, which slide.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/alarm.h"
#include "ctl/math.h"
#include "proxy/balancer.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

/* When the newest value in the slot that begins at from_s came, by steps; 0 = none. */
static int64_t
newest_in(const struct metric_key *k, int64_t from_s, uint32_t period_s, uint32_t step_s)
{
	unsigned n = period_s / step_s;
	struct metric_value *v = xcalloc(n, sizeof *v);
	int64_t newest = 0;

	metric_values(k, step_s, from_s, n, v);
	for (unsigned i = 0; i < n; i++)
		if (v[i].n > 0)
			newest = from_s + (int64_t)i * step_s;
	free(v);
	return newest;
}

static void
read_metric(const struct metric_query *q, int64_t from_s, unsigned slots,
    struct metric_point *ret, const struct alarm_bend *bend)
{
	metric_read(q, from_s, slots, ret);
	for (unsigned i = 0; bend != NULL && i < slots; i++)
		ret[i].v *= bend->factor(&q->key, from_s + (int64_t)i * q->period_s, bend->arg);
}

static void
read_math(const struct alarm_conf *conf, int64_t from_s, unsigned slots,
    struct metric_point *ret, const struct alarm_bend *bend)
{
	struct metric_point *points = xcalloc((size_t)slots * conf->ninputs, sizeof *points);
	struct math_input inputs[ALARM_INPUTS_MAX];
	struct math_frame f = { from_s, conf->query.period_s, slots, inputs, 0 };

	for (const struct alarm_input *in = conf->inputs; in != NULL; in = in->next) {
		struct metric_point *p = points + (size_t)slots * f.ninputs;

		read_metric(&in->query, from_s, slots, p, bend);
		inputs[f.ninputs++] = (struct math_input){ in->id, p };
	}
	math_eval(conf->math, &f, ret);
	free(points);
}

/* How new what is behind the slot is. A value that the expression itself filled in
 * is as new as the slot. */
static int64_t
newest_behind(const struct alarm_conf *conf, int64_t slot_s)
{
	uint32_t period = conf->query.period_s, step = alarm_step_s(conf);
	int64_t newest = 0;

	if (conf->source == ALARM_OF_METRIC)
		return newest_in(&conf->query.key, slot_s, period, step);
	for (const struct alarm_input *in = conf->inputs; in != NULL; in = in->next) {
		int64_t s = newest_in(&in->query.key, slot_s, period, step);

		newest = s > newest ? s : newest;
	}
	return newest != 0 ? newest : slot_s + period - step;
}

struct alarm_reading
alarm_read(const struct alarm_conf *conf, uint64_t at_us, struct metric_point *ret,
    const struct alarm_bend *bend)
{
	unsigned slots = alarm_slots(conf->test.n), i = slots;
	uint32_t period = conf->query.period_s, step = alarm_step_s(conf);
	int64_t end = (int64_t)(at_us / 1000000);
	struct alarm_reading r = { 0, 0 };

	end -= end % step;
	r.from_s = end - (int64_t)slots * period;
	if (conf->source == ALARM_OF_METRIC)
		read_metric(&conf->query, r.from_s, slots, ret, bend);
	else
		read_math(conf, r.from_s, slots, ret, bend);
	while (i > 0 && ret[i - 1].n <= 0)
		i--;
	if (i > 0)
		r.newest_s = newest_behind(conf, r.from_s + (int64_t)(i - 1) * period);
	return r;
}

/* ---- idle ---- */

static const char *
dimension(const struct metric_key *k, const char *name)
{
	for (unsigned i = 0; i < k->ndims; i++)
		if (strcmp(k->dims[i].name, name) == 0)
			return k->dims[i].value;
	return NULL;
}

static bool
is_balancer_up(const char *name)
{
	for (const struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next)
		if ((px->cap & CAP_BACKEND) && strcmp(balancer_of(px), name) == 0 &&
		    atomic_load(&px->live->nusable) > 0)
			return true;
	return false;
}

/* What has points only while there are requests. */
static bool
is_of_requests(const char *metric)
{
	return strcmp(metric, "Latency") == 0 || strcmp(metric, "RequestCount") == 0 ||
	    strncmp(metric, "HTTPCode_", 9) == 0;
}

bool
alarm_is_idle(const struct alarm_conf *conf, int64_t from_s)
{
	const struct metric_key *k = &conf->query.key;
	struct metric_query requests = { .key = *k, .period_s = conf->query.period_s };
	unsigned slots = alarm_slots(conf->test.n);
	const char *balancer;
	struct metric_value *v;
	double n = 0;

	if (conf->source != ALARM_OF_METRIC || strcmp(k->ns, "AWS/ELB") != 0 ||
	    !is_of_requests(k->name) ||
	    (balancer = dimension(k, "LoadBalancerName")) == NULL || !is_balancer_up(balancer))
		return false;
	requests.key.name = "RequestCount";
	requests.key.unit = NULL;
	v = xcalloc(slots, sizeof *v);
	metric_values(&requests.key, requests.period_s, from_s, slots, v);
	for (unsigned i = 0; i < slots; i++)
		n += v[i].sum;
	free(v);
	return n <= 0;
}
