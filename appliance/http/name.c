/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * name.c: the words of HTTP that the balancer knows: field names, methods,
 * reasons; and which bytes a token and a field value may hold.
 *
 * Constant tables only, any thread. Known names are found by a switch on their
 * length (name_in.h), which needs fewer instructions than any hash.
 */
#include <string.h>

#include "http/msg.h"
#include "http/name_in.h"

/* 0 for a byte no token may hold, else the byte in lower case */
const unsigned char http_lower_token[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 33, 0, 35, 36, 37, 38, 39, 0, 0, 42, 43, 0, 45, 46, 0,
	48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 0, 0, 0, 0, 0, 0,
	0, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
	112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 0, 0, 0, 94, 95,
	96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
	112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 0, 124, 0, 126, 0,
};

static const struct str names[HTTP_N_MAX] = {
	[HTTP_N_OTHER] = { "", 0 },
#define N(id, text) [HTTP_N_##id] = { text, sizeof(text) - 1 }
	N(HOST, "host"),
	N(CONTENT_LENGTH, "content-length"),
	N(TRANSFER_ENCODING, "transfer-encoding"),
	N(CONNECTION, "connection"),
	N(KEEP_ALIVE, "keep-alive"),
	N(PROXY_CONNECTION, "proxy-connection"),
	N(TE, "te"),
	N(TRAILER, "trailer"),
	N(UPGRADE, "upgrade"),
	N(EXPECT, "expect"),
	N(HTTP2_SETTINGS, "http2-settings"),
	N(MAX_FORWARDS, "max-forwards"),
	N(COOKIE, "cookie"),
	N(SET_COOKIE, "set-cookie"),
	N(DATE, "date"),
	N(SERVER, "server"),
	N(LOCATION, "location"),
	N(CONTENT_TYPE, "content-type"),
	N(CONTENT_ENCODING, "content-encoding"),
	N(ACCEPT_ENCODING, "accept-encoding"),
	N(CACHE_CONTROL, "cache-control"),
	N(ETAG, "etag"),
	N(USER_AGENT, "user-agent"),
	N(REFERER, "referer"),
	N(ACCEPT, "accept"),
	N(AUTHORIZATION, "authorization"),
	N(WWW_AUTHENTICATE, "www-authenticate"),
	N(X_FORWARDED_FOR, "x-forwarded-for"),
	N(X_FORWARDED_PROTO, "x-forwarded-proto"),
	N(X_FORWARDED_PORT, "x-forwarded-port"),
	N(X_FORWARDED_HOST, "x-forwarded-host"),
	N(FORWARDED, "forwarded"),
#undef N
};

static const struct str methods[] = {
#define M(id) [HTTP_M_##id] = { #id, sizeof(#id) - 1 }
	[HTTP_M_OTHER] = { "", 0 },
	M(GET), M(HEAD), M(POST), M(PUT), M(DELETE), M(CONNECT), M(OPTIONS), M(TRACE), M(PATCH),
#undef M
};

static const struct {
	uint16_t	 status;
	const char	*text;
} reasons[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 102, "Processing" },
	{ 103, "Early Hints" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 207, "Multi-Status" },
	{ 208, "Already Reported" },
	{ 226, "IM Used" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 305, "Use Proxy" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Time-out" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Payload Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 418, "I'm a teapot" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 423, "Locked" },
	{ 424, "Failed Dependency" },
	{ 425, "Too Early" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Time-out" },
	{ 505, "HTTP Version Not Supported" },
	{ 506, "Variant Also Negotiates" },
	{ 507, "Insufficient Storage" },
	{ 508, "Loop Detected" },
	{ 510, "Not Extended" },
	{ 511, "Network Authentication Required" },
};

enum http_name
http_name_of(const char *lower, size_t len)
{
	return name_find(lower, len);
}

struct str
http_name_text(enum http_name id)
{
	return id < HTTP_N_MAX ? names[id] : names[HTTP_N_OTHER];
}

enum http_method
http_method_of(struct str s)
{
	unsigned i;

	for (i = HTTP_M_GET; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (str_eq(s, methods[i]))
			return (enum http_method)i;
	return HTTP_M_OTHER;
}

struct str
http_method_name(enum http_method m)
{
	return (unsigned)m < sizeof(methods) / sizeof(methods[0]) ? methods[m] : methods[0];
}

bool
http_method_is_idempotent(enum http_method m)
{
	switch (m) {
	case HTTP_M_GET:
	case HTTP_M_HEAD:
	case HTTP_M_PUT:
	case HTTP_M_DELETE:
	case HTTP_M_OPTIONS:
	case HTTP_M_TRACE:
		return true;
	default:
		return false;
	}
}

bool
http_token_is_valid(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (http_lower_token[(unsigned char)s.p[i]] == 0)
			return false;
	return s.len > 0;
}

bool
http_value_is_valid(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!name_is_value_byte((unsigned char)s.p[i]))
			return false;
	return true;
}

const char *
http_status_reason(unsigned status)
{
	static const char *const classes[] = {
		"Informational", "Success", "Redirection", "Client Error", "Server Error"
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return status >= 100 && status < 600 ? classes[status / 100 - 1] : "Unknown";
}
