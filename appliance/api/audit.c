/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit trail; see audit.h. Payloads are not in it: they may hold keys.
 *
 * Thread: control.
 */
#include "api/audit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/when.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/feed.h"
#include "ctl/store.h"
#include "proxy/log_target.h"

#define COMMAND_BYTES	400
#define RESULT_BYTES	200
#define STORED_US	(42ull * 86400 * 1000000)

struct entry {
	uint64_t	 id;		/* from 1; 0 = free */
	uint64_t	 wall_us;
	char		 who[48];	/* `uid,pid,source` */
	char		*command, *result;	/* owned; result NULL: it runs */
};

static struct entry ring[AUDIT_KEPT];
static uint64_t next = 1;

/* The command in one line, without control characters; at most COMMAND_BYTES. */
static char *
command_text(const struct cli *c, int nshown)
{
	char buf[COMMAND_BYTES];
	struct outbuf b;
	struct out o, v;

	out_init(&o, buf, sizeof buf);
	for (int i = 0; i < c->words.n; i++) {
		if (i > 0)
			out_char(&o, ' ');
		out_z(&o, i < nshown ? c->words.w[i] : "***");
	}
	outbuf_init(&b, 0);
	v = outbuf_reserve(&b, 4 * out_len(&o) + 1);
	out_visible(&v, (struct str){ buf, out_len(&o) });
	outbuf_commit(&b, &v);
	return b.data != NULL ? b.data : xstrdup("");
}

uint64_t
audit_begin(const struct cli *c, int nshown)
{
	struct entry *e = &ring[next % AUDIT_KEPT];
	struct out o;

	free(e->command);
	free(e->result);
	*e = (struct entry){ .id = next, .wall_us = clock_wall_us(),
	    .command = command_text(c, nshown) };
	out_init(&o, e->who, sizeof e->who - 1);
	if (c->pid != 0) {
		out_fmt(&o, "%u,%d,unix", (unsigned)c->uid, (int)c->pid);
		log_event(NULL, LOG_L_NOTICE, "Command from uid %u pid %d: %s", (unsigned)c->uid,
		    (int)c->pid, e->command);
	} else {
		out_z(&o, ",,tcp");
		log_event(NULL, LOG_L_NOTICE, "Command from the network: %s", e->command);
	}
	*o.p = '\0';
	return next++;
}

/* ---- the store ---- */

static void
keep(const struct entry *e)
{
	json_t *j = json_pack("{ss ss ss}", "who", e->who, "command", e->command, "result",
	    e->result);
	char *text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL, key[40];

	snprintf(key, sizeof key, "%016llx.%08llx", (unsigned long long)e->wall_us,
	    (unsigned long long)e->id);
	if (text != NULL)
		store_put(STORE_AUDIT, key, (int64_t)e->wall_us, text, strlen(text));
	free(text);
	json_decref(j);
}

static void
restore(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	json_t *j = json_loadb(data, len, 0, NULL);
	struct entry *e = &ring[next % AUDIT_KEPT];
	const char *who, *command, *result;

	(void)key, (void)arg;
	if (j != NULL && json_unpack(j, "{ss ss ss}", "who", &who, "command", &command, "result",
	    &result) == 0) {
		free(e->command);
		free(e->result);
		*e = (struct entry){ .id = next++, .wall_us = (uint64_t)t_us,
		    .command = xstrdup(command), .result = xstrdup(result) };
		snprintf(e->who, sizeof e->who, "%s", who);
	}
	json_decref(j);
}

static int
audit_start(void)
{
	store_del_older(STORE_AUDIT, (int64_t)(clock_wall_us() - STORED_US));
	store_each(STORE_AUDIT, restore, NULL);
	return 0;
}

void
audit_end(uint64_t id, const char *result)
{
	struct entry *e = &ring[id % AUDIT_KEPT];
	char text[RESULT_BYTES];
	size_t len = strcspn(result, "\n");

	if (e->id != id || e->result != NULL)
		return;
	if (len >= sizeof text)
		len = sizeof text - 1;
	memcpy(text, result, len);
	text[len] = '\0';
	e->result = xstrdup(text);
	keep(e);
	feed_emit(FEED_COMMAND, e->who, "", text, e->command);
}

/* ---- show audit ---- */

struct dump {
	uint64_t	 id;		/* next */
	int64_t		 from_s;
};

static void
put_csv(struct outbuf *b, const char *text)
{
	struct out o = outbuf_reserve(b, 2 * strlen(text) + 4);

	out_csv(&o, str_of(text));
	outbuf_commit(b, &o);
}

static bool
dump_more(struct cli *c)
{
	struct dump *d = c->state;
	const struct entry *e = &ring[d->id % AUDIT_KEPT];
	unsigned long long ms = e->wall_us / 1000;

	if (d->id >= next)
		return true;
	if (e->id == d->id++ && (int64_t)(e->wall_us / 1000000) >= d->from_s) {
		outbuf_fmt(&c->out, "%llu.%03llu,%s,", ms / 1000, ms % 1000, e->who);
		put_csv(&c->out, e->command);
		outbuf_z(&c->out, ",");
		put_csv(&c->out, e->result != NULL ? e->result : "running");
		outbuf_z(&c->out, "\n");
	}
	return d->id >= next;
}

/* `max N`: the latest N */
static int
max_word(struct cli *c, int i, void *arg)
{
	uint64_t *max = arg;

	if (strcmp(c->args[i], "max") != 0)
		return 0;
	if (!str_to_u64(str_of(cli_arg(c, i + 1)), max) || *max == 0) {
		cli_err(c, "'max' expects a number.");
		return -1;
	}
	return 2;
}

static uint64_t
first_id(int64_t from_s, uint64_t max)
{
	uint64_t first = next > AUDIT_KEPT ? next - AUDIT_KEPT : 1;

	while (first < next && (int64_t)(ring[first % AUDIT_KEPT].wall_us / 1000000) < from_s)
		first++;
	return next - first > max ? next - max : first;
}

static void
show_audit(struct cli *c)
{
	uint64_t max = AUDIT_KEPT;
	struct dump *d;
	struct when w;

	if (!when_words(c, 0, INT32_MAX, &w, max_word, &max))
		return;
	d = xcalloc(1, sizeof *d);
	d->from_s = w.from_s;
	d->id = first_id(w.from_s, max);
	outbuf_z(&c->out, "#time,uid,pid,source,command,result\n");
	cli_more(c, dump_more, d, free);
}

static void
audit_stop(void)
{
	for (unsigned i = 0; i < AUDIT_KEPT; i++) {
		free(ring[i].command);
		free(ring[i].result);
	}
	memset(ring, 0, sizeof ring);
}

static const struct cli_row rows[] = {
	{ "show audit", CLI_OPERATOR, 0, show_audit, "[from <time>] [max <n>]",
	  "list the latest commands that changed something" },
	{ 0 }
};

const struct module mod_audit = {
	.name = "audit", .cli = rows, .start = audit_start, .stop = audit_stop
};
