/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy test: what a scaling policy would have done on recorded metrics, with the
 * alarms that point at it, also with other settings.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/alarm_put.h"
#include "api/cli.h"
#include "api/when.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/simulate.h"
#include "event/job.h"
#include "event/sched.h"
#include "script/script.h"
#include "script/trial.h"
#include "script/unit.h"

#define SPAN_S	(6 * 3600)

static const char open_loop[] =
    "open loop: what was recorded does not react to the simulated capacity";
static const char linear[] =
    "model linear: averages of the group's instances go by recorded / simulated capacity";

struct test {
	struct cli	*cli;		/* borrowed: it waits */
	int		 first;		/* where words of any order begin */
	char		*text;		/* owned: to be loaded by a job; or NULL */
	struct script_source source;
	struct script_choice choice;
	/* owned: of choice, when the target names it; of source. What they are called now
	 * may change while the job loads. */
	char		*function, *path;
	uint64_t	 now_us;
	char		*error;		/* owned: what is wrong with it; or NULL */
	struct script_draft draft;	/* the rest borrows of it */
	struct simulation sim;
	struct when	 when;
	bool		 is_json, any;
};

static void
test_free(void *state)
{
	struct test *t = state;

	simulate_fini(&t->sim);
	script_draft_close(&t->draft);
	free(t->text);
	free(t->function);
	free(t->path);
	free(t->error);
	free(t);
}

/* `alarmUp in state ALARM: 3.1 > 2, 2 of 2`, or what was in the way. */
static void
put_reason(struct outbuf *b, const struct simulation *s)
{
	const struct simulated_event *e = &s->event;
	const struct alarm_try *a = e->alarm->try;
	struct outbuf reason, brief;

	if (e->result == POLICY_IGNORED || a == NULL || s->trial != NULL) {
		outbuf_z(b, e->text);
		return;
	}
	outbuf_init(&reason, 0);
	outbuf_init(&brief, 0);
	alarm_try_words(a, &reason, &brief);
	outbuf_fmt(b, "%s in state %s: %s", a->name, alarm_state_name(a->state),
	    outbuf_text(&brief));
	outbuf_fini(&reason);
	outbuf_fini(&brief);
}

static void
put_event(struct cli *c, struct test *t)
{
	const struct simulated_event *e = &t->sim.event;
	const char *result = e->is_error ? "error" : policy_result_name(e->result);
	struct outbuf *b = &c->out, reason;

	outbuf_init(&reason, 0);
	put_reason(&reason, &t->sim);
	outbuf_z(b, !t->is_json ? "" : t->any ? ",{\"time\":\"" : "{\"time\":\"");
	alarm_put_instant(b, e->t_us);
	outbuf_fmt(b, t->is_json ? "\",\"from\":%u,\"to\":%u,\"result\":\"%s\",\"reason\":" :
	    ",%u,%u,%s,", e->from, e->to, result);
	if (t->is_json)
		outbuf_json(b, outbuf_text(&reason));
	else
		outbuf_csv(b, outbuf_text(&reason));
	outbuf_z(b, t->is_json ? "}" : "\n");
	t->any = true;
	outbuf_fini(&reason);
}

/* Of functions: the policy's, and those of alarms. */
static struct trial_costs
costs_of(const struct simulation *s)
{
	struct trial_costs sum = s->costs;
	const struct trial_costs *more = &s->tries.costs;

	sum.calls += more->calls;
	sum.errors += more->errors;
	sum.slowest_us = more->slowest_us > sum.slowest_us ? more->slowest_us : sum.slowest_us;
	if (sum.last_error[0] == '\0')
		memcpy(sum.last_error, more->last_error, sizeof sum.last_error);
	return sum;
}

static void
put_total(struct cli *c, const struct test *t)
{
	const struct simulation *s = &t->sim;
	struct trial_costs costs = costs_of(s);

	outbuf_fmt(&c->out, t->is_json ? "],\"total\":{\"changes\":%u,\"ignored\":%u,"
	    "\"instance_hours\":%.2f,\"breach_minutes\":%.1f,\"flaps\":%u,\"desired\":%u" :
	    "#total changes=%u ignored=%u instance_hours=%.2f breach_minutes=%.1f flaps=%u "
	    "desired=%u", s->changes, s->ignored,
	    (double)s->instance_us / 3.6e9, (double)s->breach_us / 6e7, s->flaps, s->desired);
	alarm_put_costs(&c->out, &costs, t->is_json);
}

