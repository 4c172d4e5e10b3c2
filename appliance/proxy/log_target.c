/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log targets: the `log` rows, the list in force for each proxy, and lines on
 * their way into the thread's ring. A line for several targets is built once, in
 * the ring, and copied for the others.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/log_ring.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/ring.h"

#define LEN_DEFAULT	1024u
#define NAME_MAX_LEN	64u
#define LINE_SLACK	16384u

/* ---- lines ---- */

static bool
takes(const struct log_target *t, enum log_level level)
{
	uint32_t i;

	if (level > t->max_level)
		return false;
	if (t->sample_size == 0)
		return true;
	i = atomic_fetch_add_explicit(t->sample_next, 1, memory_order_relaxed) % t->sample_size;
	return t->sample_bits[i / 64] >> (i % 64) & 1;
}

static struct str
z_clip(const char *z)
{
	size_t n = z != NULL ? strlen(z) : 0;

	return (struct str){ z, n < NAME_MAX_LEN ? n : NAME_MAX_LEN };
}

/* The fixed part of a record; returns where its text starts. */
static char *
fill_head(char *at, const struct log_target *t, const struct log_line *l)
{
	struct log_rec *rec = (struct log_rec *)(void *)at;
	struct str tag = z_clip(t->tag), host = z_clip(t->host);
	char *p = (char *)(rec + 1);

	*rec = (struct log_rec){ .sock = t->sock, .wall_us = l->wall_us, .max_len = t->max_len,
		.level = l->level < t->min_level ? t->min_level : (uint8_t)l->level,
		.facility = t->facility, .format = t->format, .tag_len = (uint8_t)tag.len,
		.host_len = (uint8_t)host.len };
	if (tag.len > 0)
		memcpy(p, tag.p, tag.len);
	if (host.len > 0)
		memcpy(p + tag.len, host.p, host.len);
	return p + tag.len + host.len;
}

/* Room for a line: more than what is sent, for a part that does not fit as a
 * whole would not be written at all; the log thread cuts at the byte. */
static uint32_t
most_text(const struct log_ring *r, const struct log_target *t)
{
	uint32_t max = 0;

	for (; t != NULL; t = t->next)
		max = t->max_len > max ? t->max_len : max;
	max += LINE_SLACK;
	return max < r->size / 4 ? max : r->size / 4;
}

#define REC_HEAD	((uint32_t)sizeof(struct log_rec) + 2 * NAME_MAX_LEN)

bool
log_line_begin(struct log_line *l, const struct log_target *targets, enum log_level level)
{
	struct log_ring *r = log_ring_self();
	uint32_t room;
	char *at;

	while (targets != NULL && !takes(targets, level))
		targets = targets->next;
	if (targets == NULL)
		return false;
	room = most_text(r, targets);
	if ((at = log_ring_reserve(r, (REC_HEAD + room + 15) & ~15u)) == NULL)
		return false;
	*l = (struct log_line){ .o = &r->out, .targets = targets, .level = level,
		.wall_us = clock_wall_of(clock_now_us) };
	out_init(&r->out, fill_head(at, targets, l), room);
	return true;
}

/* A header is a priority, a date of 32 at most, tag, host and a process id. */
size_t
log_line_room(const struct log_target *t)
{
	size_t room = SIZE_MAX;

	for (; t != NULL; t = t->next) {
		size_t head = t->format == LOG_FMT_RAW ? 1 : 64 + z_clip(t->tag).len +
		    z_clip(t->host).len;
		size_t left = t->max_len > head ? t->max_len - head : 0;

		room = left < room ? left : room;
	}
	return room;
}

static void
commit(struct log_ring *r, char *at, const char *text, uint32_t len)
{
	struct log_rec *rec = (struct log_rec *)(void *)at;

	rec->text_len = len;
	rec->size = (uint32_t)(text - at) + len;
	log_ring_commit(r, rec->size);
}

/* Another record with the same text, which is that of an older record: only this
 * thread writes to the ring, and never so far ahead that it meets it. */
