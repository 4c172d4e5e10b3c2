/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is told, in three forms: weir's own, the envelope of Amazon's SNS, and the
 * webhook of Prometheus's Alertmanager (version 4).
 *
 * Thread: control.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/out.h"
#include "ctl/outbox.h"

/* 2013-02-15T16:42:07.850Z */
static void
put_time(struct outbuf *b, uint64_t us)
{
	time_t s = (time_t)(us / 1000000);
	char text[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	outbuf_fmt(b, "\"%s.%03uZ\"", text, (unsigned)(us / 1000 % 1000));
}

static void
put_text(struct outbuf *b, const char *text)
{
	struct out o = outbuf_reserve(b, 6 * strlen(text) + 3);

	out_json(&o, str_of(text));
	outbuf_commit(b, &o);
}

static void
put_member(struct outbuf *b, const char *name, const char *text)
{
	outbuf_fmt(b, "\"%s\":", name);
	put_text(b, text);
}

static const struct posted *
first(const struct delivery *d)
{
	return LIST_ITEM(d->notices.next, struct posted, node);
}

void
notice_subject(struct outbuf *b, const struct delivery *d)
{
	if (d->nnotices > 1)
		outbuf_fmt(b, "%u notices: ", d->nnotices);
	outbuf_z(b, first(d)->notice.subject);
	if (d->nnotices > 1)
		outbuf_z(b, ", ...");
}

static void
put_subject(struct outbuf *b, const struct delivery *d)
{
	struct outbuf s;

	outbuf_init(&s, 0);
	notice_subject(&s, d);
	outbuf_mem(&s, "", 1);
	put_member(b, "subject", s.data);
	outbuf_fini(&s);
}

/* ---- weir ---- */

static void
put_notice(struct outbuf *b, const struct posted *p)
{
	const struct notice *n = &p->notice;

	put_member(b, "kind", n->kind);
	outbuf_z(b, ",");
	put_member(b, "source", n->source);
	outbuf_z(b, ",");
	put_member(b, "state", n->state);
	outbuf_z(b, ",\"at\":");
	put_time(b, p->at_us);
	outbuf_fmt(b, ",\"repeat\":%s,\"data\":%s", n->is_repeat ? "true" : "false",
	    n->json[0] != '\0' ? n->json : "{}");
}

static void
weir_body(struct outbuf *b, const struct delivery *d)
{
	const char *comma = "";

	outbuf_fmt(b, "{\"version\":1,\"id\":\"%s\",\"time\":", d->id);
	put_time(b, d->made_us);
	outbuf_z(b, ",");
	put_subject(b, d);
	outbuf_z(b, ",");
	if (d->nnotices == 1) {
		put_notice(b, first(d));
		outbuf_z(b, "}");
		return;
	}
	outbuf_z(b, "\"notices\":[");
	LIST_EACH(n, &d->notices) {
		const struct posted *p = LIST_ITEM(n, struct posted, node);

		outbuf_fmt(b, "%s{", comma);
		put_member(b, "subject", p->notice.subject);
		outbuf_z(b, ",");
		put_notice(b, p);
		outbuf_z(b, "}");
		comma = ",";
	}
	outbuf_z(b, "]}");
}

/* ---- SNS ---- */

static void
sns_body(struct outbuf *b, const struct delivery *d, const struct notifier_conf *n)
{
	struct outbuf message;
	const char *comma = "";

	outbuf_init(&message, 0);
	outbuf_z(&message, d->nnotices > 1 ? "[" : "");
	LIST_EACH(node, &d->notices) {
		outbuf_z(&message, comma);
		outbuf_z(&message, LIST_ITEM(node, struct posted, node)->notice.json);
		comma = ",";
	}
	outbuf_mem(&message, d->nnotices > 1 ? "]" : "", d->nnotices > 1 ? 2 : 1);
	outbuf_fmt(b, "{\"Type\":\"Notification\",\"MessageId\":\"%s\",", d->id);
	put_member(b, "TopicArn", n->arn != NULL ? n->arn : n->object.name);
	outbuf_z(b, ",");
	put_member(b, "Subject", first(d)->notice.subject);
	outbuf_z(b, ",");
	put_member(b, "Message", message.data);
	outbuf_z(b, ",\"Timestamp\":");
	put_time(b, d->made_us);
	outbuf_z(b, "}");
	outbuf_fini(&message);
}

/* ---- Alertmanager ---- */

static bool
is_firing(const struct posted *p)
{
	return strcmp(p->notice.state, "OK") != 0;
}

static void
put_alert(struct outbuf *b, const struct posted *p)
{
	const struct notice *n = &p->notice;

	outbuf_fmt(b, "{\"status\":\"%s\",\"labels\":{", is_firing(p) ? "firing" : "resolved");
	put_member(b, "alertname", n->source);
	outbuf_z(b, ",");
	put_member(b, "kind", n->kind);
	outbuf_z(b, ",");
	put_member(b, "state", n->state);
	outbuf_z(b, "},\"annotations\":{");
	put_member(b, "summary", n->subject);
	outbuf_z(b, ",");
	put_member(b, "description", n->json);
	outbuf_z(b, "},\"startsAt\":");
	put_time(b, p->at_us);
	outbuf_z(b, ",\"endsAt\":");
	if (is_firing(p))
		outbuf_z(b, "\"0001-01-01T00:00:00Z\"");
	else
		put_time(b, p->at_us);
	outbuf_z(b, ",\"generatorURL\":\"\",");
	put_member(b, "fingerprint", n->source);
	outbuf_z(b, "}");
}

static void
alertmanager_body(struct outbuf *b, const struct delivery *d, const struct notifier_conf *n)
{
	const char *comma = "", *status = "resolved";

	LIST_EACH(node, &d->notices)
		if (is_firing(LIST_ITEM(node, struct posted, node)))
			status = "firing";
	outbuf_z(b, "{\"version\":\"4\",");
	put_member(b, "groupKey", d->id);
	outbuf_fmt(b, ",\"truncatedAlerts\":0,\"status\":\"%s\",", status);
	put_member(b, "receiver", n->object.name);
	outbuf_z(b, ",\"groupLabels\":{},\"commonLabels\":{},\"commonAnnotations\":{},"
	    "\"externalURL\":\"\",\"alerts\":[");
	LIST_EACH(node, &d->notices) {
		outbuf_z(b, comma);
		put_alert(b, LIST_ITEM(node, struct posted, node));
		comma = ",";
	}
	outbuf_z(b, "]}");
}

void
notice_body(struct outbuf *b, const struct delivery *d, const struct notifier_conf *n)
{
	if (n->format == FORMAT_SNS)
		sns_body(b, d, n);
	else if (n->format == FORMAT_ALERTMANAGER)
		alertmanager_body(b, d, n);
	else
		weir_body(b, d);
}
