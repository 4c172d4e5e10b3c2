/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring instances; see metric_instance.h. Of several sources the first one, as
 * written, that has a metric wins; the next one takes over when it has been silent.
 *
 * Thread: control.
 */
#include "ctl/metric_instance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/group.h"
#include "ctl/policy.h"
#include "ctl/metric.h"
#include "ctl/metric_unit.h"
#include "ctl/node_exporter.h"
#include "ctl/transfer.h"
#include "event/sched.h"
#include "proxy/proxy.h"

#define BUCKETS		256u
#define ROWS_MAX	128u
#define SCRAPE_US	5000000u
#define SILENT		3u		/* intervals: another source may speak */
#define ANSWER_MAX	(2u << 20)

struct measured {
	struct measured	*next;		/* of its bucket */
	char		 id[INSTANCE_ID_MAX + 1];
	uint64_t	 seen;		/* number of the tick */
	uint64_t	 due_us[METRICS_SOURCES];	/* on the clock of durations */
	struct {
		uint64_t at_us;		/* 0: never */
		uint8_t	 source;
	} fed[ROWS_MAX];		/* by row of the table of metrics */
	/* node-exporter */
	struct transfer	 transfer;
	char		 url[96];
	struct node_totals totals;
	bool		 has_totals;
};

static struct {
	struct measured	*buckets[BUCKETS];
	uint64_t	 ticks;
} all;

static const char *const source_names[METRICS_SOURCES] = {
	[METRICS_PROVIDER] = "provider", [METRICS_AGENT] = "agent",
	[METRICS_NODE_EXPORTER] = "node-exporter",
};

/* ---- by id ---- */

static struct measured **
bucket_of(const char *id)
{
	return &all.buckets[str_hash(str_of(id)) % BUCKETS];
}

static struct measured *
find(const char *id)
{
	struct measured *m = *bucket_of(id);

	while (m != NULL && strcmp(m->id, id) != 0)
		m = m->next;
	return m;
}

static struct measured *
measured_of(const struct instance *i)
{
	struct measured *m = find(i->id), **at = bucket_of(i->id);

	if (m != NULL)
		return m;
	m = xcalloc(1, sizeof *m);
	snprintf(m->id, sizeof m->id, "%s", i->id);
	m->next = *at;
	*at = m;
	return m;
}

static void
measured_free(struct measured *m)
{
	if (transfer_is_running(&m->transfer)) {
		transfer_cancel(&m->transfer);
		sched_busy_end();
	}
	free(m);
}

/* ---- a value ---- */

static const struct launch_conf *
launch_of(const struct instance *i)
{
	return object_find(snapshot_current(), OBJECT_LAUNCH, i->launch_name);
}

/* Where in its launch configuration the source stands; METRICS_SOURCES: nowhere. */
static unsigned
rank(const struct launch_conf *l, enum metrics_source source)
{
	for (unsigned n = 0; n < l->nmetrics; n++)
		if (l->metrics_order[n] == source)
			return n;
	return METRICS_SOURCES;
}

static bool
may_speak(struct measured *m, const struct launch_conf *l, enum metrics_source source,
    const struct metric_row *row)
{
	size_t at = (size_t)(row - metric_row_at(0));
	uint64_t now = sched_mono_us();
	enum metrics_source before;

	if (at >= ROWS_MAX)
		return true;
	before = (enum metrics_source)m->fed[at].source;
	if (m->fed[at].at_us != 0 && rank(l, before) < rank(l, source) &&
	    now < m->fed[at].at_us + SILENT * l->metrics[before].every_us)
		return false;
	m->fed[at].at_us = now;
	m->fed[at].source = (uint8_t)source;
	return true;
}

