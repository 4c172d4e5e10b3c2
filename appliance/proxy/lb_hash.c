/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balancing by a hash: source, uri, url_param, hdr, hash. The key becomes 32
 * bits by the function of hash-type; map-based gives them to the wheel (so all
 * keys move when a server comes or goes), consistent to the ring. Without a key
 * the backend's round robin chooses.
 *
 * The server of a key is returned even when it is full: its own queue is used.
 * hash-preserve-affinity and hash-balance-factor let the search go on; so do an
 * ejected server and the one to avoid. On the ring that is the next server; the
 * map is asked again with the key mixed once more.
 *
 * Thread: data; parsing: the thread that loads.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "proxy/lb.h"
#include "proxy/lb_in.h"
#include "proxy/live.h"
#include "proxy/passive.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/session.h"
#include "proxy/txn.h"

#define MAP_TRIES	8

enum preserve { PRESERVE_ALWAYS, PRESERVE_MAXCONN, PRESERVE_MAXQUEUE };

struct hash_state {
	struct lb_wheel	 wheel;		/* the map, and round robin */
	struct lb_ring	 ring;		/* consistent only */
};

/* ---- functions ---- */

static uint32_t
rotl(uint32_t v, unsigned n)
{
	return v << (n & 31) | v >> (-n & 31);
}

static uint32_t
hash_wt6(struct str key)
{
	uint32_t a = 0xa53c965au, b = 0x5ca6953au, mixed;
	unsigned step_a = 6, step_b = 18;

	for (size_t i = 0; i < key.len; i++) {
		uint8_t c = (uint8_t)key.p[i];
		uint32_t a_next = rotl(~(b + c), step_a);

		b = rotl(~(a ^ c), step_b);
		a = a_next;
		mixed = (a >> 16 ^ b) & 0xffff;
		step_a = mixed & 31;
		step_b = mixed >> 11;
	}
	return a ^ b;
}

static uint32_t
hash_crc32(struct str key)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < key.len; i++) {
		crc ^= (uint8_t)key.p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static uint32_t
hash_sdbm(struct str key)
{
	uint32_t h = 0;

	for (size_t i = 0; i < key.len; i++)
		h = (uint8_t)key.p[i] + h * 65599u;
	return h;
}

static uint32_t
hash_djb2(struct str key)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < key.len; i++)
		h = h * 33u + (uint8_t)key.p[i];
	return h;
}

/* The decimal number at the key's begin. */
static uint32_t
hash_none(struct str key)
{
	uint32_t h = 0;

	for (size_t i = 0; i < key.len && key.p[i] >= '0' && key.p[i] <= '9'; i++)
		h = h * 10 + (uint32_t)(key.p[i] - '0');
	return h;
}

uint32_t
lb_hash(uint8_t function, struct str key)
{
	switch ((enum lb_hash_fn)function) {
	case LB_HASH_DJB2: return hash_djb2(key);
	case LB_HASH_WT6: return hash_wt6(key);
	case LB_HASH_CRC32: return hash_crc32(key);
	case LB_HASH_NONE: return hash_none(key);
	case LB_HASH_SDBM: break;
	}
	return hash_sdbm(key);
}

/* ---- state ---- */

static void *
hash_build(struct proxy *px, unsigned thread)
{
	struct hash_state *st = xcalloc(1, sizeof(*st));

	(void)thread;
	lb_wheel_init(&st->wheel, px, !px->set.lb.hash.consistent);
	if (px->set.lb.hash.consistent) {
		lb_ring_init(&st->ring, px);
		(void)lb_ring_update(&st->ring, px, &st->wheel.set);
	}
	return st;
}

static void
hash_free(void *state)
{
	struct hash_state *st = state;

	lb_wheel_fini(&st->wheel);
	lb_ring_fini(&st->ring);
	free(st);
}

static bool
hash_refresh(struct proxy *px, unsigned thread, void *state)
{
	struct hash_state *st = state;

	(void)thread;
	if (!px->set.lb.hash.consistent)
		return false;
	lb_wheel_fini(&st->wheel);
	lb_wheel_init(&st->wheel, px, false);
	return lb_ring_update(&st->ring, px, &st->wheel.set);
}

/* ---- the search ---- */

