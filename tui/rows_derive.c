/* SPDX-License-Identifier: BSD-2-Clause */
/* What follows from the fields of rows: states, rates, histories, sums. */
#include <stdio.h>
#include <string.h>

#include "tui/rows_in.h"

#define HISTORY_ROWS	2500u	/* hosts with more rows keep histories of proxies only */
#define CHECK_EVERY_MS	2000

/* --- states ---------------------------------------------------------- */

/* What a status begins with; the first that fits counts. */
static const struct status {
	const char *begin;
	enum state state;
	const char *word;		/* NULL: as it is */
} statuses[] = {
	{ "UP ", ST_DEGRADED, NULL }, { "UP", ST_OK, NULL }, { "no check", ST_OK, "no check" },
	{ "OPEN", ST_OK, NULL }, { "MAINT", ST_MAINT, "MAINT" }, { "DRAIN", ST_DRAIN, NULL },
	{ "NOLB", ST_DEGRADED, NULL }, { "DOWN (", ST_CRIT, "DOWN" },
	{ "DOWN ", ST_DEGRADED, NULL }, { "DOWN", ST_CRIT, NULL }, { "FULL", ST_DEGRADED, NULL },
	{ "WAITING", ST_DEGRADED, NULL }, { "PAUSED", ST_MAINT, NULL }, { "STOP", ST_MAINT, NULL },
	{ "", ST_UNKNOWN, NULL }
};

static void
set_state(struct row *r)
{
	const char *text = row_text(r, F_status);
	const struct status *s = statuses;

	while (strncmp(text, s->begin, strlen(s->begin)) != 0)
		s++;
	r->state = s->state;
	snprintf(r->word, sizeof(r->word), "%s", s->word != NULL ? s->word : text);
}

static bool
is_usable(const struct row *r)
{
	return r->state == ST_OK || strncmp(r->word, "UP", 2) == 0;
}

/* Servers of the backend whose rows are being walked. */
struct count { unsigned n, up, bad; };

/* A backend is as well as its servers are; without their rows, as it says itself. */
static void
set_backend_state(struct row *r, const struct count *c)
{
	double act = row_num(r, F_act), bck = row_num(r, F_bck);

	r->servers = c->n;
	r->up = c->up;
	if (c->n == 0) {
		r->up = (isnan(act) ? 0 : (unsigned)act) + (isnan(bck) ? 0 : (unsigned)bck);
		r->servers = r->up;
	} else if (c->up == 0)
		r->state = ST_CRIT;
	else
		r->state = c->bad > 0 ? ST_DEGRADED : ST_OK;
}

void
host_backends(struct host *h)
{
	struct count c = { 0, 0, 0 };

	for (unsigned i = 0; i < h->nrows; i++) {
		struct row *r = h->rows[i];

		if (i > 0 && strcmp(r->px, h->rows[i - 1]->px) != 0)
			c = (struct count){ 0, 0, 0 };
		if (r->type == ROW_SERVER) {
			c.n++;
			c.up += is_usable(r);
			c.bad += r->state == ST_CRIT || r->state == ST_DEGRADED;
		} else if (r->type == ROW_BACKEND)
			set_backend_state(r, &c);
	}
}

/* --- rates ----------------------------------------------------------- */

/* A server or proxy in TCP mode has no requests: its sessions count. */
static void
read_counters(const struct row *r, double c[C_COUNT])
{
	static const uint16_t fields[C_COUNT] = {
		[C_REQ] = F_req_tot, [C_SESS] = F_stot, [C_IN] = F_bin, [C_OUT] = F_bout,
		[C_4XX] = F_hrsp_4xx, [C_5XX] = F_hrsp_5xx, [C_ECON] = F_econ,
		[C_ERESP] = F_eresp, [C_CHKFAIL] = F_chkfail
	};

	for (int i = 0; i < C_COUNT; i++)
		c[i] = row_num(r, fields[i]);
	if (isnan(c[C_REQ]))
		c[C_REQ] = c[C_SESS];
}

static double
or_zero(double v)
{
	return isnan(v) ? 0 : v;
}

static void
put_history(struct row *r, int64_t from_ms, int64_t ms)
{
	double v[M_COUNT] = {
		[M_REQ] = r->rate[C_REQ], [M_SESS] = r->rate[C_SESS], [M_IN] = r->rate[C_IN],
		[M_OUT] = r->rate[C_OUT], [M_4XX] = r->rate[C_4XX], [M_5XX] = r->rate[C_5XX],
		[M_ERRORS] = or_zero(r->rate[C_ECON]) + or_zero(r->rate[C_ERESP]),
		[M_CUR] = row_num(r, F_scur), [M_QUEUE] = row_num(r, F_qcur),
		[M_P50] = r->p50_us, [M_P99] = r->p99_us, [M_AVG] = row_num(r, F_ttime) * 1000
	};

	if (r->hist == NULL && (r->type == ROW_LISTENER || r->sampled_ms == 0 ||
	    (r->type == ROW_SERVER && r->host->nrows > HISTORY_ROWS)))
		return;			/* with the second sample it is known how many there are */
	if (r->hist == NULL)
		r->hist = history_new();
	history_put(r->hist, from_ms / 1000, ms / 1000, v);
}

