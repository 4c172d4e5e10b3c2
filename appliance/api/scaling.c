/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of groups and instances; see scaling.h.
 *
 * Thread: control.
 */
#include "api/scaling.h"

#include <stdio.h>
#include <string.h>

#include "api/cli.h"
#include "base/str.h"
#include "ctl/group.h"
#include "ctl/scaler.h"
#include "event/sched.h"

const char group_fields[] = "name,min,desired,max,inservice,pending,terminating,standby,"
    "cooldown_left_s,cooldown_s,suspended,last_activity,launch_config,owner";
const char instance_fields[] = "id,group,zone,lifecycle,health,serving,server,address,"
    "launch_config,version,protected,age_s";

static void
put_suspended(struct fields *f, const struct group *g)
{
	char text[256];
	int n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < GROUP_P_COUNT; i++)
		if (g->suspended & (1u << i))
			n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", n > 0 ? " " : "",
			    group_process_name((enum group_process)i));
	fields_text(f, text);
}

void
put_group(struct fields *f, const struct group *g)
{
	const struct activity *last = activity_last(g->name);
	const struct group_conf *conf = g->conf;

	fields_row(f);
	fields_text(f, g->name);
	fields_u64(f, g->min);
	fields_u64(f, g->desired);
	fields_u64(f, g->max);
	fields_u64(f, group_in_service(g));
	fields_u64(f, group_pending(g) + scaler_launching(g));
	fields_u64(f, group_terminating(g));
	fields_u64(f, g->counts[LIFE_STANDBY] + g->counts[LIFE_ENTERING_STANDBY]);
	fields_u64(f, group_cooldown_left_s(g));
	fields_u64(f, (g->cooldown_us != 0 ? g->cooldown_us : conf != NULL ? conf->cooldown_us :
	    0) / 1000000);
	put_suspended(f, g);
	fields_text(f, last != NULL ? last->description : "");
	fields_text(f, conf != NULL ? conf->launch_name : "");
	fields_text(f, g->is_orphaned ? "orphaned" : "file");
	fields_row_end(f);
}

void
put_instance(struct fields *f, const struct instance *i)
{
	uint64_t now = sched_wall_us();
	char address[96];

	address[0] = '\0';
	if (i->address[0] != '\0')
		snprintf(address, sizeof address, strchr(i->address, ':') != NULL ? "[%s]:%u" :
		    "%s:%u", i->address, i->port);
	fields_row(f);
	fields_text(f, i->id);
	fields_text(f, i->group->name);
	fields_text(f, i->zone);
	fields_text(f, lifecycle_name(i->lifecycle));
	fields_text(f, instance_health_name(i));
	fields_bool(f, instance_is_serving(i));
	fields_text(f, i->servers != NULL ? i->id : "");
	fields_text(f, address);
	fields_text(f, i->launch_name);
	fields_u64(f, i->launch_version);
	fields_bool(f, i->is_protected);
	fields_u64(f, now > i->launched_us ? (now - i->launched_us) / 1000000 : 0);
	fields_row_end(f);
}

void
put_instances(struct fields *f, const struct group *only)
{
	GROUP_EACH(g)
		LIST_EACH(n, &g->instances)
			if (only == NULL || g == only)
				put_instance(f, LIST_ITEM(n, struct instance, node));
}

struct group *
cli_group(struct cli *c, const char *name)
{
	struct group *g = group_find(name);
	const char *near;

	if (g != NULL)
		return g;
	near = str_nearest(name, group_nth_name, NULL);
	if (name[0] == '\0')
		cli_err(c, "Which group?");
	else
		cli_err_near(c, near, "", "AutoScalingGroup name not found - AutoScalingGroup '%s' "
		    "not found", name);
	return NULL;
}

struct instance *
cli_instance(struct cli *c, const char *id)
{
	struct instance *i = instance_find(id);

	if (i == NULL)
		cli_err(c, "Instance Id not found - No managed instance found for instance ID '%s'",
		    id);
	return i;
}

bool
cli_wants_json(struct cli *c)
{
	if (c->nargs == 0 || strcmp(c->args[c->nargs - 1], "json") != 0)
		return false;
	c->nargs--;
	return true;
}
