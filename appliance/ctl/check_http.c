/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `option httpchk`: one request on a connection of its own; the status of the
 * answer decides, its body is not read. The request is made once, when the
 * configuration is settled; a check sends those bytes.
 *
 * HTTP/1.1 wants a Host field: where none is written the server's address stands
 * there, for many servers refuse a request without. A request closes its
 * connection, so 1.1 says so too.
 *
 * Thread: control; parsing where the configuration is loaded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "ctl/check.h"
#include "http/h1.h"
#include "proxy/proxy.h"

#define HEAD_BYTES	16384
#define FIELDS		101
#define MAX_INTERIM	8	/* 1xx answers before the one that counts */
#define STATUS_LIMIT	640

struct http_check_field {
	struct http_check_field *next;
	const char	*name, *value;
};

struct http_check {
	const struct check_proxy *owner;
	const char	*method, *uri, *version;	/* NULL = not written */
	struct http_check_field *fields;	/* in order */
	struct str	 body;
	bool		 expects;	/* `expect status` was written */
	uint64_t	 wanted[STATUS_LIMIT / 64];
};

/* ---- configuration ---- */

static struct http_check *
http_own(struct cfg *c, struct check_proxy *cp)
{
	struct http_check *h;

	if (cp->http != NULL && cp->http->owner == cp)
		return cp->http;
	h = arena_alloc(c->arena, sizeof(*h));
	if (cp->http != NULL)
		*h = *cp->http;
	h->owner = cp;
	cp->http = h;
	return h;
}

/* At the end, in a list that is not shared with the defaults above. */
static void
field_add(struct cfg *c, struct http_check *h, const char *name, const char *value)
{
	struct http_check_field *list = NULL, **tail = &list, *f;

	for (f = h->fields; f != NULL; f = f->next) {
		*tail = arena_alloc(c->arena, sizeof(*f));
		**tail = (struct http_check_field){ NULL, f->name, f->value };
		tail = &(*tail)->next;
	}
	*tail = arena_alloc(c->arena, sizeof(*f));
	**tail = (struct http_check_field){ NULL, name, value };
	h->fields = list;
}

static int
field_parse(struct cfg *c, struct http_check *h, const char *name, const char *value)
{
	if (!http_token_is_valid(str_of(name))) {
		diag_error(c->diag, "'%s' is no name of a header field.", name);
		return -1;
	}
	if (!http_value_is_valid(str_of(value))) {
		diag_error(c->diag, "the value of '%s' holds bytes that no field may have.", name);
		return -1;
	}
	field_add(c, h, name, value);
	return 0;
}

static int
set_method(struct cfg *c, struct http_check *h, const char *word)
{
	if (!http_token_is_valid(str_of(word))) {
		diag_error(c->diag, "'%s' is no HTTP method.", word);
		return -1;
	}
	h->method = word;
	return 0;
}

static int
set_uri(struct cfg *c, struct http_check *h, const char *word)
{
	const unsigned char *p;

	for (p = (const unsigned char *)word; *p > ' ' && *p != 0x7f; p++)
		;
	if (*p != '\0' || *word == '\0') {
		diag_error(c->diag, "'%s' is no target of a request.", word);
		return -1;
	}
	h->uri = word;
	return 0;
}

/* The old way to write fields and a body: behind the version, after \r\n. */
static int
old_fields(struct cfg *c, struct http_check *h, char *text)
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
		h->body = str_of(text + 2);
	return 0;
}

static int
set_version(struct cfg *c, struct http_check *h, char *word)
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

static int
parse(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct http_check *h = http_own(c, cp);

	if (nargs > 3) {
		diag_error(c->diag, "'option httpchk' expects [<method>] [<uri>] [<version>].");
		return -1;
	}
	if (nargs == 0)
		return 0;
	h->version = NULL;
	if (nargs == 1)		/* a target alone */
		return set_uri(c, h, args[0]);
	if (set_method(c, h, args[0]) == -1 || set_uri(c, h, args[1]) == -1)
		return -1;
	return nargs == 3 ? set_version(c, h, args[2]) : 0;
}

/* One word of `http-check send` and its values; how many were used, or -1. */
static int
send_word(struct cfg *c, struct http_check *h, char **args, int nargs)
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
	if (strcmp(args[0], "ver") == 0)
		return set_version(c, h, args[1]) == -1 ? -1 : 2;
	if (strcmp(args[0], "body") == 0) {
		h->body = str_of(args[1]);
		return 2;
	}
	if (strcmp(args[0], "comment") == 0)
		return 2;
	diag_error(c->diag, "'http-check send' : '%s' is not built in this release; known: "
	    "'meth', 'uri', 'ver', 'hdr', 'body'.", args[0]);
	return -1;
}

