/* SPDX-License-Identifier: BSD-2-Clause */
/* cond.c: conditions and their predicates, versions, messages with their places. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/module.h"
#include "cfg/cond.h"
#include "cfg/kw.h"
#include "cfg/word.h"
#include "net/tls_lib.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

static const char *
lookup(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "SET") == 0 ? "" : NULL;
}

static const struct word_env env = { lookup, NULL };

static int
eval(const char *text, char **ret_error, size_t *ret_at)
{
	struct arena *a = arena_new();
	int value = cond_eval(a, text, &env, ret_error, ret_at);

	arena_free(a);
	return value;
}

static const struct {
	const char	*text;
	int		 value;
} values[] = {
	{ "", 0 }, { " ", 0 }, { "0", 0 }, { "00", 0 }, { "1", 1 }, { "-1", 1 }, { "+0", 0 },
	{ "18446744073709551616", 1 }, { " 1 ", 1 },
	{ "!0", 1 }, { "!1", 0 }, { "!!1", 1 }, { "! ! !1", 0 },
	{ "1&&1", 1 }, { "1 && 0", 0 }, { "0||1", 1 }, { "0 || 0", 0 },
	/* && binds tighter */
	{ "1 || 0 && 0", 1 }, { "0 && 0 || 1", 1 }, { "0 && 1 || 0 && 1", 0 },
	{ "1 && 0 || 1 && 1", 1 }, { "(1 || 0) && 0", 0 }, { "!(1 && 0)", 1 },
	{ "!(0||(1&&!(0)))||(0)", 0 }, { "((((1))))", 1 }, { "( 1 )&&( 1 )", 1 },
	{ "!0 && !0", 1 }, { "!(0) && 1", 1 },
	{ "defined(SET)", 1 }, { "defined(UNSET)", 0 }, { "defined()", 0 },
	{ "!defined(UNSET) && defined(SET)", 1 },
	{ "feature(OPENSSL)", 1 }, { "feature(PCRE)", 1 }, { "feature(PCRE2)", 1 },
	{ "feature(THREAD)", 1 }, { "feature(TPROXY)", 1 }, { "feature(LUA)", 0 },
	{ "feature(PCRE)||feature(PCRE2)", 1 },
	{ "feature(OPENSSL_AWSLC)", 0 }, { "feature(OPENSSL_WOLFSSL)", 0 }, { "feature(SLZ)", 0 },
	{ "feature(ZLIB)", 0 }, { "feature(LINUX_SPLICE)", 0 }, { "feature(PROMEX)", 0 },
	{ "feature(QUIC)", 0 }, { "feature(NOSUCH)", 0 },
	{ "enabled(EPOLL)", 1 }, { "enabled(SPLICE)", 1 }, { "enabled(REUSEPORT)", 1 },
	{ "enabled(FAST-FORWARD)", 0 },
	{ "streq(a,a)", 1 }, { "streq(a,b)", 0 }, { "streq(,)", 1 }, { "streq(a b ,a b )", 1 },
	{ "streq(\"a,b)\",'a,b)')", 1 }, { "strneq(a,b)", 1 }, { "strneq(a,a)", 0 },
	{ "strstr(abc,b)", 1 }, { "strstr(abc,x)", 0 }, { "strstr(abc,)", 1 },
	{ "version_atleast(3.3.0)", 1 }, { "version_atleast(3.3)", 1 },
	{ "version_atleast(3)", 1 }, { "version_atleast(v3.3)", 1 },
	{ "version_atleast(3.3-dev8)", 1 }, { "version_atleast(3.3.0-dev8)", 1 },
	{ "version_atleast(3.3.1)", 0 }, { "version_atleast(3.3.1-dev1)", 0 },
	{ "version_atleast(3.4-dev0)", 0 }, { "version_atleast(1024)", 0 },
	{ "version_atleast(2.99.99)", 1 }, { "version_atleast(2.4-dev19)", 1 },
	{ "version_before(3.3)", 0 }, { "version_before(3.3-dev1)", 0 },
	{ "version_before(3.3.1)", 1 }, { "version_before(1024)", 1 }, { "version_before(2)", 0 },
	{ "openssl_version_atleast(1.1.1)", 1 }, { "openssl_version_atleast(3.0.0)", 1 },
	{ "openssl_version_before(1.1.1k)", 0 }, { "openssl_version_before(15.0)", 1 },
	{ "openssl_version_atleast(1)", 1 }, { "ssllib_name_startswith(OpenSSL)", 1 },
	{ "ssllib_name_startswith(wolf)", 0 }, { "awslc_api_atleast(1)", 0 },
	{ "awslc_api_before(99)", 0 }, { "fips_mode()", 0 }, { "!fips_mode()", 1 },
};

