/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers; see ring.h. A line is its length (32 bits) and its bytes; both may
 * wrap. Cursors are absolute positions that only grow.
 */
#include "proxy/ring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "event/loop.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"

#define BUILT_IN	"buf0"
#define SIZE_DEFAULT	(1u << 20)
#define SIZE_MIN	4096u
#define LEN_DEFAULT	1024u

struct ring {
	_Atomic(struct ring *) next;
	char		*name, *description;	/* owned; control */
	uint8_t		 format;
	bool		 is_defined;
	pthread_mutex_t	 lock;		/* of what follows */
	char		*mem;		/* owned; NULL until the first line */
	uint64_t	 size;
	uint32_t	 max_len;
	uint64_t	 head, tail;	/* written; oldest that is there */

	struct loop	*watcher;	/* who wants to hear; NULL = nobody */
	void		(*on_more)(void);
};

struct more_mail {
	struct mail	 mail;
	void		(*fn)(void);
};

static _Atomic(struct ring *) rings;

/* ---- rings ---- */

struct ring *
ring_next(struct ring *r)
{
	return r == NULL ? atomic_load(&rings) : atomic_load(&r->next);
}

static struct ring *
find(const char *name, size_t len)
{
	struct ring *r = NULL;

	while ((r = ring_next(r)) != NULL)
		if (str_is((struct str){ name, len }, r->name))
			return r;
	return NULL;
}

struct ring *
ring_named(const char *name, size_t len)
{
	struct ring *r = find(name, len), *last = NULL, *n;

	if (r != NULL)
		return r;
	r = xcalloc(1, sizeof *r);
	r->name = xstrndup(name, len);
	r->description = xstrdup(r->name);
	r->format = LOG_FMT_LOCAL;
	r->is_defined = strcmp(r->name, BUILT_IN) == 0;
	r->size = SIZE_DEFAULT;
	r->max_len = LEN_DEFAULT;
	pthread_mutex_init(&r->lock, NULL);
	while ((n = ring_next(last)) != NULL)
		last = n;
	if (last == NULL)
		atomic_store(&rings, r);
	else
		atomic_store(&last->next, r);
	return r;
}

bool
ring_is_defined(const struct ring *r)
{
	return r->is_defined;
}

uint8_t
ring_format(const struct ring *r)
{
	return r->format;
}

const char *
ring_name(const struct ring *r)
{
	return r->name;
}

const char *
ring_description(const struct ring *r)
{
	return r->description;
}

/* ---- bytes, under the lock ---- */

static void
copy_in(struct ring *r, const void *from, size_t len)
{
	size_t at = (size_t)(r->head % r->size), n = (size_t)r->size - at;

	if (n > len)
		n = len;
	memcpy(r->mem + at, from, n);
	memcpy(r->mem, (const char *)from + n, len - n);
	r->head += len;
}

static void
copy_out(const struct ring *r, uint64_t pos, void *to, size_t len)
{
	size_t at = (size_t)(pos % r->size), n = (size_t)r->size - at;

	if (n > len)
		n = len;
	memcpy(to, r->mem + at, n);
	memcpy((char *)to + n, r->mem, len - n);
}

static uint32_t
line_len(const struct ring *r, uint64_t pos)
{
	uint32_t len;

	copy_out(r, pos, &len, sizeof len);
	return len;
}

static void
make_room(struct ring *r, uint64_t need)
{
	while (r->head + need - r->tail > r->size) {
		r->tail += sizeof(uint32_t) + line_len(r, r->tail);
	}
}

static void
run_more(struct mail *m)
{
	struct more_mail *mm = CONTAINER_OF(m, struct more_mail, mail);

	mm->fn();
	free(mm);
}

static void
wake_watcher(struct ring *r)
{
	struct more_mail *m;

	if (r->watcher == NULL)
		return;
	m = xcalloc(1, sizeof *m);
	m->fn = r->on_more;
	mailbox_send(&r->watcher->mailbox, &m->mail, run_more);
	r->watcher = NULL;
}

void
ring_put(struct ring *r, const struct iovec iov[3])
{
	size_t head, text;
	uint32_t len;

	pthread_mutex_lock(&r->lock);
	if (r->mem == NULL)
		r->mem = xmalloc((size_t)r->size);
	head = iov[0].iov_len < r->max_len ? iov[0].iov_len : r->max_len;
	text = iov[1].iov_len < r->max_len - head ? iov[1].iov_len : r->max_len - head;
	len = (uint32_t)(head + text);
	make_room(r, sizeof len + len);
	copy_in(r, &len, sizeof len);
	copy_in(r, iov[0].iov_base, head);
	copy_in(r, iov[1].iov_base, text);
	wake_watcher(r);
	pthread_mutex_unlock(&r->lock);
}

/* ---- reading ---- */

void
ring_read(struct ring *r, uint64_t *cursor, size_t max, struct outbuf *b, uint64_t *ret_lost)
{
	size_t start = b->len;

	pthread_mutex_lock(&r->lock);
	if (*cursor < r->tail) {
		*ret_lost += 1;
		*cursor = r->tail;
	}
	while (*cursor < r->head && b->len - start < max) {
		uint32_t len = line_len(r, *cursor);
		struct out o = outbuf_reserve(b, (size_t)len + 2);

		copy_out(r, *cursor + sizeof len, o.p, len);
		o.p += len;
		if (len == 0)
			out_char(&o, ' ');	/* no empty line in an answer */
		out_char(&o, '\n');
		outbuf_commit(b, &o);
		*cursor += sizeof len + len;
	}
	pthread_mutex_unlock(&r->lock);
}

