/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show alarm: one alarm's fields, why it is in its state (`explain`: the points of
 * the last evaluation, what stood in for missing ones, the rule that decided), and
 * its history.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/alarm_put.h"
#include "api/cli.h"
#include "api/when.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/alarm.h"
#include "ctl/alarm_history.h"

/* ---- explain ---- */

#define SLOTS_AT_A_TIME	64u

/* An evaluation as it was when it was asked for. */
struct explained {
	struct metric_point *points;	/* owned */
	struct alarm_test test;
	struct alarm_verdict verdict;
	int64_t		 from_s;
	uint32_t	 period_s;
	bool		 is_fresh, is_json;
	unsigned	 left;		/* slots that are not shown yet */
	unsigned	 fills;		/* missing ones to fill yet */
};

static void
explained_free(void *state)
{
	struct explained *e = state;

	free(e->points);
	free(e);
}

/* What the i-th slot (0 is the oldest) counted as. */
static const char *
counted_as(struct explained *e, unsigned i)
{
	const struct metric_point *p = &e->points[i];

	if (p->n > 0)
		return alarm_breaches(e->test.op, p->v, e->test.threshold) ? "breaching" : "good";
	if (e->fills == 0)
		return "missing";
	e->fills--;
	return e->verdict.rule == ALARM_BY_BREACHING ? "missing: breaching" :
	    "missing: not breaching";
}

static void
put_slot(struct outbuf *b, struct explained *e, unsigned i)
{
	const struct metric_point *p = &e->points[i];
	int64_t from_s = e->from_s + (int64_t)i * e->period_s;

	outbuf_fmt(b, e->is_json ? "{\"slot\":%u,\"time\":\"" : "%u,",
	    alarm_slots(e->test.n) - i);
	alarm_put_instant(b, (uint64_t)from_s * 1000000);
	outbuf_z(b, e->is_json ? "\",\"value\":" : ",");
	if (p->n > 0)
		outbuf_double(b, p->v);
	else
		outbuf_z(b, e->is_json ? "null" : "");
	outbuf_fmt(b, e->is_json ? ",\"samples\":%.0f,\"counts_as\":\"%s\"}" : ",%.0f,%s\n", p->n,
	    counted_as(e, i));
	outbuf_z(b, e->is_json && i > 0 ? "," : "");
}

static void
put_verdict(struct outbuf *b, const struct explained *e)
{
	const struct alarm_verdict *v = &e->verdict;

	outbuf_fmt(b, e->is_json ? "],\"state\":\"%s\",\"real\":%u,\"breaching\":%u,"
	    "\"filled\":%u,\"fresh\":%s,\"rule\":\"%s\"}\n" :
	    "#state=%s real=%u breaching=%u filled=%u fresh=%s rule: %s\n",
	    alarm_state_name(v->state), v->real, v->breaching, v->filled,
	    e->is_fresh ? "true" : "false", alarm_rule_text(v->rule));
}

static bool
explain_more(struct cli *c)
{
	struct explained *e = c->state;

	for (unsigned n = 0; e->left > 0 && n < SLOTS_AT_A_TIME; n++)
		put_slot(&c->out, e, --e->left);
	if (e->left == 0)
		put_verdict(&c->out, e);
	return e->left == 0;
}

/* Without points: the reason says it. */
static void
explain_reason(struct cli *c, const struct alarm *a, bool is_json)
{
	outbuf_fmt(&c->out, is_json ? "{\"slots\":[],\"state\":\"%s\",\"reason\":" :
	    "#state=%s reason: ", alarm_state_name(a->state));
	if (is_json)
		outbuf_json(&c->out, a->reason);
	else
		outbuf_z(&c->out, a->reason);
	outbuf_z(&c->out, is_json ? "}\n" : "\n");
}

static struct explained *
explained_new(const struct alarm *a, bool is_json)
{
	struct explained *e = xcalloc(1, sizeof *e);

	e->test = a->conf->test;
	e->verdict = a->verdict;
	e->from_s = a->from_s;
	e->period_s = a->conf->query.period_s;
	e->is_fresh = a->is_fresh;
	e->is_json = is_json;
	e->left = alarm_slots(e->test.n);
	e->fills = e->verdict.filled;
	e->points = xcalloc(e->left, sizeof *e->points);
	memcpy(e->points, a->points, e->left * sizeof *e->points);
	return e;
}

static void
explain(struct cli *c, const struct alarm *a, bool is_json)
{
	if (a->points == NULL) {
		explain_reason(c, a, is_json);
		return;
	}
	outbuf_z(&c->out, is_json ? "{\"evaluated\":\"" : "#slot,time,value,samples,counts_as\n");
	if (is_json) {
		alarm_put_instant(&c->out, a->evaluated_us);
		outbuf_z(&c->out, "\",\"slots\":[");
	}
	cli_more(c, explain_more, explained_new(a, is_json), explained_free);
}

