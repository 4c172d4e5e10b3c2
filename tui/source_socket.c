/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stats socket as a source. At connect it is asked what it is; then a round each
 * poll: of a weir what has changed since the last one, of a haproxy its counters.
 * A round that is not answered within five seconds loses the connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "tui/source_in.h"
#include "tui/ui.h"

#define SILENCE_S	5.0
#define CMD_SILENCE_S	120.0
#define RETRY_MAX_S	30
#define ROWS_MANY	2000u	/* above: of a haproxy only proxies, and servers in view */
#define FULL_EVERY	30u	/* ... and all rows once in so many rounds */
#define HISTORIES_MAX	8u
#define GARBLED_MAX	3u

int64_t
source_now_ms(void)
{
	return (int64_t)(clock_wall_us() / 1000);
}

void
source_changed(struct source *s)
{
	if (s->changed != NULL)
		s->changed(s->arg);
}

static void
record(struct source *s, const char *command, const char *text, size_t len, int64_t ms)
{
	if (s->record != NULL)
		record_frame(s->record, ms, s->host->name, command, text, len);
}

bool
source_feed(struct source *s, const char *command, const char *text, size_t len, int64_t ms)
{
	record(s, command, text, len, ms);
	return rows_feed(s->host, command, text, len, ms);
}

/* --- questions on the poll connection -------------------------------- */

struct question {
	struct source *source;
	char	*command;		/* owned */
	int64_t	 ms;			/* of the round */
	void	(*then)(struct source *s, bool is_good);
};

static void
on_answer(void *arg, bool ok, const char *text, size_t len)
{
	struct question *q = arg;
	struct source *s = q->source;
	bool is_good = ok && source_feed(s, q->command, text, len, q->ms);

	if (ok && q->then != NULL)
		q->then(s, is_good);
	if (ok)
		source_changed(s);
	free(q->command);
	free(q);
}

static void
ask(struct source *s, const char *command, int64_t ms, void (*then)(struct source *, bool))
{
	struct question *q = xmalloc(sizeof(*q));

	*q = (struct question){ s, xstrdup(command), ms, then };
	link_send(s->poll, command, on_answer, q);
}

/* --- a round --------------------------------------------------------- */

/* The past of proxies, once: their sum is what an overview shows first. */
static void
ask_histories(struct source *s)
{
	unsigned n[2] = { 0, 0 };
	char command[300];

	if (s->had_histories || s->host->kind != HOST_WEIR)
		return;
	s->had_histories = true;
	for (unsigned i = 0; i < s->host->nrows; i++) {
		const struct row *r = s->host->rows[i];

		if (r->type > ROW_BACKEND || ++n[r->type] > HISTORIES_MAX)
			continue;
		snprintf(command, sizeof(command), "show history %s%s from -15m step 1s", r->px,
		    r->type == ROW_FRONTEND ? " FRONTEND" : "");
		ask(s, command, s->round_ms, NULL);
	}
}

static void	on_lost(void *arg, const char *why);

/* Nothing that is understood comes from there: as good as lost. */
static void
give_up(struct source *s)
{
	char why[sizeof(s->host->error)];

	snprintf(why, sizeof(why), "%s", s->host->error);
	link_close(s->poll);
	s->garbled = 0;
	on_lost(s, why);
}

static void
round_ended(struct source *s, bool is_good)
{
	struct host *h = s->host;

	h->lag_ms = (double)(source_now_ms() - s->round_ms);
	if (is_good) {
		s->polls++;
		s->tries = s->garbled = 0;
		h->error[0] = '\0';
		ask_histories(s);
	} else {
		h->gen = 0;		/* the next one in full */
		if (++s->garbled == GARBLED_MAX)
			give_up(s);
	}
	wants_run(s, s->round_ms);
	s->round_ms = 0;
}

/* A recording begins with full answers, and with what is asked once. */
static uint64_t
generation(struct source *s)
{
	if (s->record == NULL || record_files(s->record) == s->record_files)
		return s->host->gen;
	s->record_files = record_files(s->record);
	s->had_histories = false;
	wants_forget(s);
	return 0;
}

static void
ask_weir(struct source *s)
{
	char command[120];

	snprintf(command, sizeof(command), "show snapshot since %llu only stat,group,instance,"
	    "alarm,policy,lua,info", (unsigned long long)generation(s));
	ask(s, command, s->round_ms, round_ended);
}

/* Servers of the backend in view: rows of others come more seldom. */
static void
ask_servers_in_view(struct source *s)
{
	const struct ui *ui = s->host->model->ui;
	const struct row *r = ui != NULL ? host_row(s->host, ui->px, "BACKEND") : NULL;
	char command[80];

	if (r == NULL)
		return;
	snprintf(command, sizeof(command), "show stat %s 4 -1", row_text(r, F_iid));
	ask(s, command, s->round_ms, NULL);
}

