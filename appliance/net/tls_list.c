/* SPDX-License-Identifier: BSD-2-Clause */
/* See tls_list.h. Used by the certificate store and by the commands on crt-lists. */
#include "net/tls_list.h"

#include <string.h>

#include "base/out.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
is_bracket(char c)
{
	return c == '[' || c == ']';
}

bool
tls_list_word(struct str *rest, struct str *ret_word)
{
	size_t n = 0;

	while (rest->len > 0 && is_blank(*rest->p)) {
		rest->p++;
		rest->len--;
	}
	if (rest->len == 0 || *rest->p == '#' || *rest->p == '\n')
		return false;
	if (is_bracket(*rest->p))
		n = 1;
	else
		while (n < rest->len && !is_blank(rest->p[n]) && !is_bracket(rest->p[n]) &&
		    rest->p[n] != '\n')
			n++;
	*ret_word = (struct str){ rest->p, n };
	rest->p += n;
	rest->len -= n;
	return true;
}

void
tls_list_put(struct outbuf *b, struct str text, unsigned line)
{
	bool is_open = false;
	struct str word;

	if (!tls_list_word(&text, &word))
		return;
	outbuf_mem(b, word.p, word.len);
	if (line > 0)
		outbuf_fmt(b, ":%u", line);
	while (tls_list_word(&text, &word)) {
		if (!is_open && *word.p != ']')
			outbuf_z(b, " ");
		outbuf_mem(b, word.p, word.len);
		is_open = *word.p == '[';
	}
	outbuf_z(b, "\n");
}

bool
tls_list_line(struct str list, unsigned n, struct str *ret_line)
{
	while (list.len > 0) {
		const char *lf = memchr(list.p, '\n', list.len);
		size_t len = lf != NULL ? (size_t)(lf - list.p) : list.len;

		if (--n == 0) {
			*ret_line = (struct str){ list.p, len };
			return true;
		}
		len += lf != NULL;
		list.p += len;
		list.len -= len;
	}
	return false;
}
