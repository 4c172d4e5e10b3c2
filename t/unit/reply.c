/* SPDX-License-Identifier: BSD-2-Clause */
/* Local answers: pages, return, deny, redirects, error files, exact texts. */
#include "rules_env.h"

const struct module *const modules[] = { RULE_MODULES, NULL };

#define HEAD	"GET /a/b?x=1 HTTP/1.1\r\nHost: h:81\r\n\r\n"

static const char *
answer(void)
{
	static char buf[8192];
	struct out o;

	out_init(&o, buf, sizeof(buf) - 1);
	out_fmt(&o, "%u ", env.t.res.status);
	out_str(&o, http_str(&env.t.res, env.t.res.reason));
	for (uint16_t i = 0; i < env.t.res.nfields; i++) {
		out_char(&o, '|');
		out_str(&o, http_field_name(&env.t.res, &env.t.res.fields[i]));
		out_char(&o, '=');
		out_str(&o, http_field_value(&env.t.res, &env.t.res.fields[i]));
	}
	out_char(&o, '|');
	out_str(&o, env.t.local_body);
	*o.p = '\0';
	return buf;
}

#define PAGE_403 "403 Forbidden|content-length=93|cache-control=no-cache|content-type=text/html|" \
	"<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n" \
	"</body></html>\n"

static const struct { const char *rule, *want; } cases[] = {
	{ "deny", PAGE_403 },
	{ "deny deny_status 403", PAGE_403 },
	{ "deny status 429 content-type text/plain string slow",
	    "429 Too Many Requests|content-length=4|content-type=text/plain|slow" },
	{ "return", "200 OK|content-length=0|" },
	{ "return status 204", "204 No Content|content-length=0|" },
	{ "return content-type text/plain string hi hdr X-A %[path] hdr X-B b",
	    "200 OK|content-length=2|content-type=text/plain|x-a=/a/b|x-b=b|hi" },
	{ "return content-type text/plain lf-string \"p=%[path] s=%[src]\"",
	    "200 OK|content-length=18|content-type=text/plain|p=/a/b s=192.0.2.7" },
	{ "return content-type text/x file body.txt",
	    "200 OK|content-length=10|content-type=text/x|%[path] f\n" },
	{ "return content-type text/x lf-file body.txt",
	    "200 OK|content-length=7|content-type=text/x|/a/b f\n" },
	{ "return status 503 errorfile page.http",
	    "503 Busy now|content-length=5|x-y=z|content-type=text/plain|busy\n" },
	{ "return status 404 errorfiles pages",
	    "404 Gone fishing|content-length=2|content-type=text/plain|no" },
	{ "return status 503 default-errorfiles", "503 Service Unavailable|content-length=107|"
	    "cache-control=no-cache|content-type=text/html|<html><body><h1>503 Service Unavailable"
	    "</h1>\nNo server is available to handle this request.\n</body></html>\n" },
	{ "redirect location /new",
	    "302 Found|content-length=0|location=/new|cache-control=no-cache|" },
	{ "redirect location /n%[query] code 301",
	    "301 Moved Permanently|content-length=0|location=/nx=1|" },
	{ "redirect prefix https://o code 308",
	    "308 Permanent Redirect|content-length=0|location=https://o/a/b?x=1|" },
	{ "redirect prefix https://o drop-query code 307",
	    "307 Temporary Redirect|content-length=0|location=https://o/a/b|" },
	{ "redirect prefix /p drop-query append-slash code 301",
	    "301 Moved Permanently|content-length=0|location=/p/a/b/|" },
	{ "redirect scheme https code 303", "303 See Other|content-length=0|"
	    "location=https://h:81/a/b?x=1|cache-control=no-cache|" },
	{ "redirect location / set-cookie a=b code 301", "301 Moved Permanently|content-length=0|"
	    "location=/|set-cookie=a=b; path=/;|" },
	{ "redirect location / clear-cookie a code 301", "301 Moved Permanently|content-length=0|"
	    "location=/|set-cookie=a=; path=/; Max-Age=0;|" },
};

#define ERRORS "http-errors pages\n\terrorfile 404 p404.http\n" \
	"\thttp-error status 500 content-type a/b string five\n"