uint64_t
ring_oldest(struct ring *r)
{
	uint64_t pos;

	pthread_mutex_lock(&r->lock);
	pos = r->tail;
	pthread_mutex_unlock(&r->lock);
	return pos;
}

uint64_t
ring_newest(struct ring *r)
{
	uint64_t pos;

	pthread_mutex_lock(&r->lock);
	pos = r->head;
	pthread_mutex_unlock(&r->lock);
	return pos;
}

void
ring_on_more(struct ring *r, struct loop *l, void (*fn)(void))
{
	pthread_mutex_lock(&r->lock);
	r->watcher = l;
	r->on_more = fn;
	pthread_mutex_unlock(&r->lock);
}

/* ---- the section ---- */

struct conf {
	const char	*name, *description;
	uint64_t	 size, max_len;
	int		 format;
};

static int
open_ring(struct cfg *c, char **args, int nargs)
{
	struct conf *k = arena_alloc(c->arena, sizeof *k);
	char bad;

	*k = (struct conf){ "", NULL, SIZE_DEFAULT, LEN_DEFAULT, LOG_FMT_LOCAL };
	c->object = k;
	if (nargs != 1) {
		diag_error(c->diag, "'ring' expects one name as argument.");
		return 0;
	}
	if ((bad = proxy_name_bad_char(args[0])) != '\0')
		diag_error(c->diag, "character '%c' is not permitted in 'ring' name '%s'.", bad,
		    args[0]);
	k->name = k->description = args[0];
	return 0;
}

/* Another size empties it. */
static void
close_ring(struct cfg *c)
{
	const struct conf *k = c->object;
	struct ring *r;

	if (k->name[0] == '\0')
		return;
	r = ring_named(k->name, strlen(k->name));
	free(r->description);
	r->description = xstrdup(k->description);
	r->format = (uint8_t)k->format;
	r->is_defined = true;
	pthread_mutex_lock(&r->lock);
	r->max_len = (uint32_t)k->max_len;
	if (k->size != r->size) {
		free(r->mem);
		r->mem = NULL;
		r->size = k->size;
		r->tail = r->head;
	}
	pthread_mutex_unlock(&r->lock);
}

static int
parse_size(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct conf *k = c->object;
	uint64_t v;

	(void)nargs;
	if (cfg_size(c, row->name, args[0], &v) != 0)
		return -1;
	if (v < SIZE_MIN || v > 1u << 30) {
		diag_error(c->diag, "'%s' is from 4k to 1g (got %s).", row->name, args[0]);
		return -1;
	}
	k->size = v;
	return 0;
}

static int
parse_maxlen(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct conf *k = c->object;

	(void)nargs;
	/* the smallest ring holds some */
	return cfg_uint(c, row->name, args[0], 80, 2048, &k->max_len);
}

static int
parse_description(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct conf *k = c->object;

	(void)row;
	k->description = args[0];
	for (int i = 1; i < nargs; i++)
		k->description = arena_printf(c->arena, "%s %s", k->description, args[i]);
	return 0;
}

static int
parse_format(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct conf *k = c->object;

	(void)row, (void)nargs;
	if ((k->format = log_format_named(args[0])) >= 0)
		return 0;
	k->format = LOG_FMT_LOCAL;
	diag_error(c->diag, "'format' : unknown log format '%s'", args[0]);
	return -1;
}

static const struct section_row sections[] = {
	{ "ring", IN_RING, open_ring, close_ring, "A buffer in memory for log lines." },
	{ .name = NULL }
};

#define REFUSED(name, why) \
	{ name, IN_RING, KW_REFUSED, 0, 0, KW_F_ANY_ARGS, NULL, 0, "", why }

static const struct kw_row rows[] = {
	{ "size", IN_RING, KW_OBEYED, 1, 1, 0, parse_size, 0, "<size>",
	    "Bytes of a ring; 1m by default." },
	{ "maxlen", IN_RING, KW_OBEYED, 1, 1, 0, parse_maxlen, 0, "<80..2048>",
	    "Bytes of a line in a ring, the rest is cut; 1024 by default." },
	{ "description", IN_RING, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_description, 0, "<text>",
	    "A text for show events." },
	{ "format", IN_RING, KW_OBEYED, 1, 1, 0, parse_format, 0, "<format>",
	    "Format of lines that name none; local by default." },
	REFUSED("backing-file", "a ring lives in memory."),
	REFUSED("server", "a ring is read by show events; it is not sent anywhere."),
	REFUSED("timeout connect", "a ring is not sent anywhere."),
	REFUSED("timeout server", "a ring is not sent anywhere."),
	{ 0 }
};

static int
ring_prepare(void)
{
	(void)ring_named(BUILT_IN, strlen(BUILT_IN));
	return 0;
}

const struct module mod_ring = {
	.name = "ring", .sections = sections, .cfg = rows, .prepare = ring_prepare,
};
