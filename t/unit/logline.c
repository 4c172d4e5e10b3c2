/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines: default formats, each alias, flags, timers, escaping. */
#include "proxy/log_target.h"
#include "rules_env.h"

const struct module *const modules[] = { RULE_MODULES, NULL };

#define HEAD	"GET /a\"b?x=1 HTTP/1.1\r\nHost: h|x\r\nX: one\r\n\r\n"

static const char *
line(const struct logformat *f)
{
	static char buf[2048];
	struct sample_ctx x;
	struct out o;

	out_init(&o, buf, sizeof(buf) - 1);
	sample_ctx_init(&x, &env.t, env.t.fe, DIR_REQ);
	logformat_build(f, &x, &o);
	*o.p = '\0';
	return buf;
}

/* A finished, served transaction: 3 ms request, 5 queue, 7 connect, 11 head. */
static void
served(void)
{
	struct txn *t = &env.t;

	env_request(env_px("f"), "GET /a%22b?x=1 HTTP/1.1\r\nHost: h\r\nX: o|\"ne\r\n\r\n");
	t->be = env_px("b");
	t->srv = t->be->servers[0];
	t->at = (struct txn_times){ .accept = 1000000, .start = 1002000, .request = 1005000,
		.queued = 1005000, .picked = 1010000, .connected = 1017000, .response = 1028000,
		.end = 1041000 };
	t->status = 200;
	t->bytes.from_server = 1234;
	t->bytes.in = 55;
	t->retries = 2;
	t->conn_counts[0] = 4;
	t->conn_counts[1] = 3;
	t->conn_counts[2] = 2;
	t->conn_counts[3] = 1;
	rules_capture(t, DIR_REQ);
}

static const struct { const char *fmt, *want; } cases[] = {
	{ "%ci:%cp", "192.0.2.7:4000" }, { "%{+X}ci:%{+X}cp", "C0000207:0FA0" },
	{ "%f %ft %b %s", "f f b s1" }, { "%TR/%Tw/%Tc/%Tr/%Ta", "3/5/7/11/39" },
	{ "%Th %Ti %Tq %Td %Tt %Tu", "0 2 5 13 41 39" }, { "%ST %B %U %ts %tsc",
	    "200 1234 55 -- ----" },
	{ "%ac/%fc/%bc/%sc/%rc %sq/%bq", "4/3/2/1/2 0/0" }, { "%hr %hs|", "{o#7C#22ne} |" },
	{ "%HM %HP %HPO %HQ %HU %HV", "GET /a%22b /a%22b ?x=1 /a%22b?x=1 HTTP/1.1" },
	{ "%r", "GET /a%22b?x=1 HTTP/1.1" }, { "%{+Q}r", "\"GET /a%22b?x=1 HTTP/1.1\"" },
	{ "%CC %CS %ID", "- - -" }, { "%sslv %sslc", "- -" }, { "%si:%sp", "127.0.0.1:81" },
	{ "%[path,length]", "6" }, { "%[req.hdr(none)]", "-" }, { "%{+Q}[req.hdr(none)]", "\"\"" },
	{ "%[req.hdr(x)]", "o|#22ne" }, { "%{+E}[req.hdr(x)]", "o|\\\"ne" }, { "%%", "%" },
	{ "%{+Q}o %f %b", "\"f\" \"b\"" }, { "%(name)f", "f" }, { "a  b", "a  b" },
	{ "%[str(\"a#b\")]", "a#23b" },
};

static void
test_aliases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = xasprintf("frontend f\n\tbind fd@3\n"
		    "\tcapture request header X len 20\n"
		    "\tlog stdout local0\n\tlog-format '%s'\nbackend b\n\tserver s1 127.0.0.1:81\n",
		    cases[i].fmt);

		env.cfg = load_ok(text);
		served();
		is_str(line(env.t.fe->log_line), cases[i].want);
		unload(&env.cfg);
		free(text);
	}
}

static struct txn *
ended(const char *term, const struct txn_times at, unsigned status)
{
	served();
	memcpy(env.t.term, term, 2);
	env.t.at = at;
	env.t.status = (uint16_t)status;
	return &env.t;
}

#define AT(...)	((struct txn_times){ .accept = 1000000, __VA_ARGS__ })

