/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms as text; see alarm_put.h. One table of columns serves all forms.
 *
 * Thread: control.
 */
#include "api/alarm_put.h"

#include <time.h>

#include "api/snapshot_rows.h"
#include "base/out.h"
#include "ctl/alarm.h"
#include "ctl/trial.h"

void
alarm_put_instant(struct outbuf *b, uint64_t us)
{
	time_t s = (time_t)(us / 1000000);
	struct tm tm;

	if (us == 0)
		return;
	gmtime_r(&s, &tm);
	outbuf_fmt(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(us / 1000 % 1000));
}

static bool
has_points(const struct alarm *a)
{
	return a->conf->source == ALARM_OF_METRIC || a->conf->source == ALARM_OF_MATH;
}

/* ---- columns ---- */

static void
v_name(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, a->name);
}

static void
v_state(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, alarm_state_name(a->state));
}

static void
v_idle(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, a->is_idle ? "1" : "0");
}

static void
v_since(struct outbuf *b, const struct alarm *a)
{
	alarm_put_instant(b, a->since_us);
}

static void
v_acked(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, a->acked_by != NULL ? a->acked_by : "");
}

static void
v_silenced(struct outbuf *b, const struct alarm *a)
{
	alarm_put_instant(b, alarm_is_silenced(a) ? a->silenced_until_us : 0);
}

static void
v_enabled(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, a->is_enabled ? "1" : "0");
}

static void
v_metric(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, a->conf->source == ALARM_OF_METRIC ? a->conf->query.key.name :
	    a->conf->text != NULL ? a->conf->text : "");
}

static void
v_stat(struct outbuf *b, const struct alarm *a)
{
	if (a->conf->source == ALARM_OF_METRIC)
		alarm_put_stat(b, &a->conf->query);
}

static void
v_period(struct outbuf *b, const struct alarm *a)
{
	outbuf_fmt(b, "%u", a->conf->query.period_s);
}

static void
v_m(struct outbuf *b, const struct alarm *a)
{
	if (has_points(a))
		outbuf_fmt(b, "%u", a->conf->test.m);
}

static void
v_n(struct outbuf *b, const struct alarm *a)
{
	if (has_points(a))
		outbuf_fmt(b, "%u", a->conf->test.n);
}

static void
v_op(struct outbuf *b, const struct alarm *a)
{
	if (has_points(a))
		outbuf_z(b, alarm_op_sign(a->conf->test.op));
}

static void
v_threshold(struct outbuf *b, const struct alarm *a)
{
	if (has_points(a))
		outbuf_double(b, a->conf->test.threshold);
}

static void
v_unit(struct outbuf *b, const struct alarm *a)
{
	const struct metric_key *k = &a->conf->query.key;
	const char *unit = k->unit;

	if (a->conf->source != ALARM_OF_METRIC)
		return;
	if (unit == NULL)
		unit = metric_unit(k->ns, k->name);
	outbuf_z(b, unit != NULL ? unit : "");
}

static void
v_value(struct outbuf *b, const struct alarm *a)
{
	if (a->has_value)
		outbuf_double(b, a->value);
}

static void
v_owner(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, alarm_owner(a));
}

/* Those of `show alarm` only */

static void
v_reason(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, a->reason);
}

static void
v_comment(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, a->ack_comment != NULL ? a->ack_comment : "");
}

static void
v_namespace(struct outbuf *b, const struct alarm *a)
{
	if (a->conf->source == ALARM_OF_METRIC)
		outbuf_z(b, a->conf->query.key.ns);
}

/* LoadBalancerName=web,AvailabilityZone=eu-1a */
static void
v_dimensions(struct outbuf *b, const struct alarm *a)
{
	const struct metric_key *k = &a->conf->query.key;

	for (unsigned i = 0; i < k->ndims; i++)
		outbuf_fmt(b, "%s%s=%s", i > 0 ? "," : "", k->dims[i].name, k->dims[i].value);
}

static void
v_missing(struct outbuf *b, const struct alarm *a)
{
	if (has_points(a))
		outbuf_z(b, alarm_treat_name(a->conf->test.treat));
}

static void
v_evaluated(struct outbuf *b, const struct alarm *a)
{
	alarm_put_instant(b, a->evaluated_us);
}

static void
v_configured(struct outbuf *b, const struct alarm *a)
{
	alarm_put_instant(b, a->configured_us);
}

static void
v_actions(struct outbuf *b, const struct alarm *a)
{
	struct alarm_place place = alarm_place();

	for (const struct alarm_action *act = a->conf->actions; act != NULL; act = act->next) {
		outbuf_fmt(b, "%s%s ", act == a->conf->actions ? "" : ",",
		    alarm_state_name(act->on));
		alarm_action_arn(b, &place, act);
	}
}