static void
check(const char *rule, const char *want)
{
	char *text = xasprintf(ERRORS "frontend f\n\tbind fd@3\n\thttp-request %s\n", rule);
	struct sample_ctx x;
	struct proxy *px;

	env.cfg = load(text);
	if (!ok_named(env.cfg.result == 0, "%s loads", rule)) {
		tap_diag("%s", env.cfg.alerts);
	} else {
		px = env_px("f");
		env_request(px, HEAD);
		sample_ctx_init(&x, &env.t, px, DIR_REQ);
		ruleset_run(px->rules[RS_HTTP_REQUEST], &x);
		ok(env.t.reply != NULL);
		reply_build(&env.t, env.t.reply);
		if (!is_str(answer(), want))
			tap_diag("%s", rule);
		is_int(env.t.status, env.t.res.status);
	}
	unload(&env.cfg);
	free(text);
}

static void
build_error(unsigned status)
{
	env_request(env_px("f"), HEAD);
	env.t.be = env_px("b");
	reply_build(&env.t, reply_error(&env.t, status));
}

static void
test_pages(void)
{
	env.cfg = load_ok(ERRORS "defaults d\n\terrorfile 503 page.http\n\terrorloc303 502 /sorry\n"
	    "frontend f from d\n\tbind fd@3\n\terrorfiles pages 404\n"
	    "backend b\n\terrorfiles pages\n\thttp-error status 403 content-type t/t string no\n");
	build_error(503);
	is_str(answer(), "503 Busy now|content-length=5|x-y=z|content-type=text/plain|busy\n");
	build_error(404);
	is_str(answer(), "404 Gone fishing|content-length=2|content-type=text/plain|no");
	build_error(500);
	is_str(answer(), "500 Internal Server Error|content-length=4|content-type=a/b|five");
	build_error(403);
	is_str(answer(), "403 Forbidden|content-length=2|content-type=t/t|no");
	build_error(502);
	is_str(answer(), "303 See Other|content-length=0|location=/sorry|cache-control=no-cache|");
	is_int(env.t.status, 502);
	build_error(400);
	ok(strncmp(answer(), "400 Bad request|content-length=90|", 34) == 0);
	unload(&env.cfg);
}

static void
test_raw(void)
{
	static const unsigned all[] = { 200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 417,
		425, 429, 431, 500, 501, 502, 503, 504, 505 };

	is_mem(reply_raw(408).p, 32, "HTTP/1.1 408 Request Time-out\r\nco", 32);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct str s = reply_raw(all[i]);
		const char *body = str_find(s, STR("\r\n\r\n"));
		const char *len = str_find(s, STR("content-length: "));

		ok(reply_status_has_page(all[i]));
		if (!is_int(atoi(len + 16), (intmax_t)(s.len - (size_t)(body + 4 - s.p))))
			tap_diag("status %u", all[i]);
	}
	ok(!reply_status_has_page(418));
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	fputs(text, f);
	fclose(f);
}

static void
test_errors(void)
{
	const char *s = "frontend f";

	error_is(s, "errorfile 999 page.http", "errorfile : status code '999' not handled.");
	error_is(s, "errorfile 503 /proc/none",
	    "errorfile : error opening file '/proc/none': No such file or directory");
	put("bad.http", "<html>\n");
	error_is(s, "errorfile 503 bad.http",
	    "error file 'bad.http', line 1: expected a status line "
	    "such as 'HTTP/1.1 503 Service Unavailable'");
	put("bad.http", "HTTP/1.0 503 X\r\nnocolon\r\n\r\n");
	error_is(s, "errorfile 503 bad.http",
	    "error file 'bad.http', line 2: expected 'name: value' or an empty line");
	put("bad.http", "HTTP/1.0 503 X\nA: b\n");
	error_is(s, "errorfile 503 bad.http", "error file 'bad.http', line 2: no empty line behind "
	    "the header");
	error_is(s, "errorfiles nosuch",
	    "unknown http-errors section 'nosuch' (it must stand above)");
	error_is(s, "http-request redirect loc /",
	    "expects 'code', 'prefix', 'location', 'scheme', "
	    "'set-cookie', 'clear-cookie', 'drop-query' or 'append-slash' (was 'loc').");
	error_is(s, "http-request return status 700", "Unexpected status code '700'.");
	unlink("bad.http");
}

int
main(void)
{
	clock_update();
	load_write("");
	put("body.txt", "%[path] f\n");
	put("page.http", "HTTP/1.0 503 Busy now\r\nX-Y: z\r\nConnection: close\r\n"
	    "Content-Length: 9\r\nContent-Type: text/plain\r\n\r\nbusy\n");
	put("p404.http", "HTTP/1.0 404 Gone fishing\nContent-Type: text/plain\n\nno");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(cases[i].rule, cases[i].want);
	test_pages();
	test_raw();
	test_errors();
	unlink("body.txt");
	unlink("page.http");
	unlink("p404.http");
	return tap_done();
}
