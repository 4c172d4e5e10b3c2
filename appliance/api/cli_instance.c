/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands of instances and activities.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/scaling.h"
#include "api/when.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/group_keep.h"
#include "ctl/instance_past.h"
#include "ctl/scaler.h"
#include "event/sched.h"

/* ---- show instances, show instance ---- */

static void
show_instances(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	const struct group *g = NULL;
	struct fields f;

	if (c->nargs > 0 && strcmp(c->args[0], "group") != 0) {
		cli_err(c, "Unknown word '%s': 'group' is known.", c->args[0]);
		return;
	}
	if (c->nargs > 0 && (g = cli_group(c, cli_arg(c, 1))) == NULL)
		return;
	fields_begin(&f, &c->out, instance_fields, is_json);
	put_instances(&f, g);
	fields_end(&f);
}

/* One that is gone, in the same columns. */
static void
put_past(struct fields *f, const struct instance_past *p)
{
	fields_row(f);
	fields_text(f, p->id);
	fields_text(f, p->group);
	fields_text(f, p->zone);
	fields_text(f, lifecycle_name(LIFE_TERMINATED));
	fields_text(f, "Unhealthy");
	fields_bool(f, false);
	fields_text(f, "");
	fields_text(f, p->address);
	fields_text(f, p->launch_name);
	fields_u64(f, p->launch_version);
	fields_bool(f, false);
	fields_u64(f, (p->ended_us - p->launched_us) / 1000000);
	fields_row_end(f);
}

/* What does not print is shown as \\xNN. */
static void
put_output(struct cli *c, const char *text, const char *none)
{
	struct outbuf b;
	struct str line;
	struct out o;

	if (text == NULL || text[0] == '\0') {
		cli_err(c, "%s", none);
		return;
	}
	outbuf_init(&b, 0);
	for (const char *end; *text != '\0'; text = *end != '\0' ? end + 1 : end) {
		end = strchrnul(text, '\n');
		line = (struct str){ text, (size_t)(end - text) };
		o = outbuf_reserve(&b, 4 * line.len + 2);
		out_visible(&o, line);
		out_char(&o, '\n');
		outbuf_commit(&b, &o);
	}
	cli_text(c, b.data);
	outbuf_fini(&b);
}

static void
show_past(struct cli *c, const struct instance_past *p, bool is_json)
{
	struct fields f;

	if (cli_has_arg(c, "console")) {
		put_output(c, p->console, "It has written nothing.");
		return;
	}
	if (cli_has_arg(c, "checks")) {
		put_output(c, p->checks, "It was not checked.");
		return;
	}
	fields_begin(&f, &c->out, instance_fields, is_json);
	put_past(&f, p);
	fields_end(&f);
}

static void
show_instance(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	const struct instance_past *p = past_find(cli_arg(c, 0));
	const struct instance *i = p == NULL ? cli_instance(c, cli_arg(c, 0)) : NULL;
	struct fields f;
	char *text;

	if (p != NULL)
		show_past(c, p, is_json);
	if (i == NULL)
		return;
	if (cli_has_arg(c, "console")) {
		put_output(c, instance_console(i), "It has written nothing.");
		return;
	}
	if (cli_has_arg(c, "checks")) {
		text = instance_checks(i);
		put_output(c, text, "It was not checked.");
		free(text);
		return;
	}
	fields_begin(&f, &c->out, instance_fields, is_json);
	put_instance(&f, i);
	fields_end(&f);
}

/* ---- changing ---- */

