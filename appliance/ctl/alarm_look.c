/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One evaluation of an alarm of points: what they are, what they mean, and whether
 * anything of it is new. A state is entered again, and acted upon again, only by
 * something newer than what led to it last: data that stopped cannot go on scaling.
 *
 * Thread: control.
 */
#include "ctl/alarm.h"
#include "ctl/alarm_rule.h"

/* The wall clock went forward over this: no values are missing there. */
static struct {
	int64_t		 from_s, to_s;
} gap;

void
alarm_gap(int64_t from_s, int64_t to_s)
{
	gap.from_s = from_s - 60;
	gap.to_s = to_s + 60;
}

static int64_t
end_of(const struct alarm_conf *conf, int64_t from_s)
{
	return from_s + (int64_t)alarm_slots(conf->test.n) * conf->query.period_s;
}

static struct alarm_verdict
judge(const struct alarm_conf *conf, const struct metric_point *points, int64_t from_s,
    enum alarm_state now)
{
	struct alarm_test t = conf->test;

	if (t.treat == ALARM_BREACHING && gap.from_s < end_of(conf, from_s) && gap.to_s > from_s)
		t.treat = ALARM_IGNORE;
	return alarm_evaluate(points, &t, now);
}

/* The instant of the newest evidence for what was decided: a value, or a missing slot
 * that counts as breaching. */
static int64_t
evidence_of(const struct alarm_conf *conf, const struct alarm_verdict *v,
    const struct alarm_reading *r)
{
	if (v->rule == ALARM_BY_BREACHING && v->state == ALARM_ALARM && v->newest != 1)
		return end_of(conf, r->from_s) - 1;
	return r->newest_s;
}

/* To ALARM or OK again only by something new; but a state that the treatment of
 * missing data makes is as new as what is missing. */
static bool
is_stale(const struct alarm_verdict *v, enum alarm_state now, bool is_fresh)
{
	return v->state != now && v->state != ALARM_INSUFFICIENT &&
	    v->rule != ALARM_BY_NOT_BREACHING && !is_fresh;
}

struct alarm_look
alarm_look(const struct alarm_conf *conf, enum alarm_state now, int64_t *used_s,
    uint64_t at_us, struct metric_point *points, const struct alarm_bend *bend)
{
	struct alarm_reading r = alarm_read(conf, at_us, points, bend);
	struct alarm_look l = { .from_s = r.from_s,
		.verdict = judge(conf, points, r.from_s, now) };
	struct alarm_verdict *v = &l.verdict;
	int64_t evidence_s = evidence_of(conf, v, &r);

	l.has_value = v->newest != 0;
	if (l.has_value)
		l.value = points[alarm_slots(conf->test.n) - v->newest].v;
	if (is_stale(v, now, evidence_s > used_s[v->state])) {
		v->state = now;
		v->rule = ALARM_BY_STALE;
		return l;
	}
	l.is_fresh = evidence_s > used_s[v->state];
	if (l.is_fresh)
		used_s[v->state] = evidence_s;
	return l;
}

/* ---- in words ---- */

void
alarm_words_init(struct alarm_words *w, const struct alarm_conf *conf,
    const struct alarm_look *l, const struct metric_point *points, uint64_t at_us)
{
	struct outbuf stat;
	struct alarm_report r = { .points = points, .from_s = l->from_s,
		.period_s = conf->query.period_s, .test = &conf->test, .verdict = &l->verdict,
		.at_us = at_us, .unit = conf->query.key.unit };

	outbuf_init(&stat, 0);
	outbuf_init(&w->reason, 0);
	outbuf_init(&w->data, 0);
	outbuf_init(&w->brief, 0);
	if (conf->source == ALARM_OF_METRIC)
		alarm_put_stat(&stat, &conf->query);
	else
		outbuf_z(&stat, "Expression");
	r.stat = stat.data;
	alarm_put_reason(&w->reason, &r);
	alarm_put_reason_data(&w->data, &r);
	alarm_put_brief(&w->brief, &r);
	outbuf_fini(&stat);
}

void
alarm_words_fini(struct alarm_words *w)
{
	outbuf_fini(&w->reason);
	outbuf_fini(&w->data);
	outbuf_fini(&w->brief);
}

/* In the words of the states that it names. */
void
alarm_put_rule(struct outbuf *b, const struct alarm_conf *conf, bool holds,
    alarm_state_of_fn *state_of, void *arg)
{
	enum alarm_state s;
	const char *name;

	outbuf_fmt(b, "The rule %s %s:", conf->text, holds ? "holds" : "does not hold");
	for (unsigned i = 0; (name = alarm_rule_child(conf->rule, i)) != NULL; i++)
		outbuf_fmt(b, "%s %s is %s", i > 0 ? "," : "", name,
		    state_of(name, &s, arg) ? alarm_state_name(s) : "not there");
	outbuf_z(b, ".");
}
