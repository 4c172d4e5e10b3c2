/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct http_msg: one request or response head, canonical, version-neutral.
 * Rules, Lua, logs and balancing see only this, never bytes of a connection.
 *
 * The text lives in memory of its transaction (`text`, `cap` bytes). The parser
 * writes it there line by line in canonical form, `name: value\r\n`, names in
 * lower case, values trimmed. All positions are offsets into `text`, so that the
 * memory may grow (http_msg_move) and spans stay right; http_* functions hand
 * out struct str for immediate use.
 *
 * Fields keep their order. A deleted field stays in the table with
 * HTTP_FIELD_GONE; an added one is appended to the text and to the table. Output
 * is therefore runs of untouched lines plus added ones (http/h1_out.h).
 *
 * Thread: the owner's. Nothing here allocates.
 */
#ifndef WEIR_HTTP_MSG_H
#define WEIR_HTTP_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Names the balancer itself needs; found by length switch and memcmp. */
enum http_name {
	HTTP_N_OTHER,
	HTTP_N_HOST, HTTP_N_CONTENT_LENGTH, HTTP_N_TRANSFER_ENCODING,
	HTTP_N_CONNECTION, HTTP_N_KEEP_ALIVE, HTTP_N_PROXY_CONNECTION,
	HTTP_N_TE, HTTP_N_TRAILER, HTTP_N_UPGRADE, HTTP_N_EXPECT,
	HTTP_N_HTTP2_SETTINGS, HTTP_N_MAX_FORWARDS,
	HTTP_N_COOKIE, HTTP_N_SET_COOKIE, HTTP_N_DATE, HTTP_N_SERVER,
	HTTP_N_LOCATION, HTTP_N_CONTENT_TYPE, HTTP_N_CONTENT_ENCODING,
	HTTP_N_ACCEPT_ENCODING, HTTP_N_CACHE_CONTROL, HTTP_N_ETAG,
	HTTP_N_USER_AGENT, HTTP_N_REFERER, HTTP_N_ACCEPT,
	HTTP_N_AUTHORIZATION, HTTP_N_WWW_AUTHENTICATE,
	HTTP_N_X_FORWARDED_FOR, HTTP_N_X_FORWARDED_PROTO,
	HTTP_N_X_FORWARDED_PORT, HTTP_N_X_FORWARDED_HOST, HTTP_N_FORWARDED,
	HTTP_N_MAX
};

enum http_method {
	HTTP_M_OTHER, HTTP_M_GET, HTTP_M_HEAD, HTTP_M_POST, HTTP_M_PUT,
	HTTP_M_DELETE, HTTP_M_CONNECT, HTTP_M_OPTIONS, HTTP_M_TRACE, HTTP_M_PATCH
};

#define HTTP_FIELD_GONE		0x01	/* deleted: not sent, not found */
#define HTTP_FIELD_HOP		0x02	/* hop-by-hop: not sent; rules still see it */
#define HTTP_FIELD_ADDED	0x04	/* written by weir: never stripped by Connection */

struct http_field {
	uint32_t	 off;		/* of the line, into text */
	uint32_t	 val_len;
	uint16_t	 name_len;	/* value starts at off + name_len + 2 */
	uint8_t		 name;		/* enum http_name */
	uint8_t		 flags;
};

struct http_span {
	uint32_t	 off, len;	/* into text */
};

/* How the body is framed on the side it came from. */
enum http_body {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH,	/* content_length bytes */
	HTTP_BODY_CHUNKED,
	HTTP_BODY_CLOSE,	/* response only: until the end of the connection */
	HTTP_BODY_TUNNEL	/* after 101 or CONNECT: bytes both ways */
};

#define HTTP_F_KEEP_ALIVE	0x0001	/* the sender is willing to go on (version + Connection) */
#define HTTP_F_CLOSE		0x0002	/* Connection: close was written */
#define HTTP_F_EXPECT_100	0x0004	/* Expect: 100-continue in a 1.1 request */
#define HTTP_F_EXPECT_BAD	0x0008	/* an expectation we do not know: 417 */
#define HTTP_F_UPGRADE		0x0010	/* Connection: upgrade and Upgrade, HTTP/1.1 */
#define HTTP_F_HOST		0x0020	/* has an authority */
#define HTTP_F_ABSOLUTE		0x0040	/* target came in absolute form */
#define HTTP_F_HAS_LENGTH	0x0080	/* Content-Length was present (also HEAD, 304) */
#define HTTP_F_UNSAFE		0x0100	/* target: bytes let pass by accept-unsafe-violations */

