/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members of rows; see row.h.
 *
 * any thread
 */
#include "ctl/row.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/out.h"

/* Behind another member or item. */
static void
put_comma(struct outbuf *b)
{
	char last = b->len > 0 ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[')
		outbuf_z(b, ",");
}

void
row_put_name(struct outbuf *b, const char *name)
{
	put_comma(b);
	outbuf_fmt(b, "\"%s\":", name);
}

void
row_begin_list(struct outbuf *b, const char *name)
{
	row_put_name(b, name);
	outbuf_z(b, "[");
}

void
row_item_text(struct outbuf *b, const char *text)
{
	put_comma(b);
	outbuf_json(b, text);
}

void
row_item_u64(struct outbuf *b, uint64_t v)
{
	put_comma(b);
	outbuf_fmt(b, "%" PRIu64, v);
}

void
row_end_list(struct outbuf *b)
{
	outbuf_z(b, "]");
}

void
row_put_text(struct outbuf *b, const char *name, const char *text)
{
	row_put_name(b, name);
	outbuf_json(b, text);
}

void
row_put_u64(struct outbuf *b, const char *name, uint64_t v)
{
	row_put_name(b, name);
	outbuf_fmt(b, "%" PRIu64, v);
}

void
row_put_bool(struct outbuf *b, const char *name, bool v)
{
	row_put_name(b, name);
	outbuf_z(b, v ? "true" : "false");
}

void
row_put_hex(struct outbuf *b, const char *name, uint64_t v)
{
	row_put_name(b, name);
	outbuf_fmt(b, "\"%" PRIx64 "\"", v);
}

uint64_t
row_hex(const json_t *row, const char *name)
{
	return strtoull(row_text(row, name), NULL, 16);
}
