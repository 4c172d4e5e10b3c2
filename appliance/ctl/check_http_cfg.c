/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `option httpchk` and `http-check`: the requests of HTTP checks, and how the
 * rules become steps. The request of the option goes out first; the first
 * `http-check send` says more of it. A sequence that ends with a request expects
 * a status from 200 to 399.
 *
 * HTTP/1.1 wants a Host field: where none is written the server's address stands
 * there, for many servers refuse a request without. A request closes its
 * connection, so 1.1 says so too.
 *
 * Thread: the one that loads; http_send_write: control.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/check.h"
#include "ctl/check_cfg.h"
#include "ctl/check_run.h"
#include "ctl/check_step.h"
#include "ctl/health.h"
#include "http/msg.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"

#define REQUEST_BYTES	16384

/* ---- words of a request ---- */

static int
field_parse(struct cfg *c, struct http_send *h, const char *name, const char *value)
{
	struct http_field_conf *f, **tail = &h->fields;

	if (!http_token_is_valid(str_of(name))) {
		diag_error(c->diag, "'%s' is no name of a header field.", name);
		return -1;
	}
	if (!http_value_is_valid(str_of(value))) {
		diag_error(c->diag, "the value of '%s' holds bytes that no field may have.", name);
		return -1;
	}
	f = arena_alloc(c->arena, sizeof(*f));
	f->name = name;
	if ((f->value = step_format(c, value, LF_HTTP)) == NULL)
		return -1;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = f;
	return 0;
}

static int
set_method(struct cfg *c, struct http_send *h, const char *word)
{
	if (!http_token_is_valid(str_of(word))) {
		diag_error(c->diag, "'%s' is no HTTP method.", word);
		return -1;
	}
	h->method = word;
	return 0;
}

/* Text as it is, in the form of a format. */
static struct logformat *
plain_text(struct cfg *c, const char *text)
{
	char *quoted = arena_alloc(c->arena, 2 * strlen(text) + 1), *q = quoted;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '%')
			*q++ = '%';
		*q++ = *p;
	}
	*q = '\0';
	return step_format(c, quoted, 0);
}

static int
set_uri(struct cfg *c, struct http_send *h, const char *word)
{
	const unsigned char *p;

	for (p = (const unsigned char *)word; *p > ' ' && *p != 0x7f; p++)
		;
	if (*p != '\0' || *word == '\0') {
		diag_error(c->diag, "'%s' is no target of a request.", word);
		return -1;
	}
	return (h->uri = plain_text(c, word)) != NULL ? 0 : -1;
}

/* The old way to write fields and a body: behind the version, after \r\n. */
static int
old_fields(struct cfg *c, struct http_send *h, char *text)
{
	while (*text != '\0' && strncmp(text, "\r\n", 2) != 0) {
		char *end = strstr(text, "\r\n"), *colon = strchr(text, ':');

		if (end != NULL)
			*end = '\0';
		if (colon == NULL || (end != NULL && colon > end)) {
			diag_error(c->diag, "'%s' is no header field ('name: value').", text);
			return -1;
		}
		*colon++ = '\0';
		colon += strspn(colon, " \t");
		if (field_parse(c, h, text, colon) == -1)
			return -1;
		if (end == NULL)
			return 0;
		text = end + 2;
	}
	if (*text != '\0')
		h->body = plain_text(c, text + 2);
	return 0;
}

static int
set_version(struct cfg *c, struct http_send *h, char *word)
{
	char *rest = strstr(word, "\r\n");

	if (rest != NULL)
		*rest = '\0';
	if (strcmp(word, "HTTP/1.0") != 0 && strcmp(word, "HTTP/1.1") != 0) {
		diag_error(c->diag, "checks are made in HTTP/1.0 or HTTP/1.1 (got '%s').", word);
		return -1;
	}
	h->version = word;
	if (rest == NULL)
		return 0;
	diag_warn(c->diag, "fields behind the version of 'option httpchk' are deprecated; please "
	    "use 'http-check send hdr <name> <value>'.");
	return old_fields(c, h, rest + 2);
}

