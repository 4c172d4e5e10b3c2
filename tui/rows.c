/* SPDX-License-Identifier: BSD-2-Clause */
/* Which answer goes where, and what happens when an appliance goes and comes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tui/rows_in.h"

static bool
feed_version(struct feed *f)
{
	struct str line = STR_NONE, rest = f->text;

	csv_line(&rest, &line);
	if (line.len == 0 || memchr(line.p, ' ', line.len) != NULL)
		return false;
	snprintf(f->h->version, sizeof(f->h->version), STR_FMT, STR_ARG(line));
	return true;
}

static bool
feed_level(struct feed *f)
{
	static const char *const names[] = { "", "user", "operator", "admin" };
	struct str line = STR_NONE, rest = f->text;

	csv_line(&rest, &line);
	for (int i = LEVEL_USER; i <= LEVEL_ADMIN; i++)
		if (str_is(line, names[i])) {
			f->h->level = (enum level)i;
			return true;
		}
	return false;
}

/* `2013-02-15T16:32:56Z, test` */
static bool
feed_clock(struct feed *f)
{
	f->h->is_test_clock = str_find(f->text, STR(", test")) != NULL;
	return true;
}

static bool
feed_activities(struct feed *f)
{
	if (!sheet_parse(&f->h->activities, f->text.p, f->text.len))
		return false;
	f->h->activities.fed_ms = f->ms;
	return true;
}

/* What a haproxy has not. */
static bool
feed_help(struct feed *f)
{
	bool is_weir = str_find(f->text, STR("show snapshot")) != NULL;

	f->h->kind = is_weir ? HOST_WEIR : HOST_HAPROXY;
	return true;
}

/* Kept as it is, and as a sheet when it is one; NULs are in no answer. */
static bool
feed_answer(struct feed *f)
{
	struct answer *a;

	if (memchr(f->text.p, '\0', f->text.len) != NULL)
		return false;
	a = host_answer_add(f->h, f->command);
	free(a->text);
	a->text = xstrndup(f->text.p, f->text.len);
	a->len = f->text.len;
	a->fed_ms = f->ms;
	if (sheet_parse(&a->sheet, a->text, a->len))
		a->sheet.fed_ms = f->ms;
	else
		sheet_fini(&a->sheet);
	return true;
}

/* Of a recording: the appliance was lost, or came back. */
static bool
feed_lost(struct feed *f)
{
	char *why = xstrndup(f->text.p, f->text.len);

	why[strcspn(why, "\n")] = '\0';
	rows_lost(f->h, why, f->ms, 0);
	free(why);
	return true;
}

static bool
feed_connected(struct feed *f)
{
	rows_connected(f->h, f->ms);
	return true;
}

static const struct feeder {
	const char *begin;		/* of the command */
	bool	(*feed)(struct feed *f);
	bool	 is_answer;		/* also kept as an answer */
} feeders[] = {
	{ "show snapshot", feed_snapshot, false },
	{ "show stat", feed_stat, false },
	{ "show info", feed_info, false },
	{ "show version", feed_version, false },
	{ "show cli level", feed_level, false },
	{ "show clock", feed_clock, false },
	{ "show activities", feed_activities, true },
	{ "show histogram", feed_histogram, true },
	{ "show history", feed_history, false },
	{ "show events ", feed_stream, false },
	{ "show events", feed_rings, false },
	{ "subscribe ", feed_stream, false },
	{ "help", feed_help, false },
	{ "#lost", feed_lost, false },
	{ "#connected", feed_connected, false },
	{ "", feed_answer, false }
};

static bool
begins(const char *command, const char *with)
{
	size_t n = strlen(with);

	return strncmp(command, with, n) == 0 &&
	    (n == 0 || with[n - 1] == ' ' || command[n] == '\0' || command[n] == ' ');
}

static bool
refuse(struct feed *f)
{
	struct str line = STR_NONE, rest = f->text;

	csv_line(&rest, &line);
	line.len = line.len < 60 ? line.len : 60;
	snprintf(f->h->error, sizeof(f->h->error), "%.40s: not understood: " STR_FMT, f->command,
	    STR_ARG(line));
	return false;
}

bool
rows_feed(struct host *h, const char *command, const char *text, size_t len, int64_t ms)
{
	struct feed f = { .h = h, .command = command, .text = { text, len }, .ms = ms };
	const struct feeder *r = feeders;

	while (!begins(command, r->begin))
		r++;
	if (!r->feed(&f) || (r->is_answer && !feed_answer(&f)))
		return refuse(&f);
	if (ms > h->model->now_ms)
		h->model->now_ms = ms;
	if (h->kind != HOST_WEIR && h->state == HOST_UP)
		h->now_ms = ms;
	return true;
}

void
rows_lost(struct host *h, const char *why, int64_t ms, int64_t retry_ms)
{
	if (h->state != HOST_LOST)
		h->lost_ms = ms;
	h->state = HOST_LOST;
	h->retry_ms = retry_ms;
	snprintf(h->error, sizeof(h->error), "%s", why);
	h->total_ms = 0;
	for (unsigned i = 0; i < h->nrows; i++)
		h->rows[i]->sampled_ms = 0;
	if (ms > h->model->now_ms)
		h->model->now_ms = ms;
}

void
rows_connected(struct host *h, int64_t ms)
{
	h->state = HOST_UP;
	h->error[0] = '\0';
	h->retry_ms = 0;
	if (ms > h->model->now_ms)
		h->model->now_ms = ms;
}
