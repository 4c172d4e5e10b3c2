/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to and answers of programs that are providers; see exec_text.h. What comes
 * from a program is taken for what it says only where it fits: ids, states, lengths;
 * anything else makes the whole answer none.
 *
 * any thread
 */
#include "ctl/exec_text.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "ctl/file_sync.h"
#include "ctl/group_conf.h"

/* ---- requests ---- */

static void
put_key(struct outbuf *b, const char *key, const char *text)
{
	outbuf_fmt(b, ",\"%s\":", key);
	outbuf_json(b, text);
}

static void
put_pairs(struct outbuf *b, const char *key, const struct provider_tag *all, unsigned n)
{
	outbuf_fmt(b, ",\"%s\":{", key);
	for (unsigned i = 0; i < n; i++) {
		outbuf_z(b, i > 0 ? "," : "");
		outbuf_json(b, all[i].key);
		outbuf_z(b, ":");
		outbuf_json(b, all[i].value);
	}
	outbuf_z(b, "}");
}

static void
put_list(struct outbuf *b, const char *key, const char *const *all, unsigned n)
{
	outbuf_fmt(b, ",\"%s\":[", key);
	for (unsigned i = 0; i < n; i++) {
		outbuf_z(b, i > 0 ? "," : "");
		outbuf_json(b, all[i]);
	}
	outbuf_z(b, "]");
}

static void
put_bytes(struct outbuf *b, const char *key, const char *data, size_t len)
{
	unsigned char *text = xmalloc(4 * (len / 3 + 1) + 1);

	EVP_EncodeBlock(text, (const unsigned char *)data, (int)len);
	outbuf_fmt(b, ",\"%s\":\"", key);
	outbuf_z(b, (char *)text);
	outbuf_z(b, "\"");
	free(text);
}

static void
put_file(struct outbuf *b, const char *name, uint32_t version, const struct file_text *text)
{
	outbuf_z(b, "{\"name\":");
	outbuf_json(b, name);
	outbuf_fmt(b, ",\"version\":%u", version);
	if (text != NULL)
		put_bytes(b, "data", text->data, text->len);
	else
		outbuf_z(b, ",\"data\":null");
	outbuf_z(b, "}");
}

static void
put_files(struct outbuf *b, const struct file_set *files)
{
	outbuf_z(b, ",\"files\":[");
	for (unsigned i = 0; i < files->n; i++) {
		outbuf_z(b, i > 0 ? "," : "");
		put_file(b, files->all[i].name, files->all[i].version, files->all[i].text);
	}
	outbuf_z(b, "]");
}

static void
put_launch(struct outbuf *b, const struct provider_call *call)
{
	const struct launch_conf *l = call->launch;
	const char *const zones[] = { call->zone };

	outbuf_fmt(b, ",\"count\":%u,\"launch_config\":{\"name\":", call->count);
	outbuf_json(b, l->object.name);
	put_key(b, "image", l->image);
	put_key(b, "type", l->instance_type);
	put_key(b, "key", l->key);
	outbuf_fmt(b, ",\"port\":%u", l->instance_port);
	put_list(b, "security_groups", (const char *const *)l->security_groups,
	    l->nsecurity_groups);
	put_pairs(b, "attrs", l->attributes, l->nattributes);
	outbuf_z(b, "}");
	if (l->user_data != NULL)
		put_bytes(b, "user_data", l->user_data, l->user_data_len);
	put_list(b, "az", zones, call->zone != NULL && call->zone[0] != '\0');
	put_list(b, "subnets", call->subnets, call->nsubnets);
	put_pairs(b, "tags", call->tags, call->ntags);
}

void
exec_text_request(struct outbuf *b, const struct provider_call *call,
    const struct file_set *files)
{
	outbuf_fmt(b, "{\"version\":%d,\"group\":", EXEC_VERSION);
	outbuf_json(b, call->group);
	outbuf_fmt(b, ",\"epoch\":%llu", (unsigned long long)call->epoch);
	if (call->verb == PROVIDER_LAUNCH || call->verb == PROVIDER_TERMINATE)
		put_key(b, "token", call->token);
	if (call->verb == PROVIDER_LAUNCH)
		put_launch(b, call);
	else if (call->verb == PROVIDER_TERMINATE || call->nids > 0)
		put_list(b, "ids", call->ids, call->nids);
	if (files != NULL)
		put_files(b, files);
	if (call->verb == PROVIDER_FILE) {
		outbuf_z(b, ",\"file\":");
		put_file(b, call->file->name, call->file->version, call->file->text);
	}
	outbuf_z(b, "}\n");
}

/* ---- answers ---- */

/* A text of the object that fits; false: it is something else or too long. */
static bool
take_text(const json_t *o, const char *key, char *ret, size_t size)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL || json_is_null(v))
		return true;
	if (!json_is_string(v) || json_string_length(v) >= size ||
	    strlen(json_string_value(v)) != json_string_length(v))
		return false;
	memcpy(ret, json_string_value(v), json_string_length(v) + 1);
	return true;
}

static bool
is_id(const char *id)
{
	size_t n = 0;

	for (; id[n] != '\0'; n++)
		if (!isalnum((unsigned char)id[n]) && strchr("._-", id[n]) == NULL)
			return false;
	return n > 0;
}

static bool
take_state(const json_t *o, enum provider_state *ret)
{
	static const char *const states[] = { "pending", "running", "shutting-down", "terminated" };
	char text[32] = "";

	if (!take_text(o, "state", text, sizeof text))
		return false;
	for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(text, states[i]) == 0) {
			*ret = (enum provider_state)i;
			return true;
		}
	return false;
}

static bool
is_number(const json_t *v, json_int_t least, json_int_t most)
{
	return json_is_integer(v) && json_integer_value(v) >= least &&
	    json_integer_value(v) <= most;
}

