/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_response.c: responses: the rows of t/data/bad_responses.txt, each fed
 * whole, byte by byte and cut in two; framing by method and status; 101.
 */
#include "h1_feed.h"
#include "tap.h"

static struct row row;

static void
parse(struct fed *f, const struct http_msg *request, const char *data, size_t len, size_t cut)
{
	fed_init(f, true, 256, 4);
	feed(f, request, &feed_limits, data, len, cut);
}

/* A request as its parser leaves it */
static void
make_request(struct fed *f, const char *data)
{
	fed_init(f, false, 1024, 16);
	feed(f, NULL, &feed_limits, data, strlen(data), FEED_WHOLE);
	if (f->r != H1_DONE)
		abort();
}

static const char *
splits_differ(const struct fed *whole, const struct http_msg *request, const char *data,
    size_t len)
{
	size_t cut, step = len / 64 + 1;
	const char *diff;
	struct fed f;

	parse(&f, request, data, len, FEED_BYTES);
	diff = fed_differs(whole, &f);
	fed_fini(&f);
	for (cut = 1; cut < len && diff == NULL; cut += cut < 64 ? 1 : step) {
		parse(&f, request, data, len, cut);
		diff = fed_differs(whole, &f);
		fed_fini(&f);
	}
	return diff;
}

