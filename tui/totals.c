/* SPDX-License-Identifier: BSD-2-Clause */
/* What is derived from the rows of hosts: numbers of fields, sums of a fleet. */
#include <math.h>
#include <string.h>

#include "tui/csv.h"
#include "tui/model.h"

double
row_num(const struct row *r, enum field f)
{
	return csv_num(row_text(r, f));
}

enum quality
host_quality(const struct host *h)
{
	if (h->column_of[F_p50_us] >= 0)
		return Q_HISTOGRAM;
	if (h->has_ring)
		return Q_RING;
	return h->column_of[F_ttime] >= 0 ? Q_AVG1024 : Q_NONE;
}

const char *
quality_name(enum quality q)
{
	static const char *const names[] = { "none", "histogram", "from ring", "avg1024" };

	return names[q];
}

static void
add(double *sum, double v)
{
	if (!isnan(v))
		*sum += v;
}

/* Percentiles are never averaged: those of the worst backend stand for all. */
static void
worst(struct totals *t, const struct row *r)
{
	if (isnan(r->p99_us) || (!isnan(t->p99_us) && r->p99_us <= t->p99_us))
		return;
	t->p50_us = r->p50_us;
	t->p90_us = r->p90_us;
	t->p99_us = r->p99_us;
}

static void
add_row(struct totals *t, const struct row *r)
{
	switch (r->type) {
	case ROW_FRONTEND:
		add(&t->req_s, r->rate[C_REQ]);
		add(&t->in_s, r->rate[C_IN]);
		add(&t->out_s, r->rate[C_OUT]);
		add(&t->e4_s, r->rate[C_4XX]);
		add(&t->e5_s, r->rate[C_5XX]);
		break;
	case ROW_BACKEND:
		t->backends++;
		t->critical += r->state == ST_CRIT;
		t->degraded += r->state == ST_DEGRADED;
		add(&t->queue, row_num(r, F_qcur));
		worst(t, r);
		break;
	case ROW_SERVER:
		t->servers++;
		t->servers_up += r->state == ST_OK || strncmp(r->word, "UP", 2) == 0;
		break;
	case ROW_LISTENER:
		break;
	}
}

/* Idle is told in place of INSUFFICIENT_DATA; an alarm that stands is one. */
static void
add_alarms(struct totals *t, const struct sheet *s)
{
	for (unsigned i = 0; i < s->nrows; i++) {
		const char *state = sheet_get(s, i, "state");
		bool is_idle = strcmp(sheet_get(s, i, "idle"), "1") == 0;

		if (strcmp(state, "ALARM") == 0)
			t->alarms++;
		else if (strcmp(state, "OK") == 0)
			t->alarms_ok++;
		else if (is_idle)
			t->idle++;
		else
			t->insufficient++;
	}
}

static void
add_host(struct totals *t, const struct host *h)
{
	add(&t->conns, h->conns);
	add(&t->maxconn, h->maxconn);
	for (unsigned i = 0; i < h->nrows; i++)
		add_row(t, h->rows[i]);
	add_alarms(t, &h->kinds[KIND_ALARM]);
}

void
model_totals(const struct model *m, const struct host *only, struct totals *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->p50_us = ret->p90_us = ret->p99_us = NAN;
	for (unsigned i = 0; i < m->nhosts; i++)
		if (only == NULL || only == m->hosts[i])
			add_host(ret, m->hosts[i]);
}