struct hash_search {
	const struct hash_conf *conf;
	struct lb_search s;
	struct server	*last_full;	/* to queue at when all are full */
	uint64_t	 load_percent;	/* all load x factor; 0 = no bound */
	uint64_t	 total_weight;
};

/* Bounded loads: its share of (all + this one) x factor, at least one. */
static bool
is_over_share(const struct hash_search *h, const struct server *srv)
{
	uint64_t weight = atomic_load_explicit(&srv->live->eweight, memory_order_relaxed);
	uint64_t share;

	if (h->load_percent == 0)
		return false;
	share = (h->load_percent * weight + h->total_weight * 100 - 1) / (h->total_weight * 100);
	return gauge_get(&srv->live->inflight) >= (share > 0 ? share : 1);
}

static bool
is_saturated(const struct hash_search *h, const struct server *srv)
{
	if (h->conf->preserve == PRESERVE_ALWAYS || server_has_slot(srv))
		return false;
	return h->conf->preserve == PRESERVE_MAXCONN || (srv->maxqueue != 0 &&
	    atomic_load_explicit(&srv->live->queue.len, memory_order_relaxed) >= srv->maxqueue);
}

static bool
hash_fits(struct hash_search *h, struct server *srv)
{
	if (srv == h->s.avoid || passive_is_ejected(srv)) {
		if (h->s.second == NULL || h->s.second == h->s.avoid)
			h->s.second = srv;
		return false;
	}
	if (is_saturated(h, srv) || is_over_share(h, srv)) {
		h->last_full = srv;
		return false;
	}
	return true;
}

static struct server *
ring_search(struct proxy *px, struct hash_state *st, uint32_t hash, struct hash_search *h)
{
	struct lb_walk w;
	uint32_t i;

	h->total_weight = st->wheel.set.total;
	if (h->conf->balance_factor != 0)
		h->load_percent = (gauge_get(&px->live->be_served) + 1ull) *
		    h->conf->balance_factor;
	lb_ring_start(&st->ring, hash, &w);
	while ((i = lb_ring_next(&st->ring, &w)) != UINT32_MAX)
		if (hash_fits(h, px->servers[i]))
			return px->servers[i];
	return h->last_full != NULL ? h->last_full : h->s.second;
}

static struct server *
map_search(const struct hash_state *st, uint32_t hash, struct hash_search *h)
{
	for (int n = 0; n < MAP_TRIES; n++) {
		struct server *srv = st->wheel.set.items[lb_wheel_at(&st->wheel, hash)].srv;

		if (hash_fits(h, srv))
			return srv;
		hash = lb_mix(hash + 1);
	}
	for (uint32_t i = 0; i < st->wheel.set.n; i++)
		if (hash_fits(h, st->wheel.set.items[i].srv))
			return st->wheel.set.items[i].srv;
	return h->last_full != NULL ? h->last_full : h->s.second;
}

static struct server *
search(struct proxy *px, struct hash_state *st, uint32_t hash, const struct server *avoid)
{
	struct hash_search h = { .conf = &px->set.lb.hash, .s = { .avoid = avoid } };

	if (st->wheel.set.n == 0)
		return NULL;
	if (px->set.lb.hash.avalanche)
		hash = lb_mix(hash);
	return px->set.lb.hash.consistent ? ring_search(px, st, hash, &h) :
	    map_search(st, hash, &h);
}

static struct server *
search_key(struct proxy *px, struct hash_state *st, struct str key,
    const struct server *avoid)
{
	return search(px, st, lb_hash(px->set.lb.hash.function, key), avoid);
}

/* ---- source ---- */

static uint32_t
fold_address(const void *addr, size_t len)
{
	const uint8_t *b = addr;
	uint32_t h = 0;

	for (size_t i = 0; i < len; i += 4)
		h ^= (uint32_t)b[i] << 24 | (uint32_t)b[i + 1] << 16 |
		    (uint32_t)b[i + 2] << 8 | b[i + 3];
	return h;
}

static struct server *
source_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	struct hash_state *st = state;
	const struct ip_port *src = &t->sess->src;

	if (src->family == AF_INET)
		return search(px, st, fold_address(&src->ip.v4, 4), avoid);
	if (src->family == AF_INET6)
		return search(px, st, fold_address(&src->ip.v6, 16), avoid);
	return lb_wheel_next(&st->wheel, px, avoid, ret_full);
}

