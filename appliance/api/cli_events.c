/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show events: ring buffers. With -w it is a stream: the log thread's mail says
 * that there is more, and all that wait look.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/stream.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "proxy/ring.h"

#define PIECE		8192u
#define RETRY_US	100000u		/* a reader that was slow */

struct events {
	struct list	 node;		/* of those that wait */
	struct cli	*c;
	struct ring	*ring;
	uint64_t	 cursor, end;
	struct timer	 timer;
	bool		 waits;
};

static struct list waiting = { &waiting, &waiting };

static void
events_free(void *state)
{
	struct events *e = state;

	timer_unlink(&control_loop->wheel, &e->timer);
	list_del(&e->node);
	free(e);
}

static void on_more(void);

/* What there is, as far as the reader takes it. */
static void
pump(struct events *e)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	for (int i = 0; i < 16; i++) {
		uint64_t lost = 0;

		outbuf_clear(&b);
		ring_read(e->ring, &e->cursor, PIECE, &b, &lost);
		e->c->lost += lost;
		if (b.len == 0) {
			ring_on_more(e->ring, control_loop, on_more);
			if (ring_newest(e->ring) == e->cursor)
				goto out;	/* on_more comes */
			continue;
		}
		if (!cli_push(e->c, b.data, b.len))
			break;
	}
	timer_set(&control_loop->wheel, &e->timer, clock_now_us + RETRY_US);
out:
	outbuf_fini(&b);
}

static void
on_more(void)
{
	LIST_EACH_SAFE(n, tmp, &waiting)
		pump(LIST_ITEM(n, struct events, node));
}

static void
on_timer(struct timer *t)
{
	pump((struct events *)(void *)((char *)t - offsetof(struct events, timer)));
}

static bool
events_more(struct cli *c)
{
	struct events *e = c->state;
	uint64_t lost = 0;

	if (e->cursor >= e->end)
		return true;
	ring_read(e->ring, &e->cursor, PIECE, &c->out, &lost);
	return e->cursor >= e->end;
}

static void
list_rings(struct cli *c)
{
	outbuf_z(&c->out, "Supported events sinks are listed below. Add -w(wait), -n(new). "
	    "Any key to stop\n");
	for (struct ring *r = ring_next(NULL); r != NULL; r = ring_next(r))
		if (ring_is_defined(r))
			outbuf_fmt(&c->out, "    %-10s : type=buffer, 0 dropped, %s\n",
			    ring_name(r), ring_description(r));
}

static struct ring *
find_ring(const char *name)
{
	for (struct ring *r = ring_next(NULL); r != NULL; r = ring_next(r))
		if (ring_is_defined(r) && strcmp(ring_name(r), name) == 0)
			return r;
	return NULL;
}

/* -w, -n, or both in one word; false after a message. */
static bool
read_flags(struct cli *c, bool *ret_wait, bool *ret_new)
{
	for (int i = 1; i < c->nargs; i++) {
		const char *w = c->args[i];

		if (w[0] != '-' || w[1] == '\0' || w[1 + strspn(w + 1, "wn")] != '\0') {
			cli_err(c, "unknown option '%s'", w);
			return false;
		}
		*ret_wait |= strchr(w, 'w') != NULL;
		*ret_new |= strchr(w, 'n') != NULL;
	}
	return true;
}

static void
show_events(struct cli *c)
{
	bool waits = false, only_new = false;
	struct ring *r = find_ring(cli_arg(c, 0));
	struct events *e;

	if (c->nargs == 0) {
		list_rings(c);
		return;
	}
	if (r == NULL) {
		cli_err(c, "No such event sink");
		return;
	}
	if (!read_flags(c, &waits, &only_new))
		return;
	e = xcalloc(1, sizeof *e);
	e->c = c;
	e->ring = r;
	e->end = ring_newest(r);
	e->cursor = only_new ? e->end : ring_oldest(r);
	timer_init(&e->timer, on_timer);
	list_init(&e->node);
	if (!waits) {
		cli_more(c, events_more, e, events_free);
		return;
	}
	cli_stream(c, true, e, events_free);
	list_append(&waiting, &e->node);
	pump(e);
}

static const struct cli_row rows[] = {
	{ "show events", CLI_OPERATOR, 0, show_events, "[<ring> [-w] [-n]]",
	  "list ring buffers, or show the lines of one" },
	{ 0 }
};

const struct module mod_cli_events = { .name = "cli_events", .cli = rows };
