/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msg.c: finding and changing fields and first lines of a struct http_msg.
 *
 * A message lives as long as the memory its transaction lends it; nothing here
 * allocates or frees. The owner's thread. Changes never touch old text: what is
 * new is written behind it, so that a span somebody read a moment ago stays
 * valid and output keeps its long runs.
 */
#include <string.h>

#include "base/magic.h"
#include "http/msg.h"
#include "http/name_in.h"
#include "http/target_in.h"

void
http_msg_init(struct http_msg *m, char *text, uint32_t cap,
    struct http_field *fields, uint16_t max_fields)
{
	*m = (struct http_msg){ .text = text, .cap = cap, .fields = fields,
	    .max_fields = max_fields };
}

void
http_msg_move(struct http_msg *m, char *text, uint32_t cap,
    struct http_field *fields, uint16_t max_fields)
{
	WEIR_ASSERT(cap >= m->len && max_fields >= m->nfields);
	m->text = text;
	m->cap = cap;
	m->fields = fields;
	m->max_fields = max_fields;
}

static bool
field_is_named(const struct http_msg *m, const struct http_field *f,
    enum http_name id, struct str name)
{
	if (f->flags & HTTP_FIELD_GONE || f->name != id)
		return false;
	return id != HTTP_N_OTHER || str_eq(http_field_name(m, f), name);
}

static struct http_field *
find(const struct http_msg *m, enum http_name id, struct str name,
    const struct http_field *after)
{
	struct http_field *f = m->fields, *end = m->fields + m->nfields;

	if (after != NULL)
		f = m->fields + (after - m->fields) + 1;
	for (; f < end; f++)
		if (field_is_named(m, f, id, name))
			return f;
	return NULL;
}

struct http_field *
http_find(const struct http_msg *m, struct str name, const struct http_field *after)
{
	return find(m, name_find(name.p, name.len), name, after);
}

struct http_field *
http_find_id(const struct http_msg *m, enum http_name id, const struct http_field *after)
{
	WEIR_ASSERT(id != HTTP_N_OTHER);
	return find(m, id, STR_NONE, after);
}

bool
http_has_token(const struct http_msg *m, enum http_name id, struct str token)
{
	struct http_field *f;
	struct str rest, elem;

	for (f = http_find_id(m, id, NULL); f != NULL; f = http_find_id(m, id, f)) {
		rest = http_field_value(m, f);
		while (str_next_elem(&rest, ',', &elem))
			if (str_ieq(elem, token))
				return true;
	}
	return false;
}

/* Room for n more bytes of text, checked without overflow. */
static bool
has_room(const struct http_msg *m, size_t n)
{
	return n <= m->cap - m->len;
}

static void
put(struct http_msg *m, struct str s)
{
	if (s.len > 0)
		memcpy(m->text + m->len, s.p, s.len);
	m->len += (uint32_t)s.len;
}

/* The line at the end of the text becomes a field; the name goes to lower case. */
static void
add_line(struct http_msg *m, struct str name, struct str value, uint8_t flags)
{
	struct http_field *f = &m->fields[m->nfields];
	char *text = m->text + m->len;
	size_t i;

	*f = (struct http_field){ .off = m->len, .val_len = (uint32_t)value.len,
	    .name_len = (uint16_t)name.len, .flags = flags };
	put(m, name);
	for (i = 0; i < name.len; i++)
		text[i] = (char)http_lower_token[(unsigned char)text[i]];
	put(m, STR(": "));
	put(m, value);
	put(m, STR("\r\n"));
	f->name = (uint8_t)name_find(text, name.len);
	m->nfields++;
}

static void
del_before(struct http_msg *m, unsigned before, const struct http_field *like)
{
	struct str name = http_field_name(m, like);
	unsigned i;

	for (i = 0; i < before; i++)
		if (field_is_named(m, &m->fields[i], (enum http_name)like->name, name))
			m->fields[i].flags |= HTTP_FIELD_GONE;
}