static struct str
copy_to(struct log_ring *r, const struct log_target *t, const struct log_line *l,
    struct str text)
{
	char *at = log_ring_reserve(r, (REC_HEAD + (uint32_t)text.len + 15) & ~15u), *p;

	if (at == NULL)
		return text;
	p = fill_head(at, t, l);
	memcpy(p, text.p, text.len);
	commit(r, at, p, (uint32_t)text.len);
	return (struct str){ p, text.len };
}

void
log_line_end(struct log_line *l)
{
	struct log_ring *r = log_ring_self();
	struct str text = { r->out.start, out_len(&r->out) };

	commit(r, r->mem + ((uint32_t)r->begin & (r->size - 1)), text.p, (uint32_t)text.len);
	for (const struct log_target *t = l->targets->next; t != NULL; t = t->next)
		if (takes(t, l->level))
			text = copy_to(r, t, l, text);
}

void
log_event(const struct proxy *px, enum log_level level, const char *fmt, ...)
{
	const struct snapshot *snap = snapshot_current();
	const struct log_target *to = px != NULL ? px->log_to :
	    snap != NULL && snap->global != NULL ? snap->global->log_targets : NULL;
	struct log_line l;
	char text[1024];
	va_list ap;
	int n;

	if (to == NULL)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || !log_line_begin(&l, to, level))
		return;
	out_mem(l.o, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	log_line_end(&l);
}

/* ---- rows ---- */

static const char *const facilities[] = {
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
	"auth2", "ftp", "ntp", "audit", "alert", "cron2",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"
};
static const char *const levels[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"
};
static const char *const formats[] = {
	[LOG_FMT_RFC3164] = "rfc3164", [LOG_FMT_LOCAL] = "local", [LOG_FMT_RFC5424] = "rfc5424",
	[LOG_FMT_ISO] = "iso", [LOG_FMT_TIMED] = "timed", [LOG_FMT_SHORT] = "short",
	[LOG_FMT_PRIORITY] = "priority", [LOG_FMT_RAW] = "raw"
};

static int
index_of(const char *const *names, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], word) == 0)
			return (int)i;
	return -1;
}

int
log_format_named(const char *name)
{
	return index_of(formats, ARRAY_LEN(formats), name);
}

static struct log_sock *
fd_sock(struct cfg *c, const char *word)
{
	uint64_t fd = strcmp(word, "stdout") == 0 ? 1 : 2;

	if (strncmp(word, "fd@", 3) == 0 &&
	    (!str_to_u64(str_of(word + 3), &fd) || fd > INT32_MAX)) {
		diag_error(c->diag, "log : '%s' is not a file descriptor", word);
		return NULL;
	}
	return log_sock_of(word, LOG_SOCK_FD, NULL, (int)fd);
}

static struct log_sock *
open_target(struct cfg *c, const char *word)
{
	bool is_tcp = strncmp(word, "tcp@", 4) == 0 || strncmp(word, "tcp4@", 5) == 0 ||
	    strncmp(word, "tcp6@", 5) == 0;
	struct addr a;
	char err[256];

	if (strcmp(word, "stdout") == 0 || strcmp(word, "stderr") == 0 ||
	    strncmp(word, "fd@", 3) == 0)
		return fd_sock(c, word);
	if (strncmp(word, "ring@", 5) == 0)
		return log_sock_of(word, LOG_SOCK_RING, NULL, -1);
	if (strncmp(word, "backend@", 8) == 0) {
		diag_error(c->diag, "log : targets of kind 'backend@' are not supported yet");
		return NULL;
	}
	if (addr_parse(word, ADDR_RESOLVE | ADDR_DEFAULT_PORT_OK, &a, err, sizeof(err)) < 0) {
		diag_error(c->diag, "log : %s", err);
		return NULL;
	}
	if ((a.kind == ADDR_INET || a.kind == ADDR_INET6) && addr_port(&a) == 0)
		addr_set_port(&a, 514);
	if (is_tcp)
		return log_sock_of(word, LOG_SOCK_TCP, &a, -1);
	return log_sock_of(word, a.kind == ADDR_UNIX || a.kind == ADDR_ABNS ? LOG_SOCK_UNIX :
	    LOG_SOCK_UDP, &a, -1);
}

