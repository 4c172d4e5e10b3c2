/* SPDX-License-Identifier: BSD-2-Clause */
/* One JSON object a tick: all that is known of each appliance. */
#include <math.h>
#include <string.h>

#include "base/out.h"
#include "tui/batch_in.h"
#include "tui/csv.h"

static const char *const host_states[] = { "connecting", "up", "lost" };
static const char *const host_kinds[] = { "unknown", "weir", "haproxy" };
static const char *const row_types[] = { "frontend", "backend", "server", "listener" };
static const char *const states[ST_COUNT] = {
	"ok", "degraded", "drain", "critical", "maint", "unknown", "busy"
};

/* `"name":` with a comma before it unless it is the first. */
static void
key(struct outbuf *b, const char *name)
{
	if (b->len > 0 && b->data[b->len - 1] != '{' && b->data[b->len - 1] != '[')
		outbuf_z(b, ",");
	outbuf_json(b, name);
	outbuf_z(b, ":");
}

/* Names stay as they are; controls that are no ASCII are escaped too. */
static void
put_string(struct outbuf *b, const char *z)
{
	struct outbuf json;

	outbuf_init(&json, 0);
	outbuf_json(&json, z);
	for (const char *p = json.data; *p != '\0'; p++)
		if ((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0)
			outbuf_fmt(b, "\\u%04x", (unsigned char)*++p);
		else
			outbuf_mem(b, p, 1);
	outbuf_fini(&json);
}

static void
put_text(struct outbuf *b, const char *name, const char *z)
{
	key(b, name);
	put_string(b, z);
}

static void
put_num(struct outbuf *b, const char *name, double v)
{
	key(b, name);
	if (isnan(v))
		outbuf_z(b, "null");
	else
		put_number(b, v);
}

static void
put_bool(struct outbuf *b, const char *name, bool v)
{
	key(b, name);
	outbuf_z(b, v ? "true" : "false");
}

/* Columns that hold names, though they may look like numbers. */
static bool
is_name(const char *column)
{
	static const char *const names[] = {
		"name", "id", "group", "zone", "server", "launch_config", "owner", "script"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(column, names[i]) == 0)
			return true;
	return false;
}

/* A cell as what it is: a number, or a text; empty ones are null. */
static void
put_cell(struct outbuf *b, const char *name, const char *z)
{
	double v = is_name(name) ? NAN : csv_num(z);

	if (z[0] == '\0' || !isnan(v))
		put_num(b, name, v);
	else
		put_text(b, name, z);
}

/* --- rows ------------------------------------------------------------ */

static void
row_names(struct outbuf *b, const struct row *r)
{
	put_text(b, "proxy", r->px);
	put_text(b, "server", r->sv);
	put_text(b, "type", row_types[r->type]);
	put_text(b, "state", states[r->state]);
	put_text(b, "status", r->word);
}

static void
row_rates(struct outbuf *b, const struct row *r)
{
	static const char *const names[C_COUNT] = {
		"req_s", "sess_s", "in_s", "out_s", "4xx_s", "5xx_s", "econ_s", "eresp_s",
		"chkfail_s"
	};

	for (int i = 0; i < C_COUNT; i++)
		put_num(b, names[i], r->rate[i]);
	put_num(b, "p50_ms", r->p50_us / 1000);
	put_num(b, "p90_ms", r->p90_us / 1000);
	put_num(b, "p99_ms", r->p99_us / 1000);
	put_num(b, "changed", r->changed_s > 0 ? (double)r->changed_s : NAN);
	if (r->type == ROW_BACKEND) {
		put_num(b, "up", r->up);
		put_num(b, "servers", r->servers);
	}
}

/* The columns as they came, by their names. */
static void
row_fields(struct outbuf *b, const struct row *r)
{
	key(b, "fields");
	outbuf_z(b, "{");
	for (unsigned i = 2; i < r->ncols && i < r->host->ncolumns; i++)
		if (r->raw[r->at[i]] != '\0' && r->host->columns[i][0] != '-')
			put_cell(b, r->host->columns[i], r->raw + r->at[i]);
	outbuf_z(b, "}");
}

static void
row_columns_chosen(struct outbuf *b, const struct batch *t, const struct row *r)
{
	char text[256];

	for (unsigned i = 0; i < t->ncolumns; i++) {
		double v = batch_value(t->m, r, t->columns[i], text, sizeof(text));

		if (isnan(v) && text[0] != '\0')
			put_text(b, batch_column_name(t->columns[i]), text);
		else
			put_num(b, batch_column_name(t->columns[i]), v);
	}
}

static void
put_row(struct outbuf *b, const struct batch *t, const struct row *r)
{
	outbuf_z(b, b->data[b->len - 1] == '[' ? "{" : ",{");
	if (t->ncolumns > 0)
		row_columns_chosen(b, t, r);
	else {
		row_names(b, r);
		row_rates(b, r);
		row_fields(b, r);
	}
	outbuf_z(b, "}");
}

static void
put_rows(struct outbuf *b, const struct batch *t, const struct host *h)
{
	key(b, "rows");
	outbuf_z(b, "[");
	for (unsigned i = 0; i < h->nrows; i++)
		if (batch_wants(t->filter, h->rows[i]))
			put_row(b, t, h->rows[i]);
	outbuf_z(b, "]");
}

/* --- hosts ----------------------------------------------------------- */

static void
put_sheet(struct outbuf *b, const char *name, const struct sheet *s)
{
	key(b, name);
	outbuf_z(b, "[");
	for (unsigned i = 0; i < s->nrows; i++) {
		outbuf_z(b, i == 0 ? "{" : ",{");
		for (unsigned c = 0; c < s->ncols; c++)
			put_cell(b, s->text + s->cell[c],
			    s->text + s->cell[(i + 1) * s->ncols + c]);
		outbuf_z(b, "}");
	}
	outbuf_z(b, "]");
}

static void
put_totals(struct outbuf *b, const struct host *h)
{
	struct totals t;

	model_totals(h->model, h, &t);
	key(b, "total");
	outbuf_z(b, "{");
	put_num(b, "req_s", t.req_s);
	put_num(b, "4xx_s", t.e4_s);
	put_num(b, "5xx_s", t.e5_s);
	put_num(b, "in_s", t.in_s);
	put_num(b, "out_s", t.out_s);
	put_num(b, "queue", t.queue);
	put_num(b, "p50_ms", t.p50_us / 1000);
	put_num(b, "p99_ms", t.p99_us / 1000);
	put_num(b, "backends", t.backends);
	put_num(b, "critical", t.critical);
	put_num(b, "degraded", t.degraded);
	put_num(b, "servers", t.servers);
	put_num(b, "servers_up", t.servers_up);
	put_num(b, "alarms", t.alarms);
	outbuf_z(b, "}");
}

static void
put_host(struct outbuf *b, const struct batch *t, const struct host *h)
{
	static const char *const names[KIND_COUNT] = {
		"groups", "instances", "alarms", "policies", "lua"
	};

	put_text(b, "name", h->name);
	put_text(b, "kind", host_kinds[h->kind]);
	put_text(b, "state", host_states[h->state]);
	put_text(b, "error", h->error);
	put_text(b, "version", h->version);
	put_text(b, "node", h->node);
	put_num(b, "pid", h->pid);
	put_num(b, "uptime_s", h->uptime_s);
	put_num(b, "conns", h->conns);
	put_num(b, "maxconn", h->maxconn);
	put_num(b, "restarts", h->restarts);
	put_num(b, "lag_ms", h->lag_ms);
	put_num(b, "skew_ms", (double)h->skew_ms);
	put_text(b, "latency", quality_name(host_quality(h)));
	put_bool(b, "scaling_paused", h->is_paused);
	put_bool(b, "test_clock", h->is_test_clock);
	put_totals(b, h);
	put_rows(b, t, h);
	for (int k = 0; k < KIND_COUNT && h->kind == HOST_WEIR; k++)
		put_sheet(b, names[k], &h->kinds[k]);
}

void
batch_json(const struct batch *t, struct outbuf *b)
{
	outbuf_fmt(b, "{\"time\":%.3f,\"hosts\":[", (double)t->m->now_ms / 1000);
	for (unsigned i = 0; i < t->m->nhosts; i++) {
		outbuf_z(b, i == 0 ? "{" : ",{");
		put_host(b, t, t->m->hosts[i]);
		outbuf_z(b, "}");
	}
	outbuf_z(b, "]}\n");
}
