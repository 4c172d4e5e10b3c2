/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What screens want beyond the rounds: answers again and again on the poll
 * connection, those wanted once on the user's (they may take long), streams on
 * connections of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/source_in.h"

#define ALIVE_S		15.0	/* weir says #alive every 5 s */
#define SLACK_MS	200	/* rounds come a little early at times */
#define ONCE		INT64_MAX
#define STREAM_RETRY_MAX_S	30

/* --- answers --------------------------------------------------------- */

struct asked {
	struct source *source;
	char	*command;		/* owned */
	unsigned serial;
};

static struct wanted *
find_wanted(struct source *s, unsigned serial)
{
	for (unsigned i = 0; i < s->nwanted; i++)
		if (s->wanted[i].serial == serial)
			return &s->wanted[i];
	return NULL;
}

static void
on_answer(void *arg, bool ok, const char *text, size_t len)
{
	struct asked *a = arg;
	struct source *s = a->source;
	struct wanted *w = find_wanted(s, a->serial);

	if (w != NULL)
		w->is_asked = false;
	if (ok) {
		source_feed(s, a->command, text, len, source_now_ms());
		source_changed(s);
	} else if (w != NULL)
		w->next_ms = source_now_ms() + 1000;
	free(a->command);
	free(a);
}

/* From the last bin on, which may not have been complete; all when there is none. */
static int64_t
histogram_from(const struct source *s, const struct want *w)
{
	char px[128] = "", sv[128] = "";
	const struct latmap *l;

	if (sscanf(w->command, "show histogram %127s %127s", px, sv) == 2 &&
	    strcmp(sv, "step") == 0)
		sv[0] = '\0';
	l = host_latmap(s->host, px, sv, w->step_s);
	if (l == NULL || l->step_s != w->step_s || l->nbins == 0 || l->from_s > w->from_s)
		return w->from_s;
	return l->bins[l->nbins - 1].t_s;
}

static void
command_of(const struct source *s, const struct want *w, char *buf, size_t size)
{
	switch (w->kind) {
	case WANT_HISTOGRAM:
		snprintf(buf, size, "%s from %lld", w->command, (long long)
		    (histogram_from(s, w) + host_skew_s(s->host)));
		break;
	case WANT_HISTORY:
		snprintf(buf, size, "%s from -15m step 1s", w->command);
		break;
	default:
		snprintf(buf, size, "%s", w->command);
	}
}

static void
ask(struct source *s, struct wanted *w, int64_t now_ms)
{
	struct asked *a = xmalloc(sizeof(*a));
	bool is_long = w->w.kind == WANT_ANSWER && w->w.every_s <= 0;
	char command[WANT_COMMAND + 32];

	command_of(s, &w->w, command, sizeof(command));
	w->serial = ++s->serial;
	w->is_asked = true;
	w->next_ms = w->w.every_s > 0 ? now_ms + (int64_t)(w->w.every_s * 1000) : ONCE;
	*a = (struct asked){ s, xstrdup(command), w->serial };
	link_send(is_long ? s->cmd : s->poll, command, on_answer, a);
}

/* Only weir knows these. */
static bool
is_for(const struct source *s, const struct want *w)
{
	return s->host->kind == HOST_WEIR || w->kind == WANT_ANSWER;
}

void
wants_run(struct source *s, int64_t now_ms)
{
	if (s->host->state != HOST_UP || s->polls == 0)
		return;
	for (unsigned i = 0; i < s->nwanted; i++)
		if (!s->wanted[i].is_asked && s->wanted[i].next_ms <= now_ms + SLACK_MS &&
		    is_for(s, &s->wanted[i].w))
			ask(s, &s->wanted[i], now_ms);
}

void
wants_forget(struct source *s)
{
	for (unsigned i = 0; i < s->nwanted; i++) {
		s->wanted[i].next_ms = 0;
		s->wanted[i].is_asked = false;
		s->wanted[i].serial = 0;
	}
}

/* --- streams --------------------------------------------------------- */

static void
on_lines(void *arg, const char *text, size_t len)
{
	struct stream *t = arg;

	t->tries = 0;
	source_feed(t->source, t->sent, text, len, source_now_ms());
	source_changed(t->source);
}

static void
on_stream_lost(void *arg, const char *why)
{
	struct stream *t = arg;
	unsigned delay_s = t->tries < 4 ? 2u << t->tries : STREAM_RETRY_MAX_S;

	(void)why;
	t->tries++;
	t->retry_ms = source_now_ms() + delay_s * 1000;
}

static const struct link_calls stream_calls = { NULL, on_stream_lost, on_lines };