/* `sample 1,3-4:5` */
static int
parse_sample(struct cfg *c, struct log_target *t, const char *word)
{
	const char *colon = strchr(word, ':');
	struct str ranges = { word, colon != NULL ? (size_t)(colon - word) : 0 }, part, lo_s;
	uint64_t size, lo, hi;
	const char *dash;

	if (colon == NULL || !str_to_u64(str_of(colon + 1), &size) || size < 1 || size > 256)
		goto bad;
	while (str_next_elem(&ranges, ',', &part)) {
		dash = memchr(part.p, '-', part.len);
		lo_s = (struct str){ part.p, dash != NULL ? (size_t)(dash - part.p) : part.len };
		if (!str_to_u64(lo_s, &lo))
			goto bad;
		hi = lo;
		if (dash != NULL && !str_to_u64((struct str){ dash + 1,
		    part.len - lo_s.len - 1 }, &hi))
			goto bad;
		if (lo < 1 || hi < lo || hi > size)
			goto bad;
		for (; lo <= hi; lo++)
			t->sample_bits[(lo - 1) / 64] |= 1ull << ((lo - 1) % 64);
	}
	t->sample_size = (uint32_t)size;
	t->sample_next = arena_alloc(c->arena, sizeof(*t->sample_next));
	return 0;
bad:
	diag_error(c->diag, "log : 'sample' expects <ranges>:<size> with a size of 1 to 256, but "
	    "got '%s'", word);
	return -1;
}

/* Options between target and facility; words taken, or -1. */
static int
parse_options(struct cfg *c, struct log_target *t, char **args, int nargs)
{
	uint64_t v;
	int i = 0, f;

	for (; i + 1 < nargs; i += 2) {
		if (strcmp(args[i], "len") == 0) {
			if (cfg_uint(c, "len", args[i + 1], 80, 65535, &v) < 0)
				return -1;
			t->max_len = (uint32_t)v;
		} else if (strcmp(args[i], "format") == 0) {
			if ((f = index_of(formats, ARRAY_LEN(formats), args[i + 1])) < 0) {
				diag_error(c->diag, "log : unknown log format '%s'", args[i + 1]);
				return -1;
			}
			t->format = (uint8_t)f;
			t->has_format = true;
		} else if (strcmp(args[i], "sample") == 0) {
			if (parse_sample(c, t, args[i + 1]) < 0)
				return -1;
		} else {
			break;
		}
	}
	return i;
}

static int
parse_levels(struct cfg *c, struct log_target *t, char **args, int nargs)
{
	int f = index_of(facilities, ARRAY_LEN(facilities), args[0]), l;

	t->max_level = LOG_L_DEBUG;
	if (f < 0) {
		diag_error(c->diag, "log : unknown log facility '%s'", args[0]);
		return -1;
	}
	t->facility = (uint8_t)f;
	for (int i = 1; i < nargs; i++) {
		if ((l = index_of(levels, ARRAY_LEN(levels), args[i])) < 0 || i > 2) {
			diag_error(c->diag, "log : unknown optional log level '%s'", args[i]);
			return -1;
		}
		*(i == 1 ? &t->max_level : &t->min_level) = (uint8_t)l;
	}
	return 0;
}

static struct log_target *
parse_target(struct cfg *c, char **args, int nargs)
{
	struct log_target *t = arena_alloc(c->arena, sizeof(*t));
	int n;

	t->max_len = LEN_DEFAULT;
	t->file = c->diag->file;
	t->line = c->diag->line;
	if ((n = parse_options(c, t, args + 1, nargs - 1)) < 0)
		return NULL;
	if (n + 1 >= nargs) {
		diag_error(c->diag, "log : expects <address> and <facility> or global as "
		    "arguments");
		return NULL;
	}
	if (parse_levels(c, t, args + 1 + n, nargs - 1 - n) < 0 ||
	    (t->sock = open_target(c, args[0])) == NULL)
		return NULL;
	return t;
}