int
http_option_parse(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct http_send *h = arena_alloc(c->arena, sizeof(*h));

	if (nargs > 3) {
		diag_error(c->diag, "'option httpchk' expects [<method>] [<uri>] [<version>].");
		return -1;
	}
	if (nargs == 0 && cp->request != NULL)
		return 0;
	cp->request = h;
	if (nargs == 0)
		return 0;
	if (nargs == 1)		/* a target alone */
		return set_uri(c, h, args[0]);
	if (set_method(c, h, args[0]) == -1 || set_uri(c, h, args[1]) == -1)
		return -1;
	return nargs == 3 ? set_version(c, h, args[2]) : 0;
}

/* One word of `http-check send` and its values; how many were used, or -1. */
static int
send_word(struct cfg *c, struct http_send *h, char **args, int nargs)
{
	int need = strcmp(args[0], "hdr") == 0 ? 3 : 2;

	if (nargs < need) {
		diag_error(c->diag, "'http-check send' : '%s' expects %s.", args[0],
		    need == 3 ? "a name and a value" : "an argument");
		return -1;
	}
	if (strcmp(args[0], "hdr") == 0)
		return field_parse(c, h, args[1], args[2]) == -1 ? -1 : 3;
	if (strcmp(args[0], "meth") == 0)
		return set_method(c, h, args[1]) == -1 ? -1 : 2;
	if (strcmp(args[0], "uri") == 0)
		return set_uri(c, h, args[1]) == -1 ? -1 : 2;
	if (strcmp(args[0], "uri-lf") == 0)
		return (h->uri = step_format(c, args[1], LF_HTTP)) == NULL ? -1 : 2;
	if (strcmp(args[0], "ver") == 0)
		return set_version(c, h, args[1]) == -1 ? -1 : 2;
	if (strcmp(args[0], "body") == 0)
		return (h->body = plain_text(c, args[1])) == NULL ? -1 : 2;
	if (strcmp(args[0], "body-lf") == 0)
		return (h->body = step_format(c, args[1], 0)) == NULL ? -1 : 2;
	if (strcmp(args[0], "comment") == 0)
		return 2;
	diag_error(c->diag, "'http-check send' : expects 'meth', 'uri', 'uri-lf', 'ver', 'hdr', "
	    "'body', 'body-lf' or 'comment' (got '%s').", args[0]);
	return -1;
}

int
http_send_parse(struct cfg *c, struct http_send *h, char **args, int nargs)
{
	int used;

	for (; nargs > 0; args += used, nargs -= used)
		if ((used = send_word(c, h, args, nargs)) == -1)
			return -1;
	return 0;
}

static const char *
comment_of(char **args, int nargs)
{
	for (int i = 0; i + 1 < nargs; i++)
		if (strcmp(args[i], "comment") == 0)
			return args[i + 1];
	return NULL;
}

static int
send_rule(struct cfg *c, struct check_seq *q, char **args, int nargs)
{
	struct step *s = seq_add(c, q, STEP_SEND);
	struct http_send *h = arena_alloc(c->arena, sizeof(*h));

	s->comment = comment_of(args, nargs);
	s->u.send.http = h;
	return http_send_parse(c, h, args, nargs);
}

