/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications: show notifiers, show outbox, notifier test.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "cfg/snapshot.h"
#include "ctl/outbox.h"
#include "event/sched.h"

static void
put_field(struct outbuf *b, const char *text, bool is_json)
{
	struct out o = outbuf_reserve(b, 6 * strlen(text) + 4);

	if (is_json)
		out_json(&o, str_of(text));
	else
		out_csv(&o, str_of(text));
	outbuf_commit(b, &o);
}

/* ---- notifiers ---- */

static void
put_notifier(struct outbuf *b, const struct notifier_conf *n)
{
	struct notifier_counts k = outbox_counts(n->object.name);

	put_field(b, n->object.name, false);
	outbuf_fmt(b, ",%s,%llu,%llu,%llu,%llu,", n->kind->name, (unsigned long long)k.sent,
	    (unsigned long long)k.failed, (unsigned long long)k.pending,
	    (unsigned long long)(k.last_us / 1000000));
	put_field(b, k.last_error != NULL ? k.last_error : "", false);
	outbuf_z(b, ",");
	put_field(b, n->arn != NULL ? n->arn : "", false);
	outbuf_z(b, "\n");
}

static void
put_notifier_json(struct outbuf *b, const struct notifier_conf *n)
{
	struct notifier_counts k = outbox_counts(n->object.name);

	outbuf_z(b, "{\"name\":");
	put_field(b, n->object.name, true);
	outbuf_fmt(b, ",\"type\":\"%s\",\"sent\":%llu,\"failed\":%llu,\"pending\":%llu,"
	    "\"last_time\":%llu,\"last_error\":", n->kind->name, (unsigned long long)k.sent,
	    (unsigned long long)k.failed, (unsigned long long)k.pending,
	    (unsigned long long)(k.last_us / 1000000));
	put_field(b, k.last_error != NULL ? k.last_error : "", true);
	outbuf_z(b, ",\"arn\":");
	put_field(b, n->arn != NULL ? n->arn : "", true);
	outbuf_z(b, "}");
}

static void
show_notifiers(struct cli *c)
{
	bool is_json = cli_has_arg(c, "json");
	const char *comma = "";

	outbuf_z(&c->out, is_json ? "[" :
	    "#name,type,sent,failed,pending,last_time,last_error,arn\n");
	OBJECT_EACH(o, snapshot_current(), OBJECT_NOTIFIER) {
		const struct notifier_conf *n = (const struct notifier_conf *)(void *)o;

		outbuf_z(&c->out, is_json ? comma : "");
		if (is_json)
			put_notifier_json(&c->out, n);
		else
			put_notifier(&c->out, n);
		comma = ",";
	}
	outbuf_z(&c->out, is_json ? "]\n" : "");
}

static void
notifier_test(struct cli *c)
{
	const char *name = cli_arg(c, 0);
	const struct notifier_conf *n = notifier_find(name);
	struct notice notice = { .kind = "test", .source = name, .state = "",
	    .subject = "weir: a test of this notifier", .json = "{\"test\":true}" };
	char id[UUID_TEXT];

	if (n == NULL) {
		cli_err(c, "No such notifier: '%s'.", name);
		return;
	}
	notice.source = n->object.name;
	outbox_add(n->object.name, &notice, 0, id);
	outbuf_fmt(&c->out, "%s\n", id);
}

/* ---- the outbox ---- */

static void
put_delivery(struct outbuf *b, const struct delivery *d)
{
	const struct notice *n = &LIST_ITEM(d->notices.next, struct posted, node)->notice;

	outbuf_fmt(b, "%s,%llu,", d->id, (unsigned long long)(d->made_us / 1000000));
	put_field(b, d->notifier, false);
	outbuf_fmt(b, ",%s,", n->kind);
	put_field(b, n->source, false);
	outbuf_fmt(b, ",%u,%s,%u,%llu,", d->nnotices, delivery_status_name(d->status),
	    d->attempts, (unsigned long long)(sched_left_us(&d->timer) / 1000000));
	put_field(b, d->error != NULL ? d->error : "", false);
	outbuf_z(b, "\n");
}

static void
put_delivery_json(struct outbuf *b, const struct delivery *d)
{
	const struct notice *n = &LIST_ITEM(d->notices.next, struct posted, node)->notice;

	outbuf_fmt(b, "{\"id\":\"%s\",\"time\":%llu,\"notifier\":", d->id,
	    (unsigned long long)(d->made_us / 1000000));
	put_field(b, d->notifier, true);
	outbuf_fmt(b, ",\"kind\":\"%s\",\"source\":", n->kind);
	put_field(b, n->source, true);
	outbuf_fmt(b, ",\"notices\":%u,\"status\":\"%s\",\"attempts\":%u,\"next_s\":%llu,"
	    "\"error\":", d->nnotices, delivery_status_name(d->status), d->attempts,
	    (unsigned long long)(sched_left_us(&d->timer) / 1000000));
	put_field(b, d->error != NULL ? d->error : "", true);
	outbuf_z(b, "}");
}

static void
show_outbox(struct cli *c)
{
	bool is_json = cli_has_arg(c, "json");
	const char *comma = "";

	outbuf_z(&c->out, is_json ? "[" : "#id,time,notifier,kind,source,notices,status,attempts,"
	    "next_s,error\n");
	for (struct list *n = outbox_all()->prev; n != outbox_all(); n = n->prev) {
		const struct delivery *d = LIST_ITEM(n, struct delivery, node);

		outbuf_z(&c->out, is_json ? comma : "");
		if (is_json)
			put_delivery_json(&c->out, d);
		else
			put_delivery(&c->out, d);
		comma = ",";
	}
	outbuf_z(&c->out, is_json ? "]\n" : "");
}

static const struct cli_row rows[] = {
	{ "show notifiers", CLI_USER, 0, show_notifiers, "[json]",
	    "notifiers and what became of their messages" },
	{ "notifier test", CLI_ADMIN, CLI_F_CHANGE, notifier_test, "<notifier>",
	    "send a test, answer the delivery's id" },
	{ "show outbox", CLI_OPERATOR, 0, show_outbox, "[json]",
	    "messages on their way to notifiers, and those that have ended" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_notify = { .name = "cli_notify", .cli = rows };
