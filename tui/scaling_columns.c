/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/graph.h"
#include "tui/scaling_columns.h"

/* Its number, for sorting. */
#define NUMBER(fn, column)							\
static double									\
fn(const struct model *m, const void *row)					\
{										\
	(void)m;								\
	return object_num(row, column);						\
}

/* Seconds since a time in the cell, as an age; and the time, for sorting. */
static int
age_text(const struct model *m, const void *row, const char *column, char *buf, size_t size)
{
	num_age(object_age_s(m, row, column), buf, size);
	return R_DIM;
}

/* --- Groups -------------------------------------------------------------- */

OBJECT_CELL(group_name, "name", R_FG)
OBJECT_CELL(group_min, "min", R_DIM)
OBJECT_CELL(group_max, "max", R_DIM)
OBJECT_CELL(group_launch, "launch_config", R_DIM)
NUMBER(group_desired_n, "desired")

static bool
is_moving(const void *row)
{
	return object_num(row, "pending") > 0 || object_num(row, "terminating") > 0;
}

enum state
group_state(const void *row)
{
	double desired = object_num(row, "desired"), serving = object_num(row, "inservice");

	if (strcmp(object_get(row, "owner"), "orphaned") == 0)
		return ST_CRIT;
	if (object_get(row, "suspended")[0] != '\0')
		return ST_MAINT;
	if (is_moving(row))
		return ST_BUSY;
	if (serving < desired)
		return serving > 0 ? ST_DEGRADED : ST_CRIT;
	return ST_OK;
}

static double
group_severity(const struct model *m, const void *row)
{
	static const double by_state[ST_COUNT] = { [ST_CRIT] = 5, [ST_DEGRADED] = 4, [ST_BUSY] = 3,
		[ST_MAINT] = 2, [ST_OK] = 1 };

	(void)m;
	return by_state[group_state(row)];
}

static int
group_desired(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	object_text(row, "desired", buf, size);
	return object_num(row, "desired") >= object_num(row, "max") ? R_WARN : R_FG;
}

static int
group_healthy(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	snprintf(buf, size, "%s/%s", object_get(row, "inservice"), object_get(row, "desired"));
	return state_role(group_state(row) == ST_MAINT ? ST_OK : group_state(row));
}

/* What is on its way: +2 comes, -1 goes. */
static int
group_moving(const struct model *m, const void *row, char *buf, size_t size)
{
	double come = object_num(row, "pending"), go = object_num(row, "terminating");
	int n = 0;

	(void)m;
	buf[0] = '\0';
	if (come > 0)
		n = snprintf(buf, size, "+%.0f", come);
	if (go > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, "%s-%.0f", n > 0 ? " " : "", go);
	return R_INFO;
}

/* A bar that empties, and the seconds left. */
static void
group_cooldown(const struct model *m, const void *row, struct area cell)
{
	double left = object_num(row, "cooldown_left_s"), all = object_num(row, "cooldown_s");
	char text[32];

	(void)m;
	if (!(left > 0) || !(all > 0)) {
		area_right(cell, 0, 0, cell.w, R_DIM, "-");
		return;
	}
	snprintf(text, sizeof(text), "%.0f/%.0fs", left, all);
	area_right(cell, 0, 0, cell.w, R_FG, text);
	if (cell.w > 14)
		bar_draw(area_part(cell, 0, 0, cell.w - 10, 1), left / all, R_INFO);
}

static int
group_last(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	if (object_get(row, "suspended")[0] != '\0') {
		snprintf(buf, size, "suspended: %s", object_get(row, "suspended"));
		return R_MAINT;
	}
	object_text(row, "last_activity", buf, size);
	return R_DIM;
}