int
check_http_rule(struct cfg *c, struct check_seq *q, const char *word, char **args, int nargs)
{
	seq_hash(q, args - 1, nargs + 1);
	if (strcmp(word, "send") == 0)
		return send_rule(c, q, args, nargs);
	if (strcmp(word, "connect") == 0)
		return step_parse_connect(c, seq_add(c, q, STEP_CONNECT), "http-check", args,
		    nargs);
	if (strcmp(word, "expect") == 0)
		return step_parse_expect(c, seq_add(c, q, STEP_EXPECT), "http-check", args, nargs);
	if (strcmp(word, "comment") == 0)
		return check_comment_parse(c, seq_add(c, q, STEP_COMMENT), "http-check", args,
		    nargs);
	if (strncmp(word, "unset-var", 9) == 0)
		return step_parse_var(c, seq_add(c, q, STEP_UNSET_VAR), word, args, nargs);
	return step_parse_var(c, seq_add(c, q, STEP_SET_VAR), word, args, nargs);
}

/* ---- the sequence ---- */

static struct http_send *
merge(struct cfg *c, const struct http_send *option, const struct http_send *rule)
{
	struct http_send *h = arena_alloc(c->arena, sizeof(*h));

	if (option != NULL)
		*h = *option;
	if (rule == NULL)
		return h;
	if (rule->method != NULL)
		h->method = rule->method;
	if (rule->uri != NULL)
		h->uri = rule->uri;
	if (rule->version != NULL)
		h->version = rule->version;
	if (rule->fields != NULL)
		h->fields = rule->fields;
	if (rule->body != NULL)
		h->body = rule->body;
	return h;
}

static void
add_copy(struct cfg *c, struct check_seq *q, const struct step *s)
{
	struct step *copy = seq_add(c, q, (enum step_act)s->act);
	unsigned number = copy->number;

	*copy = *s;
	copy->next = NULL;
	copy->number = number;
}

/* Rules as written, the first request in its place and merged. */
static void
with_request(struct cfg *c, const struct check_proxy *cp, struct check_seq *q)
{
	const struct step *s = cp->http != NULL ? cp->http->first : NULL;
	bool has_sent = false;
	struct step *d;

	for (; s != NULL; s = s->next) {
		bool is_send = s->act == STEP_SEND;

		if (!has_sent && (is_send || s->act == STEP_EXPECT)) {
			if (!is_send)
				seq_add(c, q, STEP_SEND)->u.send.http =
				    merge(c, cp->request, NULL);
			has_sent = true;
			if (is_send) {
				add_copy(c, q, s);
				d = CONTAINER_OF(q->tail, struct step, next);
				d->u.send.http = merge(c, cp->request, s->u.send.http);
				continue;
			}
		}
		add_copy(c, q, s);
	}
	if (!has_sent)
		seq_add(c, q, STEP_SEND)->u.send.http = merge(c, cp->request, NULL);
}

struct check_seq *
http_seq_build(struct cfg *c, const struct check_proxy *cp)
{
	struct check_seq q;
	struct step *s;

	seq_init(&q, CHECK_HTTP, NULL);
	q.key = cp->http != NULL ? cp->http->key : 0;
	with_request(c, cp, &q);
	for (s = q.first; s != NULL; s = s->next)
		if (s->act == STEP_SEND && cp->sends_state)
			((struct http_send *)(uintptr_t)s->u.send.http)->sends_state = true;
	s = CONTAINER_OF(q.tail, struct step, next);
	if (s->act == STEP_SEND) {
		s = seq_add(c, &q, STEP_EXPECT);
		s->u.expect.kind = EXPECT_STATUS;
		for (unsigned i = 200; i < 400; i++)
			s->u.expect.wanted[i / 64] |= (uint64_t)1 << (i % 64);
	}
	return seq_compile(c, &q);
}

/* ---- the bytes ---- */

static bool
has_field(const struct http_send *h, const char *name)
{
	for (const struct http_field_conf *f = h->fields; f != NULL; f = f->next)
		if (str_ieq(str_of(f->name), str_of(name)))
			return true;
	return false;
}