/* ---- history ---- */

#define HISTORY_AT_A_TIME	64u
#define HISTORY_MAX		100u

struct past {
	char		*name;		/* owned */
	uint64_t	 last_id;	/* shown last; UINT64_MAX at first */
	uint64_t	 max;
	struct when	 when;
	bool		 is_json, any;
};

static void
past_free(void *state)
{
	struct past *p = state;

	free(p->name);
	free(p);
}

static void
put_row(struct outbuf *b, const struct alarm_row *r, bool is_json)
{
	outbuf_z(b, is_json ? "{\"time\":\"" : "");
	alarm_put_instant(b, r->t_us);
	outbuf_fmt(b, is_json ? "\",\"type\":\"%s\",\"summary\":" : ",%s,",
	    alarm_item_name(r->type));
	if (is_json) {
		outbuf_json(b, r->summary);
		outbuf_fmt(b, ",\"data\":%s}", r->data);
	} else {
		outbuf_csv(b, r->summary);
		outbuf_z(b, ",");
		outbuf_csv(b, r->data);
		outbuf_z(b, "\n");
	}
}

/* The newest row that is older than the one shown last. */
static const struct alarm_row *
next_row(const struct past *p)
{
	const struct alarm_row *r = alarm_history_newest(p->name);

	while (r != NULL && r->id >= p->last_id)
		r = alarm_history_older(r, false);
	return r;
}

static bool
history_more(struct cli *c)
{
	struct past *p = c->state;
	const struct alarm_row *r = next_row(p);

	for (unsigned n = 0; r != NULL && p->max > 0 &&
	    (int64_t)(r->t_us / 1000000) >= p->when.from_s; n++) {
		if (n == HISTORY_AT_A_TIME)
			return false;
		p->last_id = r->id;
		if ((int64_t)(r->t_us / 1000000) <= p->when.to_s) {
			outbuf_z(&c->out, p->is_json && p->any ? "," : "");
			put_row(&c->out, r, p->is_json);
			p->any = true;
			p->max--;
		}
		r = alarm_history_older(r, false);
	}
	outbuf_z(&c->out, p->is_json ? "]\n" : "");
	return true;
}

static int
history_word(struct cli *c, int i, void *arg)
{
	struct past *p = arg;

	if (strcmp(c->args[i], "json") == 0 && i == c->nargs - 1) {
		p->is_json = true;
		return 1;
	}
	if (strcmp(c->args[i], "max") != 0)
		return 0;
	if (str_to_u64(str_of(cli_arg(c, i + 1)), &p->max) && p->max > 0)
		return 2;
	cli_err(c, "'max' expects a number.");
	return -1;
}

static void
history(struct cli *c)
{
	struct past *p = xcalloc(1, sizeof *p);

	p->name = xstrdup(cli_arg(c, 0));
	p->last_id = UINT64_MAX;
	p->max = HISTORY_MAX;
	if (!when_words(c, 2, ALARM_HISTORY_US / 1000000, &p->when, history_word, p)) {
		past_free(p);
		return;
	}
	outbuf_z(&c->out, p->is_json ? "[" : "#time,type,summary,data\n");
	cli_more(c, history_more, p, past_free);
}

static void
show_alarm(struct cli *c)
{
	const char *what = cli_arg(c, 1);
	bool is_json = c->nargs > 1 && strcmp(c->args[c->nargs - 1], "json") == 0;
	struct alarm *a;

	/* also of one that is gone */
	if (strcmp(what, "history") == 0 && alarm_history_newest(cli_arg(c, 0)) != NULL) {
		history(c);
		return;
	}
	if ((a = cli_alarm_named(c, cli_arg(c, 0))) == NULL)
		return;
	if (strcmp(what, "history") == 0) {
		history(c);
	} else if (strcmp(what, "explain") == 0) {
		explain(c, a, is_json);
	} else if (c->nargs > 1 + (is_json ? 1 : 0)) {
		cli_err(c, "Unknown word '%s'.", what);
	} else if (is_json) {
		alarm_put_json(&c->out, a);
		outbuf_z(&c->out, "\n");
	} else {
		alarm_put_fields(&c->out, a);
	}
}

static const struct cli_row rows[] = {
	{ "show alarm", CLI_USER, 0, show_alarm,
	  "<name> [explain | history [from <t>] [to <t>] [max <n>]] [json]",
	  "report one alarm: its settings, why it is in its state, its past" },
	{ 0 }
};

const struct module mod_cli_show_alarm = { .name = "cli_show_alarm", .cli = rows };
