/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show snapshot: the rows of show stat with percentiles and those of objects
 * (snapshot_rows.h), and only those that changed since the generation (tick) that
 * the client has seen.
 *
 * A row's text is hashed whenever somebody looks; a hash that differs marks the
 * row with the generation of now. If an answer of this generation has already
 * shown the old text, the mark is the next generation, so that client is not left
 * with it. Ages, which grow by themselves, are not in the hash.
 *
 * Thread: control.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/cli.h"
#include "api/info.h"
#include "api/snapshot_rows.h"
#include "api/stat.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/group.h"
#include "ctl/metric_feed.h"
#include "ctl/tick.h"
#include "event/sched.h"
#include "proxy/proxy.h"

#define BUCKETS		1024u
#define OLDEST_TICKS	600u

#define SEND_STAT	0x1u
#define SEND_INFO	0x2u
#define SEND_OBJECTS	0x4u	/* the first kind's; the others follow */
#define KIND_OBJECTS	16u	/* the same behind enum stat_kind */

/* What was last seen of a row. */
struct known {
	struct known	*next;
	char		*proxy, *name;	/* owned */
	uint8_t		 kind;		/* enum stat_kind, or KIND_OBJECTS and further */
	bool		 is_gone;
	uint64_t	 hash, changed_gen, seen_gen, walk;
};

static struct {
	struct known	*buckets[BUCKETS];
	uint64_t	 walks, gen;
	unsigned	 walks_of_gen;	/* begun at generation gen */
} all;

enum place {
	AT_HEAD, AT_INFO, AT_FRONTEND, AT_LISTENERS, AT_SERVERS, AT_BACKEND, AT_OBJECTS, AT_GONE,
	AT_END
};

struct walk {
	uint64_t	 gen, since, number;
	unsigned	 send, nrows, bucket;
	bool		 is_full, head_done;
	enum place	 place;
	const struct proxy *px;
	const struct bind_conf *bind;
	const struct server *srv;
	struct stat_row	 row;
	struct outbuf	 line;
	unsigned	 object_kind;	/* of AT_OBJECTS */
	bool		 has_names;
	struct outbuf	 names;		/* of its objects, each with its NUL */
	size_t		 at;		/* the next one */
};

static void
walk_free(void *state)
{
	struct walk *w = state;

	outbuf_fini(&w->line);
	outbuf_fini(&w->names);
	free(w);
}

/* ---- what is known ---- */

static struct known **
bucket_of(unsigned kind, const char *proxy, const char *name)
{
	uint64_t h = str_hash(str_of(proxy)) * 31 + str_hash(str_of(name)) + kind;

	return &all.buckets[h % BUCKETS];
}

static struct known *
known_of(unsigned kind, const char *proxy, const char *name)
{
	struct known **at = bucket_of(kind, proxy, name), *k;

	for (k = *at; k != NULL; k = k->next)
		if (k->kind == kind && strcmp(k->proxy, proxy) == 0 && strcmp(k->name, name) == 0)
			return k;
	k = xcalloc(1, sizeof *k);
	k->kind = (uint8_t)kind;
	k->proxy = xstrdup(proxy);
	k->name = xstrdup(name);
	k->next = *at;
	return *at = k;
}

/* A check takes a millisecond more or less each time: only another power of two,
 * above 16 ms, is news. */
static uint64_t
duration_class(uint64_t ms)
{
	return (uint64_t)__builtin_clzll(ms | 15);
}

static uint64_t
value_hash(const struct stat_value *v, unsigned col)
{
	const char *s = v->type == STAT_str ? v->v.str : NULL;

	if (v->type == STAT_EMPTY || stat_defs[col].tags[1] == 'A')
		return 0;
	if (col == ST_check_duration || col == ST_agent_duration)
		return duration_class(v->v.u) + 1;
	if (s == NULL)
		return v->v.u * 0x9e3779b97f4a7c15u + 1;
	if (strncmp(s, "* ", 2) == 0)	/* a check is running */
		s += 2;
	return str_hash(str_of(s));
}

static uint64_t
row_hash(const struct stat_row *r, const uint32_t *quantiles)
{
	uint64_t h = 0;

	for (unsigned i = 0; i < ST_MAX; i++)
		h = (h ^ value_hash(&r->v[i], i)) * 0x100000001b3u + i;
	for (unsigned i = 0; i < 3; i++)
		h = (h ^ quantiles[i]) * 0x100000001b3u;
	return h;
}

