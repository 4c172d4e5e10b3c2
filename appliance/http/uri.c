/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uri.c: authorities (RFC 3986 section 3.2) and query parameters. Any thread.
 *
 * Stricter than the RFC where names that no resolver knows would only serve to
 * confuse the next hop: no comma, no userinfo, no empty host, labels of at most
 * 63 bytes, ports 1 to 65535.
 */
#include <arpa/inet.h>
#include <string.h>

#include "http/uri.h"

#define HOST_MAX	255
#define LABEL_MAX	63

/* 1: unreserved and sub-delims of a registered name, without the comma */
static const uint8_t host_byte[256] = {
	['!'] = 1, ['$'] = 1, ['&'] = 1, ['\''] = 1, ['('] = 1, [')'] = 1, ['*'] = 1,
	['+'] = 1, ['-'] = 1, ['.'] = 1, [';'] = 1, ['='] = 1, ['_'] = 1, ['~'] = 1,
	['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
};

static bool
is_hex(char c)
{
	c = ascii_lower(c);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* `:` and nothing or a number; the span starts at the colon */
static bool
port_is_valid(struct str s, uint32_t *ret_port)
{
	uint64_t n = 0;

	if (s.len > 1 && (s.len > 6 ||
	    !str_to_u64((struct str){ s.p + 1, s.len - 1 }, &n) || n == 0 || n > 65535))
		return false;
	*ret_port = (uint32_t)n;
	return s.len == 0 || s.p[0] == ':';
}

static bool
v6_is_valid(struct str s)
{
	struct in6_addr addr;
	char text[INET6_ADDRSTRLEN];

	if (s.len >= sizeof(text) || memchr(s.p, '\0', s.len) != NULL)
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET6, text, &addr) == 1;
}

static bool
labels_are_short(struct str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++) {
		n = s.p[i] == '.' ? 0 : n + 1;
		if (n > LABEL_MAX)
			return false;
	}
	return true;
}

/* Length of the registered name or IPv4 address at the start of s; 0 = none */
static size_t
name_len(struct str s)
{
	size_t i = 0;

	while (i < s.len) {
		if (host_byte[(unsigned char)s.p[i]])
			i++;
		else if (s.p[i] == '%' && s.len - i > 2 && is_hex(s.p[i + 1]) &&
		    is_hex(s.p[i + 2]))
			i += 3;
		else
			break;
	}
	if (i > HOST_MAX || (i > LABEL_MAX && !labels_are_short((struct str){ s.p, i })))
		return 0;
	return i;
}

bool
uri_authority_is_valid(struct str s, struct str *ret_host, uint32_t *ret_port)
{
	const char *close;
	uint32_t port;
	size_t n;

	if (s.len == 0)
		return false;
	if (s.p[0] == '[') {
		close = memchr(s.p, ']', s.len);
		if (close == NULL || !v6_is_valid((struct str){ s.p + 1,
		    (size_t)(close - s.p) - 1 }))
			return false;
		n = (size_t)(close + 1 - s.p);
	} else if ((n = name_len(s)) == 0) {
		return false;
	}
	if (!port_is_valid((struct str){ s.p + n, s.len - n }, &port))
		return false;
	*ret_host = (struct str){ s.p, n };
	*ret_port = port;
	return true;
}

bool
uri_authority_eq(struct str a, struct str b, uint32_t default_port)
{
	struct str host_a, host_b;
	uint32_t port_a, port_b;

	if (!uri_authority_is_valid(a, &host_a, &port_a) ||
	    !uri_authority_is_valid(b, &host_b, &port_b))
		return false;
	if (port_a == 0)
		port_a = default_port;
	if (port_b == 0)
		port_b = default_port;
	return port_a == port_b && str_ieq(host_a, host_b);
}

struct str
uri_query_param(struct str query, struct str name)
{
	const char *amp;
	struct str rest = query, param;

	while (rest.len > 0) {
		amp = memchr(rest.p, '&', rest.len);
		param = (struct str){ rest.p, amp != NULL ? (size_t)(amp - rest.p) : rest.len };
		if (param.len > name.len && param.p[name.len] == '=' &&
		    memcmp(param.p, name.p, name.len) == 0)
			return (struct str){ param.p + name.len + 1, param.len - name.len - 1 };
		rest.p += param.len + (amp != NULL);
		rest.len -= param.len + (amp != NULL);
	}
	return STR_NONE;
}
