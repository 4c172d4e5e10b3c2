/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What groups tell of themselves: the metrics of AWS/AutoScaling and Weir/GroupAtMaxSize
 * each minute, and conditions that weir watches itself, as alarms: a group at its
 * largest size, one that stands still.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <string.h>

#include "ctl/alarm.h"
#include "ctl/group.h"
#include "ctl/metric.h"
#include "ctl/scaler.h"
#include "ctl/scaler_in.h"
#include "event/sched.h"

static void
put(const struct group *g, enum metric_ns ns, const char *name, unsigned v)
{
	const struct metric_key k = { .ns = metric_ns_name(ns), .name = name, .unit = "Count",
	    .dims = { { "AutoScalingGroupName", g->name } }, .ndims = 1 };
	const struct metric_value value = { 1, v, v, v };

	(void)metric_put(&k, 0, &value);
}

static bool
is_at_max(const struct group *g)
{
	return g->desired >= g->max && g->max > g->min;
}

static void
put_metrics(const struct group *g)
{
	unsigned standby = g->counts[LIFE_STANDBY] + g->counts[LIFE_ENTERING_STANDBY];
	unsigned pending = group_pending(g) + scaler_launching(g);

	put(g, NS_ASG, "GroupMinSize", g->min);
	put(g, NS_ASG, "GroupMaxSize", g->max);
	put(g, NS_ASG, "GroupDesiredCapacity", g->desired);
	put(g, NS_ASG, "GroupInServiceInstances", group_in_service(g));
	put(g, NS_ASG, "GroupPendingInstances", pending);
	put(g, NS_ASG, "GroupStandbyInstances", standby);
	put(g, NS_ASG, "GroupTerminatingInstances", group_terminating(g));
	put(g, NS_ASG, "GroupTotalInstances", group_in_service(g) + pending + standby +
	    group_terminating(g));
	put(g, NS_WEIR, "GroupAtMaxSize", is_at_max(g));
}

/* ---- conditions ---- */

static bool
is_stopped(const struct group *g)
{
	return g->scaler->is_stopped;
}

static bool
is_suspended(const struct group *g)
{
	return g->suspended_by_us != 0;
}

static struct condition {
	const char	*alarm, *text;
	bool		(*holds)(const struct group *g);
	char		 names[400];	/* of the groups, as last told */
} conditions[] = {
	{ .alarm = "Weir/GroupAtMaxSize", .text = "at max size", .holds = is_at_max },
	{ .alarm = "Weir/GroupStopped", .text = "stopped until the configuration changes",
	  .holds = is_stopped },
	{ .alarm = "Weir/LaunchSuspended", .text = "no launch has succeeded for 24 hours",
	  .holds = is_suspended },
};

static void
watch(struct condition *c)
{
	char names[sizeof c->names], text[sizeof c->names + 80];
	size_t len = 0;

	names[0] = '\0';
	GROUP_EACH(g)
		if (!g->is_deleted && c->holds(g) && len + strlen(g->name) + 3 < sizeof names)
			len += (size_t)snprintf(names + len, sizeof names - len, "%s%s",
			    len > 0 ? ", " : "", g->name);
	if (strcmp(names, c->names) == 0)
		return;
	memcpy(c->names, names, sizeof names);
	snprintf(text, sizeof text, "%s: %s", c->text, len > 0 ? names : "none any more");
	alarm_condition(c->alarm, len > 0, text);
}

void
groups_watch(void)
{
	static int64_t minute;
	int64_t now = sched_wall_s() / 60;

	for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
		watch(&conditions[i]);
	if (now == minute)
		return;
	minute = now;
	GROUP_EACH(g)
		if (!g->is_deleted)
			put_metrics(g);
}
