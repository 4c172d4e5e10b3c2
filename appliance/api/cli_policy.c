/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands of scaling policies.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/scaling.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/alarm.h"
#include "ctl/group.h"
#include "ctl/policy.h"
#include "ctl/policy_conf.h"
#include "ctl/policy_predictive.h"
#include "ctl/schedule.h"
#include "event/sched.h"

#define ARN_BYTES	700u

const char policy_fields[] = "group,name,type,adjustment,cooldown_s,alarms,last_time,"
    "last_result,last_reason,arn";

/* ---- show policies ---- */

/* Those that point at it. */
static void
put_alarms(struct fields *f, const struct group *g, const char *policy)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_z(&b, "");
	ALARM_EACH(a)
		if (alarm_points_at(a->conf, g->name, policy, NULL))
			outbuf_fmt(&b, "%s%s", b.len > 0 ? " " : "", a->name);
	fields_text(f, b.data);
	outbuf_fini(&b);
}

static void
put_adjustment(struct fields *f, const struct policy_conf *p)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	p->kind->describe(p, &b);
	fields_text(f, b.data);
	outbuf_fini(&b);
}

void
put_policy(struct fields *f, const struct group *g, const struct policy_conf *p)
{
	struct policy_stats st;
	char arn[ARN_BYTES];

	policy_stats(g, p->name, &st);
	fields_row(f);
	fields_text(f, g->name);
	fields_text(f, p->name);
	fields_text(f, p->kind->type);
	put_adjustment(f, p);
	fields_u64(f, p->kind->rests ? policy_cooldown_us(g->conf, p) / 1000000 : 0);
	put_alarms(f, g, p->name);
	fields_time(f, st.last_us);
	fields_text(f, st.is_disabled ? "disabled" : st.last_us == 0 ? "" :
	    policy_result_name(st.last_result));
	fields_text(f, st.last_reason);
	fields_text(f, policy_arn(g->name, p->name, arn, sizeof arn) ? arn : "");
	fields_row_end(f);
}

/* `[group G]`; false after an error. *ret NULL: all. */
static bool
read_group(struct cli *c, struct group **ret)
{
	*ret = NULL;
	if (c->nargs == 0)
		return true;
	if (c->nargs != 2 || strcmp(c->args[0], "group") != 0) {
		cli_err(c, "Unknown word '%s'; expects [group <name>] [json].", cli_arg(c, 0));
		return false;
	}
	*ret = cli_group(c, c->args[1]);
	return *ret != NULL;
}

static void
show_policies(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	struct group *only;
	struct fields f;

	if (!read_group(c, &only))
		return;
	fields_begin(&f, &c->out, policy_fields, is_json);
	GROUP_EACH(g) {
		if ((only != NULL && g != only) || g->conf == NULL || g->is_deleted)
			continue;
		for (const struct policy_conf *p = g->conf->policies; p != NULL; p = p->next)
			put_policy(&f, g, p);
	}
	fields_end(&f);
}

/* ---- show schedules ---- */

static void
put_count(struct fields *f, bool is_there, uint32_t n)
{
	char text[16];

	snprintf(text, sizeof text, "%u", n);
	fields_text(f, is_there ? text : "");
}

static void
put_schedule(struct fields *f, const struct group *g, const struct schedule_conf *s)
{
	struct schedule_stats st;

	schedule_stats(g, s, &st);
	fields_row(f);
	fields_text(f, s->name);
	fields_text(f, s->cron_text != NULL ? s->cron_text : "");
	fields_text(f, s->cron_text == NULL ? "" : s->zone_name != NULL ? s->zone_name : "UTC");
	fields_time(f, (uint64_t)s->at_s * 1000000);
	fields_time(f, (uint64_t)s->until_s * 1000000);
	put_count(f, s->has_min, s->min);
	put_count(f, s->has_max, s->max);
	put_count(f, s->has_desired, s->desired);
	fields_time(f, (uint64_t)st.next_s * 1000000);
	fields_time(f, (uint64_t)st.last_s * 1000000);
	fields_text(f, st.last_result);
	fields_row_end(f);
}

static void
show_schedules(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	struct group *g = cli_group(c, cli_arg(c, 0));
	struct fields f;

	if (g == NULL)
		return;
	fields_begin(&f, &c->out,
	    "name,cron,tz,at,until,min,max,desired,next,last,last_result", is_json);
	for (const struct schedule_conf *s = g->conf != NULL ? g->conf->schedules : NULL;
	    s != NULL; s = s->next)
		put_schedule(&f, g, s);
	fields_end(&f);
}

/* ---- show forecast ---- */

static void
put_double(struct fields *f, double v)
{
	char text[32];

	snprintf(text, sizeof text, "%.6g", v);
	fields_text(f, text);
}

/* GROUP [POLICY] */
static void
show_forecast(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	struct group *g = cli_group(c, cli_arg(c, 0));
	struct forecast_row rows[FORECAST_AHEAD];
	struct fields f;
	unsigned n;

	if (g == NULL)
		return;
	n = predictive_rows(g, c->nargs > 1 ? c->args[1] : NULL, rows);
	if (n == 0) {
		cli_err(c, "No forecast: group %s has no such policy, or less than %u hours of "
		    "its metric are known.", g->name, FORECAST_LEAST);
		return;
	}
	fields_begin(&f, &c->out, "t,low,mid,high,desired", is_json);
	for (unsigned i = 0; i < n; i++) {
		fields_row(&f);
		fields_time(&f, (uint64_t)rows[i].t_s * 1000000);
		put_double(&f, rows[i].load.low);
		put_double(&f, rows[i].load.mid);
		put_double(&f, rows[i].load.high);
		fields_u64(&f, rows[i].desired);
		fields_row_end(&f);
	}
	fields_end(&f);
}

