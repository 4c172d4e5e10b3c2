/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Without a terminal: tables for scripts, one picture into a file, a recording.
 * Each waits until every appliance was heard, or the time limit says that it
 * is not to be.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app_in.h"
#include "tui/link.h"

/* One pass of the loop after another until done() or the time is over. */
static bool
wait_for(struct app *a, bool (*done)(const struct app *), double seconds)
{
	struct timeval step = { 0, 20000 };
	int64_t end = app_now_ms() + (int64_t)(seconds * 1000);

	while (!done(a)) {
		if (app_now_ms() >= end || event_base_got_break(a->base))
			return false;
		event_base_loopexit(a->base, &step);
		event_base_dispatch(a->base);
	}
	return true;
}

static bool
all_heard(const struct app *a)
{
	unsigned i;

	for (i = 0; i < a->nsources; i++)
		if (source_polls(a->sources[i]) == 0)
			return false;
	return true;
}

/* Rates need two samples. */
static bool
all_heard_twice(const struct app *a)
{
	unsigned i;

	for (i = 0; i < a->nsources; i++)
		if (source_polls(a->sources[i]) < 2)
			return false;
	return true;
}

static void
tell_unheard(const struct app *a)
{
	const struct host *h;
	unsigned i;

	for (i = 0; i < a->nsources; i++) {
		h = a->m->hosts[i];
		if (source_polls(a->sources[i]) == 0)
			fprintf(stderr, "weirtop: %s: %s\n", h->name,
			    h->error[0] != '\0' ? h->error : "no answer");
	}
}

static bool
anyone_heard(const struct app *a)
{
	unsigned i;

	for (i = 0; i < a->nsources; i++)
		if (source_polls(a->sources[i]) > 0)
			return true;
	return false;
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct app *a = arg;

	(void)what;
	app_end(a, sig == SIGINT ? 130 : 0);
}

/* --- Tables -------------------------------------------------------------- */

struct ticker {
	struct app *app;
	struct batch_options batch;
	unsigned left;
};

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct ticker *t = arg;

	(void)fd, (void)what;
	t->app->m->now_ms = app_now_ms();
	if (!batch_print(t->app->m, &t->batch) || (t->left > 0 && --t->left == 0))
		app_end(t->app, 0);
}

static int
print_ticks(struct app *a)
{
	struct ticker t = { a, a->o->batch, a->o->count };
	struct timeval every = timeval_of(a->o->interval_s);
	struct event *tick = event_new(a->base, -1, EV_PERSIST, on_tick, &t);

	event_add(tick, &every);
	on_tick(-1, 0, &t);
	if (!event_base_got_break(a->base))
		event_base_dispatch(a->base);
	event_free(tick);
	return a->status;
}

static int
check_once(struct app *a)
{
	a->m->now_ms = app_now_ms();
	return batch_check(a->m, &a->o->batch) ? 3 : 0;
}

/* At the instant that was asked for, or at the end. */
static void
replay_to(struct app *a)
{
	if (a->o->at == NULL || !app_replay_at(a, a->o->at))
		while (replay_step(a->replay))
			;
}

static int
text_of_replay(struct app *a)
{
	struct batch_options b = a->o->batch;

	replay_to(a);
	if (b.check != NULL)
		return batch_check(a->m, &b) ? 3 : 0;
	batch_print(a->m, &b);
	return 0;
}

int
app_text(struct app *a)
{
	struct event *sigint = evsignal_new(a->base, SIGINT, on_signal, a);
	int status;

	evsignal_add(sigint, NULL);
	if (a->replay != NULL)
		status = text_of_replay(a);
	else if (!wait_for(a, a->o->batch.check != NULL ? all_heard : all_heard_twice,
	    a->o->timeout_s) && !anyone_heard(a)) {
		tell_unheard(a);
		status = a->status != 0 ? a->status : 1;
	} else {
		tell_unheard(a);
		status = a->o->batch.check != NULL ? check_once(a) : print_ticks(a);
		if (status == 0 && !all_heard(a))
			status = 1;
	}
	event_free(sigint);
	return status;
}

/* --- One picture --------------------------------------------------------- */

static void
press_keys(struct app *a)
{
	char name[16];
	const char *p = a->o->keys;
	struct key k = { 0 };
	size_t n;

	while (p != NULL && *(p += strspn(p, " ")) != '\0') {
		n = strcspn(p, " ");
		snprintf(name, sizeof(name), "%.*s", (int)n, p);
		p += n;
		k.code = key_code(name);
		if (k.code == 0)
			continue;
		app_draw(a);
		screen_key(a->m, &k, &a->hits);
		app_wishes(a);
		app_want(a);
		if (a->replay == NULL)
			(void)wait_for(a, all_heard_twice, 0.2);
	}
}

int
app_dump(struct app *a)
{
	grid_init(&a->grid, a->o->width, a->o->height, a->m->ui->glyphs);
	app_want(a);
	if (a->replay != NULL) {
		replay_to(a);
	} else if (!wait_for(a, all_heard_twice, a->o->timeout_s)) {
		tell_unheard(a);
		return 1;
	}
	press_keys(a);
	app_draw(a);
	if (app_write_grid(a, a->o->dump))
		return 0;
	fprintf(stderr, "weirtop: %s: %s\n", a->o->dump, strerror(errno));
	return 1;
}

/* --- A recording without a screen ---------------------------------------- */

static bool
all_counted(const struct app *a)
{
	unsigned i;

	for (i = 0; i < a->nsources; i++)
		if (source_polls(a->sources[i]) < a->o->count)
			return false;
	return true;
}

int
app_record(struct app *a)
{
	struct event *sigint = evsignal_new(a->base, SIGINT, on_signal, a);
	struct event *sigterm = evsignal_new(a->base, SIGTERM, on_signal, a);

	evsignal_add(sigint, NULL);
	evsignal_add(sigterm, NULL);
	app_want(a);
	if (a->o->count > 0)
		wait_for(a, all_counted, a->o->interval_s * a->o->count + a->o->timeout_s);
	else
		event_base_dispatch(a->base);
	event_free(sigint);
	event_free(sigterm);
	return anyone_heard(a) ? 0 : 1;
}