/* ---- uri ---- */

static struct str
cut_depth(struct str s, uint32_t depth)
{
	uint32_t slashes = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '/' && slashes++ == depth)
			return (struct str){ s.p, i };
	return s;
}

static struct server *
uri_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	const struct lb_conf *lb = &px->set.lb;
	struct str key = lb->whole ? http_str(&t->req, t->req.target) : http_path(&t->req);
	struct hash_state *st = state;

	if (lb->depth != 0)
		key = cut_depth(key, lb->depth);
	if (lb->len != 0 && key.len > lb->len)
		key.len = lb->len;
	if (key.len == 0)
		return lb_wheel_next(&st->wheel, px, avoid, ret_full);
	return search_key(px, st, key, avoid);
}

/* ---- url_param, hdr ---- */

/* The value of `name=` in a query; p is NULL when there is none. */
static struct str
query_param(struct str query, struct str name)
{
	while (query.len > 0) {
		const char *end = memchr(query.p, '&', query.len);
		struct str arg = { query.p, end != NULL ? (size_t)(end - query.p) : query.len };
		size_t taken = arg.len + (end != NULL ? 1 : 0);

		if (arg.len > name.len && arg.p[name.len] == '=' &&
		    memcmp(arg.p, name.p, name.len) == 0)
			return (struct str){ arg.p + name.len + 1, arg.len - name.len - 1 };
		query.p += taken;
		query.len -= taken;
	}
	return STR_NONE;
}

static struct server *
param_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	struct str key = query_param(http_query(&t->req), str_of(px->set.lb.name));
	struct hash_state *st = state;

	if (key.len == 0)
		return lb_wheel_next(&st->wheel, px, avoid, ret_full);
	return search_key(px, st, key, avoid);
}

/* `www.example.org:80` -> `example`: what stands before the last dot. */
static struct str
main_domain(struct str host)
{
	const char *colon = memchr(host.p, ':', host.len), *dot, *before;

	if (colon != NULL)
		host.len = (size_t)(colon - host.p);
	dot = memrchr(host.p, '.', host.len);
	if (dot == NULL)
		return host;
	before = memrchr(host.p, '.', (size_t)(dot - host.p));
	before = before != NULL ? before + 1 : host.p;
	return (struct str){ before, (size_t)(dot - before) };
}

static struct server *
hdr_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	const struct http_field *f = http_find(&t->req, str_of(px->set.lb.name), NULL);
	struct hash_state *st = state;
	struct str key = STR_NONE, rest;

	if (f != NULL) {
		rest = http_field_value(&t->req, f);
		(void)str_next_elem(&rest, ',', &key);
	}
	if (key.len != 0 && px->set.lb.use_domain_only)
		key = main_domain(key);
	if (key.len == 0)
		return lb_wheel_next(&st->wheel, px, avoid, ret_full);
	return search_key(px, st, key, avoid);
}

/* ---- hash EXPR ---- */

static struct server *
expr_pick(struct proxy *px, void *state, struct txn *t, const struct server *avoid,
    bool *ret_full)
{
	bool is_number = px->set.lb.hash.function == LB_HASH_NONE;
	struct hash_state *st = state;
	struct sample_ctx x;
	struct sample smp;
	size_t mark = eval_mark();
	uint32_t h = 0;
	bool has_key;

	sample_ctx_init(&x, t, px, DIR_REQ);
	has_key = expr_eval_as(px->set.lb.expr, &x, is_number ? SMP_STR : SMP_BIN, &smp) &&
	    smp.u.s.len != 0;
	if (has_key)
		h = lb_hash(px->set.lb.hash.function, smp.u.s);
	eval_release(mark);
	return has_key ? search(px, st, h, avoid) : lb_wheel_next(&st->wheel, px, avoid, ret_full);
}

/* ---- parsing ---- */

static int
unexpected(struct cfg *c, const char *algo, const char *word)
{
	diag_error(c->diag, "'balance %s' cannot handle unexpected argument '%s'.", algo, word);
	return -1;
}

