/* SPDX-License-Identifier: BSD-2-Clause */
/* Expressions: each fetch and converter at least once, casts, errors. */
#include "rules_env.h"

const struct module *const modules[] = { RULE_MODULES, NULL };

#define HEAD	"GET /a/b.html?x=1&Y=two&z HTTP/1.1\r\nHost: WWW.Example.com:8080\r\n" \
		"X-List: one, \"t,wo\" ,three\r\nX-List: four\r\nX-Num: 42\r\n" \
		"X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\nCookie: a=1; b=two; a=3\r\n" \
		"B64: aGVsbG8=\r\n\r\n"
#define REPLY	"HTTP/1.1 404 Not Found\r\nServer: s\r\nSet-Cookie: k=v; Path=/\r\n" \
		"Content-Length: 0\r\n\r\n"

/* Expression, its text; NULL = no sample. */
static const char *const requests[][2] = {
	{ "path", "/a/b.html" }, { "pathq", "/a/b.html?x=1&Y=two&z" },
	{ "url", "/a/b.html?x=1&Y=two&z" }, { "query", "x=1&Y=two&z" },
	{ "method", "GET" }, { "req.ver", "1.1" }, { "base", "www.example.com:8080/a/b.html" },
	{ "req.hdr(host)", "WWW.Example.com:8080" }, { "hdr(x-list)", "four" },
	{ "hdr(X-List,1)", "one" }, { "hdr(x-list,2)", "\"t,wo\"" }, { "hdr(x-list,-2)", "three" },
	{ "hdr(x-list,9)", NULL }, { "hdr(x-list,-9)", NULL }, { "req.fhdr(x-list,1)",
	"one, \"t,wo\" ,three" }, { "req.fhdr(x-list)", "four" }, { "req.hdr_cnt(x-list)", "4" },
	{ "req.fhdr_cnt(x-list)", "2" }, { "hdr_cnt(none)", "0" }, { "hdr_val(x-num)", "42" },
	{ "hdr_ip(x-forwarded-for)", "10.0.0.2" }, { "hdr_ip(x-forwarded-for,1)", "10.0.0.1" },
	{ "hdr_ip(x-num)", NULL }, { "req.cook(a)", "1" }, { "req.cook(b)", "two" },
	{ "req.cook(c)", NULL }, { "req.cook_cnt(a)", "2" }, { "req.cook_val(a)", "1" },
	{ "url_param(x)", "1" }, { "urlp(Y)", "two" }, { "urlp(q)", NULL },
	{ "urlp_val(x),add(1)", "2" }, { "http_first_req", "1" }, { "req.proto_http", "1" },
	{ "src", "192.0.2.7" }, { "src_port", "4000" }, { "fe_name", "f" }, { "be_name", NULL },
	{ "ssl_fc", "0" }, { "ssl_fc_sni", NULL }, { "always_true", "1" }, { "always_false", "0" },
	{ "int(-5)", "-5" }, { "str(a b)", "a b" }, { "bool(true)", "1" }, { "bin(414243)", "ABC" },
	{ "ipv4(1.2.3.4)", "1.2.3.4" }, { "ipv6(::1)", "::1" }, { "var(txn.none)", NULL },
	{ "var(txn.none,dflt)", "dflt" }, { "meth(POST)", "POST" },

	{ "str(aBc),lower", "abc" }, { "str(aBc),upper", "ABC" }, { "str(A~),hex", "417E" },
	{ "str(ff),hex2i", "255" }, { "path,length", "9" }, { "str(hello),bytes(1,3)", "ell" },
	{ "str(hello),bytes(9)", "" }, { "str(a.b..c),field(2,.)", "b" },
	{ "str(a.b..c),field(3,.)", "" }, { "str(a.b..c),field(-1,.)", "c" },
	{ "str(a.b..c),field(2,.,0)", "b..c" }, { "str(a.b.c.d),field(-1,.,2)", "c.d" },
	{ "str(a.b..c),word(3,.)", "c" }, { "str(a.b.c.d),field(-2,.,0)", "a.b.c" },
	{ "str(x),concat(-,,-)", "x--" }, { "int(7),add(3)", "10" }, { "int(7),sub(9)", "-2" },
	{ "int(7),mul(6)", "42" }, { "int(7),div(2)", "3" }, { "int(7),mod(4)", "3" },
	{ "int(7),div(0)", "9223372036854775807" }, { "int(6),and(3)", "2" },
	{ "int(6),or(1)", "7" }, { "int(6),xor(3)", "5" }, { "int(6),neg", "-6" },
	{ "int(0),not", "1" }, { "int(3),bool", "1" }, { "int(3),even", "0" },
	{ "int(3),odd", "1" }, { "int(9223372036854775807),add(1)", "9223372036854775807" },
	{ "str(hello),base64", "aGVsbG8=" }, { "hdr(b64),b64dec", "hello" },
	{ "str(a?b+c%20d),url_dec", "a?b c d" }, { "str(%zz),url_dec", NULL },
	{ "str(a b/c),url_enc", "a%20b%2Fc" }, { "bool(1),iif(yes,no)", "yes" },
	{ "ipv4(10.1.2.3),ipmask(24)", "10.1.2.0" }, { "str(10.1.2.3),ipmask(8)", "10.0.0.0" },
	{ "ipv6(2001:db8:1::1),ipmask(24,32)", "2001:db8::" },
	{ "str(abc),crc32", "891568578" }, { "str(123456789),crc32c", "3808858755" },
	{ "str(abc),md5,hex", "900150983CD24FB0D6963F7D28E17F72" },
	{ "str(abc),sha1,hex", "A9993E364706816ABA3E25717850C26C9CD0D89D" },
	{ "str(abc),sha2(224),hex,bytes(0,8)", "23097D22" },
	{ "str(abc),sha2,hex,bytes(0,8)", "BA7816BF" },
	{ "str(aXbXc),regsub(X,-)", "a-bXc" }, { "str(aXbXc),regsub(X,-,g)", "a-b-c" },
	{ "str(k=v),regsub(\"(.)=(.)\",\"\\2=\\1\")", "v=k" },
	{ "hdr(host),host_only,lower", "www.example.com" }, { "hdr(host),port_only", "8080" },
	{ "str(xxaxx),ltrim(x),rtrim(x)", "a" }, { "int(0),http_date",
	"Thu, 01 Jan 1970 00:00:00 GMT" }, { "str(12abc),add(1)", "13" }, { "str(abc),add(1)",
	    NULL },
	{ "str(q),ub64enc", "cQ" }, { "str(cQ),ub64dec", "q" }, { "str(a),djb2", "177670" },
	{ "req.hdr_names(:)", "host:x-list:x-list:x-num:x-forwarded-for:cookie:b64" },
};

