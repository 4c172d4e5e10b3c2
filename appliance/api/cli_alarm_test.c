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
#define TURNS_A_PIECE	4

struct test {
	struct alarm_try try;
	struct when	 when;
	bool		 is_json, any;
};

static void
test_free(void *state)
{
	struct test *t = state;

	alarm_try_fini(&t->try);
	free(t);
}

static void
put_change(struct cli *c, struct test *t)
{
	const struct alarm_try *a = &t->try;
	struct outbuf *b = &c->out;
	struct alarm_words w;

	alarm_words_init(&w, &a->conf, &a->look, a->points, a->at_us);
	outbuf_z(b, !t->is_json ? "" : t->any ? ",{\"time\":\"" : "{\"time\":\"");
	alarm_put_instant(b, a->at_us);
	outbuf_fmt(b, t->is_json ? "\",\"from\":\"%s\",\"to\":\"%s\",\"reason\":" : ",%s,%s,",
	    alarm_state_name(a->before), alarm_state_name(a->state));
	if (t->is_json)
		outbuf_json(b, w.reason.data);
	else
		outbuf_csv(b, w.reason.data);
	outbuf_z(b, t->is_json ? "}" : "\n");
	t->any = true;
	alarm_words_fini(&w);
}

static void
put_total(struct cli *c, const struct test *t)
{
	const struct alarm_try *a = &t->try;

	outbuf_fmt(&c->out, t->is_json ? "],\"total\":{\"turns\":%u,\"changes\":%u,"
	    "\"alarm_s\":%llu,\"ok_s\":%llu,\"insufficient_data_s\":%llu}}\n" :
	    "#total turns=%u changes=%u alarm_s=%llu ok_s=%llu insufficient_data_s=%llu\n",
	    a->turns, a->changes, (unsigned long long)(a->in_us[ALARM_ALARM] / 1000000),
	    (unsigned long long)(a->in_us[ALARM_OK] / 1000000),
	    (unsigned long long)(a->in_us[ALARM_INSUFFICIENT] / 1000000));
}

static bool
test_more(struct cli *c)
{
	struct test *t = c->state;

	for (unsigned i = 0; i < TURNS_A_PIECE; i++) {
		if (!alarm_try_turn(&t->try)) {
			put_total(c, t);
			return true;
		}
		if (alarm_try_changed(&t->try))
			put_change(c, t);
	}
	return false;
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
		if ((bad = alarm_try_set(&t->try, c->args[i + n])) != NULL) {
			cli_err(c, "'alarm test': %s.", bad);
			return -1;
		}
	return n;
}

static void
begin(struct cli *c, struct test *t)
{
	int64_t from_s;
	bool is_clipped = alarm_try_span(&t->try, t->when.from_s, t->when.to_s, &from_s);

	(void)cli_hold(c);
	outbuf_z(&c->out, t->is_json ? "{" : "");
	if (is_clipped) {
		outbuf_fmt(&c->out, t->is_json ? "\"note\":\"%u s data goes back to " :
		    "#%u s data goes back to ", t->try.conf.query.period_s);
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
	struct test *t = xcalloc(1, sizeof *t);
	const char *why = a != NULL ? alarm_try_init(&t->try, a) : "";

	if (a != NULL && why != NULL)
		cli_err(c, "'alarm test': %s.", why);
	if (why == NULL && when_words(c, 1, SPAN_S, &t->when, test_word, t))
		begin(c, t);
	else
		test_free(t);
}

static const struct cli_row rows[] = {
	{ "alarm test", CLI_USER, 0, alarm_test_cmd,
	  "<name> [from <t>] [to <t>] [with <key>=<value>...] [json]",
	  "what an alarm would have done on recorded metrics" },
	{ 0 }
};

const struct module mod_cli_alarm_test = { .name = "cli_alarm_test", .cli = rows };