static bool
test_more(struct cli *c)
{
	struct test *t = c->state;

	switch (simulate_run(&t->sim)) {
	case SIMULATE_OVER:
		put_total(c, t);
		return true;
	case SIMULATE_EVENT:
		put_event(c, t);
		break;
	case SIMULATE_AGAIN:
		break;
	}
	return false;
}

/* ---- words ---- */

static int
read_with(struct cli *c, struct test *t, int i)
{
	const char *bad;
	int n = 1;

	for (; strchr(cli_arg(c, i + n), '=') != NULL; n++)
		if ((bad = simulate_set(&t->sim, c->args[i + n])) != NULL) {
			cli_err(c, "'policy test': '%s': %s.", c->args[i + n], bad);
			return -1;
		}
	return n;
}

/* with k=v..., model M, json; what was read before */
static int
test_word(struct cli *c, int i, void *arg)
{
	const char *word = c->args[i], *value = cli_arg(c, i + 1);
	struct test *t = arg;

	if (strcmp(word, "json") == 0 && i == c->nargs - 1) {
		t->is_json = true;
		return 1;
	}
	if (strcmp(word, "with") == 0)
		return read_with(c, t, i);
	if (t->draft.script != NULL && value[0] != '\0' &&
	    (strcmp(word, "group") == 0 || strcmp(word, "function") == 0))
		return 2;
	if (strcmp(word, "model") != 0)
		return 0;
	t->sim.is_linear = strcmp(value, "linear") == 0;
	if (t->sim.is_linear || strcmp(value, "open") == 0)
		return 2;
	cli_err(c, "'model' is one of open and linear.");
	return -1;
}

/* What stands behind a word, before what is tried is known; NULL: it is not there. */
static const char *
value_of(const struct cli *c, const char *word)
{
	for (int i = 0; i + 1 < c->nargs; i++)
		if (strcmp(c->args[i], word) == 0)
			return c->args[i + 1];
	return NULL;
}

/* ---- what is tried ---- */

/* GROUP/POLICY */
static char *
init_policy(struct test *t, const char *target)
{
	const char *slash = strchr(target, '/');
	char *group, *bad;

	if (slash == NULL)
		return xstrdup("it expects <group>/<policy>, lua <name>, or a text behind <<");
	group = xstrndup(target, (size_t)(slash - target));
	bad = simulate_init(&t->sim, group, slash + 1, NULL, NULL);
	free(group);
	return bad;
}

/* A function, not the script, may be named. */
static const struct script_unit *
unit_of(const char *name, struct test *t)
{
	const struct script_unit *u = script_unit_find(name);
	const struct script_live *f = u == NULL ? script_live_find(SCRIPT_POLICY, name) : NULL;

	if (f == NULL)
		return u;
	t->choice.function = t->function = xstrdup(f->fn->name);
	return f->unit;
}

/* The payload, else the version in service: what a job shall load. */
static char *
take_text(struct cli *c, struct test *t, const char *name)
{
	const struct script_unit *u = name != NULL ? unit_of(name, t) : NULL;
	const struct script_version *v = u != NULL ? script_unit_version(u, u->version) : NULL;
	struct str text = c->payload;

	if (name != NULL && u == NULL)
		return xasprintf("there is no script '%s' of lua-policy, nor a policy of one",
		    name);
	if (text.p == NULL && v == NULL)
		return xasprintf("script '%s' has no version in service", name);
	if (text.p == NULL)
		text = (struct str){ v->text, v->len };
	t->text = xstrndup(text.p, text.len);
	t->source = (struct script_source){ .file = "draft", .text = t->text, .len = text.len };
	if (u != NULL) {
		t->source = script_unit_source(u, t->text, text.len);
		t->source.file = t->path = xstrdup(u->path);
	}
	return NULL;
}

