/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistence by cookie, request and response, as HAProxy does it: insert,
 * rewrite and prefix with their options, dates for maxidle and maxlife, the two
 * letters of the log, and captured cookies. The ELB manner is persist_elb.c.
 *
 * Text is never edited in place: a changed field is written behind the others and
 * takes the old one's place in the table. Each field is read once to find the cookie, and once more
 * only when it must be written anew.
 *
 * Thread: data; persist_explain: control.
 */
#include "proxy/persist_cookie.h"

#include "base/clock.h"
#include "base/magic.h"
#include "base/out.h"
#include "http/cookie.h"
#include "proxy/acl.h"
#include "proxy/lb.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/stickiness.h"
#include "proxy/txn.h"

#define DAY_S	86400

static uint32_t
now_s(void)
{
	return (uint32_t)(clock_wall_of(clock_now_us) / 1000000);
}

static const struct cookie_conf *
conf_of(const struct txn *t)
{
	return t->be->persist & PERSIST_COOKIE ? t->be->set.cookie : NULL;
}

bool
persist_append(struct txn *t, struct http_msg *m, struct str name, struct str value)
{
	return http_append(m, name, value, HTTP_FIELD_ADDED) ||
	    (txn_grow(t, m) && http_append(m, name, value, HTTP_FIELD_ADDED));
}

/* The n-th field gets this value and keeps its place. */
static bool
replace_field(struct txn *t, struct http_msg *m, uint16_t at, struct str value)
{
	struct str name = http_field_name(m, &m->fields[at]);

	if (!persist_append(t, m, name, value))
		return false;
	m->fields[at] = m->fields[--m->nfields];
	return true;
}

/* ---- captures ---- */

static void
capture(const struct cookie_capture *cap, const struct http_msg *m, const struct cookie *ck,
    struct http_span *ret)
{
	size_t len;

	if (ret->len != 0 || ck->name.p == NULL)
		return;
	len = (size_t)(ck->value.p + ck->value.len - ck->name.p);
	if (len < cap->name.len || memcmp(ck->name.p, cap->name.p, cap->name.len) != 0)
		return;
	ret->off = (uint32_t)(ck->name.p - m->text);
	ret->len = (uint32_t)(len < cap->len ? len : cap->len);
}

/* ---- the value of a request's cookie ---- */

/* `server|date|date`, in prefix mode `server~value`. */
struct parts {
	struct str	 server;
	bool		 has_delimiter;	/* of prefix mode */
	struct str	 own;		/* the application's, behind it */
};

static void
read_dates(struct str rest, struct cookie_dates *ret)
{
	const char *bar = rest.len > 0 ? memchr(rest.p, '|', rest.len) : NULL;

	ret->last = cookie_date_read(rest);
	ret->first = 0;
	if (bar != NULL)
		ret->first = cookie_date_read((struct str){ bar + 1,
		    rest.len - (size_t)(bar + 1 - rest.p) });
}

static struct parts
split(const struct cookie_conf *conf, struct str value, struct cookie_dates *ret_dates)
{
	bool is_prefix = (conf->opts & CK_PREFIX) != 0;
	const char *d = value.len > 0 ? memchr(value.p, is_prefix ? '~' : '|', value.len) : NULL;
	struct parts p = { .server = value };

	if (d == NULL)
		return p;
	p.server.len = (size_t)(d - value.p);
	p.own = (struct str){ d + 1, value.len - p.server.len - 1 };
	p.has_delimiter = is_prefix;
	if (!is_prefix)
		read_dates(p.own, ret_dates);
	return p;
}

/* Older than allowed, or from more than a day ahead: clocks may be wrong, for
 * a day. */
static bool
is_over(uint32_t date, uint32_t limit_s)
{
	int64_t age = (int64_t)now_s() - date;

	return date != 0 && limit_s != 0 && (age > limit_s || age < -DAY_S);
}

/* The letter of a cookie that is too old, or 0. */
static char
expired(const struct cookie_conf *conf, const struct cookie_dates *d)
{
	return is_over(d->first, conf->maxlife_s) ? 'O' :
	    is_over(d->last, conf->maxidle_s) ? 'E' : 0;
}

