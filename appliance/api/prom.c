/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `http-request use-service prometheus-exporter`: the statistics in the text
 * format of Prometheus, with the names and labels of HAProxy's exporter
 * (base/stat_fields.def), and what is ours as weir_*: histograms of times.
 *
 * A name's samples stand together, so all rows are taken first, a few a piece,
 * and then each name goes over them. A row that comes or goes meanwhile (servers
 * added at run time) is neither missed twice nor read after its end: names are
 * copied.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/prom_in.h"
#include "api/stat.h"
#include "base/module.h"
#include "base/out.h"
#include "base/str.h"
#include "base/version.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/service.h"

/* ---- what is told of what ---- */

enum metric_kind {
	KIND_counter, KIND_gauge, KIND_ms, KIND_code, KIND_state, KIND_check,
	KIND_agg_state, KIND_agg_check
};

static const struct metric {
	uint16_t	 col;		/* enum stat_col */
	uint8_t		 kind;
	const char	*name, *rows;
} metrics[] = {
#define STAT_C(name, ...)
#define STAT_H STAT_C
#define STAT_V(name, ...)
#define STAT_X(name, ...)
#define STAT_P(column, name, kind, rows) { ST_##column, KIND_##kind, #name, rows },
#include "base/stat_fields.def"
#undef STAT_C
#undef STAT_H
#undef STAT_V
#undef STAT_X
};

#define NMETRICS	(sizeof metrics / sizeof metrics[0])

static const struct info_metric {
	const char	*key, *name;
	uint8_t		 kind;
} info_metrics[] = {
#define STAT_C(name, ...)
#define STAT_H STAT_C
#define STAT_V(name, ...)
#define STAT_X(name, ...)
#define STAT_I(key, name, kind) { key, #name, KIND_##kind },
#include "base/stat_fields.def"
#undef STAT_C
#undef STAT_H
#undef STAT_V
#undef STAT_X
};

static const char *const scopes[] = { "frontend", "backend", "server", "listener" };
static const char letters[] = "fbsl";

/* As HAProxy has them, in the order of its labels. */
static const char *const listener_states[] = { "WAITING", "OPEN", "FULL" };

/* ---- the call ---- */

enum place { AT_ROWS, AT_INFO, AT_METRICS, AT_OWN, AT_END };

struct prom {
	struct prom_rows rows;
	uint8_t		 wanted;	/* PROM_* */
	bool		 no_maint, extra;
	enum place	 place;
	unsigned	 scope, metric;
	size_t		 at;
	bool		 any;		/* a sample of this name was written */
	struct prom_own	 own;
	/* the walk that takes rows */
	const struct proxy *px;
	const struct bind_conf *bind;
	const struct server *srv;
	bool		 in_proxy;
};

static void
prom_free(void *state)
{
	struct prom *p = state;

	for (size_t i = 0; i < p->rows.n; i++) {
		free(p->rows.row[i].proxy);
		free(p->rows.row[i].name);
		free(p->rows.row[i].hist);
	}
	free(p->rows.row);
	free(p);
}

/* ---- taking rows ---- */

static struct prom_row *
row_new(struct prom *p, const char *proxy, const char *name)
{
	struct prom_row *r;

	if (p->rows.n == p->rows.cap) {
		p->rows.cap = p->rows.cap == 0 ? 64 : 2 * p->rows.cap;
		p->rows.row = xrealloc(p->rows.row, p->rows.cap * sizeof *p->rows.row);
	}
	r = &p->rows.row[p->rows.n++];
	memset(r, 0, sizeof *r);
	r->proxy = xstrdup(proxy);
	r->name = name != NULL ? xstrdup(name) : NULL;
	return r;
}

static enum prom_state
state_of(const char *status)
{
	static const struct { const char *prefix; enum prom_state state; } all[] = {
		{ "UP", PROM_UP }, { "OPEN", PROM_UP }, { "no check", PROM_UP },
		{ "MAINT", PROM_MAINT }, { "DRAIN", PROM_DRAIN }, { "NOLB", PROM_NOLB },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strncmp(status, all[i].prefix, strlen(all[i].prefix)) == 0)
			return all[i].state;
	return PROM_DOWN;
}

