/* SPDX-License-Identifier: BSD-2-Clause */
/* Alarms and groups: the lists of their own screens, in a small place. */
#include <stdio.h>
#include <string.h>

#include "tui/alarm_columns.h"
#include "tui/overlay.h"
#include "tui/overview.h"
#include "tui/scaling_columns.h"

/* --- What both are -------------------------------------------------------- */

/* A filter is meant for backends and servers: alarms and groups stay. */
static struct table
object_table(const struct model *m, enum kind kind, enum list_id id, struct objects *o)
{
	struct table t = { .list = id, .key = object_key, .hides_cursor = true };

	objects_of(m, kind, NULL, NULL, o);
	t.rows = o->rows;
	t.nrows = o->n;
	return t;
}

static unsigned
count_kind(const struct model *m, enum kind kind)
{
	unsigned n = 0, i;

	for (i = 0; i < m->nhosts; i++)
		if (ui_shows(m, m->hosts[i]))
			n += m->hosts[i]->kinds[kind].nrows;
	return n;
}

static int
kind_rows(const struct model *m, enum kind kind)
{
	unsigned n = count_kind(m, kind);

	return n == 0 ? 0 : (int)n + 1;
}

/* Asks about an action on the object under the cursor; what: is asked for. */
static void
ask(struct model *m, const struct object *o, enum act act, const char *what, const char *value)
{
	const char *name = object_get(o, "name");
	char text[160];
	struct plan p;

	plan_init(&p, action_of_act(act), "");
	plan_target(&p, o->host, name, "");
	snprintf(text, sizeof(text), "%.80s: %s", name, what);
	input_open(m, &p, text, value);
}

/* --- Alarms --------------------------------------------------------------- */

static struct table
alarms_table(const struct model *m, struct objects *o)
{
	struct table t = object_table(m, KIND_ALARM, LIST_ALARMS, o);
	struct list_view *v = &m->ui->lists[LIST_ALARMS];

	t.columns = alarm_columns;
	t.ncolumns = alarm_ncolumns;
	t.state = alarm_state;
	if (v->sort < 0)
		v->sort = ALARM_STATE;
	table_sort(m, &t);
	return t;
}

static void
alarms_title(const struct model *m, char *left, char *right, size_t size)
{
	struct totals t;

	snprintf(left, size, "Alarms");
	model_totals(m, m->ui->only, &t);
	snprintf(right, size, "%u ALARM  %u OK", t.alarms, t.alarms_ok);
	if (t.insufficient > 0)
		snprintf(right + strlen(right), size - strlen(right), "  %u no data",
		    t.insufficient);
	if (t.idle > 0)
		snprintf(right + strlen(right), size - strlen(right), "  %u idle", t.idle);
}

static int
alarms_rows(const struct model *m)
{
	return kind_rows(m, KIND_ALARM);
}

static void
alarms_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	struct objects o = { 0 };
	struct table t = alarms_table(m, &o);

	t.no_header = a.g->w < PANE_BOXES;
	table_draw(m, &t, a, has_focus, hits);
	objects_fini(&o);
}

static bool
alarms_act(struct model *m, enum act act)
{
	struct objects all = { 0 };
	struct table t = alarms_table(m, &all);
	const struct object *o = table_current(m, &t);
	bool done = true;

	if (act == ACT_OPEN && o != NULL) {
		snprintf(m->ui->alarm, sizeof(m->ui->alarm), "%s", object_get(o, "name"));
		screen_open(m, &screen_alarms);
	} else if (act == ACT_ACK && o != NULL)
		ask(m, o, act, "comment of the acknowledgement", "");
	else
		done = table_act(m, &t, act);
	objects_fini(&all);
	return done;
}

const struct pane overview_alarms = { alarms_title, alarms_rows, alarms_draw, alarms_act };

/* --- Scaling -------------------------------------------------------------- */

static struct table
groups_table(const struct model *m, struct objects *o)
{
	struct table t = object_table(m, KIND_GROUP, LIST_GROUPS, o);

	t.columns = group_columns;
	t.ncolumns = group_ncolumns;
	t.state = group_state;
	table_sort(m, &t);
	return t;
}

static void
scaling_title(const struct model *m, char *left, char *right, size_t size)
{
	unsigned groups = count_kind(m, KIND_GROUP), n = count_kind(m, KIND_INSTANCE);

	snprintf(left, size, "Scaling");
	snprintf(right, size, "%u group%s  %u instance%s", groups, groups == 1 ? "" : "s", n,
	    n == 1 ? "" : "s");
}

static int
scaling_rows(const struct model *m)
{
	return kind_rows(m, KIND_GROUP);
}

static void
scaling_draw(struct model *m, struct area a, bool has_focus, struct hits *hits)
{
	struct objects o = { 0 };
	struct table t = groups_table(m, &o);

	t.no_header = a.g->w < PANE_BOXES;
	table_draw(m, &t, a, has_focus, hits);
	objects_fini(&o);
}

static bool
scaling_act(struct model *m, enum act act)
{
	struct objects all = { 0 };
	struct table t = groups_table(m, &all);
	const struct object *o = table_current(m, &t);
	bool done = true;

	if (act == ACT_OPEN && o != NULL) {
		snprintf(m->ui->group, sizeof(m->ui->group), "%s", object_get(o, "name"));
		screen_open(m, &screen_scaling);
	} else if (act == ACT_DESIRED && o != NULL)
		ask(m, o, act, "desired size", object_get(o, "desired"));
	else
		done = table_act(m, &t, act);
	objects_fini(&all);
	return done;
}

const struct pane overview_scaling = { scaling_title, scaling_rows, scaling_draw, scaling_act };
