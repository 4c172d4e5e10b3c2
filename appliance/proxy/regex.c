/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regular expressions by pcre2, compiled once with JIT while the configuration
 * is parsed; the code is freed with the snapshot's arena. Match data is per
 * thread, so a match allocates nothing. A pattern that runs away hits the match
 * limit and does not match.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "proxy/sample.h"

#define MATCH_LIMIT	100000u

struct regex {
	pcre2_code	*code;
	bool		 has_jit;
};

struct match_memory {
	pcre2_match_data	*data;
	pcre2_match_context	*context;
};

static _Thread_local struct match_memory *own;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
free_memory(void *arg)
{
	struct match_memory *m = arg;

	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->context);
	free(m);
}

static void
make_key(void)
{
	WEIR_ASSERT(pthread_key_create(&key, free_memory) == 0);
}

static struct match_memory *
match_memory(void)
{
	if (likely(own != NULL))
		return own;
	pthread_once(&once, make_key);
	own = xcalloc(1, sizeof(*own));
	own->data = pcre2_match_data_create(REGEX_GROUPS, NULL);
	own->context = pcre2_match_context_create(NULL);
	if (own->data == NULL || own->context == NULL)
		fatalx("out of memory for regular expressions");
	pcre2_set_match_limit(own->context, MATCH_LIMIT);
	pthread_setspecific(key, own);
	return own;
}

static void
free_regex(void *arg)
{
	pcre2_code_free(((struct regex *)arg)->code);
}

struct regex *
regex_new(struct cfg *c, const char *pattern, bool ignore_case)
{
	struct regex *re = arena_alloc(c->arena, sizeof(*re));
	uint32_t options = ignore_case ? PCRE2_CASELESS : 0;
	PCRE2_UCHAR text[160];
	PCRE2_SIZE at = 0;
	int err = 0;

	re->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options,
	    &err, &at, NULL);
	if (re->code == NULL) {
		pcre2_get_error_message(err, text, sizeof(text));
		diag_error(c->diag, "regex '%s' is invalid (error='%s', pos=%zu)",
		    pattern, (const char *)text, (size_t)at);
		return NULL;
	}
	re->has_jit = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
	arena_on_free(c->arena, free_regex, re);
	return re;
}

bool
regex_match(const struct regex *re, struct str s, struct str groups[REGEX_GROUPS],
    unsigned *ret_n)
{
	struct match_memory *m = match_memory();
	const char *text = s.p != NULL ? s.p : "";
	PCRE2_SIZE *at;
	int n;

	n = (re->has_jit ? pcre2_jit_match : pcre2_match)(re->code, (PCRE2_SPTR)text,
	    s.len, 0, 0, m->data, m->context);
	if (n < 0)
		return false;
	if (groups == NULL)
		return true;
	if (n == 0 || n > REGEX_GROUPS)
		n = REGEX_GROUPS;
	at = pcre2_get_ovector_pointer(m->data);
	for (int i = 0; i < n; i++)
		groups[i] = at[2 * i] == PCRE2_UNSET ? STR_NONE :
		    (struct str){ text + at[2 * i], at[2 * i + 1] - at[2 * i] };
	*ret_n = (unsigned)n;
	return true;
}

/* One escape behind a backslash; returns the bytes it took. */
static size_t
expand_escape(struct out *o, struct str fmt, const struct str *groups, unsigned n)
{
	uint64_t hex;
	char ch = fmt.p[0];

	if (ch >= '0' && ch <= '9') {
		if ((unsigned)(ch - '0') < n)
			out_str(o, groups[ch - '0']);
		return 1;
	}
	if (ch == 'x' && fmt.len >= 3 &&
	    str_to_hex((struct str){ fmt.p + 1, 2 }, &hex)) {
		out_char(o, (char)hex);
		return 3;
	}
	out_char(o, ch);
	return 1;
}

void
regex_expand(struct out *o, struct str fmt, const struct str *groups, unsigned n)
{
	for (size_t i = 0; i < fmt.len; ) {
		if (fmt.p[i] != '\\' || i + 1 == fmt.len) {
			out_char(o, fmt.p[i++]);
			continue;
		}
		i++;
		i += expand_escape(o, (struct str){ fmt.p + i, fmt.len - i }, groups, n);
	}
}
