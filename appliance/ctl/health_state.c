/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers change their state: by checks, by an operator, by slow start. The one
 * place where op_state and admin bits are written once a server is in service,
 * where down times are summed and where the lines of each change are made, in
 * HAProxy's words.
 *
 * In maintenance a server counts as stopped and its checks pause. When it leaves,
 * it is up, one failure from down (or as init-state says), and starts slowly.
 *
 * Thread: control.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/out.h"
#include "ctl/control.h"
#include "ctl/health.h"
#include "event/loop.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"

#define WARM_US		1000000u

#define SAY_LEFT	1	/* "... left" behind the line */
#define SAY_ONLINE	2

static struct {
	struct list	 servers;	/* struct check, by warm */
	struct timer	 timer;
} warming = { .servers = { &warming.servers, &warming.servers } };

bool
health_is_up(const struct server_live *l)
{
	return atomic_load(&l->op_state) != SRV_OP_STOPPED;
}

/* ---- what is said ---- */

void
health_say(const struct server_live *l, int level, const char *text)
{
	log_warnx("%s", text);
	log_event(l->conf->backend, (enum log_level)level, "%s", text);
}

void
health_reason(const struct check *chk, struct out *o)
{
	out_fmt(o, ", reason: %s", check_status_text(chk->status));
	if (chk->status >= CHECK_S_WITH_CODE)
		out_fmt(o, ", code: %u", chk->code);
	if (chk->text[0] != '\0') {
		out_lit(o, ", info: \"");
		out_log(o, str_of(chk->text));
		out_char(o, '"');
	}
	if (chk->duration_ms >= 0)
		out_fmt(o, ", check duration: %lldms", (long long)chk->duration_ms);
}

static void
add_counts(const struct server_live *l, int counts, struct out *o)
{
	unsigned active, backup;
	const char *on_backup;

	live_count_usable(l->conf->backend, &active, &backup);
	on_backup = backup > 0 && active == 0 ? " Running on backup." : "";
	out_fmt(o, " %u active and %u backup servers %s.%s", active, backup,
	    counts == SAY_LEFT ? "left" : "online", on_backup);
	if (counts == SAY_LEFT)
		out_fmt(o, " %u sessions active, 0 requeued, %u remaining in queue.",
		    gauge_get(&l->inflight), atomic_load(&l->queue.len));
	else
		out_fmt(o, " 0 sessions requeued, %u total in queue.",
		    atomic_load(&l->queue.len));
}

/* "[Backup ]Server be/s WHAT BECAUSE. COUNTS" */
static void
say(const struct server_live *l, enum log_level level, int counts, const char *what,
    const char *because)
{
	const struct server *srv = l->conf;
	char text[1024];
	struct out o;

	out_init(&o, text, sizeof(text) - 1);
	out_fmt(&o, "%sServer %s/%s %s", srv->flags & SRV_BACKUP ? "Backup " : "",
	    srv->backend->name, srv->name, what);
	out_z(&o, because);
	out_char(&o, '.');
	if (counts != 0)
		add_counts(l, counts, &o);
	*o.p = '\0';
	health_say(l, level, text);
}

/* ---- what changes ---- */

static void
say_backend_down(const struct proxy *px)
{
	const char *type = px->cap & CAP_FRONTEND ? "proxy" : "backend";

	log_alert("%s '%s' has no server available!", type, px->name);
	log_event(px, LOG_L_EMERG, "%s %s has no server available!", type, px->name);
}

/* Balancing takes notice. True: the backend has just lost its last server. */
static bool
derive(struct server_live *l)
{
	struct proxy_live *be = l->conf->backend->live;
	bool was_up = atomic_load(&be->nusable) > 0, is_up;

	live_server_changed(be, l);
	is_up = atomic_load(&be->nusable) > 0;
	if (was_up == is_up)
		return false;
	if (is_up)
		be->down_us += clock_now_us - be->since_us;
	else
		be->chkdown++;
	be->since_us = clock_now_us;
	return !is_up;
}

