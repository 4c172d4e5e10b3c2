/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When checks run and what their results count for. Each server of the current
 * snapshot has a struct check (its `conf` is NULL without the word `check`),
 * made when a snapshot that knows it goes into service, freed when one goes into
 * service that does not: data threads never see it.
 *
 * A check is a timer: idle it is the next start, running it is the deadline.
 * First starts are spread over the interval, so a thousand servers do not knock
 * at once; the interval counts from the end of a check, as in HAProxy. Starts wait
 * for one another a little, a hundredth of the interval at most: eight checks in a
 * row cost half of eight that each find cold caches.
 *
 * A loop that was late itself (SIGSTOP, a debugger, a machine asleep) must not
 * take servers down: a failure that was noticed long after its deadline is
 * repeated, not counted, three times in a row at most.
 *
 * Thread: control.
 */
#include "ctl/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/rand.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/agent.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "proxy/global.h"
#include "proxy/observe.h"
#include "proxy/proxy.h"

#define LATE_US		100000u		/* a loop is not this late unless it was stopped */
#define MAX_REPEATS	3
#define TOGETHER_US	65536u
#define PASS_STARTS	50u
#define NEW_US		1000000u	/* servers that wait for their first check are asked soon */

static struct {
	struct list	 checks;
	uint32_t	 generation;
	uint32_t	 nstarting, at;		/* first starts to spread, of one publish */
	uint64_t	 spread_us;		/* ... over this time */
} state = { .checks = { &state.checks, &state.checks } };

/* ---- the table of results ---- */

static const struct {
	const char	*name, *text;
	uint8_t		 result;
} statuses[CHECK_S_MAX] = {
#define X(id, n, name, desc, result) [n] = { name, desc, result },
	CHECK_STATUSES(X)
#undef X
};

const char *
check_status_name(enum check_status s)
{
	return s < CHECK_S_MAX && statuses[s].name != NULL ? statuses[s].name : "UNK";
}

const char *
check_status_text(enum check_status s)
{
	return s < CHECK_S_MAX && statuses[s].text != NULL ? statuses[s].text : "Unknown";
}

enum check_result
check_status_result(enum check_status s)
{
	return s < CHECK_S_MAX ? statuses[s].result : CHECK_UNKNOWN;
}

/* ---- when ---- */

static bool
is_in_maintenance(const struct check *chk)
{
	return (atomic_load(&chk->live->admin) & SRV_ADM_MAINT) != 0;
}

static bool
is_paused(const struct check *chk)
{
	return (is_in_maintenance(chk) && !chk->is_agent) || !chk->is_enabled;
}

/* inter when all is well, downinter at the bottom, fastinter between them. */
static uint64_t
interval(const struct check *chk)
{
	const struct check_conf *conf = chk->conf;

	if (chk->is_new && chk->srv->is_scaled)
		return conf->fastinter_us != 0 ? conf->fastinter_us :
		    conf->inter_us < NEW_US ? conf->inter_us : NEW_US;
	if (chk->health >= conf->rise + conf->fall - 1)
		return conf->inter_us;
	if (chk->health == 0 && !health_is_up(chk->live))
		return conf->downinter_us != 0 ? conf->downinter_us : conf->inter_us;
	return conf->fastinter_us != 0 ? conf->fastinter_us : conf->inter_us;
}

/* Up to a step of time, a power of two, that is at most a hundredth of `us`. */
static uint64_t
together(uint64_t at_us, uint64_t us)
{
	uint64_t step = TOGETHER_US;

	while (step > us / 100)
		step /= 2;
	return step > 1 ? (at_us + step - 1) & ~(step - 1) : at_us;
}

static void
set_soon(struct check *chk, bool is_soon)
{
	if (chk->is_soon == is_soon)
		return;
	chk->is_soon = is_soon;
	if (is_soon)
		sched_busy_begin();
	else
		sched_busy_end();
}