/* The mark of a row that is new: behind all answers that were begun without it. */
static uint64_t
new_gen(const struct walk *w)
{
	return all.gen == w->gen && all.walks_of_gen == 1 ? w->gen : all.gen + 1;
}

/* True when the row is news to who has seen generation `since`. */
static bool
note_row(struct walk *w, struct known *k, uint64_t hash)
{
	if (k->changed_gen == 0 || k->is_gone)
		k->changed_gen = new_gen(w);
	else if (k->hash != hash)
		k->changed_gen = k->seen_gen == w->gen ? w->gen + 1 : w->gen;
	k->hash = hash;
	k->seen_gen = w->gen;
	if (k->walk < w->number)	/* answers may be made side by side */
		k->walk = w->number;
	k->is_gone = false;
	return w->is_full || k->changed_gen > w->since;
}

/* ---- rows ---- */

static void
put_stat_head(struct outbuf *b)
{
	outbuf_z(b, "#stat,");
	for (unsigned i = 0; i < ST_MAX; i++)
		outbuf_fmt(b, "%s,", stat_defs[i].name);
	outbuf_z(b, "-,p50_us,p90_us,p99_us,slo_us,slo_percentile,\n");
}

static void
put_row(struct cli *c, struct walk *w, enum metric_side side)
{
	const char *proxy = w->px->name;
	const char *name = w->row.v[ST_svname].v.str;
	uint32_t q[3] = { 0, 0, 0 };
	bool has_q = metric_feed_quantiles(side, proxy, name, q);
	uint64_t slo_us = w->row.kind == STAT_BACKEND ? w->px->slo_us : 0;

	if (!note_row(w, known_of(w->row.kind, proxy, name), row_hash(&w->row, q) + slo_us))
		return;
	if (c->level < CLI_OPERATOR)
		w->row.v[ST_addr].type = w->row.v[ST_cookie].type = w->row.v[ST_algo].type =
		    STAT_EMPTY;
	if (!w->head_done)
		put_stat_head(&c->out);
	w->head_done = true;
	outbuf_z(&c->out, "stat,");
	stat_put_csv(&c->out, &w->row);
	for (unsigned i = 0; i < 3; i++)
		outbuf_fmt(&c->out, has_q ? "%u," : ",", q[i]);
	if (slo_us > 0)
		outbuf_fmt(&c->out, "%" PRIu64 ",%g,\n", slo_us, w->px->slo_percentile);
	else
		outbuf_z(&c->out, ",,\n");
	w->nrows++;
}

static void
next_proxy(struct walk *w)
{
	w->px = w->px->next;
	if (w->px != NULL) {
		w->place = AT_FRONTEND;
		return;
	}
	w->place = AT_OBJECTS;
	w->head_done = false;
}

static void
do_frontend(struct cli *c, struct walk *w)
{
	if (w->px->cap & CAP_FRONTEND) {
		stat_frontend(&w->row, w->px, STAT_F_NAMES);
		put_row(c, w, SIDE_FRONTEND);
	}
	w->bind = stat_listeners(w->px);
	w->place = AT_LISTENERS;
}

static void
do_listener(struct cli *c, struct walk *w)
{
	if (w->bind == NULL) {
		w->srv = w->px->server_list;
		w->place = AT_SERVERS;
		return;
	}
	stat_listener(&w->row, w->bind, STAT_F_NAMES);
	put_row(c, w, SIDE_LISTENER);
	w->bind = w->bind->next;
}

static void
do_server(struct cli *c, struct walk *w)
{
	if (w->srv == NULL) {
		w->place = AT_BACKEND;
		return;
	}
	stat_server(&w->row, w->srv, STAT_F_NAMES);
	put_row(c, w, SIDE_SERVER);
	w->srv = w->srv->next;
}

static void
do_backend(struct cli *c, struct walk *w)
{
	if (w->px->cap & CAP_BACKEND) {
		stat_backend(&w->row, w->px, STAT_F_NAMES);
		put_row(c, w, SIDE_BACKEND);
	}
	next_proxy(w);
}

/* ---- objects ---- */