static int
listener_state_of(const char *status)
{
	int i = 0;

	while (i < 2 && strcmp(status, listener_states[i]) != 0)
		i++;
	return i;
}

/* Of a row only numbers and states are kept: its texts may go. */
static void
row_take(struct prom_row *r, const struct stat_row *s)
{
	const struct stat_value *check = &s->v[ST_check_status];

	r->kind = s->kind;
	r->iid = s->iid;
	r->is_http = strcmp(s->v[ST_mode].v.str, "http") == 0;
	r->state = s->kind == STAT_LISTENER ? listener_state_of(s->v[ST_status].v.str) :
	    (int)state_of(s->v[ST_status].v.str);
	r->check = check->type != STAT_EMPTY ? prom_check_of(check->v.str) : -1;
	memcpy(r->v, s->v, sizeof r->v);
}

static void
take_frontend(struct prom *p)
{
	struct stat_row s;

	stat_frontend(&s, p->px, 0);
	row_take(row_new(p, p->px->name, NULL), &s);
}

static void
take_listener(struct prom *p, const struct bind_conf *b)
{
	struct stat_row s;

	stat_listener(&s, b, 0);
	row_take(row_new(p, p->px->name, b->name), &s);
}

static void
take_backend(struct prom *p)
{
	struct prom_row *r;
	struct stat_row s;

	stat_backend(&s, p->px, 0);
	r = row_new(p, p->px->name, NULL);
	row_take(r, &s);
	r->hist = prom_hist_backend(p->px->live);
}

static void
take_server(struct prom *p, const struct server *srv)
{
	struct prom_row *r;
	struct stat_row s;

	if (p->no_maint && (atomic_load(&srv->live->admin) & SRV_ADM_MAINT))
		return;
	stat_server(&s, srv, 0);
	r = row_new(p, p->px->name, srv->name);
	row_take(r, &s);
	r->is_ejected = prom_is_ejected(srv->live);
	r->hist = prom_hist_server(srv->live);
}

/* One row of the walk; true: that was all. */
static bool
take_next(struct prom *p)
{
	if (p->px == NULL)
		return true;
	if (!p->in_proxy) {
		p->in_proxy = true;
		p->bind = stat_listeners(p->px);
		p->srv = p->px->server_list;
		if (p->px->cap & CAP_FRONTEND)
			take_frontend(p);
	} else if (p->bind != NULL) {
		take_listener(p, p->bind);
		p->bind = p->bind->next;
	} else if (p->srv != NULL) {
		take_server(p, p->srv);
		p->srv = p->srv->next;
	} else {
		if (p->px->cap & CAP_BACKEND)
			take_backend(p);
		p->in_proxy = false;
		p->px = p->px->next;
	}
	return false;
}

/* ---- the process ---- */

static const char *
type_name(unsigned kind)
{
	return kind == KIND_counter || kind == KIND_code ? "counter" : "gauge";
}

static void
put_info(const struct stat_item *it, void *arg)
{
	struct outbuf *b = arg;

	if (strcmp(it->name, "Build info") == 0) {
		prom_head(b, "haproxy_process_build_info", "gauge", it->text);
		outbuf_fmt(b, "haproxy_process_build_info{version=\"%s\"} 1\n", it->value.v.str);
		return;
	}
	for (size_t i = 0; i < sizeof info_metrics / sizeof info_metrics[0]; i++) {
		const struct info_metric *m = &info_metrics[i];

		if (strcmp(m->key, it->name) != 0)
			continue;
		outbuf_fmt(b, "# HELP haproxy_process_%s %s\n# TYPE haproxy_process_%s %s\n"
		    "haproxy_process_%s ", m->name, it->text, m->name, type_name(m->kind), m->name);
		stat_put_value(b, &it->value);
		outbuf_z(b, "\n");
	}
}

/* ---- rows ---- */

static void
put_name(struct outbuf *b, const struct metric *m, const struct prom_row *r)
{
	outbuf_fmt(b, "haproxy_%s_%s{", scopes[r->kind], m->name);
	prom_labels(b, r);
}