static void
start_in(struct check *chk, uint64_t us)
{
	chk->due_us = clock_now_us + us;
	set_soon(chk, us == 0);
	timer_clear(&chk->timer);
	sched_cancel(&chk->schedule);
	if (us > 0 && sched_is_test())
		sched_after(&chk->schedule, us);
	else
		timer_set(&control_loop->wheel, &chk->timer, together(chk->due_us, us));
}

/* spread-checks: an interval varies by this percentage either way. */
static void
start_after_interval(struct check *chk)
{
	uint64_t us = interval(chk), vary;

	vary = us * chk->srv->backend->snap->global->spread_checks / 100;
	if (vary > UINT32_MAX / 2)
		vary = UINT32_MAX / 2;
	if (vary > 0)
		us = us - vary + rand_below((uint32_t)(2 * vary));
	if (chk->conf->is_regular)
		us -= clock_now_us - chk->start_us < us ? clock_now_us - chk->start_us : us;
	start_in(chk, us);
}

void
check_deadline(struct check *chk, uint64_t us)
{
	chk->due_us = clock_now_us + us;
	timer_set(&control_loop->wheel, &chk->timer, chk->due_us);
}

static void
end_run(struct check *chk)
{
	timer_clear(&chk->timer);
	chk->conf->type->cancel(chk);
	chk->is_running = false;
	sched_busy_end();
}

static void
run(struct check *chk)
{
	chk->is_running = true;
	sched_busy_begin();
	chk->start_us = clock_now_us;
	check_deadline(chk, chk->conf->connect_us);
	chk->conf->type->start(chk);
}

/* Has this pass of the loop begun as many checks as it should? */
static bool
is_pass_full(void)
{
	static uint64_t pass_us;
	static unsigned nbegun;

	if (clock_now_us != pass_us)
		nbegun = 0;
	pass_us = clock_now_us;
	return nbegun++ >= PASS_STARTS;
}

static void
on_timer(struct timer *t)
{
	struct check *chk = CONTAINER_OF(t, struct check, timer);
	uint64_t late_us = clock_now_us - chk->due_us;
	bool was_soon = chk->is_soon;

	MAGIC_OK(chk, CHECK_MAGIC);
	chk->is_soon = false;
	if (chk->is_running)
		chk->conf->type->timed_out(chk);
	else if (is_paused(chk))
		start_after_interval(chk);
	else if (late_us > chk->conf->inter_us && late_us > LATE_US)
		start_in(chk, interval(chk) * rand_below(1024) / 1024);	/* spread anew */
	else if (is_pass_full())
		timer_set(&control_loop->wheel, t, clock_now_us + 1);
	else
		run(chk);
	if (was_soon)
		sched_busy_end();
}

/* With -T checks begin by the test's clock; what they wait for is real. */
static void
on_schedule(struct sched_timer *t)
{
	struct check *chk = CONTAINER_OF(t, struct check, schedule);

	MAGIC_OK(chk, CHECK_MAGIC);
	if (is_paused(chk))
		start_after_interval(chk);
	else if (!chk->is_running)
		run(chk);
}

/* ---- results ---- */

void
health_begin(struct check *chk)
{
	chk->health = health_initial(chk->conf);
	chk->is_new = chk->conf->begins_new || chk->srv->is_scaled;
	chk->nfailed = 0;
	if (chk->srv->is_scaled && !chk->is_agent)
		chk->health = chk->conf->rise - 1;
}

unsigned
health_initial(const struct check_conf *conf)
{
	switch (conf->init_state) {
	case CHECK_INIT_FULLY_UP:
		return conf->rise + conf->fall - 1;
	case CHECK_INIT_DOWN:
		return conf->rise - 1;
	case CHECK_INIT_FULLY_DOWN:
		return 0;
	default:
		return conf->rise;
	}
}

unsigned
health_step(unsigned health, unsigned rise, unsigned fall, bool has_passed)
{
	if (has_passed) {
		if (health + 1 < rise)
			return health + 1;
		return rise + fall - 1;
	}
	return health > rise ? health - 1 : 0;
}

