/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that change scaling groups.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/scaling.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/attach.h"
#include "ctl/control.h"
#include "ctl/group.h"
#include "ctl/scaler.h"
#include "event/loop.h"
#include "proxy/global.h"

#define LOOK_US	20000u
#define SETTLE_LOOK_US 1000u
#define SETTLE_US 5000000u

/* ---- changing size ---- */

bool
cli_group_number(struct cli *c, int i, const char *what, uint32_t *ret_n)
{
	uint64_t n;

	if (!str_to_u64(str_of(cli_arg(c, i)), &n) || n > GROUP_SIZE_MAX) {
		cli_err(c, "'%s' expects a number from 0 to %u.", what, GROUP_SIZE_MAX);
		return false;
	}
	*ret_n = (uint32_t)n;
	return true;
}

/* What the AWS says to that; NULL: it may be. */
static bool
is_within(struct cli *c, const struct group *g, uint32_t n)
{
	if (n > g->max)
		cli_err(c, "New SetDesiredCapacity value %u is above max value %u for the "
		    "AutoScalingGroup.", n, g->max);
	else if (n < g->min)
		cli_err(c, "New SetDesiredCapacity value %u is below min value %u for the "
		    "AutoScalingGroup.", n, g->min);
	return n <= g->max && n >= g->min;
}

static bool
may_scale_now(struct cli *c, const struct group *g)
{
	uint32_t left = group_cooldown_left_s(g);

	if (group_is_busy(g))
		cli_err(c, "Scaling activity is in progress.");
	else if (left > 0)
		cli_err(c, "Scaling activity was initiated within the cooldown, %u s left.", left);
	return !group_is_busy(g) && left == 0;
}

/* The answer comes when what is begun at once was begun: a row of the store may have to
 * be safe before that. */
struct settling {
	struct timer	 timer;
	struct cli	*c;
	char		 name[OBJECT_NAME_MAX + 1];
	uint64_t	 until_us;
};

static void
on_settle_look(struct timer *t)
{
	struct settling *s = LIST_ITEM(t, struct settling, timer);
	const struct group *g = group_find(s->name);

	if (g != NULL && scaler_is_storing(g) && clock_mono_us() < s->until_us) {
		timer_set(&control_loop->wheel, t, clock_mono_us() + SETTLE_LOOK_US);
		return;
	}
	timer_unlink(&control_loop->wheel, t);
	cli_done(s->c);
	free(s);
}

static void
settle(struct cli *c, const struct group *g)
{
	struct settling *s;

	if (!scaler_is_storing(g))
		return;
	s = xcalloc(1, sizeof *s);
	s->c = c;
	s->until_us = clock_mono_us() + SETTLE_US;
	snprintf(s->name, sizeof s->name, "%s", g->name);
	timer_init(&s->timer, on_settle_look);
	cli_wait(c);
	on_settle_look(&s->timer);
}

static void
set_desired(struct cli *c)
{
	struct group *g = cli_group(c, cli_arg(c, 0));
	bool honors = cli_has_arg(c, "honor-cooldown");
	uint32_t n, from;

	if (g == NULL || !cli_group_number(c, 1, "group set-desired", &n) || !is_within(c, g, n) ||
	    (honors && !may_scale_now(c, g)))
		return;
	from = g->desired;
	group_set_desired(g, n, "a user request explicitly set group desired capacity",
	    g->conf != NULL ? g->conf->cooldown_us : GROUP_NO_COOLDOWN, NULL);
	outbuf_fmt(&c->out, "desired %u -> %u\n", from, n);
	settle(c, g);
}

/* A file's object is changed in its file. */
static bool
may_override(struct cli *c, const struct group *g)
{
	bool may = g->conf == NULL || snapshot_current()->global->api_may_override;

	if (!may)
		cli_err(c, "%s is defined in %s:%d", g->name, g->conf->object.file,
		    g->conf->object.line);
	return may;
}

static void
set_size(struct cli *c)
{
	struct group *g = cli_group(c, cli_arg(c, 0));
	uint32_t min, max;

	if (g == NULL)
		return;
	if (c->nargs != 5 || strcmp(c->args[1], "min") != 0 || strcmp(c->args[3], "max") != 0) {
		cli_err(c, "Expects <group> min <n> max <n>.");
		return;
	}
	if (!cli_group_number(c, 2, "min", &min) || !cli_group_number(c, 4, "max", &max))
		return;
	if (min > max) {
		cli_err(c, "Max bound, %u, must be greater than or equal to min bound, %u", max,
		    min);
		return;
	}
	if (!may_override(c, g))
		return;
	g->is_overridden = true;
	group_set_size(g, min, max, "a user request");
	outbuf_fmt(&c->out, "min %u max %u desired %u\n", g->min, g->max, g->desired);
	settle(c, g);
}

/* ---- suspend, resume ---- */

static bool
read_processes(struct cli *c, unsigned *ret_bits)
{
	const char *near;
	struct str bad;

	if (group_process_parse(cli_arg(c, 1), ret_bits, &bad, &near))
		return true;
	cli_err_near(c, near, ".", "There is no process '" STR_FMT "'", STR_ARG(bad));
	return false;
}

static void
set_processes(struct cli *c, void (*set)(struct group *g, unsigned bits))
{
	struct group *g = cli_group(c, cli_arg(c, 0));
	unsigned bits;

	if (g != NULL && read_processes(c, &bits))
		set(g, bits);
}

