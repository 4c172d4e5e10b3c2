/* SPDX-License-Identifier: BSD-2-Clause */
/* msg.c: finding and changing fields; names, methods, reasons. */
#include <stdlib.h>

#include "h1_feed.h"
#include "tap.h"

static const char head[] =
	"GET /p?q HTTP/1.1\r\nHost: a\r\nX-A: 1, Two\r\nCookie: c\r\nx-a: three\r\n\r\n";

static void
is_sent(const struct http_msg *m, const char *want)
{
	char out[1024];

	is_mem(out, fed_out(m, out, sizeof(out)), want, strlen(want));
}

static void
test_find(struct http_msg *m)
{
	struct http_field *f = http_find(m, STR("x-a"), NULL);

	ok(f != NULL && str_is(http_field_value(m, f), "1, Two"));
	f = http_find(m, STR("x-a"), f);
	ok(f != NULL && str_is(http_field_value(m, f), "three"));
	ok(http_find(m, STR("x-a"), f) == NULL);
	ok(http_find(m, STR("x-b"), NULL) == NULL);
	ok(str_is(http_field_value(m, http_find_id(m, HTTP_N_COOKIE, NULL)), "c"));
	ok(str_is(http_field_name(m, http_find(m, STR("cookie"), NULL)), "cookie"));
	ok(http_has_token(m, HTTP_N_HOST, STR("A")));
	ok(!http_has_token(m, HTTP_N_COOKIE, STR("d")));
}

static void
test_change(struct http_msg *m)
{
	ok(http_append(m, STR("X-New"), STR(" v \t"), HTTP_FIELD_ADDED));
	ok(http_set(m, STR("X-A"), STR("set")));
	is_int(http_del(m, STR("cookie")), 1);
	is_int(http_del(m, STR("cookie")), 0);
	is_sent(m, "GET /p?q HTTP/1.1\r\nhost: a\r\nx-new: v\r\nx-a: set\r\n\r\n");
	ok(http_set_target(m, STR("/new")));
	ok(http_set_method(m, STR("PUT")));
	is_int(m->method, HTTP_M_PUT);
	ok(http_append(m, STR("host"), STR("b"), 0));
	ok(str_is(http_str(m, m->authority), "b"));
	is_sent(m, "PUT /new HTTP/1.1\r\nx-new: v\r\nx-a: set\r\nhost: b\r\n\r\n");
	http_del_id(m, HTTP_N_HOST);
	ok(!(m->flags & HTTP_F_HOST));
}

static void
test_refuse(struct http_msg *m)
{
	uint16_t n = m->nfields;
	uint32_t len = m->len;

	ok(!http_append(m, STR("x y"), STR("v"), 0));
	ok(!http_append(m, STR(""), STR("v"), 0));
	ok(!http_append(m, STR("x"), STR("a\r\nb: c"), 0));
	ok(!http_append(m, STR("x"), (struct str){ "\0", 1 }, 0));
	ok(!http_set_target(m, STR("/a b")));
	ok(!http_set_target(m, STR("/a#b")));
	ok(!http_set_target(m, STR("/a|b")));
	ok(!http_set_target(m, STR("a")));
	ok(!http_set_target(m, STR("")));
	ok(!http_set_method(m, STR("G T")));
	ok(!http_set_method(m, STR("")));
	ok(!http_set_status(m, 99, STR("x")));
	ok(!http_set_status(m, 600, STR("x")));
	ok(!http_set_status(m, 200, STR("x\r\n")));
	ok(m->nfields == n && m->len == len);
	m->cap = m->len + 10;
	ok(!http_append(m, STR("x"), STR("12345678"), 0));
	ok(!http_set(m, STR("x-a"), STR("12345678")));
	ok(http_find(m, STR("x-a"), NULL) != NULL);
	ok(!http_set_target(m, STR("/123456789012345")));
}

/* Framing that rules write is not sent. */
static void
test_framing(void)
{
	struct fed f;

	fed_init(&f, false, 1024, 16);
	feed(&f, NULL, &feed_limits, head, sizeof(head) - 1, FEED_WHOLE);
	ok(http_append(&f.m, STR("Content-Length"), STR("7"), 0));
	ok(http_append(&f.m, STR("Transfer-Encoding"), STR("chunked"), 0));
	ok(http_find_id(&f.m, HTTP_N_CONTENT_LENGTH, NULL) != NULL);
	is_sent(&f.m,
	    "GET /p?q HTTP/1.1\r\nhost: a\r\nx-a: 1, Two\r\ncookie: c\r\nx-a: three\r\n\r\n");
	fed_fini(&f);
}

static void
test_words(void)
{
	enum http_name id;
	int m;

	for (id = HTTP_N_HOST; id < HTTP_N_MAX; id++)
		if (http_name_of(http_name_text(id).p, http_name_text(id).len) != id)
			fail("name %s", http_name_text(id).p);
	is_int(http_name_of("hosts", 5), HTTP_N_OTHER);
	is_int(http_name_of("", 0), HTTP_N_OTHER);
	for (m = HTTP_M_GET; m <= HTTP_M_PATCH; m++)
		if ((int)http_method_of(http_method_name((enum http_method)m)) != m)
			fail("method %d", m);
	is_int(http_method_of(STR("get")), HTTP_M_OTHER);
	ok(http_method_is_idempotent(HTTP_M_PUT) && !http_method_is_idempotent(HTTP_M_POST));
	ok(!http_method_is_idempotent(HTTP_M_OTHER));
	is_str(http_status_reason(400), "Bad request");
	is_str(http_status_reason(499), "Client Error");
	is_str(http_status_reason(200), "OK");
}

int
main(void)
{
	struct fed f;

	fed_init(&f, false, 1024, 16);
	feed(&f, NULL, &feed_limits, head, sizeof(head) - 1, FEED_WHOLE);
	if (!is_int(f.r, H1_DONE))
		return tap_done();
	test_find(&f.m);
	test_change(&f.m);
	test_refuse(&f.m);
	fed_fini(&f);
	test_framing();
	test_words();
	return tap_done();
}
