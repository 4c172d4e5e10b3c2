/* SPDX-License-Identifier: BSD-2-Clause */
/* parse.c: the driver, with rows of a test module; each message is shown whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "tap.h"

/* ---- a module whose rows write down what reached them ---- */

static char seen[8192];

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
note(const char *fmt, ...)
{
	size_t at = strlen(seen);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(seen + at, sizeof(seen) - at, fmt, ap);
	va_end(ap);
}

static int
on_row(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	note("%s%s%s(", c->is_no ? "no " : "", c->is_default ? "default " : "", row->name);
	for (int i = 0; i < nargs; i++)
		note("%s%s", i > 0 ? "|" : "", args[i]);
	note(") ");
	return 0;
}

static int
on_bind(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (args[nargs] != NULL)
		fail("args do not end with NULL");
	on_row(c, row, args, 1);
	return cfg_parse_options(c, IN_BIND, args + 1, nargs - 1);
}

static int
on_server(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	on_row(c, row, args, 2);
	return cfg_parse_options(c, IN_SERVER, args + 2, nargs - 2);
}

static int
on_timeout(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t us;

	(void)nargs;
	if (cfg_duration(c, row->name, args[0], 1000, &us) != 0)
		return -1;
	note("%s=%llu ", row->name, (unsigned long long)us);
	return 0;
}

static int
on_maxconn(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 1, 100, &v) != 0)
		return -1;
	note("maxconn=%llu ", (unsigned long long)v);
	return 0;
}

static int
on_size(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_size(c, row->name, args[0], &v) != 0)
		return -1;
	note("size=%llu ", (unsigned long long)v);
	return 0;
}

static int
on_call(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	char **w;
	long len = cfg_args_end(args[0]);
	int n;

	(void)row;
	(void)nargs;
	if (len == -1 || cfg_split_args(c, (struct str){ args[0], (size_t)len }, &w, &n) != 0)
		return -1;
	for (int i = 0; i < n; i++)
		note("<%s>", w[i]);
	return 0;
}

static const struct kw_row test_cfg[] = {
	{ "maxconn", IN_GLOBAL | IN_FRONTEND | IN_DEFAULTS, KW_OBEYED, 1, 1, 0, on_maxconn, 0,
	    "<number>", "Limits." },
	{ "tune.bufsize", IN_GLOBAL, KW_OBEYED, 1, 1, 0, on_size, 0, "<size>", "Buffers." },
	{ "stats socket", IN_GLOBAL, KW_OBEYED, 1, 0, KW_F_ANY_ARGS | KW_F_ADDRESS, on_bind, 0,
	    "<addr>", "Socket." },
	{ "daemon", IN_GLOBAL, KW_OBEYED, 0, 0, 0, on_row, 0, "", "Background." },
	{ "tune.quic.*", IN_GLOBAL, KW_NO_EFFECT, 0, 9, 0, NULL, 0, "", "there is no QUIC." },
	{ "nbproc", IN_GLOBAL, KW_REFUSED, 0, 9, 0, NULL, 0, "", "use nbthread." },
	{ "call", IN_GLOBAL, KW_OBEYED, 1, 1, 0, on_call, 0, "<text>", "Arguments." },
	{ "show", IN_GLOBAL | IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, on_row, 0, "", "Test." },
	{ "bind", IN_FRONTEND, KW_OBEYED, 1, 0, KW_F_ANY_ARGS | KW_F_ADDRESS | KW_F_STRICT,
	    on_bind, 0, "<addr>", "Listens." },
	{ "use_backend", IN_FRONTEND, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, on_row, 0, "<name>",
	    "Goes." },
	{ "server", IN_BACKEND, KW_OBEYED, 2, 0, KW_F_ANY_ARGS | KW_F_ADDRESS | KW_F_STRICT,
	    on_server, 0, "<name> and <addr>[:<port>]", "A server." },
	{ "timeout client", IN_FRONTEND | IN_DEFAULTS, KW_OBEYED, 1, 1, 0, on_timeout, 0, "<time>",
	    "Waits." },
	{ "timeout connect", IN_BACKEND | IN_DEFAULTS, KW_OBEYED, 1, 1, 0, on_timeout, 0, "<time>",
	    "Waits." },
	{ "option httplog", IN_PROXY, KW_OBEYED, 0, 1, KW_F_NO, on_row, 0, "[clf]", "Logs." },
	{ "mode", IN_PROXY, KW_OBEYED, 1, 1, 0, on_row, 0, "http or tcp", "Mode." },
	{ "http-request set header", IN_PROXY, KW_OBEYED, 1, 1, 0, on_row, 0, "x", "Three words." },
	{ "ssl", IN_BIND, KW_OBEYED, 0, 0, 0, on_row, 0, "", "TLS." },
	{ "crt", IN_BIND, KW_OBEYED, 1, 1, 0, on_row, 0, "<file>", "Certificate." },
	{ "nice", IN_BIND, KW_NO_EFFECT, 1, 1, 0, NULL, 0, "<n>", "the kernel schedules." },
	{ "allow-0rtt", IN_BIND | IN_SERVER, KW_REFUSED, 0, 0, 0, NULL, 0, "", "replays." },
	{ "check", IN_SERVER, KW_OBEYED, 0, 0, 0, on_row, 0, "", "Checks." },
	{ "inter", IN_SERVER, KW_OBEYED, 1, 1, 0, on_row, 0, "<delay>", "Interval." },
	{ "opt", IN_SERVER, KW_OBEYED, 0, 2, 0, on_row, 0, "[a [b]]", "Optional arguments." },
	{ "many", IN_SERVER, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, on_row, 0, "a...", "Many." },
	{ .name = NULL }
};

