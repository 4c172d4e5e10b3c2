/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words.c: the lexer of configuration lines, conditions, arguments in
 * parentheses, addresses. Any bytes; no file is touched and no name resolved.
 * What must hold: words are whole and inside their text, faults point into the
 * line, and words written out again with \xNN are read as the same words.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/cond.h"
#include "cfg/kw.h"
#include "cfg/word.h"
#include "net/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct module *const modules[] = { NULL };

#define REQUOTED_MAX	4096	/* bytes of words that are written out again */

static const char *
lookup(void *arg, const char *name)
{
	(void)arg;
	switch (name[0]) {
	case 'A':
		return "1";
	case 'B':
		return " a b  c ";
	case 'C':
		return "";
	case 'D':
		return "$A \"' \\ #";
	default:
		return NULL;
	}
}

static const struct word_env env = { lookup, NULL };

static void
check_fault(const struct word_fault *fault, struct str line)
{
	char *text;

	WEIR_ASSERT(fault->at <= line.len);
	text = word_fault_text(fault, line);
	WEIR_ASSERT(strlen(text) < 1000);
	free(text);
}

static void
check_words(const struct words *words)
{
	WEIR_ASSERT(words->n >= 0 && words->n <= WORDS_MAX && words->len <= WORD_TEXT_MAX);
	WEIR_ASSERT(words->w[words->n] == NULL);
	for (int i = 0; i < words->n; i++) {
		size_t len = strlen(words->w[i]);

		WEIR_ASSERT(words->w[i] >= words->text &&
		    words->w[i] + len < words->text + words->len);
		WEIR_ASSERT(i == 0 || words->w[i] == words->w[i - 1] + strlen(words->w[i - 1]) + 1);
	}
}

/* Read again what is written with every byte escaped. */
static void
check_again(struct arena *a, const struct words *words)
{
	char *line = xmalloc(4 * words->len + 4 * (size_t)words->n + 1), *p = line;
	struct word_fault fault;
	struct words again;

	for (int i = 0; i < words->n; i++) {
		*p++ = '"';
		for (const char *q = words->w[i]; *q != '\0'; q++, p += 4)
			snprintf(p, 5, "\\x%02x", (unsigned char)*q);
		*p++ = '"';
		*p++ = ' ';
	}
	*p = '\0';
	WEIR_ASSERT(word_split(a, str_of(line), &env, &again, &fault) == 0);
	WEIR_ASSERT(again.n == words->n && again.len == words->len);
	WEIR_ASSERT(words->len == 0 || memcmp(again.text, words->text, words->len) == 0);
	free(line);
}

static void
try_words(struct arena *a, struct str line)
{
	struct word_fault fault;
	struct words words;

	if (word_split(a, line, &env, &words, &fault) != 0) {
		check_fault(&fault, line);
		return;
	}
	check_words(&words);
	for (int i = 0; i < words.n; i++)
		WEIR_ASSERT(word_expand(a, &words, words.w[i], &env) != NULL);
	if (words.len <= REQUOTED_MAX)
		check_again(a, &words);
}

static void
try_args(struct arena *a, const char *text)
{
	long len = word_args_end(text);
	struct word_fault fault;
	char **w;
	int n;

	WEIR_ASSERT(len < 0 || text[len] == ')');
	if (len < 0)
		len = (long)strlen(text);
	if (word_args(a, (struct str){ text, (size_t)len }, &w, &n, &fault) != 0)
		check_fault(&fault, (struct str){ text, (size_t)len });
	else
		WEIR_ASSERT(w[n] == NULL);
}

static void
try_condition(struct arena *a, const char *text)
{
	char *error = NULL;
	size_t at = 0;
	int value = cond_eval(a, text, &env, &error, &at);

	WEIR_ASSERT((value == -1) == (error != NULL));
	WEIR_ASSERT(value == 0 || value == 1 || (value == -1 && at <= strlen(text)));
	free(error);
}

static void
try_address(const char *text, unsigned flags)
{
	char err[512], shown[256], again[256];
	struct addr a, b;
	struct ip_net net;

	err[0] = '\0';
	(void)ip_net_parse(str_of(text), &net);
	if (addr_parse(text, flags, &a, err, sizeof(err)) != 0) {
		WEIR_ASSERT(err[0] != '\0');
		return;
	}
	WEIR_ASSERT(err[0] == '\0' && a.port_lo <= a.port_hi);
	addr_text(&a, shown, sizeof(shown));
	if (a.is_dgram || a.port_lo == 0)
		return;
	WEIR_ASSERT(a.port_sign != 0 || addr_parse(shown, 0, &b, err, sizeof(err)) == 0);
	if (a.port_sign == 0) {
		addr_text(&b, again, sizeof(again));
		WEIR_ASSERT(strcmp(shown, again) == 0 && addr_eq(&a, &b));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	char *text = xstrndup((const char *)data, size);
	int order;

	try_words(a, (struct str){ (const char *)data, size });
	try_args(a, text);
	try_condition(a, text);
	try_address(text, ADDR_NEED_PORT | ADDR_PORT_RANGE);
	try_address(text, ADDR_PORT_OFFSET | ADDR_DEFAULT_PORT_OK);
	(void)version_compare(text, &order);
	free(text);
	arena_free(a);
	return 0;
}