static const struct {
	const char	*text, *error;
	size_t		 at;
} errors[] = {
	{ "bogus", "unparsable conditional expression 'bogus'", 0 },
	{ "true(", "unparsable conditional expression 'true('", 0 },
	{ "! ", "unparsable conditional expression '! '", 0 },
	{ "1 && ", "unparsable conditional expression '&& '", 2 },
	{ "1 || x", "unparsable conditional expression '|| x'", 2 },
	{ "()", "unparsable conditional expression ')'", 1 },
	{ "1 2", "unexpected character '2' at the end of conditional expression '1 2'", 2 },
	{ "1abc", "unexpected character 'a' at the end of conditional expression '1abc'", 1 },
	{ "1)", "unexpected character ')' at the end of conditional expression '1)'", 1 },
	{ "1 & 1", "unexpected character '&' at the end of conditional expression '1 & 1'", 2 },
	{ "(1", "expected ')' after conditional expression '(1'", 0 },
	{ "1 && ((0) || 1", "expected ')' after conditional expression '((0) || 1'", 5 },
	{ "defined(a", "expected ')' in argument 1 of predicate 'defined' used in conditional "
	    "expression", 9 },
	{ "defined", "expected '(' in argument 1 of predicate 'defined' used in conditional "
	    "expression", 7 },
	{ "streq(a)", "missing arguments (got 1/2), type 'string' expected in argument 1 of "
	    "predicate 'streq' used in conditional expression", 7 },
	{ "streq()", "missing arguments (got 0/2), type 'string' expected in argument 0 of "
	    "predicate 'streq' used in conditional expression", 6 },
	{ "streq(a,b,c)", "too many arguments (got 3/2) of predicate 'streq' used in conditional "
	    "expression", 6 },
	{ "version_atleast(x)", "invalid version 'x' in argument 1 of predicate "
	    "'version_atleast' used in conditional expression", 16 },
	{ "1 || version_before(3.3-rc1)", "invalid version '3.3-rc1' in argument 1 of predicate "
	    "'version_before' used in conditional expression", 20 },
	{ "version_atleast(3.3.0.1)", "invalid version '3.3.0.1' in argument 1 of predicate "
	    "'version_atleast' used in conditional expression", 16 },
	{ "openssl_version_atleast(1..1)", "invalid version '1..1' in argument 1 of predicate "
	    "'openssl_version_atleast' used in conditional expression", 24 },
};

static void
test_values(void)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char *error = NULL;
		size_t at;

		tap_is_int(eval(values[i].text, &error, &at), values[i].value, TAP_HERE,
		    values[i].text);
		free(error);
	}
}

static void
test_errors(void)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		char *error = NULL;
		size_t at = 999;

		tap_is_int(eval(errors[i].text, &error, &at), -1, TAP_HERE, errors[i].text);
		is_str(error, errors[i].error);
		is_u64(at, errors[i].at);
		free(error);
	}
}

/* What is linked: one version at a time around it */
static void
test_openssl(void)
{
	unsigned long v = tls_lib_version();
	char text[64], *error = NULL;
	size_t at;

	snprintf(text, sizeof(text), "openssl_version_atleast(%lu.%lu.%lu)", v >> 28,
	    v >> 20 & 0xff, v >> 4 & 0xff);
	is_int(eval(text, &error, &at), 1);
	snprintf(text, sizeof(text), "openssl_version_before(%lu.%lu.%lu)", v >> 28,
	    v >> 20 & 0xff, (v >> 4 & 0xff) + 1);
	is_int(eval(text, &error, &at), 1);
}

static void
test_depth(void)
{
	char text[256], *error = NULL;
	size_t at;

	for (int n = 63; n <= 64; n++) {
		memset(text, '(', (size_t)n);
		text[n] = '1';
		memset(text + n + 1, ')', (size_t)n);
		text[2 * n + 1] = '\0';
		is_int(eval(text, &error, &at), n == 63 ? 1 : -1);
	}
	is_str(error, "too many nested parentheses, max is 63");
	free(error);
}

/* -cc: quotes and variables first */
static void
test_command_line(void)
{
	char *error = NULL;

	setenv("WEIR_T", "a b", 1);
	is_int(cfg_condition("streq(\"$WEIR_T\",a b) # why", &error), 1);
	is_int(cfg_condition("", &error), 0);
	is_int(cfg_condition("defined(WEIR_T) &&\t!defined(WEIR_NONE)", &error), 1);
	is_int(cfg_condition("bogus", &error), -1);
	is_str(error, "unparsable conditional expression 'bogus'");
	free(error);
	is_int(cfg_condition("streq(\"a,b)", &error), -1);
	is_str(error, "unmatched quote at position 7:\n  streq(\"a,b)\n        ^");
	free(error);
}

static void
on_feature(const char *name, bool is_built, void *arg)
{
	if (is_built == feature_is_built(name))
		(*(int *)arg)++;
}

int
main(void)
{
	int n = 0;

	test_values();
	test_errors();
	test_openssl();
	test_depth();
	test_command_line();
	cfg_feature_each(on_feature, &n);
	ok(n > 10);
	return tap_done();
}