int
check_http_send(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct http_check *h = http_own(c, cp);
	int used;

	h->fields = NULL;
	h->body = STR_NONE;
	for (; nargs > 0; args += used, nargs -= used)
		if ((used = send_word(c, h, args, nargs)) == -1)
			return -1;
	return 0;
}

static int
expect_range(struct cfg *c, struct http_check *h, struct str range)
{
	const char *dash = memchr(range.p, '-', range.len);
	struct str low = range, high = range;
	uint64_t from, to;

	if (dash != NULL) {
		low.len = (size_t)(dash - range.p);
		high = (struct str){ dash + 1, range.len - low.len - 1 };
	}
	if (!str_to_u64(low, &from) || !str_to_u64(high, &to) || from > to || from < 100 ||
	    to > 599) {
		diag_error(c->diag, "'http-check expect status' expects statuses from 100 to 599 "
		    "and ranges of them (got '" STR_FMT "').", STR_ARG(range));
		return -1;
	}
	for (; from <= to; from++)
		h->wanted[from / 64] |= (uint64_t)1 << (from % 64);
	return 0;
}

int
check_http_expect(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct http_check *h = http_own(c, cp);
	bool is_negated = nargs > 0 && strcmp(args[0], "!") == 0;
	struct str rest, range;

	args += is_negated;
	nargs -= is_negated;
	if (nargs != 2 || strcmp(args[0], "status") != 0) {
		diag_error(c->diag, "'http-check expect' : only '[!] status <codes>' is built in "
		    "this release.");
		return -1;
	}
	h->expects = true;
	memset(h->wanted, 0, sizeof(h->wanted));
	rest = str_of(args[1]);
	while (str_next_elem(&rest, ',', &range))
		if (expect_range(c, h, range) == -1)
			return -1;
	for (unsigned i = 0; is_negated && i < ARRAY_LEN(h->wanted); i++)
		h->wanted[i] = ~h->wanted[i];
	return 0;
}

/* ---- the request ---- */

static bool
has_field(const struct http_check *h, const char *name)
{
	for (const struct http_check_field *f = h->fields; f != NULL; f = f->next)
		if (str_ieq(str_of(f->name), str_of(name)))
			return true;
	return false;
}

static void
write_fields(const struct http_check *h, const struct server *srv, bool is_11, struct outbuf *b)
{
	if (is_11 && !has_field(h, "host"))
		outbuf_fmt(b, "host: %s\r\n", srv->addr.kind == ADDR_INET ||
		    srv->addr.kind == ADDR_INET6 ? srv->addr_text : "localhost");
	if (is_11 && !has_field(h, "connection"))
		outbuf_z(b, "connection: close\r\n");
	for (const struct http_check_field *f = h->fields; f != NULL; f = f->next)
		if (!str_ieq(str_of(f->name), STR("content-length")) &&
		    !str_ieq(str_of(f->name), STR("transfer-encoding")))
			outbuf_fmt(b, "%s: %s\r\n", f->name, f->value);
	if (h->body.len > 0)
		outbuf_fmt(b, "content-length: %zu\r\n", h->body.len);
	outbuf_z(b, "\r\n");
	if (h->body.len > 0)
		outbuf_mem(b, h->body.p, h->body.len);
}

int
check_http_settle(struct cfg *c, struct server *srv, struct check_conf *conf)
{
	static const struct http_check none;
	const struct http_check *h = conf->px->http != NULL ? conf->px->http : &none;
	const char *method = h->method != NULL ? h->method : "OPTIONS";
	const char *version = h->version != NULL ? h->version : "HTTP/1.0";
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_fmt(&b, "%s %s %s\r\n", method, h->uri != NULL ? h->uri : "/", version);
	write_fields(h, srv, strcmp(version, "HTTP/1.1") == 0, &b);
	conf->send = (struct str){ arena_strndup(c->arena, b.data, b.len), b.len };
	conf->key = conf->key * 31 + str_hash(conf->send);
	outbuf_fini(&b);
	return 0;
}

/* ---- the check ---- */

struct http_run {
	size_t		 sent;
	uint32_t	 len;		/* bytes in `in` that wait for the end of their line */
	unsigned	 ninterim;
	struct h1_parser parser;
	struct http_msg	 request, msg;
	struct http_field fields[FIELDS];
	char		 in[HEAD_BYTES];
	char		 text[HEAD_BYTES + FIELDS + H1_TEXT_SLACK];
};

