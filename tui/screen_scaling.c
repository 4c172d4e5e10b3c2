/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaling: groups, and of the chosen one its instances, policies and activities
 * with their causes; what its policies would have done with other values is in
 * scaling_try.c and takes the activities' place.
 */
#include <stdio.h>
#include <string.h>

#include "tui/overlay.h"
#include "tui/pane.h"
#include "tui/scaling.h"
#include "tui/scaling_columns.h"

static void
state_fini(void *state)
{
	struct scaling_state *s = state;

	objects_fini(&s->groups);
	objects_fini(&s->instances);
	objects_fini(&s->policies);
	objects_fini(&s->activities);
	trial_fini(&s->trial);
}

struct scaling_state *
scaling_state(const struct model *m)
{
	return screen_state(m, &screen_scaling);
}

/* --- Lists --------------------------------------------------------------- */

static bool
is_wanted_group(const struct model *m, const struct object *o, const void *arg)
{
	(void)arg;
	return object_is_found(m, o);
}

/* Of the same appliance and group. */
static bool
is_of_group(const struct model *m, const struct object *o, const void *arg)
{
	const struct object *g = arg;

	(void)m;
	return g != NULL && o->host == g->host &&
	    strcmp(object_get(o, "group"), object_get(g, "name")) == 0;
}

static const struct sheet *
activities_sheet(const struct host *h)
{
	return &h->activities;
}

static struct table
finish(struct table t, const struct objects *o, const struct column *columns, unsigned n,
    const struct model *m)
{
	t.rows = o->rows;
	t.nrows = o->n;
	t.columns = columns;
	t.ncolumns = n;
	t.key = object_key;
	table_sort(m, &t);
	return t;
}

static struct table
groups_table(struct model *m)
{
	struct scaling_state *s = scaling_state(m);
	struct table t = { .list = LIST_GROUPS, .state = group_state,
		.empty = objects_none(m, "only weir has scaling groups",
		    "no group is configured: section scaling-group, weir.cfg(5)") };

	objects_of(m, KIND_GROUP, is_wanted_group, NULL, &s->groups);
	m->ui->lists[LIST_GROUPS].column_set = m->nhosts > 1;
	return finish(t, &s->groups, group_columns, group_ncolumns, m);
}

const struct object *
scaling_group(struct model *m)
{
	struct table t = groups_table(m);

	return table_current(m, &t);
}

static struct table
instances_table(struct model *m)
{
	struct scaling_state *s = scaling_state(m);
	struct table t = { .list = LIST_INSTANCES, .state = instance_state,
		.empty = "no instance" };

	objects_of(m, KIND_INSTANCE, is_of_group, scaling_group(m), &s->instances);
	return finish(t, &s->instances, instance_columns, instance_ncolumns, m);
}

static struct table
policies_table(struct model *m)
{
	struct scaling_state *s = scaling_state(m);
	struct table t = { .list = LIST_POLICIES, .state = policy_state, .empty = "no policy" };

	objects_of(m, KIND_POLICY, is_of_group, scaling_group(m), &s->policies);
	return finish(t, &s->policies, policy_columns, policy_ncolumns, m);
}

const struct object *
scaling_policy(struct model *m)
{
	struct table t = policies_table(m);

	return table_current(m, &t);
}

static struct table
activities_table(struct model *m)
{
	struct scaling_state *s = scaling_state(m);
	struct table t = { .list = LIST_ACTIVITIES, .state = activity_state,
		.empty = "no activity yet" };

	objects_in(m, activities_sheet, is_of_group, scaling_group(m), &s->activities);
	return finish(t, &s->activities, activity_columns, activity_ncolumns, m);
}

enum scaling_pane { PANE_GROUPS, PANE_INSTANCES, PANE_POLICIES, PANE_ACTIVITIES, PANES };

static struct table
pane_table(struct model *m)
{
	switch ((enum scaling_pane)m->ui->pane) {
	case PANE_INSTANCES: return instances_table(m);
	case PANE_POLICIES: return policies_table(m);
	case PANE_ACTIVITIES: return activities_table(m);
	default: return groups_table(m);
	}
}

/* --- What is wanted ------------------------------------------------------ */

