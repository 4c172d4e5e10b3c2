/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms for operators: show alarms; alarm ack, unack, silence, unsilence, enable,
 * disable, set-state. show alarm is in cli_show_alarm.c.
 *
 * Thread: control.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/alarm_put.h"
#include "api/cli.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/alarm.h"
#include "event/sched.h"

#define SILENCE_MAX_US	(365ull * 86400 * 1000000)

static const char *
nth_alarm(size_t i, void *arg)
{
	(void)arg;
	ALARM_EACH(a)
		if (i-- == 0)
			return a->name;
	return NULL;
}

struct alarm *
cli_alarm_named(struct cli *c, const char *name)
{
	struct alarm *a = alarm_find(name);
	const char *near;

	if (a != NULL)
		return a;
	near = str_nearest(name, nth_alarm, NULL);
	if (name[0] == '\0')
		cli_err(c, "The name of an alarm is missing.");
	else
		cli_err_near(c, near, ".", "There is no alarm '%s'", name);
	return NULL;
}

/* ---- show alarms ---- */

struct listing {
	bool		 has_state, is_json, any;
	enum alarm_state state;
	char		*prefix, *last;	/* owned; last: the name shown last, NULL at first */
};

static void
listing_free(void *state)
{
	struct listing *l = state;

	free(l->prefix);
	free(l->last);
	free(l);
}

static bool
is_shown(const struct listing *l, const struct alarm *a)
{
	return (!l->has_state || a->state == l->state) &&
	    strncmp(a->name, l->prefix, strlen(l->prefix)) == 0;
}

#define LISTED_AT_A_TIME	32

static bool
list_more(struct cli *c)
{
	struct listing *l = c->state;
	unsigned n = 0;

	ALARM_EACH(a) {
		if (l->last != NULL && strcmp(a->name, l->last) <= 0)
			continue;
		if (n++ == LISTED_AT_A_TIME)
			return false;
		free(l->last);
		l->last = xstrdup(a->name);
		if (!is_shown(l, a))
			continue;
		if (l->is_json) {
			outbuf_z(&c->out, l->any ? "," : "");
			alarm_put_json(&c->out, a);
		} else {
			alarm_put_csv(&c->out, a);
		}
		l->any = true;
	}
	outbuf_z(&c->out, l->is_json ? "]\n" : "");
	return true;
}

/* [state S] [prefix P] [json] */
static bool
read_listing(struct cli *c, struct listing *l)
{
	for (int i = 0; i < c->nargs; i += 2) {
		const char *word = c->args[i], *value = cli_arg(c, i + 1);

		if (strcmp(word, "json") == 0 && i == c->nargs - 1) {
			l->is_json = true;
		} else if (strcmp(word, "prefix") == 0) {
			free(l->prefix);
			l->prefix = xstrdup(value);
		} else if (strcmp(word, "state") == 0) {
			l->has_state = true;
			if (!alarm_state_named(value, &l->state)) {
				cli_err(c, "'state' is one of OK, ALARM and INSUFFICIENT_DATA.");
				return false;
			}
		} else {
			cli_err(c, "Unknown word '%s'.", word);
			return false;
		}
	}
	return true;
}

static void
show_alarms(struct cli *c)
{
	struct listing *l = xcalloc(1, sizeof *l);

	l->prefix = xstrdup("");
	if (!read_listing(c, l)) {
		listing_free(l);
		return;
	}
	if (l->is_json)
		outbuf_z(&c->out, "[");
	else
		alarm_put_csv_head(&c->out);
	cli_more(c, list_more, l, listing_free);
}

/* ---- changes ---- */

/* The words from argument i on, behind `word`; "" = none. Owned by the caller. */
static char *
text_behind(struct cli *c, int i, const char *word)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_z(&b, "");
	if (strcmp(cli_arg(c, i), word) == 0)
		for (i++; i < c->nargs; i++)
			outbuf_fmt(&b, "%s%s", b.len > 0 ? " " : "", c->args[i]);
	return b.data != NULL ? b.data : xstrdup("");
}

static void
alarm_ack_cmd(struct cli *c)
{
	struct alarm *a = cli_alarm_named(c, cli_arg(c, 0));
	char who[32], *comment;
	struct out o;

	if (a == NULL)
		return;
	if (c->nargs > 1 && strcmp(c->args[1], "comment") != 0) {
		cli_err(c, "Unknown word '%s': say 'comment' and a text.", c->args[1]);
		return;
	}
	comment = text_behind(c, 1, "comment");
	out_init(&o, who, sizeof who - 1);
	out_z(&o, "uid ");
	out_u64(&o, c->uid);
	*o.p = '\0';
	alarm_ack(a, who, comment);
	free(comment);
}

