/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions and pattern sets: each match, flags, operators, names, errors. */
#include <arpa/inet.h>

#include "proxy/acl.h"
#include "rules_env.h"

const struct module *const modules[] = { RULE_MODULES, NULL };

#define HEAD	"GET /api/v1/users?x=1 HTTP/1.1\r\nHost: www.Example.com\r\n" \
		"X: one, two\r\nN: 42\r\nCookie: a=1\r\nIp: 10.1.2.3\r\n\r\n"

static const struct { const char *cond; bool want; } conds[] = {
	{ "if { path /api/v1/users }", true }, { "if { path /api }", false },
	{ "if { path_beg /x /api /y }", true }, { "if { path_beg /apix /y }", false },
	{ "if { path_end /users }", true }, { "if { path_end .gif .jpg sers }", true },
	{ "if { path_end .gif .jpg .css }", false }, { "if { path_sub v1 }", true },
	{ "if { path_dir v1 }", true }, { "if { path_dir v }", false },
	{ "if { path_dir /api/v1/ }", true }, { "if { path_reg ^/api/v[0-9]+/ }", true },
	{ "if { path_len 13 }", true }, { "if { path_len gt 13 }", false },
	{ "if { hdr(host) www.example.com }", false },
	{ "if { hdr(host) -i www.example.com }", true },
	{ "if { hdr_dom(host) -i example }", true }, { "if { hdr_dom(host) -i exam }", false },
	{ "if { hdr(x) two }", true }, { "if { hdr(x) one }", true }, { "if { hdr(x) three }",
	    false },
	{ "if { hdr(x,1) two }", false }, { "if { hdr_sub(host) Exam }", true },
	{ "if { hdr_cnt(x) 2 }", true }, { "if { hdr_cnt(x) eq 2 }", true },
	{ "if { hdr_cnt(x) ge 3 }", false }, { "if { hdr_cnt(x) lt 3 }", true },
	{ "if { hdr_cnt(x) 1:3 }", true }, { "if { hdr_cnt(x) 3: }", false },
	{ "if { hdr_val(n) 40 41 42 }", true }, { "if { req.hdr(n) -m int 42 }", true },
	{ "if { req.hdr(n) -m found }", true }, { "if { req.hdr(m) -m found }", false },
	{ "if { req.hdr(n) -m len 2 }", true }, { "if { req.hdr(n) -m bool }", true },
	{ "if { hdr_ip(ip) 10.0.0.0/8 }", true }, { "if { hdr_ip(ip) 11.0.0.0/8 }", false },
	{ "if { req.hdr(ip) -m ip 10.1.2.3 }", true }, { "if { src 192.0.2.0/24 }", true },
	{ "if { src 10.0.0.0/8 ::1 192.0.2.8 }", false }, { "if { method GET }", true },
	{ "if METH_GET", true }, { "if METH_POST", false }, { "if TRUE", true }, { "if FALSE",
	    false },
	{ "if HTTP_1.1", true }, { "if LOCALHOST", false }, { "if HTTP_URL_SLASH", true },
	{ "if !FALSE", true }, { "if ! TRUE", false }, { "if !!TRUE", true },
	{ "unless TRUE", false }, { "unless FALSE", true }, { "if TRUE FALSE", false },
	{ "if TRUE TRUE", true }, { "if FALSE || TRUE", true }, { "if FALSE or FALSE", false },
	{ "if TRUE FALSE || TRUE TRUE", true }, { "if FALSE TRUE || FALSE TRUE", false },
	{ "if TRUE !{ path /x }", true }, { "if named", true }, { "if !named", false },
	{ "if both", true }, { "if { bin(4142) -m bin 4142 }", true },
	{ "if { path,length gt 5 }", true }, { "if { path -m beg -i /API }", true },
	{ "if { path -- -x }", false }, { "if { path -f list.txt }", true },
	{ "if { path -f opt@none.txt }", false }, { "if { req.cook(a) 1 }", true },
	{ "if { always_true }", true }, { "if { ssl_fc }", false },
};

