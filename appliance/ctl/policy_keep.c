/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies in the store; see policy_keep.h. Rows are read at start and wait here until
 * the policy that they are of is made.
 *
 * Thread: control.
 */
#include "ctl/policy_keep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/row.h"
#include "ctl/row_list.h"
#include "ctl/store.h"
#include "event/sched.h"

#define POLICY_KEY	"policy/"
#define WAVE_KEY	"policies/"

static struct list policies = { &policies, &policies }, waves = { &waves, &waves };
static char reason[POLICY_TEXT];

static char *
policy_key(const char *group, const char *policy)
{
	return xasprintf(POLICY_KEY "%s/%s", group, policy);
}

static char *
wave_key(const char *group)
{
	return xasprintf(WAVE_KEY "%s", group);
}

/* ---- writing; keys are freed ---- */

static void
put(char *key, const struct outbuf *b)
{
	store_put(STORE_SETTING, key, (int64_t)sched_wall_us(), b->data, b->len);
	free(key);
}

static void
del(char *key)
{
	store_del(STORE_SETTING, key);
	free(key);
}

void
keep_policy(const char *group, const char *policy, const struct policy_stats *st)
{
	struct outbuf b;

	if (!store_is_there())
		return;
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "{\"disabled\":%s,\"last\":%" PRIu64 ",\"result\":%d,\"reason\":",
	    st->is_disabled ? "true" : "false", st->last_us, (int)st->last_result);
	outbuf_json(&b, st->last_reason);
	outbuf_z(&b, "}");
	put(policy_key(group, policy), &b);
	outbuf_fini(&b);
}

void
keep_policy_not(const char *group, const char *policy)
{
	del(policy_key(group, policy));
}

void
keep_wave(const char *group, const struct policy_wave *w)
{
	struct outbuf b;

	if (!store_is_there())
		return;
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "{\"wave\":%" PRIu64 ",\"warmup\":%" PRIu64 ",\"settled\":%" PRIu64
	    ",\"added\":%u}", w->wave_us, w->warmup_us, w->settled_us, w->nadded);
	put(wave_key(group), &b);
	outbuf_fini(&b);
}

void
keep_wave_not(const char *group)
{
	del(wave_key(group));
}

/* ---- reading ---- */

void
policies_kept_read(void)
{
	saved_rows_read(&policies, STORE_SETTING, POLICY_KEY);
	saved_rows_read(&waves, STORE_SETTING, WAVE_KEY);
}

void
policies_kept_free(void)
{
	saved_rows_free(&policies);
	saved_rows_free(&waves);
}

bool
policy_kept(const char *group, const char *policy, struct policy_stats *ret)
{
	char *key = xasprintf("%s/%s", group, policy);
	struct saved_row *k = saved_row_find(&policies, key);
	uint64_t result;

	free(key);
	if (k == NULL)
		return false;
	result = row_u64(k->row, "result");
	snprintf(reason, sizeof reason, "%s", row_text(k->row, "reason"));
	*ret = (struct policy_stats){ row_bool(k->row, "disabled"), row_u64(k->row, "last"),
	    result <= POLICY_UNKNOWN ? (enum policy_result)result : POLICY_UNKNOWN, reason };
	saved_row_free(k);
	return true;
}

bool
wave_kept(const char *group, struct policy_wave *ret)
{
	struct saved_row *k = saved_row_find(&waves, group);

	if (k == NULL)
		return false;
	*ret = (struct policy_wave){ row_u64(k->row, "wave"), row_u64(k->row, "warmup"),
	    row_u64(k->row, "settled"), (uint32_t)row_u64(k->row, "added") };
	saved_row_free(k);
	return true;
}