static void
scaling_wants(const struct model *m, struct wants *w)
{
	struct model *mm = (struct model *)m;		/* lists are made anew, nothing else */
	const struct object *g = scaling_group(mm);
	char name[256];
	unsigned i;

	for (i = 0; i < m->nhosts; i++)
		if (m->hosts[i]->kind == HOST_WEIR)
			want_answer(w, m->hosts[i], 2, "show activities max 100");
	if (g == NULL)
		return;
	word_quote(object_get(g, "name"), name, sizeof(name));
	want_answer(w, g->host, 10, "show schedules %s", name);
	scaling_try_wants(mm, w);
}

/* --- Drawing ------------------------------------------------------------- */

static struct area
frame(struct model *m, struct area a, enum scaling_pane pane, const char *title, const char *right,
    struct hits *hits)
{
	bool focus = m->ui->pane == (unsigned)pane;

	hits_add(hits, HIT_PANE, a, (int)pane, 0);
	return pane_frame(a, title, right, focus);
}

/* The next scheduled action of the group, in words. */
static void
schedule_text(const struct object *g, char *buf, size_t size)
{
	char cmd[300], name[256];
	const struct answer *a;
	const char *next;

	buf[0] = '\0';
	word_quote(object_get(g, "name"), name, sizeof(name));
	snprintf(cmd, sizeof(cmd), "show schedules %s", name);
	a = host_answer(g->host, cmd);
	if (a == NULL || a->sheet.nrows == 0)
		return;
	next = sheet_get(&a->sheet, 0, "next");
	snprintf(buf, size, "next: %s %.16s", sheet_get(&a->sheet, 0, "name"), next);
}

static void
draw_groups(struct model *m, struct area a, struct hits *hits)
{
	struct table t = groups_table(m);
	const struct object *g = table_current(m, &t);
	char right[200] = "";

	if (g != NULL)
		schedule_text(g, right, sizeof(right));
	table_draw(m, &t, frame(m, a, PANE_GROUPS, "Scaling groups", right, hits),
	    m->ui->pane == PANE_GROUPS, hits);
}

static void
draw_instances(struct model *m, struct area a, struct hits *hits)
{
	struct table t = instances_table(m);
	char right[64];

	snprintf(right, sizeof(right), "%u", t.nrows);
	table_draw(m, &t, frame(m, a, PANE_INSTANCES, "Instances", right, hits),
	    m->ui->pane == PANE_INSTANCES, hits);
}

static void
draw_policies(struct model *m, struct area a, struct hits *hits)
{
	struct table t = policies_table(m);

	table_draw(m, &t, frame(m, a, PANE_POLICIES, "Policies", "T simulate", hits),
	    m->ui->pane == PANE_POLICIES, hits);
}

/* The list, and below it the whole cause of the chosen one. */
static void
draw_activities(struct model *m, struct area a, struct hits *hits)
{
	struct table t = activities_table(m);
	const struct object *o = table_current(m, &t);
	struct area in = frame(m, a, PANE_ACTIVITIES, "Activities", "newest first", hits), cause;

	bool has_room = in.h > (int)t.nrows + 5;

	if (o != NULL && in.h >= 6 && (has_room || m->ui->pane == PANE_ACTIVITIES)) {
		cause = area_take_bottom(&in, in.h >= 10 ? 3 : 2);
		area_wrap(cause, 0, R_FG, object_get(o, "cause"));
	}
	table_draw(m, &t, in, m->ui->pane == PANE_ACTIVITIES, hits);
}

static void
draw_last(struct model *m, struct area a, struct hits *hits)
{
	if (scaling_state(m)->is_trying)
		scaling_try_draw(m, frame(m, a, PANE_ACTIVITIES, "Simulation",
		    "Enter values  Esc back", hits));
	else
		draw_activities(m, a, hits);
}

static void
draw_one(struct model *m, struct area a, struct hits *hits)
{
	switch ((enum scaling_pane)m->ui->pane) {
	case PANE_INSTANCES: draw_instances(m, a, hits); break;
	case PANE_POLICIES: draw_policies(m, a, hits); break;
	case PANE_ACTIVITIES: draw_last(m, a, hits); break;
	default: draw_groups(m, a, hits); break;
	}
}