static const char *const responses[][2] = {
	{ "status", "404" }, { "res.hdr(server)", "s" }, { "hdr(server)", "s" },
	{ "res.fhdr(server)", "s" }, { "res.hdr_cnt(server)", "1" }, { "res.cook(k)", "v" },
	{ "res.ver", "1.1" }, { "path", "/a/b.html" },
};

static void
check(const char *rule, const char *expr, const char *want)
{
	char *text = xasprintf("frontend f\n\tbind fd@3\n\t%s set-var(txn.v) '%s'\n", rule, expr);
	enum ruleset_kind kind = strcmp(rule, "http-request") == 0 ? RS_HTTP_REQUEST :
	    RS_HTTP_RESPONSE;
	struct sample_ctx x;
	struct proxy *px;

	env.cfg = load(text);
	if (!ok_named(env.cfg.result == 0, "%s loads", expr)) {
		tap_diag("%s", env.cfg.alerts);
	} else {
		px = env_px("f");
		env_request(px, HEAD);
		env_head(&env.t.res, true, REPLY);
		sample_ctx_init(&x, &env.t, px, kind == RS_HTTP_REQUEST ? DIR_REQ : DIR_RES);
		ruleset_run(px->rules[kind], &x);
		if (!is_str(env_var(&x, "v"), want))
			tap_diag("%s", expr);
	}
	unload(&env.cfg);
	free(text);
}

