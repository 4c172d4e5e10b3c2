/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A value with its tags, in the two forms that `typed` and `json` answers share.
 *
 * Thread: control.
 */
#include "api/stat.h"

#include <string.h>

#include "base/out.h"

static const char kinds[] = "FBSL";
static const char *const objects[] = { "Frontend", "Backend", "Server", "Listener" };

const char *
stat_type_name(unsigned type)
{
	static const char *const names[] = { "", "str", "s32", "u32", "u64" };

	return names[type];
}

void
stat_put_value(struct outbuf *b, const struct stat_value *v)
{
	struct out o = outbuf_reserve(b, 24);

	switch (v->type) {
	case STAT_str:
		outbuf_z(b, v->v.str);
		return;
	case STAT_s32:
		out_i64(&o, v->v.s);
		break;
	case STAT_u32: case STAT_u64:
		out_u64(&o, v->v.u);
		break;
	default:
		return;
	}
	outbuf_commit(b, &o);
}

void
stat_put_typed(struct outbuf *b, const struct stat_item *it, bool with_text)
{
	const struct stat_row *r = it->row;

	if (r != NULL)
		outbuf_fmt(b, "%c.%d.%d.", kinds[r->kind], r->iid, r->sid);
	outbuf_fmt(b, "%u.%s.1:%sV:%s:", it->pos, it->name, it->tags,
	    stat_type_name(it->value.type));
	stat_put_value(b, &it->value);
	if (with_text)
		outbuf_fmt(b, ":\"%s\"", it->text);
	outbuf_z(b, "\n");
}

/* ---- json ---- */

struct tag {
	char		 letter;
	const char	*word;
};

static const struct tag origins[] = {
	{ 'M', "Metric" }, { 'S', "Status" }, { 'K', "Key" }, { 'C', "Config" },
	{ 'P', "Product" }, { 0, "" },
};
static const struct tag natures[] = {
	{ 'A', "Age" }, { 'a', "Avg" }, { 'C', "Counter" }, { 'D', "Duration" },
	{ 'G', "Gauge" }, { 'L', "Limit" }, { 'M', "Max" }, { 'm', "Min" }, { 'N', "Name" },
	{ 'O', "Output" }, { 'R', "Rate" }, { 'T', "Time" }, { 0, "" },
};
static const struct tag scopes[] = {
	{ 'C', "Cluster" }, { 'P', "Process" }, { 'S', "Service" }, { 's', "System" }, { 0, "" },
};

static const char *
word_of(const struct tag *t, char letter)
{
	while (t->letter != 0 && t->letter != letter)
		t++;
	return t->word;
}

static void
put_quoted(struct outbuf *b, const char *z)
{
	struct out o = outbuf_reserve(b, 6 * strlen(z) + 3);

	out_json(&o, str_of(z));
	outbuf_commit(b, &o);
}

void
stat_put_json(struct outbuf *b, const struct stat_item *it, bool with_text)
{
	const struct stat_row *r = it->row;

	outbuf_z(b, "{");
	if (r != NULL)
		outbuf_fmt(b, "\"objType\":\"%s\",\"proxyId\":%d,\"id\":%d,", objects[r->kind],
		    r->iid, r->sid);
	outbuf_fmt(b, "\"field\":{\"pos\":%u,\"name\":\"%s\"", it->pos, it->name);
	if (with_text) {
		outbuf_z(b, ",\"desc\":");
		put_quoted(b, it->text);
	}
	outbuf_fmt(b, "},\"processNum\":1,\"tags\":{\"origin\":\"%s\",\"nature\":\"%s\","
	    "\"scope\":\"%s\"},\"value\":{\"type\":\"%s\",\"value\":",
	    word_of(origins, it->tags[0]), word_of(natures, it->tags[1]),
	    word_of(scopes, it->tags[2]), stat_type_name(it->value.type));
	if (it->value.type == STAT_str)
		put_quoted(b, it->value.v.str);
	else
		stat_put_value(b, &it->value);
	outbuf_z(b, "}}");
}

/* ---- csv ---- */

void
stat_put_csv(struct outbuf *b, const struct stat_row *r)
{
	for (unsigned i = 0; i < ST_MAX; i++) {
		const struct stat_value *v = &r->v[i];
		struct out o;

		if (v->type == STAT_str) {
			o = outbuf_reserve(b, 2 * strlen(v->v.str) + 4);
			out_csv(&o, str_of(v->v.str));
		} else {
			o = outbuf_reserve(b, 24);
			if (v->type == STAT_s32)
				out_i64(&o, v->v.s);
			else if (v->type != STAT_EMPTY)
				out_u64(&o, v->v.u);
		}
		out_char(&o, ',');
		outbuf_commit(b, &o);
	}
	outbuf_z(b, "-,");
}
