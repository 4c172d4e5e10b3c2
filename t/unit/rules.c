/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions: what each does to the message, verdicts, inheritance, messages. */
#include "rules_env.h"

#include "proxy/live.h"

const struct module *const modules[] = { RULE_MODULES, NULL };

#define HEAD	"GET /a/b?x=1 HTTP/1.1\r\nHost: h\r\nX: one, two\r\nY: 1\r\n\r\n"
#define REPLY	"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 0\r\n\r\n"

/* The message as lines: request or status line, then fields. */
static const char *
text_of(const struct http_msg *m, bool is_response)
{
	static char buf[4096];
	struct out o;

	out_init(&o, buf, sizeof(buf) - 1);
	if (is_response) {
		out_fmt(&o, "%u ", m->status);
		out_str(&o, http_str(m, m->reason));
	} else {
		out_str(&o, http_str(m, m->method_text));
		out_char(&o, ' ');
		out_str(&o, http_str(m, m->target));
	}
	for (uint16_t i = 0; i < m->nfields; i++) {
		if (m->fields[i].flags & HTTP_FIELD_GONE)
			continue;
		out_char(&o, '|');
		out_str(&o, http_field_name(m, &m->fields[i]));
		out_char(&o, '=');
		out_str(&o, http_field_value(m, &m->fields[i]));
	}
	*o.p = '\0';
	return buf;
}

static const struct { const char *rule; enum rule_verdict v; const char *want; } cases[] = {
	{ "http-request set-header X %[path]-%[src]", RULE_NEXT,
	    "GET /a/b?x=1|host=h|y=1|x=/a/b-192.0.2.7" },
	{ "http-request add-header X three", RULE_NEXT,
	    "GET /a/b?x=1|host=h|x=one, two|y=1|x=three" },
	{ "http-request del-header x", RULE_NEXT, "GET /a/b?x=1|host=h|y=1" },
	{ "http-request del-header ^[xy] -m reg", RULE_NEXT, "GET /a/b?x=1|host=h" },
	{ "http-request replace-header X (.*),(.*) \\2-\\1", RULE_NEXT,
	    "GET /a/b?x=1|host=h|y=1|x=two-one" },
	{ "http-request replace-value X t(..) T\\1", RULE_NEXT,
	    "GET /a/b?x=1|host=h|y=1|x=one, Two" },
	{ "http-request set-path /new", RULE_NEXT, "GET /new?x=1|host=h|x=one, two|y=1" },
	{ "http-request set-pathq /n?q", RULE_NEXT, "GET /n?q|host=h|x=one, two|y=1" },
	{ "http-request set-query z=%[int(2)]", RULE_NEXT, "GET /a/b?z=2|host=h|x=one, two|y=1" },
	{ "http-request set-uri http://other/p", RULE_NEXT, "GET /p|x=one, two|y=1|host=other" },
	{ "http-request set-method PUT", RULE_NEXT, "PUT /a/b?x=1|host=h|x=one, two|y=1" },
	{ "http-request replace-path /a/(.*) /\\1", RULE_NEXT, "GET /b?x=1|host=h|x=one, two|y=1" },
	{ "http-request replace-pathq (.*)x=(.*) \\1y=\\2", RULE_NEXT,
	    "GET /a/b?y=1|host=h|x=one, two|y=1" },
	{ "http-request set-header Host other:80", RULE_NEXT,
	    "GET /a/b?x=1|x=one, two|y=1|host=other:80" },
	{ "http-request set-header Host %[str(a:b:c)]", RULE_ERROR, NULL },
	{ "http-request set-path nope", RULE_ERROR, NULL },
	{ "http-request set-path \"/a b\"", RULE_ERROR, NULL },
	{ "http-request set-header Z \"%[str(a\\x01b)]\"", RULE_NEXT,
	    "GET /a/b?x=1|host=h|x=one, two|y=1|z=a%01b" },
	{ "http-request allow", RULE_STOP, NULL }, { "http-request deny", RULE_DENY, NULL },
	{ "http-request deny if FALSE", RULE_NEXT, NULL },
	{ "http-request return status 204", RULE_REPLY, NULL },
	{ "http-request redirect location /", RULE_REPLY, NULL },
	{ "http-request tarpit", RULE_TARPIT, NULL }, { "http-request reject", RULE_REJECT, NULL },
	{ "http-request silent-drop", RULE_DROP, NULL },
	{ "http-response set-status 503 reason Gone", RULE_NEXT,
	    "503 Gone|server=s|content-length=0" },
	{ "http-response del-header server", RULE_NEXT, "200 OK|content-length=0" },
	{ "http-response deny", RULE_DENY, NULL },
	{ "http-after-response set-header S t", RULE_NEXT, "200 OK|server=s|content-length=0|s=t" },
};

