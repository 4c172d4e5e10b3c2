/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taps on finished requests; see tap.h.
 *
 * Threads: control opens and closes, data threads see.
 */
#include "proxy/tap.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "event/loop.h"
#include "proxy/acl.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/session.h"
#include "proxy/txn.h"

#define LINE_BYTES	4096u
#define TARGET_BYTES	1024u

const char tap_header[] = "#t,frontend,backend,server,client,method,target,status,bytes_in,"
    "bytes_out,tr_ms,tw_ms,tc_ms,tresp_ms,ta_ms,term\n";

static _Atomic(struct tap *) taps[TAPS_MAX];
_Atomic uint32_t taps_open;

bool
tap_open(struct tap *t)
{
	for (unsigned i = 0; i < TAPS_MAX; i++) {
		if (atomic_load(&taps[i]) != NULL)
			continue;
		atomic_store(&taps[i], t);
		atomic_fetch_add(&taps_open, 1);
		return true;
	}
	return false;
}

void
tap_close(struct tap *t)
{
	for (unsigned i = 0; i < TAPS_MAX; i++)
		if (atomic_load(&taps[i]) == t) {
			atomic_store(&taps[i], NULL);
			atomic_fetch_sub(&taps_open, 1);
		}
}

/* ---- data thread ---- */

struct line {
	struct mail	 mail;
	struct tap	*tap;
	size_t		 len;
	char		 text[];
};

static void
on_line(struct mail *m)
{
	struct line *l = CONTAINER_OF(m, struct line, mail);

	atomic_fetch_sub(&l->tap->flight, 1);
	l->tap->on_line(l->tap, l->text, l->len);
	free(l);
}

/* A field of the client's: visible, quoted, cut. */
static void
out_client_text(struct out *o, struct str s)
{
	char buf[4 * TARGET_BYTES];
	struct out v;

	if (s.len > TARGET_BYTES)
		s.len = TARGET_BYTES;
	out_init(&v, buf, sizeof buf);
	out_visible(&v, s);
	out_csv(o, (struct str){ buf, out_len(&v) });
	out_char(o, ',');
}

static void
out_client(struct out *o, const struct session *s)
{
	char ip[64];

	out_mem(o, ip, ip_text(&s->src, ip, sizeof ip));
	out_fmt(o, ":%u,", s->src.port);
}

static void
out_txn(struct out *o, struct txn *t)
{
	static const enum log_timer timers[] = { TIMER_TR_REQ, TIMER_TW, TIMER_TC, TIMER_TR,
	    TIMER_TA };
	unsigned long long now_ms = clock_wall_of(clock_now_us) / 1000;

	out_fmt(o, "%llu.%03llu,%s,%s,%s,", now_ms / 1000, now_ms % 1000, t->fe->name,
	    t->be != NULL ? t->be->name : "", t->srv != NULL ? t->srv->name : "");
	out_client(o, t->sess);
	if ((t->flags & TXN_F_HTTP) && t->at.request != 0) {
		out_client_text(o, http_str(&t->req, t->orig_method.len != 0 ? t->orig_method :
		    t->req.method_text));
		out_client_text(o, http_str(&t->req, t->orig_target.len != 0 ? t->orig_target :
		    t->req.target));
	} else
		out_lit(o, ",,");
	out_fmt(o, "%u,%llu,%llu,", t->status, (unsigned long long)t->bytes.in,
	    (unsigned long long)t->bytes.out);
	for (unsigned i = 0; i < sizeof timers / sizeof timers[0]; i++) {
		out_i64(o, logline_timer(t, timers[i]));
		out_char(o, ',');
	}
	out_fmt(o, "%c%c\n", t->term[0], t->term[1]);
}

static bool
is_wanted(struct tap *tap, struct txn *t)
{
	struct sample_ctx x;

	if (tap->frontend != NULL && strcmp(tap->frontend, t->fe->name) != 0)
		return false;
	if (tap->filter != NULL) {
		sample_ctx_init(&x, t, t->fe, DIR_RES);
		if (!acl_cond_passes(tap->filter, &x))
			return false;
	}
	return tap->sample < 2 || atomic_fetch_add_explicit(&tap->seen, 1,
	    memory_order_relaxed) % tap->sample == 0;
}

static void
tell(struct tap *tap, struct txn *t)
{
	char buf[LINE_BYTES];
	struct line *l;
	struct out o;

	out_init(&o, buf, sizeof buf);
	out_txn(&o, t);
	if (o.overflow || atomic_load(&tap->flight) >= TAP_FLIGHT_MAX) {
		atomic_fetch_add(&tap->lost, 1);
		return;
	}
	l = xmalloc(sizeof *l + out_len(&o));
	l->tap = tap;
	l->len = out_len(&o);
	memcpy(l->text, buf, l->len);
	atomic_fetch_add(&tap->flight, 1);
	mailbox_send(&tap->loop->mailbox, &l->mail, on_line);
}

void
tap_see(struct txn *t)
{
	for (unsigned i = 0; i < TAPS_MAX; i++) {
		struct tap *tap = atomic_load_explicit(&taps[i], memory_order_acquire);

		if (tap != NULL && is_wanted(tap, t))
			tell(tap, t);
	}
}