/* Values of a row's column that does not apply at the moment are NaN. */
static void
put_plain(struct outbuf *b, const struct metric *m, const struct prom_row *r)
{
	const struct stat_value *v = &r->v[m->col];

	put_name(b, m, r);
	if (m->kind == KIND_code)
		outbuf_fmt(b, ",code=\"%s\"", strchr(stat_defs[m->col].name, '_') + 1);
	outbuf_z(b, "} ");
	if (v->type == STAT_EMPTY)
		outbuf_z(b, "NaN");
	else if (m->kind == KIND_ms)
		outbuf_fmt(b, "%llu.%03u", (unsigned long long)(v->v.u / 1000),
		    (unsigned)(v->v.u % 1000));
	else
		stat_put_value(b, v);
	outbuf_z(b, "\n");
}

static void
put_state(struct outbuf *b, const struct metric *m, const struct prom_row *r,
    const char *state, unsigned n)
{
	put_name(b, m, r);
	outbuf_fmt(b, ",state=\"%s\"} %u\n", state, n);
}

#define COUNTS_MAX	32

/* Servers of a backend stand before it: how many there are in each state, or with
 * each result of a check. */
static void
count_servers(const struct prom *p, const struct prom_row *be, bool is_state,
    unsigned ret[COUNTS_MAX])
{
	memset(ret, 0, COUNTS_MAX * sizeof *ret);
	for (const struct prom_row *r = be; r > p->rows.row; ) {
		int i;

		r--;
		if (r->iid != be->iid || r->kind != STAT_SERVER)
			break;
		i = is_state ? r->state : r->check;
		if (i >= 0 && i < COUNTS_MAX)
			ret[i]++;
	}
}

static void
put_states(struct outbuf *b, const struct prom *p, const struct metric *m,
    const struct prom_row *r)
{
	unsigned n = m->kind == KIND_state && r->kind != STAT_SERVER ? 2 : PROM_STATES;
	unsigned counts[COUNTS_MAX];
	const char *name;

	if (m->kind == KIND_agg_state || m->kind == KIND_agg_check)
		count_servers(p, r, m->kind == KIND_agg_state, counts);
	if (r->kind == STAT_LISTENER)
		for (unsigned i = 0; i < 3; i++)
			put_state(b, m, r, listener_states[i], r->state == (int)i);
	else if (m->kind == KIND_state)
		for (unsigned i = 0; i < n; i++)
			put_state(b, m, r, prom_state_name(i), r->state == (int)i);
	else if (m->kind == KIND_agg_state)
		for (unsigned i = 0; i < n; i++)
			put_state(b, m, r, prom_state_name(i), counts[i]);
	else
		for (int i = 0; (name = prom_check_name(i)) != NULL; i++)
			put_state(b, m, r, name, m->kind == KIND_check ? r->check == i :
			    counts[i]);
}

/* Whether this row has that name at all. */
static bool
applies(const struct metric *m, const struct prom_row *r)
{
	bool is_empty = r->v[m->col].type == STAT_EMPTY;

	if (!is_empty)
		return true;
	if (strchr(stat_defs[m->col].rows, letters[r->kind]) == NULL)
		return r->is_http && m->kind != KIND_code;
	return m->col != ST_check_status && m->col != ST_check_code && m->col != ST_check_duration;
}

static const char *
help_of(const struct metric *m)
{
	switch (m->kind) {
	case KIND_code:
		return "responses by class of status";
	case KIND_state: case KIND_check:
		return "1 for the state that it is in";
	case KIND_agg_state:
		return "servers in each state";
	case KIND_agg_check:
		return "servers by the result of their last check";
	default:
		return stat_defs[m->col].text;
	}
}

