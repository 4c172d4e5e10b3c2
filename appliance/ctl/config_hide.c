/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration's text without its secrets; see config_hide.h. */
#include "ctl/config_hide.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/magic.h"
#include "base/out.h"
#include "base/str.h"

#define HIDDEN		"<hidden>"
#define PLAIN_BYTES	64

/* What is hidden of the next word. */
enum hide { HIDE_NOTHING, HIDE_ALL, HIDE_BEHIND_COLON, HIDE_IF_NAMED };

/* ---- words as they are written ---- */

static bool
is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '#';
}

/* Bytes of the word at p, its quotes and backslashes in it. */
static size_t
word_len(const char *p, size_t len)
{
	char quote = '\0';
	size_t n = 0;

	for (; n < len; n++) {
		if (p[n] == '\\' && quote != '\'' && n + 1 < len)
			n++;
		else if (quote != '\0')
			quote = p[n] == quote ? '\0' : quote;
		else if (p[n] == '"' || p[n] == '\'')
			quote = p[n];
		else if (is_blank(p[n]))
			break;
	}
	return n;
}

/* The beginning of it, without them. */
static void
plain_of(struct str word, char plain[PLAIN_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < word.len && n < PLAIN_BYTES - 1; i++)
		if (strchr("\"'\\", word.p[i]) == NULL)
			plain[n++] = word.p[i];
	plain[n] = '\0';
}

/* ---- what is a secret ---- */

static bool
names_secret(const char *variable)
{
	static const char *const parts[] = { "PASS", "SECRET", "TOKEN", "KEY" };

	for (unsigned i = 0; i < ARRAY_LEN(parts); i++)
		if (strcasestr(variable, parts[i]) != NULL)
			return true;
	return false;
}

static enum hide
behind(const char *word, const char *before, enum hide now)
{
	static const char *const words[] = {
		"password", "insecure-password", "dynamic-cookie-key"
	};

	if (now == HIDE_IF_NAMED)
		return names_secret(word) ? HIDE_ALL : HIDE_NOTHING;
	for (unsigned i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return HIDE_ALL;
	if (strcasecmp(word, "authorization") == 0)
		return HIDE_ALL;
	if (strcmp(word, "setenv") == 0 || strcmp(word, "presetenv") == 0)
		return HIDE_IF_NAMED;
	if (strcmp(word, "auth") == 0 && strcmp(before, "stats") == 0)
		return HIDE_BEHIND_COLON;
	return HIDE_NOTHING;
}

/* The password of scheme://user:password@host in a word; false: there is none. */
static bool
url_password(struct str w, struct str *ret)
{
	const char *end = w.p + w.len, *at, *colon, *p = memmem(w.p, w.len, "://", 3);

	if (p == NULL)
		return false;
	p += 3;
	at = memchr(p, '@', (size_t)(end - p));
	colon = at != NULL ? memchr(p, ':', (size_t)(at - p)) : NULL;
	if (colon == NULL || memchr(p, '/', (size_t)(at - p)) != NULL)
		return false;
	*ret = (struct str){ colon + 1, (size_t)(at - colon - 1) };
	return true;
}

static void
put_word(struct outbuf *b, struct str w, enum hide hide)
{
	const char *colon = memchr(w.p, ':', w.len);
	struct str secret;

	if (hide == HIDE_ALL || (hide == HIDE_BEHIND_COLON && colon == NULL))
		secret = w;
	else if (hide == HIDE_BEHIND_COLON)
		secret = (struct str){ colon + 1, (size_t)(w.p + w.len - colon - 1) };
	else if (!url_password(w, &secret)) {
		outbuf_mem(b, w.p, w.len);
		return;
	}
	outbuf_mem(b, w.p, (size_t)(secret.p - w.p));
	outbuf_z(b, HIDDEN);
	outbuf_mem(b, secret.p + secret.len, (size_t)(w.p + w.len - secret.p) - secret.len);
}

static void
put_line(struct outbuf *b, const char *p, size_t len)
{
	char plain[PLAIN_BYTES] = "", before[PLAIN_BYTES];
	enum hide hide = HIDE_NOTHING;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		for (n = 0; n < len && is_blank(p[n]); n++)
			continue;
		outbuf_mem(b, p, n);
		p += n;
		len -= n;
		n = word_len(p, len);
		if (n == 0)
			continue;
		memcpy(before, plain, sizeof before);
		plain_of((struct str){ p, n }, plain);
		put_word(b, (struct str){ p, n }, hide == HIDE_IF_NAMED ? HIDE_NOTHING : hide);
		hide = behind(plain, before, hide);
	}
}

void
config_hide(struct outbuf *b, const char *text, size_t len)
{
	const char *lf;
	size_t n;

	for (; len > 0; text += n, len -= n) {
		lf = memchr(text, '\n', len);
		n = lf != NULL ? (size_t)(lf - text) : len;
		put_line(b, text, n);
		if (lf == NULL)
			return;
		outbuf_z(b, "\n");
		n++;
	}
}