/* When it ends by its own dates; 0 = never. */
static uint32_t
until(const struct cookie_conf *conf, struct cookie_dates d)
{
	uint32_t life = conf->maxlife_s != 0 && d.first != 0 ? d.first + conf->maxlife_s : 0;
	uint32_t idle = conf->maxidle_s != 0 && d.last != 0 ? d.last + conf->maxidle_s : 0;

	return life == 0 || (idle != 0 && idle < life) ? idle : life;
}

static uint32_t
since(struct cookie_dates d)
{
	return d.first != 0 ? d.first : d.last;
}

static void
choose(struct txn *t, const struct cookie_conf *conf, struct server *srv)
{
	struct cookie_dates d = t->ck.dates;

	t->wanted = srv;
	t->flags |= TXN_F_PERSISTENT;
	t->ck.client = server_is_usable(srv) ? 'V' : 'D';
	stickiness_set(t, STICK_COOKIE, since(d), until(conf, d));
}

/* Servers may share a value: the first that is up. `D` unless one is. */
static void
look_up(struct txn *t, const struct cookie_conf *conf, struct str value)
{
	const struct cookie_map *map = cookie_map_of(t->be);
	struct server *srv = NULL;
	bool must = (t->be->set.options & OPT_PERSIST) || (t->flags & TXN_F_FORCE_PERSIST);

	while ((srv = cookie_map_find(map, value, srv)) != NULL) {
		if (must || server_is_usable(srv)) {
			choose(t, conf, srv);
			return;
		}
		t->ck.client = 'D';
		stickiness_set(t, STICK_COOKIE_MOVED, 0, 0);
	}
	if (t->ck.client != 'D')
		t->ck.client = 'I';
}

static bool
is_chosen(const struct txn *t)
{
	return t->wanted != NULL &&
	    (server_is_usable(t->wanted) || (t->flags & TXN_F_FORCE_PERSIST));
}

static void
judge(struct txn *t, const struct cookie_conf *conf, const struct parts *p)
{
	char letter = expired(conf, &t->ck.dates);

	if (letter != 0) {
		t->ck.client = letter;
		t->ck.dates = (struct cookie_dates){ 0 };
	} else if ((t->ck.flags & TXN_CK_IGNORE) || is_chosen(t))
		t->ck.client = 'U';
	else
		look_up(t, conf, p->server);
}

/* ---- the request ---- */

static bool
is_hidden(const struct cookie_conf *conf)
{
	return (conf->opts & (CK_INSERT | CK_INDIRECT)) == (CK_INSERT | CK_INDIRECT);
}

/* The field without our cookie, or in prefix mode with the application's part
 * of it; an empty result deletes the field. */
static bool
clean_field(struct txn *t, const struct cookie_conf *conf, uint16_t at)
{
	struct str rest = http_field_value(&t->req, &t->req.fields[at]);
	size_t mark = eval_mark();
	struct cookie ck;
	struct out o = eval_out();
	bool ok;

	while (cookie_next(&rest, &ck)) {
		bool is_ours = ck.name.p != NULL && str_eq(ck.name, conf->name);
		const char *tilde;

		if (is_ours && is_hidden(conf))
			continue;
		if (out_len(&o) > 0)
			out_lit(&o, "; ");
		if (ck.name.p != NULL) {
			out_str(&o, ck.name);
			out_char(&o, '=');
		}
		tilde = is_ours && ck.value.len > 0 ? memchr(ck.value.p, '~', ck.value.len) : NULL;
		if (tilde != NULL && (conf->opts & CK_PREFIX))
			ck.value = (struct str){ tilde + 1,
			    ck.value.len - (size_t)(tilde + 1 - ck.value.p) };
		out_str(&o, ck.value);
	}
	eval_take(out_len(&o));
	if (out_len(&o) == 0)
		t->req.fields[at].flags |= HTTP_FIELD_GONE;
	ok = !o.overflow && (out_len(&o) == 0 ||
	    replace_field(t, &t->req, at, (struct str){ o.start, out_len(&o) }));
	eval_release(mark);
	return ok;
}