static void
finish(struct server_live *l, bool has_lost_last)
{
	if (has_lost_last)
		say_backend_down(l->conf->backend);
	queue_kick(l->conf->backend->live, l);
}

static void
set_op(struct server_live *l, enum server_op op)
{
	enum server_op old = (enum server_op)atomic_load(&l->op_state);

	if (old == op)
		return;
	if (old == SRV_OP_STOPPED && clock_now_us > l->since_us)
		l->down_us += clock_now_us - l->since_us;
	atomic_store(&l->op_state, op);
	l->since_us = clock_now_us;
}

/* ---- slow start ---- */

static void
on_warm_timer(struct timer *t)
{
	uint64_t next = WARM_US, age, slow;

	(void)t;
	LIST_EACH_SAFE(n, tmp, &warming.servers) {
		struct check *chk = LIST_ITEM(n, struct check, warm);

		finish(chk->live, derive(chk->live));
		age = clock_now_us - chk->live->since_us;
		slow = chk->srv->slowstart_us;
		if (atomic_load(&chk->live->op_state) != SRV_OP_STARTING)
			list_del(n);
		else if (slow > age && slow - age < next)
			next = slow - age;
	}
	if (!list_is_empty(&warming.servers))
		timer_set(&control_loop->wheel, &warming.timer, clock_now_us + next);
}

void
health_warm_init(void)
{
	timer_init(&warming.timer, on_warm_timer);
}

void
health_warm_stop(struct check *chk)
{
	list_del(&chk->warm);
	if (list_is_empty(&warming.servers))
		timer_unlink(&control_loop->wheel, &warming.timer);
}

/* Up again: at once, or slowly. */
static void
set_running(struct server_live *l)
{
	uint64_t slow = l->conf->slowstart_us;

	if (slow == 0 || l->check == NULL) {
		set_op(l, SRV_OP_RUNNING);
		return;
	}
	set_op(l, SRV_OP_STARTING);
	if (list_is_empty(&l->check->warm))
		list_append(&warming.servers, &l->check->warm);
	timer_set(&control_loop->wheel, &warming.timer,
	    clock_now_us + (slow < WARM_US ? slow : WARM_US));
}

unsigned
health_throttle(const struct server_live *l)
{
	uint64_t slow = l->conf != NULL ? l->conf->slowstart_us : 0, percent;

	if (slow == 0 || atomic_load(&l->op_state) != SRV_OP_STARTING)
		return 0;
	percent = (clock_now_us - l->since_us) * 100 / slow;
	return percent < 1 ? 1 : percent > 100 ? 100 : (unsigned)percent;
}

/* ---- by checks ---- */

void
health_go_up(struct server_live *l, const char *because)
{
	enum server_op op = (enum server_op)atomic_load(&l->op_state);

	if (op == SRV_OP_RUNNING || op == SRV_OP_STARTING)
		return;
	set_running(l);
	(void)derive(l);
	say(l, LOG_L_NOTICE, SAY_ONLINE, "is UP", because);
	finish(l, false);
}

void
health_go_down(struct server_live *l, const char *because)
{
	bool was_stopping = atomic_load(&l->op_state) == SRV_OP_STOPPING, has_lost_last;

	if (!health_is_up(l))
		return;
	set_op(l, SRV_OP_STOPPED);
	l->chkdown++;
	if (l->check != NULL)
		list_del(&l->check->warm);
	has_lost_last = derive(l);
	say(l, was_stopping ? LOG_L_NOTICE : LOG_L_ALERT, SAY_LEFT, "is DOWN", because);
	finish(l, has_lost_last);
}

void
health_assume_up(struct server_live *l)
{
	set_op(l, SRV_OP_RUNNING);
	finish(l, derive(l));
}

/* ---- by an operator ---- */

static void
go_stopping(struct server_live *l)
{
	bool has_lost_last;

	if (atomic_load(&l->op_state) == SRV_OP_STOPPING)
		return;
	set_op(l, SRV_OP_STOPPING);
	has_lost_last = derive(l);
	say(l, LOG_L_NOTICE, SAY_LEFT, "is stopping", ", changed from CLI");
	finish(l, has_lost_last);
}