/* `option log-health-checks` */
static void
log_result(const struct check *chk)
{
	const struct server *srv = chk->srv;
	bool is_up = chk->health >= chk->conf->rise;
	char text[512];
	struct out o;

	out_init(&o, text, sizeof(text) - 1);
	out_fmt(&o, "%s check for %sserver %s/%s %s%s",
	    chk->is_agent ? "Agent" : "Health", srv->flags & SRV_BACKUP ? "backup " : "",
	    srv->backend->name, srv->name, chk->result == CHECK_CONDPASS ? "conditionally " : "",
	    chk->result >= CHECK_PASSED ? "succeeded" : "failed");
	health_reason(chk, &o);
	out_fmt(&o, ", status: %u/%u %s.",
	    is_up ? chk->health - chk->conf->rise + 1 : chk->health,
	    is_up ? chk->conf->fall : chk->conf->rise, !is_up ? "DOWN" :
	    atomic_load(&chk->live->uweight) != 0 ? "UP" : "DRAIN");
	*o.p = '\0';
	health_say(chk->live, LOG_L_NOTICE, text);
}

/* What it means for the server. An agent speaks by what it says, not by silence. */
static void
judge(struct check *chk, const char *reason)
{
	struct server_live *l = chk->live;

	if (chk->result == CHECK_FAILED) {
		if (chk->health == 0 && (!chk->is_agent || chk->status == CHECK_S_L7STS))
			health_go_down(l, reason);
	} else if (!health_may_run(l))
		return;
	else if (chk->result == CHECK_CONDPASS && !chk->is_agent)
		health_go_stopping(l, reason);
	else if (!chk->is_agent || atomic_load(&l->op_state) != SRV_OP_STOPPING)
		health_go_up(l, reason);
}

/* Failures of a server that is new count when they are enough to take one down; of
 * one that boots never, its group has a limit for that. */
static unsigned
next_health(struct check *chk, bool has_passed)
{
	const struct check_conf *conf = chk->conf;

	if (chk->is_new && !has_passed && (chk->srv->is_scaled || ++chk->nfailed < conf->fall))
		return chk->health;
	chk->is_new = false;
	return health_step(chk->health, conf->rise, conf->fall, has_passed);
}

static void
count_result(struct check *chk, enum check_status before)
{
	struct server_live *l = chk->live;
	bool has_passed = chk->result >= CHECK_PASSED;
	bool counts = has_passed || !chk->is_agent || chk->status >= CHECK_S_WITH_CODE;
	unsigned old = chk->health;
	bool is_logged = chk->srv->backend->set.options & OPT_LOG_HEALTH_CHECKS;
	char reason[CHECK_TEXT_BYTES * 4];
	struct out o;

	if (chk->result < CHECK_FAILED)
		return;
	if (counts)
		chk->health = next_health(chk, has_passed);
	if (has_passed)
		atomic_store(&l->errors_in_row, 0);
	else if (counts && old > 0)
		l->chkfail++;
	if (is_logged && (chk->health != old || chk->status != before))
		log_result(chk);
	if (chk->result == CHECK_PASSED && atomic_load(&l->op_state) == SRV_OP_RUNNING)
		return;			/* as it was, and all is well: nothing to say */
	out_init(&o, reason, sizeof(reason) - 1);
	if (!is_logged)
		health_reason(chk, &o);
	*o.p = '\0';
	judge(chk, reason);
}

static void
record(struct check *chk, enum check_status status, unsigned code, const char *text)
{
	if (status == CHECK_S_L4CON || status == CHECK_S_L4TOUT)
		chk->live->chkconn_failed++;
	chk->status = (uint8_t)status;
	chk->result = (uint8_t)check_status_result(status);
	chk->code = status >= CHECK_S_WITH_CODE ? (uint16_t)code : 0;
	chk->duration_ms = (int64_t)(clock_now_us - chk->start_us) / 1000;
	memcpy(chk->text, text, CHECK_TEXT_BYTES);
}

