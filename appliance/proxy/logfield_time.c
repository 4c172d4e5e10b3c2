/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aliases of log formats that tell times: timers in milliseconds (-1: that phase
 * was not reached) and dates, of the accept and of the request.
 *
 * Th handshake, Ti idle, TR request, Tw queue, Tc connect, Tr response head, Td
 * data, Ta active, Tt total, Tu total without idle, Tq = Th + Ti + TR.
 *
 * Thread: data.
 */
#include <time.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/session.h"
#include "proxy/txn.h"

/* ---- timers ---- */

static int64_t
ms(uint64_t from, uint64_t to)
{
	return to > from ? (int64_t)((to - from) / 1000) : 0;
}

static uint64_t
end_of(const struct txn *t)
{
	return t->at.end != 0 ? t->at.end : clock_now_us;
}

static int64_t
handshake(const struct txn *t)
{
	return t->sess != NULL ? t->sess->handshake_ms : 0;
}

static bool
is_tarpit(const struct txn *t)
{
	return t->term[0] == 'P' && t->term[1] == 'T';
}

static int64_t
t_idle(const struct txn *t)
{
	int64_t v;

	if (t->at.start == 0)
		return -1;
	v = ms(t->at.accept, t->at.start) - handshake(t);
	return v > 0 ? v : 0;
}

static int64_t
t_request(const struct txn *t)
{
	if (t->at.request == 0 || is_tarpit(t))
		return -1;
	return ms(t->at.start, t->at.request);
}

/* Queues; the time in a tarpit; what a transaction waited that left the queue. */
static int64_t
t_queue(const struct txn *t)
{
	uint64_t from = t->at.queued != 0 ? t->at.queued : t->at.picked;

	if (is_tarpit(t))
		return ms(t->at.start, end_of(t));
	if (t->at.picked != 0)
		return ms(from, t->at.picked);
	if (t->at.queued != 0 && t->term[1] == 'Q')
		return ms(t->at.queued, end_of(t));
	return -1;
}

static uint64_t
start_of(const struct txn *t)
{
	return t->at.start != 0 ? t->at.start : t->at.accept;
}

int64_t
logline_timer(const struct txn *t, enum log_timer which)
{
	switch (which) {
	case TIMER_TH:
		return handshake(t);
	case TIMER_TI:
		return t_idle(t);
	case TIMER_TQ:
		return t_request(t) < 0 ? -1 : handshake(t) + t_idle(t) + t_request(t);
	case TIMER_TR_REQ:
		return t_request(t);
	case TIMER_TW:
		return t_queue(t);
	case TIMER_TC:
		return t->at.connected != 0 ? ms(t->at.picked, t->at.connected) : -1;
	case TIMER_TR:
		return t->at.response != 0 ? ms(t->at.connected, t->at.response) : -1;
	case TIMER_TD:
		return t->at.response != 0 ? ms(t->at.response, end_of(t)) : -1;
	case TIMER_TA:
		return ms(start_of(t), end_of(t));
	case TIMER_TT:
		return ms(t->at.accept, end_of(t));
	case TIMER_TU:
		return ms(start_of(t), end_of(t)) + handshake(t);
	default:
		return -1;
	}
}

static bool
is_asap(const struct txn *t)
{
	return (t->fe->set.options & OPT_LOGASAP) != 0;
}

static void
out_timer(struct sample_ctx *x, struct out *o, enum log_timer which)
{
	if (x->t == NULL) {
		out_lit(o, "-1");
		return;
	}
	if ((which == TIMER_TA || which == TIMER_TT || which == TIMER_TU) && is_asap(x->t))
		out_char(o, '+');
	out_i64(o, logline_timer(x->t, which));
}

#define TIMER(name, id) \
static void \
a_##name(struct sample_ctx *x, unsigned flags, struct out *o) \
{ \
	(void)flags; \
	out_timer(x, o, id); \
}

TIMER(Th, TIMER_TH)
TIMER(Ti, TIMER_TI)
TIMER(Tq, TIMER_TQ)
TIMER(TR, TIMER_TR_REQ)
TIMER(Tw, TIMER_TW)
TIMER(Tc, TIMER_TC)
TIMER(Tr, TIMER_TR)
TIMER(Td, TIMER_TD)
TIMER(Ta, TIMER_TA)
TIMER(Tt, TIMER_TT)
TIMER(Tu, TIMER_TU)

/* ---- dates ---- */