static enum ruleset_kind
kind_of(const char *rule)
{
	return strncmp(rule, "http-req", 8) == 0 ? RS_HTTP_REQUEST :
	    strncmp(rule, "http-res", 8) == 0 ? RS_HTTP_RESPONSE : RS_HTTP_AFTER;
}

static void
check(const char *rule, enum rule_verdict want_v, const char *want)
{
	char *text = xasprintf("frontend f\n\tbind fd@3\n\t%s\n", rule);
	enum ruleset_kind k = kind_of(rule);
	bool is_response = k != RS_HTTP_REQUEST;
	struct sample_ctx x;
	struct proxy *px;

	env.cfg = load(text);
	if (!ok_named(env.cfg.result == 0, "%s loads", rule)) {
		tap_diag("%s", env.cfg.alerts);
	} else {
		px = env_px("f");
		env_request(px, HEAD);
		env_head(&env.t.res, true, REPLY);
		sample_ctx_init(&x, &env.t, px, is_response ? DIR_RES : DIR_REQ);
		if (!is_str(rule_verdict_name(ruleset_run(px->rules[k], &x)),
		    rule_verdict_name(want_v)))
			tap_diag("%s", rule);
		if (want != NULL)
			is_str(text_of(is_response ? &env.t.res : &env.t.req, is_response), want);
	}
	unload(&env.cfg);
	free(text);
}

static void
test_variables(void)
{
	struct sample_ctx x;
	struct proxy *px;

	env.cfg = load_ok("frontend f\n\tbind fd@3\n"
	    "\thttp-request set-var(txn.a) int(1)\n"
	    "\thttp-request set-var(txn.a,ifnotexists) int(2)\n"
	    "\thttp-request set-var(txn.b,ifexists) int(2)\n"
	    "\thttp-request set-var(txn.c) int(5)\n"
	    "\thttp-request set-var(txn.c,ifgt) int(9)\n"
	    "\thttp-request set-var(txn.c,iflt) int(20)\n"
	    "\thttp-request set-var-fmt(txn.d) <%[var(txn.c)]>\n"
	    "\thttp-request set-var(txn.e) int(1)\n"
	    "\thttp-request unset-var(txn.e)\n"
	    "\thttp-request set-var(sess.s) path\n"
	    "\thttp-request set-var(txn.f) var(sess.s)\n"
	    "\thttp-request set-var(proc.p) str(pp)\n"
	    "\thttp-request set-var(txn.g) var(proc.p)\n");
	px = env_px("f");
	env_request(px, HEAD);
	sample_ctx_init(&x, &env.t, px, DIR_REQ);
	is_int(ruleset_run(px->rules[RS_HTTP_REQUEST], &x), RULE_NEXT);
	is_str(env_var(&x, "a"), "1");
	is_str(env_var(&x, "b"), NULL);
	is_str(env_var(&x, "c"), "9");
	is_str(env_var(&x, "d"), "<9>");
	is_str(env_var(&x, "e"), NULL);
	is_str(env_var(&x, "f"), "/a/b");
	is_str(env_var(&x, "g"), "pp");
	vars_free_session(&env.sess);
	ok(env.sess.vars == NULL);
	unload(&env.cfg);
}

