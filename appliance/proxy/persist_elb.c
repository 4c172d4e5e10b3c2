/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stickiness in the manner of Elastic Load Balancing: a cookie AWSELB of the
 * balancer's own, set when the client has none that serves (`elb-cookie lb`), or
 * on exactly those responses that set the application's cookie (`elb-cookie
 * app`), whose attributes it takes over.
 *
 * An application cookie's user whose server fails stays with the next one for
 * good, though no response may tell his browser so. That is remembered here: a
 * table of fixed size, four places a bucket, each one atomic word, the oldest of
 * a bucket giving way. Data threads read and write it without a lock; a lost
 * race costs one user his place. A user is known by both cookies: the balancer's
 * alone is the same for all who came to a server in the same second.
 *
 * Thread: data; secrets: control or job; elb_explain: control.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "http/cookie.h"
#include "proxy/elb_value.h"
#include "proxy/lb.h"
#include "proxy/persist_cookie.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/stickiness.h"
#include "proxy/txn.h"

#define MOVES		65536u
#define WAYS		4u

/* ---- values ---- */

static struct server *
server_of(const struct proxy *be, struct str value)
{
	if (value.len != ELB_HEX)
		return NULL;
	return cookie_map_find(cookie_map_of(be), (struct str){ value.p, ELB_ID_HEX }, NULL);
}

static uint32_t
now_s(void)
{
	return (uint32_t)(clock_wall_of(clock_now_us) / 1000000);
}

/* ---- users that had to move ---- */

struct move {
	_Atomic uint64_t pair;		/* tag of the key, hash of the server's name */
	_Atomic uint32_t since;		/* 0 = empty */
	_Atomic uint32_t own;		/* tag of the balancer's cookie alone */
};

static _Atomic(struct move *) moves;	/* of the process: outlives snapshots */
static _Atomic bool has_moves;
static pthread_once_t moves_once = PTHREAD_ONCE_INIT;

static void
moves_make(void)
{
	atomic_store(&moves, xcalloc(MOVES, sizeof(struct move)));
}

void
elb_moves_prepare(void)
{
	pthread_once(&moves_once, moves_make);
}

static uint64_t
key_of(struct str own, struct str app)
{
	return str_hash(own) * 31 + str_hash(app);
}

static struct move *
bucket_of(uint64_t key)
{
	return atomic_load_explicit(&moves, memory_order_acquire) +
	    (key & (MOVES / WAYS - 1)) * WAYS;
}

static struct move *
moves_find(uint64_t key)
{
	struct move *b;

	if (!atomic_load_explicit(&has_moves, memory_order_relaxed))
		return NULL;
	b = bucket_of(key);
	for (unsigned i = 0; i < WAYS; i++)
		if (b[i].since != 0 && b[i].pair >> 32 == key >> 32)
			return &b[i];
	return NULL;
}

static void
moves_put(uint64_t key, uint32_t own, uint32_t name_hash, uint32_t now)
{
	struct move *b = bucket_of(key), *to = moves_find(key);

	for (unsigned i = 0; to == NULL && i < WAYS; i++)
		if (b[i].since == 0)
			to = &b[i];
	if (to == NULL) {
		to = b;
		for (unsigned i = 1; i < WAYS; i++)
			if (b[i].since < to->since)
				to = &b[i];
	}
	atomic_store_explicit(&to->pair, key >> 32 << 32 | name_hash, memory_order_relaxed);
	atomic_store_explicit(&to->own, own, memory_order_relaxed);
	atomic_store_explicit(&to->since, now, memory_order_release);
	atomic_store_explicit(&has_moves, true, memory_order_relaxed);
}

/* ---- the request ---- */

/* The client's cookies that matter here. */
struct brought {
	struct str	 own, twin, app;
};

static void
read_cookies(const struct http_msg *m, const struct cookie_conf *conf, struct brought *ret)
{
	const struct http_field *f = NULL;
	struct str rest;
	struct cookie ck;

	*ret = (struct brought){ STR_NONE, STR_NONE, STR_NONE };
	while ((f = http_find_id(m, HTTP_N_COOKIE, f)) != NULL)
		for (rest = http_field_value(m, f); cookie_next(&rest, &ck); ) {
			if (ck.name.p == NULL)
				continue;
			if (ret->own.p == NULL && str_eq(ck.name, conf->name))
				ret->own = ck.value;
			else if (ret->twin.p == NULL && str_eq(ck.name, conf->twin))
				ret->twin = ck.value;
			else if (ret->app.p == NULL && conf->app.len > 0 &&
			    str_eq(ck.name, conf->app))
				ret->app = ck.value;
		}
	if (ret->own.p == NULL)
		ret->own = ret->twin;
}

/* Where a user belongs and since when. */
struct bound {
	struct server	*srv;
	uint32_t	 since, until;
};

static void
bind_to(const struct cookie_conf *conf, struct server *srv, uint32_t since, struct bound *ret)
{
	ret->srv = srv;
	ret->since = since;
	ret->until = conf->period_s != 0 && since != 0 ? since + conf->period_s : 0;
}

/* Where he was sent when his server had failed, if that can serve. */
static bool
follow_move(const struct proxy *be, const struct cookie_conf *conf, const struct move *m,
    struct bound *ret)
{
	struct server *srv;

	if (m == NULL)
		return false;
	srv = cookie_map_named(cookie_map_of(be), (uint32_t)m->pair);
	if (srv == NULL || !server_is_usable(srv))
		return false;
	bind_to(conf, srv, m->since, ret);
	return true;
}

/* The server of the cookie's value; `must`: even if it is down. */
static bool
follow_value(struct server *srv, const struct cookie_conf *conf, struct str own, bool must,
    struct bound *ret)
{
	if (srv == NULL || !(must || server_is_usable(srv)))
		return false;
	bind_to(conf, srv, elb_value_date(own), ret);
	return true;
}

static void
choose(struct txn *t, const struct bound *b)
{
	t->wanted = b->srv;
	t->flags |= TXN_F_PERSISTENT;
	t->ck.client = server_is_usable(b->srv) ? 'V' : 'D';
	stickiness_set(t, STICK_COOKIE, b->since, b->until);
}

static void
look_up(struct txn *t, const struct cookie_conf *conf, const struct brought *b)
{
	struct server *srv = server_of(t->be, b->own);
	bool must = (t->be->set.options & OPT_PERSIST) || (t->flags & TXN_F_FORCE_PERSIST);
	struct bound to;

	if (conf->opts & CK_ELB_APP) {
		t->ck.elb_key = key_of(b->own, b->app);
		t->ck.elb_own = (uint32_t)str_hash(b->own);
		if (follow_move(t->be, conf, moves_find(t->ck.elb_key), &to)) {
			choose(t, &to);
			return;
		}
	}
	if (follow_value(srv, conf, b->own, must, &to)) {
		choose(t, &to);
		return;
	}
	t->ck.client = srv != NULL ? 'D' : 'I';
	if (srv == NULL && !elb_value_is_ours(conf->secret, b->own))
		return;
	t->ck.flags |= TXN_CK_MOVE;	/* failed, or gone from the configuration */
	stickiness_set(t, STICK_COOKIE_MOVED, 0, 0);
}

void
elb_request(struct txn *t, const struct cookie_conf *conf)
{
	struct brought b;

	read_cookies(&t->req, conf, &b);
	if (b.own.p == NULL)
		return;
	if ((t->ck.flags & TXN_CK_IGNORE) || t->wanted != NULL ||
	    ((conf->opts & CK_ELB_APP) && b.app.p == NULL))
		t->ck.client = 'U';
	else
		look_up(t, conf, &b);
}

/* ---- the response ---- */

/* Attributes that follow the application's cookie, as they are written. */
static const struct { struct str name, written; } copied[] = {
	{ { "path", 4 }, { ";PATH=", 6 } }, { { "port", 4 }, { ";PORT=", 6 } },
	{ { "domain", 6 }, { ";DOMAIN=", 8 } }, { { "secure", 6 }, { ";SECURE", 7 } },
	{ { "httponly", 8 }, { ";HTTPONLY", 9 } }, { { "discard", 7 }, { ";DISCARD", 8 } },
	{ { "max-age", 7 }, { ";MAX-AGE=", 9 } }, { { "expires", 7 }, { ";EXPIRES=", 9 } },
	{ { "version", 7 }, { ";VERSION=", 9 } }, { { "comment", 7 }, { ";COMMENT=", 9 } },
	{ { "commenturl", 10 }, { ";COMMENTURL=", 12 } },
	{ { "samesite", 8 }, { ";SAMESITE=", 10 } },
};

static void
out_path(struct out *o, struct str path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.p[i] == '_')
			out_lit(o, "%5F");
		else
			out_char(o, path.p[i]);
}

static void
out_attribute(struct out *o, const struct cookie *a, bool for_cors)
{
	struct str name = a->name.p != NULL ? a->name : a->value;

	for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
		bool takes_value = copied[i].written.p[copied[i].written.len - 1] == '=';

		if (!str_ieq(name, copied[i].name) || (takes_value && a->name.p == NULL))
			continue;
		if (for_cors && (str_is(copied[i].name, "secure") ||
		    str_is(copied[i].name, "samesite")))
			return;		/* the twin has its own */
		out_str(o, copied[i].written);
		if (takes_value && str_is(copied[i].name, "path"))
			out_path(o, a->value);
		else if (takes_value)
			out_str(o, a->value);
		return;
	}
}

/* The last Set-Cookie of the application's cookie: what is behind name and value;
 * false when this response has none. */
static bool
find_app_cookie(const struct txn *t, const struct cookie_conf *conf, struct str *ret_attributes)
{
	const struct http_field *f = NULL;
	bool is_there = false;
	struct str rest;
	struct cookie ck;

	while ((f = http_find_id(&t->res, HTTP_N_SET_COOKIE, f)) != NULL) {
		rest = http_field_value(&t->res, f);
		if (!cookie_next(&rest, &ck) || ck.name.p == NULL || !str_eq(ck.name, conf->app))
			continue;
		*ret_attributes = rest;
		is_there = true;
	}
	return is_there;
}

static bool
add_cookie(struct txn *t, const struct cookie_conf *conf, struct str value, struct str attributes,
    bool for_cors)
{
	size_t mark = eval_mark();
	struct out o = eval_out();
	struct cookie a;
	bool ok;

	out_str(&o, for_cors ? conf->twin : conf->name);
	out_char(&o, '=');
	out_str(&o, value);
	if (conf->opts & CK_ELB_LB) {
		out_lit(&o, ";PATH=/");
		if (conf->period_s != 0)
			out_fmt(&o, ";MAX-AGE=%u", conf->period_s);
	}
	while (cookie_next(&attributes, &a))
		out_attribute(&o, &a, for_cors);
	if (for_cors)
		out_lit(&o, ";SECURE;SAMESITE=None");
	ok = eval_keep(&o, &value) && persist_append(t, &t->res, STR("set-cookie"), value);
	eval_release(mark);
	return ok;
}

static bool
give_cookie(struct txn *t, const struct cookie_conf *conf, struct str attributes)
{
	struct str id = cookie_map_value(cookie_map_of(t->be), t->srv);
	enum stick_reason why = (enum stick_reason)t->stick.reason;
	uint32_t now = now_s();
	char value[ELB_HEX];
	struct str v = { value, sizeof value };

	if (id.len != ELB_ID_HEX)
		return true;
	elb_value_make(conf->secret, id, now, value);
	t->ck.server = t->flags & TXN_F_PERSISTENT ? 'U' : 'I';
	if (why != STICK_RULE && why != STICK_TABLE)
		stickiness_set(t, why == STICK_NONE ? STICK_COOKIE_INSERT : why, now,
		    conf->period_s != 0 ? now + conf->period_s : 0);
	if (!add_cookie(t, conf, v, attributes, false))
		return false;
	return http_find(&t->req, STR("origin"), NULL) == NULL ||
	    add_cookie(t, conf, v, attributes, true);
}

bool
elb_response(struct txn *t, const struct cookie_conf *conf)
{
	struct str attributes = STR_NONE;

	if (t->ck.flags & TXN_CK_IGNORE)
		return true;
	if (conf->opts & CK_ELB_LB)
		return (t->flags & TXN_F_PERSISTENT) || give_cookie(t, conf, STR_NONE);
	if (find_app_cookie(t, conf, &attributes))
		return give_cookie(t, conf, attributes);
	if ((t->ck.flags & TXN_CK_MOVE) && t->ck.elb_key != 0)
		moves_put(t->ck.elb_key, t->ck.elb_own, t->srv->name_hash, now_s());
	return true;
}

/* ---- questions ---- */

/* Who moved last of those with this value, as far as this backend has his server. */
static const struct move *
last_move_of(const struct proxy *be, struct str own)
{
	const struct move *all = atomic_load(&moves), *last = NULL;
	uint32_t tag = (uint32_t)str_hash(own);

	if (!atomic_load(&has_moves))
		return NULL;
	for (unsigned i = 0; i < MOVES; i++)
		if (all[i].since != 0 && all[i].own == tag &&
		    (last == NULL || all[i].since > last->since) &&
		    cookie_map_named(cookie_map_of(be), (uint32_t)all[i].pair) != NULL)
			last = &all[i];
	return last;
}

static const struct move *
move_of(const struct proxy *be, const struct cookie_conf *conf, struct str own, struct str app)
{
	if (!(conf->opts & CK_ELB_APP))
		return NULL;
	return app.p != NULL ? moves_find(key_of(own, app)) : last_move_of(be, own);
}

void
elb_explain(const struct proxy *be, const struct cookie_conf *conf, struct str own,
    struct str app, struct stickiness_entry *ret)
{
	struct server *srv = server_of(be, own);
	struct bound to = { 0 };

	if (follow_move(be, conf, move_of(be, conf, own, app), &to) ||
	    follow_value(srv, conf, own, be->set.options & OPT_PERSIST, &to)) {
		ret->reason = "cookie";
	} else if (!elb_value_is_ours(conf->secret, own)) {
		ret->reason = "not a cookie of this balancer";
		return;
	} else {
		bind_to(conf, srv, elb_value_date(own), &to);
		ret->reason = srv != NULL ? "server down, next request is balanced" :
		    "server gone, next request is balanced";
	}
	ret->server = to.srv != NULL ? to.srv->name : NULL;
	ret->since = to.since;
	ret->until = to.until;
}