void
health_force(struct server_live *l, enum server_op op)
{
	struct check *chk = l->check;

	if (l->conf == NULL)
		return;
	if (chk != NULL && chk->conf != NULL)
		chk->health = op == SRV_OP_STOPPED ? 0 : chk->conf->rise + chk->conf->fall - 1;
	if (op == SRV_OP_STOPPED)
		health_go_down(l, ", changed from CLI");
	else if (op == SRV_OP_STOPPING)
		go_stopping(l);
	else
		health_go_up(l, ", changed from CLI");
}

static void
enter_maintenance(struct server_live *l)
{
	bool was_up = health_is_up(l), has_lost_last;

	set_op(l, SRV_OP_STOPPED);
	if (l->check != NULL) {
		list_del(&l->check->warm);
		if (l->check->is_running)
			check_skip(l->check);
	}
	has_lost_last = derive(l);
	if (was_up)
		say(l, LOG_L_ALERT, SAY_LEFT, "is going DOWN for maintenance", "");
	else
		say(l, LOG_L_NOTICE, 0, "was DOWN and now enters maintenance", "");
	finish(l, has_lost_last);
}

/* As at the start of the process, but slowly. */
static void
leave_maintenance(struct server_live *l)
{
	struct check *chk = l->check;

	if (chk != NULL && chk->conf != NULL)
		chk->health = health_initial(chk->conf);
	if (chk == NULL || chk->conf == NULL || chk->health >= chk->conf->rise)
		set_running(l);
	health_check_now(l);
}

static void
say_left_maintenance(const struct server_live *l)
{
	char what[64];

	snprintf(what, sizeof(what), "is %s/%s (leaving forced maintenance)",
	    health_is_up(l) ? "UP" : "DOWN",
	    atomic_load(&l->admin) & SRV_ADM_DRAIN ? "DRAIN" : "READY");
	say(l, LOG_L_NOTICE, 0, what, "");
}

static void
change_drain(struct server_live *l, bool is_drain)
{
	bool has_lost_last = derive(l);

	if (is_drain)
		say(l, LOG_L_NOTICE, SAY_LEFT, "enters drain state", "");
	else
		say(l, LOG_L_NOTICE, 0, health_is_up(l) ? "is UP (leaving forced drain)" :
		    "is DOWN (leaving forced drain)", "");
	finish(l, has_lost_last);
}

void
health_set_admin(struct server_live *l, uint32_t set, uint32_t clear)
{
	uint32_t old = atomic_load(&l->admin), admin = (old & ~clear) | set;
	bool was_maint = old & SRV_ADM_MAINT, is_maint = admin & SRV_ADM_MAINT;
	bool was_drain = old & SRV_ADM_DRAIN, is_drain = admin & SRV_ADM_DRAIN;

	if (admin == old || l->conf == NULL)
		return;
	atomic_store(&l->admin, admin);
	if (is_maint && !was_maint)
		enter_maintenance(l);
	else if (was_maint && !is_maint) {
		leave_maintenance(l);
		(void)derive(l);
		say_left_maintenance(l);
		finish(l, false);
	} else if (!is_maint && was_drain != is_drain)
		change_drain(l, is_drain);
	else
		finish(l, derive(l));
	if (l->check != NULL)
		l->check->in_maintenance = is_maint;
}

void
health_sync_admin(struct check *chk)
{
	struct server_live *l = chk->live;
	bool is_maint = atomic_load(&l->admin) & SRV_ADM_MAINT;

	if (is_maint == chk->in_maintenance)
		return;
	chk->in_maintenance = is_maint;
	if (is_maint) {
		set_op(l, SRV_OP_STOPPED);
		list_del(&chk->warm);
		if (chk->is_running)
			check_skip(chk);
	} else
		leave_maintenance(l);
	(void)derive(l);
}