static int
on_open(struct cfg *c, char **args, int nargs)
{
	note("[%s %s] ", c->section->name, nargs > 0 ? args[0] : "-");
	if (nargs == 0 && (c->section->in & (IN_FRONTEND | IN_BACKEND)) != 0) {
		diag_error(c->diag, "'%s' expects an <id> argument", c->section->name);
		return -1;
	}
	return 0;
}

static void
on_close(struct cfg *c)
{
	note("[/%s] ", c->section->name);
}

static const struct section_row test_sections[] = {
	{ "global", IN_GLOBAL, on_open, NULL, "Process." },
	{ "defaults", IN_DEFAULTS, on_open, NULL, "Defaults." },
	{ "frontend", IN_FRONTEND, on_open, on_close, "Frontend." },
	{ "backend", IN_BACKEND, on_open, NULL, "Backend." },
	{ "listen", IN_FRONTEND | IN_BACKEND, on_open, NULL, "Both." },
	{ "peers", 0, NULL, NULL, "tables stay over a reload." },
	{ .name = NULL }
};

static int
on_post(struct cfg *c)
{
	note("post ");
	if (strstr(seen, "use_backend(nowhere)") == NULL)
		return 0;
	diag_error(c->diag, "no backend 'nowhere'");
	return -1;
}

static const struct post_row test_post[] = { { "names", on_post }, { NULL, NULL } };

static const struct module mod_test = { .name = "test", .sections = test_sections,
	.cfg = test_cfg, .post = test_post };
const struct module *const modules[] = { &mod_cfg_env, &mod_test, NULL };

/* ---- running ---- */

static char folder[] = "/tmp/weir-parse-XXXXXX";

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0)
		fail("%s cannot be written", name);
}

/* Every item as "LEVEL text" lines; malloc'ed. */
static char *
items(const struct diag *d)
{
	static const char *const names[] = { "emerg", "A", "crit", "err", "W", "N", "info",
		"debug", "D" };
	char *all = xstrdup(""), *more;

	for (const struct diag_item *it = d->first; it != NULL; it = it->next) {
		more = it->file == NULL ? xasprintf("%s%s %s\n", all, names[it->level], it->text) :
		    xasprintf("%s%s %s:%d %s\n", all, names[it->level], it->file, it->line,
		    it->text);
		free(all);
		all = more;
	}
	return all;
}

static int
load(char **paths, int n, char **ret_items)
{
	struct cfg c = { 0 };
	struct diag d;
	int rc;

	seen[0] = '\0';
	diag_init(&d, false);
	c.arena = arena_new();
	c.diag = &d;
	rc = cfg_load(&c, paths, n);
	*ret_items = items(&d);
	arena_free(c.arena);
	diag_fini(&d);
	return rc;
}

struct row {
	const char	*text;		/* of the file a.cfg */
	const char	*messages;	/* all of them, without the closing line */
	const char	*seen;		/* what rows noted; NULL = whatever */
	int		 line;
};

#define CLOSING	"A config : Error(s) found in configuration file : a.cfg\n"

