/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alarm test: what an alarm would have done on recorded metrics, also with other
 * settings.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/alarm_put.h"
#include "api/cli.h"
#include "api/when.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/alarm_try.h"

#define SPAN_S		(6 * 3600)

struct test {
	struct alarm_tries tries;
	struct alarm_try *try;		/* the one that is asked for */
	struct when	 when;
	bool		 is_json, any;
};

static void
test_free(void *state)
{
	struct test *t = state;

	alarm_tries_fini(&t->tries);
	free(t);
}

static void
put_change(struct cli *c, struct test *t)
{
	const struct alarm_try *a = t->try;
	struct outbuf *b = &c->out, reason, brief;

	outbuf_init(&reason, 0);
	outbuf_init(&brief, 0);
	alarm_try_words(a, &reason, &brief);
	outbuf_z(b, !t->is_json ? "" : t->any ? ",{\"time\":\"" : "{\"time\":\"");
	alarm_put_instant(b, a->at_us);
	outbuf_fmt(b, t->is_json ? "\",\"from\":\"%s\",\"to\":\"%s\",\"reason\":" : ",%s,%s,",
	    alarm_state_name(a->before), alarm_state_name(a->state));
	if (t->is_json)
		outbuf_json(b, outbuf_text(&reason));
	else
		outbuf_csv(b, outbuf_text(&reason));
	outbuf_z(b, t->is_json ? "}" : "\n");
	t->any = true;
	outbuf_fini(&reason);
	outbuf_fini(&brief);
}

static void
put_total(struct cli *c, const struct test *t)
{
	const struct alarm_try *a = t->try;

	outbuf_fmt(&c->out, t->is_json ? "],\"total\":{\"turns\":%u,\"changes\":%u,"
	    "\"alarm_s\":%llu,\"ok_s\":%llu,\"insufficient_data_s\":%llu" :
	    "#total turns=%u changes=%u alarm_s=%llu ok_s=%llu insufficient_data_s=%llu",
	    a->turns, a->changes, (unsigned long long)(a->in_us[ALARM_ALARM] / 1000000),
	    (unsigned long long)(a->in_us[ALARM_OK] / 1000000),
	    (unsigned long long)(a->in_us[ALARM_INSUFFICIENT] / 1000000));
	alarm_put_costs(&c->out, &t->tries.costs, t->is_json);
}

static bool
test_more(struct cli *c)
{
	struct test *t = c->state;
	struct alarm_try *turned;

	switch (alarm_tries_run(&t->tries, &turned)) {
	case ALARM_TRY_OVER:
		put_total(c, t);
		return true;
	case ALARM_TRY_TURN:
		if (turned == t->try && alarm_try_changed(turned))
			put_change(c, t);
		break;
	case ALARM_TRY_AGAIN:
		break;
	}
	return false;
}

/* KEY=VALUE of the alarm, ALARM.KEY=VALUE of one that it names. */
static const char *
set(struct test *t, const char *setting)
{
	const char *eq = strchr(setting, '='), *dot = eq;
	struct alarm_try *of;

	while (dot > setting && dot[-1] != '.')
		dot--;
	if (dot == setting)
		return alarm_try_set(t->try, setting);
	of = alarm_tries_find(&t->tries, (struct str){ setting, (size_t)(dot - setting) - 1 });
	return of != NULL ? alarm_try_set(of, dot) : "it has no such alarm under it";
}

/* with k=v..., json */
static int
test_word(struct cli *c, int i, void *arg)
{
	struct test *t = arg;
	const char *bad;
	int n = 1;

	if (strcmp(c->args[i], "json") == 0 && i == c->nargs - 1) {
		t->is_json = true;
		return 1;
	}
	if (strcmp(c->args[i], "with") != 0)
		return 0;
	for (; strchr(cli_arg(c, i + n), '=') != NULL; n++)
		if ((bad = set(t, c->args[i + n])) != NULL) {
			cli_err(c, "'alarm test': %s.", bad);
			return -1;
		}
	return n;
}

static void
begin(struct cli *c, struct test *t)
{
	uint32_t period_s;
	int64_t from_s = alarm_tries_span(&t->tries, t->when.from_s, t->when.to_s, &period_s);

	outbuf_z(&c->out, t->is_json ? "{" : "");
	if (period_s != 0) {
		outbuf_fmt(&c->out, t->is_json ? "\"note\":\"%u s data goes back to " :
		    "#%u s data goes back to ", period_s);
		alarm_put_instant(&c->out, (uint64_t)from_s * 1000000);
		outbuf_z(&c->out, t->is_json ? "\"," : "\n");
	}
	outbuf_z(&c->out, t->is_json ? "\"changes\":[" : "#time,from,to,reason\n");
	cli_more(c, test_more, t, test_free);
}

static void
alarm_test_cmd(struct cli *c)
{
	struct alarm *a = cli_alarm_named(c, cli_arg(c, 0));
	struct test *t;
	char *bad = NULL;

	if (a == NULL)
		return;
	(void)cli_hold(c);
	t = xcalloc(1, sizeof *t);
	alarm_tries_init(&t->tries);
	t->try = alarm_tries_add(&t->tries, a, &bad);
	if (t->try == NULL)
		cli_err(c, "'alarm test': %s.", bad);
	if (t->try != NULL && when_words(c, 1, SPAN_S, &t->when, test_word, t))
		begin(c, t);
	else
		test_free(t);
	free(bad);
}

static const struct cli_row rows[] = {
	{ "alarm test", CLI_USER, 0, alarm_test_cmd,
	  "<name> [from <t>] [to <t>] [with <key>=<value>...] [json]",
	  "what an alarm would have done on recorded metrics" },
	{ 0 }
};

const struct module mod_cli_alarm_test = { .name = "cli_alarm_test", .cli = rows };