static int
clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static void
scaling_draw(struct model *m, struct area a, struct hits *hits)
{
	bool wide = a.w >= 100;
	int edge = wide ? 3 : 2, h = a.h;
	struct table groups = groups_table(m), instances;
	struct area middle;

	if (m->ui->is_zoomed) {
		draw_one(m, a, hits);
		return;
	}
	draw_groups(m, area_take_top(&a, clamp((int)groups.nrows + edge, edge + 1, h / 3)), hits);
	instances = instances_table(m);
	middle = area_take_top(&a, clamp((int)instances.nrows + edge, edge + 2, h / 3));
	if (wide)
		draw_instances(m, area_take_left(&middle, middle.w * 11 / 20), hits);
	else
		draw_instances(m, area_take_top(&middle, (middle.h + 1) / 2 + 1), hits);
	draw_policies(m, middle, hits);
	if (a.h > 2)
		draw_last(m, a, hits);
}

/* --- Keys ---------------------------------------------------------------- */

static void
ask(struct model *m, const struct object *o, enum action_kind kind, const char *name,
    const char *prompt, const char *value)
{
	struct plan p;

	plan_init(&p, kind, "");
	plan_target(&p, o->host, name, "");
	if (prompt != NULL)
		input_open(m, &p, prompt, value);
	else
		confirm_open(m, &p);
}

static bool
act_on_group(struct model *m, enum act act, const struct object *g)
{
	const char *name = object_get(g, "name");

	switch (act) {
	case ACT_DESIRED:
		ask(m, g, DO_DESIRED, name, "desired size", object_get(g, "desired"));
		break;
	case ACT_SUSPEND_GROUP:
		ask(m, g, object_get(g, "suspended")[0] != '\0' ? DO_RESUME : DO_SUSPEND, name,
		    NULL, NULL);
		break;
	case ACT_PAUSE_ALL:
		ask(m, g, g->host->is_paused ? DO_SCALING_RESUME : DO_SCALING_PAUSE, "", NULL,
		    NULL);
		break;
	default: return false;
	}
	return true;
}

static bool
act_on_instance(struct model *m, enum act act)
{
	struct table t = instances_table(m);
	const struct object *o = table_current(m, &t);
	struct plan p;

	if (o == NULL || (act != ACT_TERMINATE && act != ACT_DETACH))
		return false;
	plan_init(&p, act == ACT_TERMINATE ? DO_TERMINATE : DO_DETACH, "");
	plan_target(&p, o->host, object_get(o, "group"), object_get(o, "id"));
	confirm_open(m, &p);
	return true;
}

/* Enter: the console of an instance, the whole text of an activity; a group's next pane. */
static void
open_chosen(struct model *m)
{
	struct table t = pane_table(m);
	const struct object *o = table_current(m, &t);
	char text[2048];

	if (o == NULL)
		return;
	if (m->ui->pane == PANE_ACTIVITIES) {
		snprintf(text, sizeof(text), "%s\n\n%s\n\nstatus %s, begun %s, ended %s\n%s",
		    object_get(o, "description"), object_get(o, "cause"), object_get(o, "status"),
		    object_get(o, "start"), object_get(o, "end"), object_get(o, "id"));
		text_open(m, "Activity", text);
	} else if (m->ui->pane == PANE_POLICIES)
		scaling_try_begin(m);
	else
		m->ui->pane = PANE_INSTANCES;
}

static bool
scaling_act(struct model *m, enum act act, const struct key *k)
{
	struct scaling_state *s = scaling_state(m);
	const struct object *g = scaling_group(m);
	struct table t = pane_table(m);

	(void)k;
	if (act == ACT_TRY) {
		scaling_try_begin(m);
		return true;
	}
	if (act == ACT_BACK && s->is_trying) {
		s->is_trying = false;
		return true;
	}
	if (act == ACT_OPEN) {
		open_chosen(m);
		return true;
	}
	return table_act(m, &t, act) || act_on_instance(m, act) ||
	    (g != NULL && act_on_group(m, act, g));
}

const struct screen screen_scaling = {
	.name = "scaling", .title = "Scaling", .tab = '5', .panes = PANES,
	.state_size = sizeof(struct scaling_state), .state_fini = state_fini,
	.wants = scaling_wants, .draw = scaling_draw, .act = scaling_act, .key = scaling_try_key,
};
