/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * name_in.h: inside the room: the inlined search for known field names and the
 * classes of bytes. memcmp with a constant length becomes one or two compares.
 */
#ifndef WEIR_HTTP_NAME_IN_H
#define WEIR_HTTP_NAME_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "http/msg.h"

extern const unsigned char http_lower_token[256];

/* tab, 0x20-0x7e, 0x80-0xff (RFC 9110 section 5.5) */
static inline bool
name_is_value_byte(unsigned char c)
{
	return (c >= 0x20 && c != 0x7f) || c == '\t';
}

#define NAME_IS(text, id) \
	if (memcmp(s, text, sizeof(text) - 1) == 0) \
		return HTTP_N_##id

static inline enum http_name
name_find_long(const char *s, size_t len)
{
	switch (len) {
	case 16:
		NAME_IS("content-encoding", CONTENT_ENCODING);
		NAME_IS("x-forwarded-port", X_FORWARDED_PORT);
		NAME_IS("x-forwarded-host", X_FORWARDED_HOST);
		NAME_IS("www-authenticate", WWW_AUTHENTICATE);
		NAME_IS("proxy-connection", PROXY_CONNECTION);
		break;
	case 17:
		NAME_IS("transfer-encoding", TRANSFER_ENCODING);
		NAME_IS("x-forwarded-proto", X_FORWARDED_PROTO);
		break;
	default:
		break;
	}
	return HTTP_N_OTHER;
}

/* `s` in lower case */
static inline __attribute__((always_inline)) enum http_name
name_find(const char *s, size_t len)
{
	switch (len) {
	case 2:
		NAME_IS("te", TE);
		break;
	case 4:
		NAME_IS("host", HOST);
		NAME_IS("date", DATE);
		NAME_IS("etag", ETAG);
		break;
	case 6:
		NAME_IS("accept", ACCEPT);
		NAME_IS("cookie", COOKIE);
		NAME_IS("server", SERVER);
		NAME_IS("expect", EXPECT);
		break;
	case 7:
		NAME_IS("upgrade", UPGRADE);
		NAME_IS("referer", REFERER);
		NAME_IS("trailer", TRAILER);
		break;
	case 8:
		NAME_IS("location", LOCATION);
		break;
	case 9:
		NAME_IS("forwarded", FORWARDED);
		break;
	case 10:
		NAME_IS("user-agent", USER_AGENT);
		NAME_IS("connection", CONNECTION);
		NAME_IS("set-cookie", SET_COOKIE);
		NAME_IS("keep-alive", KEEP_ALIVE);
		break;
	case 12:
		NAME_IS("content-type", CONTENT_TYPE);
		NAME_IS("max-forwards", MAX_FORWARDS);
		break;
	case 13:
		NAME_IS("cache-control", CACHE_CONTROL);
		NAME_IS("authorization", AUTHORIZATION);
		break;
	case 14:
		NAME_IS("content-length", CONTENT_LENGTH);
		NAME_IS("http2-settings", HTTP2_SETTINGS);
		break;
	case 15:
		NAME_IS("accept-encoding", ACCEPT_ENCODING);
		NAME_IS("x-forwarded-for", X_FORWARDED_FOR);
		break;
	default:
		return name_find_long(s, len);
	}
	return HTTP_N_OTHER;
}

#undef NAME_IS

#endif