void
check_done(struct check *chk, enum check_status status, unsigned code, const char *text)
{
	bool is_late = clock_now_us > chk->due_us + LATE_US;
	enum check_status before = chk->status;
	char copy[CHECK_TEXT_BYTES] = "";

	MAGIC_OK(chk, CHECK_MAGIC);
	WEIR_ASSERT(chk->is_running);
	if (text != NULL)
		memcpy(copy, text, strnlen(text, sizeof(copy) - 1));
	end_run(chk);
	if (is_late && check_status_result(status) == CHECK_FAILED &&
	    chk->nrepeats < MAX_REPEATS) {
		chk->nrepeats++;
		start_in(chk, 0);
		return;
	}
	chk->nrepeats = 0;
	if (!is_paused(chk)) {
		record(chk, status, code, copy);
		count_result(chk, before);
	}
	start_after_interval(chk);
}

void
check_skip(struct check *chk)
{
	WEIR_ASSERT(chk->is_running);
	end_run(chk);
	start_after_interval(chk);
}

/* ---- errors seen in traffic ---- */

/* As if a check had failed now. */
static void
fail_by_traffic(struct check *chk, const struct observed *o)
{
	enum check_status before = chk->status;

	chk->status = CHECK_S_HANA;
	chk->result = CHECK_FAILED;
	chk->code = 0;
	chk->duration_ms = -1;
	snprintf(chk->text, sizeof(chk->text),
	    "Detected %u consecutive errors, last one was: %s", o->nerrors,
	    observe_event_text(o->last));
	count_result(chk, before);
}

static void
act_on_errors(struct check *chk, const struct observed *o)
{
	unsigned rise = chk->conf->rise;

	chk->live->hanafail++;
	switch ((enum on_error)chk->srv->on_error) {
	case ON_ERROR_FASTINTER:
		break;
	case ON_ERROR_SUDDEN_DEATH:
		if (chk->health > rise)
			chk->health = rise + 1;
		fail_by_traffic(chk, o);
		break;
	case ON_ERROR_MARK_DOWN:
		chk->health = rise;
		fail_by_traffic(chk, o);
		break;
	case ON_ERROR_FAIL_CHECK:
		fail_by_traffic(chk, o);
		break;
	}
}

static void
on_errors(struct mail *m)
{
	struct server_live *l = CONTAINER_OF(m, struct server_live, observe_mail);
	struct observed o = observe_take(l);
	struct check *chk = l->check;

	if (chk != NULL && chk->conf != NULL && !is_paused(chk)) {
		for (; o.nlimits > 0; o.nlimits--)
			act_on_errors(chk, &o);
		if (!chk->is_running && chk->conf->fastinter_us != 0 &&
		    chk->due_us > clock_now_us + chk->conf->fastinter_us)
			start_in(chk, chk->conf->fastinter_us);
	}
	live_server_unref(l);
}

/* data thread */
static void
on_limit(struct server_live *l)
{
	mailbox_send(&control_loop->mailbox, &l->observe_mail, on_errors);
}

/* ---- snapshots come into service ---- */

static struct check *
check_new(struct server_live *l, bool is_agent)
{
	struct check *chk = xcalloc(1, sizeof(*chk));

	chk->magic = CHECK_MAGIC;
	chk->live = l;
	chk->is_agent = is_agent;
	chk->is_enabled = true;
	chk->status = CHECK_S_INI;
	chk->duration_ms = -1;
	timer_init(&chk->timer, on_timer);
	sched_timer_init(&chk->schedule, on_schedule);
	list_init(&chk->warm);
	list_append(&state.checks, &chk->node);
	if (is_agent)
		l->agent = chk;
	else
		l->check = chk;
	return chk;
}

static void
stop_running(struct check *chk)
{
	if (chk->is_running)
		end_run(chk);
	timer_unlink(&control_loop->wheel, &chk->timer);
	sched_cancel(&chk->schedule);
	set_soon(chk, false);
}

static void
check_free(struct check *chk)
{
	stop_running(chk);
	health_warm_stop(chk);
	list_del(&chk->node);
	if (chk->is_agent)
		chk->live->agent = NULL;
	else
		chk->live->check = NULL;
	chk->magic = 0;
	agent_free(chk->agent);
	free(chk->record);
	free(chk);
}