static void
test_rows(const char *scanner)
{
	FILE *file = fopen("t/data/bad_responses.txt", "r");
	int n = 0, wrong = 0, got;
	struct fed f, request;
	const char *diff;

	if (file == NULL) {
		fail("t/data/bad_responses.txt: run from the root of the tree");
		return;
	}
	feed_use(scanner);
	make_request(&request, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	for (; row_next(file, &row); n++) {
		parse(&f, &request.m, row.bytes, row.len, FEED_WHOLE);
		/* what is not a complete head yet is cut off by the end */
		got = f.r == H1_DONE ? 200 : 502;
		diff = splits_differ(&f, &request.m, row.bytes, row.len);
		if (got != row.status || diff != NULL) {
			wrong++;
			fail("%s, %s: got %d %s, want %d, in pieces another %s", scanner, row.name,
			    got, h1_error_text((enum h1_error)f.p.error), row.status,
			    diff != NULL ? diff : "nothing");
		}
		fed_fini(&f);
	}
	fed_fini(&request);
	fclose(file);
	ok_named(n >= 60 && wrong == 0, "%d rows, scanner %s", n, scanner);
}

/* ---- framing, RFC 9112 section 6.3 ---- */

#define CHUNKED	"Transfer-Encoding: chunked\r\n"
#define LENGTH	"Content-Length: 5\r\n"

static const struct {
	const char	*method, *response;
	int		 body;		/* -1 = refused */
	const char	*out;		/* NULL = not looked at */
} framing[] = {
	{ "GET", "HTTP/1.1 200 OK\r\n" LENGTH, HTTP_BODY_LENGTH,
	  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n" },
	{ "GET", "HTTP/1.1 200 OK\r\n" CHUNKED, HTTP_BODY_CHUNKED,
	  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" },
	{ "GET", "HTTP/1.1 200\r\n", HTTP_BODY_CLOSE, "HTTP/1.1 200 \r\n\r\n" },
	{ "GET", "HTTP/1.0 200 OK\r\n" LENGTH, HTTP_BODY_LENGTH,
	  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n" },
	{ "HEAD", "HTTP/1.1 200 OK\r\n" LENGTH, HTTP_BODY_NONE,
	  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n" },
	{ "HEAD", "HTTP/1.1 200 OK\r\n" CHUNKED, HTTP_BODY_NONE, "HTTP/1.1 200 OK\r\n\r\n" },
	{ "GET", "HTTP/1.1 204 x\r\n" LENGTH, HTTP_BODY_NONE, "HTTP/1.1 204 x\r\n\r\n" },
	{ "GET", "HTTP/1.1 204 x\r\n" CHUNKED, HTTP_BODY_NONE, "HTTP/1.1 204 x\r\n\r\n" },
	{ "GET", "HTTP/1.1 100 x\r\n" LENGTH, HTTP_BODY_NONE, "HTTP/1.1 100 x\r\n\r\n" },
	{ "GET", "HTTP/1.1 103 x\r\n" CHUNKED, HTTP_BODY_NONE, "HTTP/1.1 103 x\r\n\r\n" },
	{ "GET", "HTTP/1.1 304 x\r\n" LENGTH, HTTP_BODY_NONE,
	  "HTTP/1.1 304 x\r\ncontent-length: 5\r\n\r\n" },
	{ "GET", "HTTP/1.1 304 x\r\n" CHUNKED, HTTP_BODY_NONE, "HTTP/1.1 304 x\r\n\r\n" },
	{ "CONNECT", "HTTP/1.1 200 x\r\n" LENGTH, HTTP_BODY_TUNNEL, "HTTP/1.1 200 x\r\n\r\n" },
	{ "CONNECT", "HTTP/1.1 299 x\r\n" CHUNKED, HTTP_BODY_TUNNEL, "HTTP/1.1 299 x\r\n\r\n" },
	{ "CONNECT", "HTTP/1.1 403 x\r\n" LENGTH, HTTP_BODY_LENGTH, NULL },
	{ "GET", "HTTP/1.1 200 x\r\nConnection: close, y\r\nY: 1\r\nUpgrade: h2\r\n" LENGTH,
	  HTTP_BODY_LENGTH, "HTTP/1.1 200 x\r\ncontent-length: 5\r\nconnection: close\r\n\r\n" },
	{ "GET", "HTTP/1.1 204 x\r\nContent-Length: x\r\n", -1, NULL },
	{ "HEAD", "HTTP/1.1 200 x\r\n" LENGTH LENGTH, -1, NULL },
};

static void
test_framing(void)
{
	char data[256], out[512];
	struct fed request, f;
	size_t i;

	for (i = 0; i < sizeof(framing) / sizeof(framing[0]); i++) {
		snprintf(data, sizeof(data), "%s %s HTTP/1.1\r\nHost: a:1\r\n\r\n",
		    framing[i].method, strcmp(framing[i].method, "CONNECT") == 0 ? "a:1" : "/");
		make_request(&request, data);
		snprintf(data, sizeof(data), "%s\r\n", framing[i].response);
		parse(&f, &request.m, data, strlen(data), FEED_WHOLE);
		is_int(f.r == H1_DONE ? f.m.body : -1, framing[i].body);
		if (framing[i].out != NULL)
			is_mem(out, fed_out(&f.m, out, sizeof(out)), framing[i].out,
			    strlen(framing[i].out));
		fed_fini(&f);
		fed_fini(&request);
	}
}

#define ASK	"Connection: upgrade\r\nUpgrade: websocket, foo/1\r\n"

static const struct {
	const char	*request, *response;
	bool		 good;
} upgrades[] = {
	{ ASK, "Connection: Upgrade\r\nUpgrade: WebSocket\r\n", true },
	{ ASK, "Connection: Upgrade\r\nUpgrade: foo/1\r\n", true },
	{ ASK, "Connection: Upgrade\r\nUpgrade: websocket\r\n" LENGTH, true },
	{ ASK, "Connection: Upgrade\r\nUpgrade: bar\r\n", false },
	{ ASK, "Connection: Upgrade\r\nUpgrade: websocket, bar\r\n", false },
	{ ASK, "Connection: Upgrade\r\n", false },
	{ ASK, "Connection: Upgrade\r\nUpgrade:\r\n", false },
	{ ASK, "Upgrade: websocket\r\n", false },
	{ "", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false },
	{ "Upgrade: websocket\r\n", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false },
	{ "Connection: upgrade\r\nUpgrade: h2c\r\n",
	  "Connection: Upgrade\r\nUpgrade: h2c\r\n", false },
};

static void
test_upgrade(void)
{
	char data[512];
	struct fed request, f;
	size_t i;

	for (i = 0; i < sizeof(upgrades) / sizeof(upgrades[0]); i++) {
		snprintf(data, sizeof(data), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n",
		    upgrades[i].request);
		make_request(&request, data);
		snprintf(data, sizeof(data), "HTTP/1.1 101 x\r\n%s\r\n", upgrades[i].response);
		parse(&f, &request.m, data, strlen(data), FEED_WHOLE);
		ok_named((f.r == H1_DONE) == upgrades[i].good, "101 number %zu", i);
		if (f.r == H1_DONE)
			ok(f.m.body == HTTP_BODY_TUNNEL && f.m.flags & HTTP_F_UPGRADE &&
			    !(f.m.flags & HTTP_F_HAS_LENGTH));
		else
			is_int(f.p.error, H1_E_UPGRADE);
		fed_fini(&f);
		/* never without a request to compare with */
		parse(&f, NULL, data, strlen(data), FEED_WHOLE);
		is_int(f.r, H1_ERROR);
		fed_fini(&f);
		fed_fini(&request);
	}
}

static void
test_flags_and_spans(void)
{
	static const char data[] = "HTTP/1.0 404 Not here\r\nConnection: keep-alive\r\n\r\n";
	struct fed f;

	parse(&f, NULL, data, sizeof(data) - 1, FEED_WHOLE);
	is_int(f.r, H1_DONE);
	is_int(f.m.status, 404);
	is_int(f.m.version, 10);
	ok(str_is(http_str(&f.m, f.m.reason), "Not here"));
	is_u64(f.m.flags, HTTP_F_KEEP_ALIVE);
	fed_fini(&f);
}

static void
test_limits(void)
{
	static char big[70000];
	struct fed f;

	memset(big, 'a', sizeof(big));
	parse(&f, NULL, big, sizeof(big), FEED_WHOLE);
	ok(f.r == H1_ERROR && f.p.error == H1_E_HEAD_TOO_LARGE);
	fed_fini(&f);
	memcpy(big, "HTTP/1.1 200 ", 13);
	parse(&f, NULL, big, sizeof(big), FEED_BYTES);
	ok(f.r == H1_ERROR && f.p.error == H1_E_HEAD_TOO_LARGE);
	fed_fini(&f);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < 3; i++)
		test_rows(feed_scanners[i]);
	feed_use("avx2");
	test_framing();
	test_upgrade();
	test_flags_and_spans();
	test_limits();
	return tap_done();
}
