/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status of a server in words: administration first, then its operational
 * state, with the count of checks while a change is under way.
 *
 * Thread: control.
 */
#include <stdatomic.h>

#include "api/stat.h"
#include "base/out.h"
#include "ctl/health.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

static void
put_maintenance(struct out *o, const struct server *srv, uint32_t admin)
{
	out_z(o, "MAINT");
	if (admin & SRV_ADM_RMAINT)
		out_z(o, " (resolution)");
	else if ((admin & SRV_ADM_IMAINT) && srv->tracks != NULL)
		out_fmt(o, " (via %s/%s)", srv->tracks->backend->name, srv->tracks->name);
}

/* While up, counted against fall: `2/3` means one check failed. */
static void
put_up(struct out *o, const char *word, const struct check_view *v)
{
	bool checked = v->configured && v->enabled;

	out_z(o, word);
	if (checked && v->health >= v->rise && v->health < v->rise + v->fall - 1)
		out_fmt(o, " %u/%u", v->health - v->rise + 1, v->fall);
}

static void
put_down(struct out *o, const struct check_view *check, const struct check_view *agent)
{
	out_z(o, "DOWN");
	if (agent->configured && agent->enabled && agent->health == 0)
		out_z(o, " (agent)");
	else if (check->configured && check->enabled && check->health > 0)
		out_fmt(o, " %u/%u", check->health, check->rise);
}

/* The end of a chain of tracking: its checks are the ones that count. */
static const struct server *
checked_one(const struct server *srv)
{
	while (srv->tracks != NULL)
		srv = srv->tracks;
	return srv;
}

void
stat_status_text(const struct server *srv, char *buf, size_t size)
{
	uint32_t admin = atomic_load(&srv->live->admin), op = atomic_load(&srv->live->op_state);
	const struct server *end = checked_one(srv);
	struct check_view v, agent;
	struct out o;

	(void)health_view(end->live, &v);
	(void)health_agent_view(end->live, &agent);
	out_init(&o, buf, size - 1);
	if (admin & SRV_ADM_MAINT)
		put_maintenance(&o, srv, admin);
	else if (op == SRV_OP_STOPPED)
		put_down(&o, &v, &agent);
	else if (op == SRV_OP_STOPPING)
		put_up(&o, "NOLB", &v);
	else if ((admin & SRV_ADM_DRAIN) && agent.configured && agent.enabled)
		out_z(&o, "DRAIN (agent)");
	else if (admin & SRV_ADM_DRAIN)
		put_up(&o, "DRAIN", &v);
	else
		put_up(&o, v.configured && v.enabled ? "UP" : "no check", &v);
	*o.p = '\0';
}