static const struct check_conf *
conf_of(const struct server *srv)
{
	if (!(srv->flags & SRV_CHECK) || srv->backend->set.disabled)
		return NULL;
	return srv->check;
}

static const struct check_conf *
agent_conf_of(const struct server *srv)
{
	return srv->flags & SRV_AGENT && !srv->backend->set.disabled ? srv->agent : NULL;
}

static void
begin(struct check *chk, const struct check_conf *conf)
{
	uint64_t spread_us = state.spread_us;

	chk->conf = conf;
	health_begin(chk);
	if (conf->begins_new && spread_us > NEW_US)
		spread_us = NEW_US;
	if (!chk->is_agent && chk->health < conf->rise && health_is_up(chk->live)) {
		atomic_store(&chk->live->op_state, SRV_OP_STOPPED);
		live_server_changed(chk->srv->backend->live, chk->live);
	}
	if (chk->srv->is_scaled)
		spread_us = 0;
	start_in(chk, spread_us * state.at++ / state.nstarting);
}

/* The word `check` is gone: unless another one speaks against it the server is
 * taken as running. */
static void
end(struct check *chk)
{
	stop_running(chk);
	chk->conf = NULL;
	chk->status = CHECK_S_INI;
	chk->result = CHECK_UNKNOWN;
	chk->code = 0;
	chk->duration_ms = -1;
	chk->text[0] = '\0';
	if (!health_is_up(chk->live) && health_may_run(chk->live))
		health_assume_up(chk->live);
}

/* The counter in terms of another rise and fall. */
static unsigned
convert(unsigned health, const struct check_conf *old, const struct check_conf *conf)
{
	unsigned above;

	if (health < old->rise)
		return health < conf->rise ? health : conf->rise - 1;
	above = health - old->rise;
	return conf->rise + (above < conf->fall ? above : conf->fall - 1);
}

static void
change(struct check *chk, const struct check_conf *conf)
{
	const struct check_conf *old = chk->conf;
	bool was_running = chk->is_running;

	chk->health = convert(chk->health, old, conf);
	if (was_running && old->key != conf->key)
		end_run(chk);
	chk->conf = conf;
	if (was_running && !chk->is_running)
		start_in(chk, 0);
	else if (!chk->is_running && chk->due_us > clock_now_us + interval(chk))
		start_in(chk, interval(chk));
}

static void
adopt(struct check *chk, const struct server *srv, const struct check_conf *conf)
{
	chk->generation = state.generation;
	chk->srv = srv;
	if (chk->conf == NULL && conf != NULL)
		begin(chk, conf);
	else if (chk->conf != NULL && conf == NULL)
		end(chk);
	else if (conf != NULL)
		change(chk, conf);
}

static void
adopt_server(const struct server *srv)
{
	struct server_live *l = srv->live;
	const struct check_conf *agent = agent_conf_of(srv);
	bool needs_no_command = !srv->is_dynamic || srv->is_scaled;	/* `enable health` */

	if (l->check == NULL)
		check_new(l, false)->is_enabled = needs_no_command;
	adopt(l->check, srv, conf_of(srv));
	if (agent != NULL && l->agent == NULL)
		check_new(l, true)->is_enabled = needs_no_command;
	if (l->agent != NULL)
		adopt(l->agent, srv, agent_settle(l->agent, agent));
	if (srv->tracks == NULL) {
		health_stop_tracking(l);
		health_sync_admin(l->check);
	}
}

static void
will_start(const struct check *chk, const struct check_conf *conf)
{
	if (conf == NULL || (chk != NULL && chk->conf != NULL))
		return;
	state.nstarting++;
	if (conf->inter_us < state.spread_us)
		state.spread_us = conf->inter_us;
}

