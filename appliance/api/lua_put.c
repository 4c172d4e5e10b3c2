/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of scripts; see lua_put.h.
 *
 * Thread: control.
 */
#include "api/lua_put.h"

#include <stdio.h>
#include <string.h>

#include "api/snapshot_rows.h"
#include "base/out.h"
#include "script/unit.h"

const char lua_fields[] = "name,kind,version,calls,errors,time_us_avg,time_us_max,mem,state,"
    "skipped,script,said";

static void
put_named(struct fields *f, const struct script_live *l, const char *name)
{
	fields_row(f);
	fields_text(f, name);
	fields_text(f, script_kind_name(l->kind));
	fields_u64(f, l->unit->version);
	fields_u64(f, l->calls);
	fields_u64(f, l->errors);
	fields_u64(f, l->calls > 0 ? l->us_total / l->calls : 0);
	fields_u64(f, l->us_max);
	fields_u64(f, l->unit->script != NULL ? vm_memory(l->unit->script->vm) : 0);
	fields_text(f, script_live_state(l));
	fields_u64(f, l->skipped);
	fields_text(f, l->unit->name);
	fields_text(f, l->last);
	fields_row_end(f);
}

static void
put_function(struct fields *f, const struct script_live *l)
{
	put_named(f, l, l->name);
}

static void
put_script(struct fields *f, const struct script_unit *u)
{
	uint64_t calls = 0, errors = 0, us = 0, us_max = 0, skipped = 0;
	bool is_on = true;

	SCRIPT_LIVE_EACH(l, u) {
		calls += l->calls;
		errors += l->errors;
		us += l->us_total;
		us_max = l->us_max > us_max ? l->us_max : us_max;
		skipped += l->skipped;
		is_on = is_on && (l->fn == NULL || script_live_is_on(l));
	}
	fields_row(f);
	fields_text(f, u->name);
	fields_text(f, "script");
	fields_u64(f, u->version);
	fields_u64(f, calls);
	fields_u64(f, errors);
	fields_u64(f, calls > 0 ? us / calls : 0);
	fields_u64(f, us_max);
	fields_u64(f, u->script != NULL ? vm_memory(u->script->vm) : 0);
	fields_text(f, is_on ? "ok" : "partly off");
	fields_u64(f, skipped);
	fields_text(f, u->name);
	fields_text(f, u->path);
	fields_row_end(f);
}

void
lua_put_unit(struct fields *f, const struct script_unit *u)
{
	put_script(f, u);
	SCRIPT_LIVE_EACH(l, u)
		if (l->fn != NULL)
			put_function(f, l);
}

void
lua_put_rows(struct fields *f)
{
	SCRIPT_UNIT_EACH(u)
		if (u->is_there)
			lua_put_unit(f, u);
}

/* ---- show snapshot ---- */

#define KEY_MAX	(SCRIPT_NAME_MAX + 16)

static void
row_key(char *buf, const struct script_live *l)
{
	(void)snprintf(buf, KEY_MAX, "%s/%s", script_kind_name(l->kind), l->name);
}

static void
rows_head(struct outbuf *b)
{
	outbuf_z(b, lua_fields);
}

static void
rows_each(snapshot_name_fn *fn, void *arg)
{
	char key[KEY_MAX];

	SCRIPT_UNIT_EACH(u) {
		if (!u->is_there)
			continue;
		SCRIPT_LIVE_EACH(l, u)
			if (l->fn != NULL) {
				row_key(key, l);
				fn(key, arg);
			}
	}
}

static const struct script_live *
row_find(const char *key)
{
	const char *slash = strchr(key, '/');

	for (int kind = 0; kind < SCRIPT_KINDS; kind++)
		if (strncmp(key, script_kind_name((enum script_kind)kind),
		    (size_t)(slash - key)) == 0)
			return script_live_find((enum script_kind)kind, slash + 1);
	return NULL;
}

static bool
rows_put(struct outbuf *b, const char *key)
{
	struct fields f = { .b = b, .names = lua_fields, .prefix = "" };
	const struct script_live *l = row_find(key);

	if (l == NULL)
		return false;
	put_named(&f, l, key);
	b->data[--b->len] = '\0';	/* its end of line */
	return true;
}

const struct snapshot_rows lua_rows = { "lua", 0, rows_head, rows_each, rows_put };