static void
terminate(struct cli *c)
{
	struct instance *i = cli_instance(c, cli_arg(c, 0));
	bool decrements = cli_has_arg(c, "decrement");
	char cause[CAUSE_BYTES];
	struct leave_why why = { .cause = cause, .is_now = cli_has_arg(c, "now") };
	const struct activity *a;
	char id[UUID_TEXT];
	struct group *g;
	unsigned n;

	if (i == NULL)
		return;
	g = i->group;
	n = group_actual(g);
	if (decrements && g->desired <= g->min) {
		cli_err(c, "Currently, desiredSize equals minSize (%u). Terminating instance "
		    "without replacement will violate group's min size constraint. Either set "
		    "shouldDecrementDesiredCapacity flag to false or lower group's min size.",
		    g->min);
		return;
	}
	if (decrements)
		(void)activity_say(cause, 0, "instance %s was taken out of service in response to "
		    "a user request, shrinking the capacity from %u to %u.", i->id, n, n - 1);
	else
		(void)activity_say(cause, 0, "instance %s was taken out of service in response to "
		    "a user request.", i->id);
	if (decrements)
		g->desired--;
	if (decrements)
		keep_group(g);
	g->first_begun[0] = '\0';
	a = instance_leave(i, &why);
	memcpy(id, g->first_begun, sizeof id);
	if (a == NULL)
		cli_err(c, "The instance is terminating already.");
	else
		outbuf_fmt(&c->out, "%s\n", id);
}

/* For each id; the last word may be `decrement`. */
static void
each(struct cli *c, void (*fn)(struct cli *c, struct instance *i, bool decrements))
{
	bool decrements = c->nargs > 0 && strcmp(c->args[c->nargs - 1], "decrement") == 0;

	if (c->nargs - decrements < 1)
		cli_err(c, "Which instance?");
	for (int k = 0; k < c->nargs - decrements; k++) {
		struct instance *i = cli_instance(c, c->args[k]);

		if (i != NULL)
			fn(c, i, decrements);
	}
}

static void
do_protect(struct cli *c, struct instance *i, bool decrements)
{
	(void)c, (void)decrements;
	instance_protect(i, true);
}

static void
do_unprotect(struct cli *c, struct instance *i, bool decrements)
{
	(void)c, (void)decrements;
	instance_protect(i, false);
}

static void
say_sizes(struct cli *c, const struct group *g, const char *what)
{
	char text[400];

	group_say_sizes(g, what, 1, text, sizeof text);
	cli_err(c, "%s", text);
}

static void
do_standby(struct cli *c, struct instance *i, bool decrements)
{
	if (decrements && i->group->desired <= i->group->min)
		say_sizes(c, i->group, "place into standby");
	else if (instance_enter_standby(i, decrements) == NULL)
		cli_err(c, "The instance %s is not in InService.", i->id);
}

static void
do_activate(struct cli *c, struct instance *i, bool decrements)
{
	(void)decrements;
	if (i->lifecycle == LIFE_STANDBY && i->group->desired >= i->group->max)
		say_sizes(c, i->group, "move out of standby");
	else if (instance_exit_standby(i) == NULL)
		cli_err(c, "The instance %s is not in Standby.", i->id);
}

static void
protect(struct cli *c)
{
	each(c, do_protect);
}

static void
unprotect(struct cli *c)
{
	each(c, do_unprotect);
}

static void
standby(struct cli *c)
{
	each(c, do_standby);
}

static void
activate(struct cli *c)
{
	each(c, do_activate);
}

static void
set_health(struct cli *c)
{
	struct instance *i = cli_instance(c, cli_arg(c, 0));
	const char *what = cli_arg(c, 1);
	bool is_bad = strcmp(what, "Unhealthy") == 0;

	if (i == NULL)
		return;
	if (!is_bad && strcmp(what, "Healthy") != 0) {
		cli_err(c, "Expects Healthy or Unhealthy.");
		return;
	}
	if (is_bad && !cli_has_arg(c, "no-grace") && !i->has_passed &&
	    sched_wall_us() < i->grace_us)
		return;
	instance_set_unhealthy(i, is_bad ? UNHEALTHY_USER : NULL);
}

/* ---- show activities ---- */

#define ROWS_A_PIECE	32

struct dump {
	struct fields	 f;
	char		*group;		/* owned; NULL = all */
	char		 next[UUID_TEXT];
	bool		 open_only;
	uint64_t	 from_us, left;
};

static void
dump_free(void *state)
{
	struct dump *d = state;

	free(d->group);
	free(d);
}