/* Reads one field; *ret_dirty: it must be written anew. */
static void
read_field(struct txn *t, const struct cookie_conf *conf, uint16_t at, bool *ret_dirty)
{
	struct str rest = http_field_value(&t->req, &t->req.fields[at]);
	const struct cookie_capture *cap = t->fe->capture_cookie;
	struct cookie ck;
	struct parts p;

	while (cookie_next(&rest, &ck)) {
		if (cap != NULL)
			capture(cap, &t->req, &ck, &t->ck.from_client);
		if (conf == NULL || ck.name.p == NULL || !str_eq(ck.name, conf->name))
			continue;
		p = split(conf, ck.value, &t->ck.dates);
		judge(t, conf, &p);
		*ret_dirty |= p.has_delimiter || is_hidden(conf);
	}
}

static bool
read_cookies(struct txn *t, const struct cookie_conf *conf)
{
	uint16_t n = t->req.nfields;

	for (uint16_t i = 0; i < n; i++) {
		const struct http_field *f = &t->req.fields[i];
		bool is_dirty = false;

		if (f->name != HTTP_N_COOKIE || (f->flags & (HTTP_FIELD_GONE | HTTP_FIELD_HOP)))
			continue;
		read_field(t, conf, i, &is_dirty);
		if (is_dirty && !clean_field(t, conf, i))
			return false;
	}
	return true;
}

static void
run_persist_rules(struct txn *t)
{
	struct sample_ctx x;

	sample_ctx_init(&x, t, t->be, DIR_REQ);
	for (const struct persist_rule *r = t->be->persist_rules; r != NULL; r = r->next)
		if (acl_cond_passes(r->cond, &x)) {
			if (r->is_force)
				t->flags |= TXN_F_FORCE_PERSIST;
			else
				t->ck.flags |= TXN_CK_IGNORE;
			return;
		}
}

bool
persist_request(struct txn *t)
{
	const struct cookie_conf *conf = conf_of(t);

	if (t->be->persist & PERSIST_RULES)
		run_persist_rules(t);
	if (!(t->flags & TXN_F_HTTP))
		return true;
	if (conf != NULL && (conf->opts & CK_ELB)) {
		elb_request(t, conf);
		conf = NULL;
	}
	return (conf == NULL && t->fe->capture_cookie == NULL) || read_cookies(t, conf);
}

void
persist_moved(struct txn *t)
{
	if (t->ck.client == 'V')
		t->ck.client = 'D';
	t->ck.flags |= TXN_CK_MOVE;
	stickiness_set(t, STICK_COOKIE_MOVED, 0, 0);
}

/* ---- the response ---- */

/* Set-Cookie of ours by the server: `value` takes the place of its value. */
static bool
rewrite_field(struct txn *t, uint16_t at, const struct cookie *ck, struct str value, bool is_prefix)
{
	struct str line = http_field_value(&t->res, &t->res.fields[at]);
	size_t mark = eval_mark();
	const char *behind = ck->value.p + ck->value.len;
	struct out o = eval_out();
	bool ok;

	out_mem(&o, line.p, (size_t)(ck->value.p - line.p));
	out_str(&o, value);
	if (is_prefix) {
		out_char(&o, '~');
		out_str(&o, ck->value);
	}
	out_mem(&o, behind, (size_t)(line.p + line.len - behind));
	ok = eval_keep(&o, &line) && replace_field(t, &t->res, at, line);
	eval_release(mark);
	if (ok)
		t->ck.server = 'R';
	return ok;
}

static bool
take_set_cookie(struct txn *t, const struct cookie_conf *conf, uint16_t at, const struct cookie *ck)
{
	struct str value = cookie_map_value(cookie_map_of(t->be), t->srv);
	uint32_t o = conf->opts;

	t->ck.server = 'P';
	t->ck.flags |= TXN_CK_FOUND;
	if (o & CK_PRESERVE)
		return true;
	if ((o & CK_INSERT) || ((o & CK_INDIRECT) && (t->flags & TXN_F_PERSISTENT))) {
		t->res.fields[at].flags |= HTTP_FIELD_GONE;
		t->ck.server = 'D';
		t->ck.flags &= (uint8_t)~TXN_CK_FOUND;
		return true;
	}
	if (value.len == 0 || !(o & (CK_REWRITE | CK_PREFIX)))
		return true;
	return rewrite_field(t, at, ck, value, (o & CK_PREFIX) != 0);
}

