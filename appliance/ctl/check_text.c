/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A health check as text: state, last result, transcript. The socket shows it,
 * and it can be kept when a server goes.
 *
 * Thread: control.
 */
#include "ctl/check_text.h"

#include <string.h>
#include <time.h>

#include "base/out.h"
#include "ctl/check.h"
#include "ctl/check_elb.h"
#include "ctl/check_record.h"
#include "ctl/check_step.h"
#include "ctl/health.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define LINE_BYTES	(RECORD_BYTES * 4 + 8)

static void
put_line(struct outbuf *b, const char *mark, struct str line)
{
	struct out o = outbuf_reserve(b, LINE_BYTES);

	out_z(&o, mark);
	out_visible(&o, line);
	out_char(&o, '\n');
	outbuf_commit(b, &o);
}

static void
put_part(struct outbuf *b, const char *name, const char *mark, const struct record_part *p)
{
	struct str rest = { p->bytes, p->len };

	outbuf_fmt(b, "%s: %llu bytes%s\n", name, (unsigned long long)p->total,
	    p->total > p->len ? ", the first of them:" : "");
	while (rest.len > 0) {
		const char *lf = memchr(rest.p, '\n', rest.len);
		size_t len = lf != NULL ? (size_t)(lf - rest.p) : rest.len;
		struct str line = { rest.p, len };

		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		put_line(b, mark, line);
		len += lf != NULL;
		rest = (struct str){ rest.p + len, rest.len - len };
	}
}

static void
put_record(struct outbuf *b, const struct check_record *r)
{
	struct tm tm;
	char text[40];

	gmtime_r(&r->start.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	outbuf_fmt(b, "Transcript_time: %s.%03ldZ\n", text, r->start.tv_nsec / 1000000);
	put_part(b, "Sent", "> ", &r->sent);
	put_part(b, "Received", "< ", &r->got);
}

static const char *
kind_of(const struct check *chk)
{
	const struct check_proxy *px = chk->conf->px;

	if (px != NULL && px->elb != NULL)
		return "elb-check";
	return px != NULL && px->option != NULL ? px->option : "connect";
}

static void
put_result(struct outbuf *b, const struct check_view *v)
{
	struct out o;

	outbuf_fmt(b, "Status: %s\nDescription: %s\n", v->name, v->desc);
	if (v->has_code)
		outbuf_fmt(b, "Code: %u\n", v->code);
	if (v->has_duration)
		outbuf_fmt(b, "Duration_ms: %lld\n", (long long)v->duration_ms);
	if (v->last[0] != '\0') {
		outbuf_z(b, "Info: ");
		o = outbuf_reserve(b, CHECK_TEXT_BYTES * 4);
		out_visible(&o, str_of(v->last));
		outbuf_commit(b, &o);
		outbuf_z(b, "\n");
	}
	outbuf_fmt(b, "Health: %u/%u\nRunning: %d\nPaused: %d\n", v->health,
	    v->rise + v->fall - 1, v->running, v->paused);
}

void
check_list_text(const struct proxy *px, struct outbuf *b)
{
	outbuf_z(b, "# server check state reason description\n");
	for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
		enum elb_health h = elb_health_of(srv);
		struct check_view v;

		outbuf_fmt(b, "%s/%s %s %s %s %s\n", px->name, srv->name,
		    health_view(srv->live, &v) ? v.name : "-", elb_health_state(h),
		    elb_health_reason(h), elb_health_text(h));
	}
}

void
check_text(const struct server *srv, struct outbuf *b)
{
	const struct check *chk = srv->live->check;
	enum elb_health h;
	struct check_view v;

	outbuf_fmt(b, "Server: %s/%s\n", srv->backend->name, srv->name);
	if (!health_view(srv->live, &v)) {
		outbuf_z(b, "Check: none\n");
		return;
	}
	outbuf_fmt(b, "Check: %s\n", kind_of(chk));
	put_result(b, &v);
	h = elb_health_of(srv);
	outbuf_fmt(b, "Instance_state: %s\nInstance_reason: %s\nInstance_description: %s\n",
	    elb_health_state(h), elb_health_reason(h), elb_health_text(h));
	if (chk->record != NULL)
		put_record(b, chk->record);
}