/* True: a counter went back. */
static bool
set_rates(struct row *r, const double c[C_COUNT], int64_t ms)
{
	double dt = r->sampled_ms > 0 ? (double)(ms - r->sampled_ms) / 1000 : 0;
	bool went_back = false;

	for (int i = 0; i < C_COUNT; i++) {
		went_back |= r->sampled_ms > 0 && c[i] < r->counter[i];
		r->rate[i] = dt > 0 && c[i] >= r->counter[i] ? (c[i] - r->counter[i]) / dt : NAN;
	}
	for (int i = 0; went_back && i < C_COUNT; i++)
		r->rate[i] = NAN;
	memcpy(r->counter, c, sizeof(r->counter));
	put_history(r, r->sampled_ms > 0 ? r->sampled_ms : ms - 1000, ms);
	r->sampled_ms = ms;
	return went_back;
}

static void
set_quantiles(struct row *r, int64_t ms)
{
	double q[3] = { row_num(r, F_p50_us), row_num(r, F_p90_us), row_num(r, F_p99_us) };

	if (isnan(q[2]) && r->host->has_ring && !ring_quantiles(r, ms, q))
		q[0] = q[1] = q[2] = NAN;
	r->p50_us = q[0];
	r->p90_us = q[1];
	r->p99_us = q[2];
	r->slo_us = fmax(0, row_num(r, F_slo_us));
}

/* Results of checks are seen when we look: at most one in two seconds, or a failure. */
static void
note_check(struct row *r, int64_t ms)
{
	const char *s = row_text(r, F_check_status);
	bool has_failed = r->rate[C_CHKFAIL] > 0;
	size_t n = strlen(r->checks);

	if (strncmp(s, "* ", 2) == 0)
		s += 2;
	if (*s == '\0' || strcmp(s, "INI") == 0 ||
	    (!has_failed && ms - r->checked_ms < CHECK_EVERY_MS))
		return;
	r->checked_ms = ms;
	if (n == sizeof(r->checks) - 1)
		memmove(r->checks, r->checks + 1, n--);
	r->checks[n] = !has_failed && strstr(s, "OK") != NULL ? '+' : 'x';
	r->checks[n + 1] = '\0';
}

/* --- a row ----------------------------------------------------------- */

enum row_type
row_type_of(const struct row *r)
{
	double t = row_num(r, F_type);

	if (t >= 0 && t <= 3)
		return (enum row_type)t;
	return strcmp(r->sv, "FRONTEND") == 0 ? ROW_FRONTEND :
	    strcmp(r->sv, "BACKEND") == 0 ? ROW_BACKEND : ROW_SERVER;
}

/* A stock haproxy tells no events: changes of state are what there is. */
static void
note_change(struct row *r, const char *was, int64_t ms)
{
	char name[280], text[200];
	const char *const parts[5] = { "health", name, was, r->word, text };

	if (was[0] == '\0' || strcmp(was, r->word) == 0 || r->host->kind == HOST_WEIR ||
	    r->type == ROW_LISTENER)
		return;
	snprintf(name, sizeof(name), "%s/%s", r->px, r->sv);
	snprintf(text, sizeof(text), "%s %s", row_text(r, F_check_status),
	    row_text(r, F_last_chk));
	event_note(r->host, ms, parts, 0);
}

bool
row_derive(struct row *r, int64_t ms)
{
	double c[C_COUNT], age = row_num(r, F_lastchg);
	char was[sizeof(r->word)];
	bool went_back;

	memcpy(was, r->word, sizeof(was));
	r->type = row_type_of(r);
	set_state(r);
	set_quantiles(r, ms);
	read_counters(r, c);
	went_back = set_rates(r, c, ms);
	r->changed_s = isnan(age) ? 0 : ms / 1000 - (int64_t)age;
	note_change(r, was, ms);
	if (r->type == ROW_SERVER)
		note_check(r, ms);
	return went_back;
}

/* Rows that a snapshot does not bring are as they were: nothing was counted. */
void
rows_unsent(struct host *h, int64_t ms)
{
	for (unsigned i = 0; i < h->nrows; i++) {
		struct row *r = h->rows[i];

		if (r->seen == h->feeds || r->sampled_ms == 0)
			continue;
		set_rates(r, r->counter, ms);
		if (r->type == ROW_SERVER)
			note_check(r, ms);
	}
}

/* --- sums ------------------------------------------------------------ */

void
host_sums(struct host *h, int64_t ms)
{
	struct totals t;
	double v[M_COUNT];
	int64_t from_ms = h->total_ms > 0 ? h->total_ms : ms - 1000;

	model_totals(h->model, h, &t);
	for (int i = 0; i < M_COUNT; i++)
		v[i] = NAN;
	for (unsigned i = 0; i < h->nrows; i++) {
		const struct row *r = h->rows[i];
		int64_t s = ms / 1000;

		for (int k = 0; r->type == ROW_FRONTEND && r->hist != NULL && k < M_P50; k++)
			if (k != M_QUEUE && !isnan(history_at(r->hist, k, s)))
				v[k] = or_zero(v[k]) + history_at(r->hist, k, s);
	}
	v[M_QUEUE] = t.queue;
	v[M_P50] = t.p50_us;
	v[M_P99] = t.p99_us;
	history_put(&h->total, from_ms / 1000, ms / 1000, v);
	h->total_ms = ms;
}