static bool
read_set_cookies(struct txn *t, const struct cookie_conf *conf)
{
	uint16_t n = t->res.nfields;

	for (uint16_t i = 0; i < n; i++) {
		const struct http_field *f = &t->res.fields[i];
		struct str rest;
		struct cookie ck;

		if (f->name != HTTP_N_SET_COOKIE || (f->flags & (HTTP_FIELD_GONE | HTTP_FIELD_HOP)))
			continue;
		rest = http_field_value(&t->res, f);
		if (!cookie_next(&rest, &ck) || ck.name.p == NULL)
			continue;
		if (t->fe->capture_cookie != NULL)
			capture(t->fe->capture_cookie, &t->res, &ck, &t->ck.from_server);
		if (conf != NULL && str_eq(ck.name, conf->name) &&
		    !(t->ck.flags & TXN_CK_IGNORE) && !take_set_cookie(t, conf, i, &ck))
			return false;
	}
	return true;
}

/* The cookie has dates that are no more right: from an earlier unit of time, or
 * missing, or not wanted. */
static bool
needs_dates(const struct txn *t, const struct cookie_conf *conf)
{
	uint32_t last = t->ck.dates.last, first = t->ck.dates.first;

	return ((conf->maxidle_s != 0 || last != 0) &&
	    (last == 0 || (int64_t)last < (int64_t)now_s())) ||
	    (conf->maxlife_s != 0 && first == 0) || (conf->maxlife_s == 0 && first != 0);
}

static bool
wants_insert(const struct txn *t, const struct cookie_conf *conf)
{
	if (!(conf->opts & CK_INSERT) || (t->ck.flags & TXN_CK_IGNORE))
		return false;
	if ((t->ck.flags & TXN_CK_FOUND) && (conf->opts & CK_PRESERVE))
		return false;
	if ((t->flags & TXN_F_PERSISTENT) && !needs_dates(t, conf))
		return false;
	return !(conf->opts & CK_POSTONLY) || txn_client_method(t) == HTTP_M_POST;
}

static void
out_date(struct out *o, uint32_t date)
{
	char text[COOKIE_DATE_LEN];

	cookie_date_write(date, text);
	out_char(o, '|');
	out_mem(o, text, sizeof text);
}

static void
out_cookie(struct out *o, const struct txn *t, const struct cookie_conf *conf, struct str value)
{
	uint32_t now = now_s();

	out_str(o, conf->name);
	out_char(o, '=');
	if (value.len == 0) {		/* a server without one: the client's goes */
		out_lit(o, "; Expires=Thu, 01-Jan-1970 00:00:01 GMT");
	} else {
		out_str(o, value);
		if (conf->maxidle_s != 0 || conf->maxlife_s != 0)
			out_date(o, now);
		if (conf->maxlife_s != 0)
			out_date(o, t->ck.dates.first != 0 ? t->ck.dates.first : now);
	}
	out_lit(o, "; path=/");
	out_str(o, conf->tail);
}

static bool
is_cacheable_status(unsigned status)
{
	static const uint16_t list[] = { 200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501 };

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (list[i] == status)
			return true;
	return false;
}

/* `public` says yes, `private` and its like say no; the last one counts. */
static bool
cache_control(const struct http_msg *m, bool is_cacheable)
{
	static const char *const no[] = { "private", "no-cache", "no-store", "max-age=0",
		"s-maxage=0" };
	const struct http_field *f = NULL;
	struct str rest, word;

	while ((f = http_find_id(m, HTTP_N_CACHE_CONTROL, f)) != NULL)
		for (rest = http_field_value(m, f); str_next_elem(&rest, ',', &word); ) {
			if (str_ieq(word, STR("public")))
				is_cacheable = true;
			for (size_t i = 0; i < ARRAY_LEN(no); i++)
				if (str_ieq(word, str_of(no[i])))
					is_cacheable = false;
		}
	return is_cacheable;
}

