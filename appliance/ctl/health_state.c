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
 * A server that tracks another one follows each of its changes, and those that
 * track it follow in turn: the lists of trackers are part of the configuration.
 *
 * Thread: control.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/out.h"
#include "ctl/control.h"
#include "ctl/feed.h"
#include "ctl/health.h"
#include "ctl/shutdown.h"
#include "event/loop.h"
#include "proxy/lb.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"

#define WARM_US		1000000u	/* the shortest step of slow start */
#define WARM_STEPS	20u

static health_change_fn *on_change;

#define NO_COUNTS	false
#define COUNTS		true	/* servers and sessions are told behind the line */

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

static const char *
state_word(const struct server_live *l)
{
	uint32_t admin = atomic_load(&l->admin);

	if (admin & SRV_ADM_MAINT)
		return "MAINT";
	if (!health_is_up(l))
		return "DOWN";
	if (admin & SRV_ADM_DRAIN)
		return "DRAIN";
	return atomic_load(&l->op_state) == SRV_OP_STOPPING ? "NOLB" : "UP";
}

void
health_note_state(struct server_live *l)
{
	if (l->told == NULL)
		l->told = state_word(l);
}

static void
tell_feed(struct server_live *l, const char *text)
{
	const char *from = l->told != NULL ? l->told : "";
	char object[512];
	struct out o;

	out_init(&o, object, sizeof object - 1);
	out_fmt(&o, "%s/%s", l->backend, l->name);
	*o.p = '\0';
	l->told = state_word(l);
	feed_emit(FEED_HEALTH, object, from, l->told, text);
}

