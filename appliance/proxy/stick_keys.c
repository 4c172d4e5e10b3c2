/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key half of `show stickiness`: what the table of a backend's stick rules
 * says of a user's key. The first rule that stores or matches names the table.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "proxy/lb.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/stick.h"
#include "proxy/stick_rules.h"
#include "proxy/stickiness.h"

#define STEPS	64u

static struct stick_table *
table_of(const struct proxy *be)
{
	return be->stick_rules != NULL ? be->stick_rules->table->live : NULL;
}

static bool
has_table(const struct proxy *be)
{
	return table_of(be) != NULL;
}

static void
key_text(const struct stick_at *at, struct stickiness_entry *ret)
{
	static const uint8_t types[STICK_TYPES] = {
		[STICK_IP] = SMP_IPV4, [STICK_IPV6] = SMP_IPV6, [STICK_INTEGER] = SMP_INT,
	};
	struct str key = stick_key_bytes(at);
	struct sample s = { .type = types[at->table->lay.type] };
	struct out o;

	out_init(&o, ret->key, sizeof(ret->key) - 1);
	if (at->table->lay.type == STICK_INTEGER)
		s.u.i = *(const uint32_t *)(const void *)key.p;
	else if (s.type != SMP_ANY)
		memcpy(&s.u, key.p, key.len);
	if (s.type != SMP_ANY)
		sample_out(&o, &s);
	else if (at->table->lay.type == STICK_STRING)
		out_visible(&o, key.len < 200 ? key : (struct str){ key.p, 200 });
	else
		for (size_t i = 0; i < key.len && i < 120; i++)
			out_fmt(&o, "%02X", (unsigned char)key.p[i]);
	*o.p = '\0';
}

static void
fill(const struct proxy *be, const struct stick_at *at, struct stickiness_entry *ret)
{
	const struct stick_server *s = stick_server(at);
	const uint32_t *name = stick_server_name(at);
	const struct server *srv = NULL;
	uint64_t left_us = stick_left_us(at);

	key_text(at, ret);
	if (s != NULL)
		srv = stick_rules_server(be, s->id, name != NULL ? *name : 0);
	ret->server = srv != NULL ? srv->name : NULL;
	ret->since = s != NULL ? s->since_s : 0;
	ret->until = left_us != 0 ? (uint32_t)((clock_wall_us() + left_us) / 1000000) : 0;
	if (srv == NULL)
		ret->reason = "the entry has no server of this backend";
	else if (!server_is_usable(srv))
		ret->reason = "stick table, but the server cannot serve now";
	else
		ret->reason = stickiness_reason_name(STICK_TABLE);
}

static bool
lookup(const struct proxy *be, struct str key, struct stickiness_entry *ret)
{
	struct stick_table *t = table_of(be);
	size_t mark = eval_mark();
	struct stick_key k;
	struct stick_at at;
	struct sample s;
	bool found;

	sample_str(&s, key);
	found = stick_key_make(&t->lay, &s, &k) && stick_find(t, &k, &at);
	if (found) {
		char *copy = xmalloc(t->lay.entry_bytes);

		stick_copy(&at, copy);
		fill(be, &at, ret);
		free(copy);
	}
	eval_release(mark);
	return found;
}

/* *pos: the shard and the index behind the last one. */
static unsigned
walk(const struct proxy *be, uint64_t *pos, struct stickiness_entry *ret, unsigned n)
{
	struct stick_table *t = table_of(be);
	unsigned shard = (unsigned)(*pos >> 32), got = 0;
	uint32_t index = (uint32_t)*pos + 1;
	char *copy;
	struct stick_at at;

	if (t == NULL || stick_used(t) == 0)
		return 0;
	copy = xmalloc(t->lay.entry_bytes);
	while (got < n && shard < t->nshards) {
		if (!stick_walk(t, shard, &index, STEPS, &at)) {
			if (index == 0) {
				index = 1;
				shard++;
			}
			continue;
		}
		stick_copy(&at, copy);
		fill(be, &at, &ret[got++]);
		index++;
	}
	*pos = (uint64_t)shard << 32 | (index - 1);
	free(copy);
	return got;
}

static const struct stickiness_keys keys = { has_table, lookup, walk };

static int
prepare(void)
{
	stickiness_keys_register(&keys);
	return 0;
}

const struct module mod_stick_keys = { .name = "stick_keys", .prepare = prepare };