static void
run_reset(struct http_run *r)
{
	h1_parser_init(&r->parser, true);
	http_msg_init(&r->msg, r->text, sizeof(r->text), r->fields, FIELDS);
}

static struct http_run *
run_new(const struct check_conf *conf)
{
	struct http_run *r = xmalloc(sizeof(*r));
	const char *method = conf->send.p;

	memset(r, 0, offsetof(struct http_run, fields));
	r->request.method = (uint8_t)http_method_of((struct str){ method,
	    strcspn(method, " ") });
	r->request.version = 10;
	run_reset(r);
	return r;
}

static bool
is_wanted(const struct check *chk, unsigned status)
{
	const struct http_check *h = chk->conf->px->http;

	if (h == NULL || !h->expects)
		return status >= 200 && status < 400;
	return h->wanted[status / 64 % ARRAY_LEN(h->wanted)] & ((uint64_t)1 << (status % 64));
}

/* The text of a wrong status is the reason phrase. */
static void
judge(struct check *chk)
{
	const struct http_msg *m = &chk->http->msg;
	struct str reason = http_str(m, m->reason);
	char text[CHECK_TEXT_BYTES];
	struct out o;

	if (is_wanted(chk, m->status)) {
		check_done(chk, CHECK_S_L7OK, m->status, NULL);
		return;
	}
	if (reason.len > sizeof(text) - 1)
		reason.len = sizeof(text) - 1;
	out_init(&o, text, sizeof(text) - 1);
	out_str(&o, reason);
	*o.p = '\0';
	check_done(chk, CHECK_S_L7STS, m->status, text);
}

/* Feed what is there; true when the check has ended. */
static bool
parse_more(struct check *chk)
{
	static const struct h1_limits limits = { .head_bytes = HEAD_BYTES, .fields = FIELDS };
	struct http_run *r = chk->http;
	enum h1_result result;
	size_t used;

	do {
		result = h1_parse(&r->parser, &r->msg, &r->request, &limits, r->in, r->len, &used);
		r->len -= (uint32_t)used;
		memmove(r->in, r->in + used, r->len);
		if (result == H1_MORE)
			return false;
		if (result != H1_DONE) {
			check_done(chk, CHECK_S_L7RSP, 0, NULL);
			return true;
		}
		if (r->msg.status >= 200 || r->msg.status == 101) {
			judge(chk);
			return true;
		}
		run_reset(r);
	} while (++r->ninterim <= MAX_INTERIM);
	check_done(chk, CHECK_S_L7RSP, 0, NULL);
	return true;
}

static void
receive(struct check *chk)
{
	struct http_run *r = chk->http;
	ssize_t n;

	while (conn_can_read(&chk->conn)) {
		n = conn_recv(&chk->conn, r->in + r->len, sizeof(r->in) - r->len);
		if (n > 0) {
			r->len += (uint32_t)n;
			if (parse_more(chk))
				return;
		} else if (n == 0) {
			check_done(chk, CHECK_S_L7RSP, 0, NULL);
			return;
		} else if (chk->conn.flags & CONN_ERROR) {
			check_conn_failed(chk, chk->conn.error);
			return;
		}
	}
}

static void
on_io(struct check *chk)
{
	struct http_run *r = chk->http;
	struct str left = { chk->conf->send.p + r->sent, chk->conf->send.len - r->sent };
	struct iovec iov = { (void *)(uintptr_t)left.p, left.len };
	ssize_t n;

	if (left.len > 0 && conn_can_write(&chk->conn)) {
		n = conn_sendv(&chk->conn, &iov, 1);
		if (n < 0) {
			check_conn_failed(chk, chk->conn.error);
			return;
		}
		r->sent += (size_t)n;
	}
	receive(chk);
}

static void
on_ready(struct check *chk)
{
	chk->http = run_new(chk->conf);
	on_io(chk);
}

static void
start(struct check *chk)
{
	check_conn_open(chk, on_ready, on_io);
}

static void
cancel(struct check *chk)
{
	check_conn_close(chk, false);
	free(chk->http);
	chk->http = NULL;
}

const struct check_type check_type_http = {
	.name = "http", .parse = parse, .start = start, .cancel = cancel,
	.timed_out = check_conn_timed_out,
};

const struct module mod_check_http = { .name = "check_http", .check = &check_type_http };