/* suffix: "" = in the metric's unit. */
static void
put_value(const struct metric_instance *who, const char *name, double v, const char *suffix)
{
	const struct metric_row *row = metric_row_named(metric_ns_name(NS_EC2), name);
	const struct metric_unit *from = suffix[0] != '\0' ? metric_unit_of_suffix(suffix) : NULL;
	const char *unit = row != NULL ? row->unit : from != NULL ? from->name : NULL;

	if (from != NULL && row != NULL && !metric_unit_convert(from, row->unit, &v))
		return;
	(void)metric_put_instance(who, name, unit, 0, &(struct metric_value){ 1, v, v, v });
}

static void
put(const struct instance *i, enum metrics_source source, const char *name, double v,
    const char *suffix)
{
	const struct launch_conf *l = launch_of(i);
	const struct metric_row *row = metric_row_named(metric_ns_name(NS_EC2), name);
	struct metric_instance who = { .id = i->id,
	    .group = policy_is_warming(i) ? NULL : i->group->name };

	if (l == NULL || rank(l, source) == METRICS_SOURCES ||
	    (row != NULL && !may_speak(measured_of(i), l, source, row)))
		return;
	who.image = l->image;
	who.type = l->instance_type;
	put_value(&who, name, v, suffix);
}

void
metric_instance_told(const struct server *srv, const char *name, double v, const char *suffix)
{
	const struct metric_unit *u = suffix[0] != '\0' ? metric_unit_of_suffix(suffix) : NULL;
	struct metric_key k = { .ns = metric_ns_name(NS_WEIR), .name = name, .ndims = 2,
	    .dims = { { "Backend", srv->backend->name }, { "Server", srv->name } } };

	if (u != NULL && metric_unit_named(u->name) != NULL)
		k.unit = u->name;
	(void)metric_put(&k, 0, &(struct metric_value){ 1, v, v, v });
	if (instance_owner(srv->backend->name, srv->name) != NULL)
		put(instance_find(srv->name), METRICS_AGENT, name, v, suffix);
	else if (srv->instance_id != NULL)
		put_value(&(struct metric_instance){ .id = srv->instance_id }, name, v, suffix);
}

const char *
metric_instance_source(const char *id, const char *name)
{
	const struct metric_row *row = metric_row_named(metric_ns_name(NS_EC2), name);
	const struct measured *m = find(id);
	size_t at = row != NULL ? (size_t)(row - metric_row_at(0)) : ROWS_MAX;

	return m != NULL && at < ROWS_MAX && m->fed[at].at_us != 0 ?
	    source_names[m->fed[at].source] : NULL;
}

/* ---- node_exporter ---- */

/* Counters of the kernel step back a little now and then. */
static double
per_cent(double part, double whole)
{
	return whole > 0 ? fmin(fmax(100 * part / whole, 0), 100) : 0;
}

static void
put_grown(const struct instance *i, const char *name, double now, double before)
{
	if (now >= before)		/* less: the machine was started again */
		put(i, METRICS_NODE_EXPORTER, name, now - before, "");
}

static void
put_totals(const struct instance *i, const struct node_totals *t, const struct node_totals *was)
{
	if (t->has_cpu && t->cpu_all_s > was->cpu_all_s)
		put(i, METRICS_NODE_EXPORTER, "CPUUtilization", per_cent(t->cpu_busy_s -
		    was->cpu_busy_s, t->cpu_all_s - was->cpu_all_s), "");
	if (t->has_net) {
		put_grown(i, "NetworkIn", t->net_in, was->net_in);
		put_grown(i, "NetworkOut", t->net_out, was->net_out);
		put_grown(i, "NetworkPacketsIn", t->packets_in, was->packets_in);
		put_grown(i, "NetworkPacketsOut", t->packets_out, was->packets_out);
	}
	if (t->has_disk) {
		put_grown(i, "DiskReadBytes", t->disk_read, was->disk_read);
		put_grown(i, "DiskWriteBytes", t->disk_write, was->disk_write);
		put_grown(i, "DiskReadOps", t->disk_reads, was->disk_reads);
		put_grown(i, "DiskWriteOps", t->disk_writes, was->disk_writes);
	}
}