/* ---- policy execute, enable, disable ---- */

static const char *
nth_policy(size_t i, void *arg)
{
	const struct group *g = arg;
	const struct policy_conf *p = g->conf != NULL ? g->conf->policies : NULL;

	for (; p != NULL && i > 0; i--)
		p = p->next;
	return p != NULL ? p->name : NULL;
}

/* GROUP/POLICY; NULL after an error. */
const struct policy_conf *
cli_policy(struct cli *c, const char *word, struct group **ret_group)
{
	const char *slash = strchr(word, '/');
	const struct policy_conf *p;
	char *name;

	if (slash == NULL) {
		cli_err(c, "A policy is <group>/<policy>, not '%s'.", word);
		return NULL;
	}
	name = xstrndup(word, (size_t)(slash - word));
	*ret_group = cli_group(c, name);
	free(name);
	if (*ret_group == NULL)
		return NULL;
	p = policy_find(*ret_group, slash + 1);
	if (p != NULL)
		return p;
	cli_err_near(c, str_nearest(slash + 1, nth_policy, *ret_group), ".",
	    "Scaling policy name not found: group %s has no policy '%s'", (*ret_group)->name,
	    slash + 1);
	return NULL;
}

static bool
read_double(struct cli *c, const char *what, const char *word, double *ret)
{
	char *end;

	*ret = strtod(word, &end);
	if (word[0] != '\0' && *end == '\0' && *ret - *ret == 0)
		return true;
	cli_err(c, "'%s' expects a number, not '%s'.", what, word);
	return false;
}

/* [honor-cooldown] [value V breach B] */
static bool
read_cause(struct cli *c, struct policy_cause *why)
{
	bool has_breach = false;

	for (int i = 1; i < c->nargs; i++) {
		if (strcmp(c->args[i], "honor-cooldown") == 0) {
			why->honors_cooldown = true;
		} else if (strcmp(c->args[i], "value") == 0) {
			why->has_value = true;
			if (!read_double(c, "value", cli_arg(c, ++i), &why->value))
				return false;
		} else if (strcmp(c->args[i], "breach") == 0) {
			has_breach = true;
			if (!read_double(c, "breach", cli_arg(c, ++i), &why->breach))
				return false;
		} else {
			cli_err(c, "Unknown word '%s'.", c->args[i]);
			return false;
		}
	}
	if (has_breach != why->has_value)
		cli_err(c, "'value' and 'breach' go together.");
	return has_breach == why->has_value;
}

static void
execute(struct cli *c)
{
	struct group *g;
	const struct policy_conf *p = cli_policy(c, cli_arg(c, 0), &g);
	struct policy_cause why = { .by = POLICY_BY_USER, .at_us = sched_wall_us() };
	struct policy_outcome out;

	if (p == NULL || !read_cause(c, &why))
		return;
	if (p->kind->has_steps && !why.has_value) {
		cli_err(c, "Policy %s has steps: it needs 'value <v> breach <b>'.", p->name);
		return;
	}
	policy_execute(g->name, p->name, &why, &out);
	if (out.result == POLICY_IGNORED)
		outbuf_fmt(&c->out, "ignored: %s\n", out.text);
	else if (out.result == POLICY_NO_CHANGE)
		outbuf_fmt(&c->out, "no change: desired is %u\n", g->desired);
	else
		outbuf_fmt(&c->out, "%s\n", out.activity);
}

static void
enable(struct cli *c, bool is_enabled)
{
	struct group *g;
	const struct policy_conf *p = cli_policy(c, cli_arg(c, 0), &g);

	if (p != NULL)
		policy_enable(g, p->name, is_enabled);
}

static void
enable_cmd(struct cli *c)
{
	enable(c, true);
}

static void
disable_cmd(struct cli *c)
{
	enable(c, false);
}

static const struct cli_row rows[] = {
	{ "show policies", CLI_USER, 0, show_policies, "[group <group>] [json]",
	  "list scaling policies, and what became of them last" },
	{ "show schedules", CLI_USER, 0, show_schedules, "<group> [json]",
	  "list scheduled actions of a group, and when they are due" },
	{ "show forecast", CLI_USER, 0, show_forecast, "<group> [<policy>] [json]",
	  "what a predictive policy expects hour by hour" },
	{ "policy execute", CLI_ADMIN, CLI_F_CHANGE, execute,
	  "<group>/<policy> [honor-cooldown] [value <v> breach <b>]",
	  "do what a scaling policy says" },
	{ "policy enable", CLI_ADMIN, CLI_F_CHANGE, enable_cmd, "<group>/<policy>",
	  "let a scaling policy act again" },
	{ "policy disable", CLI_ADMIN, CLI_F_CHANGE, disable_cmd, "<group>/<policy>",
	  "let a scaling policy rest" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_policy = { .name = "cli_policy", .cli = rows };
