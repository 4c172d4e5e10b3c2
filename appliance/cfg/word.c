/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lexer of the configuration language: a line becomes words.
 *
 * Blanks separate words, `#` begins a comment, '...' is literal, "..." allows
 * escapes and variables: $VAR, ${VAR}, ${VAR-default}, ${VAR[*]} (one word per
 * blank-separated part of the value). A backslash outside '...' escapes blank,
 * # \ ' " $ and makes n r t xNN; before anything else it is itself.
 *
 * Outside quotes `$` is a plain byte, but in addresses it expands as well, and
 * only the row that the line belongs to knows what is an address. So the bytes
 * that were a bare `$` are remembered, and word_expand does the rest later.
 *
 * Words live in the arena of the snapshot. Runs in any thread.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/word.h"

struct lexer {
	struct str		 line;
	size_t			 at;		/* next byte of line */
	const struct word_env	*env;		/* NULL = no variables */
	bool			 is_args;	/* inside parentheses */
	bool			 in_word;
	char			 quote;		/* ' or ", 0 = none */
	size_t			 quote_at;
	char			*text, *mark;	/* [cap], malloc'ed */
	size_t			 len, cap;
	size_t			*starts;	/* [WORDS_MAX], malloc'ed */
	int			 n;
	struct word_fault	 fault;		/* what != NULL: failed */
};

static void
fail_at(struct lexer *x, size_t at, const char *what)
{
	if (x->fault.what == NULL)
		x->fault = (struct word_fault){ what, at };
}

static int
peek(const struct lexer *x, size_t ahead)
{
	size_t i = x->at + ahead;

	return i < x->line.len ? (unsigned char)x->line.p[i] : -1;
}

/* ---- output ---- */

static void
put_byte(struct lexer *x, char c, bool is_dollar)
{
	if (x->len >= WORD_TEXT_MAX) {
		fail_at(x, x->at, "line too long");
		return;
	}
	if (x->len == x->cap) {
		x->cap = x->cap * 2 + 256;
		x->text = xrealloc(x->text, x->cap);
		x->mark = xrealloc(x->mark, x->cap);
	}
	x->text[x->len] = c;
	x->mark[x->len++] = is_dollar;
}

static void
word_begin(struct lexer *x)
{
	if (x->in_word)
		return;
	if (x->n == WORDS_MAX) {
		fail_at(x, x->at, "too many words");
		return;
	}
	x->in_word = true;
	x->starts[x->n++] = x->len;
}

static void
word_end(struct lexer *x)
{
	if (x->in_word)
		put_byte(x, '\0', false);
	x->in_word = false;
}

static void
emit(struct lexer *x, char c)
{
	word_begin(x);
	put_byte(x, c, false);
}

/* ---- variables ---- */

/* "a  b" becomes two words; what stands before and after it in the quotes
 * belongs to the first and the last one. */
static void
emit_parts(struct lexer *x, const char *value)
{
	bool any = false;

	for (; *value != '\0'; value++) {
		if (!isspace((unsigned char)*value)) {
			emit(x, *value);
			any = true;
		} else if (any && value[1] != '\0' &&
		    !isspace((unsigned char)value[1])) {
			word_end(x);
		}
	}
}

static void
emit_value(struct lexer *x, const char *value)
{
	for (; *value != '\0'; value++)
		emit(x, *value);
}

static bool
is_name_char(int c)
{
	return c == '_' || isalnum(c);
}

/* x->at is behind `$` or `${`; the length of the name, 0 = not one. A leading
 * dot is for the pseudo-variables .FILE .LINE .SECTION. */
static size_t
name_length(const struct lexer *x)
{
	size_t len = 0;
	int c = peek(x, 0);

	if (c == -1 || (c != '.' && c != '_' && !isalpha(c)))
		return 0;
	for (len = 1; (c = peek(x, len)) != -1 && is_name_char(c); len++)
		;
	return len;
}

static const char *
lookup(const struct lexer *x, const char *p, size_t len)
{
	char *name = xstrndup(p, len);
	const char *value = x->env->lookup(x->env->arg, name);

	free(name);
	return value;
}

/* After the name, in braces: [*], then -default, then the brace. */
static bool
brace_tail(struct lexer *x, size_t open_at, bool *ret_parts, struct str *ret_default)
{
	size_t from;

	if (peek(x, 0) == '[') {
		if (peek(x, 1) != '*' || peek(x, 2) != ']') {
			fail_at(x, x->at, "truncated or invalid word expansion sequence");
			return false;
		}
		*ret_parts = true;
		x->at += 3;
	}
	if (peek(x, 0) == '-') {
		from = ++x->at;
		while (peek(x, 0) != -1 && peek(x, 0) != '}')
			x->at++;
		*ret_default = (struct str){ x->line.p + from, x->at - from };
	}
	if (peek(x, 0) != '}') {
		fail_at(x, open_at, "unmatched brace in environment variable name");
		return false;
	}
	x->at++;
	return true;
}

