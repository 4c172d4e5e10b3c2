/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recording as a source: frames are fed in order; going back begins anew and
 * goes on up to the instant before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "tui/record.h"
#include "tui/rows.h"
#include "tui/source.h"

#define SIZE_MAX_BYTES	((size_t)1 << 30)

struct replay {
	struct model *m;
	char	*data;			/* owned */
	struct frame *frames;		/* owned; point into data */
	unsigned n, at;			/* the next one */
	char	 error[80];
};

static const char *
parse(struct replay *r, size_t len)
{
	static char error[80];
	unsigned line;

	if (!record_parse(r->data, len, &r->frames, &r->n, &line)) {
		snprintf(error, sizeof(error), "no recording: line %u is none of its frames", line);
		return error;
	}
	return r->n == 0 ? "the recording is empty" : NULL;
}

struct replay *
replay_open(struct model *m, const char *path, const char **ret_error)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	size_t len = 0;

	r->m = m;
	r->data = file_read(path, SIZE_MAX_BYTES, &len);
	*ret_error = r->data != NULL ? parse(r, len) : strerror(errno);
	if (*ret_error != NULL) {
		replay_close(r);
		return NULL;
	}
	for (unsigned i = 0; i < r->n; i++)
		model_host(m, r->frames[i].host);
	return r;
}

void
replay_close(struct replay *r)
{
	free(r->frames);
	free(r->data);
	free(r);
}

static void
feed(struct replay *r, const struct frame *f)
{
	struct host *h = model_host(r->m, f->host);

	if (h->state != HOST_UP && strcmp(f->command, "#lost") != 0)
		rows_connected(h, f->ms);
	rows_feed(h, f->command, f->text, f->len, f->ms);
}

bool
replay_step(struct replay *r)
{
	int64_t ms = replay_next_ms(r);

	if (ms == 0)
		return false;
	while (r->at < r->n && r->frames[r->at].ms <= ms)
		feed(r, &r->frames[r->at++]);
	if (ms > r->m->now_ms)
		r->m->now_ms = ms;
	return true;
}

static void
rewind_to_start(struct replay *r)
{
	for (unsigned i = 0; i < r->m->nhosts; i++)
		host_reset(r->m->hosts[i]);
	r->m->now_ms = 0;
	r->at = 0;
}

/* Ticks as long as they are not after ms; the first one always. */
static void
go_to(struct replay *r, int64_t ms)
{
	do
		replay_step(r);
	while (replay_next_ms(r) != 0 && replay_next_ms(r) <= ms);
}

bool
replay_back(struct replay *r)
{
	unsigned i = r->at;
	int64_t ms;

	if (i == 0)
		return false;
	for (ms = r->frames[i - 1].ms; i > 0 && r->frames[i - 1].ms >= ms; i--)
		;
	if (i == 0)
		return false;
	ms = r->frames[i - 1].ms;
	rewind_to_start(r);
	go_to(r, ms);
	return true;
}

bool
replay_seek(struct replay *r, int64_t ms)
{
	if (ms < r->frames[0].ms)
		return false;
	if (r->at == 0 || ms < r->m->now_ms)
		rewind_to_start(r);
	if (replay_next_ms(r) != 0 && replay_next_ms(r) <= ms)
		go_to(r, ms);
	return true;
}

int64_t
replay_next_ms(const struct replay *r)
{
	return r->at < r->n ? r->frames[r->at].ms : 0;
}