static void
alarm_unack_cmd(struct cli *c)
{
	struct alarm *a = cli_alarm_named(c, cli_arg(c, 0));

	if (a == NULL)
		return;
	alarm_ack(a, NULL, NULL);
}

static void
silence(struct cli *c, uint64_t until_us)
{
	bool is_all = strcmp(cli_arg(c, 0), "*") == 0;
	struct alarm *one = is_all ? NULL : cli_alarm_named(c, cli_arg(c, 0));

	if (!is_all && one == NULL)
		return;
	ALARM_EACH(a)
		if (is_all || a == one)
			alarm_silence(a, until_us);
}

static void
alarm_silence_cmd(struct cli *c)
{
	uint64_t us;

	if (strcmp(cli_arg(c, 1), "for") != 0 ||
	    str_to_duration_us(str_of(cli_arg(c, 2)), 0, &us) != PARSE_OK || us == 0 ||
	    us > SILENCE_MAX_US) {
		cli_err(c, "'alarm silence' expects a name or '*', and 'for' with a duration: "
		    "for 2h.");
		return;
	}
	silence(c, sched_wall_us() + us);
}

static void
alarm_unsilence_cmd(struct cli *c)
{
	silence(c, 0);
}

/* All names are looked up first: all of it or nothing. */
static void
enable(struct cli *c, bool is_enabled)
{
	for (int i = 0; i < c->nargs; i++)
		if (cli_alarm_named(c, c->args[i]) == NULL)
			return;
	if (c->nargs == 0) {
		(void)cli_alarm_named(c, "");
		return;
	}
	for (int i = 0; i < c->nargs; i++)
		alarm_enable(alarm_find(c->args[i]), is_enabled);
}

static void
alarm_enable_cmd(struct cli *c)
{
	enable(c, true);
}

static void
alarm_disable_cmd(struct cli *c)
{
	enable(c, false);
}

static void
alarm_set_state_cmd(struct cli *c)
{
	struct alarm *a = cli_alarm_named(c, cli_arg(c, 0));
	enum alarm_state s;
	char *reason;

	if (a == NULL)
		return;
	if (!alarm_state_named(cli_arg(c, 1), &s)) {
		cli_err(c, "'alarm set-state' expects one of OK, ALARM and INSUFFICIENT_DATA, but "
		    "got '%s'.", cli_arg(c, 1));
		return;
	}
	reason = text_behind(c, 2, "reason");
	if (reason[0] == '\0')
		cli_err(c, "'alarm set-state' expects 'reason' and a text.");
	else
		alarm_set_state(a, &(struct alarm_saying){ s, reason, NULL });
	free(reason);
}

static const struct cli_row rows[] = {
	{ "show alarms", CLI_USER, 0, show_alarms, "[state <s>] [prefix <p>] [json]",
	  "list alarms with their states" },
	{ "alarm ack", CLI_OPERATOR, CLI_F_CHANGE, alarm_ack_cmd, "<name> [comment <text>]",
	  "somebody sees to it: no reminders until the state changes" },
	{ "alarm unack", CLI_OPERATOR, CLI_F_CHANGE, alarm_unack_cmd, "<name>",
	  "take that back" },
	{ "alarm silence", CLI_OPERATOR, CLI_F_CHANGE, alarm_silence_cmd, "<name>|* for <duration>",
	  "no notifications for a while; scaling goes on" },
	{ "alarm unsilence", CLI_OPERATOR, CLI_F_CHANGE, alarm_unsilence_cmd, "<name>|*",
	  "notifications again" },
	{ "alarm enable", CLI_ADMIN, CLI_F_CHANGE, alarm_enable_cmd, "<name>...",
	  "let alarms act" },
	{ "alarm disable", CLI_ADMIN, CLI_F_CHANGE, alarm_disable_cmd, "<name>...",
	  "no actions at all; evaluation goes on" },
	{ "alarm set-state", CLI_ADMIN, CLI_F_CHANGE, alarm_set_state_cmd,
	  "<name> <state> reason <text>", "change the state at once, with its actions" },
	{ 0 }
};

const struct module mod_cli_alarm = { .name = "cli_alarm", .cli = rows };
