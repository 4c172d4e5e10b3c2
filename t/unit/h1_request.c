/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_request.c: requests: the rows of t/data/bad_requests.txt, each fed whole,
 * byte by byte and cut in two; what is sent on; flags; limits.
 */
#include "h1_feed.h"
#include "tap.h"

static struct row row;

static void
parse(struct fed *f, const char *data, size_t len, size_t cut)
{
	fed_init(f, false, 256, 4);
	feed(f, NULL, &feed_limits, data, len, cut);
}

static int
status_of(const struct fed *f)
{
	if (f->r == H1_DONE)
		return 200;
	return f->r == H1_ERROR ? (int)h1_error_status((enum h1_error)f->p.error) : 0;
}

/* NULL, or what differs when the same bytes come in pieces */
static const char *
splits_differ(const struct fed *whole, const char *data, size_t len)
{
	size_t cut, step = len / 16 + 1;
	const char *diff;
	struct fed f;

	parse(&f, data, len, FEED_BYTES);
	diff = fed_differs(whole, &f);
	fed_fini(&f);
	for (cut = 1; cut < len && diff == NULL; cut += cut < 64 ? 1 : step) {
		parse(&f, data, len, cut);
		diff = fed_differs(whole, &f);
		fed_fini(&f);
	}
	return diff;
}

static void
test_rows(const char *scanner)
{
	FILE *file = fopen("t/data/bad_requests.txt", "r");
	int n = 0, wrong = 0;
	const char *diff;
	struct fed f;

	if (file == NULL) {
		fail("t/data/bad_requests.txt: run from the root of the tree");
		return;
	}
	feed_use(scanner);
	for (; row_next(file, &row); n++) {
		parse(&f, row.bytes, row.len, FEED_WHOLE);
		if (status_of(&f) != row.status) {
			wrong++;
			fail("%s, %s: got %d %s, want %d", scanner, row.name, status_of(&f),
			    h1_error_text((enum h1_error)f.p.error), row.status);
		}
		diff = splits_differ(&f, row.bytes, row.len);
		if (diff != NULL) {
			wrong++;
			fail("%s, %s: in pieces another %s", scanner, row.name, diff);
		}
		fed_fini(&f);
	}
	fclose(file);
	ok_named(n >= 150 && wrong == 0, "%d rows, scanner %s", n, scanner);
}

static const char long_name[] = "X-Abcdefghijklmnopqrstuvwxyz0123456789abc";
static const char long_value[] =
	"0123456789 abcdefghijklmnopqrstuvwxyz,0123456789 abcdefghijk"
	"lmnopqrstuvwxyz,0123456789 abcdefghijklmnopqrstuvwxyz";

/* All scanners understand the same: on the rows, and on lines of all lengths. */
static void
test_scanners_agree(void)
{
	struct fed f[3];
	char data[512];
	size_t i, name, value;
	int wrong = 0, len;

	for (name = 1; name < 40; name++) {
		for (value = 0; value < 100; value += 1 + value / 20) {
			len = snprintf(data, sizeof(data), "GET / HTTP/1.0\r\n%.*s:%s%.*s\r\n\r\n",
			    (int)name, long_name, value % 2 ? " " : "", (int)value, long_value);
			for (i = 0; i < 3; i++) {
				feed_use(feed_scanners[i]);
				parse(&f[i], data, (size_t)len, FEED_WHOLE);
			}
			wrong += f[0].r != H1_DONE || fed_differs(&f[0], &f[1]) != NULL ||
			    fed_differs(&f[0], &f[2]) != NULL;
			for (i = 0; i < 3; i++)
				fed_fini(&f[i]);
		}
	}
	is_int(wrong, 0);
}