static void
on_scraped(struct transfer *t)
{
	struct measured *m = t->arg;
	const struct instance *i = instance_find(m->id);
	struct node_totals totals;

	sched_busy_end();
	if (i == NULL || t->status != 200 || !node_parse(t->answer, &totals))
		return;
	if (totals.has_memory)
		put(i, METRICS_NODE_EXPORTER, "MemoryUtilization",
		    per_cent(totals.memory - totals.memory_free, totals.memory), "");
	if (m->has_totals)
		put_totals(i, &totals, &m->totals);
	m->totals = totals;
	m->has_totals = true;
}

static void
scrape(struct measured *m, const struct instance *i, uint16_t port)
{
	bool is_v6 = strchr(i->address, ':') != NULL;

	if (transfer_is_running(&m->transfer) || i->address[0] == '\0')
		return;
	snprintf(m->url, sizeof m->url, is_v6 ? "http://[%s]:%u/metrics" : "http://%s:%u/metrics",
	    i->address, port);
	m->transfer = (struct transfer){
		.url = m->url, .timeout_us = SCRAPE_US, .answer_max = ANSWER_MAX,
		.done = on_scraped, .arg = m,
	};
	sched_busy_begin();
	transfer_start(&m->transfer);
}

/* ---- the provider ---- */

static void
ask_provider(const struct instance *i, const struct launch_conf *l)
{
	struct provider_sample s;

	if (l->provider == NULL || l->provider->type->sample == NULL ||
	    !l->provider->type->sample(l->provider, i->id, &s))
		return;
	put(i, METRICS_PROVIDER, "CPUUtilization", s.cpu_pct, "");
	if (s.has_net) {
		put(i, METRICS_PROVIDER, "NetworkIn", (double)s.net_in, "");
		put(i, METRICS_PROVIDER, "NetworkOut", (double)s.net_out, "");
	}
	if (!s.has_io)
		return;
	put(i, METRICS_PROVIDER, "DiskReadBytes", (double)s.disk_read, "");
	put(i, METRICS_PROVIDER, "DiskWriteBytes", (double)s.disk_write, "");
	put(i, METRICS_PROVIDER, "DiskReadOps", (double)s.disk_read_ops, "");
	put(i, METRICS_PROVIDER, "DiskWriteOps", (double)s.disk_write_ops, "");
}

/* ---- each second ---- */

static bool
is_due(struct measured *m, const struct launch_conf *l, enum metrics_source source)
{
	uint64_t now = sched_mono_us();

	if (!l->metrics[source].is_on || now < m->due_us[source])
		return false;
	m->due_us[source] = now + l->metrics[source].every_us;
	return true;
}

static void
look_at(struct instance *i)
{
	const struct launch_conf *l = launch_of(i);
	struct measured *m = measured_of(i);

	m->seen = all.ticks;
	if (l == NULL || i->running_us == 0 || i->lifecycle == LIFE_TERMINATED)
		return;
	if (is_due(m, l, METRICS_PROVIDER))
		ask_provider(i, l);
	if (is_due(m, l, METRICS_NODE_EXPORTER))
		scrape(m, i, l->metrics[METRICS_NODE_EXPORTER].port);
}

static void
sweep(void)
{
	struct measured **at = &all.buckets[all.ticks % BUCKETS], *m;

	while ((m = *at) != NULL) {
		if (m->seen + 60 >= all.ticks) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		measured_free(m);
	}
}

void
metric_instance_tick(int64_t t_s)
{
	all.ticks++;
	if (t_s != METRIC_NO_TIME)
		GROUP_EACH(g)
			LIST_EACH(n, &g->instances)
				look_at(LIST_ITEM(n, struct instance, node));
	sweep();
}

void
metric_instance_free(void)
{
	for (unsigned b = 0; b < BUCKETS; b++)
		for (struct measured *m = all.buckets[b], *next; m != NULL; m = next) {
			next = m->next;
			measured_free(m);
		}
	memset(&all, 0, sizeof all);
}
