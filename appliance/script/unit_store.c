/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts over restarts: rows of the store by key. `v/NAME/000007` is a version,
 * `u/NAME` which one is in service, `f/KIND/NAME` a function that somebody switched
 * off, `s/...` what a function keeps between its calls.
 *
 * All rows are read once, and wait in a list by key; states live there.
 *
 * Thread: control.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/store.h"
#include "event/sched.h"
#include "script/unit.h"

struct row {
	struct list	 node;		/* in the order of their keys */
	char		*key, *data;	/* owned */
};

static struct list rows = { &rows, &rows };

static struct row *
row_find(const char *key)
{
	LIST_EACH(n, &rows) {
		struct row *r = LIST_ITEM(n, struct row, node);

		if (strcmp(r->key, key) == 0)
			return r;
	}
	return NULL;
}

static void
row_free(struct row *r)
{
	list_del(&r->node);
	free(r->key);
	free(r->data);
	free(r);
}

static void
row_set(const char *key, const char *data, size_t len)
{
	struct row *r = row_find(key);
	struct list *at = &rows;

	if (r == NULL) {
		r = xcalloc(1, sizeof *r);
		r->key = xstrdup(key);
		while (at->next != &rows &&
		    strcmp(LIST_ITEM(at->next, struct row, node)->key, key) < 0)
			at = at->next;
		list_add_after(at, &r->node);
	}
	free(r->data);
	r->data = xstrndup(data, len);
}

static void
on_row(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	(void)t_us, (void)arg;
	row_set(key, data, len);
}

/* ---- states ---- */

const char *
unit_cell(const char *key)
{
	const struct row *r = row_find(key);

	return r != NULL ? r->data : NULL;
}

void
unit_cell_set(const char *key, const char *json)
{
	struct row *r = row_find(key);

	if (json == NULL) {
		if (r != NULL)
			row_free(r);
		store_del(STORE_LUA, key);
		return;
	}
	if (r != NULL && strcmp(r->data, json) == 0)
		return;
	row_set(key, json, strlen(json));
	store_put(STORE_LUA, key, (int64_t)sched_wall_us(), json, strlen(json));
}

/* Keys end with a newline and the name of the function. */
static bool
is_of_unit(const struct script_unit *u, const char *key)
{
	const char *name = strrchr(key, '\n');

	SCRIPT_LIVE_EACH(f, u)
		if (name != NULL && strcmp(f->name, name + 1) == 0)
			return true;
	return false;
}

void
unit_cells_reset(const struct script_unit *u)
{
	LIST_EACH_SAFE(n, tmp, &rows) {
		struct row *r = LIST_ITEM(n, struct row, node);

		if (strncmp(r->key, "s/", 2) == 0 && is_of_unit(u, r->key)) {
			store_del(STORE_LUA, r->key);
			row_free(r);
		}
	}
}

/* ---- units and versions ---- */

static char *
version_key(const struct script_unit *u, unsigned n)
{
	return xasprintf("v/%s/%06u", u->name, n);
}

void
unit_store_version(const struct script_unit *u, const struct script_version *v)
{
	char *key = version_key(u, v->n);
	struct outbuf b;
	struct out o;

	outbuf_init(&b, 0);
	outbuf_fmt(&b, "{\"n\":%u,\"at\":%" PRIu64 ",\"origin\":", v->n, v->at_us);
	outbuf_json(&b, v->origin);
	outbuf_z(&b, ",\"comment\":");
	outbuf_json(&b, v->comment);
	outbuf_z(&b, ",\"text\":");
	o = outbuf_reserve(&b, 6 * v->len + 4);
	out_json(&o, (struct str){ v->text, v->len });
	outbuf_commit(&b, &o);
	outbuf_z(&b, "}");
	store_put(STORE_LUA, key, (int64_t)v->at_us, b.data, b.len);
	outbuf_fini(&b);
	free(key);
}

void
unit_store_version_not(const struct script_unit *u, unsigned n)
{
	char *key = version_key(u, n);

	store_del(STORE_LUA, key);
	free(key);
}

void
unit_store_unit(const struct script_unit *u)
{
	char *key = xasprintf("u/%s", u->name);
	char *data = xasprintf("{\"version\":%u,\"file\":\"%" PRIx64 "\"}", u->version,
	    u->file_digest);

	store_put(STORE_LUA, key, (int64_t)sched_wall_us(), data, strlen(data));
	free(key);
	free(data);
}

static const char *
text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : "";
}

static void
restore_version(struct script_unit *u, const char *data)
{
	json_t *o = json_loads(data, 0, NULL);

	if (o != NULL && u->nversions < SCRIPT_VERSIONS) {
		struct script_version *v = &u->versions[u->nversions++];

		v->n = (unsigned)json_integer_value(json_object_get(o, "n"));
		v->at_us = (uint64_t)json_integer_value(json_object_get(o, "at"));
		v->text = xstrdup(text_of(o, "text"));
		v->len = strlen(v->text);
		v->origin = xstrdup(text_of(o, "origin"));
		v->comment = xstrdup(text_of(o, "comment"));
	}
	json_decref(o);
}

void
unit_restore(struct script_unit *u)
{
	char *key = xasprintf("u/%s", u->name), *prefix = xasprintf("v/%s/", u->name);
	const char *data = unit_cell(key);
	json_t *o = data != NULL ? json_loads(data, 0, NULL) : NULL;

	if (o != NULL) {
		u->version = (unsigned)json_integer_value(json_object_get(o, "version"));
		u->file_digest = strtoull(text_of(o, "file"), NULL, 16);
	}
	LIST_EACH_SAFE(n, tmp, &rows) {
		struct row *r = LIST_ITEM(n, struct row, node);

		if (strncmp(r->key, prefix, strlen(prefix)) == 0) {
			restore_version(u, r->data);
			row_free(r);	/* the unit has it now */
		}
	}
	json_decref(o);
	free(key);
	free(prefix);
}

/* ---- functions ---- */

static char *
function_key(const struct script_live *f)
{
	return xasprintf("f/%s/%s", script_kind_name(f->kind), f->name);
}

void
unit_store_function(const struct script_live *f)
{
	char *key = function_key(f);

	unit_cell_set(key, f->is_disabled ? "{\"disabled\":true}" : NULL);
	free(key);
}

void
unit_restore_function(struct script_live *f)
{
	char *key = function_key(f);

	f->is_disabled = unit_cell(key) != NULL;
	free(key);
}

void
unit_store_start(void)
{
	store_each(STORE_LUA, on_row, NULL);
}

void
unit_store_stop(void)
{
	LIST_EACH_SAFE(n, tmp, &rows)
		row_free(LIST_ITEM(n, struct row, node));
}
