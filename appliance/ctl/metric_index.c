/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of names; see metric_index.h. A record that does not fit its checksum is
 * the end: it was under way when the power went.
 *
 * Thread: control.
 */
#include "ctl/metric_index.h"

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

#define FILE_MAX	(256u << 20)
#define PENDING_MAX	(16u << 20)
#define GONE		0x80000000u

struct record {
	uint64_t	 sum;		/* of all behind it */
	uint32_t	 len;		/* with this head */
	uint32_t	 flags, ndims;
	uint32_t	 column[METRIC_TIERS];
	int64_t		 first_s;
};					/* then texts, each with its 0 */

static struct {
	int		 fd;		/* -1: none */
	char		*path;		/* owned; NULL: closed */
	struct outbuf	 pending;
	bool		 was_told;
} idx = { .fd = -1 };

/* ---- reading ---- */

static const char *
next_text(const char **p, const char *end)
{
	const char *text = *p, *zero = memchr(text, 0, (size_t)(end - text));

	*p = zero != NULL ? zero + 1 : end;
	return zero;
}

/* False: it is damaged. */
static bool
parse(const char *at, size_t left, struct record *r, struct metric_key *k)
{
	const char *p = at + sizeof *r, *end;

	if (left < sizeof *r)
		return false;
	memcpy(r, at, sizeof *r);
	if (r->len < sizeof *r || r->len > left || r->ndims > METRIC_DIMS ||
	    r->sum != str_hash((struct str){ at + sizeof r->sum, r->len - sizeof r->sum }))
		return false;
	end = at + r->len;
	*k = (struct metric_key){ .ndims = r->ndims };
	k->ns = p;
	if (next_text(&p, end) == NULL)
		return false;
	k->name = p;
	if (next_text(&p, end) == NULL)
		return false;
	k->unit = p;
	if (next_text(&p, end) == NULL)
		return false;
	for (unsigned i = 0; i < r->ndims; i++) {
		k->dims[i].name = p;
		if (next_text(&p, end) == NULL)
			return false;
		k->dims[i].value = p;
		if (next_text(&p, end) == NULL)
			return false;
	}
	return true;
}

void
metric_index_open(const char *path, metric_index_fn *fn)
{
	size_t len = 0, at = 0;
	char *text = file_read(path, FILE_MAX, &len);
	struct metric_place place;
	struct metric_key k;
	struct record r;

	outbuf_init(&idx.pending, PENDING_MAX);
	idx.path = xstrdup(path);
	if (text == NULL && errno != ENOENT)
		log_warn("metrics: cannot read %s", path);
	for (; text != NULL && at < len && parse(text + at, len - at, &r, &k); at += r.len) {
		place.flags = r.flags;
		place.first_s = r.first_s;
		memcpy(place.column, r.column, sizeof place.column);
		fn(&k, r.flags & GONE ? NULL : &place);
	}
	if (at < len)
		log_warnx("metrics: %s is damaged from byte %zu on", path, at);
	free(text);
}

/* ---- writing ---- */

static void
put_text(const char *text)
{
	outbuf_mem(&idx.pending, text, strlen(text) + 1);
}

void
metric_index_put(const struct metric_key *k, const struct metric_place *place)
{
	struct record r;
	size_t start = idx.pending.len;
	char *at;

	if (idx.path == NULL)
		return;
	memset(&r, 0, sizeof r);
	r.flags = place != NULL ? place->flags : GONE;
	r.ndims = k->ndims;
	if (place != NULL) {
		memcpy(r.column, place->column, sizeof r.column);
		r.first_s = place->first_s;
	}
	outbuf_mem(&idx.pending, &r, sizeof r);
	put_text(k->ns);
	put_text(k->name);
	put_text(k->unit);
	for (unsigned i = 0; i < k->ndims; i++) {
		put_text(k->dims[i].name);
		put_text(k->dims[i].value);
	}
	if (idx.pending.overflow)
		return;
	at = idx.pending.data + start;
	r.len = (uint32_t)(idx.pending.len - start);
	memcpy(at, &r, sizeof r);
	r.sum = str_hash((struct str){ at + sizeof r.sum, r.len - sizeof r.sum });
	memcpy(at, &r, sizeof r);
}

/* What does not fit on the disk waits; nothing is written twice. */
void
metric_index_flush(void)
{
	ssize_t n;

	if (idx.pending.len == 0 || idx.path == NULL)
		return;
	if (idx.fd == -1)
		idx.fd = file_open(idx.path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	n = idx.fd != -1 ? write(idx.fd, idx.pending.data, idx.pending.len) : -1;
	if (n < 0 || (size_t)n < idx.pending.len) {
		if (!idx.was_told)
			log_warn("metrics: cannot write %s", idx.path);
		idx.was_told = true;
	}
	if (n <= 0)
		return;
	memmove(idx.pending.data, idx.pending.data + n, idx.pending.len - (size_t)n);
	idx.pending.len -= (size_t)n;
	if (idx.pending.len == 0)
		idx.was_told = false;
}

void
metric_index_rewrite(void (*put_all)(void))
{
	put_all();
	if (file_write_atomic(idx.path, idx.pending.data != NULL ? idx.pending.data : "",
	    idx.pending.len, 0600) == 0)
		outbuf_clear(&idx.pending);
	else
		log_warn("metrics: cannot write %s", idx.path);
}

void
metric_index_close(void)
{
	metric_index_flush();
	if (idx.fd != -1)
		close(idx.fd);
	idx.fd = -1;
	outbuf_fini(&idx.pending);
	free(idx.path);
	idx.path = NULL;
}
