/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alarms and their history over restarts: a row of the store each. What the store
 * had is read once, and waits until the configuration names the alarm; alarms that
 * no file names any more are deleted then.
 *
 * Thread: control.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/alarm.h"
#include "ctl/alarm_history.h"
#include "ctl/row_list.h"
#include "ctl/store.h"

static struct list saved = { &saved, &saved };

/* ---- writing ---- */

static void
put_told(struct outbuf *b, const struct alarm *a)
{
	for (unsigned i = 0; i < a->told.n; i++) {
		outbuf_z(b, i > 0 ? "," : "");
		outbuf_json(b, a->told.all[i]);
	}
}

static void
put_text(struct outbuf *b, const char *name, const char *text)
{
	outbuf_fmt(b, ",\"%s\":", name);
	outbuf_json(b, text);
}

void
alarm_keep(const struct alarm *a)
{
	struct outbuf b;

	if (!store_is_there())
		return;
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "{\"state\":\"%s\",\"since\":%" PRIu64 ",\"configured\":%" PRIu64
	    ",\"digest\":\"%" PRIx64 "\",\"enabled\":%s,\"silenced_until\":%" PRIu64
	    ",\"acted\":%" PRIu64 ",\"used\":[%" PRId64 ",%" PRId64 ",%" PRId64 "],\"told\":[",
	    alarm_state_name(a->state), a->since_us, a->configured_us, a->digest,
	    a->is_enabled ? "true" : "false", a->silenced_until_us, a->acted_us, a->used_s[0],
	    a->used_s[1], a->used_s[2]);
	put_told(&b, a);
	outbuf_z(&b, "]");
	put_text(&b, "reason", a->reason);
	put_text(&b, "data", a->data);
	put_text(&b, "acked_by", a->acked_by);
	put_text(&b, "comment", a->ack_comment);
	outbuf_z(&b, "}");
	store_put(STORE_ALARM, a->name, (int64_t)a->since_us, b.data, b.len);
	outbuf_fini(&b);
}

void
alarm_keep_not(const struct alarm *a)
{
	store_del(STORE_ALARM, a->name);
}

static void
history_key(char *buf, size_t size, uint64_t id)
{
	(void)snprintf(buf, size, "%016" PRIx64, id);
}

void
alarm_keep_row(const struct alarm_row *r)
{
	struct outbuf b;
	char key[20];

	if (!store_is_there())
		return;
	history_key(key, sizeof key, r->id);
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "{\"type\":\"%s\"", alarm_item_name(r->type));
	put_text(&b, "alarm", r->alarm);
	put_text(&b, "summary", r->summary);
	put_text(&b, "data", r->data);
	outbuf_z(&b, "}");
	store_put(STORE_HISTORY, key, (int64_t)r->t_us, b.data, b.len);
	outbuf_fini(&b);
}

void
alarm_keep_row_not(const struct alarm_row *r)
{
	char key[20];

	history_key(key, sizeof key, r->id);
	store_del(STORE_HISTORY, key);
}

/* ---- reading ---- */

static const char *
text_of(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static uint64_t
number_of(const json_t *row, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(row, name));

	return v > 0 ? (uint64_t)v : 0;
}

static void
set_text(char **at, const char *text)
{
	free(*at);
	*at = text != NULL ? xstrdup(text) : NULL;
}

static void
restore_people(struct alarm *a, const json_t *row)
{
	set_text(&a->acked_by, text_of(row, "acked_by"));
	set_text(&a->ack_comment, text_of(row, "comment"));
	a->silenced_until_us = number_of(row, "silenced_until");
	a->is_enabled = json_is_true(json_object_get(row, "enabled"));
}

static void
restore_stay(struct alarm *a, const json_t *row)
{
	const json_t *used = json_object_get(row, "used"), *told = json_object_get(row, "told");

	a->acted_us = number_of(row, "acted");
	for (unsigned i = 0; i < ALARM_STATES; i++)
		a->used_s[i] = json_integer_value(json_array_get(used, i));
	for (size_t i = 0; i < json_array_size(told); i++) {
		const char *text = json_string_value(json_array_get(told, i));

		if (text != NULL)
			told_restore(&a->told, text);
	}
}

static void
restore_from(struct alarm *a, const json_t *row)
{
	const char *state = text_of(row, "state"), *reason = text_of(row, "reason");

	if (state == NULL || reason == NULL || !alarm_state_named(state, &a->state))
		return;
	set_text(&a->reason, reason);
	set_text(&a->data, text_of(row, "data"));
	a->since_us = number_of(row, "since");
	restore_people(a, row);
	restore_stay(a, row);
}

void
alarm_restore_row(struct alarm *a, const json_t *row)
{
	told_forget(&a->told);
	restore_from(a, row);
}

enum alarm_restored
alarm_restore(struct alarm *a)
{
	struct saved_row *s = saved_row_find(&saved, a->name);
	const char *digest;
	char own[20];
	bool is_same;

	if (s == NULL)
		return ALARM_RESTORED_NOT;
	(void)snprintf(own, sizeof own, "%" PRIx64, a->digest);
	digest = text_of(s->row, "digest");
	is_same = digest != NULL && strcmp(digest, own) == 0;
	restore_from(a, s->row);
	if (is_same)
		a->configured_us = number_of(s->row, "configured");
	saved_row_free(s);
	return is_same ? ALARM_RESTORED : ALARM_RESTORED_OTHER;
}

void
alarm_restore_end(void (*fn)(const char *name))
{
	SAVED_ROWS_EACH(s, &saved) {
		if (strncmp(s->key, ALARM_CONDITION_PREFIX, strlen(ALARM_CONDITION_PREFIX)) == 0)
			continue;	/* it comes when weir tells it again */
		fn(s->key);
		store_del(STORE_ALARM, s->key);
		saved_row_free(s);
	}
}

/* A row's object, or NULL when it is damaged, told. */
static json_t *
parse(const char *what, const char *key, const char *data, size_t len)
{
	json_error_t err;
	json_t *row = json_loadb(data, len, 0, &err);

	if (json_is_object(row))
		return row;
	log_warnx("%s %s in the store is damaged and left out: %s", what, key, err.text);
	json_decref(row);
	return NULL;
}

static void
on_history(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	json_t *row = parse("history row", key, data, len);
	const char *type = text_of(row, "type"), *alarm = text_of(row, "alarm");
	const char *summary = text_of(row, "summary"), *text = text_of(row, "data");
	uint64_t id;

	(void)arg;
	for (unsigned i = 0; i < ALARM_ITEMS; i++)
		if (type != NULL && strcmp(type, alarm_item_name((enum alarm_item)i)) == 0 &&
		    alarm != NULL && summary != NULL && text != NULL && t_us > 0 &&
		    str_to_hex(str_of(key), &id))
			alarm_history_restore(id, alarm, (uint64_t)t_us, (enum alarm_item)i,
			    summary, text);
	json_decref(row);
}

void
alarm_keep_start(void)
{
	saved_rows_read(&saved, STORE_ALARM, "");
	store_each(STORE_HISTORY, on_history, NULL);
}

void
alarm_keep_stop(void)
{
	saved_rows_free(&saved);
}