static void
test_settings(void)
{
	struct sample_ctx x;
	struct proxy *px;

	env.cfg = load_ok("frontend f\n\tbind fd@3\n"
	    "\tcapture request header X len 3\n\tcapture response header Server len 9\n"
	    "\thttp-request capture path len 10\n"
	    "\thttp-request set-timeout server 5s\n\thttp-request set-timeout tunnel int(70)\n"
	    "\thttp-request set-retries 7\n\thttp-request set-log-level silent\n"
	    "\thttp-request strict-mode off\n\thttp-request set-path bad\n"
	    "\thttp-request set-header z done\n");
	px = env_px("f");
	env_request(px, HEAD);
	env_head(&env.t.res, true, REPLY);
	rules_capture(&env.t, DIR_REQ);
	rules_capture(&env.t, DIR_RES);
	sample_ctx_init(&x, &env.t, px, DIR_REQ);
	is_int(ruleset_run(px->rules[RS_HTTP_REQUEST], &x), RULE_NEXT);
	is_u64(env.t.timeout_server_us, 5000000);
	is_u64(env.t.timeout_tunnel_us, 70000);
	is_int(env.t.retries_left, 7);
	is_int(env.t.log_level, LOG_SILENT);
	is_mem(env.t.captures[0].p, env.t.captures[0].len, "one", 3);
	is_mem(env.t.captures[1].p, env.t.captures[1].len, "/a/b", 4);
	is_mem(env.t.captures[2].p, env.t.captures[2].len, "s", 1);
	ok(http_find(&env.t.req, STR("z"), NULL) != NULL);
	unload(&env.cfg);
}

static void
test_tcp(void)
{
	struct sample_ctx x;
	struct proxy *px;

	env.cfg = load_ok("defaults d\n\tmode tcp\n"
	    "\ttcp-request content reject if { src 10.0.0.0/8 }\n"
	    "frontend f from d\n\tbind fd@3\n\ttcp-request inspect-delay 2s\n"
	    "\ttcp-request connection reject if { src 192.0.2.9 }\n"
	    "\ttcp-request connection set-src ipv4(10.9.9.9) if { src 192.0.2.7 }\n"
	    "\ttcp-request content accept if { req.len gt 3 }\n"
	    "\ttcp-request content accept if { req.payload(0,2) -m bin 4142 }\n"
	    "\ttcp-request content reject\n");
	px = env_px("f");
	is_u64(px->inspect_delay_us, 2000000);
	env_request(px, NULL);
	sample_ctx_session(&x, &env.sess, px);
	env.sess.src.ip.v4.s_addr = htonl(0xc0000208);
	is_int(ruleset_run(px->rules[RS_TCP_CONNECTION], &x), RULE_NEXT);
	sample_ctx_init(&x, &env.t, px, DIR_REQ);
	x.is_final = false;
	x.data = STR("A");
	is_int(ruleset_run(px->rules[RS_TCP_CONTENT], &x), RULE_WAIT);
	x.data = STR("XYZ");		/* req.len may grow */
	is_int(ruleset_run(px->rules[RS_TCP_CONTENT], &x), RULE_WAIT);
	x.data = STR("WXYZ");
	is_int(ruleset_run(px->rules[RS_TCP_CONTENT], &x), RULE_STOP);
	x.is_final = true;
	x.data = STR("AB");
	is_int(ruleset_run(px->rules[RS_TCP_CONTENT], &x), RULE_STOP);
	x.data = STR("XYZ");
	is_int(ruleset_run(px->rules[RS_TCP_CONTENT], &x), RULE_REJECT);
	x.data = STR("X");
	is_int(ruleset_run(px->rules[RS_TCP_CONTENT], &x), RULE_REJECT);
	env.sess.src.ip.v4.s_addr = htonl(0x0a000001);	/* the rule of defaults */
	x.data = STR("ABCDEF");
	is_int(ruleset_run(px->rules[RS_TCP_CONTENT], &x), RULE_REJECT);
	env.sess.src.ip.v4.s_addr = htonl(0xc0000209);
	sample_ctx_session(&x, &env.sess, px);
	is_int(ruleset_run(px->rules[RS_TCP_CONNECTION], &x), RULE_REJECT);
	env.sess.src.ip.v4.s_addr = htonl(0xc0000207);
	is_int(ruleset_run(px->rules[RS_TCP_CONNECTION], &x), RULE_NEXT);
	is_u64(ntohl(env.sess.src.ip.v4.s_addr), 0x0a090909);
	unload(&env.cfg);
}