/* *ret_first: where other words begin. */
static char *
init(struct cli *c, struct test *t, int *ret_first)
{
	bool is_lua = strcmp(cli_arg(c, 0), "lua") == 0 && cli_arg(c, 1)[0] != '\0';

	*ret_first = is_lua ? 2 : c->payload.p != NULL ? 0 : 1;
	t->choice = (struct script_choice){ value_of(c, "function"), value_of(c, "group") };
	if (is_lua || c->payload.p != NULL)
		return take_text(c, t, is_lua ? c->args[1] : NULL);
	return init_policy(t, cli_arg(c, 0));
}

/* ---- the command ---- */

static void
put_note(struct cli *c, struct test *t, uint32_t period_s, int64_t from_s)
{
	outbuf_fmt(&c->out, t->is_json ? ",\"note\":\"%u s data goes back to " :
	    "#%u s data goes back to ", period_s);
	alarm_put_instant(&c->out, (uint64_t)from_s * 1000000);
	outbuf_z(&c->out, t->is_json ? "\"" : "\n");
}

static void
put_subject(struct cli *c, const struct simulation *s)
{
	outbuf_z(&c->out, ",\"group\":");
	outbuf_json(&c->out, s->group);
	outbuf_z(&c->out, ",\"policy\":");
	outbuf_json(&c->out, s->policy.name);
	outbuf_fmt(&c->out, ",\"min\":%u,\"max\":%u,\"desired\":%u,\"from\":\"", s->min,
	    s->max, s->desired);
	alarm_put_instant(&c->out, s->at_us);
	outbuf_z(&c->out, "\",\"to\":\"");
	alarm_put_instant(&c->out, s->until_us);
	outbuf_z(&c->out, "\"");
}

static void
begin(struct cli *c, struct test *t)
{
	const char *model = t->sim.is_linear ? linear : open_loop;
	uint32_t period_s;
	int64_t from_s = simulate_span(&t->sim, t->when.from_s, t->when.to_s, &period_s);

	outbuf_fmt(&c->out, t->is_json ? "{\"model\":\"%s\"" : "#%s\n", model);
	if (t->is_json)
		put_subject(c, &t->sim);
	if (period_s != 0)
		put_note(c, t, period_s, from_s);
	outbuf_z(&c->out, t->is_json ? ",\"changes\":[" : "#time,from,to,result,reason\n");
	cli_more(c, test_more, t, test_free);
}

/* Takes the test. bad: NULL, or what is wrong, owned */
static void
go(struct cli *c, struct test *t, char *bad, int first)
{
	if (bad != NULL)
		cli_err(c, "'policy test': %s.", bad);
	if (bad == NULL && when_words(c, first, SPAN_S, &t->when, test_word, t))
		begin(c, t);
	else
		test_free(t);
	free(bad);
}

/* Job thread: a text may take its time. */
static void
load(void *arg)
{
	struct test *t = arg;

	t->error = script_draft_load(&t->draft, &t->source, t->now_us);
}

static void
on_loaded(void *arg)
{
	struct test *t = arg;
	struct cli *c = t->cli;
	char *bad = t->error;

	t->error = NULL;
	if (bad == NULL)
		bad = script_draft_choose(&t->draft, &t->choice);
	if (bad == NULL)
		bad = simulate_init(&t->sim, t->draft.group, t->draft.policy.name,
		    &t->draft.policy, t->draft.script);
	go(c, t, bad, t->first);
	cli_done(c);
}

static void
policy_test(struct cli *c)
{
	struct test *t = xcalloc(1, sizeof *t);
	char *bad;

	(void)cli_hold(c);
	alarm_tries_init(&t->sim.tries);
	bad = init(c, t, &t->first);
	if (bad != NULL || t->text == NULL) {
		go(c, t, bad, t->first);
		return;
	}
	t->cli = c;
	t->now_us = sched_wall_us();
	cli_wait(c);
	job_run(control_loop, load, on_loaded, t);
}

static const struct cli_row rows[] = {
	{ "policy test", CLI_USER, CLI_F_PAYLOAD, policy_test,
	  "<group>/<policy> | lua <name> [<<] | << [function <name>] [group <group>] [from <t>] "
	  "[to <t>] [with <key>=<value>...] [model open|linear] [json]",
	  "what a scaling policy would have done on recorded metrics" },
	{ 0 }
};

const struct module mod_cli_policy_test = { .name = "cli_policy_test", .cli = rows };