void
health_say(struct server_live *l, int level, const char *text)
{
	log_warnx("%s", text);
	log_event(l->conf->backend, (enum log_level)level, "%s", text);
	tell_feed(l, text);
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

/* Of the backend's queue, what the server can take now. */
static uint32_t
can_take(const struct server_live *l)
{
	uint32_t waiting = atomic_load(&l->conf->backend->live->queue.len);
	uint32_t limit = server_slot_limit(l->conf), used = gauge_get(&l->inflight);

	if (limit == 0)
		return waiting;
	return used >= limit ? 0 : limit - used < waiting ? limit - used : waiting;
}

static void
add_counts(const struct server_live *l, struct out *o)
{
	uint32_t queued = atomic_load(&l->queue.len);
	bool is_left = !health_is_up(l);
	unsigned active, backup;

	live_count_usable(l->conf->backend, &active, &backup);
	out_fmt(o, " %u active and %u backup servers %s.%s", active, backup,
	    is_left ? "left" : "online",
	    backup > 0 && active == 0 ? " Running on backup." : "");
	if (is_left)
		out_fmt(o, " %u sessions active, %u requeued, 0 remaining in queue.",
		    gauge_get(&l->inflight), queued);
	else
		out_fmt(o, " %u sessions requeued, %u total in queue.", can_take(l), queued);
}

/* "[Backup ]Server be/s WHAT BECAUSE. COUNTS" */
static void
say(struct server_live *l, enum log_level level, bool has_counts, const char *what,
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
	if (has_counts)
		add_counts(l, &o);
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
	if (on_change != NULL && (old == SRV_OP_STOPPED || op == SRV_OP_STOPPED))
		on_change(l);
}

/* ---- slow start ---- */

/* When this server's share grows next: a twentieth later, or a second. */
static uint64_t
next_step(const struct server_live *l)
{
	uint64_t slow = l->conf->slowstart_us, age = clock_now_us - l->since_us;
	uint64_t step = slow / WARM_STEPS > WARM_US ? slow / WARM_STEPS : WARM_US;

	step -= age % step;
	return age + step < slow ? step : age < slow ? slow - age : 0;
}

static void
on_warm_timer(struct timer *t)
{
	uint64_t next = UINT64_MAX, us;

	(void)t;
	LIST_EACH_SAFE(n, tmp, &warming.servers) {
		struct server_live *l = LIST_ITEM(n, struct check, warm)->live;

		finish(l, derive(l));
		if (atomic_load(&l->op_state) != SRV_OP_STARTING) {
			list_del(n);
			continue;
		}
		us = next_step(l);
		next = us < next ? us : next;
	}
	if (!list_is_empty(&warming.servers))
		timer_set(&control_loop->wheel, &warming.timer, clock_now_us + next);
}

void
health_on_change(health_change_fn *fn)
{
	on_change = fn;
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
	if (l->conf->slowstart_us == 0 || l->check == NULL) {
		set_op(l, SRV_OP_RUNNING);
		return;
	}
	set_op(l, SRV_OP_STARTING);
	if (list_is_empty(&l->check->warm))
		list_append(&warming.servers, &l->check->warm);
	timer_set(&control_loop->wheel, &warming.timer, clock_now_us);
}

unsigned
health_throttle(const struct server_live *l)
{
	uint32_t full = atomic_load(&l->uweight) * LB_SCALE;

	if (l->conf == NULL || l->conf->slowstart_us == 0 ||
	    atomic_load(&l->op_state) != SRV_OP_STARTING ||
	    (atomic_load(&l->admin) & SRV_ADM_DRAIN))
		return 0;
	return full == 0 ? 100 : (100 * atomic_load(&l->eweight) + full - 1) / full;
}

/* ---- who follows whom ---- */

#define VIA_BYTES	512

/* " via be/s", in buf. */
static const char *
via(const struct server_live *l, char *buf)
{
	const struct server *srv = l->conf, *to = srv->tracks;

	buf[0] = '\0';
	if (to != NULL)
		snprintf(buf, VIA_BYTES, " via %s/%s", to->backend->name, to->name);
	return buf;
}

static const struct server *
trackers_of(const struct server_live *l)
{
	const struct server *srv = l->conf;

	return srv != NULL ? srv->trackers : NULL;
}

#define TRACKERS_EACH(l, s) \
	for (const struct server *s = trackers_of(l); s != NULL; s = s->next_tracker)

static bool
speaks_against(const struct check *chk)
{
	return chk != NULL && chk->conf != NULL && chk->is_enabled &&
	    chk->health < chk->conf->rise;
}

bool
health_may_run(const struct server_live *l)
{
	const struct server *srv = l->conf;

	return !(atomic_load(&l->admin) & SRV_ADM_MAINT) &&
	    (srv == NULL || srv->tracks == NULL || health_is_up(srv->tracks->live)) &&
	    !speaks_against(l->check) && !speaks_against(l->agent);
}

/* ---- by checks ---- */

static unsigned
flags_of(const struct server_live *l)
{
	return l->conf->flags;
}

void
health_go_up(struct server_live *l, const char *because)
{
	enum server_op op = (enum server_op)atomic_load(&l->op_state);
	char text[VIA_BYTES];

	if (op == SRV_OP_RUNNING || op == SRV_OP_STARTING ||
	    (atomic_load(&l->admin) & SRV_ADM_MAINT))
		return;
	set_running(l);
	(void)derive(l);
	say(l, LOG_L_NOTICE, COUNTS, "is UP", because);
	finish(l, false);
	if ((flags_of(l) & (SRV_SHUT_BACKUPS | SRV_BACKUP)) == SRV_SHUT_BACKUPS &&
	    atomic_load(&l->eweight) != 0)
		shutdown_backup_sessions(l->conf->backend, 'U');
	TRACKERS_EACH(l, s)
		if (health_may_run(s->live))
			health_go_up(s->live, via(s->live, text));
}

static void
end_sessions(struct server_live *l)
{
	if (flags_of(l) & SRV_SHUT_WHEN_DOWN)
		shutdown_sessions_of(l, 'D');
}

void
health_go_down(struct server_live *l, const char *because)
{
	bool was_stopping = atomic_load(&l->op_state) == SRV_OP_STOPPING, has_lost_last;
	char text[VIA_BYTES];

	if (!health_is_up(l))
		return;
	set_op(l, SRV_OP_STOPPED);
	l->chkdown++;
	if (l->check != NULL)
		list_del(&l->check->warm);
	has_lost_last = derive(l);
	say(l, was_stopping ? LOG_L_NOTICE : LOG_L_ALERT, COUNTS, "is DOWN", because);
	end_sessions(l);
	finish(l, has_lost_last);
	TRACKERS_EACH(l, s)
		health_go_down(s->live, via(s->live, text));
}

/* It serves who belongs to it, and nobody new. */
void
health_go_stopping(struct server_live *l, const char *because)
{
	char text[VIA_BYTES];
	bool has_lost_last;

	if (atomic_load(&l->op_state) == SRV_OP_STOPPING ||
	    (atomic_load(&l->admin) & SRV_ADM_MAINT))
		return;
	set_op(l, SRV_OP_STOPPING);
	if (l->check != NULL)
		list_del(&l->check->warm);
	has_lost_last = derive(l);
	say(l, LOG_L_NOTICE, COUNTS, "is stopping", because);
	finish(l, has_lost_last);
	TRACKERS_EACH(l, s)
		health_go_stopping(s->live, via(s->live, text));
}

void
health_assume_up(struct server_live *l)
{
	set_op(l, SRV_OP_RUNNING);
	finish(l, derive(l));
}

/* ---- by an operator ---- */

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
		health_go_stopping(l, ", changed from CLI");
	else
		health_go_up(l, ", changed from CLI");
}