static void
ask_haproxy(struct source *s)
{
	bool is_all = s->host->nrows <= ROWS_MANY || s->rounds % FULL_EVERY == 0;

	ask(s, "show info", s->round_ms, NULL);
	if (!is_all)
		ask_servers_in_view(s);
	ask(s, is_all ? "show stat" : "show stat -1 3 -1", s->round_ms, round_ended);
	s->rounds++;
}

static void
begin_round(struct source *s)
{
	if (s->round_ms != 0)
		return;			/* the last one is still being answered */
	s->round_ms = source_now_ms();
	if (s->host->kind == HOST_WEIR)
		ask_weir(s);
	else
		ask_haproxy(s);
}

/* --- connections ----------------------------------------------------- */

/* What it is; then the first round. */
static void
probed(struct source *s, bool is_good)
{
	(void)is_good;
	begin_round(s);
	streams_default(s);
	streams_run(s, source_now_ms());
}

static void
helped(struct source *s, bool is_good)
{
	int64_t now = source_now_ms();

	(void)is_good;
	if (s->host->kind == HOST_WEIR)
		probed(s, true);
	else
		ask(s, "show events", now, probed);
}

static void
on_up(void *arg)
{
	struct source *s = arg;
	int64_t now = source_now_ms();

	s->retry_ms = 0;
	s->host->gen = 0;
	rows_connected(s->host, now);
	record(s, "#connected", "", 0, now);
	ask(s, "show version", now, NULL);
	ask(s, "show cli level", now, NULL);
	ask(s, "help", now, helped);
	source_changed(s);
}

/* 1, 2, 4 ... 30 s */
static int64_t
delay_ms(unsigned tries)
{
	return tries >= 5 ? RETRY_MAX_S * 1000 : 1000 << tries;
}

static void
set_tick(struct source *s, double seconds)
{
	struct timeval t = timeval_of(seconds);

	s->tick_s = seconds;
	event_add(s->tick, &t);
}

static void
on_lost(void *arg, const char *why)
{
	struct source *s = arg;
	int64_t now = source_now_ms();
	bool was_up = s->host->state == HOST_UP;

	s->round_ms = 0;
	s->had_histories = false;
	s->retry_ms = now + delay_ms(s->tries++);
	rows_lost(s->host, why, now, s->retry_ms);
	if (was_up)
		record(s, "#lost", why, strlen(why), now);
	wants_forget(s);
	streams_close(s);
	set_tick(s, (double)(s->retry_ms - now) / 1000);
	source_changed(s);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct source *s = arg;
	int64_t now = source_now_ms();

	(void)fd, (void)what;
	set_tick(s, s->host->model->poll_s);
	if (!link_is_open(s->poll))
		link_open(s->poll);
	else if (s->host->state == HOST_UP) {
		if (s->polls > 0 || s->garbled > 0)
			begin_round(s);
		streams_run(s, now);
	}
}

static const struct link_calls poll_calls = { on_up, on_lost, NULL };

struct source *
source_socket_open(struct event_base *base, struct host *h, const char *where,
    source_changed_fn *changed, void *arg)
{
	struct source *s = xcalloc(1, sizeof(*s));

	s->base = base;
	s->host = h;
	s->changed = changed;
	s->arg = arg;
	snprintf(s->where, sizeof(s->where), "%s", where);
	s->poll = link_new(base, where, SILENCE_S, &poll_calls, s);
	s->cmd = link_new(base, where, CMD_SILENCE_S, NULL, s);
	s->tick = event_new(base, -1, 0, on_tick, s);
	set_tick(s, h->model->poll_s);
	link_open(s->poll);
	return s;
}

void
source_close(struct source *s)
{
	s->changed = NULL;
	streams_close(s);
	link_close(s->poll);
	link_close(s->cmd);
	link_free(s->poll);
	link_free(s->cmd);
	event_free(s->tick);
	free(s);
}

unsigned
source_polls(const struct source *s)
{
	return s->polls;
}

void
source_poll(struct source *s)
{
	if (s->host->state == HOST_UP && s->polls > 0) {
		begin_round(s);
		set_tick(s, s->host->model->poll_s);
	}
}

void
source_record(struct source *s, struct record *r)
{
	s->record = r;
	s->record_files = 0;
}

/* --- the user's commands --------------------------------------------- */

struct command {
	struct source *source;
	source_answer_fn *done;
	void	*arg;
};

/* What it did is looked at soon. */
static void
on_command(void *arg, bool ok, const char *text, size_t len)
{
	struct command *c = arg;

	c->done(c->arg, ok, text, len);
	if (ok)
		source_poll(c->source);
	source_changed(c->source);
	free(c);
}

void
source_command(struct source *s, const char *command, source_answer_fn *done, void *arg)
{
	struct command *c = xmalloc(sizeof(*c));

	*c = (struct command){ s, done, arg };
	link_send(s->cmd, command, on_command, c);
}
