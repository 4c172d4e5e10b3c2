/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeps groups from moving: processes that are suspended, by people or because no
 * launch has succeeded for a day, and the pause of all groups.
 *
 * Thread: control; names of processes: any.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/feed.h"
#include "ctl/group.h"
#include "ctl/group_keep.h"
#include "ctl/scaler.h"
#include "proxy/log_target.h"

#define DAY_US	(24 * 3600ull * 1000000)

static char *pause_reason;		/* owned; NULL = there is no pause */

/* ---- names of processes ---- */

const char *
group_process_name(enum group_process p)
{
	static const char *const names[GROUP_P_COUNT] = {
#define X(id, name) [GROUP_P_##id] = name,
		GROUP_PROCESSES(X)
#undef X
	};

	return names[p];
}

static const char *
nth_process(size_t i, void *arg)
{
	(void)arg;
	return i < GROUP_P_COUNT ? group_process_name((enum group_process)i) : NULL;
}

static bool
process_bit(struct str word, unsigned *bits)
{
	for (unsigned i = 0; i < GROUP_P_COUNT; i++)
		if (str_ieq(word, str_of(group_process_name((enum group_process)i)))) {
			*bits |= 1u << i;
			return true;
		}
	return false;
}

bool
group_process_parse(const char *list, unsigned *ret_bits, struct str *ret_bad,
    const char **ret_near)
{
	struct str rest = str_of(list), word;
	unsigned bits = 0;
	char *name;

	while (str_next_elem(&rest, ',', &word)) {
		if (process_bit(word, &bits))
			continue;
		name = xstrndup(word.p, word.len);
		*ret_near = str_nearest(name, nth_process, NULL);
		*ret_bad = word;
		free(name);
		return false;
	}
	*ret_bits = bits != 0 ? bits : GROUP_P_ALL;
	return true;
}

/* ---- suspending ---- */

static void
suspend(struct group *g, unsigned bits, bool is_asked)
{
	for (unsigned i = 0; i < GROUP_P_COUNT; i++)
		if ((bits & ~g->suspended) & (1u << i))
			g->suspended_s[i] = sched_wall_s();
	if (!is_asked)
		g->suspended_by_us |= bits & ~g->suspended;
	g->suspended |= bits;
	keep_group(g);
	scaler_kick(g);
}

void
group_suspend(struct group *g, unsigned bits)
{
	suspend(g, bits, true);
}

void
group_resume(struct group *g, unsigned bits)
{
	g->suspended &= ~bits;
	g->suspended_by_us &= ~bits;
	if (bits & (1u << GROUP_P_LAUNCH))
		g->failing_us = 0;
	keep_group(g);
	scaler_kick(g);
}

void
group_suspension(const struct group *g, enum group_process p, char *buf, unsigned size)
{
	bool is_ours = (g->suspended_by_us & (1u << p)) != 0;
	time_t at = (time_t)g->suspended_s[p];
	char text[40];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(buf, size, "%s suspended at %s%s", is_ours ? "Administratively" : "User", text,
	    is_ours ? ": launches failed for 24 hours" : "");
}

/* ---- a day of failures ---- */

void
group_launches_well(struct group *g)
{
	if (g->failing_us == 0)
		return;
	g->failing_us = 0;
	keep_group(g);
}

void
group_launch_failed(struct group *g)
{
	uint64_t now = sched_wall_us();
	char text[96];

	if (g->failing_us == 0) {
		g->failing_us = now;
		keep_group(g);
	}
	if (now < g->failing_us + DAY_US || group_is_suspended(g, GROUP_P_LAUNCH))
		return;
	suspend(g, 1u << GROUP_P_LAUNCH, false);
	group_suspension(g, GROUP_P_LAUNCH, text, sizeof text);
	log_event(NULL, LOG_L_ALERT, "group %s: Launch is %s", g->name, text);
	feed_emit(FEED_GROUP, g->name, "", "suspended", text);
}

/* ---- all groups ---- */

void
scaling_pause(bool is_paused, const char *reason)
{
	free(pause_reason);
	pause_reason = is_paused ? xstrdup(reason) : NULL;
	keep_pause(is_paused, reason);
	log_event(NULL, LOG_L_NOTICE, "scaling %s%s%s", is_paused ? "paused" : "resumed",
	    is_paused && reason[0] != '\0' ? ": " : "", is_paused ? reason : "");
	feed_emit(FEED_GROUP, "*", "", is_paused ? "paused" : "resumed", is_paused ? reason : "");
	GROUP_EACH(g)
		scaler_kick(g);
}

bool
scaling_is_paused(const char **ret_reason)
{
	*ret_reason = pause_reason != NULL ? pause_reason : "";
	return pause_reason != NULL;
}

static void
module_stop(void)
{
	free(pause_reason);
	pause_reason = NULL;
}

const struct module mod_group_suspend = { .name = "group_suspend", .stop = module_stop };