static void
test_errors(void)
{
	const char *sec = "frontend f";

	error_is(sec, "http-request set-var(txn.v) patth",
	    "unknown fetch method 'patth'. Did you mean 'path' maybe ?");
	error_is(sec, "http-request set-var(txn.v) path,lowr",
	    "unknown converter 'lowr'. Did you mean 'lower' maybe ?");
	error_is(sec, "http-request set-var(txn.v) path(x)",
	    "fetch method 'path': end of arguments expected at position 1, but got 'x'");
	error_is(sec, "http-request set-var(txn.v) hdr(a,y)",
	    "fetch method 'hdr': failed to parse 'y' as an integer");
	error_is(sec, "http-request set-var(txn.v) hdr(a",
	    "missing closing ')' after arguments to 'hdr'");
	error_is(sec, "http-request set-var(txn.v) status",
	    "fetch method 'status' needs the HTTP response, which is not available here");
	error_is(sec, "http-request set-var(foo.v) path",
	    "invalid variable name 'foo.v': it must start with its scope, one of 'proc', "
	    "'sess', 'txn', 'req', 'res' or 'check', and a dot");
	error_is(sec, "http-request set-var(check.v) path",
	    "variable 'check.v': the scope 'check' belongs to http-check and tcp-check rules");
	error_is(sec, "http-request set-var(txn.v) src,json",
	    "converter 'json' is not supported: JSON converters are not built yet");
}

/* A hello with SNI example.com and ALPN h2, http/1.1, in one record. */
static size_t
client_hello(uint8_t *b)
{
	static const uint8_t ext[] = {
		0, 0, 0, 16, 0, 14, 0, 0, 11, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'c', 'o', 'm',
		0, 16, 0, 14, 0, 12, 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1',
	};
	size_t body = 2 + 32 + 1 + 2 + 2 + 1 + 1 + 2 + sizeof(ext);
	uint8_t *p = b;

	memcpy(p, (uint8_t[]){ 22, 3, 1, 0, (uint8_t)(body + 4), 1, 0, 0, (uint8_t)body, 3, 3 },
	    11);
	p += 11;
	memset(p, 7, 32);
	p += 32;
	memcpy(p, (uint8_t[]){ 0, 0, 2, 0x13, 1, 1, 0, 0, sizeof(ext) }, 9);
	memcpy(p + 9, ext, sizeof(ext));
	return 5 + 4 + body;
}

static void
test_hello(void)
{
	uint8_t b[256];
	size_t n = client_hello(b);
	const struct fetch_row *sni = fetch_find("req.ssl_sni", 11);
	const struct fetch_row *type = fetch_find("req.ssl_hello_type", 18);
	const struct fetch_row *alpn = fetch_find("req.ssl_alpn", 12);
	struct sample_ctx x = { .data = { (char *)b, n } };
	struct sample s;

	ok(sni->fn(&x, NULL, 0, &s) && str_is(s.u.s, "example.com"));
	ok(alpn->fn(&x, NULL, 0, &s) && str_is(s.u.s, "h2,http/1.1"));
	ok(type->fn(&x, NULL, 0, &s) && s.u.i == 1);
	for (size_t i = 0; i < n; i++) {	/* cut anywhere: more is asked for */
		x = (struct sample_ctx){ .data = { (char *)b, i } };
		if (sni->fn(&x, NULL, 0, &s) || !x.needs_more)
			fail("cut at %zu", i);
	}
	x = (struct sample_ctx){ .data = STR("GET / HTTP/1.1\r\n") };
	ok(type->fn(&x, NULL, 0, &s) && s.u.i == 0);
	for (size_t i = 5; i < n; i++) {	/* any damage: no read past the end */
		uint8_t keep = b[i];

		b[i] = 0xff;
		x = (struct sample_ctx){ .data = { (char *)b, n }, .is_final = true };
		(void)sni->fn(&x, NULL, 0, &s);
		(void)alpn->fn(&x, NULL, 0, &s);
		b[i] = keep;
		eval_release(0);
	}
	pass("damaged hellos are read within bounds");
}

int
main(void)
{
	clock_update();
	for (size_t i = 0; i < ARRAY_LEN(requests); i++)
		check("http-request", requests[i][0], requests[i][1]);
	for (size_t i = 0; i < ARRAY_LEN(responses); i++)
		check("http-response", responses[i][0], responses[i][1]);
	test_errors();
	test_hello();
	return tap_done();
}