static void
test_choice(void)
{
	static struct proxy_live live;
	struct sample_ctx x;
	struct proxy *px;

	env.cfg = load_ok("frontend f\n\tbind fd@3\n\tuse_backend b1 if { path /x }\n"
	    "\tuse_backend %[req.hdr(host)] if { path /a/b }\n"
	    "backend b1\n\tserver s1 127.0.0.1:1\n"
	    "backend h\n\tuse-server s2 if { path /a/b }\n\tserver s1 127.0.0.1:1\n"
	    "\tserver s2 127.0.0.1:2\n");
	env_px("b1")->live = env_px("h")->live = &live;
	px = env_px("f");
	env_request(px, HEAD);
	sample_ctx_init(&x, &env.t, px, DIR_REQ);
	px = rules_pick_backend(&x, px);
	is_str(px != NULL ? px->name : NULL, "h");
	is_str(rules_pick_server(&x, px)->name, "s2");
	env_request(env_px("f"), "GET /x HTTP/1.1\r\nHost: q\r\n\r\n");
	is_str(rules_pick_backend(&x, env_px("f"))->name, "b1");
	live.is_unpublished = true;
	ok(rules_pick_backend(&x, env_px("f")) == NULL);
	ok(rules_pick_server(&x, px) == NULL);
	unload(&env.cfg);
}

static void
test_errors(void)
{
	const char *s = "frontend f";
	struct loaded l = load("frontend f\n\thttp-request den\n");

	ok(strstr(l.alerts, "t.cfg:2: 'http-request' expects 'capture', 'set-header', ") != NULL ||
	    strstr(l.alerts, "'http-request' expects '") != NULL);
	ok(strstr(l.alerts, ", but got 'den'. Did you mean 'deny' maybe ?") != NULL);
	unload(&l);
	error_is(s, "http-request set-header a", "'set-header' expects exactly 2 arguments.");
	error_is(s, "http-request set-header a b foo", "'http-request set-header' expects "
	    "either 'if' or 'unless' followed by a condition but found 'foo'.");
	error_is(s, "http-request set-header content-length 5", "header 'content-length' cannot be "
	    "changed: weir manages framing and connections itself");
	error_is(s, "http-request set-header Host a:b:c",
	    "'set-header': 'a:b:c' is not possible as "
	    "value of 'Host'.");
	error_is(s, "http-request set-timeout foo 1s", "'set-timeout' expects 'client', 'connect', "
	    "'queue', 'server' or 'tunnel', but got 'foo'.");
	error_is(s, "use_backend", "'use_backend' expects a backend name.");
	error_is(s, "http-request deny deny_status 999", "Unexpected status code '999'.");
	error_is(s, "http-request return status 200 string x",
	    "a content type must be defined when "
	    "non-empty payload is configured.");
	error_is(s, "http-request redirect location / code 399", "'code': unsupported HTTP code "
	    "'399' (must be one of 301, 302, 303, 307 or 308).");
	error_is(s, "capture request header X", "'capture request header' expects <header_name> "
	    "'len' <len>.");
	l = load("frontend f\n\tbind fd@3\n\tuse_backend nosuch\n");
	ok(strstr(l.alerts, "Proxy 'f': unable to find required use_backend: 'nosuch'.") != NULL);
	unload(&l);
}

int
main(void)
{
	clock_update();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(cases[i].rule, cases[i].v, cases[i].want);
	test_variables();
	test_settings();
	test_tcp();
	test_choice();
	test_errors();
	return tap_done();
}