static void
put_sample(struct prom *p, struct outbuf *b, const struct prom_row *r)
{
	const struct metric *m = &metrics[p->metric];
	bool is_first = p->metric == 0 || strcmp(metrics[p->metric - 1].name, m->name) != 0;

	if (r->kind != p->scope || !applies(m, r))
		return;
	if (!p->any && is_first)
		outbuf_fmt(b, "# HELP haproxy_%s_%s %s\n# TYPE haproxy_%s_%s %s\n",
		    scopes[r->kind], m->name, help_of(m), scopes[r->kind], m->name,
		    type_name(m->kind));
	p->any = true;
	if (m->kind >= KIND_state)
		put_states(b, p, m, r);
	else
		put_plain(b, m, r);
}

/* Some samples of the name under work; true: all names are done. */
static bool
put_samples(struct prom *p, struct outbuf *b)
{
	size_t end = p->at + 32 < p->rows.n ? p->at + 32 : p->rows.n;

	while (p->scope < 4 && (!(p->wanted & 1u << p->scope) ||
	    strchr(metrics[p->metric].rows, letters[p->scope]) == NULL)) {
		if (++p->metric == NMETRICS) {
			p->metric = 0;
			p->scope++;
		}
	}
	if (p->scope == 4)
		return true;
	for (; p->at < end; p->at++)
		put_sample(p, b, &p->rows.row[p->at]);
	if (p->at < p->rows.n)
		return false;
	p->at = 0;
	p->any = false;
	if (++p->metric == NMETRICS) {
		p->metric = 0;
		p->scope++;
	}
	return false;
}

/* ---- pieces ---- */

static bool
piece(struct service_call *c)
{
	struct prom *p = c->state;

	switch (p->place) {
	case AT_ROWS:
		if (take_next(p))
			p->place = AT_INFO;
		return false;
	case AT_INFO:
		if (p->wanted & PROM_GLOBAL)
			stat_info_each(put_info, &c->out);
		p->place = AT_METRICS;
		return false;
	case AT_METRICS:
		if (put_samples(p, &c->out)) {
			p->place = AT_OWN;
			p->own = (struct prom_own){ .wanted = p->wanted, .extra = p->extra };
		}
		return false;
	case AT_OWN:
		if (!prom_own_piece(&p->own, &p->rows, &c->out))
			return false;
		if (p->wanted & PROM_STICK)
			prom_stick(&c->out);
		return true;
	default:
		return true;
	}
}

/* ---- the address ---- */

static bool
take_scope(struct prom *p, struct str v)
{
	static const struct { const char *name; uint8_t bits; } all[] = {
		{ "global", PROM_GLOBAL }, { "frontend", PROM_FRONTEND },
		{ "backend", PROM_BACKEND }, { "server", PROM_SERVER },
		{ "listener", PROM_LISTENER }, { "sticktable", PROM_STICK },
		{ "*", PROM_ALL }, { "", 0 },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (str_is(v, all[i].name)) {
			p->wanted |= all[i].bits;
			return true;
		}
	return false;
}

/* False: a scope that there is not. Other words are left alone, as HAProxy does. */
static bool
read_query(struct prom *p, struct str query)
{
	bool has_scope = false;
	struct str part;

	while (query.p != NULL && str_next_elem(&query, '&', &part)) {
		if (str_starts(part, STR("scope="))) {
			has_scope = true;
			if (!take_scope(p, (struct str){ part.p + 6, part.len - 6 }))
				return false;
		} else if (str_is(part, "no-maint")) {
			p->no_maint = true;
		} else if (str_is(part, "extra-counters")) {
			p->extra = true;
		}
	}
	if (!has_scope)
		p->wanted = PROM_ALL;
	return true;
}

static void
start(struct service_call *c)
{
	struct prom *p = xcalloc(1, sizeof *p);

	c->state = p;
	c->state_free = prom_free;
	service_field(c, "cache-control", "no-cache");
	if (!read_query(p, c->query)) {
		c->status = 400;
		c->is_last = true;
		return;
	}
	c->status = 200;
	c->content_type = "text/plain; version=0.0.4";
	p->px = service_hold(c)->proxies;
	c->more = piece;
}

static const struct service_row services[] = {
	{ "prometheus-exporter", "<PROMEX>", false, false, start, "statistics for Prometheus" },
	{ .name = NULL }
};

const struct module mod_prom = { .name = "prom", .services = services };
