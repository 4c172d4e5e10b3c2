/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscribe events, subscribe requests: streams of lines. A slow reader loses
 * lines and is told how many; a silent stream says `#alive` every 5 s.
 *
 * Thread: control; filters run in data threads (proxy/tap.h).
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "api/expr.h"
#include "api/stream.h"
#include "base/arena.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/broadcast.h"
#include "ctl/control.h"
#include "ctl/feed.h"
#include "proxy/acl.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/tap.h"

/* ---- events ---- */

struct events {
	struct stream	 stream;	/* first */
	struct feed_watch watch;
};

static void
on_event(struct feed_watch *w, const char *line, size_t len)
{
	struct events *e = CONTAINER_OF(w, struct events, watch);

	(void)cli_push(e->stream.c, line, len);
}

static void
events_free(void *state)
{
	struct events *e = state;

	feed_watch_stop(&e->watch);
	stream_fini(&e->stream);
	free(e);
}

static bool
read_kinds(struct cli *c, const char *list, unsigned *ret_kinds)
{
	struct str rest = str_of(list), kind;

	*ret_kinds = 0;
	while (str_next_elem(&rest, ',', &kind)) {
		unsigned bit = feed_kind_named(kind.p, kind.len);

		if (bit == 0) {
			cli_err(c, "There are no events of kind '" STR_FMT
			    "': there are health, config, command, alarm, group and lua.",
			    STR_ARG(kind));
			return false;
		}
		*ret_kinds |= bit;
	}
	return true;
}

static bool
read_events(struct cli *c, uint64_t *ret_since, unsigned *ret_kinds)
{
	for (int i = 0; i < c->nargs; i += 2) {
		if (strcmp(c->args[i], "since") == 0) {
			if (!str_to_u64(str_of(cli_arg(c, i + 1)), ret_since)) {
				cli_err(c, "'since' expects the id of an event.");
				return false;
			}
		} else if (strcmp(c->args[i], "kinds") == 0) {
			if (!read_kinds(c, cli_arg(c, i + 1), ret_kinds))
				return false;
		} else {
			cli_err(c, "Unknown word '%s': 'since' and 'kinds' are known.",
			    c->args[i]);
			return false;
		}
	}
	return true;
}

static void
subscribe_events(struct cli *c)
{
	uint64_t since = feed_next_id();
	unsigned kinds = FEED_ALL;
	struct events *e;

	if (!read_events(c, &since, &kinds))
		return;
	e = xcalloc(1, sizeof *e);
	e->watch.kinds = c->level >= CLI_OPERATOR ? kinds : kinds & ~FEED_COMMAND;
	e->watch.on_event = on_event;
	outbuf_fmt(&c->out, "#events v=1 next=%llu\n", (unsigned long long)feed_next_id());
	stream_init(&e->stream, c);
	cli_stream(c, false, e, events_free);
	c->lost = feed_replay(since, &e->watch);
	feed_watch_start(&e->watch);
	stream_keep_alive(&e->stream);
}

/* ---- requests ---- */

struct requests {
	struct stream	 stream;	/* first */
	struct tap	 tap;
	struct own_cfg	 own;		/* the filter's */
	char		*frontend;	/* owned */
	bool		 has_filter, is_over;
};

static void
on_request(struct tap *t, const char *line, size_t len)
{
	struct requests *r = CONTAINER_OF(t, struct requests, tap);

	if (r->is_over)
		return;
	r->stream.c->lost += atomic_exchange(&t->lost, 0);
	(void)cli_push(r->stream.c, line, len);
}

static void
requests_gone(void *arg)
{
	struct requests *r = arg;

	if (r->has_filter)
		own_cfg_fini(&r->own);
	free(r->frontend);
	free(r);
}

/* Data threads may be looking at it: its end waits for a round of messages. */
static void
nothing(void *arg, struct dthread *d)
{
	(void)arg, (void)d;
}

static void
requests_free(void *state)
{
	struct requests *r = state;

	tap_close(&r->tap);
	r->is_over = true;
	stream_fini(&r->stream);
	broadcast(nothing, requests_gone, r);
}

/* The rest of the line is a condition; a single test needs no braces. */
static bool
read_filter(struct cli *c, struct requests *r, int first)
{
	struct proxy *px;
	char *words[CLI_MAX_WORDS + 4];
	bool is_bare = strcmp(cli_arg(c, first), "{") != 0 && cli_arg(c, first)[0] != '!';
	int n = 0;

	own_cfg_init(&r->own);
	r->has_filter = true;
	px = arena_alloc(r->own.cfg.arena, sizeof *px);
	px->name = "filter";
	words[n++] = arena_strdup(r->own.cfg.arena, "if");
	if (is_bare)
		words[n++] = arena_strdup(r->own.cfg.arena, "{");
	for (int i = first; i < c->nargs; i++)
		words[n++] = arena_strdup(r->own.cfg.arena, c->args[i]);
	if (is_bare)
		words[n++] = arena_strdup(r->own.cfg.arena, "}");
	words[n] = NULL;
	r->tap.filter = acl_cond_parse(&r->own.cfg, px, words, n, USE_AT_LOG);
	if (r->tap.filter != NULL && own_cfg_stands_alone(&r->own))
		return true;
	cli_err(c, "%s", own_cfg_error(&r->own));
	return false;
}

static bool
read_requests(struct cli *c, struct requests *r)
{
	uint64_t n;

	for (int i = 0; i < c->nargs; i += 2) {
		const char *word = c->args[i], *value = cli_arg(c, i + 1);

		if (strcmp(word, "filter") == 0)
			return read_filter(c, r, i + 1);
		if (strcmp(word, "sample") == 0) {
			if (!str_to_u64(str_of(value), &n) || n == 0 || n > UINT32_MAX) {
				cli_err(c, "'sample' expects a number: one request of N.");
				return false;
			}
			r->tap.sample = (uint32_t)n;
		} else if (strcmp(word, "frontend") == 0) {
			if (cli_find_frontend(c, value) == NULL)
				return false;
			r->frontend = xstrdup(cli_find_frontend(c, value)->name);
		} else {
			cli_err(c, "Unknown word '%s': 'sample', 'frontend' and 'filter' are "
			    "known.", word);
			return false;
		}
	}
	return true;
}

static void
subscribe_requests(struct cli *c)
{
	struct requests *r = xcalloc(1, sizeof *r);
	bool is_open;

	if (!read_requests(c, r)) {
		requests_gone(r);
		return;
	}
	r->tap.frontend = r->frontend;
	r->tap.loop = control_loop;
	r->tap.on_line = on_request;
	is_open = tap_open(&r->tap);
	if (!is_open) {
		cli_err(c, "There are too many of these streams.");
		requests_gone(r);
		return;
	}
	outbuf_z(&c->out, "#requests v=1\n");
	outbuf_z(&c->out, tap_header);
	stream_init(&r->stream, c);
	cli_stream(c, false, r, requests_free);
	stream_keep_alive(&r->stream);
}

static const struct cli_row rows[] = {
	{ "subscribe events", CLI_USER, 0, subscribe_events, "[since <id>] [kinds <k,k>]",
	  "follow what happens" },
	{ "subscribe requests", CLI_OPERATOR, 0, subscribe_requests,
	  "[sample <n>] [frontend <f>] [filter <condition>]", "follow requests as they end" },
	{ 0 }
};

const struct module mod_cli_subscribe = { .name = "cli_subscribe", .cli = rows };
