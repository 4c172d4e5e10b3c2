/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records of histograms on the disk: a log for each step and hour (of hours: each
 * day), which goes as a whole when it is too old. What came in a second is written
 * by a job; a record that is cut off ends its log.
 *
 * Thread: control; jobs where it is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/metric_hist_in.h"
#include "event/job.h"
#include "event/sched.h"

#define FILE_MAX	(64u << 20)
#define SUFFIX		".hist"

struct head {
	uint64_t	 sum;		/* of all behind it */
	uint32_t	 len;		/* with this head */
	uint8_t		 phase, has_server;
	uint16_t	 n;		/* buckets: counts, then indices, then names */
	int64_t		 slot;
};

static struct {
	char		*dir;		/* owned; NULL: none */
	struct outbuf	 pending[HTIER_MAX];
	int64_t		 period[HTIER_MAX];	/* of pending */
	bool		 was_told;
} logs;

static int64_t
period_s(unsigned tier)
{
	return tier == HTIER_3600S ? 86400 : 3600;
}

static char *
path_of(unsigned tier, int64_t period)
{
	return xasprintf("%s/%us-%010lld" SUFFIX, logs.dir, metric_hist_step_s[tier],
	    (long long)(period * period_s(tier)));
}

/* ---- writing ---- */

struct write {
	char		*path;		/* owned */
	char		*data;		/* owned */
	size_t		 len;
	int		 error;
};