static bool
is_sent(const struct walk *w, unsigned kind)
{
	return kind < KIND_OBJECTS ? (w->send & SEND_STAT) != 0 :
	    (w->send & SEND_OBJECTS << (kind - KIND_OBJECTS)) != 0;
}

static void
add_name(const char *name, void *arg)
{
	struct walk *w = arg;

	outbuf_mem(&w->names, name, strlen(name) + 1);
}

/* The next object of the kind under work; NULL: it has no more. */
static const char *
next_object(struct walk *w, const struct snapshot_rows *kind)
{
	const char *name = w->names.data + w->at;

	if (!w->has_names) {
		kind->each(add_name, w);
		w->has_names = true;
		name = w->names.data;
	}
	if (w->at == w->names.len) {
		w->object_kind++;
		w->head_done = w->has_names = false;
		w->at = 0;
		outbuf_clear(&w->names);
		return NULL;
	}
	w->at += strlen(name) + 1;
	return name;
}

static void
put_object(struct cli *c, struct walk *w, const struct snapshot_rows *kind)
{
	if (!w->head_done) {
		outbuf_fmt(&c->out, "#%s,", kind->kind);
		kind->head(&c->out);
		outbuf_z(&c->out, "\n");
	}
	w->head_done = true;
	outbuf_fmt(&c->out, "%s,", kind->kind);
	outbuf_mem(&c->out, w->line.data, w->line.len);
	outbuf_z(&c->out, "\n");
	w->nrows++;
}

/* One object. */
static void
do_object(struct cli *c, struct walk *w)
{
	const struct snapshot_rows *kind = snapshot_rows_at(w->object_kind);
	unsigned id = KIND_OBJECTS + w->object_kind;
	const char *name;

	if (kind == NULL) {
		w->place = AT_GONE;
		return;
	}
	if (!is_sent(w, id)) {
		w->object_kind++;
		return;
	}
	outbuf_clear(&w->line);
	if ((name = next_object(w, kind)) != NULL && kind->put(&w->line, name) &&
	    note_row(w, known_of(id, "", name), snapshot_rows_hash(kind, w->line.data)))
		put_object(c, w, kind);
}

static void
put_gone(struct cli *c, const struct known *k)
{
	if (k->kind < KIND_OBJECTS)
		outbuf_fmt(&c->out, "-stat,%s,%s\n", k->proxy, k->name);
	else
		outbuf_fmt(&c->out, "-%s,%s\n", snapshot_rows_at(k->kind - KIND_OBJECTS)->kind,
		    k->name);
}

/* One bucket: what this walk has not met is gone; old ones are forgotten. */
static void
do_gone(struct cli *c, struct walk *w)
{
	struct known **at = &all.buckets[w->bucket], *k;

	while ((k = *at) != NULL) {
		if (!is_sent(w, k->kind)) {
			at = &k->next;
			continue;
		}
		if (k->walk < w->number && !k->is_gone) {
			k->is_gone = true;
			k->changed_gen = k->seen_gen == w->gen ? w->gen + 1 : w->gen;
		}
		if (k->is_gone && !w->is_full && k->changed_gen > w->since) {
			put_gone(c, k);
			w->nrows++;
		}
		if (k->is_gone && k->changed_gen + OLDEST_TICKS < w->gen) {
			*at = k->next;
			free(k->proxy);
			free(k->name);
			free(k);
		} else
			at = &k->next;
	}
	if (++w->bucket == BUCKETS)
		w->place = AT_END;
}

static enum place
after_info(const struct walk *w)
{
	return w->px != NULL && (w->send & SEND_STAT) ? AT_FRONTEND : AT_OBJECTS;
}

/* The process: one row, always, for its uptime moves. */
static void
do_info(struct cli *c, struct walk *w)
{
	info_put_csv(&c->out, "info,");
	w->nrows++;
	w->place = after_info(w);
}

static void
do_head(struct cli *c, struct walk *w)
{
	uint64_t now = clock_wall_us();
	const char *why;

	outbuf_fmt(&c->out,
	    "#snapshot v=1 gen=%llu since=%llu full=%d pid=%d now=%llu.%03llu%s%s\n",
	    (unsigned long long)w->gen, (unsigned long long)w->since, w->is_full, (int)getpid(),
	    (unsigned long long)(now / 1000000), (unsigned long long)(now / 1000 % 1000),
	    scaling_is_paused(&why) ? " paused=1" : "", sched_is_test() ? " clock=test" : "");
	w->place = w->send & SEND_INFO ? AT_INFO : after_info(w);
}