static void
pause_check(struct server_live *l)
{
	set_op(l, SRV_OP_STOPPED);
	if (l->check == NULL)
		return;
	list_del(&l->check->warm);
	if (l->check->is_running)
		check_skip(l->check);
}

static void
enter_maintenance(struct server_live *l)
{
	bool was_up = health_is_up(l), has_lost_last;
	char text[VIA_BYTES] = "";

	pause_check(l);
	has_lost_last = derive(l);
	if (!(atomic_load(&l->admin) & SRV_ADM_FMAINT))
		(void)via(l, text);
	if (was_up) {
		say(l, LOG_L_ALERT, COUNTS, "is going DOWN for maintenance", text);
		end_sessions(l);
	} else
		say(l, LOG_L_NOTICE, NO_COUNTS, "was DOWN and now enters maintenance", text);
	finish(l, has_lost_last);
}

/* As at the start of the process, but slowly. */
static void
leave_maintenance(struct server_live *l)
{
	const struct server *srv = l->conf, *to = srv->tracks;
	struct check *chk = l->check;

	if (chk != NULL && chk->conf != NULL)
		health_begin(chk);
	if (health_may_run(l) && to != NULL && atomic_load(&to->live->op_state) == SRV_OP_STOPPING)
		set_op(l, SRV_OP_STOPPING);
	else if (health_may_run(l))
		set_running(l);
	health_check_now(l);
}

/* "('name.of.server') ", for what a name's addresses are the reason of; in buf. */
static const char *
by_name(const struct server_live *l, char *buf)
{
	const struct server *srv = l->conf;

	(void)snprintf(buf, VIA_BYTES, "('%s') ", srv->fqdn != NULL ? srv->fqdn : "");
	return buf;
}

static void
say_left_maintenance(struct server_live *l, uint32_t gone)
{
	bool is_name = (gone & (SRV_ADM_FMAINT | SRV_ADM_RMAINT)) == SRV_ADM_RMAINT;
	char what[VIA_BYTES + 64], name[VIA_BYTES] = "";

	(void)snprintf(what, sizeof(what), "%sis %s/%s (%s)", is_name ? by_name(l, name) : "",
	    health_is_up(l) ? "UP" : "DOWN",
	    atomic_load(&l->admin) & SRV_ADM_DRAIN ? "DRAIN" : "READY",
	    is_name ? "resolves again" :
	    gone & SRV_ADM_FMAINT ? "leaving forced maintenance" : "leaving maintenance");
	say(l, LOG_L_NOTICE, NO_COUNTS, what, "");
}

static void
change_drain(struct server_live *l, bool is_drain)
{
	bool has_lost_last = derive(l);
	char text[VIA_BYTES] = "";

	if (is_drain && !(atomic_load(&l->admin) & SRV_ADM_FDRAIN))
		(void)via(l, text);
	if (is_drain)
		say(l, LOG_L_NOTICE, COUNTS, "enters drain state", text);
	else
		say(l, LOG_L_NOTICE, NO_COUNTS, health_is_up(l) ?
		    "is UP (leaving forced drain)" : "is DOWN (leaving forced drain)", "");
	finish(l, has_lost_last);
}

