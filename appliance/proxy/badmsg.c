/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invalid messages, kept; see badmsg.h. Runs only after an error, so it may
 * allocate.
 *
 * Thread: data.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "http/h1.h"
#include "proxy/badmsg.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/session.h"
#include "proxy/txn.h"

_Atomic uint32_t badmsg_events;

static void
set_name(char to[BADMSG_NAME], const char *name)
{
	strncpy(to, name, BADMSG_NAME - 1);
	to[BADMSG_NAME - 1] = '\0';
}

static void
set_names(struct badmsg *m, const struct txn *t)
{
	set_name(m->fe, t->fe->name);
	m->fe_id = t->fe->id;
	set_name(m->be, t->be != NULL ? t->be->name : "<NONE>");
	m->be_id = t->be != NULL ? t->be->id : -1;
	set_name(m->srv, t->srv != NULL ? t->srv->name : "<NONE>");
	m->srv_id = t->srv != NULL ? t->srv->id : -1;
}

/* Of a long buffer the part before the error is cut. */
static void
keep(badmsg_slot *slot, const struct txn *t, struct str p, uint32_t start, uint32_t error_at,
    unsigned error)
{
	uint32_t at = error_at > start ? error_at - start : 0, skip = 0;
	struct badmsg *m;

	if (at >= p.len)
		at = p.len > 0 ? (uint32_t)p.len - 1 : 0;
	if (p.len > BADMSG_BYTES && at > BADMSG_BYTES / 2)
		skip = at - BADMSG_BYTES / 2;
	p.p += skip;
	p.len -= skip;
	if (p.len > BADMSG_BYTES)
		p.len = BADMSG_BYTES;
	m = xcalloc(1, sizeof *m + p.len);
	m->wall_us = clock_wall_of(clock_now_us);
	m->event = atomic_fetch_add(&badmsg_events, 1);
	set_names(m, t);
	m->src = t->sess->src;
	m->reason = error < H1_E_MAX ? h1_error_text((enum h1_error)error) : "";
	m->start = start + skip;
	m->len = (uint32_t)p.len;
	m->error_at = at - skip;
	memcpy(m->bytes, p.p, p.len);
	free(atomic_exchange(slot, m));
}

void
badmsg_request(struct txn *t, struct str p, uint32_t start, uint32_t error_at, unsigned error)
{
	keep(&t->fe->live->bad_request, t, p, start, error_at, error);
}

void
badmsg_response(struct txn *t, struct str p, uint32_t start, uint32_t error_at, unsigned error)
{
	if (t->be != NULL)
		keep(&t->be->live->bad_response, t, p, start, error_at, error);
}

void
badmsg_drop(badmsg_slot *slot)
{
	free(atomic_exchange(slot, NULL));
}