static int
parse_log(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	bool in_global = c->section->in == IN_GLOBAL;
	struct log_target **list = in_global ? &global_of(c)->log_targets :
	    &proxy_of(c)->set.log_targets, *t;

	(void)row;
	if (c->is_no || c->is_default) {
		*list = NULL;
		if (!in_global)
			proxy_of(c)->set.log_global = false;
		return 0;
	}
	if (nargs == 1 && !in_global && strcmp(args[0], "global") == 0) {
		proxy_of(c)->set.log_global = true;
		return 0;
	}
	if (nargs < 2) {
		diag_error(c->diag, "log : expects <address> and <facility> or global as "
		    "arguments");
		return -1;
	}
	if ((t = parse_target(c, args, nargs)) == NULL)
		return -1;
	t->next = *list;	/* the rest may be shared with a defaults section */
	*list = t;
	return 0;
}

/* ---- what is in force ---- */

static const char *
host_name(struct cfg *c)
{
	const char *name = global_of(c)->log_send_hostname;
	char z[256];

	if (name == NULL || name[0] != '\0')
		return name;
	if (gethostname(z, sizeof(z)) < 0)
		return NULL;
	z[sizeof(z) - 1] = '\0';
	return arena_strdup(c->arena, z);
}

/* Copies with tag and host; the list was built back to front. */
static void
add_copies(struct cfg *c, struct log_target **list, const struct log_target *from,
    const char *tag, const char *host)
{
	for (; from != NULL; from = from->next) {
		struct log_target *t = arena_alloc(c->arena, sizeof(*t));

		*t = *from;
		t->tag = tag;
		t->host = host;
		if (t->sock->kind == LOG_SOCK_RING && !t->has_format)
			t->format = ring_format(t->sock->ring);
		if (t->sock->kind == LOG_SOCK_RING && !ring_is_defined(t->sock->ring)) {
			diag_at(c->diag, t->file, t->line);
			diag_error(c->diag, "log : unknown ring '%s'.", ring_name(t->sock->ring));
		}
		t->next = *list;
		*list = t;
	}
}

int
log_target_post(struct cfg *c)
{
	struct global *g = global_of(c);
	const char *host = host_name(c), *tag;
	struct log_target *all;

	if (g->log_tag == NULL)
		g->log_tag = arena_strdup(c->arena, program_invocation_short_name);
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next) {
		tag = px->set.log_tag != NULL ? px->set.log_tag : g->log_tag;
		px->log_to = NULL;
		add_copies(c, &px->log_to, px->set.log_targets, tag, host);
		if (px->set.log_global)
			add_copies(c, &px->log_to, g->log_targets, tag, host);
		if (px->set.log_format != NULL && px->log_to == NULL && (px->cap & CAP_FRONTEND))
			diag_warn(c->diag, "log format ignored for %s '%s' since it has no log "
			    "address.", proxy_type_name(px), px->name);
	}
	all = g->log_targets;
	g->log_targets = NULL;
	add_copies(c, &g->log_targets, all, g->log_tag, host);
	return 0;
}

static const struct kw_row rows[] = {
	{ "log", IN_GLOBAL | IN_PROXY, KW_OBEYED, 0, 16, KW_F_NO | KW_F_ADDRESS, parse_log, 0,
	    "global | <target> [len <n>] [format <format>] [sample <ranges>:<size>] <facility> "
	    "[<max level> [<min level>]]", "Where log lines go." },
	{ .name = NULL }
};

static const struct post_row post[] = {
	{ "log targets", log_target_post },
	{ NULL, NULL }
};

const struct module mod_log_target = {
	.name = "log_target",
	.cfg = rows,
	.post = post,
};