const struct column group_columns[] = {
	{ "name", "GROUP", 0, 8, 16, 28, COL_MIDDLE | COL_FIT, 0, group_name, NULL, NULL,
	    "its name" },
	{ "host", "HOST", 8, 4, 8, 12, 0, 2, object_host, NULL, NULL, "its appliance" },
	{ "state", "", 99, 0, 0, 1, 0, 4, group_name, group_severity, NULL, "trouble first" },
	{ "min", "MIN", 2, 3, 4, 5, COL_RIGHT, 0, group_min, NULL, NULL, "smallest size" },
	{ "desired", "DES", 0, 3, 4, 5, COL_RIGHT, 0, group_desired, group_desired_n, NULL,
	    "size that is wanted" },
	{ "max", "MAX", 1, 3, 4, 5, COL_RIGHT, 0, group_max, NULL, NULL, "largest size" },
	{ "healthy", "HEALTHY", 0, 7, 7, 9, COL_RIGHT, 0, group_healthy, NULL, NULL,
	    "instances in service, of those wanted" },
	{ "moving", "MOVE", 3, 4, 5, 7, COL_RIGHT, 0, group_moving, NULL, NULL,
	    "instances that come and go" },
	{ "cooldown", "COOLDOWN", 4, 9, 20, 24, COL_SPARK, 0, NULL, NULL, group_cooldown,
	    "until policies may act again" },
	{ "launch_config", "LAUNCH", 6, 6, 12, 20, COL_MIDDLE | COL_FIT, 0, group_launch, NULL,
	    NULL, "its launch configuration" },
	{ "last_activity", "LAST ACTIVITY", 5, 12, 30, 0, COL_FLEX, 0, group_last, NULL, NULL,
	    "what happened last" },
};
const unsigned group_ncolumns = sizeof(group_columns) / sizeof(group_columns[0]);

/* --- Instances ----------------------------------------------------------- */

OBJECT_CELL(instance_id, "id", R_FG)
OBJECT_CELL(instance_zone, "zone", R_DIM)
OBJECT_CELL(instance_address, "address", R_DIM)
OBJECT_CELL(instance_version, "version", R_DIM)
NUMBER(instance_age_n, "age_s")

enum state
instance_state(const void *row)
{
	const char *life = object_get(row, "lifecycle");

	if (strcmp(object_get(row, "health"), "Unhealthy") == 0)
		return ST_CRIT;
	if (strcmp(life, "InService") == 0)
		return strcmp(object_get(row, "serving"), "1") == 0 ? ST_OK : ST_DEGRADED;
	if (strncmp(life, "Terminat", 8) == 0)
		return ST_DRAIN;
	if (strcmp(life, "Standby") == 0 || strncmp(life, "Warmed", 6) == 0)
		return ST_MAINT;
	return ST_BUSY;
}

static int
instance_life(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	object_text(row, "lifecycle", buf, size);
	return state_role(instance_state(row));
}

static int
instance_health(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	object_text(row, "health", buf, size);
	return strcmp(buf, "Unhealthy") == 0 ? R_CRIT : R_FG;
}

static int
instance_age(const struct model *m, const void *row, char *buf, size_t size)
{
	double s = object_num(row, "age_s");

	(void)m;
	num_age(isnan(s) ? -1 : (int64_t)s, buf, size);
	return R_DIM;
}

static int
instance_notes(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	snprintf(buf, size, "%s",
	    strcmp(object_get(row, "protected"), "1") == 0 ? "protected" : "");
	return R_ACCENT;
}

const struct column instance_columns[] = {
	{ "id", "INSTANCE", 0, 12, 20, 24, COL_MIDDLE | COL_FIT, 0, instance_id, NULL, NULL,
	    "its id" },
	{ "lifecycle", "LIFECYCLE", 0, 9, 16, 18, COL_FIT, 0, instance_life, NULL, NULL,
	    "where it is in its life" },
	{ "health", "HEALTH", 2, 7, 9, 9, COL_FIT, 0, instance_health, NULL, NULL, "its health" },
	{ "zone", "ZONE", 5, 6, 12, 12, COL_FIT, 0, instance_zone, NULL, NULL, "its zone" },
	{ "address", "ADDRESS", 3, 10, 16, 22, COL_FIT, 0, instance_address, NULL, NULL,
	    "where it serves" },
	{ "version", "VER", 4, 3, 3, 4, COL_RIGHT, 0, instance_version, NULL, NULL,
	    "version of its launch configuration" },
	{ "age_s", "AGE", 1, 4, 4, 5, COL_RIGHT, 0, instance_age, instance_age_n, NULL,
	    "since its launch" },
	{ "notes", "", 6, 9, 9, 9, 0, 0, instance_notes, NULL, NULL, "protected" },
};
const unsigned instance_ncolumns = sizeof(instance_columns) / sizeof(instance_columns[0]);