static void
v_description(struct outbuf *b, const struct alarm *a)
{
	outbuf_z(b, a->conf->description);
}

static const struct column {
	const char	*name;
	bool		 is_number;	/* of JSON; nothing is null */
	void		(*put)(struct outbuf *b, const struct alarm *a);
} columns[] = {
	{ "name", false, v_name }, { "state", false, v_state }, { "idle", true, v_idle },
	{ "since", false, v_since }, { "acked_by", false, v_acked },
	{ "silenced_until", false, v_silenced }, { "enabled", true, v_enabled },
	{ "metric", false, v_metric }, { "stat", false, v_stat }, { "period_s", true, v_period },
	{ "m", true, v_m }, { "n", true, v_n }, { "op", false, v_op },
	{ "threshold", true, v_threshold }, { "unit", false, v_unit }, { "value", true, v_value },
	{ "owner", false, v_owner },
#define LISTED	17u
	{ "reason", false, v_reason }, { "ack_comment", false, v_comment },
	{ "namespace", false, v_namespace }, { "dimensions", false, v_dimensions },
	{ "missing_data", false, v_missing }, { "evaluated", false, v_evaluated },
	{ "configured", false, v_configured }, { "actions", false, v_actions },
	{ "description", false, v_description },
};

#define COLUMNS	(sizeof columns / sizeof columns[0])

/* A cell into `cell`, which is never NULL then. */
static const char *
cell_of(const struct column *col, const struct alarm *a, struct outbuf *cell)
{
	outbuf_clear(cell);
	outbuf_z(cell, "");
	col->put(cell, a);
	return cell->len > 0 ? cell->data : "";
}

static void
put_head(struct outbuf *b)
{
	for (unsigned i = 0; i < LISTED; i++)
		outbuf_fmt(b, "%s%s", i == 0 ? "" : ",", columns[i].name);
}

void
alarm_put_csv_head(struct outbuf *b)
{
	outbuf_z(b, "#");
	put_head(b);
	outbuf_z(b, "\n");
}

static void
put_cells(struct outbuf *b, const struct alarm *a)
{
	struct outbuf cell;

	outbuf_init(&cell, 0);
	for (unsigned i = 0; i < LISTED; i++) {
		outbuf_z(b, i == 0 ? "" : ",");
		outbuf_csv(b, cell_of(&columns[i], a, &cell));
	}
	outbuf_fini(&cell);
}

void
alarm_put_csv(struct outbuf *b, const struct alarm *a)
{
	put_cells(b, a);
	outbuf_z(b, "\n");
}

void
alarm_put_json(struct outbuf *b, const struct alarm *a)
{
	struct outbuf cell;

	outbuf_init(&cell, 0);
	for (unsigned i = 0; i < COLUMNS; i++) {
		const char *text = cell_of(&columns[i], a, &cell);

		outbuf_fmt(b, "%s\"%s\":", i == 0 ? "{" : ",", columns[i].name);
		if (columns[i].is_number)
			outbuf_z(b, text[0] != '\0' ? text : "null");
		else
			outbuf_json(b, text);
	}
	outbuf_z(b, "}");
	outbuf_fini(&cell);
}

void
alarm_put_fields(struct outbuf *b, const struct alarm *a)
{
	struct outbuf cell;

	outbuf_init(&cell, 0);
	for (unsigned i = 0; i < COLUMNS; i++)
		outbuf_fmt(b, "%s: %s\n", columns[i].name, cell_of(&columns[i], a, &cell));
	outbuf_fini(&cell);
}

/* ---- rows of show snapshot ---- */

static void
each_name(snapshot_name_fn *fn, void *arg)
{
	ALARM_EACH(a)
		fn(a->name, arg);
}

static bool
put_named(struct outbuf *b, const char *name)
{
	const struct alarm *a = alarm_find(name);

	if (a != NULL)
		put_cells(b, a);
	return a != NULL;
}

const struct snapshot_rows alarm_rows = { "alarm", 0, put_head, each_name, put_named };

void
alarm_put_costs(struct outbuf *b, const struct trial_costs *costs, bool is_json)
{
	if (is_json || costs->calls > 0)
		outbuf_fmt(b, is_json ? ",\"calls\":%u,\"errors\":%u,\"slowest_us\":%llu" :
		    " calls=%u errors=%u slowest_us=%llu", costs->calls, costs->errors,
		    (unsigned long long)costs->slowest_us);
	if (is_json) {
		outbuf_z(b, ",\"last_error\":");
		outbuf_json(b, costs->last_error);
		outbuf_z(b, "}}\n");
		return;
	}
	outbuf_z(b, "\n");
	if (costs->errors > 0)
		outbuf_fmt(b, "#error %s\n", costs->last_error);
}