static bool
is_cacheable(const struct txn *t)
{
	enum http_method m = txn_client_method(t);
	const struct http_field *f = http_find(&t->res, STR("pragma"), NULL);

	if (f != NULL && str_ieq(http_field_value(&t->res, f), STR("no-cache")))
		return false;
	return cache_control(&t->res, (m == HTTP_M_GET || m == HTTP_M_HEAD) &&
	    is_cacheable_status(t->res.status));
}

static void
note_insert(struct txn *t, const struct cookie_conf *conf, bool has_value)
{
	bool is_update = has_value && (t->flags & TXN_F_PERSISTENT);
	enum stick_reason why = (enum stick_reason)t->stick.reason;
	struct cookie_dates d = t->ck.dates;

	d.last = now_s();
	if (d.first == 0)
		d.first = d.last;
	t->ck.server = is_update ? 'U' : 'I';
	if (!has_value || why == STICK_RULE || why == STICK_TABLE)
		return;
	stickiness_set(t, why == STICK_NONE ? STICK_COOKIE_INSERT : why, d.first, until(conf, d));
}

static bool
insert_cookie(struct txn *t, const struct cookie_conf *conf)
{
	struct str value = cookie_map_value(cookie_map_of(t->be), t->srv);
	size_t mark = eval_mark();
	struct out o = eval_out();
	bool ok;

	out_cookie(&o, t, conf, value);
	ok = eval_keep(&o, &value) && persist_append(t, &t->res, STR("set-cookie"), value);
	eval_release(mark);
	if (!ok)
		return false;
	note_insert(t, conf, value.len != 0);
	return !(conf->opts & CK_NOCACHE) || !is_cacheable(t) ||
	    persist_append(t, &t->res, STR("cache-control"), STR("private"));
}

bool
persist_response(struct txn *t)
{
	const struct cookie_conf *conf = conf_of(t);

	if (t->srv == NULL || !(t->flags & TXN_F_HTTP))
		return true;
	if (conf != NULL && (conf->opts & CK_ELB)) {
		if (!elb_response(t, conf))
			return false;
		conf = NULL;
	}
	if ((conf != NULL || t->fe->capture_cookie != NULL) && !read_set_cookies(t, conf))
		return false;
	return conf == NULL || !wants_insert(t, conf) || insert_cookie(t, conf);
}

/* ---- logs, questions ---- */

void
persist_letters(const struct txn *t, char ret[2])
{
	const struct proxy *be = t->be != NULL ? t->be : t->fe;
	const struct cookie_conf *conf = be->persist & PERSIST_COOKIE ? be->set.cookie : NULL;

	ret[0] = ret[1] = '-';
	if (conf == NULL || !(conf->opts & CK_SHOWN))
		return;
	ret[0] = t->ck.client != 0 ? t->ck.client : 'N';
	ret[1] = t->ck.server != 0 ? t->ck.server : 'N';
}

void
persist_explain(const struct proxy *be, struct str value, struct str app,
    struct stickiness_entry *ret)
{
	const struct cookie_conf *conf = be->set.cookie;
	struct cookie_dates d = { 0 };
	struct server *srv = NULL, *first;
	struct parts p;

	if (conf->opts & CK_ELB) {
		elb_explain(be, conf, value, app, ret);
		return;
	}
	p = split(conf, value, &d);
	first = cookie_map_find(cookie_map_of(be), p.server, NULL);
	ret->since = since(d);
	ret->until = until(conf, d);
	if (first == NULL) {
		ret->reason = "unknown value";
		return;
	}
	if (expired(conf, &d) != 0) {
		ret->reason = "expired";
		return;
	}
	for (srv = first; srv != NULL && !server_is_usable(srv); )
		srv = cookie_map_find(cookie_map_of(be), p.server, srv);
	ret->server = srv != NULL ? srv->name : first->name;
	ret->reason = srv != NULL ? "cookie" : be->set.options & OPT_PERSIST ?
	    "cookie, server down" : "server down, next request is balanced";
}
