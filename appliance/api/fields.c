/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of values; see fields.h.
 *
 * Thread: control.
 */
#include "api/fields.h"

#include <inttypes.h>
#include <string.h>

#include "api/alarm_put.h"
#include "base/magic.h"

void
fields_begin(struct fields *f, struct outbuf *b, const char *names, bool is_json)
{
	*f = (struct fields){ .b = b, .names = names, .prefix = "", .is_json = is_json };
	if (is_json)
		outbuf_z(b, "[");
	else
		outbuf_fmt(b, "#%s\n", names);
}

void
fields_end(struct fields *f)
{
	if (f->is_json)
		outbuf_z(f->b, "]\n");
}

void
fields_row(struct fields *f)
{
	f->at = f->names;
	if (f->is_json)
		outbuf_z(f->b, f->nrows > 0 ? ",{" : "{");
	else
		outbuf_z(f->b, f->prefix);
	f->nrows++;
}

void
fields_row_end(struct fields *f)
{
	WEIR_ASSERT(*f->at == '\0');
	outbuf_z(f->b, f->is_json ? "}" : "\n");
}

/* The comma, and in JSON the name. */
static void
begin_value(struct fields *f)
{
	size_t len = strcspn(f->at, ",");

	WEIR_ASSERT(len > 0);
	if (f->at != f->names)
		outbuf_z(f->b, ",");
	if (f->is_json)
		outbuf_fmt(f->b, "\"%.*s\":", (int)len, f->at);
	f->at += len + (f->at[len] == ',');
}

void
fields_text(struct fields *f, const char *z)
{
	begin_value(f);
	if (f->is_json)
		outbuf_json(f->b, z);
	else if (z != NULL)
		outbuf_csv(f->b, z);
}

void
fields_u64(struct fields *f, uint64_t v)
{
	begin_value(f);
	outbuf_fmt(f->b, "%" PRIu64, v);
}

void
fields_bool(struct fields *f, bool is_on)
{
	begin_value(f);
	outbuf_z(f->b, f->is_json ? is_on ? "true" : "false" : is_on ? "1" : "0");
}

void
fields_instant(struct fields *f, uint64_t wall_us)
{
	if (f->is_json) {
		fields_time(f, wall_us);
		return;
	}
	begin_value(f);
	alarm_put_instant(f->b, wall_us);
}

void
fields_time(struct fields *f, uint64_t wall_us)
{
	begin_value(f);
	if (wall_us != 0)
		outbuf_fmt(f->b, "%" PRIu64 ".%03u", wall_us / 1000000,
		    (unsigned)(wall_us / 1000 % 1000));
	else if (f->is_json)
		outbuf_z(f->b, "null");
}