/* At a `$` inside double quotes. */
static void
lex_variable(struct lexer *x)
{
	size_t open_at = ++x->at, name_at, len;
	struct str fallback = STR_NONE;
	bool in_braces, parts = false;
	const char *value;

	in_braces = peek(x, 0) == '{';
	x->at += in_braces;
	name_at = x->at;
	len = name_length(x);
	if (len == 0) {
		fail_at(x, x->at, "forbidden first char in environment variable name");
		return;
	}
	x->at += len;
	if (in_braces && !brace_tail(x, open_at, &parts, &fallback))
		return;
	value = lookup(x, x->line.p + name_at, len);
	if (value == NULL)
		for (size_t i = 0; i < fallback.len; i++)
			emit(x, fallback.p[i]);
	else if (parts)
		emit_parts(x, value);
	else
		emit_value(x, value);
}

/* ---- escapes and quotes ---- */

static int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
lex_hex(struct lexer *x)
{
	int hi = hex_digit(peek(x, 2)), lo = hi == -1 ? -1 : hex_digit(peek(x, 3));

	if (lo == -1)
		fail_at(x, x->at, "truncated or invalid hexadecimal sequence");
	else if (hi == 0 && lo == 0)
		fail_at(x, x->at, "forbidden NUL character");
	else
		emit(x, (char)(hi << 4 | lo));
	x->at += 4;
}

/* At a backslash that is not inside single quotes. */
static void
lex_escape(struct lexer *x)
{
	static const char from[] = " \\\"'nrt\t#$", to[] = " \\\"'\n\r\t\t#$";
	int c = peek(x, 1);
	const char *p;

	if (c == 'x' && !x->is_args) {
		lex_hex(x);
		return;
	}
	p = c == -1 ? NULL : strchr(from, c);
	if (p == NULL || (x->is_args && strchr("#$", c) != NULL)) {
		emit(x, '\\');
		x->at++;
		return;
	}
	emit(x, to[p - from]);
	x->at += 2;
}

static void
lex_quote(struct lexer *x, char c)
{
	x->quote = x->quote == c ? 0 : c;
	x->quote_at = x->at++;
	word_begin(x);
}

static bool
is_quote(const struct lexer *x, int c)
{
	return (c == '"' || c == '\'') && (x->quote == 0 || x->quote == c);
}

/* One byte, or one escape or variable. */
static void
lex_one(struct lexer *x)
{
	int c = peek(x, 0);

	if (is_quote(x, c)) {
		lex_quote(x, (char)c);
	} else if (c == '\\' && x->quote != '\'') {
		lex_escape(x);
	} else if (c == '$' && x->quote == '"' && x->env != NULL) {
		lex_variable(x);
	} else {
		word_begin(x);
		put_byte(x, (char)c, c == '$' && x->quote == 0);
		x->at++;
	}
}

/* ---- lines ---- */

static void
lex_line(struct lexer *x)
{
	int c;

	while ((c = peek(x, 0)) != -1 && x->fault.what == NULL) {
		if (x->quote != 0) {
			lex_one(x);
		} else if (c == '#') {
			break;
		} else if (c == ' ' || c == '\t') {
			word_end(x);
			x->at++;
		} else if (c == '\r') {
			fail_at(x, x->at, "unexpected carriage return");
		} else {
			lex_one(x);
		}
	}
	if (x->quote != 0)
		fail_at(x, x->quote_at, "unmatched quote");
	word_end(x);
}

static void
lexer_init(struct lexer *x, struct str line)
{
	const char *nul = line.len > 0 ? memchr(line.p, '\0', line.len) : NULL;

	memset(x, 0, sizeof(*x));
	x->line = line;
	x->starts = xmalloc(WORDS_MAX * sizeof(*x->starts));
	if (nul != NULL)
		fail_at(x, (size_t)(nul - line.p), "forbidden NUL character");
}

static void
lexer_fini(struct lexer *x)
{
	free(x->starts);
	free(x->text);
	free(x->mark);
}

static void
words_store(struct arena *a, const struct lexer *x, struct words *ret)
{
	ret->n = x->n;
	ret->len = x->len;
	ret->text = arena_alloc(a, x->len + 1);
	ret->is_dollar = arena_alloc(a, x->len + 1);
	ret->w = arena_calloc(a, (size_t)x->n + 1, sizeof(*ret->w));
	if (x->len > 0) {
		memcpy(ret->text, x->text, x->len);
		memcpy(ret->is_dollar, x->mark, x->len);
	}
	for (int i = 0; i < x->n; i++)
		ret->w[i] = ret->text + x->starts[i];
}