bool
http_append(struct http_msg *m, struct str name, struct str value, uint8_t flags)
{
	struct http_field *f;

	value = str_trim(value);
	if (!http_token_is_valid(name) || !http_value_is_valid(value))
		return false;
	if (name.len > UINT16_MAX || m->nfields >= m->max_fields ||
	    value.len > m->cap || !has_room(m, name.len + value.len + 4))
		return false;
	add_line(m, name, value, flags);
	f = &m->fields[m->nfields - 1];
	if (f->name == HTTP_N_CONTENT_LENGTH || f->name == HTTP_N_TRANSFER_ENCODING)
		f->flags |= HTTP_FIELD_HOP | HTTP_FIELD_ADDED;
	if (f->name == HTTP_N_HOST) {
		del_before(m, m->nfields - 1u, f);
		m->authority = (struct http_span){ f->off + f->name_len + 2u, f->val_len };
		m->flags |= HTTP_F_HOST;
	}
	return true;
}

bool
http_set(struct http_msg *m, struct str name, struct str value)
{
	if (!http_append(m, name, value, HTTP_FIELD_ADDED))
		return false;
	del_before(m, m->nfields - 1u, &m->fields[m->nfields - 1]);
	return true;
}

static unsigned
del(struct http_msg *m, enum http_name id, struct str name)
{
	struct http_field *f = NULL;
	unsigned n = 0;

	while ((f = find(m, id, name, f)) != NULL) {
		f->flags |= HTTP_FIELD_GONE;
		n++;
	}
	if (id == HTTP_N_HOST) {
		m->authority = (struct http_span){ 0, 0 };
		m->flags &= ~(uint32_t)HTTP_F_HOST;
	}
	return n;
}

unsigned
http_del(struct http_msg *m, struct str name)
{
	return del(m, name_find(name.p, name.len), name);
}

void
http_del_id(struct http_msg *m, enum http_name id)
{
	WEIR_ASSERT(id != HTTP_N_OTHER);
	del(m, id, STR_NONE);
}

static bool
put_span(struct http_msg *m, struct str s, struct http_span *ret_span)
{
	if (!has_room(m, s.len))
		return false;
	*ret_span = (struct http_span){ m->len, (uint32_t)s.len };
	put(m, s);
	m->line_len = 0;
	return true;
}

bool
http_set_target(struct http_msg *m, struct str target)
{
	uint8_t worst = 0;
	size_t i;

	for (i = 0; i < target.len; i++)
		worst |= http_target_class[(unsigned char)target.p[i]];
	if (target.len == 0 || worst & TARGET_NEVER)
		return false;
	if (worst & TARGET_UNSAFE && !(m->flags & HTTP_F_UNSAFE))
		return false;
	if (target.p[0] != '/' && !str_is(target, "*") && m->method != HTTP_M_CONNECT)
		return false;
	return put_span(m, target, &m->target);
}

bool
http_set_method(struct http_msg *m, struct str method)
{
	if (method.len > HTTP_METHOD_MAX || !http_token_is_valid(method) ||
	    !put_span(m, method, &m->method_text))
		return false;
	m->method = (uint8_t)http_method_of(method);
	return true;
}

bool
http_set_status(struct http_msg *m, uint16_t status, struct str reason)
{
	if (status < 100 || status > 599 || !http_value_is_valid(reason) ||
	    !put_span(m, reason, &m->reason))
		return false;
	m->status = status;
	return true;
}

struct str
http_path(const struct http_msg *m)
{
	struct str s = http_str(m, m->target);
	const char *q = s.len > 0 ? memchr(s.p, '?', s.len) : NULL;

	return q != NULL ? (struct str){ s.p, (size_t)(q - s.p) } : s;
}

struct str
http_query(const struct http_msg *m)
{
	struct str s = http_str(m, m->target);
	const char *q = s.len > 0 ? memchr(s.p, '?', s.len) : NULL;

	if (q == NULL)
		return STR_NONE;
	return (struct str){ q + 1, s.len - (size_t)(q + 1 - s.p) };
}