/* First starts are spread over the shortest interval there is. */
static void
plan_starts(const struct snapshot *s)
{
	uint64_t most = s->global->max_spread_checks_us;

	state.nstarting = state.at = 0;
	state.spread_us = most != 0 ? most : UINT64_MAX;
	for (const struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (const struct server *srv = px->server_list; srv != NULL; srv = srv->next) {
			will_start(srv->live->check, conf_of(srv));
			will_start(srv->live->agent, agent_conf_of(srv));
		}
}

static void
on_publish(struct snapshot *s)
{
	const struct server *srv;

	state.generation++;
	plan_starts(s);
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (srv = px->server_list; srv != NULL; srv = srv->next)
			adopt_server(srv);
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (srv = px->server_list; srv != NULL; srv = srv->next)
			if (srv->tracks == NULL)
				health_sync_trackers(srv->live);
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (srv = px->server_list; srv != NULL; srv = srv->next)
			health_note_state(srv->live);
	LIST_EACH_SAFE(n, tmp, &state.checks) {
		struct check *chk = LIST_ITEM(n, struct check, node);

		if (chk->generation == state.generation)
			continue;
		if (!health_is_up(chk->live))	/* if it ever comes back: as a new one */
			atomic_store(&chk->live->op_state, SRV_OP_RUNNING);
		check_free(chk);
	}
}

/* ---- asked from outside ---- */

static void
view_config(const struct check *chk, struct check_view *v)
{
	v->configured = true;
	v->enabled = chk->is_enabled;
	v->running = chk->is_running;
	v->rise = chk->conf->rise;
	v->fall = chk->conf->fall;
	v->health = chk->health;
	v->inter_us = interval(chk);
}

static bool
view(const struct check *chk, struct check_view *v)
{
	memset(v, 0, sizeof(*v));
	v->status = chk != NULL ? chk->status : CHECK_S_INI;
	v->result = chk != NULL ? chk->result : CHECK_UNKNOWN;
	v->name = check_status_name(v->status);
	v->desc = check_status_text(v->status);
	v->last = chk != NULL ? chk->text : "";
	if (chk == NULL || chk->conf == NULL)
		return false;
	view_config(chk, v);
	v->paused = is_in_maintenance(chk) && !chk->is_agent;
	v->has_code = chk->status >= CHECK_S_WITH_CODE;
	v->code = chk->code;
	v->has_duration = chk->duration_ms >= 0;
	v->duration_ms = chk->duration_ms;
	return true;
}

bool
health_view(const struct server_live *l, struct check_view *ret_view)
{
	return view(l->check, ret_view);
}

bool
health_agent_view(const struct server_live *l, struct check_view *ret_view)
{
	return view(l->agent, ret_view);
}

static bool
enable(struct check *chk, bool is_enabled)
{
	if (chk == NULL || chk->conf == NULL)
		return false;
	if (!is_enabled && chk->is_running)
		check_skip(chk);
	chk->is_enabled = is_enabled;
	return true;
}

bool
health_enable(struct server_live *l, bool is_enabled)
{
	return enable(l->check, is_enabled);
}

bool
health_agent_enable(struct server_live *l, bool is_enabled)
{
	return enable(l->agent, is_enabled);
}

bool
health_agent_force(struct server_live *l, bool is_up)
{
	struct check *chk = l->agent;

	if (chk == NULL || chk->conf == NULL || !chk->is_enabled)
		return false;
	chk->health = is_up ? chk->conf->rise + chk->conf->fall - 1 : 0;
	if (is_up)
		health_go_up(l, ", changed from CLI");
	else
		health_go_down(l, ", changed from CLI");
	return true;
}

void
health_check_now(struct server_live *l)
{
	struct check *chk = l->check;

	if (chk != NULL && chk->conf != NULL && !chk->is_running)
		start_in(chk, 0);
}

/* ---- module ---- */

static void
on_live_free(struct server_live *l)
{
	WEIR_ASSERT(l->check == NULL && l->agent == NULL);
}

static int
module_start(void)
{
	health_warm_init();
	live_on_server_free(on_live_free);
	observe_on_limit(on_limit);
	control_on_publish(on_publish);
	return 0;
}

static void
module_stop(void)
{
	LIST_EACH_SAFE(n, tmp, &state.checks)
		check_free(LIST_ITEM(n, struct check, node));
}

const struct module mod_health = { .name = "health", .start = module_start, .stop = module_stop };
