/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The feed of events; see feed.h.
 *
 * Thread: control.
 */
#include "ctl/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"

struct event {
	char		*line;		/* owned */
	size_t		 len;
	unsigned	 kind;
};

static struct {
	struct event	 ring[FEED_KEPT];	/* by id % FEED_KEPT */
	uint64_t	 next;			/* id of the next one, from 1 */
	struct list	 watches;
} feed = { .next = 1, .watches = { &feed.watches, &feed.watches } };

static const char *const kinds[] = { "health", "config", "command", "alarm", "group", "lua" };

unsigned
feed_kind_named(const char *name, size_t len)
{
	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (str_is((struct str){ name, len }, kinds[i]))
			return 1u << i;
	return 0;
}

static const char *
kind_name(unsigned kind)
{
	return kinds[__builtin_ctz(kind)];
}

/* Quoted as in show stat, and without control characters. */
static void
put_field(struct outbuf *b, const char *text)
{
	struct outbuf clean;
	struct out o;

	outbuf_init(&clean, 0);
	o = outbuf_reserve(&clean, 4 * strlen(text) + 1);
	out_visible(&o, str_of(text));
	outbuf_commit(&clean, &o);
	o = outbuf_reserve(b, 2 * clean.len + 4);
	out_csv(&o, (struct str){ clean.data, clean.len });
	outbuf_commit(b, &o);
	outbuf_fini(&clean);
}

uint64_t
feed_next_id(void)
{
	return feed.next;
}

void
feed_emit(unsigned kind, const char *object, const char *from, const char *to, const char *text)
{
	const char *fields[] = { object, from, to, text };
	struct event *e = &feed.ring[feed.next % FEED_KEPT];
	uint64_t now = clock_wall_us();
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_fmt(&b, "%llu,%llu.%03llu,%s", (unsigned long long)feed.next,
	    (unsigned long long)(now / 1000000), (unsigned long long)(now / 1000 % 1000),
	    kind_name(kind));
	for (unsigned i = 0; i < 4; i++) {
		outbuf_z(&b, ",");
		put_field(&b, fields[i]);
	}
	outbuf_z(&b, "\n");
	free(e->line);
	*e = (struct event){ b.data, b.len, kind };	/* takes the text over */
	feed.next++;
	LIST_EACH_SAFE(n, tmp, &feed.watches) {
		struct feed_watch *w = LIST_ITEM(n, struct feed_watch, node);

		if (w->kinds & kind)
			w->on_event(w, e->line, e->len);
	}
}

uint64_t
feed_replay(uint64_t from_id, struct feed_watch *w)
{
	uint64_t first = feed.next > FEED_KEPT ? feed.next - FEED_KEPT : 1;
	uint64_t lost = from_id < first ? first - (from_id > 0 ? from_id : 1) : 0;

	for (uint64_t id = from_id > first ? from_id : first; id < feed.next; id++) {
		const struct event *e = &feed.ring[id % FEED_KEPT];

		if (w->kinds & e->kind)
			w->on_event(w, e->line, e->len);
	}
	return lost;
}

void
feed_watch_start(struct feed_watch *w)
{
	list_append(&feed.watches, &w->node);
}

void
feed_watch_stop(struct feed_watch *w)
{
	list_del(&w->node);
}

void
feed_free(void)
{
	for (unsigned i = 0; i < FEED_KEPT; i++) {
		free(feed.ring[i].line);
		feed.ring[i].line = NULL;
	}
}

const struct module mod_feed = { .name = "feed", .stop = feed_free };
