/* SPDX-License-Identifier: BSD-2-Clause */
/* What commands changed in groups, alarms and scripts; see unsaved.h. */
#include <string.h>

#include "api/unsaved.h"
#include "ctl/alarm.h"
#include "ctl/group.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"
#include "script/unit.h"

static void
put_suspended(struct unsaved *u, const struct group *g)
{
	for (unsigned i = 0; i < GROUP_P_COUNT; i++) {
		bool was = (g->conf->suspended >> i) & 1, is = (g->suspended >> i) & 1;

		if (was != is)
			unsaved_line(u, is ? '+' : '-', "suspend %s",
			    group_process_name((enum group_process)i));
	}
}

static void
put_policies(struct unsaved *u, const struct group *g)
{
	struct policy_stats st;

	for (const struct policy_conf *p = g->conf->policies; p != NULL; p = p->next) {
		policy_stats(g, p->name, &st);
		if (st.is_disabled)
			unsaved_line(u, '-', "policy %s # disabled", p->name);
	}
}

static void
put_group(struct unsaved *u, const struct group *g)
{
	unsaved_in(u, "scaling-group %s", g->name);
	if (g->conf == NULL) {
		unsaved_line(u, '+', "# in no file, it has instances: orphaned");
		return;
	}
	if (g->is_deleted) {
		unsaved_line(u, '-', "# deleted by command");
		return;
	}
	if (g->is_overridden && (g->min != g->conf->min || g->max != g->conf->max)) {
		unsaved_line(u, '-', "size %u %u", g->conf->min, g->conf->max);
		unsaved_line(u, '+', "size %u %u", g->min, g->max);
	}
	put_suspended(u, g);
	put_policies(u, g);
}

static void
put_alarm(struct unsaved *u, const struct alarm *a)
{
	if (a->conf == NULL || a->conf == a->own || a->is_enabled == !a->conf->actions_off)
		return;
	unsaved_in(u, "alarm %s", a->name);
	unsaved_line(u, '-', "actions %s", a->is_enabled ? "off" : "on");
	unsaved_line(u, '+', "actions %s", a->is_enabled ? "on" : "off");
}

static void
put_script(struct unsaved *u, const struct script_unit *un)
{
	const struct script_version *v = script_unit_version(un, un->version);

	unsaved_in(u, "lua-policy %s", un->path);
	if (v != NULL && strcmp(v->origin, "file") != 0)
		unsaved_line(u, '+', "# version %u of %s, by %s", v->n, un->name, v->origin);
	SCRIPT_LIVE_EACH(f, un)
		if (f->is_disabled)
			unsaved_line(u, '-', "# %s %s is disabled", script_kind_name(f->kind),
			    f->name);
}

void
unsaved_control(struct unsaved *u)
{
	const char *reason;

	GROUP_EACH(g)
		put_group(u, g);
	if (scaling_is_paused(&reason)) {
		unsaved_in(u, "scaling");
		unsaved_line(u, '+', "# paused: %s", reason != NULL ? reason : "");
	}
	ALARM_EACH(a)
		put_alarm(u, a);
	SCRIPT_UNIT_EACH(un)
		if (un->is_there)
			put_script(u, un);
}