static void
check(const char *cond, bool want)
{
	char *text = xasprintf("frontend f\n\tbind fd@3\n\tacl named path_beg /api\n"
	    "\tacl both path /nope\n\tacl both method GET\n"
	    "\thttp-request set-var(txn.v) str(hit) %s\n", cond);
	struct sample_ctx x;
	struct proxy *px;

	env.cfg = load(text);
	if (!ok_named(env.cfg.result == 0, "%s loads", cond)) {
		tap_diag("%s", env.cfg.alerts);
	} else {
		px = env_px("f");
		env_request(px, HEAD);
		sample_ctx_init(&x, &env.t, px, DIR_REQ);
		is_int(ruleset_run(px->rules[RS_HTTP_REQUEST], &x), RULE_NEXT);
		ok_named((env_var(&x, "v") != NULL) == want, "%s is %s", cond,
		    want ? "true" : "false");
	}
	unload(&env.cfg);
	free(text);
}

static void
test_errors(void)
{
	const char *s = "frontend f";

	error_is(s, "http-request deny if nosuch", "no such ACL : 'nosuch'.");
	error_is(s, "http-request deny if { path /a", "missing closing '}' in condition.");
	error_is(s, "http-request deny if { pathh /a }",
	    "unknown fetch method 'pathh' in ACL expression 'pathh'. Did you mean 'path' maybe ?");
	error_is(s, "http-request deny if { path -m foo /a }",
	    "unknown matching method 'foo' when parsing ACL expression");
	error_is(s, "http-request deny if { path -z /a }", "'-z' is not a valid ACL option. "
	    "Please use '--' before any pattern beginning with a '-'.");
	error_is(s, "http-request deny if { src 1.2.3.4/99 }",
	    "'1.2.3.4/99' is not a valid IPv4 or IPv6 address");
	error_is(s, "http-request deny if { hdr_cnt(x) foo }",
	    "'foo' is not a number or a range 'low:high'");
	error_is(s, "http-request deny if { path_reg ( }",
	    "regex '(' is invalid (error='missing closing parenthesis', pos=1)");
	error_is(s, "http-request deny if { var(txn.a) x }",
	    "matching method must be specified with '-m' for 'var(txn.a)'");
	error_is(s, "http-request deny if { status 200 }",
	    "fetch method 'status' needs the HTTP response, which is not available here");
	error_is(s, "acl a", "missing fetch method in ACL expression 'a'.");
	error_is(s, "acl a path -f /proc/none/list",
	    "failed to open pattern file </proc/none/list>: No such file or directory");
	error_is(s, "http-request deny if TRUE ||", "'||' needs an ACL on both sides.");
	error_is(s, "http-request deny if", "'if' expects a condition behind it.");
}

static unsigned
next_below(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed / 65536 % n;
}

/* Random sets against the plain definition. */
static void
test_sets(void)
{
	struct snapshot *snap = snapshot_new(1);
	struct diag d;
	struct cfg c = { .snap = snap, .arena = snap->arena, .diag = &d };
	unsigned seed = 7, bad = 0;
	static const enum pat_match kinds[] = { PAT_STR, PAT_BEG, PAT_END };

	diag_init(&d, false);
	for (int round = 0; round < 300; round++) {
		enum pat_match m = kinds[round % 3];
		struct pat_set *p = pat_set_new(&c, m, false);
		char words[12][6];
		int n = 1 + round % 12;

		for (int i = 0; i < n; i++) {
			size_t len = 1 + next_below(&seed, 4);

			for (size_t k = 0; k < len; k++)
				words[i][k] = (char)('a' + next_below(&seed, 3));
			words[i][len] = '\0';
			pat_set_add(&c, p, words[i]);
		}
		pat_set_compile(&c, p);
		for (int q = 0; q < 60; q++) {
			char subject[8];
			size_t len = next_below(&seed, 7);
			struct sample s;
			bool want = false;

			for (size_t k = 0; k < len; k++)
				subject[k] = (char)('a' + next_below(&seed, 3));
			sample_str(&s, (struct str){ subject, len });
			for (int i = 0; i < n; i++)
				want |= m == PAT_STR ? str_eq(s.u.s, str_of(words[i])) :
				    m == PAT_BEG ? str_starts(s.u.s, str_of(words[i])) :
				    str_ends(s.u.s, str_of(words[i]));
			bad += pat_set_match(p, &s) != want;
		}
	}
	is_int(bad, 0);
	diag_fini(&d);
	snapshot_free(snap);
}

int
main(void)
{
	FILE *f;

	clock_update();
	load_write("");
	f = fopen("list.txt", "w");
	fputs("# a comment\n\n  /api/v1/users  \r\n/other\n", f);
	fclose(f);
	for (size_t i = 0; i < ARRAY_LEN(conds); i++)
		check(conds[i].cond, conds[i].want);
	test_errors();
	test_sets();
	unlink("list.txt");
	return tap_done();
}