static void
run(const struct row *r)
{
	char *paths[] = { xstrdup("a.cfg") }, *got, *want;
	bool is_bad = r->messages[0] == 'A' || strstr(r->messages, "\nA ") != NULL;
	int rc;

	write_file("a.cfg", r->text);
	rc = load(paths, 1, &got);
	want = xasprintf("%s%s", r->messages,
	    is_bad && strstr(r->messages, "nowhere") == NULL ? CLOSING : "");
	tap_is_str(got, want, __FILE__, r->line, r->text);
	tap_is_int(rc, is_bad ? -1 : 0, __FILE__, r->line, "result");
	if (r->seen != NULL)
		tap_is_str(seen, r->seen, __FILE__, r->line, "what rows saw");
	free(paths[0]);
	free(got);
	free(want);
}

#define ROW(text, messages, seen)	{ text, messages, seen, __LINE__ }

static const struct row rows[] = {
	ROW("", "", "post "),
	ROW("# only a comment\n\n", "", "post "),
	ROW("global\n  maxconn 7 # seven\n daemon\nfrontend f\n\tmode http\nbackend b\n",
	    "", "[global -] maxconn=7 daemon() [frontend f] mode(http) [/frontend] "
	    "[backend b] post "),
	ROW("global\r\n  maxconn 7\r\n", "", "[global -] maxconn=7 post "),
	/* longest match of one to three words, rows of one name in several places */
	ROW("listen l\n timeout client 5s\n timeout connect 2\n http-request set header a\n",
	    "", "[listen l] timeout client=5000000 timeout connect=2000 "
	    "http-request set header(a) post "),
	ROW("global\n stats socket /x ssl\n", "", "[global -] stats socket(/x) ssl() post "),
	/* prefixes */
	ROW("defaults\n no option httplog\n default option httplog\n", "",
	    "[defaults -] no option httplog() default option httplog() post "),
	ROW("defaults\n no mode http\n default mode http\n",
	    "A a.cfg:2 'no' is not supported before 'mode'.\n"
	    "A a.cfg:3 'default' is not supported before 'mode'.\n", NULL),
	ROW("defaults\n no option httplgo\n",
	    "A a.cfg:2 unknown keyword 'option httplgo' in 'defaults' section; "
	    "did you mean 'option httplog' maybe ?\n", NULL),
	/* unknown words */
	ROW("frontend a\n zzzzzz\n", "A a.cfg:2 unknown keyword 'zzzzzz' in 'frontend' section\n",
	    "[frontend a] [/frontend] "),
	ROW("frontend a\n bnid x\n mdoe http\n timeout clinet 5\n",
	    "A a.cfg:2 unknown keyword 'bnid' in 'frontend' section; did you mean 'bind' maybe ?\n"
	    "A a.cfg:3 unknown keyword 'mdoe' in 'frontend' section; did you mean 'mode' maybe ?\n"
	    "A a.cfg:4 unknown keyword 'timeout clinet' in 'frontend' section; "
	    "did you mean 'timeout client' maybe ?\n", NULL),
	ROW("frontend a\n timout client 5\nbakcend b\n",
	    "A a.cfg:2 unknown keyword 'timout' in 'frontend' section; "
	    "did you mean 'timeout client' maybe ?\n"
	    "A a.cfg:3 unknown keyword 'bakcend' in 'frontend' section; "
	    "did you mean 'backend' maybe ?\n", NULL),
	ROW("global\n tune.foo 1\n mxaconn 3\n",
	    "A a.cfg:2 unknown keyword 'tune.foo' in 'global' section\n"
	    "A a.cfg:3 unknown keyword 'mxaconn' in 'global' section; "
	    "did you mean 'maxconn' maybe ?\n", NULL),
	ROW("frontned a\n bind :80\n",
	    "A a.cfg:1 unknown keyword 'frontned' out of section; did you mean 'frontend' maybe ?\n"
	    "A a.cfg:2 unknown keyword 'bind' out of section.\n", ""),
	ROW("frontend f\n foo\n cl x\n", "A a.cfg:2 unknown keyword 'foo' in 'frontend' section\n"
	    "A a.cfg:3 unknown keyword 'cl' in 'frontend' section\n", NULL),
	ROW("frontend f\n bind :80 clt x\n", "A a.cfg:2 'bind :80' in section 'frontend' : unknown "
	    "keyword 'clt'; did you mean 'crt' maybe ?\n", NULL),
	/* the other kind of proxy */
	ROW("frontend f\n server s 1.1.1.1:80\n timeout connect 1\nbackend b\n use_backend x\n",
	    "A a.cfg:2 'server' not allowed because frontend 'f' has no backend capability.\n"
	    "W a.cfg:3 'timeout connect' ignored because frontend 'f' has no backend capability.\n"
	    "W a.cfg:5 'use_backend' ignored because backend 'b' has no frontend capability.\n",
	    NULL),
	ROW("defaults\n use_backend x\n",
	    "A a.cfg:2 'use_backend' not allowed in 'defaults' section.\n",
	    NULL),
	/* kinds */
	ROW("global\n tune.quic.foo on\n",
	    "D a.cfg:2 'tune.quic.foo' has no effect: there is no QUIC.\n",
	    NULL),
	ROW("global\n nbproc 4\n", "A a.cfg:2 'nbproc' is not supported: use nbthread.\n", NULL),
	/* arity */
	ROW("frontend f\n timeout client\n mode http x\n bind\n",
	    "A a.cfg:2 'timeout client' expects <time> as argument.\n"
	    "A a.cfg:3 'mode' cannot handle unexpected argument 'x'.\n"
	    "A a.cfg:4 'bind' expects <addr> as argument.\n", NULL),
	ROW("backend b\n server s\n",
	    "A a.cfg:2 'server' expects <name> and <addr>[:<port>] as arguments.\n", NULL),
	/* values */
	ROW("defaults\n timeout client 10x\n timeout client x\n maxconn 101\n maxconn x\n",
	    "A a.cfg:2 'timeout client' expects a duration (an integer and one of us, ms, s, m, h, "
	    "d) but got '10x': unknown unit.\n"
	    "A a.cfg:3 'timeout client' expects a duration (an integer and one of us, ms, s, m, h, "
	    "d) but got 'x': not a number.\n"
	    "A a.cfg:4 'maxconn' expects an integer from 1 to 100 but got '101'.\n"
	    "A a.cfg:5 'maxconn' expects an integer from 1 to 100 but got 'x'.\n", NULL),
	ROW("global\n tune.bufsize 16k\n tune.bufsize 1x\n",
	    "A a.cfg:3 'tune.bufsize' expects a size (an integer and none or one of k, m, g) "
	    "but got '1x': unknown unit.\n", "[global -] size=16384 "),
	/* options */
	ROW("frontend f\n bind 127.0.0.1:80 ssl crt a.pem nice 3\n",
	    "D a.cfg:2 'bind 127.0.0.1:80' in section 'frontend' : 'nice' has no effect: "
	    "the kernel schedules.\n",
	    "[frontend f] bind(127.0.0.1:80) ssl() crt(a.pem) [/frontend] post "),
	ROW("frontend f\n bind 127.0.0.1:80 foo\n bind :80 crtt x ssll\n bind :80 ssl crt\n",
	    "A a.cfg:2 'bind 127.0.0.1:80' in section 'frontend' : unknown keyword 'foo'.\n"
	    "A a.cfg:3 'bind :80' in section 'frontend' : unknown keyword 'crtt'; "
	    "did you mean 'crt' maybe ?\n"
	    "A a.cfg:4 'bind :80' in section 'frontend' : 'crt' expects <file> as argument.\n",
	    NULL),
	ROW("backend b\n server s :80 inetr 5\n server s :80 allow-0rtt\n",
	    "A a.cfg:2 'server b/s' : unknown keyword 'inetr'; did you mean 'inter' maybe ?\n"
	    "A a.cfg:3 'server b/s' : 'allow-0rtt' is not supported: replays.\n", NULL),
	ROW("backend b\n server s :80 opt check opt x check many a b c inter 1 opt u v\n", "",
	    "[backend b] server(s|:80) opt() check() opt(x) check() many(a|b|c) inter(1) "
	    "opt(u|v) post "),
	/* a section that does not open: its lines are looked up, not run */
	ROW("frontend\n mode http\n mdoe x\nbackend b\n mode tcp\n",
	    "A a.cfg:1 'frontend' expects an <id> argument\n"
	    "A a.cfg:3 unknown keyword 'mdoe' in 'frontend' section; did you mean 'mode' maybe ?\n",
	    "[frontend -] [backend b] mode(tcp) "),
	/* a section that is not built */
	ROW("peers p\n peer a 1.1.1.1:1\nglobal\n daemon\n",
	    "A a.cfg:1 'peers' sections are not supported: tables stay over a reload.\n",
	    "[global -] daemon() "),
	/* checks of the whole */
	ROW("frontend f\n use_backend nowhere\n", "A no backend 'nowhere'\n", NULL),
	/* the lexer's messages */
	ROW("frontend f\n   bind \"127.0.0.1\n mode http\n",
	    "A config : parsing [a.cfg:2]: unmatched quote at position 9:\n  bind \"127.0.0.1\n"
	    "       ^\n", "[frontend f] mode(http) [/frontend] "),
	ROW("global\n daemon", "A config : parsing [a.cfg:2]: Missing LF on last line, file might "
	    "have been truncated at position 8.\n", NULL),
	/* arguments in parentheses */
	ROW("global\n call a,'b,c',d\\,e)\n", "", "[global -] <a><b><c><d\\><e>post "),
	ROW("global\n call 'a,\"b,c)\",d\\\\,e\\tf, g )'\n", "",
	    "[global -] <a><b,c)><d\\><e\tf>< g >post "),
	/* variables */
	ROW("global\n setenv A 1\n presetenv A 2\n presetenv B 3\n show \"$A ${B} ${C-x y}\" $A\n"
	    " unsetenv A\n show \"[$A]\"\n", "",
	    "[global -] show(1 3 x y|$A) show([]) post "),
	ROW("global\n setenv A 1\n setenv B 2\n resetenv A HOME\n show \"$A[$B]$WEIR_T${HOME}\"\n",
	    "", "[global -] show(1[]/h) post "),
	ROW("global\n setenv A=B 1\n",
	    "A a.cfg:2 'setenv' : 'A=B' is not a variable name.\n", NULL),
	ROW("global\n show \"$WEIR_T\" '$WEIR_T' \"$HAPROXY_STARTUP_VERSION ${HAPROXY_BRANCH}\"\n",
	    "", "[global -] show(yes|$WEIR_T|3.3.0 3.3) post "),
	ROW("global\n show \"${.FILE}:${.LINE} ${.SECTION}\"\nlisten x\n show \"${.SECTION}\"\n",
	    "", "[global -] show(a.cfg:2 global) [listen x] show(x) post "),
	/* addresses expand without quotes, too; options do not */
	ROW("frontend f\n bind fd@${WEIR_T} crt ${WEIR_T}\n bind '$WEIR_T':$WEIR_T\n", "",
	    "[frontend f] bind(fd@yes) crt(${WEIR_T}) bind($WEIR_T:yes) [/frontend] post "),
	ROW("backend b\n server s ${NONE-127.0.0.1}:$NONE-\n server s \\$WEIR_T:${$\n", "",
	    "[backend b] server(s|127.0.0.1:-) server(s|$WEIR_T:${$) post "),
	/* conditions and messages */
	ROW(".if 1\nglobal\n.else\nbroken \"\n.endif\n daemon\n", "", "[global -] daemon() post "),
	ROW(".if 0\nbroken \"\n .if bogus\n .elif bogus\n .else\n .endif x\n.elif 1\nglobal\n"
	    ".elif bogus\n.else\nx\n.endif\n", "", "[global -] post "),
	ROW(".if streq(\"$WEIR_T\",yes) && ! feature(LUA)\nglobal\n.endif\n",
	    "", "[global -] post "),
	ROW(".if bogus\nx\n.else\ny\n.endif\nglobal\n",
	    "A config : parsing [a.cfg:1]: unparsable conditional expression 'bogus' in '.if' at "
	    "position 1:\n  .if bogus\n      ^\n", "[global -] "),
	ROW(".if 0\n.elif defined(a\n.endif\n",
	    "A config : parsing [a.cfg:2]: expected ')' in argument 1 of predicate 'defined' used "
	    "in conditional expression in '.elif' at position 10:\n  .elif defined(a\n"
	    "                 ^\n", NULL),
	ROW(".if 1\nglobal\n", "A config : parsing [a.cfg:2]: non-terminated '.if' block.\n", NULL),
	ROW(".else\n.elif 1\n.endif\n",
	    "A config : parsing [a.cfg:1]: lone '.else' with no matching '.if'.\n"
	    "A config : parsing [a.cfg:2]: lone '.elif' with no matching '.if'.\n"
	    "A config : parsing [a.cfg:3]: lone '.endif' with no matching '.if'.\n", NULL),
	ROW(".if 1\n.else x\n.else\n.elif 1\n.endif\n",
	    "A config : parsing [a.cfg:2]: Unexpected argument 'x' for '.else'.\n"
	    "A config : parsing [a.cfg:3]: '.else' after '.else' is not permitted.\n"
	    "A config : parsing [a.cfg:4]: '.elif' after '.else' is not permitted.\n", NULL),
	ROW(".notice \"hi there\"\n.warning a\n.diag d\n.alert b\n.notice a b\n.foo\n",
	    "N config : parsing [a.cfg:1]: 'hi there'.\n"
	    "W config : parsing [a.cfg:2]: 'a'.\n"
	    "D config : parsing [a.cfg:3]: 'd'.\n"
	    "A config : parsing [a.cfg:4]: 'b'.\n"
	    "A config : parsing [a.cfg:5]: Unexpected argument 'b' for '.notice'. Use quotes if "
	    "the message should contain spaces.\n"
	    "A config : parsing [a.cfg:6]: unknown directive '.foo'.\n", NULL),
};