static void
write_log(void *arg)		/* job */
{
	struct write *w = arg;
	int fd = file_open(w->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	ssize_t n = fd != -1 ? write(fd, w->data, w->len) : -1;

	if (n < 0)
		w->error = errno;
	else if ((size_t)n < w->len)
		w->error = ENOSPC;
	if (fd != -1)
		close(fd);
}

static void
log_written(void *arg)
{
	struct write *w = arg;

	if (w->error != 0 && !logs.was_told) {
		errno = w->error;
		log_warn("metrics: cannot write %s", w->path);
	}
	logs.was_told = w->error != 0;
	free(w->path);
	free(w->data);
	free(w);
	sched_busy_end();
}

static void
remove_old(void *arg)		/* job */
{
	(void)unlink(arg);
	free(arg);
}

static void
removed(void *arg)
{
	(void)arg;
}

static void
flush(unsigned tier)
{
	struct outbuf *b = &logs.pending[tier];
	struct write *w;

	if (b->len == 0)
		return;
	w = xcalloc(1, sizeof *w);
	w->path = path_of(tier, logs.period[tier]);
	w->data = b->data;
	w->len = b->len;
	outbuf_init(b, 0);
	sched_busy_begin();
	job_run(control_loop, write_log, log_written, w);
}

void
metric_hist_flush(void)
{
	for (unsigned t = 0; logs.dir != NULL && t < HTIER_MAX; t++)
		flush(t);
}

/* A new period: the one that is too old now goes. */
static void
begin_period(unsigned tier, int64_t period)
{
	int64_t kept = metric_hist_kept_s[1][tier] / period_s(tier) + 2;

	if (logs.period[tier] == period)
		return;
	flush(tier);
	logs.period[tier] = period;
	job_run(control_loop, remove_old, removed, path_of(tier, period - kept));
}

void
metric_hist_log(const char *backend, const char *server, enum metric_phase phase,
    enum hist_tier tier, const struct hist_record *r)
{
	struct outbuf *b = &logs.pending[tier];
	struct head h;
	size_t start;

	if (logs.dir == NULL)
		return;
	begin_period(tier, r->slot * metric_hist_step_s[tier] / period_s(tier));
	start = b->len;
	memset(&h, 0, sizeof h);
	h.phase = (uint8_t)phase;
	h.has_server = server != NULL;
	h.n = (uint16_t)r->n;
	h.slot = r->slot;
	outbuf_mem(b, &h, sizeof h);
	outbuf_mem(b, r->count, r->n * (sizeof r->count[0] + 1));
	outbuf_mem(b, backend, strlen(backend) + 1);
	if (server != NULL)
		outbuf_mem(b, server, strlen(server) + 1);
	h.len = (uint32_t)(b->len - start);
	memcpy(b->data + start, &h, sizeof h);
	h.sum = str_hash((struct str){ b->data + start + sizeof h.sum, h.len - sizeof h.sum });
	memcpy(b->data + start, &h, sizeof h);
}

/* ---- reading ---- */

/* False: it is damaged. */
static bool
is_good(const struct head *h, const char *at, size_t left)
{
	size_t texts = sizeof *h + h->n * (sizeof(uint32_t) + 1);

	return h->len <= left && h->n <= HISTC_BUCKETS && h->phase < PHASE_MAX &&
	    h->len > texts && at[h->len - 1] == 0 && h->sum == str_hash((struct str){
	    at + sizeof h->sum, h->len - sizeof h->sum });
}

static void
take(enum hist_tier tier, const struct head *h, const char *at)
{
	uint32_t count[HISTC_BUCKETS] = { 0 }, one;
	const char *counts = at + sizeof *h, *indices = counts + h->n * sizeof one;
	const char *backend = indices + h->n, *end = at + h->len;
	const char *server = backend + strlen(backend) + 1;
	struct metric_hist *to;

	for (unsigned i = 0; i < h->n; i++) {
		memcpy(&one, counts + i * sizeof one, sizeof one);
		if ((uint8_t)indices[i] < HISTC_BUCKETS)
			count[(uint8_t)indices[i]] = one;
	}
	if (h->has_server && server >= end)
		return;
	to = metric_hist_make(backend, h->has_server ? server : NULL,
	    (enum metric_phase)h->phase);
	metric_hist_load(to, tier, h->slot, count);
	metric_hist_release(to);
}

static void
load(const char *path, enum hist_tier tier)
{
	size_t len = 0, at = 0;
	char *text = file_read(path, FILE_MAX, &len);
	struct head h;

	while (text != NULL && len - at > sizeof h) {
		memcpy(&h, text + at, sizeof h);
		if (h.len <= sizeof h || !is_good(&h, text + at, len - at))
			break;
		take(tier, &h, text + at);
		at += h.len;
	}
	free(text);
}

/* STEPs-SECONDS.hist; false: another file. */
static bool
parse_name(const char *path, enum hist_tier *ret_tier, int64_t *ret_start_s)
{
	struct str name = str_of(path + strlen(logs.dir) + 1), step;
	uint64_t seconds, start;

	name.len -= strlen(SUFFIX);
	if (!str_next_elem(&name, '-', &step) || step.len < 2 || step.p[--step.len] != 's' ||
	    !str_to_u64(step, &seconds) || !str_to_u64(name, &start))
		return false;
	*ret_start_s = (int64_t)start;
	for (unsigned t = 0; t < HTIER_MAX; t++)
		if (metric_hist_step_s[t] == seconds) {
			*ret_tier = (enum hist_tier)t;
			return true;
		}
	return false;
}

void
metric_hist_open(const char *dir)
{
	int64_t now_s = sched_wall_s(), start_s;
	enum hist_tier tier;
	char **names = NULL;
	int n;

	logs.dir = xstrdup(dir);
	for (unsigned t = 0; t < HTIER_MAX; t++)
		outbuf_init(&logs.pending[t], 0);
	n = file_list_dir(dir, SUFFIX, &names);
	for (int i = 0; i < n; i++) {
		if (parse_name(names[i], &tier, &start_s)) {
			if (start_s + period_s(tier) + metric_hist_kept_s[1][tier] < now_s)
				(void)unlink(names[i]);
			else
				load(names[i], tier);
		}
		free(names[i]);
	}
	free(names);
}

/* The jobs have ended: what is left is written here. */
void
metric_hist_log_close(void)
{
	for (unsigned t = 0; logs.dir != NULL && t < HTIER_MAX; t++) {
		struct write w = { .data = logs.pending[t].data, .len = logs.pending[t].len };

		w.path = path_of(t, logs.period[t]);
		if (w.len > 0)
			write_log(&w);
		free(w.path);
		outbuf_fini(&logs.pending[t]);
	}
	free(logs.dir);
	memset(&logs, 0, sizeof logs);
}