/* One reason for its state went, another one is still there. */
static void
say_remains(struct server_live *l, uint32_t old, uint32_t admin)
{
	uint32_t gone = old & ~admin;
	char text[VIA_BYTES], name[VIA_BYTES + 64];

	if ((admin & SRV_ADM_MAINT) && (gone & SRV_ADM_RMAINT)) {
		(void)snprintf(name, sizeof(name),
		    "%sresolves again but remains in maintenance", by_name(l, text));
		say(l, LOG_L_NOTICE, NO_COUNTS, name, "");
	}
	if ((admin & SRV_ADM_MAINT) && (gone & SRV_ADM_FMAINT))
		say(l, LOG_L_NOTICE, NO_COUNTS,
		    "is leaving forced maintenance but remains in maintenance", via(l, text));
	if ((admin & SRV_ADM_MAINT) && (gone & SRV_ADM_IMAINT))
		say(l, LOG_L_NOTICE, NO_COUNTS, "remains in forced maintenance", "");
	if ((admin & SRV_ADM_MAINT) || !(admin & SRV_ADM_DRAIN))
		return;
	if (gone & SRV_ADM_FDRAIN)
		say(l, LOG_L_NOTICE, NO_COUNTS, "remains in drain mode", via(l, text));
	else if (gone & SRV_ADM_IDRAIN)
		say(l, LOG_L_NOTICE, NO_COUNTS, "remains in forced drain mode", "");
}

/* What follows from `admin`, which is written already. */
static void
apply_admin(struct server_live *l, uint32_t old, uint32_t admin)
{
	bool was_maint = old & SRV_ADM_MAINT, is_maint = admin & SRV_ADM_MAINT;
	bool was_drain = old & SRV_ADM_DRAIN, is_drain = admin & SRV_ADM_DRAIN;

	if (is_maint && !was_maint)
		enter_maintenance(l);
	else if (was_maint && !is_maint) {
		leave_maintenance(l);
		(void)derive(l);
		say_left_maintenance(l, old & ~admin);
		finish(l, false);
	} else if (!is_maint && was_drain != is_drain)
		change_drain(l, is_drain);
	else {
		say_remains(l, old, admin);
		finish(l, derive(l));
	}
}

static uint32_t
inherited_from(uint32_t admin)
{
	return (admin & SRV_ADM_MAINT ? SRV_ADM_IMAINT : 0) |
	    (admin & SRV_ADM_DRAIN ? SRV_ADM_IDRAIN : 0);
}

#define INHERITED	(SRV_ADM_IMAINT | SRV_ADM_IDRAIN)

void
health_set_admin(struct server_live *l, uint32_t set, uint32_t clear)
{
	uint32_t old = atomic_load(&l->admin), admin = (old & ~clear) | set;

	if (admin == old || l->conf == NULL)
		return;
	atomic_store(&l->admin, admin);
	apply_admin(l, old, admin);
	if (l->check != NULL)
		l->check->in_maintenance = (admin & SRV_ADM_MAINT) != 0;
	TRACKERS_EACH(l, s)
		health_set_admin(s->live, inherited_from(admin),
		    INHERITED & ~inherited_from(admin));
}

/* ---- a new configuration ---- */

/* In the state that follows from whom it tracks now, without a word. */
static void
follow(struct server_live *l, const struct server_live *to)
{
	uint32_t admin = (atomic_load(&l->admin) & ~INHERITED) |
	    inherited_from(atomic_load(&to->admin));

	l->check->is_tracking = true;
	atomic_store(&l->admin, admin);
	health_sync_admin(l->check);
	if (admin & SRV_ADM_MAINT)
		return;
	if (!health_is_up(to))
		set_op(l, SRV_OP_STOPPED);
	else if (atomic_load(&to->op_state) == SRV_OP_STOPPING)
		set_op(l, SRV_OP_STOPPING);
	else if (!health_is_up(l) && health_may_run(l))
		set_op(l, SRV_OP_RUNNING);
	(void)derive(l);
}

void
health_sync_trackers(struct server_live *l)
{
	TRACKERS_EACH(l, s) {
		follow(s->live, l);
		health_sync_trackers(s->live);
	}
}

void
health_stop_tracking(struct server_live *l)
{
	if (!l->check->is_tracking)
		return;
	l->check->is_tracking = false;
	atomic_fetch_and(&l->admin, ~INHERITED);
	if (!l->check->in_maintenance && !health_is_up(l) && health_may_run(l))
		set_op(l, SRV_OP_RUNNING);
	(void)derive(l);
}

void
health_sync_admin(struct check *chk)
{
	struct server_live *l = chk->live;
	bool is_maint = atomic_load(&l->admin) & SRV_ADM_MAINT;

	if (is_maint == chk->in_maintenance)
		return;
	chk->in_maintenance = is_maint;
	if (is_maint)
		pause_check(l);
	else
		leave_maintenance(l);
	(void)derive(l);
}