/* --- Policies ------------------------------------------------------------ */

OBJECT_CELL(policy_name, "name", R_FG)
OBJECT_CELL(policy_type, "type", R_DIM)
OBJECT_CELL(policy_adjustment, "adjustment", R_FG)
OBJECT_CELL(policy_alarms, "alarms", R_DIM)

enum state
policy_state(const void *row)
{
	const char *r = object_get(row, "last_result");

	return r[0] == '\0' ? ST_MAINT : strcmp(r, "ignored") == 0 ? ST_DEGRADED :
	    strcmp(r, "failed") == 0 || strcmp(r, "error") == 0 ? ST_CRIT : ST_OK;
}

static int
policy_last(const struct model *m, const void *row, char *buf, size_t size)
{
	char age[16];

	age_text(m, row, "last_time", age, sizeof(age));
	if (object_get(row, "last_result")[0] == '\0')
		snprintf(buf, size, "never");
	else
		snprintf(buf, size, "%s %s %s", age, object_get(row, "last_result"),
		    object_get(row, "last_reason"));
	return R_DIM;
}

const struct column policy_columns[] = {
	{ "name", "POLICY", 0, 6, 12, 20, COL_MIDDLE | COL_FIT, 0, policy_name, NULL, NULL,
	    "its name" },
	{ "type", "TYPE", 4, 8, 14, 22, COL_FIT, 0, policy_type, NULL, NULL, "simple, step, ..." },
	{ "adjustment", "DOES", 1, 9, 12, 20, COL_FIT, 0, policy_adjustment, NULL, NULL,
	    "what it changes" },
	{ "alarms", "ALARMS", 3, 6, 12, 20, COL_FIT, 0, policy_alarms, NULL, NULL,
	    "alarms that call it" },
	{ "last", "LAST", 2, 8, 20, 0, COL_FLEX, 0, policy_last, NULL, NULL,
	    "when it acted, and what came of it" },
};
const unsigned policy_ncolumns = sizeof(policy_columns) / sizeof(policy_columns[0]);

/* --- Activities ---------------------------------------------------------- */

OBJECT_CELL(activity_text, "description", R_FG)
OBJECT_CELL(activity_cause, "cause", R_DIM)

enum state
activity_state(const void *row)
{
	const char *s = object_get(row, "status");

	if (strcmp(s, "Successful") == 0)
		return ST_OK;
	if (strcmp(s, "Failed") == 0)
		return ST_CRIT;
	if (strcmp(s, "Cancelled") == 0)
		return ST_MAINT;
	return ST_BUSY;
}

static int
activity_status(const struct model *m, const void *row, char *buf, size_t size)
{
	(void)m;
	object_text(row, "status", buf, size);
	return state_role(activity_state(row));
}

static int
activity_age(const struct model *m, const void *row, char *buf, size_t size)
{
	return age_text(m, row, "start", buf, size);
}

static double
activity_start(const struct model *m, const void *row)
{
	(void)m;
	return time_of(object_get(row, "start"));
}

const struct column activity_columns[] = {
	{ "start", "AGO", 0, 4, 4, 5, COL_RIGHT, 0, activity_age, activity_start, NULL,
	    "when it began" },
	{ "status", "STATUS", 1, 10, 12, 22, COL_FIT, 0, activity_status, NULL, NULL,
	    "how it ended" },
	{ "description", "ACTIVITY", 0, 20, 46, 60, 0, 0, activity_text, NULL, NULL,
	    "what it did" },
	{ "cause", "CAUSE", 2, 20, 40, 0, COL_FLEX, 0, activity_cause, NULL, NULL, "why" },
};
const unsigned activity_ncolumns = sizeof(activity_columns) / sizeof(activity_columns[0]);
