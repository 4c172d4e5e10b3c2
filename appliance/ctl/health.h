/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of servers as health checks and operators make it: counters of good
 * and bad results, UP and DOWN, maintenance and drain, slow start, and what is
 * said of each change. Everything here changes live cells (proxy/live.h).
 *
 * Thread: control.
 */
#ifndef WEIR_CTL_HEALTH_H
#define WEIR_CTL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/check.h"
#include "proxy/live.h"

struct out;

/* control thread */

/* What `show stat` and `show servers state` tell of a check; texts are valid
 * until the control thread's next pass. */
struct check_view {
	bool		 configured, enabled, running, paused;
	enum check_status status;
	enum check_result result;
	const char	*name, *desc;	/* "L4OK", "Layer4 check passed" */
	bool		 has_code, has_duration;
	unsigned	 code;
	int64_t		 duration_ms;
	const char	*last;		/* last_chk; "" = nothing to say */
	unsigned	 health, rise, fall;
	uint64_t	 inter_us;	/* in force now */
};

/* False when the server has no check; the view is filled in any case. */
bool	health_view(const struct server_live *l, struct check_view *ret_view);
bool	health_agent_view(const struct server_live *l, struct check_view *ret_view);
/* Percent of its weight that slow start allows now; 0 = no slow start under way. */
unsigned health_throttle(const struct server_live *l);

/* `enable|disable health`: without a change of the state. False: no check. */
bool	health_enable(struct server_live *l, bool is_enabled);
bool	health_agent_enable(struct server_live *l, bool is_enabled);
/* `set server ... health up|stopping|down` */
void	health_force(struct server_live *l, enum server_op op);
void	health_check_now(struct server_live *l);	/* the next check starts at once */
/* `set server ... agent up|down`; false: it has no agent that is enabled. */
bool	health_agent_force(struct server_live *l, bool is_up);
/* Administrative bits (SRV_ADM_*): maintenance, drain; says what changed, pauses
 * checks, begins slow start. */
void	health_set_admin(struct server_live *l, uint32_t set, uint32_t clear);

/* Told in the middle of it when a server goes up or down: take note. start-up */
typedef void health_change_fn(const struct server_live *l);
void	health_on_change(health_change_fn *fn);

/* ---- between health.c and health_state.c ---- */

/* The counter after one more result. */
unsigned health_step(unsigned health, unsigned rise, unsigned fall, bool has_passed);
unsigned health_initial(const struct check_conf *conf);

/* Nothing speaks against it: checks, agent, the server that it tracks. */
bool	health_may_run(const struct server_live *l);
/* The counters of a check as for a server that has just come. */
void	health_begin(struct check *chk);
void	health_go_up(struct server_live *l, const char *because);
void	health_go_stopping(struct server_live *l, const char *because);
void	health_go_down(struct server_live *l, const char *because);
void	health_go_stopping(struct server_live *l, const char *because);
void	health_assume_up(struct server_live *l);	/* nobody checks it any more */
void	health_warm_init(void);
void	health_warm_stop(struct check *chk);
bool	health_is_up(const struct server_live *l);
/* A snapshot changed the bits itself (`disabled` came or went). */
void	health_sync_admin(struct check *chk);
/* The same for servers that track others: `l` is one that tracks nobody. */
void	health_sync_trackers(struct server_live *l);
/* The first state of a server, from which events tell changes. */
void	health_note_state(struct server_live *l);
/* It tracks nobody (any more): what it inherited goes. Before health_sync_admin. */
void	health_stop_tracking(struct server_live *l);
/* `, reason: X, code: N, info: "T", check duration: Nms` */
void	health_reason(const struct check *chk, struct out *o);
/* To the backend's logs and to stderr. */
void	health_say(struct server_live *l, int level, const char *text);

#endif