static void
put_activity(struct fields *f, const struct activity *a)
{
	fields_row(f);
	fields_text(f, a->id);
	fields_text(f, a->group);
	fields_instant(f, a->start_us);
	fields_instant(f, a->end_us);
	fields_text(f, activity_status_name(a->status));
	fields_u64(f, a->progress);
	fields_text(f, a->description);
	fields_text(f, a->cause);
	fields_row_end(f);
}

static bool
dump_more(struct cli *c)
{
	struct dump *d = c->state;
	const struct activity *a = d->next[0] != '\0' ? activity_find(d->next) : NULL;

	d->f.b = &c->out;
	for (unsigned n = 0; a != NULL && d->left > 0 && n < ROWS_A_PIECE; n++) {
		if (a->start_us >= d->from_us && (!d->open_only || activity_is_open(a))) {
			put_activity(&d->f, a);
			d->left--;
		}
		a = activity_next(a, d->group);
	}
	if (a != NULL && d->left > 0) {
		memcpy(d->next, a->id, sizeof d->next);
		return false;
	}
	fields_end(&d->f);
	return true;
}

/* group G, open, max N */
static int
dump_word(struct cli *c, int i, void *arg)
{
	struct dump *d = arg;

	if (strcmp(c->args[i], "open") == 0) {
		d->open_only = true;
		return 1;
	}
	if (strcmp(c->args[i], "group") == 0) {
		free(d->group);
		d->group = xstrdup(cli_arg(c, i + 1));
		return 2;
	}
	if (strcmp(c->args[i], "max") != 0)
		return 0;
	if (!str_to_u64(str_of(cli_arg(c, i + 1)), &d->left) || d->left == 0) {
		cli_err(c, "'max' expects a number.");
		return -1;
	}
	return 2;
}

static void
show_activities(struct cli *c)
{
	struct dump *d = xcalloc(1, sizeof *d);
	bool is_json = cli_wants_json(c);
	const struct activity *a;
	struct when w;

	d->left = ACTIVITIES_MAX;
	if (!when_words(c, 0, INT32_MAX, &w, dump_word, d)) {
		dump_free(d);
		return;
	}
	d->from_us = w.has_from && w.from_s > 0 ? (uint64_t)w.from_s * 1000000 : 0;
	if ((a = activity_first(d->group)) != NULL)
		memcpy(d->next, a->id, sizeof d->next);
	fields_begin(&d->f, &c->out, "id,group,start,end,status,progress,description,cause",
	    is_json);
	cli_more(c, dump_more, d, dump_free);
}

static const struct cli_row rows[] = {
	{ "show instances", CLI_USER, 0, show_instances, "[group <group>] [json]",
	  "list instances of scaling groups" },
	{ "show instance", CLI_USER, 0, show_instance, "<id> [console|checks] [json]",
	  "show an instance, its last output, its last checks; also after its end" },
	{ "instance terminate", CLI_ADMIN, CLI_F_CHANGE, terminate, "<id> [decrement] [now]",
	  "end an instance; decrement: no other one comes; now: without draining" },
	{ "instance protect", CLI_ADMIN, CLI_F_CHANGE, protect, "<id>...",
	  "keep instances when their group shrinks" },
	{ "instance unprotect", CLI_ADMIN, CLI_F_CHANGE, unprotect, "<id>...",
	  "do not keep them" },
	{ "instance standby", CLI_ADMIN, CLI_F_CHANGE, standby, "<id>... [decrement]",
	  "take instances out of service and keep them" },
	{ "instance activate", CLI_ADMIN, CLI_F_CHANGE, activate, "<id>...",
	  "bring them back into service" },
	{ "instance set-health", CLI_ADMIN, CLI_F_CHANGE, set_health,
	  "<id> Healthy|Unhealthy [no-grace]", "say what an instance's health is" },
	{ "show activities", CLI_USER, 0, show_activities,
	  "[group <group>] [open] [from <time>] [max <n>] [json]",
	  "list scaling activities (requests per thread: show activity)" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_instance = { .name = "cli_instance", .cli = rows };
