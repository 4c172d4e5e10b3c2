/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes that have to be confirmed; see confirm.h.
 *
 * Thread: control.
 */
#include "ctl/confirm.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/module.h"
#include "ctl/config_text.h"
#include "ctl/feed.h"
#include "ctl/generation.h"
#include "ctl/reload.h"
#include "ctl/row.h"
#include "ctl/store.h"
#include "event/sched.h"
#include "proxy/log_target.h"

#define KEY		"config-confirm"
#define AGAIN_US	1000000u	/* another reload is under way */

static struct {
	uint32_t	 back_to;	/* 0: nothing waits */
	bool		 is_going;	/* time is over, it is on its way back */
	struct sched_timer timer;
} state;

static void
forget(void)
{
	state.back_to = 0;
	state.is_going = false;
	sched_cancel(&state.timer);
	store_del(STORE_SETTING, KEY);
}

static void
say(bool ok, uint32_t number, const char *text)
{
	char what[32];

	snprintf(what, sizeof what, "%u", number);
	if (ok)
		log_event(NULL, LOG_L_WARNING, "The configuration was not confirmed: version %u "
		    "is in service again.", number);
	else
		log_event(NULL, LOG_L_ALERT, "The configuration was not confirmed, and version "
		    "%u cannot come back: %s", number, text);
	feed_emit(FEED_CONFIG, "confirm", what, ok ? "ok" : "failed", text);
}

static void
on_reloaded(void *arg, bool ok, const char *messages)
{
	uint32_t number = state.back_to;

	(void)arg;
	if (number == 0)
		return;
	forget();
	say(ok, number, messages);
}

static void
on_text(void *arg, struct config_text *text, const char *error)
{
	struct reload_how how = { .by = "confirm", .comment = "was not confirmed" };
	int n;
	char *const *paths = config_paths(&n);

	(void)arg;
	if (text != NULL && !config_text_is_for(text, paths, n))
		error = CONFIG_TEXT_OTHER;
	if (state.back_to == 0)
		config_text_free(text);
	else if (error != NULL) {
		say(false, state.back_to, error);
		forget();
		config_text_free(text);
	} else {
		how.seed = config_text_seed(text);
		config_text_free(text);
		state.is_going = reload_request_how(&how, on_reloaded, NULL) == 0;
		if (!state.is_going)
			sched_after(&state.timer, AGAIN_US);
	}
}

static void
on_time(struct sched_timer *t)
{
	(void)t;
	generation_read(state.back_to, on_text, NULL);
}

static void
keep(void)
{
	char text[96];

	snprintf(text, sizeof text, "{\"back_to\":%u,\"until_us\":%" PRIu64 "}", state.back_to,
	    sched_wall_us() + sched_left_us(&state.timer));
	store_put(STORE_SETTING, KEY, (int64_t)sched_wall_us(), text, strlen(text));
}

void
confirm_begin(uint32_t back_to, uint64_t us)
{
	if (state.back_to == 0)
		state.back_to = back_to;
	sched_after(&state.timer, us);
	keep();
}

bool
confirm_done(void)
{
	if (state.back_to == 0 || state.is_going)
		return false;
	forget();
	return true;
}

uint32_t
confirm_back_to(uint64_t *ret_left_us)
{
	*ret_left_us = sched_left_us(&state.timer);
	return state.back_to;
}

/* ---- over restarts ---- */

static void
on_row(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	json_t *row = strcmp(key, KEY) == 0 ? json_loadb(data, len, 0, NULL) : NULL;
	uint64_t now = sched_wall_us(), until = row_u64(row, "until_us");

	(void)t_us, (void)arg;
	if (row_u64(row, "back_to") > 0) {
		state.back_to = (uint32_t)row_u64(row, "back_to");
		sched_after(&state.timer, until > now ? until - now : 1);
		log_warnx("the configuration waits for `config confirm`, else version %u comes "
		    "back", state.back_to);
	}
	json_decref(row);
}

static int
module_start(void)
{
	sched_timer_init(&state.timer, on_time);
	store_each(STORE_SETTING, on_row, NULL);
	return 0;
}

static void
module_stop(void)
{
	sched_cancel(&state.timer);
}

const struct module mod_confirm = {
	.name = "confirm", .start = module_start, .stop = module_stop
};