/* The reference lines: flags and timers of ends that went wrong. */
static void
test_ends(void)
{
	struct logformat *f;
	struct txn *t;

	env.cfg = load_ok("frontend f\n\tbind fd@3\n\tlog stdout local0\n"
	    "\tlog-format '%ST %tsc %TR/%Tw/%Tc/%Tr/%Ta %r'\n"
	    "backend b\n\tserver s1 127.0.0.1:81\n");
	f = env_px("f")->log_line;
	t = ended("PR", AT(.start = 1000000, .request = 1000000, .end = 1000100), 403);
	is_str(line(f), "403 PR-- 0/-1/-1/-1/0 GET /a%22b?x=1 HTTP/1.1");
	t = ended("PT", AT(.start = 1000000, .request = 1000000, .end = 1300000), 500);
	is_str(line(f), "500 PT-- -1/300/-1/-1/300 GET /a%22b?x=1 HTTP/1.1");
	t = ended("SC", AT(.start = 1000000, .request = 1000000, .picked = 1000000,
	    .end = 1500000), 503);
	is_str(line(f), "503 SC-- 0/0/-1/-1/500 GET /a%22b?x=1 HTTP/1.1");
	t = ended("sH", AT(.start = 1000000, .request = 1000000, .picked = 1000000,
	    .connected = 1000000, .end = 2501000), 504);
	is_str(line(f), "504 sH-- 0/0/0/-1/1501 GET /a%22b?x=1 HTTP/1.1");
	t = ended("sQ", AT(.start = 1000000, .request = 1000000, .queued = 1000000,
	    .end = 1400000), 503);
	is_str(line(f), "503 sQ-- 0/400/-1/-1/400 GET /a%22b?x=1 HTTP/1.1");
	t = ended("cR", AT(.end = 1601000), 408);
	t->req.method_text.len = 0;
	is_str(line(f), "408 cR-- -1/-1/-1/-1/601 <BADREQ>");
	t = ended("SC", AT(.end = 1000000), 503);
	t->srv = NULL;
	t->retries = 1;
	t->flags |= TXN_F_REDISPATCHED;
	is_str(line(f), "503 SC-- -1/-1/-1/-1/0 <BADREQ>");
	unload(&env.cfg);
}

static void
test_defaults(void)
{
	struct proxy *px;

	env.cfg = load_ok("defaults\n\tlog stdout local0\n\tmode http\n\toption httplog\n"
	    "frontend f\n\tbind fd@3\n\tunique-id-format %{+X}o%ci-%cp\n"
	    "frontend g\n\tbind fd@4\n\tmode tcp\n\toption tcplog\n"
	    "frontend h\n\tbind fd@5\n\tno log\n"
	    "backend b\n\tserver s1 127.0.0.1:81\n");
	served();
	ok(strstr(line(env.t.fe->log_line), "] f b/s1 3/5/7/11/39 200 1234 - - ---- 4/3/2/1/2 0/0 "
	    "\"GET /a%22b?x=1 HTTP/1.1\"") != NULL);
	is_mem(logline_unique_id(&env.t).p, logline_unique_id(&env.t).len, "C0000207-0FA0", 13);
	px = env_px("g");
	env.t.fe = px;
	ok(strstr(line(px->log_line), "] g b/s1 5/7/41 1234 -- 4/3/2/1/2 0/0") != NULL);
	ok(env_px("h")->log_to == NULL);
	ok(env_px("f")->log_to != NULL && env_px("f")->log_to->next == NULL);
	unload(&env.cfg);
}

static void
test_errors(void)
{
	const char *s = "frontend f";

	error_is(s, "log-format %foo", "no such format alias 'foo'. If you wanted to emit the '%' "
	    "character verbatim, you need to use '%%'.");
	error_is(s, "log-format %[patth]",
	    "unknown fetch method 'patth'. Did you mean 'path' maybe ?");
	error_is(s, "log-format %[path", "log format '%[path': missing ']' behind an expression");
	error_is(s, "log-format %{+Z}f", "log format '%{+Z}f': flags are +Q, +X, +E or - and a "
	    "letter, separated by commas");
	error_is(s, "log foo", "log : expects <address> and <facility> or global as arguments");
	error_is(s, "log 127.0.0.1 local9", "log : unknown log facility 'local9'");
	error_is(s, "log 127.0.0.1 format foo local0", "log : unknown log format 'foo'");
	error_is(s, "log tcp@x local0", "log : could not resolve address 'x' in 'tcp@x'");
	error_is(s, "log ring@x local0", "log : unknown ring 'x'.");
}

int
main(void)
{
	clock_update();
	test_aliases();
	test_ends();
	test_defaults();
	test_errors();
	return tap_done();
}