/* 100 levels are fine, the next one is not. */
static void
test_depth(void)
{
	struct row r = { .line = __LINE__, .messages = "" };
	char text[8192] = "";

	for (int i = 0; i < 100; i++)
		strcat(text, ".if 1\n");
	strcat(text, "global\n");
	for (int i = 0; i < 100; i++)
		strcat(text, ".endif\n");
	r.text = text;
	r.seen = "[global -] post ";
	run(&r);
	memmove(text + 6, text, strlen(text) + 1);
	memcpy(text, ".if 1\n", 6);
	r.messages = "A config : parsing [a.cfg:101]: too many nested '.if', max is 100.\n";
	r.seen = NULL;
	run(&r);
}

static void
test_folder(void)
{
	char dir[] = "d", one[] = "b.cfg", none[] = "none.cfg", *got;
	char *paths[] = { dir, one }, *missing[] = { none, one };

	mkdir("d", 0700);
	write_file("d/2.cfg", "backend two\n");
	write_file("d/1.cfg", "global\n daemon\n");
	write_file("d/.hidden.cfg", "broken\n");
	write_file("d/3.txt", "broken\n");
	write_file("b.cfg", "backend b\n show \"$HAPROXY_CFGFILES\" \"$HAPROXY_LOCALPEER\"\n");
	is_int(load(paths, 2, &got), 0);
	is_str(seen, "[global -] daemon() [backend two] [backend b] "
	    "show(d/1.cfg;d/2.cfg;b.cfg|peer) post ");
	is_str(got, "");
	free(got);
	is_int(load(missing, 2, &got), -1);
	is_str(seen, "[backend b] show(b.cfg|peer) ");
	is_str(got, "A config : Cannot open configuration file/directory none.cfg : "
	    "No such file or directory\n");
	free(got);
	/* a section ends with its file */
	write_file("d/2.cfg", " daemon\n");
	is_int(load(paths, 1, &got), -1);
	is_str(got, "A d/2.cfg:1 unknown keyword 'daemon' out of section.\n"
	    "A config : Error(s) found in configuration file : d/2.cfg\n");
	free(got);
	unlink("d/1.cfg");
	unlink("d/2.cfg");
	unlink("d/.hidden.cfg");
	unlink("d/3.txt");
	unlink("b.cfg");
	rmdir("d");
}

static void
count_row(const struct module *m, const struct kw_row *row, void *arg)
{
	(void)m;
	*(int *)arg += strcmp(row->name, "bind") == 0 || strcmp(row->name, "setenv") == 0;
}

static void
test_find(void)
{
	char a[] = "timeout", b[] = "client", d[] = "5";
	char *words[] = { a, b, d };
	int used = 0, n = 0;

	ok(kw_find(IN_FRONTEND, words, 3, &used) != NULL);
	is_int(used, 2);
	ok(kw_find(IN_BACKEND, words, 3, &used) == NULL);
	ok(kw_find(IN_FRONTEND, words, 1, &used) == NULL);
	ok(kw_find(IN_FRONTEND, words, 0, &used) == NULL);
	kw_each(count_row, &n);
	is_int(n, 2);
}

int
main(void)
{
	setenv("WEIR_T", "yes", 1);
	setenv("HAPROXY_LOCALPEER", "peer", 1);
	setenv("HOME", "/h", 1);
	unsetenv("NONE");
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(&rows[i]);
	test_depth();
	test_folder();
	test_find();
	unlink("a.cfg");
	rmdir(folder);
	return tap_done();
}