/* "UP", "UP 2/3", "DOWN", "DOWN 1/2", "NOLB" */
static void
write_health(const struct check *chk, struct outbuf *b)
{
	unsigned rise = chk->conf->rise, fall = chk->conf->fall;

	if (!health_is_up(chk->live)) {
		outbuf_z(b, "DOWN");
		if (chk->health > 0)
			outbuf_fmt(b, " %u/%u", chk->health, rise);
		return;
	}
	outbuf_z(b, atomic_load(&chk->live->op_state) == SRV_OP_STOPPING ? "NOLB" : "UP");
	if (chk->health >= rise && chk->health < rise + fall - 1)
		outbuf_fmt(b, " %u/%u", chk->health - rise + 1, fall);
}

/* `http-check send-state` */
static void
write_state(const struct check *chk, struct outbuf *b)
{
	const struct server *srv = chk->srv;
	const struct proxy_live *be = srv->backend->live;
	const struct global *g = srv->backend->snap->global;
	unsigned total = 0;

	for (const struct server *s = srv->backend->server_list; s != NULL; s = s->next)
		if (atomic_load(&s->live->usable))
			total += atomic_load(&s->live->uweight);
	outbuf_z(b, "X-Haproxy-Server-State: ");
	write_health(chk, b);
	outbuf_fmt(b, "; address=%s; port=%u; name=%s/%s; node=%s; weight=%u/%u; scur=%u/%u; "
	    "qcur=%u\r\n", srv->addr_text, srv->has_port ? addr_port(&srv->addr) : 0,
	    srv->backend->name, srv->name, g->node != NULL ? g->node : "weir",
	    atomic_load(&chk->live->uweight), total, gauge_get(&chk->live->inflight),
	    gauge_get(&be->be_conn), atomic_load(&chk->live->queue.len));
}

static void
write_built(const struct logformat *f, struct sample_ctx *x, struct outbuf *b)
{
	size_t mark = eval_mark();
	struct str text = logformat_eval(f, x);

	if (text.p == NULL)
		b->overflow = true;
	else
		outbuf_mem(b, text.p, text.len);
	eval_release(mark);
}

static void
write_fields(const struct http_send *h, struct check *chk, struct sample_ctx *x, bool is_11,
    struct outbuf *b)
{
	const struct server *srv = chk->srv;

	if (is_11 && !has_field(h, "host"))
		outbuf_fmt(b, "host: %s\r\n", srv->addr.kind == ADDR_INET ||
		    srv->addr.kind == ADDR_INET6 ? srv->addr_text : "localhost");
	if (is_11 && !has_field(h, "connection"))
		outbuf_z(b, "connection: close\r\n");
	for (const struct http_field_conf *f = h->fields; f != NULL; f = f->next) {
		if (str_ieq(str_of(f->name), STR("content-length")) ||
		    str_ieq(str_of(f->name), STR("transfer-encoding")))
			continue;
		outbuf_fmt(b, "%s: ", f->name);
		write_built(f->value, x, b);
		outbuf_z(b, "\r\n");
	}
	if (h->sends_state)
		write_state(chk, b);
}

bool
http_send_write(const struct http_send *h, struct check *chk, struct outbuf *b)
{
	const char *version = h->version != NULL ? h->version : "HTTP/1.0";
	struct outbuf body;
	struct sample_ctx x;

	check_run_ctx(chk, &x);
	outbuf_fmt(b, "%s ", h->method != NULL ? h->method : "OPTIONS");
	if (h->uri != NULL)
		write_built(h->uri, &x, b);
	else
		outbuf_z(b, "/");
	outbuf_fmt(b, " %s\r\n", version);
	write_fields(h, chk, &x, strcmp(version, "HTTP/1.1") == 0, b);
	outbuf_init(&body, REQUEST_BYTES);
	if (h->body != NULL)
		write_built(h->body, &x, &body);
	if (body.len > 0)
		outbuf_fmt(b, "content-length: %zu\r\n", body.len);
	outbuf_z(b, "\r\n");
	outbuf_mem(b, body.data, body.len);
	outbuf_fini(&body);
	return !b->overflow;
}
