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

void
row_put_name(struct outbuf *b, const char *name)
{
	char last = b->len > 0 ? b->data[b->len - 1] : '{';

	outbuf_fmt(b, "%s\"%s\":", last != '{' ? "," : "", name);
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