/* Events go on where they ended. */
static void
stream_open(struct stream *t)
{
	const struct host *h = t->source->host;

	if (strncmp(t->command, "subscribe events", 16) == 0 && h->events.last_id > 0)
		snprintf(t->sent, sizeof(t->sent), "subscribe events since %llu",
		    (unsigned long long)h->events.last_id);
	else
		snprintf(t->sent, sizeof(t->sent), "%s", t->command);
	if (t->link == NULL)
		t->link = link_new(t->source->base, t->source->where,
		    h->kind == HOST_WEIR ? ALIVE_S : 0, &stream_calls, t);
	t->retry_ms = 0;
	link_stream(t->link, t->sent);
}

void
streams_run(struct source *s, int64_t now_ms)
{
	for (unsigned i = 0; i < STREAMS_MAX && s->host->state == HOST_UP; i++) {
		struct stream *t = &s->streams[i];

		if (t->command[0] != '\0' && t->retry_ms <= now_ms &&
		    (t->link == NULL || !link_is_open(t->link)))
			stream_open(t);
	}
}

static void
stream_end(struct stream *t)
{
	if (t->link != NULL)
		link_free(t->link);
	memset(t, 0, sizeof(*t));
}

/* They come back with the poll connection. */
void
streams_close(struct source *s)
{
	for (unsigned i = 0; i < STREAMS_MAX; i++) {
		if (s->streams[i].link != NULL)
			link_free(s->streams[i].link);
		s->streams[i].link = NULL;
		s->streams[i].retry_ms = 0;
		s->streams[i].tries = 0;
	}
}

static bool
is_in(const struct wants *w, const char *command)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->at[i].kind == WANT_STREAM && strcmp(w->at[i].command, command) == 0)
			return true;
	return false;
}

static void
stream_begin(struct source *s, const char *command)
{
	struct stream *unused = NULL;

	for (unsigned i = 0; i < STREAMS_MAX; i++) {
		if (strcmp(s->streams[i].command, command) == 0)
			return;
		if (unused == NULL && s->streams[i].command[0] == '\0')
			unused = &s->streams[i];
	}
	if (unused == NULL)
		return;
	unused->source = s;
	snprintf(unused->command, sizeof(unused->command), "%s", command);
}

/* The log of a haproxy is read all the time: percentiles come from it. */
static void
want_ring(const struct source *s, struct wants *w)
{
	if (s->host->kind == HOST_HAPROXY && s->host->has_ring)
		want_stream(w, s->host, "show events %s -w -n", s->host->ring);
}

void
streams_default(struct source *s)
{
	struct wants w = { .n = 0 };

	want_ring(s, &w);
	if (w.n > 0)
		stream_begin(s, w.at[0].command);
}

static void
streams_want(struct source *s, struct wants *w)
{
	unsigned i;

	want_ring(s, w);
	for (i = 0; i < STREAMS_MAX; i++)
		if (s->streams[i].command[0] != '\0' && !is_in(w, s->streams[i].command))
			stream_end(&s->streams[i]);
	for (i = 0; i < w->n; i++)
		if (w->at[i].kind == WANT_STREAM)
			stream_begin(s, w->at[i].command);
}

/* --- what is wanted from now on -------------------------------------- */

/* What was wanted before keeps its time. */
static void
keep_time(struct wanted *now, const struct wanted *old, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (old[i].w.kind == now->w.kind &&
		    strcmp(old[i].w.command, now->w.command) == 0) {
			now->next_ms = old[i].next_ms;
			now->serial = old[i].serial;
			now->is_asked = old[i].is_asked;
			if (now->w.from_s < old[i].w.from_s)
				now->next_ms = 0;	/* further back than before */
		}
}

void
source_want(struct source *s, const struct wants *w)
{
	struct wanted *old = xmalloc(sizeof(s->wanted));
	struct wants mine = { .n = 0 };
	unsigned nold = s->nwanted, i;
	int64_t now = source_now_ms();

	memcpy(old, s->wanted, sizeof(s->wanted));
	s->nwanted = 0;
	for (i = 0; i < w->n; i++) {
		if (w->at[i].host != s->host)
			continue;
		mine.at[mine.n++] = w->at[i];
		if (w->at[i].kind == WANT_STREAM)
			continue;
		s->wanted[s->nwanted] = (struct wanted){ .w = w->at[i] };
		keep_time(&s->wanted[s->nwanted++], old, nold);
	}
	free(old);
	streams_want(s, &mine);
	wants_run(s, now);
	streams_run(s, now);
}
