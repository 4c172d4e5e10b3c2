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
#include "ctl/simulate.h"

#define SPAN_S		(6 * 3600)
#define TURNS_A_PIECE	4

static const char open_loop[] =
    "open loop: what was recorded does not react to the simulated capacity";
static const char linear[] =
    "model linear: averages of the group's instances go by recorded / simulated capacity";

struct test {
	struct simulation sim;
	struct when	 when;
	bool		 is_json, any;
};

static void
test_free(void *state)
{
	struct test *t = state;

	simulate_fini(&t->sim);
	free(t);
}

/* `alarmUp in state ALARM: 3.1 > 2, 2 of 2`, or what was in the way. */
static void
put_reason(struct outbuf *b, const struct simulated_event *e)
{
	const struct alarm_try *a;
	struct alarm_words w;

	if (e->result == POLICY_IGNORED || e->alarm == NULL) {
		outbuf_z(b, e->text);
		return;
	}
	a = &e->alarm->try;
	alarm_words_init(&w, &a->conf, &a->look, a->points, a->at_us);
	outbuf_fmt(b, "%s in state %s: %s", a->name, alarm_state_name(a->state),
	    w.brief.len > 0 ? w.brief.data : w.reason.data);
	alarm_words_fini(&w);
}

static void
put_event(struct cli *c, struct test *t)
{
	const struct simulated_event *e = &t->sim.event;
	struct outbuf *b = &c->out, reason;

	outbuf_init(&reason, 0);
	put_reason(&reason, e);
	outbuf_z(b, !t->is_json ? "" : t->any ? ",{\"time\":\"" : "{\"time\":\"");
	alarm_put_instant(b, e->t_us);
	outbuf_fmt(b, t->is_json ? "\",\"from\":%u,\"to\":%u,\"result\":\"%s\",\"reason\":" :
	    ",%u,%u,%s,", e->from, e->to, policy_result_name(e->result));
	if (t->is_json)
		outbuf_json(b, reason.data);
	else
		outbuf_csv(b, reason.data);
	outbuf_z(b, t->is_json ? "}" : "\n");
	t->any = true;
	outbuf_fini(&reason);
}

static void
put_total(struct cli *c, const struct test *t)
{
	const struct simulation *s = &t->sim;

	outbuf_fmt(&c->out, t->is_json ? "],\"total\":{\"changes\":%u,\"ignored\":%u,"
	    "\"instance_hours\":%.2f,\"breach_minutes\":%.1f,\"flaps\":%u,\"desired\":%u}}\n" :
	    "#total changes=%u ignored=%u instance_hours=%.2f breach_minutes=%.1f flaps=%u "
	    "desired=%u\n", s->changes, s->ignored, (double)s->instance_us / 3.6e9,
	    (double)s->breach_us / 6e7, s->flaps, s->desired);
}

static bool
test_more(struct cli *c)
{
	struct test *t = c->state;

	for (unsigned i = 0; i < TURNS_A_PIECE; i++) {
		bool is_event;

		if (!simulate_turn(&t->sim, &is_event)) {
			put_total(c, t);
			return true;
		}
		if (is_event)
			put_event(c, t);
	}
	return false;
}

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

/* with k=v..., model M, json */
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
	if (strcmp(word, "model") != 0)
		return 0;
	t->sim.is_linear = strcmp(value, "linear") == 0;
	if (t->sim.is_linear || strcmp(value, "open") == 0)
		return 2;
	cli_err(c, "'model' is one of open and linear.");
	return -1;
}

static void
put_note(struct cli *c, struct test *t, uint32_t period_s, int64_t from_s)
{
	outbuf_fmt(&c->out, t->is_json ? ",\"note\":\"%u s data goes back to " :
	    "#%u s data goes back to ", period_s);
	alarm_put_instant(&c->out, (uint64_t)from_s * 1000000);
	outbuf_z(&c->out, t->is_json ? "\"" : "\n");
}

static void
begin(struct cli *c, struct test *t)
{
	const char *model = t->sim.is_linear ? linear : open_loop;
	uint32_t period_s = 0;
	int64_t from_s;
	bool is_clipped = simulate_span(&t->sim, t->when.from_s, t->when.to_s, &from_s,
	    &period_s);

	(void)cli_hold(c);
	outbuf_fmt(&c->out, t->is_json ? "{\"model\":\"%s\"" : "#%s\n", model);
	if (is_clipped)
		put_note(c, t, period_s, from_s);
	outbuf_z(&c->out, t->is_json ? ",\"changes\":[" : "#time,from,to,result,reason\n");
	cli_more(c, test_more, t, test_free);
}

/* GROUP/POLICY */
static const char *
init(struct simulation *s, const char *target)
{
	const char *slash = strchr(target, '/'), *bad;
	char *group;

	*s = (struct simulation){ 0 };
	if (slash == NULL)
		return "it expects <group>/<policy>";
	group = xstrndup(target, (size_t)(slash - target));
	bad = simulate_init(s, group, slash + 1);
	free(group);
	return bad;
}

static void
policy_test(struct cli *c)
{
	struct test *t = xcalloc(1, sizeof *t);
	const char *bad = init(&t->sim, cli_arg(c, 0));

	if (bad != NULL)
		cli_err(c, "'policy test': %s.", bad);
	if (bad == NULL && when_words(c, 1, SPAN_S, &t->when, test_word, t))
		begin(c, t);
	else
		test_free(t);
}

static const struct cli_row rows[] = {
	{ "policy test", CLI_USER, 0, policy_test,
	  "<group>/<policy> [from <t>] [to <t>] [with <key>=<value>...] [model open|linear] [json]",
	  "what a scaling policy would have done on recorded metrics" },
	{ 0 }
};

const struct module mod_cli_policy_test = { .name = "cli_policy_test", .cli = rows };