static bool
take_port(const json_t *o, uint16_t *ret)
{
	const json_t *v = json_object_get(o, "port");

	if (v == NULL || json_is_null(v))
		return true;
	if (!is_number(v, 1, 65535))
		return false;
	*ret = (uint16_t)json_integer_value(v);
	return true;
}

static void
take_time(const json_t *o, uint64_t *ret_us)
{
	char text[40] = "";
	struct tm tm = { 0 };

	if (take_text(o, "launched_at", text, sizeof text) && text[0] != '\0' &&
	    strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != NULL)
		*ret_us = (uint64_t)timegm(&tm) * 1000000;
}

/* The tag of its launch, where a program keeps it. */
static bool
take_token(const json_t *o, char *ret, size_t size)
{
	return take_text(o, "token", ret, size) &&
	    take_text(json_object_get(o, "attrs"), "weir:token", ret, size) &&
	    take_text(json_object_get(o, "tags"), "weir:token", ret, size);
}

static bool
take_instance(const json_t *o, struct provider_instance *i)
{
	*i = (struct provider_instance){ .id = "" };
	take_time(o, &i->launched_us);
	return json_is_object(o) && take_text(o, "id", i->id, sizeof i->id) && is_id(i->id) &&
	    take_state(o, &i->state) && take_text(o, "address", i->address, sizeof i->address) &&
	    take_port(o, &i->port) && take_text(o, "az", i->zone, sizeof i->zone) &&
	    take_token(o, i->token, sizeof i->token);
}

static bool
is_named_before(const struct exec_answer *a, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(a->all[i].id, a->all[n].id) == 0)
			return true;
	return false;
}

static bool
take_instances(const json_t *list, struct exec_answer *ret)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > GROUP_SIZE_MAX) {
		snprintf(ret->message, sizeof ret->message, "no list of instances, or too long");
		return false;
	}
	ret->all = xcalloc(n + 1, sizeof *ret->all);
	for (size_t i = 0; i < n; i++) {
		if (take_instance(json_array_get(list, i), &ret->all[i]) &&
		    !is_named_before(ret, (unsigned)i))
			continue;
		snprintf(ret->message, sizeof ret->message, "instance %zu is none, or there twice",
		    i + 1);
		return false;
	}
	ret->n = (unsigned)n;
	return true;
}

static void
take_error(const json_t *o, struct exec_answer *ret)
{
	char code[32] = "";
	const json_t *after = json_object_get(o, "retry_after");

	ret->error = PROVIDER_INTERNAL;
	(void)take_text(o, "code", code, sizeof code);
	for (enum provider_error e = PROVIDER_CAPACITY; e <= PROVIDER_INTERNAL; e++)
		if (strcmp(code, provider_error_name(e)) == 0)
			ret->error = e;
	if (!take_text(o, "message", ret->message, sizeof ret->message) || ret->message[0] == '\0')
		snprintf(ret->message, sizeof ret->message, "no message");
	if (is_number(after, 1, 3600))
		ret->retry_after_s = (unsigned)json_integer_value(after);
}

/* One document and nothing behind it. */
static json_t *
read_object(const char *text, size_t len, char *why, size_t size)
{
	json_error_t e;
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);

	if (doc == NULL)
		snprintf(why, size, "no JSON: %s", e.text);
	else if (!json_is_object(doc)) {
		snprintf(why, size, "no JSON object");
		json_decref(doc);
		doc = NULL;
	}
	return doc;
}

bool
exec_text_parse(const char *text, size_t len, bool takes_instances, struct exec_answer *ret)
{
	json_t *doc;
	bool is_good = true;

	*ret = (struct exec_answer){ .error = PROVIDER_OK };
	if ((doc = read_object(text, len, ret->message, sizeof ret->message)) == NULL)
		return false;
	if (json_object_get(doc, "error") != NULL)
		take_error(json_object_get(doc, "error"), ret);
	else if (takes_instances)
		is_good = take_instances(json_object_get(doc, "instances"), ret);
	json_decref(doc);
	return is_good;
}

static bool
has_verb(const json_t *verbs, const char *name)
{
	size_t i;
	json_t *v;

	json_array_foreach((json_t *)(uintptr_t)verbs, i, v)
		if (json_is_string(v) && strcmp(json_string_value(v), name) == 0)
			return true;
	return false;
}

bool
exec_text_capabilities(const char *text, size_t len, struct exec_capabilities *ret, char *why,
    size_t size)
{
	json_t *doc = read_object(text, len, why, size);
	const json_t *verbs, *version, *most;

	if (doc == NULL)
		return false;
	verbs = json_object_get(doc, "verbs");
	version = json_object_get(doc, "version");
	most = json_object_get(doc, "max_parallel");
	*ret = (struct exec_capabilities){ has_verb(verbs, "launch"), has_verb(verbs, "terminate"),
		has_verb(verbs, "describe"), has_verb(verbs, "file"), EXEC_PARALLEL_MAX };
	if (!json_is_integer(version) || json_integer_value(version) != EXEC_VERSION)
		snprintf(why, size, "its version is not %d", EXEC_VERSION);
	else if (!ret->launches || !ret->terminates || !ret->describes)
		snprintf(why, size, "it does not know launch, terminate and describe");
	else if (most != NULL && !is_number(most, 1, EXEC_PARALLEL_MAX))
		snprintf(why, size, "its max_parallel is no number from 1 to %d",
		    EXEC_PARALLEL_MAX);
	else {
		if (most != NULL)
			ret->max_parallel = (unsigned)json_integer_value(most);
		why[0] = '\0';
	}
	json_decref(doc);
	return why[0] == '\0';
}
