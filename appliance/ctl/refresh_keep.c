/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instance refreshes in the store, rows `refresh/GROUP`. They are read at start and wait
 * here until their group is there.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/group.h"
#include "ctl/refresh_in.h"
#include "ctl/row.h"
#include "ctl/row_list.h"
#include "ctl/store.h"

#define KEY	"refresh/"

static struct list all = { &all, &all };

/* ---- writing ---- */

static void
put_conf(struct outbuf *b, const struct refresh_conf *c)
{
	row_put_u64(b, "min_healthy", c->min_healthy);
	row_put_u64(b, "max_healthy", c->max_healthy);
	row_put_u64(b, "wait", c->wait_us);
	row_put_bool(b, "rolls_back", c->rolls_back);
	row_begin_list(b, "checkpoints");
	for (unsigned i = 0; i < c->ncheckpoints; i++)
		row_item_u64(b, c->checkpoints[i]);
	row_end_list(b);
}

static void
put_old(struct outbuf *b, const struct refresh *r)
{
	row_begin_list(b, "old");
	for (unsigned i = 0; i < r->left; i++)
		row_item_text(b, r->old[i]);
	row_end_list(b);
}

static void
put(const char *group, const struct outbuf *b)
{
	char *key = xasprintf(KEY "%s", group);

	if (b != NULL)
		store_put(STORE_SETTING, key, (int64_t)sched_wall_us(), b->data, b->len);
	else
		store_del(STORE_SETTING, key);
	free(key);
}

void
keep_refresh(const struct refresh *r)
{
	struct outbuf b;

	if (!store_is_there())
		return;
	outbuf_init(&b, 0);
	outbuf_z(&b, "{");
	row_put_text(&b, "id", r->id);
	row_put_text(&b, "status", r->status);
	row_put_text(&b, "reason", r->reason);
	row_put_bool(&b, "running", r->is_running);
	row_put_bool(&b, "back", r->is_back);
	row_put_text(&b, "before", r->before);
	row_put_u64(&b, "before_version", r->before_version);
	row_put_u64(&b, "warmup", r->warmup_us);
	row_put_hex(&b, "digest", r->digest);
	row_put_u64(&b, "total", r->total);
	row_put_u64(&b, "checkpoint", r->checkpoint);
	row_put_u64(&b, "resume", r->resume_us);
	put_conf(&b, &r->conf);
	put_old(&b, r);
	outbuf_z(&b, "}");
	put(r->group->name, &b);
	outbuf_fini(&b);
}

void
keep_refresh_not(const char *group)
{
	put(group, NULL);
}

/* ---- reading ---- */

void
refreshes_kept_read(void)
{
	saved_rows_read(&all, STORE_SETTING, KEY);
}

void
refreshes_kept_drop(void)
{
	saved_rows_free(&all);
}

static void
take_conf(struct refresh_conf *c, const json_t *row)
{
	json_t *list = json_object_get(row, "checkpoints"), *v;
	size_t i;

	c->min_healthy = (unsigned)row_u64(row, "min_healthy");
	c->max_healthy = (unsigned)row_u64(row, "max_healthy");
	c->wait_us = row_u64(row, "wait");
	c->rolls_back = row_bool(row, "rolls_back");
	json_array_foreach(list, i, v)
		if (c->ncheckpoints < REFRESH_CHECKPOINTS)
			c->checkpoints[c->ncheckpoints++] = (unsigned)json_integer_value(v);
}

static void
take_old(struct refresh *r, const json_t *row)
{
	json_t *list = json_object_get(row, "old"), *v;
	size_t i;

	r->old = xcalloc(GROUP_SIZE_MAX + 1, sizeof *r->old);
	json_array_foreach(list, i, v)
		if (json_is_string(v) && r->left < GROUP_SIZE_MAX)
			snprintf(r->old[r->left++], sizeof r->old[0], "%s", json_string_value(v));
}

static struct refresh *
made_of(const json_t *row)
{
	struct refresh *r = xcalloc(1, sizeof *r);

	snprintf(r->id, sizeof r->id, "%s", row_text(row, "id"));
	snprintf(r->status, sizeof r->status, "%s", row_text(row, "status"));
	snprintf(r->reason, sizeof r->reason, "%s", row_text(row, "reason"));
	snprintf(r->before, sizeof r->before, "%s", row_text(row, "before"));
	r->is_running = row_bool(row, "running");
	r->is_back = row_bool(row, "back");
	r->before_version = (uint32_t)row_u64(row, "before_version");
	r->warmup_us = row_u64(row, "warmup");
	r->digest = row_hex(row, "digest");
	r->total = (unsigned)row_u64(row, "total");
	r->checkpoint = (unsigned)row_u64(row, "checkpoint");
	r->resume_us = row_u64(row, "resume");
	take_conf(&r->conf, row);
	take_old(r, row);
	if (r->total < r->left)
		r->total = r->left;
	return r;
}

struct refresh *
refresh_kept(const char *group)
{
	struct saved_row *row = saved_row_find(&all, group);
	struct refresh *r;

	if (row == NULL)
		return NULL;
	r = made_of(row->row);
	saved_row_free(row);
	return r;
}
