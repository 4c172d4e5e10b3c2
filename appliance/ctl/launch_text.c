/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Launch configurations as JSON; see launch_text.h. User data may be any bytes, so
 * they stand there in base64.
 *
 * any thread
 */
#include "ctl/launch_text.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/group_conf.h"
#include "ctl/row.h"

/* ---- writing ---- */

char *
launch_user_data(const struct launch_conf *l)
{
	char *text;

	if (l->user_data == NULL)
		return NULL;
	text = xmalloc(4 * (l->user_data_len / 3 + 1) + 1);
	EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)l->user_data,
	    (int)l->user_data_len);
	return text;
}

static void
put_user_data(struct outbuf *b, const struct launch_conf *l)
{
	char *text = launch_user_data(l);

	if (text == NULL)
		return;
	row_put_text(b, "user_data", text);
	row_put_u64(b, "user_data_len", l->user_data_len);
	free(text);
}

static void
put_lists(struct outbuf *b, const struct launch_conf *l)
{
	row_begin_list(b, "security_groups");
	for (unsigned i = 0; i < l->nsecurity_groups; i++)
		row_item_text(b, l->security_groups[i]);
	row_end_list(b);
	row_put_name(b, "attributes");
	outbuf_z(b, "{");
	for (unsigned i = 0; i < l->nattributes; i++)
		row_put_text(b, l->attributes[i].key, l->attributes[i].value);
	outbuf_z(b, "}");
}

static void
put_metrics(struct outbuf *b, const struct launch_conf *l)
{
	row_begin_list(b, "metrics");
	for (unsigned i = 0; i < l->nmetrics; i++) {
		const struct metrics_conf *m = &l->metrics[l->metrics_order[i]];

		outbuf_z(b, i > 0 ? ",{" : "{");
		row_put_u64(b, "source", l->metrics_order[i]);
		row_put_u64(b, "port", m->port);
		row_put_u64(b, "every", m->every_us);
		outbuf_z(b, "}");
	}
	row_end_list(b);
}

char *
launch_text(const struct launch_conf *l)
{
	struct outbuf b;
	char *text;

	outbuf_init(&b, 0);
	outbuf_z(&b, "{");
	row_put_text(&b, "provider", l->provider_name);
	row_put_text(&b, "image", l->image);
	row_put_text(&b, "instance_type", l->instance_type);
	row_put_text(&b, "key", l->key);
	row_put_u64(&b, "instance_port", l->instance_port);
	row_put_bool(&b, "detailed", l->is_detailed);
	put_user_data(&b, l);
	put_lists(&b, l);
	put_metrics(&b, l);
	outbuf_z(&b, "}");
	text = xstrdup(b.data);
	outbuf_fini(&b);
	return text;
}

/* ---- reading ---- */

static void
take_user_data(struct launch_conf *l, const json_t *row, struct arena *a)
{
	const char *text = row_text(row, "user_data");
	size_t len = strlen(text), n = row_u64(row, "user_data_len");
	char *data;

	if (len == 0 || len > 2 * LAUNCH_USER_DATA_MAX || n > len / 4 * 3)
		return;
	data = arena_alloc(a, len / 4 * 3 + 1);
	if (EVP_DecodeBlock((unsigned char *)data, (const unsigned char *)text, (int)len) < 0)
		return;
	data[n] = '\0';
	l->user_data = data;
	l->user_data_len = n;
}

static void
take_lists(struct launch_conf *l, const json_t *row, struct arena *a)
{
	json_t *groups = json_object_get(row, "security_groups"), *v;
	json_t *attributes = json_object_get(row, "attributes");
	const char *key;
	size_t i;

	l->security_groups = arena_calloc(a, json_array_size(groups) + 1, sizeof(char *));
	json_array_foreach(groups, i, v)
		if (json_is_string(v))
			l->security_groups[l->nsecurity_groups++] =
			    arena_strdup(a, json_string_value(v));
	l->attributes = arena_calloc(a, json_object_size(attributes) + 1, sizeof *l->attributes);
	json_object_foreach(attributes, key, v)
		if (json_is_string(v))
			l->attributes[l->nattributes++] = (struct provider_tag){
			    arena_strdup(a, key), arena_strdup(a, json_string_value(v)) };
}

static void
take_metrics(struct launch_conf *l, const json_t *row)
{
	json_t *all = json_object_get(row, "metrics"), *m;
	size_t i;

	json_array_foreach(all, i, m) {
		uint64_t source = row_u64(m, "source");

		if (source >= METRICS_SOURCES || l->metrics[source].is_on)
			continue;
		l->metrics[source] = (struct metrics_conf){ true, (uint16_t)row_u64(m, "port"),
		    row_u64(m, "every") };
		l->metrics_order[l->nmetrics++] = (enum metrics_source)source;
	}
}

struct launch_conf *
launch_text_read(const char *name, const char *text, struct arena *a)
{
	json_t *row = json_loads(text, 0, NULL);
	struct launch_conf *l;

	if (!json_is_object(row) || row_text(row, "provider")[0] == '\0') {
		json_decref(row);
		return NULL;
	}
	l = arena_alloc(a, sizeof *l);
	l->object.name = arena_strdup(a, name);
	l->object.file = "";
	l->provider_name = arena_strdup(a, row_text(row, "provider"));
	l->image = arena_strdup(a, row_text(row, "image"));
	l->instance_type = arena_strdup(a, row_text(row, "instance_type"));
	l->key = arena_strdup(a, row_text(row, "key"));
	l->instance_port = (uint16_t)row_u64(row, "instance_port");
	l->is_detailed = row_bool(row, "detailed");
	take_user_data(l, row, a);
	take_lists(l, row, a);
	take_metrics(l, row);
	json_decref(row);
	return l;
}