struct http_msg {
	char		*text;		/* borrowed: memory of the transaction */
	uint32_t	 len, cap;	/* bytes used / usable in text */
	struct http_field *fields;	/* borrowed: memory of the transaction */
	uint16_t	 nfields, max_fields;
	uint16_t	 status;	/* response */
	uint8_t		 method;	/* request: enum http_method */
	uint8_t		 version;	/* 10 or 11, as received (1.2..1.9 are 11) */
	uint8_t		 body;		/* enum http_body */
	uint32_t	 flags;
	uint64_t	 content_length;	/* HTTP_BODY_LENGTH, or HTTP_F_HAS_LENGTH */
	/* request line; target is what is forwarded: origin form, `*`, or authority */
	struct http_span method_text, target, authority;
	/* response line */
	struct http_span reason;
	uint32_t	 head_off;	/* where the first field line starts */
	uint32_t	 line_len;	/* of the first line in text; 0 when it was changed */
};

static inline struct str
http_str(const struct http_msg *m, struct http_span s)
{
	return (struct str){ m->text + s.off, s.len };
}

static inline struct str
http_field_name(const struct http_msg *m, const struct http_field *f)
{
	return (struct str){ m->text + f->off, f->name_len };
}

static inline struct str
http_field_value(const struct http_msg *m, const struct http_field *f)
{
	return (struct str){ m->text + f->off + f->name_len + 2u, f->val_len };
}

/* the owner's thread */
void	http_msg_init(struct http_msg *m, char *text, uint32_t cap,
	    struct http_field *fields, uint16_t max_fields);
/* The memory moved or grew: text was copied to `text` by the caller. */
void	http_msg_move(struct http_msg *m, char *text, uint32_t cap,
	    struct http_field *fields, uint16_t max_fields);

/* Finding: GONE fields are never seen. `name` must be lower case. after = NULL
 * starts from the first; the result is NULL at the end. */
struct http_field *http_find(const struct http_msg *m, struct str name,
	    const struct http_field *after);
struct http_field *http_find_id(const struct http_msg *m, enum http_name id,
	    const struct http_field *after);
/* in a comma list */
bool	http_has_token(const struct http_msg *m, enum http_name id, struct str token);

/* Changing. An appended value is trimmed; Host is replaced, never doubled.
 * Content-Length and Transfer-Encoding appended here are seen by rules but never
 * sent: framing is the sender's (h1_out). Append returns false when text or table
 * is full (431/502/500 by the caller) or when name or value holds bytes no field
 * may have. */
bool	http_append(struct http_msg *m, struct str name, struct str value, uint8_t flags);
bool	http_set(struct http_msg *m, struct str name, struct str value);	/* replaces all */
unsigned http_del(struct http_msg *m, struct str name);		/* number removed */
void	http_del_id(struct http_msg *m, enum http_name id);
/* Replace request line parts / the status; same rules. */
bool	http_set_target(struct http_msg *m, struct str target);
bool	http_set_method(struct http_msg *m, struct str method);
bool	http_set_status(struct http_msg *m, uint16_t status, struct str reason);

/* Path = target up to `?`; query = what is behind it (without `?`). */
struct str http_path(const struct http_msg *m);
struct str http_query(const struct http_msg *m);

/* any thread */
enum http_name http_name_of(const char *lower, size_t len);
struct str http_name_text(enum http_name id);
enum http_method http_method_of(struct str s);
struct str http_method_name(enum http_method m);
bool	http_method_is_idempotent(enum http_method m);		/* RFC 9110 9.2.2 */
/* A status of which a response never has a body (RFC 9112 section 6.3). */
static inline bool
http_status_is_bare(unsigned status)
{
	return status < 200 || status == 204 || status == 304;
}

bool	http_token_is_valid(struct str s);
bool	http_value_is_valid(struct str s);
const char *http_status_reason(unsigned status);		/* 400 is "Bad request" */

#endif