static bool
snapshot_more(struct cli *c)
{
	struct walk *w = c->state;

	switch (w->place) {
	case AT_HEAD:
		do_head(c, w);
		break;
	case AT_INFO:
		do_info(c, w);
		break;
	case AT_FRONTEND:
		do_frontend(c, w);
		break;
	case AT_LISTENERS:
		do_listener(c, w);
		break;
	case AT_SERVERS:
		do_server(c, w);
		break;
	case AT_BACKEND:
		do_backend(c, w);
		break;
	case AT_OBJECTS:
		do_object(c, w);
		break;
	case AT_GONE:
		do_gone(c, w);
		break;
	case AT_END:
		outbuf_fmt(&c->out, "#end rows=%u\n", w->nrows);
		return true;
	}
	return false;
}

/* ---- the command ---- */

/* The bit of a kind of rows; 0: there is none. */
static unsigned
send_bit(struct str kind)
{
	const struct snapshot_rows *r;

	if (str_is(kind, "stat"))
		return SEND_STAT;
	if (str_is(kind, "info"))
		return SEND_INFO;
	for (unsigned i = 0; (r = snapshot_rows_at(i)) != NULL; i++)
		if (str_is(kind, r->kind))
			return SEND_OBJECTS << i;
	return 0;
}

static void
no_such_kind(struct cli *c, struct str kind)
{
	const struct snapshot_rows *r;
	struct outbuf list;

	outbuf_init(&list, 0);
	outbuf_z(&list, "stat, info");
	for (unsigned i = 0; (r = snapshot_rows_at(i)) != NULL; i++)
		outbuf_fmt(&list, ", %s", r->kind);
	cli_err(c, "There are no '" STR_FMT "' rows: 'only' takes %s.", STR_ARG(kind), list.data);
	outbuf_fini(&list);
}

static bool
read_only(struct cli *c, struct walk *w, const char *list)
{
	struct str rest = str_of(list), kind;

	w->send = 0;
	while (str_next_elem(&rest, ',', &kind)) {
		unsigned bit = send_bit(kind);

		if (bit == 0) {
			no_such_kind(c, kind);
			return false;
		}
		w->send |= bit;
	}
	return true;
}

static bool
read_words(struct cli *c, struct walk *w)
{
	for (int i = 0; i < c->nargs; i += 2) {
		if (strcmp(c->args[i], "since") == 0) {
			if (!str_to_u64(str_of(cli_arg(c, i + 1)), &w->since)) {
				cli_err(c, "'since' expects a generation.");
				return false;
			}
		} else if (strcmp(c->args[i], "only") == 0) {
			if (!read_only(c, w, cli_arg(c, i + 1)))
				return false;
		} else {
			cli_err(c, "Unknown word '%s': 'since' and 'only' are known.", c->args[i]);
			return false;
		}
	}
	return true;
}

static void
show_snapshot(struct cli *c)
{
	struct walk *w = xcalloc(1, sizeof *w);

	w->gen = tick.generation;
	w->send = ~SEND_INFO;
	outbuf_init(&w->line, 0);
	outbuf_init(&w->names, 0);
	if (!read_words(c, w)) {
		walk_free(w);
		return;
	}
	w->is_full = w->since < tick.first_generation || w->since > w->gen ||
	    w->since + OLDEST_TICKS < w->gen;
	w->number = ++all.walks;
	all.walks_of_gen = all.gen == w->gen ? all.walks_of_gen + 1 : 1;
	all.gen = w->gen;
	w->px = cli_hold(c)->proxies;
	cli_more(c, snapshot_more, w, walk_free);
}

static void
snapshot_stop(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		while (all.buckets[i] != NULL) {
			struct known *k = all.buckets[i];

			all.buckets[i] = k->next;
			free(k->proxy);
			free(k->name);
			free(k);
		}
}

static const struct cli_row rows[] = {
	{ "show snapshot", CLI_USER, 0, show_snapshot, "[since <gen>] [only stat,info]",
	  "report what changed since a generation" },
	{ 0 }
};

const struct module mod_cli_snapshot = {
	.name = "cli_snapshot", .cli = rows, .stop = snapshot_stop,
};