static int
uri_number(struct cfg *c, const char *what, const char *word, uint32_t *ret_n)
{
	uint64_t v;

	if (word == NULL) {
		diag_error(c->diag, "'balance uri %s' expects a number.", what);
		return -1;
	}
	if (cfg_uint(c, what, word, 1, UINT16_MAX, &v) == -1)
		return -1;
	*ret_n = (uint32_t)v;
	return 0;
}

static int
uri_parse(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	struct lb_conf *lb = &px->set.lb;

	for (int i = 0; i < nargs; i++) {
		const char *value = i + 1 < nargs ? args[i + 1] : NULL;

		if (strcmp(args[i], "whole") == 0) {
			lb->whole = true;
		} else if (strcmp(args[i], "path-only") == 0) {
			lb->path_only = true;
		} else if (strcmp(args[i], "len") == 0) {
			if (uri_number(c, "len", value, &lb->len) == -1)
				return -1;
			i++;
		} else if (strcmp(args[i], "depth") == 0) {
			if (uri_number(c, "depth", value, &lb->depth) == -1)
				return -1;
			i++;
		} else {
			return unexpected(c, "uri", args[i]);
		}
	}
	return 0;
}

static int
param_parse(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	if (nargs == 0 || args[0][0] == '\0') {
		diag_error(c->diag, "'balance url_param' requires an URL parameter name.");
		return -1;
	}
	if (nargs > 1 && strcmp(args[1], "check_post") == 0) {
		diag_error(c->diag, "'balance url_param': 'check_post' is not supported: "
		    "bodies are not searched for keys.");
		return -1;
	}
	if (nargs > 1)
		return unexpected(c, "url_param", args[1]);
	px->set.lb.name = arena_strdup(c->arena, args[0]);
	return 0;
}

static int
hdr_parse(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	char *name;

	if (nargs == 0 || args[0][0] == '\0') {
		diag_error(c->diag, "'balance hdr(name)' requires a header field name.");
		return -1;
	}
	name = arena_strdup(c->arena, args[0]);
	for (char *p = name; *p != '\0'; p++)
		*p = ascii_lower(*p);
	px->set.lb.name = name;
	if (nargs == 1)
		return 0;
	if (nargs > 2 || strcmp(args[1], "use_domain_only") != 0)
		return unexpected(c, "hdr(name)", args[nargs - 1]);
	px->set.lb.use_domain_only = true;
	return 0;
}

static int
expr_row_parse(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	if (nargs != 1) {
		diag_error(c->diag, "'balance hash' requires a sample expression.");
		return -1;
	}
	px->set.lb.expr = expr_parse(c, px, args[0], USE_AT_REQ);
	return px->set.lb.expr != NULL ? 0 : -1;
}

static int
rdp_parse(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	(void)px;
	(void)args;
	(void)nargs;
	diag_error(c->diag, "'balance rdp-cookie' is not supported: weir does not read RDP.");
	return -1;
}

#define HASHED	.build = hash_build, .free = hash_free, .refresh = hash_refresh

static const struct lb_algo algos[] = {
	{ .name = "source", .flags = LB_HASH, .syntax = "",
	    .help = "By the client's address.", HASHED, .pick = source_pick },
	{ .name = "uri", .flags = LB_HASH | LB_HTTP,
	    .syntax = "[len <n>] [depth <n>] [whole] [path-only]",
	    .help = "By the path of the request, or its begin; whole: with the query.",
	    .parse = uri_parse, HASHED, .pick = uri_pick },
	{ .name = "url_param", .flags = LB_HASH | LB_HTTP, .syntax = "<name>",
	    .help = "By a parameter of the query.",
	    .parse = param_parse, HASHED, .pick = param_pick },
	{ .name = "hdr", .flags = LB_HASH | LB_HTTP, .syntax = "(<name>) [use_domain_only]",
	    .help = "By the first value of a header field.",
	    .parse = hdr_parse, HASHED, .pick = hdr_pick },
	{ .name = "hash", .flags = LB_HASH, .syntax = "<expression>",
	    .help = "By the value of a sample expression.",
	    .parse = expr_row_parse, HASHED, .pick = expr_pick },
	{ .name = "rdp-cookie", .flags = LB_HASH, .syntax = "[(<name>)]",
	    .help = "weir does not read RDP.", .parse = rdp_parse },
	{ 0 }
};

const struct module mod_lb_hash = { .name = "lb_hash", .lb = algos };