static uint64_t
accept_wall(const struct sample_ctx *x)
{
	uint64_t us = x->t != NULL ? x->t->at.accept : x->sess != NULL ? x->sess->accept_us : 0;

	return clock_wall_of(us != 0 ? us : clock_now_us);
}

static uint64_t
request_wall(const struct sample_ctx *x)
{
	uint64_t us = x->t != NULL ? start_of(x->t) : 0;

	return clock_wall_of(us != 0 ? us : clock_now_us);
}

static void
a_t(struct sample_ctx *x, unsigned flags, struct out *o)
{
	char buf[32];

	(void)flags;
	out_mem(o, buf, clock_format_log(accept_wall(x), buf));
}

static void
a_tr(struct sample_ctx *x, unsigned flags, struct out *o)
{
	char buf[32];

	(void)flags;
	out_mem(o, buf, clock_format_log(request_wall(x), buf));
}

/* `22/Nov/2026:06:18:27 +0000` */
static void
out_clf(struct out *o, uint64_t wall_us, struct tm *(*split)(const time_t *, struct tm *))
{
	time_t s = (time_t)(wall_us / 1000000);
	char buf[48];
	struct tm tm;

	split(&s, &tm);
	out_mem(o, buf, strftime(buf, sizeof(buf), "%d/%b/%Y:%H:%M:%S %z", &tm));
}

#define CLF_DATE(name, wall, split) \
static void \
a_##name(struct sample_ctx *x, unsigned flags, struct out *o) \
{ \
	(void)flags; \
	out_clf(o, wall(x), split); \
}

CLF_DATE(T, accept_wall, gmtime_r)
CLF_DATE(Tl, accept_wall, localtime_r)
CLF_DATE(trg, request_wall, gmtime_r)
CLF_DATE(trl, request_wall, localtime_r)

static void
a_Ts(struct sample_ctx *x, unsigned flags, struct out *o)
{
	uint64_t s = accept_wall(x) / 1000000;

	if (flags & LF_HEX)
		out_fmt(o, "%04llX", (unsigned long long)s);
	else
		out_u64(o, s);
}

static void
a_ms(struct sample_ctx *x, unsigned flags, struct out *o)
{
	uint64_t v = accept_wall(x) / 1000 % 1000;

	if (flags & LF_HEX)
		out_fmt(o, "%02llX", (unsigned long long)v);
	else
		out_pad_u64(o, v, 3);
}

static void
a_iso(struct sample_ctx *x, unsigned flags, struct out *o)
{
	uint64_t us = request_wall(x);
	time_t s = (time_t)(us / 1000000);
	char buf[48];
	struct tm tm;

	(void)flags;
	gmtime_r(&s, &tm);
	out_mem(o, buf, strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S.", &tm));
	out_pad_u64(o, us % 1000000, 6);
	out_char(o, 'Z');
}

static const struct alias_row aliases[] = {
	{ "T", false, false, a_T, "date of accept, GMT", 0 },
	{ "Ta", false, false, a_Ta, "active time, ms", 0 },
	{ "Tc", false, false, a_Tc, "time to connect, ms", 0 },
	{ "Td", false, false, a_Td, "time of data, ms", 0 },
	{ "Th", false, false, a_Th, "handshake time, ms", 0 },
	{ "Ti", false, false, a_Ti, "idle time before the request, ms", 0 },
	{ "Tl", false, false, a_Tl, "date of accept, local with zone", 0 },
	{ "Tq", false, false, a_Tq, "Th + Ti + TR, ms", 0 },
	{ "TR", true, false, a_TR, "time to receive the request, ms", 0 },
	{ "Tr", true, false, a_Tr, "time to the response, ms", 0 },
	{ "Ts", false, false, a_Ts, "date of accept, seconds since the epoch", 0 },
	{ "Tt", false, false, a_Tt, "total time, ms", 0 },
	{ "Tu", false, false, a_Tu, "total time without idle, ms", 0 },
	{ "Tw", false, false, a_Tw, "time in queues, ms", 0 },
	{ "ms", false, false, a_ms, "milliseconds of the date of accept", 0 },
	{ "t", false, false, a_t, "date of accept, local", 0 },
	{ "tr", true, false, a_tr, "date of the request, local", 0 },
	{ "iso", false, true, a_iso, "date of the request, ISO 8601, GMT, microseconds", 0 },
	{ "trg", true, false, a_trg, "date of the request, GMT", 0 },
	{ "trl", true, false, a_trl, "date of the request, local with zone", 0 },
	{ .name = NULL }
};

const struct module mod_logfield_time = { .name = "logfield_time", .aliases = aliases };