static void
suspend(struct cli *c)
{
	set_processes(c, group_suspend);
}

static void
resume(struct cli *c)
{
	set_processes(c, group_resume);
}

/* ---- attach, detach ---- */

static void
detach(struct cli *c)
{
	struct group *g = cli_group(c, cli_arg(c, 0));
	bool decrements = c->nargs > 0 && strcmp(c->args[c->nargs - 1], "decrement") == 0;

	if (g == NULL)
		return;
	if (c->nargs - decrements < 2)
		cli_err(c, "Which instance?");
	for (int k = 1; k < c->nargs - decrements; k++) {
		struct instance *i = cli_instance(c, c->args[k]);

		if (i != NULL && i->group != g)
			cli_err(c, "The instance %s is not part of Auto Scaling group %s.",
			    i->id, g->name);
		else if (i != NULL && instance_detach(i, decrements) == NULL)
			cli_err(c, "The instance %s is not in InService or Standby.", c->args[k]);
	}
}

static void
on_attached(void *arg, const char *why)
{
	struct cli *c = arg;

	if (why != NULL)
		cli_err(c, "%s", why);
	cli_done(c);
}

/* Desired grows along. */
static void
attach(struct cli *c)
{
	struct group *g = cli_group(c, cli_arg(c, 0));

	if (g == NULL)
		return;
	if (c->nargs < 2) {
		cli_err(c, "Which instance?");
		return;
	}
	cli_wait(c);
	attach_start(g, c->args + 1, (unsigned)c->nargs - 1, on_attached, c);
}

/* ---- delete ---- */

struct deletion {
	struct timer	 timer;
	struct cli	*c;
	char		 name[OBJECT_NAME_MAX + 1];
	unsigned	 left;
};

static void
on_look(struct timer *t)
{
	struct deletion *d = LIST_ITEM(t, struct deletion, timer);
	const struct group *g = group_find(d->name);
	struct cli *c = d->c;
	unsigned n = 0;

	if (g != NULL)
		LIST_EACH(node, &g->instances)
			n++;
	if (g != NULL && n != d->left)
		outbuf_fmt(&c->out, "%u instance%s left\n", n, n == 1 ? "" : "s");
	d->left = n;
	if (g != NULL && !cli_is_gone(c)) {
		timer_set(&control_loop->wheel, t, clock_mono_us() + LOOK_US);
		return;
	}
	if (g == NULL)
		outbuf_z(&c->out, "deleted\n");
	timer_unlink(&control_loop->wheel, t);
	free(d);
	cli_done(c);
}

static void
delete_group(struct cli *c)
{
	struct group *g = cli_group(c, cli_arg(c, 0));
	enum group_delete_how how = cli_has_arg(c, "force") ? GROUP_DELETE_FORCE :
	    cli_has_arg(c, "keep") ? GROUP_DELETE_KEEP : GROUP_DELETE_EMPTY;
	struct deletion *d;
	const char *why;

	if (g == NULL)
		return;
	d = xcalloc(1, sizeof *d);
	snprintf(d->name, sizeof d->name, "%s", g->name);
	if ((why = group_delete(g, how)) != NULL) {
		cli_err(c, "%s", why);
		free(d);
		return;
	}
	d->c = c;
	timer_init(&d->timer, on_look);
	cli_wait(c);
	on_look(&d->timer);
}

/* ---- all groups ---- */

static void
scaling_pause_cmd(struct cli *c)
{
	char reason[256];
	int n = 0, i = strcmp(cli_arg(c, 0), "reason") == 0;

	reason[0] = '\0';
	for (; i < c->nargs && n < (int)sizeof reason - 1; i++)
		n += snprintf(reason + n, sizeof reason - (size_t)n, "%s%s", n > 0 ? " " : "",
		    c->args[i]);
	scaling_pause(true, reason);
}

static void
scaling_resume_cmd(struct cli *c)
{
	(void)c;
	scaling_pause(false, "");
}

static const struct cli_row rows[] = {
	{ "group set-desired", CLI_ADMIN, CLI_F_CHANGE, set_desired,
	  "<group> <n> [honor-cooldown]", "set how many instances a group shall have" },
	{ "group set-size", CLI_ADMIN, CLI_F_CHANGE, set_size, "<group> min <n> max <n>",
	  "set a group's limits; desired follows" },
	{ "group suspend", CLI_ADMIN, CLI_F_CHANGE, suspend, "<group> [<process>,...]",
	  "let processes of a group rest; all by default" },
	{ "group resume", CLI_ADMIN, CLI_F_CHANGE, resume, "<group> [<process>,...]",
	  "let them go on" },
	{ "group attach", CLI_ADMIN, CLI_F_CHANGE, attach, "<group> <id>...",
	  "take instances in that were detached, or that its provider has" },
	{ "group detach", CLI_ADMIN, CLI_F_CHANGE, detach, "<group> <id>... [decrement]",
	  "let instances go on without the group" },
	{ "group delete", CLI_ADMIN, CLI_F_CHANGE, delete_group, "<group> [force|keep]",
	  "delete a group; force ends its instances, keep lets them go" },
	{ "scaling pause", CLI_ADMIN, CLI_F_CHANGE, scaling_pause_cmd, "[reason <text>]",
	  "let all groups stand still" },
	{ "scaling resume", CLI_ADMIN, CLI_F_CHANGE, scaling_resume_cmd, "", "let them go on" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_group = { .name = "cli_group", .cli = rows };