static bool
is_token_byte(int c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	    (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Each byte at each place of a name and of a value: as the tables say. */
static void
test_every_byte(const char *scanner)
{
	static const char head[] = "GET / HTTP/1.0\r\nX-aaaaaaaaaaaaaa: "
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\ncccccc: d\r\n\r\n";
	char data[sizeof(head)];
	int c, wrong = 0;
	size_t place;
	struct fed f;
	bool good;

	feed_use(scanner);
	for (c = 0; c < 256; c++) {
		for (place = 16; place < 60; place++) {
			if (place == 32 || place == 33)
				continue;
			memcpy(data, head, sizeof(head));
			data[place] = (char)c;
			if (place < 32)
				good = is_token_byte(c) || (c == ':' && place > 16);
			else
				good = c == '\t' || (c >= 32 && c != 127);
			parse(&f, data, sizeof(head) - 1, FEED_WHOLE);
			wrong += (f.r == H1_DONE) != good;
			fed_fini(&f);
		}
	}
	ok_named(wrong == 0, "every byte, scanner %s: %d wrong", scanner, wrong);
}

/* ---- what is sent on ---- */

static const struct {
	const char *in, *out;
} canonical[] = {
	{ "GET / HTTP/1.1\r\nHOST:  a \t\r\nX-A:b\r\n\r\n",
	  "GET / HTTP/1.1\r\nhost: a\r\nx-a: b\r\n\r\n" },
	{ "\r\nGET / HTTP/1.7\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n" },
	{ "GET / HTTP/1.0\r\nX: 1\r\n\r\n", "GET / HTTP/1.0\r\nx: 1\r\n\r\n" },
	{ "GET http://A:80/p?q HTTP/1.1\r\nHost: a\r\n\r\n",
	  "GET /p?q HTTP/1.1\r\nhost: a\r\n\r\n" },
	{ "GET http://a?q HTTP/1.0\r\n\r\n", "GET /?q HTTP/1.1\r\nhost: a\r\n\r\n" },
	{ "GET https://a HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n" },
	{ "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
	  "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n" },
	{ "CONNECT a:25 HTTP/1.1\r\nHost: a:25\r\n\r\n",
	  "CONNECT a:25 HTTP/1.1\r\nhost: a:25\r\n\r\n" },
	{ "POST / HTTP/1.1\r\nContent-Length: 00005\r\nHost: a\r\n\r\n",
	  "POST / HTTP/1.1\r\ncontent-length: 5\r\nhost: a\r\n\r\n" },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n",
	  "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Foo, Host ,content-length\r\nX-FOO: 1\r\n"
	  "Connection:\tcookie,x-forwarded-for,,\r\nCookie: b\r\nX-Forwarded-For: c\r\n"
	  "Content-Length: 3\r\nKeep-Alive: 1\r\nTE: trailers\r\nTrailer: x\r\n"
	  "Proxy-Connection: y\r\n\r\n",
	  "GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: c\r\ncontent-length: 3\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	  "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
	  "Connection: keep-alive, Upgrade\r\n\r\n",
	  "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
	  "GET / HTTP/1.1\r\nhost: a\r\n\r\n" },
	{ "GET / HTTP/1.0\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
	  "GET / HTTP/1.1\r\nhost: a\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket, h2c\r\nConnection: upgrade\r\n"
	  "HTTP2-Settings: AA\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n" },
	{ "GET / HTTP/1.1\r\nHost: a\r\n"
	  "Connection: a,b,c,d,e,f,g,h,i,Jj,k,host\r\nA: 1\r\njJ: 2\r\n"
	  "L: 3\r\nK: 4\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\nl: 3\r\n\r\n" },
};

static void
test_canonical(void)
{
	char out[4096];
	struct fed f;
	size_t i;

	for (i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		parse(&f, canonical[i].in, strlen(canonical[i].in), FEED_WHOLE);
		if (f.r != H1_DONE)
			fail("canonical %zu: %s", i, h1_error_text((enum h1_error)f.p.error));
		else
			is_mem(out, fed_out(&f.m, out, sizeof(out)), canonical[i].out,
			    strlen(canonical[i].out));
		fed_fini(&f);
	}
}

static const struct {
	const char *fields;
	uint32_t flags;
	uint8_t body;
} flagged[] = {
	{ " HTTP/1.1\r\nHost: a\r\n", HTTP_F_HOST | HTTP_F_KEEP_ALIVE, HTTP_BODY_NONE },
	{ " HTTP/1.0\r\n", 0, HTTP_BODY_NONE },
	{ " HTTP/1.0\r\nConnection: Keep-Alive\r\n", HTTP_F_KEEP_ALIVE, HTTP_BODY_NONE },
	{ " HTTP/1.0\r\nConnection: keep-alive, close\r\n", HTTP_F_CLOSE, HTTP_BODY_NONE },
	{ " HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n", HTTP_F_HOST | HTTP_F_CLOSE,
	  HTTP_BODY_NONE },
	{ " HTTP/1.0\r\nExpect: 100-continue\r\n", 0, HTTP_BODY_NONE },
	{ " HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n",
	  HTTP_F_HOST | HTTP_F_KEEP_ALIVE | HTTP_F_EXPECT_100, HTTP_BODY_NONE },
	{ " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n",
	  HTTP_F_HOST | HTTP_F_KEEP_ALIVE | HTTP_F_EXPECT_BAD, HTTP_BODY_NONE },
	{ " HTTP/1.0\r\nContent-Length: 7\r\n", HTTP_F_HAS_LENGTH, HTTP_BODY_LENGTH },
	{ " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
	  HTTP_F_HOST | HTTP_F_KEEP_ALIVE, HTTP_BODY_CHUNKED },
	{ " HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
	  HTTP_F_HOST | HTTP_F_KEEP_ALIVE | HTTP_F_UPGRADE, HTTP_BODY_NONE },
	{ " HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: H2C\r\n",
	  HTTP_F_HOST | HTTP_F_KEEP_ALIVE, HTTP_BODY_NONE },
};

static void
test_flags(void)
{
	char data[512];
	struct fed f;
	size_t i;

	for (i = 0; i < sizeof(flagged) / sizeof(flagged[0]); i++) {
		snprintf(data, sizeof(data), "GET /%s\r\n", flagged[i].fields);
		parse(&f, data, strlen(data), FEED_WHOLE);
		if (!ok_named(f.r == H1_DONE && f.m.flags == flagged[i].flags &&
		    f.m.body == flagged[i].body, "flags %zu", i))
			tap_diag("%x %u for %s", f.m.flags, f.m.body, data);
		fed_fini(&f);
	}
}

static void
test_spans(void)
{
	static const char data[] =
	    "DELETE http://U.b:81/p/a?q=1&r HTTP/1.1\r\nHost: u.b:81\r\n\r\nGET";
	struct fed f;

	parse(&f, data, sizeof(data) - 1, FEED_WHOLE);
	is_int(f.r, H1_DONE);
	is_u64(f.used, sizeof(data) - 4);
	is_int(f.m.method, HTTP_M_DELETE);
	ok(str_is(http_str(&f.m, f.m.method_text), "DELETE"));
	ok(str_is(http_str(&f.m, f.m.target), "/p/a?q=1&r"));
	ok(str_is(http_str(&f.m, f.m.authority), "u.b:81"));
	ok(str_is(http_path(&f.m), "/p/a"));
	ok(str_is(http_query(&f.m), "q=1&r"));
	ok(f.m.flags & HTTP_F_ABSOLUTE);
	fed_fini(&f);
}

static void
test_unsafe(void)
{
	struct h1_limits lim = feed_limits;
	static const struct { const char *target; bool good; } rows[] = {
		{ "/a|b", true }, { "/\\<>\"^{}|`", true }, { "/\xc3\xa4", true },
		{ "/a#b", false }, { "/\xc3#", false }, { "/a\x7f", false },
		{ "/a b", false }, { "/aaaaaaaaaaaaaaaaaaaaa|#", false },
	};
	char data[128];
	struct fed f;
	size_t i;

	lim.unsafe_target = true;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(data, sizeof(data), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", rows[i].target);
		fed_init(&f, false, 256, 4);
		feed(&f, NULL, &lim, data, strlen(data), FEED_WHOLE);
		ok_named((f.r == H1_DONE) == rows[i].good, "unsafe %s", rows[i].target);
		if (f.r == H1_DONE)
			ok(f.m.flags & HTTP_F_UNSAFE &&
			    str_is(http_str(&f.m, f.m.target), rows[i].target));
		fed_fini(&f);
	}
}

/* ---- limits ---- */

static char big[131072];

/* prefix, n times c, suffix */
static size_t
fill(const char *prefix, int c, size_t n, const char *suffix)
{
	size_t len = strlen(prefix);

	memcpy(big, prefix, len);
	memset(big + len, c, n);
	strcpy(big + len + n, suffix);
	return len + n + strlen(suffix);
}

static void
is_refused(size_t len, enum h1_error want, const char *name)
{
	static const struct h1_limits small = { .head_bytes = 2048, .fields = 101 };
	struct fed f;

	parse(&f, big, len, FEED_WHOLE);
	if (!ok_named(f.r == H1_ERROR && f.p.error == want, "%s", name))
		tap_diag("%d %s", f.r, h1_error_text((enum h1_error)f.p.error));
	ok_named(f.m.cap <= 2 * (feed_limits.head_bytes + 256), "%s: memory %u", name, f.m.cap);
	fed_fini(&f);
	fed_init(&f, false, 256, 4);
	feed(&f, NULL, &small, big, len < 3000 ? len : 3000, FEED_BYTES);
	ok_named(f.r == H1_ERROR && f.p.error == want, "%s, byte by byte", name);
	fed_fini(&f);
}

static void
test_limits(void)
{
	const char *head = "GET / HTTP/1.1\r\nHost: a\r\n";
	struct fed f;
	size_t len, i;

	is_refused(fill("GET /", 'a', 65536, " HTTP/1.1\r\n\r\n"), H1_E_URI_TOO_LONG,
	    "64 KiB target");
	is_refused(fill("", 'A', 65536, " / HTTP/1.1\r\n\r\n"), H1_E_URI_TOO_LONG, "64 KiB method");
	is_refused(fill("GET / HTTP/1.1\r\nHost: a\r\nX: ", 'a', 65536, "\r\n\r\n"),
	    H1_E_HEAD_TOO_LARGE, "64 KiB value");
	is_refused(fill("GET / HTTP/1.1\r\nHost: a\r\n", 'a', 65536, ": 1\r\n\r\n"),
	    H1_E_HEAD_TOO_LARGE, "64 KiB name");
	is_refused(fill("", 'a', 100000, ""), H1_E_URI_TOO_LONG, "no LF");
	for (i = 0; i < 32768; i++)
		memcpy(big + 2 * i, "\r\n", 2);
	is_refused(65536, H1_E_HEAD_TOO_LARGE, "empty lines");
	for (i = 0, len = strlen(strcpy(big, head)); i < 20000; i++)
		len += (size_t)sprintf(big + len, "b:\r\n");
	is_refused(len, H1_E_TOO_MANY_FIELDS, "20,000 fields");

	/* exactly at the limit, and one more; what lies behind does not count */
	len = fill("GET / HTTP/1.1\r\nHost: a\r\nX: ", 'a', 16384 - 32, "\r\n\r\n");
	is_u64(len, 16384);
	memset(big + len, 'z', 1000);
	parse(&f, big, len + 1000, FEED_WHOLE);
	ok(f.r == H1_DONE && f.used == 16384);
	fed_fini(&f);
	is_refused(fill("GET / HTTP/1.1\r\nHost: a\r\nX: ", 'a', 16384 - 31, "\r\n\r\n"),
	    H1_E_HEAD_TOO_LARGE, "one byte more than the limit");
}

static void
test_long_names(void)
{
	struct h1_limits lim = { .head_bytes = 262144, .fields = 101 };
	static const size_t sizes[] = { 255, 256, 257, 269, 300, 65535, 65536, 65536 + 14 };
	struct fed f;
	size_t i, len;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		len = fill("POST / HTTP/1.1\r\nHost: a\r\n", 'x', sizes[i], ": 5\r\n\r\n");
		fed_init(&f, false, 64, 1);
		feed(&f, NULL, &lim, big, len, FEED_WHOLE);
		ok_named((f.r == H1_DONE) == (sizes[i] <= 65535), "name of %zu", sizes[i]);
		if (f.r == H1_DONE)
			is_int(f.m.fields[1].name_len, (intmax_t)sizes[i]);
		fed_fini(&f);
	}
}

static void
test_pipeline(void)
{
	static const char one[] = "GET /%04d HTTP/1.1\r\nHost: a\r\n\r\n";
	size_t len = 0, at = 0;
	int i, n = 0;
	struct fed f;

	for (i = 0; i < 1000; i++)
		len += (size_t)sprintf(big + len, one, i);
	while (at < len) {
		fed_init(&f, false, 512, 8);
		feed(&f, NULL, &feed_limits, big + at, len - at, FEED_WHOLE);
		n += f.r == H1_DONE;
		at += f.used > 0 ? f.used : len;
		fed_fini(&f);
	}
	ok_named(n == 1000 && at == len, "1,000 requests in %zu bytes", len);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < 3; i++) {
		test_rows(feed_scanners[i]);
		test_every_byte(feed_scanners[i]);
	}
	test_scanners_agree();
	feed_use("avx2");
	test_canonical();
	test_flags();
	test_spans();
	test_unsafe();
	test_limits();
	test_long_names();
	test_pipeline();
	return tap_done();
}