int
word_split(struct arena *a, struct str line, const struct word_env *env,
    struct words *ret_words, struct word_fault *ret_fault)
{
	struct lexer x;
	int rc = 0;

	lexer_init(&x, line);
	x.env = env;
	lex_line(&x);
	if (x.fault.what != NULL) {
		*ret_fault = x.fault;
		rc = -1;
	} else {
		words_store(a, &x, ret_words);
	}
	lexer_fini(&x);
	return rc;
}

/* ---- addresses ---- */

/* At a bare `$` of a word: expands it if a name follows, else keeps it. */
static void
expand_one(struct lexer *x)
{
	size_t from = x->at++, name_at, len;
	struct str fallback = STR_NONE;
	bool in_braces = peek(x, 0) == '{', parts = false;
	const char *value;

	x->at += in_braces;
	name_at = x->at;
	len = name_length(x);
	x->at += len;
	if (len == 0 || (in_braces && !brace_tail(x, from, &parts, &fallback))) {
		x->fault.what = NULL;
		emit(x, '$');
		x->at = from + 1;
		return;
	}
	value = lookup(x, x->line.p + name_at, len);
	if (value != NULL)
		emit_value(x, value);
	else
		for (size_t i = 0; i < fallback.len; i++)
			emit(x, fallback.p[i]);
}

char *
word_expand(struct arena *a, const struct words *words, char *word,
    const struct word_env *env)
{
	const char *mark;
	struct lexer x;
	char *text;

	if (word < words->text || word >= words->text + words->len)
		return word;
	mark = words->is_dollar + (word - words->text);
	lexer_init(&x, str_of(word));
	if (memchr(mark, 1, x.line.len) == NULL) {
		lexer_fini(&x);
		return word;
	}
	x.env = env;
	while (x.at < x.line.len && x.fault.what == NULL) {
		if (mark[x.at])
			expand_one(&x);
		else
			emit(&x, x.line.p[x.at++]);
	}
	text = arena_strndup(a, x.len > 0 ? x.text : "", x.len);
	lexer_fini(&x);
	return text;
}

/* ---- arguments in parentheses ---- */

long
word_args_end(const char *text)
{
	char quote = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\' && quote != '\'' && p[1] != '\0' &&
		    strchr(" \\\"'", p[1]) != NULL)
			p++;
		else if (*p == quote)
			quote = 0;
		else if (quote == 0 && (*p == '"' || *p == '\''))
			quote = *p;
		else if (quote == 0 && *p == ')')
			return p - text;
	}
	return -1;
}

/* Blanks are data here, words may be empty: `a,,b` has three. */
static void
lex_args(struct lexer *x)
{
	int c;

	word_begin(x);
	while ((c = peek(x, 0)) != -1 && x->fault.what == NULL) {
		if (c != ',' || x->quote != 0) {
			lex_one(x);
			continue;
		}
		word_end(x);
		x->at++;
		word_begin(x);
	}
	if (x->quote != 0)
		fail_at(x, x->quote_at, "unmatched quote");
	word_end(x);
}

int
word_args(struct arena *a, struct str inside, char ***ret_words, int *ret_n,
    struct word_fault *ret_fault)
{
	struct words words = { 0 };
	struct lexer x;
	int rc = 0;

	lexer_init(&x, inside);
	x.is_args = true;
	if (inside.len > 0)
		lex_args(&x);
	if (x.fault.what != NULL) {
		*ret_fault = x.fault;
		rc = -1;
	} else {
		words_store(a, &x, &words);
		*ret_words = words.w;
		*ret_n = words.n;
	}
	lexer_fini(&x);
	return rc;
}

/* ---- messages ---- */

#define FAULT_SHOWN	160	/* bytes of the line */

char *
word_fault_text(const struct word_fault *fault, struct str line)
{
	size_t from = 0, shown;
	struct outbuf b;
	struct out o;

	while (from < line.len && from < fault->at &&
	    (line.p[from] == ' ' || line.p[from] == '\t'))
		from++;
	if (fault->at - from > FAULT_SHOWN / 2)
		from = fault->at - FAULT_SHOWN / 2;
	shown = line.len - from < FAULT_SHOWN ? line.len - from : FAULT_SHOWN;
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "%s at position %zu:\n  ", fault->what, fault->at + 1);
	o = outbuf_reserve(&b, shown + 1);
	for (size_t i = from; i < from + shown; i++)
		out_char(&o, isprint((unsigned char)line.p[i]) ? line.p[i] : ' ');
	outbuf_commit(&b, &o);
	outbuf_fmt(&b, "\n  %*s^", (int)(fault->at - from), "");
	return b.data;
}
