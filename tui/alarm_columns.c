/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of alarms. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/alarm_columns.h"
#include "tui/rows.h"
#include "tui/timeline.h"

static bool
is_idle(const void *row)
{
	return strcmp(object_get(row, "idle"), "1") == 0 &&
	    strcmp(object_get(row, "state"), "INSUFFICIENT_DATA") == 0;
}

enum state
alarm_state(const void *row)
{
	return alarm_sign(object_get(row, "state"), is_idle(row));
}

/* Trouble first: ALARM, then no data, OK, idle. */
static double
alarm_severity(const struct model *m, const void *row)
{
	static const double by_state[ST_COUNT] = { [ST_CRIT] = 4, [ST_UNKNOWN] = 3, [ST_OK] = 2,
		[ST_MAINT] = 1 };

	(void)m;
	return by_state[alarm_state(row)];
}

OBJECT_CELL(text_name, "name", R_FG)
OBJECT_CELL(text_metric, "metric", R_FG)
OBJECT_CELL(text_stat, "stat", R_DIM)

static int
text_state(const struct model *m, const void *row, char *buf, size_t size)
{
	const char *state = object_get(row, "state");

	(void)m;
	snprintf(buf, size, "%s", is_idle(row) ? "idle" :
	    strcmp(state, "INSUFFICIENT_DATA") == 0 ? "NO DATA" : state);
	return state_role(alarm_state(row));
}

/* Seconds as durations; other units as they are. */
void
alarm_value(const void *row, double v, char *buf, size_t size)
{
	const char *unit = object_get(row, "unit");

	if (isnan(v))
		snprintf(buf, size, "-");
	else if (strcmp(unit, "Seconds") == 0)
		num_us(v * 1e6, buf, size);
	else if (strcmp(unit, "Percent") == 0)
		snprintf(buf, size, "%.3g%%", v);
	else if (strncmp(unit, "Bytes", 5) == 0)
		num_bytes(v, 6, buf, size);
	else
		num_count(v, 7, buf, size);
}

static int
text_value(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	alarm_value(row, object_num(row, "value"), buf, size);
	return alarm_state(row) == ST_CRIT ? R_CRIT : R_FG;
}

int
alarm_threshold(const struct model *m, const void *row, char *buf, size_t size)
{
	char v[32];

	(void)m;
	if (object_get(row, "op")[0] == '\0') {
		snprintf(buf, size, "-");
		return R_DIM;
	}
	alarm_value(row, object_num(row, "threshold"), v, sizeof(v));
	snprintf(buf, size, "%s %s", object_get(row, "op"), v);
	return R_DIM;
}

static int
text_points(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	snprintf(buf, size, "%s/%s x %ss", object_get(row, "m"), object_get(row, "n"),
	    object_get(row, "period_s"));
	return R_DIM;
}

static int
text_since(const struct model *m, const void *row, char *buf, size_t size)
{
	num_age(object_age_s(m, row, "since"), buf, size);
	return R_DIM;
}

static double
number_since(const struct model *m, const void *row)
{
	(void)m;
	return time_of(object_get(row, "since"));
}

/* Who saw to it, and what keeps it quiet. */
static int
text_notes(const struct model *m, const void *row, char *buf, size_t size)
{
	const char *by = object_get(row, "acked_by");
	const struct object *o = row;
	double until = time_of(object_get(row, "silenced_until")) -
	    (double)host_skew_s(o->host);
	size_t n = 0;
	char age[16];

	buf[0] = '\0';
	if (by[0] != '\0')
		n += (size_t)snprintf(buf, size, "ack %s ", by);
	if (until > (double)m->now_ms / 1000 && n < size) {
		num_age((int64_t)until - m->now_ms / 1000, age, sizeof(age));
		n += (size_t)snprintf(buf + n, size - n, "silent %s ", age);
	}
	if (strcmp(object_get(row, "enabled"), "1") != 0 && n < size)
		snprintf(buf + n, size - n, "off");
	return R_ACCENT;
}

static void
draw_timeline(const struct model *m, const void *row, struct area cell)
{
	const struct object *o = row;

	timeline_draw(o->host, object_get(row, "name"), object_get(row, "state"), ui_until_s(m),
	    m->ui->window_s, cell);
}

const struct column alarm_columns[] = {
	{ "name", "ALARM", 0, 10, 18, 32, COL_MIDDLE | COL_FIT, 0, text_name, NULL, NULL,
	    "its name" },
	{ "host", "HOST", 8, 4, 8, 12, 0, 2, object_host, NULL, NULL, "its appliance" },
	{ "state", "STATE", 0, 7, 7, 7, 0, 0, text_state, alarm_severity, NULL,
	    "ALARM, OK, NO DATA or idle" },
	{ "metric", "METRIC", 3, 8, 14, 24, COL_MIDDLE | COL_FIT, 0, text_metric, NULL, NULL,
	    "its metric" },
	{ "stat", "STAT", 5, 4, 8, 11, COL_FIT, 0, text_stat, NULL, NULL, "its statistic" },
	{ "value", "VALUE", 1, 6, 7, 9, COL_RIGHT, 0, text_value, NULL, NULL, "the newest value" },
	{ "threshold", "THRESHOLD", 2, 9, 9, 12, COL_FIT, 0, alarm_threshold, NULL, NULL,
	    "when a point is bad" },
	{ "points", "POINTS", 6, 9, 11, 14, COL_FIT, 0, text_points, NULL, NULL,
	    "bad points of the newest, and their length" },
	{ "since", "FOR", 4, 4, 4, 5, COL_RIGHT, 0, text_since, number_since, NULL,
	    "since the state changed" },
	{ "notes", "NOTES", 7, 6, 20, 24, COL_FIT, 0, text_notes, NULL, NULL,
	    "acknowledged, silenced, off" },
	{ "timeline", "STATES", 7, 10, 24, 0, COL_SPARK | COL_FLEX, 0, NULL, NULL, draw_timeline,
	    "its states over the window" },
};
const unsigned alarm_ncolumns = sizeof(alarm_columns) / sizeof(alarm_columns[0]);
